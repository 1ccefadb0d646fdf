"""Programs as a service would find them: by the PATH that systemd gives it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nodecheck.errors import Absent, FactError, Malformed
from nodecheck.facts.distro.os_release import OsRelease
from nodecheck.facts.kubelet.places import kubelet_unit
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Dir, Each, Exists, Named, Sources, UnitText
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.services.unit_reader import UnitReader

DEFAULT_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""systemd's default (``DEFAULT_PATH`` in src/basic/path-util.h; systemd.exec(5), "Environment Variables in Spawned
Processes"): it leaves out ``/sbin`` and ``/bin``, or all ``sbin``, only where they are links to the others."""

SHELL = "sh"
"""What every system has: where it is not, programs were not captured."""

KNOWN = (
    SHELL,
    "brctl", "conntrack", "cp", "crictl", "ebtables", "ethtool", "ip", "ipset", "iptables", "ipvsadm", "losetup",
    "mount", "nft", "nsenter", "socat", "tc", "touch",
)  # fmt: skip

MOST_LINKS = 8


class ServicePath(NamedTuple):
    """The PATH of the kubelet's service."""

    folders: tuple[str, ...] = DEFAULT_PATH
    source: str | None = None
    """The file that sets it; None for systemd's default."""
    line: int | None = None

    @classmethod
    def reads(cls) -> Sources:
        return (UnitText("kubelet.service"), Named("EnvironmentFile= of kubelet.service"))

    @classmethod
    def read(cls, host: Host, index: UnitIndex, reader: Lazy[UnitReader]) -> ServicePath:
        """By the kubelet's unit; systemd's default without one. Raises what the host raises for a unit's file."""
        unit = kubelet_unit(host, index)
        if unit is None:
            return cls()
        from nodecheck.facts.services.unit_command import command_line

        command = command_line(host, unit, reader)
        found = command.environment.get("PATH") if command is not None else None
        if found is None:
            return cls()
        return cls(
            tuple([folder for folder in found.text.split(":") if folder.startswith("/")]), found.path, found.line
        )


class FoundCommand(NamedTuple):
    """A program that was found."""

    path: str
    links: tuple[str, ...] = ()
    """What the path leads to, link by link."""


class Commands(NamedTuple):
    """Each known program: where it is, None where it is not, or why that cannot be told."""

    found: Mapping[str, FoundCommand | FactError | None]

    @classmethod
    def reads(cls) -> Sources:
        return (
            Each(ServicePath, "folders", tuple([Exists(f"{{}}/{name}") for name in KNOWN])),
            *[Exists(f"{folder}/{SHELL}") for folder in DEFAULT_PATH],
            Named("a link of one of these programs"),
        )

    @classmethod
    def read(cls, host: Host, path: ServicePath) -> Commands:
        found = {name: _look(host, path.folders, name) for name in KNOWN}
        if found[SHELL] is None:  # it tells whether programs were captured, whatever the unit's PATH is
            found[SHELL] = _look(host, DEFAULT_PATH, SHELL)
        return cls(found)


SHELL_FOLDER = "/opt/bin"
"""Where systems that are images have what is added to them: Flatcar has it in the PATH of each login (flatcar#337)."""
_IMAGES = ("flatcar", "coreos")


class ShellCommands(NamedTuple):
    """The same in what a person's shell has besides the PATH of services: who runs kubeadm there finds these."""

    found: Mapping[str, FoundCommand | FactError | None] = {}
    """Empty where a shell has no other folder."""

    @classmethod
    def reads(cls) -> Sources:
        return tuple([Exists(f"{SHELL_FOLDER}/{name}") for name in (*KNOWN, "kubeadm")])

    @classmethod
    def read(cls, host: Host, release: Lazy[OsRelease]) -> ShellCommands:
        """Look into the folder, where the system is one that has it in its PATH or kubeadm itself lies there."""
        if not isinstance(_look(host, (SHELL_FOLDER,), "kubeadm"), FoundCommand) and release().id not in _IMAGES:
            return cls()
        return cls({name: _look(host, (SHELL_FOLDER,), name) for name in KNOWN})


class AllCommands(NamedTuple):
    """The same of every program in the folders of the PATH."""

    found: Mapping[str, FoundCommand | FactError | None]
    problem: FactError | None = None
    """Why a folder could not be listed."""

    @classmethod
    def reads(cls) -> Sources:
        return (Each(ServicePath, "folders", (Dir("{}"),)), Named("a link of one of these programs"))

    @classmethod
    def read(cls, host: Host, path: ServicePath) -> AllCommands:
        """List the folders, and look at each name."""
        names: dict[str, None] = {}  # no set: what is looked at in which order is evidence
        problem: FactError | None = None
        for folder in path.folders:
            try:
                names.update(dict.fromkeys(host.names(folder)))
            except Absent:
                continue
            except FactError as error:
                problem = problem or error
        return cls({name: _look(host, path.folders, name) for name in names}, problem)


def _look(host: Host, folders: Iterable[str], name: str) -> FoundCommand | FactError | None:
    """The first regular file of that name that may be executed (execvp(3): what cannot be looked at is passed over)."""
    problem: FactError | None = None
    for folder in folders:
        path = f"{folder}/{name}"
        try:
            info = host.stat(path)
        except Absent:
            continue
        except FactError as error:
            problem = problem or error
            continue
        if info.kind == "file" and info.executable:
            return FoundCommand(path, _links(host, path))
        problem = problem or NotExecutable(path, "is not executable" if info.kind == "file" else f"is a {info.kind}")
    return problem


class NotExecutable(Malformed):
    """Something is there, and no service can execute it."""


def _links(host: Host, path: str) -> tuple[str, ...]:
    """Where a path leads, for alternatives; nothing of it decides."""
    found: list[str] = []
    while len(found) < MOST_LINKS:
        try:
            target = host.link(path)
        except FactError:
            break
        if target is None:
            break
        path = target if target.startswith("/") else f"{path.rpartition('/')[0]}/{target}"
        found.append(path)
    return tuple(found)


def command_text(text: str) -> str:
    """The name of a program. Raises ValueError.

    >>> command_text("ipset")
    'ipset'
    """
    if not text or "/" in text or "\0" in text or text in (".", ".."):
        raise ValueError(f"expected the name of a program such as ipset, found {text!r}")
    return text
