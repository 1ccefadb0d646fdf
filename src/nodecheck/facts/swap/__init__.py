"""Swap areas, and what turns them on at boot."""
