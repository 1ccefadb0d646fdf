"""Formats: one file each, a pure function from the report to a text."""
