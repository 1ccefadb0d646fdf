"""Versions of the programs, and how they go together."""
