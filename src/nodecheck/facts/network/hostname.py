"""The node's name: the kernel's, and the one that the next boot sets (hostname(5), kernel-command-line(7))."""

from __future__ import annotations

from nodecheck.errors import Absent, Offline
from nodecheck.facts.boot.container import Container
from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.host import Host
from nodecheck.host.base import text, text_or_none
from nodecheck.model.evidence import Evidence
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Call, File, Sources
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.files.mounts import Mounts

KERNEL = "/proc/sys/kernel/hostname"
STATIC = "/etc/hostname"
LONGEST = 64
"""``HOST_NAME_MAX`` of Linux."""
CMDLINE_SINCE = 246
"""From this systemd on ``systemd.hostname=`` counts."""
LDH_SINCE = 248
"""From this systemd on an underscore is left out of names as well (``valid_ldh_char``)."""

WILDCARDS_SINCE = 258
"""From this systemd on the machine's id fills in ``?`` (and, in newer ones, ``$``) of a name (hostname(5))."""


class KernelHostname(NamedTuple):
    """The running kernel's name for the node (``uname -n``)."""

    name: str

    @classmethod
    def reads(cls) -> Sources:
        return (File(KERNEL),)

    @classmethod
    def read(cls, host: Host) -> KernelHostname:
        """Read ``/proc/sys/kernel/hostname``. Raises Offline where the host is not running."""
        return cls(text(host, KERNEL, 4096).rstrip("\n"))


class BootHostname(NamedTuple):
    """The name that the files on disk give the node at the next boot."""

    name: str | None = None
    """None: nothing on disk gives one (DHCP, reverse DNS or the distribution's fallback will)."""
    source: str = STATIC
    line: int | None = None
    text: str | None = None
    """As written there."""
    pattern: str | None = None
    """The name with ``?`` or ``$``, which the machine's id fills in; ``name`` is None then."""

    @classmethod
    def reads(cls) -> Sources:
        return (File(STATIC), File("/etc/conf.d/hostname"), File("/etc/sysconfig/network"))

    @classmethod
    def read(cls, host: Host, init: InitSystem, cmdline: Lazy[BootCmdline]) -> BootHostname:
        """``systemd.hostname=`` on the kernel's command line, else ``/etc/hostname``, else what this init reads."""
        if not init.is_systemd:
            return _of_other_init(host)
        underscores = not init.at_least(LDH_SINCE)
        words = cmdline()
        given = _of_cmdline(words, "systemd.hostname", underscores)
        if given is not None and init.at_least(CMDLINE_SINCE):
            return given
        source = text_or_none(host, STATIC, 1 << 16)
        found = cls() if source is None else parse_hostname(source, underscores=underscores)
        if found.text is not None and init.at_least(WILDCARDS_SINCE) and not {"?", "$"}.isdisjoint(found.text):
            return found._replace(name=None, pattern=found.text.partition("\0")[0].strip(" \t\r\n"))
        return found if found.name is not None else _of_cmdline(words, "hostname", True) or found


def _of_cmdline(words: BootCmdline, key: str, underscores: bool) -> BootHostname | None:
    """The name of ``systemd.hostname=``, or of the kernel's own ``hostname=``, which stays where there is no other."""
    value = words.last(key)
    if value is None or not is_valid(value, underscores=underscores):
        return None
    return BootHostname(value, words.source or "command line", words.line, f"{key}={value}")


def _of_other_init(host: Host) -> BootHostname:
    """``/etc/hostname``, OpenRC's ``conf.d/hostname``, or ``HOSTNAME=`` of Red Hat's initscripts."""
    for path, key in ((STATIC, ""), ("/etc/conf.d/hostname", "hostname="), ("/etc/sysconfig/network", "HOSTNAME=")):
        try:
            lines = text(host, path, 1 << 16).split("\n")
        except Absent:
            continue
        for number, line in enumerate(lines, 1):
            plain = line.strip(" \t\r")
            if plain and not plain.startswith("#") and plain.startswith(key):
                return BootHostname(plain[len(key) :].strip("\"'"), path, number, line)
    return BootHostname()


