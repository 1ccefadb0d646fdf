"""zram-generator's configuration: which zram devices it turns into swap at boot (zram-generator.conf(5))."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nodecheck.errors import Absent
from nodecheck.facts.files.conf_dirs import conf_files
from nodecheck.host import Host
from nodecheck.record import NamedTuple

NAME = "zram-generator.conf"
DIRS = ("/etc/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd")
"""The first one's file counts; ``/run`` comes before them, and is empty at the next boot."""


class ZramDevice(NamedTuple):
    """One ``[zramN]`` section, all files merged."""

    name: str
    path: str
    """The file that has the section last."""
    line: int
    settings: Mapping[str, str]


class ZramGenerator(NamedTuple):
    """The devices that are configured."""

    devices: tuple[ZramDevice, ...] = ()
    sources: tuple[str, ...] = ()
    """The files that were read."""
    refused: str | None = None
    """Why zram-generator would end with an error, and make no device."""
    memory_mib: int | None = None
    """MemTotal; None where it was not needed or is not to be had."""

    @classmethod
    def read(cls, host: Host) -> ZramGenerator:
        """Read the main file and the drop-ins that count."""
        if next(paths(host), None) is None:
            return cls()
        from nodecheck.facts.swap.zram_config import configured

        return configured(host)

    def enabled(self, device: ZramDevice) -> bool | None:
        """Whether a device becomes swap; None where that depends on the memory of a host that is not running."""
        from nodecheck.facts.swap.zram_config import enabled

        return enabled(device, self.memory_mib)


def paths(host: Host) -> Iterator[str]:
    """The main file, then the drop-ins that count."""
    for folder in DIRS:
        try:
            host.stat(f"{folder}/{NAME}")
        except Absent:
            continue
        yield f"{folder}/{NAME}"
        break
    for file in conf_files(host, tuple(f"{folder}/{NAME}.d" for folder in DIRS)):
        if not file.masked:
            yield file.path
