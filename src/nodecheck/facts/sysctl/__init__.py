"""Kernel parameters: what they are now, and what sets them at boot."""
