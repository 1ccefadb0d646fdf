"""Kernel parameters, now and at boot."""
