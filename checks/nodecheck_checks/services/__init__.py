"""The services that the node needs."""
