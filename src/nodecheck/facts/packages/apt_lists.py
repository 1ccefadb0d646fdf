"""Whether apt knows of any package: an image of Debian or Ubuntu has no lists before its first ``apt-get update``."""

from __future__ import annotations

from nodecheck.errors import Absent
from nodecheck.host import Host
from nodecheck.model.sources import Dir, Sources
from nodecheck.record import NamedTuple

LISTS = "/var/lib/apt/lists"


class AptLists(NamedTuple):
    """The lists of packages that apt has fetched."""

    none: bool = False
    """It has its directory, and no list in it: ``apt-get install`` would find no package."""

    @classmethod
    def reads(cls) -> Sources:
        return (Dir(LISTS),)

    @classmethod
    def read(cls, host: Host) -> AptLists:
        """List apt's directory. Raises what the host raises except Absent."""
        try:
            return cls(not any("_Packages" in name for name in host.names(LISTS)))
        except Absent:
            return cls()
