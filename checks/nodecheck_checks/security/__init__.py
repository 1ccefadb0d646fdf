"""Mandatory access control."""
