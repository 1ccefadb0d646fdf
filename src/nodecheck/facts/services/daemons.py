"""The main processes of a node's daemons, and the programs that their units start: by ``/proc/PID/exe`` (proc(5)).

The link leads to the file that the process was started from, wherever its name went: stat(2) tells of that very file.
"""

from __future__ import annotations

from collections.abc import Mapping

from nodecheck.errors import Absent, FactError, Unsupported
from nodecheck.facts.services.service_programs import program_of
from nodecheck.facts.services.unit_files import load_unit
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host, exists
from nodecheck.host.base import Stat, stat_or_none
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Exists, Named, Program, Sources, UnitText
from nodecheck.record import NamedTuple
from nodecheck.text import is_digits

BOOTED = "/run/systemd/system"
"""sd_booted(3)."""

DAEMONS: Mapping[str, tuple[str, ...]] = {
    "kubelet.service": ("kubelet", "hyperkube"),
    "containerd.service": ("containerd",),
    "docker.service": ("dockerd",),
    "crio.service": ("crio",),
    "cri-o.service": ("crio",),
    "cri-docker.service": ("cri-dockerd",),
    "chronyd.service": ("chronyd",),
    "chrony.service": ("chronyd",),
}
"""Units and the names of their programs; a distribution may add to a name (``dockerd-current``)."""

ASK = ("systemctl", "show", "--no-pager", "-p", "Id", "-p", "MainPID", "-p", "ActiveState", "--", *DAEMONS)

DELETED = " (deleted)"
"""What the kernel adds to the path of a file that has no name any more (d_path() of fs/d_path.c)."""

_AFTER_NAME = "-.;~"
"""What follows a name where a file was put aside: ``kubelet.old``, ``kubelet-1.29``, rpm's ``kubelet;5f3c02a1``."""

_ACTIVE = ("active", "reloading")
_HEAD = 4


class UnitProgram(NamedTuple):
    """The program that a unit starts."""

    path: str
    """As the last ``ExecStart=`` has it."""
    source: str
    """The unit file or drop-in, and its line."""
    line: int


class Daemon(NamedTuple):
    """A unit whose main process runs, and the files of that process and of the program on disk."""

    unit: str
    exe: str | None = None
    """The path of the file that the process runs, without the mark of one that has no name any more; None: not told."""
    deleted: bool = False
    """That file has no name any more: it was removed, or another was put in its place."""
    running: Stat | None = None
    """The file itself."""
    program: UnitProgram | None = None
    """What the unit starts; None for a program that is looked up, and for none."""
    path: str | None = None
    """Where the program lies on disk that is to be that file; None where ``error`` says why that cannot be told."""
    on_disk: Stat | None = None
    """What lies there; None: nothing."""
    foreign: bool = False
    """The main process is another program than the unit's name says: docker, which runs a kubelet inside."""
    error: FactError | None = None
    """Why it cannot be told."""

    @property
    def is_current(self) -> bool:
        """Whether the process runs the file on disk.

        One inode has but one size and change time (inode(7)). Where one file takes another's name both have that
        moment as theirs, and the kernel says so by the mark.
        """
        return not self.deleted and self.running is not None and self.running == self.on_disk


class Daemons(NamedTuple):
    """The daemons that run, as systemd names their main processes."""

    booted: bool = False
    """systemd runs: else there are no units."""
    found: tuple[Daemon, ...] = ()

    @classmethod
    def reads(cls) -> Sources:
        units = [source for unit in DAEMONS for source in (UnitText(unit), Named(f"ExecStart= of {unit}"))]
        return (Exists(BOOTED), Program(ASK), Exists("/proc/*/exe"), *units)

    @classmethod
    def read(cls, host: Host, index: Lazy[UnitIndex]) -> Daemons:
        """Ask systemd for the main processes, and look at each. What is wrong with one stays with it.

        Raises Offline for a root, Unsupported where there is no systemctl, and what systemd says against it.
        """
        if host.running and not exists(host, BOOTED):
            return cls()
        processes = parse_main_processes(_asked(host))
        return cls(True, tuple([_daemon(host, index, unit, pid) for unit, pid in processes]))


