"""Whether the node is a container, and of which manager: as systemd finds it out (src/basic/virt.c, detect_container).

A container has its own units, name, network and processes; its kernel and all that belongs to that are its host's.
"""

from __future__ import annotations

from nodecheck.errors import FactError
from nodecheck.facts.boot.cmdline import split_words
from nodecheck.host import Host, exists
from nodecheck.host.base import text
from nodecheck.model.evidence import Evidence, seen
from nodecheck.model.sources import Exists, File, Sources
from nodecheck.record import NamedTuple
from nodecheck.text import decode

HOST_MARK = "/run/host/container-manager"
"""What the manager itself lays there (systemd's container interface)."""
TOLD = "/run/systemd/container"
"""What systemd, being the first process, leaves there of its own ``container=``."""
ENVIRON = "/proc/1/environ"
CMDLINE = "/proc/1/cmdline"
STATUS = "/proc/1/status"
UID_MAP = "/proc/self/uid_map"
RELEASE = "/proc/sys/kernel/osrelease"
VERSION = "/proc/version"
FILES = (("/run/.containerenv", "podman"), ("/.dockerenv", "docker"))
_FIRST_SPACES = (("pid", "pid:[4026531836]"), ("uts", "uts:[4026531838]"), ("ipc", "ipc:[4026531839]"))
"""The links in /proc/self/ns of a process in the first namespaces (the kernel's include/linux/proc_ns.h)."""
_CGROUP = "/sys/fs/cgroup"
_UNIFIED = (f"{_CGROUP}/cgroup.events", f"{_CGROUP}/cgroup.type")
_LEGACY, _LEGACY_ROOT = f"{_CGROUP}/systemd", f"{_CGROUP}/systemd/release_agent"

KNOWN = ("systemd-nspawn", "lxc", "lxc-libvirt", "docker", "podman", "rkt", "wsl", "proot", "pouch", "openvz")
OTHER = "container-other"
GVISOR = "gvisor"
_GVISOR_VERSION = "#1 SMP Sun Jan 10 15:06:54 PST 2016"
"""What gVisor's own kernel says of when it was built, whatever its release (pkg/sentry/syscalls/linux)."""

_INITS = ("systemd", "init", "openrc-init", "runit", "runsvdir", "s6-svscan", "dinit", "upstart", "busybox")
"""Names of first processes that are init systems; ``init`` is whichever is installed."""
_IDLE = (
    "sleep", "tail", "cat", "pause", "tini", "docker-init", "catatonit", "dumb-init", "conmon", "sh", "bash", "dash",
    "ash", "zsh", "login", "su", "sudo", "unshare", "chroot",
)  # fmt: skip
"""Names of first processes that start none of a node's services by themselves."""


class Container(NamedTuple):
    """Which kind of container the node is, and what its first process may do."""

    kind: str | None = None
    """systemd's name for it (``docker``, ``lxc``, ``container-other`` …), or ``gvisor``; None: it is a machine."""
    evidence: tuple[Evidence, ...] = ()
    """What shows it."""
    words: tuple[str, ...] = ()
    """The arguments of the first process, which systemd takes for the kernel's command line in a container
    (src/basic/proc-cmdline.c); its name is not among them."""
    program: str | None = None
    """The name of the first process; None where it cannot be seen."""
    capabilities: int | None = None
    """Its bounding set, a bit for each of capabilities(7); None where it cannot be seen."""
    private_users: bool = False
    """Its users are not the host's (user_namespaces(7))."""

    @classmethod
    def reads(cls) -> Sources:
        marks = (HOST_MARK, TOLD, ENVIRON, CMDLINE, STATUS, UID_MAP, RELEASE, VERSION)
        paths = (
            "/proc/self/ns/*",
            *[path for path, _ in FILES],
            *_UNIFIED,
            _LEGACY,
            _LEGACY_ROOT,
            "/proc/vz",
            "/proc/bc",
        )
        return (*map(File, marks), *map(Exists, paths))

    @classmethod
    def read(cls, host: Host) -> Container:
        """Look for the marks. What cannot be looked at is no mark, as it is none to systemd; a directory is none."""
        found = _told(host) if host.running else None
        if found is None:
            return cls()
        kind, evidence = found
        argv, status = [""], dict[str, str]()
        if not _sees_the_hosts_processes(host, kind):
            argv = (_line(host, CMDLINE) or "").rstrip("\0").split("\0")
            status = _fields(_line(host, STATUS) or "")
        bounding = status.get("CapBnd", "")
        capabilities = int(bounding, 16) if bounding and not bounding.strip("0123456789abcdef") else None
        users = (_line(host, UID_MAP) or "").split()
        private = len(users) >= 3 and users[:3] != ["0", "0", "4294967295"]
        return cls(kind, (evidence,), _words(argv[1:]), status.get("Name"), capabilities, private)

    @property
    def has_init(self) -> bool:
        """Whether its first process is an init system: then its restart starts units and services."""
        return self.program in _INITS

    @property
    def is_idle(self) -> bool:
        """Whether its first process is known to start no service of a node."""
        script = next((word for word in self.words if not word.startswith("-")), None)
        shell = self.program is not None and self.program.endswith("sh")
        return self.program in _IDLE and not (shell and script is not None)

    def has_capability(self, number: int) -> bool | None:
        """Whether the first process may have a capability, by its number in ``linux/capability.h``."""
        return None if self.capabilities is None else bool(self.capabilities >> number & 1)


