"""The clock, and what keeps it right."""
