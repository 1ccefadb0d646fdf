"""The kernel's release and its modules."""
