"""Interfaces, routes, ports, and the node's name."""
