"""Healthy nodes as their makers set them up: trees of files with the origin of each (docs/healthy.md)."""
