"""containerd on a node: its configuration files, and the cgroup driver that its CRI plugin uses."""

from __future__ import annotations

from nodecheck.facts.runtimes.service import Service, first_there, flag_value, service
from nodecheck.facts.services.init_system import UnitIndex
from nodecheck.host import Host
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Exists, File, JudgedSetting, Judges, Named, Sources, UnitText
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from nodecheck.facts.runtimes.containerd_config import Effective
    from nodecheck.facts.runtimes.containerd_merge import ConfigFile
    from nodecheck.facts.runtimes.containerd_releases import Version
    from nodecheck.facts.runtimes.containerd_verdict import ContainerdVerdict
    from nodecheck.facts.services.unit_reader import UnitReader

CONFIG = "/etc/containerd/config.toml"
PROGRAMS = (
    "/usr/bin/containerd",
    "/usr/local/bin/containerd",
    "/usr/sbin/containerd",
    "/opt/bin/containerd",
    "/bin/containerd",
)
UNIT = "containerd.service"


class Containerd(NamedTuple):
    """containerd's configuration, as its unit has it read."""

    present: str | None = None
    """The path that shows it: a program, the unit or a configuration file; None where nothing does."""
    path: str = CONFIG
    """The configuration file that is read."""
    files: tuple[ConfigFile, ...] = ()
    """That file and what it imports, in the order in which they are merged; empty where there is no file."""
    service: Service | None = None
    gone: tuple[str, ...] = ()
    """Files that the configuration names (``base_runtime_spec`` and others) and that are not there."""

    @classmethod
    def reads(cls) -> Sources:
        return (
            UnitText(UNIT),
            Named("EnvironmentFile= of containerd.service"),
            File(CONFIG),
            Named("--config of containerd.service"),
            Named("imports of containerd's configuration"),
            Named("base_runtime_spec and other files that containerd's configuration names"),
            *map(Exists, PROGRAMS),
        )

    @classmethod
    def judges(cls) -> Judges:
        """Of the options of its runtimes, and of the CRI plugin before them."""
        return tuple([JudgedSetting(name, ("true", "false")) for name in ("SystemdCgroup", "systemd_cgroup")])

    @classmethod
    def read(cls, host: Host, units: Lazy[UnitIndex], reader: Lazy[UnitReader]) -> Containerd:
        """Read containerd's files. Raises ParseError for one that it would not read, and what the host raises."""
        unit = service(host, units(), UNIT, reader)
        found = first_there(host, (*PROGRAMS, CONFIG)) or (unit.paths[0] if unit else None)
        if found is None:
            return cls()
        from nodecheck.facts.runtimes.containerd_files import load, missing

        given = flag_value(unit.arguments, "config", "c") if unit else None
        files = load(host, given or CONFIG, given is not None)
        return cls(found, given or CONFIG, files, unit, missing(host, files))

    def rewritten(self, path: str, source: str) -> Containerd:
        """The same with another text of one of its files, or with a file where there was none. Raises ParseError."""
        from nodecheck.facts.runtimes.containerd_files import parsed
        from nodecheck.text import encode

        file = parsed(encode(source), path)
        return self._replace(files=tuple([file if old.path == path else old for old in self.files]) or (file,))

    @property
    def version(self) -> int:
        """The version of the main file; 0 where it names none or there is no file."""
        return self.files[0].version if self.files else 0

    def shows_two(self) -> bool:
        """Whether the files are of a version that only containerd 2 reads."""
        return any(file.version >= 3 for file in self.files)

    def decided(self, release: Callable[[], Version | None]) -> ContainerdVerdict:
        """What containerd makes of its files; its release is asked for only where that depends on it."""
        from nodecheck.facts.runtimes.containerd_verdict import decided

        return decided(self.files, release)

    def place(self, found: Effective, keys: tuple[str, ...] | None = None) -> tuple[str, int | None, str | None]:
        """The file, line and text that set what decides, or other keys; the main file alone where none is seen to."""
        from nodecheck.facts.runtimes.containerd_verdict import place

        return place(self.files, keys or found.keys, found.reader) or (self.path, None, None)
