"""The kernel's control groups."""
