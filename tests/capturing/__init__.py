"""Captures: made, written, read and judged."""
