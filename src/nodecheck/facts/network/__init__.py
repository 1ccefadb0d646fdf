"""Interfaces, routes, listeners, and the names of hosts."""
