"""Profiles: requirements as data."""
