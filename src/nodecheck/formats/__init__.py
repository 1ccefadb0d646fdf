"""Formats as functions of text: no host, no node."""
