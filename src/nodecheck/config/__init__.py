"""The configuration of audits: /etc/nodecheck/nodecheck.toml and its drop-ins."""
