"""What a node must be: what was asked of it, what a profile wants of a value, and requirements as rows. Pure."""