class NameGiver(NamedTuple):
    """Who names the node at the next boot: itself, or the runtime of a container."""

    runtime: str | None = None
    """Why it is the runtime; None: the node names itself."""
    evidence: tuple[Evidence, ...] = ()
    """What shows that it is a container."""
    sysctls: bool = True
    """``kernel.hostname`` in a file of sysctls counts."""

    @classmethod
    def reads(cls) -> Sources:
        return (Call("statvfs"),)

    @classmethod
    def read(cls, host: Host, container: Container, mounts: Lazy[Mounts], boot: Lazy[BootHostname]) -> NameGiver:
        """A container names itself where its init system finds a name in a file of its own.

        Docker and podman write the file anew at each start, and mount it; WSL writes it without mounting it.
        """
        if container.kind is None:
            return cls()
        return cls(_by_runtime(container, mounts, boot), container.evidence, not host.statvfs(_KERNEL_KEYS).read_only)


_KERNEL_KEYS = "/proc/sys/kernel"


def _by_runtime(container: Container, mounts: Lazy[Mounts], boot: Lazy[BootHostname]) -> str | None:
    if not container.has_init:
        return f"its first process is {container.program}, which sets no name"
    if container.kind == "wsl":
        return f"WSL writes {STATIC} anew"
    if any(mount.path == STATIC for mount in mounts().mounts):
        return f"{STATIC} is mounted by it"
    found = boot()
    return f"{found.source} gives none" if found.name is None and found.pattern is None else None


class OwnName(NamedTuple):
    """The name of the node: the kernel's where it runs, else that of the files on disk; None for none."""

    name: str | None = None
    source: str = STATIC

    @classmethod
    def reads(cls) -> Sources:
        return ()

    @classmethod
    def read(cls, kernel: Lazy[KernelHostname], boot: Lazy[BootHostname]) -> OwnName:
        """Ask the kernel first."""
        try:
            return cls(kernel().name or None, KERNEL)
        except (Absent, Offline):
            found = boot()
            return cls(found.name, found.source)


def parse_hostname(source: str, *, underscores: bool = False) -> BootHostname:
    r"""What systemd takes from ``/etc/hostname``: the first line that is no comment, what is not allowed left out.

    >>> parse_hostname("# a name\n\n  node_1.example. \nother\n")[:3]
    ('node1.example', '/etc/hostname', 3)
    >>> parse_hostname("\n#\n").name, parse_hostname("__\n").name, parse_hostname("node_1", underscores=True).name
    (None, None, 'node_1')
    """
    for number, line in enumerate(source.split("\n"), 1):
        plain = line.partition("\0")[0].strip(" \t\r\n")
        if plain and not plain.startswith("#"):
            name = cleaned(plain, underscores)
            return BootHostname(name if is_valid(name, underscores=underscores) else None, STATIC, number, line)
    return BootHostname()


def fits(name: str, pattern: str) -> bool:
    """Whether a name can be what the machine's id makes of a pattern: ``?`` a hexadecimal digit, ``$`` a word.

    >>> fits("node-92a9", "node-????"), fits("node-9xa9", "node-????"), fits("node", "node-?")
    (True, False, False)
    """
    import re

    marks = {"?": "[0-9a-f]", "$": "[a-z0-9-]+"}
    return re.fullmatch("".join([marks.get(char) or re.escape(char) for char in pattern]), name) is not None


def cleaned(name: str, underscores: bool = False) -> str:
    """A name without what systemd leaves out of it (``hostname_cleanup`` in its ``hostname-util.c``).

    >>> cleaned("-a_b..c-.d-"), cleaned("x" * 70) == "x" * 64
    ('ab.c-d', True)
    """
    kept: list[str] = []
    for char in name:
        if len(kept) >= LONGEST:
            break
        last = kept[-1] if kept else "."
        if (char == "." and last not in ".-") or (char == "-" and last != ".") or _is_plain(char, underscores):
            kept.append(char)
    if kept and kept[-1] in "-.":
        kept.pop()
    return "".join(kept)


def _is_plain(char: str, underscores: bool) -> bool:
    return (char.isascii() and char.isalnum()) or (underscores and char == "_")


def is_valid(name: str, *, underscores: bool = False) -> bool:
    """Whether systemd takes a name for the node (``hostname_is_valid`` in its ``hostname-util.c``).

    >>> is_valid("Node-1.example"), is_valid("a..b"), is_valid("node_1"), is_valid("a-.b")
    (True, False, False, False)
    """
    return 0 < len(name) <= LONGEST and all(
        label and label[0] != "-" and label[-1] != "-" and all(c == "-" or _is_plain(c, underscores) for c in label)
        for label in name.split(".")
    )
