"""Directories of configuration files, and lines of files."""