class BootPrograms(NamedTuple):
    """The programs that the units of a node's daemons start, as they lie on disk, by unit."""

    found: Mapping[str, UnitProgram | FactError]

    @classmethod
    def reads(cls) -> Sources:
        return tuple([source for unit in DAEMONS for source in (UnitText(unit), Named(f"ExecStart= of {unit}"))])

    @classmethod
    def read(cls, host: Host, index: UnitIndex) -> BootPrograms:
        """Of each unit that is there. The first bytes of its program are read: what is there shows when it changed."""
        found: dict[str, UnitProgram | FactError] = {}
        lasting = index.persistent()
        for unit in dict.fromkeys([lasting.resolve(unit) for unit in DAEMONS if lasting.exists(unit)]):
            try:
                program = unit_program(host, lasting, unit)
                if program is not None:
                    host.read_at(program.path, 0, _HEAD)
                    found[unit] = program
            except FactError as error:
                found[unit] = error
        return cls(found)


def _asked(host: Host) -> str:
    try:
        done = host.run(ASK)
    except Absent as error:
        raise Unsupported("systemctl", "is not installed") from error
    if done.code != 0:
        raise FactError("systemctl show", done.stderr.strip().partition("\n")[0] or f"exit code {done.code}")
    return done.stdout


def parse_main_processes(output: str) -> tuple[tuple[str, int], ...]:
    r"""The units that run, and their main processes; 0 where an active unit has none. Raises FactError for no units.

    An alias is told by the name of its unit.

    >>> parse_main_processes("MainPID=7\nId=chrony.service\nActiveState=active\n\nMainPID=0\nId=crio.service\n")
    (('chrony.service', 7),)
    """
    found: dict[str, int] = {}
    known = False
    for block in output.split("\n\n"):
        fields = dict([line.partition("=")[::2] for line in block.split("\n") if "=" in line])
        unit, number = fields.get("Id", ""), fields.get("MainPID", "")
        known = known or bool(unit)
        pid = int(number) if is_digits(number) else 0
        if unit and (pid or fields.get("ActiveState") in _ACTIVE):
            found[unit] = pid
    if not known:
        raise FactError("systemctl show", "names no unit")
    return tuple(found.items())


def _daemon(host: Host, index: Lazy[UnitIndex], unit: str, pid: int) -> Daemon:
    found = Daemon(unit)
    if not pid:
        return found._replace(error=Unsupported(unit, "runs, and systemd knows no main process of it"))
    place = f"/proc/{pid}/exe"
    try:
        told = host.link(place)
        if told is None:
            raise Absent(place, "the process has ended meanwhile")
        exe, deleted = told.removesuffix(DELETED), told.endswith(DELETED)
        found = found._replace(exe=exe, deleted=deleted, running=host.stat(place))
        names = DAEMONS.get(unit, ())
        if not is_named(exe, names):
            return found._replace(foreign=True)
        program = unit_program(host, index(), unit)
        own = program is not None and is_named(program.path, names) and not _is_script(host, program.path)
        path = program.path if program is not None and own else exe
        return found._replace(program=program, path=path, on_disk=stat_or_none(host, path))
    except FactError as error:
        return found._replace(error=error)


def _is_script(host: Host, path: str) -> bool:
    """Whether a program is a wrapper, whatever its name: ``kubelet.sh``, ``kubelet-wrapper``."""
    try:
        return host.read_at(path, 0, _HEAD).startswith(b"#!")
    except Absent:
        return False


def unit_program(host: Host, index: UnitIndex, unit: str) -> UnitProgram | None:
    """The program of the last ``ExecStart=`` of a unit; None for none, and for one that systemd looks up by its name.

    Raises what the host raises for a unit file that cannot be read.
    """
    text = load_unit(host, index, unit)
    starts = text.values("Service", "ExecStart") if text is not None else ()
    if not starts:
        return None
    line, source, number = starts[-1]
    path = program_of(line)
    return UnitProgram(path, source, number) if path.startswith("/") else None


def is_named(path: str, names: tuple[str, ...]) -> bool:
    """Whether a program goes by one of some names, or was put aside under a name that begins so.

    >>> [is_named(path, ("kubelet",)) for path in ("/usr/bin/kubelet", "/usr/bin/kubelet.old", "/usr/bin/kubeletd")]
    [True, True, False]
    """
    base = path.rpartition("/")[2]
    return any(base == name or base.startswith(tuple([name + mark for mark in _AFTER_NAME])) for name in names)
