"""What the machine has: processors."""
