"""The configuration of a node: /etc/nodecheck/nodecheck.toml and its drop-ins."""
