"""The one place that says which script prints a capture of a node: who asks over ssh asks here."""

from __future__ import annotations


def script() -> str:
    """The collector, for the checks and facts of the installed plugins."""
    from nodecheck.capturing import collector
    from nodecheck.plugins import load

    return collector.script(load())