def is_read_only(host: Host, path: str) -> bool:
    """Whether the first process finds a path on a file system that it may not write to (statvfs(3)).

    By its own mounts where they can be seen: nodecheck may run in a sandbox in which /proc/sys is read-only.
    Raises what the host raises.
    """
    try:
        return host.statvfs(f"/proc/1/root{path}").read_only
    except FactError:
        return host.statvfs(path).read_only


def _words(arguments: list[str]) -> tuple[str, ...]:
    """The arguments as words of a command line; ``--unit=`` is systemd's own way to say ``systemd.unit=``."""
    words = split_words(" ".join(f'"{word}"' if " " in word else word for word in arguments))
    return tuple([f"systemd.unit={word[7:]}" if word.startswith("--unit=") else word for word in words])


def _told(host: Host) -> tuple[str, Evidence] | None:
    """The kind and what shows it, in systemd's order; gVisor, which systemd takes for docker, before all."""
    version = _line(host, VERSION)
    if version is not None and _GVISOR_VERSION in version:
        return GVISOR, seen(VERSION, version)
    if _is_there(host, "/proc/vz") and not _is_there(host, "/proc/bc"):
        return "openvz", seen("/proc/vz", "present")
    release = _line(host, RELEASE) or ""
    if "Microsoft" in release or "WSL" in release:
        return "wsl", seen(RELEASE, release)
    for path in (HOST_MARK, TOLD):
        told = _line(host, path)
        if told:
            return _named(host, told, seen(path, told))
    variables = _variables(host)
    told = next((item.partition("=")[2] for item in variables if item.startswith("container=")), None)
    if told:
        return _named(host, told, seen(ENVIRON, f"container={told}"))
    return _by_files(host) or _by_cgroup(host)


def _named(host: Host, told: str, evidence: Evidence) -> tuple[str, Evidence]:
    """``oci`` is what some images say, whoever runs them."""
    if told == "oci":
        return _by_files(host) or (OTHER, evidence)
    return (told if told in KNOWN else OTHER), evidence


def _sees_the_hosts_processes(host: Host, kind: str) -> bool:
    """Whether process 1 is the machine's and not the container's own (``docker run --pid=host``)."""
    name, link = _FIRST_SPACES[0]
    return kind != "wsl" and _linked(host, f"/proc/self/ns/{name}") == link


def _by_files(host: Host) -> tuple[str, Evidence] | None:
    """The file of a manager, which the disk of a machine may hold too that was made of a container's image: there who
    reads is in the machine's own namespaces, which systemd does not ask."""
    if all(_linked(host, f"/proc/self/ns/{name}") == link for name, link in _FIRST_SPACES):
        return None
    return next(((kind, seen(path, "present")) for path, kind in FILES if _is_there(host, path)), None)


def _by_cgroup(host: Host) -> tuple[str, Evidence] | None:
    """Whether this is no root of a hierarchy (running_in_cgroupns): containerd's pods have no other mark."""
    if all(_is_there(host, path) for path in _UNIFIED):
        return OTHER, seen(_UNIFIED[1], "present")
    if _is_there(host, _LEGACY) and not _is_there(host, _UNIFIED[0]) and not _is_there(host, _LEGACY_ROOT):
        return OTHER, seen(_LEGACY_ROOT)
    return None


def _line(host: Host, path: str) -> str | None:
    """A mark's text without the end of its line; None where there is none, or nobody may see it."""
    try:
        return text(host, path, 1 << 16).rstrip("\n")
    except FactError:
        return None


def _variables(host: Host) -> list[str]:
    """The environment of the first process. It may hold secrets: it is read so that none of it becomes evidence."""
    try:
        return decode(host.read_at(ENVIRON, 0, 1 << 16)).split("\0")
    except FactError:
        return []


def _linked(host: Host, path: str) -> str | None:
    try:
        return host.link(path)
    except FactError:
        return None


def _is_there(host: Host, path: str) -> bool:
    try:
        return exists(host, path)
    except FactError:
        return False


def _fields(status: str) -> dict[str, str]:
    pairs = [line.partition(":") for line in status.split("\n")]
    return {name: value.strip(" \t") for name, _, value in pairs}
