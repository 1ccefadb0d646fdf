"""The kernel: its configuration, its modules and what loads them, its control groups."""
