"""What the node is in its cluster: role, release, name."""
