"""Swap, now and at boot."""
