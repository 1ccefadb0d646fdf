"""The distribution and its programs."""
