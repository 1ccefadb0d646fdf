"""Packages of dpkg and rpm, and the versions that programs tell."""
