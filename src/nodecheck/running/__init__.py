"""One run: from what was asked to a report."""
