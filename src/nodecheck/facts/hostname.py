"""The node's name: the kernel's, and the one that the next boot sets (hostname(5), kernel-command-line(7))."""

from __future__ import annotations

from nodecheck.checking import Lazy
from nodecheck.errors import Absent, Offline
from nodecheck.facts.boot import BootCmdline
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.record import NamedTuple

KERNEL = "/proc/sys/kernel/hostname"
STATIC = "/etc/hostname"
LONGEST = 64
"""``HOST_NAME_MAX`` of Linux."""


class KernelHostname(NamedTuple):
    """The running kernel's name for the node (``uname -n``)."""

    name: str

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

    @classmethod
    def read(cls, host: Host, cmdline: Lazy[BootCmdline]) -> BootHostname:
        """``systemd.hostname=`` on the kernel's command line, else ``/etc/hostname``."""
        words = cmdline()
        given = words.last("systemd.hostname")
        if given is not None and is_valid(given):
            return cls(given, words.source or "command line", words.line, f"systemd.hostname={given}")
        try:
            return parse_hostname(text(host, STATIC, 1 << 16))
        except Absent:
            return cls()


class OwnName(NamedTuple):
    """The name of the node: the kernel's where it runs, else that of the files on disk; None for none."""

    name: str | None = None
    source: str = STATIC

    @classmethod
    def read(cls, kernel: Lazy[KernelHostname], boot: Lazy[BootHostname]) -> OwnName:
        """Ask the kernel first."""
        try:
            return cls(kernel().name or None, KERNEL)
        except (Absent, Offline):
            found = boot()
            return cls(found.name, found.source)


def parse_hostname(source: str) -> BootHostname:
    r"""What systemd takes from ``/etc/hostname``: the first line that is no comment, what is not allowed left out.

    >>> parse_hostname("# a name\n\n  node_1.example. \nother\n")[:3]
    ('node1.example', '/etc/hostname', 3)
    >>> parse_hostname("\n#\n").name, parse_hostname("__\n").name
    (None, None)
    """
    for number, line in enumerate(source.split("\n"), 1):
        plain = line.partition("\0")[0].strip(" \t\r\n")
        if plain and not plain.startswith("#"):
            name = cleaned(plain)
            return BootHostname(name if is_valid(name, trailing_dot=True) else None, STATIC, number, line)
    return BootHostname()


def cleaned(name: str) -> str:
    """A name without what systemd leaves out of it (``hostname_cleanup`` in its ``hostname-util.c``).

    >>> cleaned("-a_b..c-.d-")
    'ab.c-d'
    """
    kept: list[str] = []
    for char in name:
        if len(kept) >= LONGEST:
            break
        last = kept[-1] if kept else "."
        if (char == "." and last not in ".-") or (char == "-" and last != ".") or (char.isascii() and char.isalnum()):
            kept.append(char)
    if kept and kept[-1] in "-.":
        kept.pop()
    return "".join(kept)


def is_valid(name: str, *, trailing_dot: bool = False) -> bool:
    """Whether systemd takes a name for the node (``hostname_is_valid`` in its ``hostname-util.c``).

    >>> is_valid("Node-1.example"), is_valid("a..b"), is_valid("node_1"), is_valid("a-.b")
    (True, False, False, False)
    """
    if trailing_dot and name.count(".") >= 2:
        name = name.removesuffix(".")
    return 0 < len(name) <= LONGEST and all(
        label and label[0] != "-" and label[-1] != "-" and all(c.isascii() and (c.isalnum() or c == "-") for c in label)
        for label in name.split(".")
    )
