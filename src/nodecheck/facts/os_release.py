"""``/etc/os-release`` and the release files of distributions that lack it or say more."""

from __future__ import annotations

from typing import NamedTuple

from nodecheck.host import Host


class OsRelease(NamedTuple):
    """The distribution of a node."""

    id: str | None = None
    version: str | None = None
    pretty_name: str | None = None

    @classmethod
    def read(cls, host: Host) -> OsRelease:
        """Placeholder until the real reader lands."""
        return cls()
