"""Which kernel modules are there after the next boot, and what loads them."""

from __future__ import annotations

from typing import NamedTuple

from nodecheck.host import Host


class BootModules(NamedTuple):
    """What the next boot loads, or has built in."""

    @classmethod
    def read(cls, host: Host) -> BootModules:
        """To come."""
        return cls()

    def loads(self, name: str) -> str | None:
        """In a few words what makes a module be there after the next boot; None where nothing is shown to."""
        return None

    def early(self, name: str) -> bool:
        """Whether it is there before systemd-sysctl runs: built in, or loaded by systemd-modules-load."""
        return False

    def late(self, name: str) -> bool:
        """Whether only something that runs later loads it."""
        return False
