"""The configuration of a node: /etc/nodecheck/nodecheck.toml and its drop-ins."""

from __future__ import annotations

DEFAULT_PATH = "/etc/nodecheck/nodecheck.toml"
