"""What the node's packet filters let through, and who fills them."""
