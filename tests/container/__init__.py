"""Real containers: what nodecheck says of them, and what is so after a real restart."""
