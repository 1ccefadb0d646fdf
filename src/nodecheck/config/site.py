"""What a run takes of the configuration."""

from __future__ import annotations

from nodecheck.config.load import load_config
from nodecheck.config.model import Config, NodeWanted
from nodecheck.report.parts import ConfigUsed
from nodecheck.running.request import Site
from nodecheck.text import wellformed


def site_of_file(path: str | None = None) -> Site:
    """What a configuration says that the node is to be (None: the node's own). Raises ConfigError."""
    config = load_config(path)
    return _site(config, config.wanted)


def site_of_audit(config: Config) -> Site:
    """The same as the audit takes it."""
    return _site(config, NodeWanted(*[getattr(config, name) for name in NodeWanted._fields]))


def _site(config: Config, wanted: NodeWanted) -> Site:
    used = ConfigUsed(tuple([wellformed(path) for path in config.files])) if config.files else None
    there = tuple([path for path in wanted.waivers if path not in config.absent])
    absent = tuple([path for path in wanted.waivers if path in config.absent])
    return Site(*wanted[:-1], waivers=there, absent=absent, severity=config.severity, used=used)
