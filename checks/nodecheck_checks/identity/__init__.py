"""Checks of what tells a node from its copies."""
