"""What systemd's first boot enables: ``systemctl preset-all``, before units are loaded (systemd.preset(5))."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from nodecheck.errors import Absent
from nodecheck.facts.files.conf_dirs import conf_files, conf_sources
from nodecheck.facts.services.init_system import InitSystem, UnitIndex
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.sources import File, Sources
from nodecheck.record import NamedTuple

MACHINE_ID = "/etc/machine-id"

PRESET_DIRS = (
    "/etc/systemd/system-preset", "/run/systemd/system-preset", "/usr/local/lib/systemd/system-preset",
    "/usr/lib/systemd/system-preset", "/lib/systemd/system-preset",
)  # fmt: skip

UNINITIALIZED = "uninitialized"
UNINITIALIZED_SINCE = 247
FULL_SINCE = 252
"""The systemd that can be built to disable as well (``-Dfirst-boot-full-preset``)."""


class Preset(NamedTuple):
    """One line of a preset file."""

    verb: str
    """``enable``, ``disable`` or ``ignore``."""
    pattern: str
    path: str
    line: int | None
    text: str


class FirstBoot(NamedTuple):
    """Whether the next boot of a root is its first, and what it enables then.

    systemd takes a boot for the first where ``/etc/machine-id`` is not there, or says ``uninitialized``; an empty one
    makes none (machine-id(5)). A root may have lost the file on its way here: then the lines of preset files count
    alone, and not that what none of them names is enabled.
    """

    first: bool = False
    machine_id: str | None = None
    """``uninitialized``; None where the file is not there."""
    presets: tuple[Preset, ...] = ()
    full: bool = False
    """This systemd may disable units too; how it was built is not known."""

    @classmethod
    def reads(cls) -> Sources:
        return (File(MACHINE_ID), *conf_sources(PRESET_DIRS, "*.preset"))

    @classmethod
    def read(cls, host: Host, init: InitSystem, index: UnitIndex) -> FirstBoot:
        """Read the machine id and, of a first boot, the preset files. Raises what the host raises except Absent."""
        if host.running or not (init.is_systemd and init.present and index.complete):
            return cls()
        try:
            found = text(host, MACHINE_ID, 4096).strip(" \t\r\n")
        except Absent:
            found = None
        if found is not None and not (found == UNINITIALIZED and init.at_least(UNINITIALIZED_SINCE)):
            return cls()
        presets = [
            preset
            for file in conf_files(host, PRESET_DIRS, ".preset")
            if not file.masked
            for preset in parse_presets(text(host, file.path), file.path)
        ]
        return cls(True, found, tuple(presets), init.at_least(FULL_SINCE))

    def preset(self, unit: str) -> Preset | None:
        """The line that counts for a unit, the first that names it; None where no first boot touches the unit."""
        found = next((preset for preset in self.presets if fnmatchcase(unit, preset.pattern)), None)
        if found is None and self.machine_id == UNINITIALIZED:
            found = Preset("enable", unit, MACHINE_ID, 1, UNINITIALIZED)
        return found


def parse_presets(source: str, path: str) -> Iterator[Preset]:
    r"""The lines of a preset file.

    >>> [preset[:2] for preset in parse_presets("# x\nenable firewalld.service\ndisable *\nenable\n", "x")]
    [('enable', 'firewalld.service'), ('disable', '*')]
    """
    for number, line in enumerate(source.split("\n"), 1):
        words = [word for word in line.replace("\t", " ").strip(" \r").split(" ") if word]
        if len(words) > 1 and words[0] in ("enable", "disable", "ignore"):
            yield Preset(words[0], words[1], path, number, line)
