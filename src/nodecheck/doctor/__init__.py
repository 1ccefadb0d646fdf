"""What this nodecheck can and cannot see here, and what it would need."""
