"""What the kernel makes of a value that is written to ``/proc/sys``, and which of its variables hang together."""

from __future__ import annotations

from nodecheck.errors import Malformed
from nodecheck.facts.boot.container import is_read_only
from nodecheck.formats.sysctl_keys import is_key
from nodecheck.host import Host
from nodecheck.host.base import stat_or_none, text
from nodecheck.model.sources import Call, JudgedSetting, Judges, Sources, Tree
from nodecheck.record import NamedTuple

BRIDGE = "net/bridge/"
IP_FORWARD = "net/ipv4/ip_forward"

_TEXT_KEYS = frozenset(
    (
        "kernel/core_pattern", "kernel/hostname", "kernel/domainname", "kernel/modprobe", "kernel/hotplug",
        "kernel/poweroff_cmd", "kernel/printk_devkmsg", "kernel/seccomp/actions_logged", "kernel/random/boot_id",
        "net/core/default_qdisc", "net/ipv4/tcp_congestion_control", "net/ipv4/tcp_allowed_congestion_control",
        "net/ipv4/ip_local_reserved_ports", "net/ipv4/tcp_available_congestion_control", "vm/numa_zonelist_order",
        "kernel/tainted", "kernel/sched_domain", "fs/binfmt_misc/register",
    )
)  # fmt: skip
"""Keys that keep the text as it is written, or that are no plain numbers."""

_VECTORS = {
    "net/ipv4/ip_local_port_range": 2,
    "net/ipv4/ping_group_range": 2,
    "net/ipv4/tcp_rmem": 3,
    "net/ipv4/tcp_wmem": 3,
    "net/ipv4/tcp_mem": 3,
    "net/ipv4/udp_mem": 3,
    "kernel/printk": 4,
    "kernel/sem": 4,
    "vm/lowmem_reserve_ratio": 16,
}
"""Keys that hold several numbers, and how many."""

_RANGES = {
    "vm/overcommit_memory": (0, 2),
    "vm/panic_on_oom": (0, 2),
    "vm/swappiness": (0, 200),
    "vm/overcommit_ratio": (0, 2**31 - 1),
    "vm/dirty_ratio": (0, 100),
    "vm/dirty_background_ratio": (0, 100),
    "vm/max_map_count": (0, 2**31 - 1),
    "kernel/randomize_va_space": (-(2**31), 2**31 - 1),
    "fs/protected_symlinks": (0, 1),
    "fs/protected_hardlinks": (0, 1),
    "kernel/dmesg_restrict": (0, 1),
    "kernel/kptr_restrict": (0, 2),
}
"""Keys with bounds that the kernel keeps (``proc_dointvec_minmax``)."""

_INT = (-(2**31), 2**31 - 1)
_NET = (-(2**31), 2**32 - 1)
"""Keys below ``net/`` are ``int`` or ``unsigned int``, but for ``…_mem`` and ``…_thresh``, which are ``long``."""
_WIDEST = (-(2**63), 2**64 - 1)


class Taken(NamedTuple):
    """What the kernel made of a written text."""

    value: str | None
    """None: it refused, and what held before holds on."""
    note: str | None = None
    """What is worth telling about it."""
    unsure: bool = False
    """Whether it refused is not known."""


def taken(path: str, text: str) -> Taken:
    """What ``path`` holds after ``text`` was written to it.

    Numbers as ``proc_dointvec`` (kernel/sysctl.c) reads them: the first number counts (the first ones, for keys that
    hold several), decimal, octal after ``0`` or hexadecimal after ``0x``, with a ``-`` but no ``+``; what follows a
    blank is ignored; anything else right after a digit is refused, and so is a number out of range.

    >>> taken("net/ipv4/ip_forward", "1 # on").value, taken("net/ipv4/ip_forward", "1x").value
    ('1', None)
    >>> taken("net/bridge/bridge-nf-call-iptables", "0x10").value, taken("kernel/core_pattern", "|/x %p").value
    ('1', '|/x %p')
    """
    if path in _TEXT_KEYS:
        return Taken(text)
    numbers: list[int] = []
    rest = text.lstrip(_SPACES)
    while rest and len(numbers) < _VECTORS.get(path, 1):
        number, rest = _number(rest, _bounds(path))
        if number is None:
            break
        numbers.append(number)
        rest = rest.lstrip(_SPACES)
    if not numbers:
        return Taken(None, f"the kernel refuses {text[:MOST_TOLD]!r}")
    if len(numbers) == 1 and numbers[0] < 0 and not _may_be_negative(path):
        return Taken(None, f"whether the kernel takes {text[:MOST_TOLD]!r} is not known", unsure=True)
    note = f"what follows the number in {text[:MOST_TOLD]!r} is ignored" if rest else None
    return Taken(" ".join([_stored(path, number) for number in numbers]), note)


_SIGNED = frozenset(
    (
        "kernel/panic", "kernel/panic_on_oops", "kernel/perf_event_paranoid", "kernel/sched_rt_runtime_us",
        "kernel/watchdog_thresh", "kernel/sysrq", "kernel/auto_msgmni",
    )
)  # fmt: skip
"""Numbers outside of ``net/`` that are ``int``; many others are unsigned, and pass over a negative one in silence."""


def _may_be_negative(path: str) -> bool:
    return path in _SIGNED or path in _RANGES or path.startswith("net/")


MOST_TOLD = 60
"""Characters of a value that a note quotes."""

_SPACES = " \t\n\v\f\r"
_LONGEST = 20
"""Digits, sign and prefix of a number that the kernel still reads (``TMPBUFLEN`` is 22)."""


_INT_KEYS = (BRIDGE, IP_FORWARD, "net/ipv4/conf/", "net/ipv6/conf/")


def holds_number(path: str) -> bool:
    """Whether the kernel is known to show one whole number for a key, and nothing else.

    >>> holds_number("net/ipv4/ip_forward"), holds_number("kernel/core_pattern")
    (True, False)
    """
    return path in _RANGES or (path.startswith(_INT_KEYS) and not path.endswith("/stable_secret"))


def _bounds(path: str) -> tuple[int, int]:
    if path in _RANGES:
        return _RANGES[path]
    if path.startswith(_INT_KEYS):
        return _INT
    return _NET if path.startswith("net/") and not path.endswith(("_mem", "_thresh")) else _WIDEST


def _number(text: str, bounds: tuple[int, int]) -> tuple[int | None, str]:
    """The number at the start of ``text``, and what follows it; None where the kernel refuses."""
    sign = text.startswith("-")
    body = text[1:] if sign else text
    base, prefix = (16, 2) if body[:2] in ("0x", "0X") and body[2:3] in _HEX and body[2:3] else (10, 0)
    if base == 10 and body.startswith("0"):
        base = 8
    digits = body[prefix : prefix + len(body[prefix:]) - len(body[prefix:].lstrip(_DIGITS[base]))]
    length = sign + prefix + len(digits)
    if not digits or length > _LONGEST or text[length : length + 1] not in ("", " ", "\t", "\n"):
        return None, text
    value = int(digits, base) * (-1 if sign else 1)
    return (value if bounds[0] <= value <= bounds[1] else None), text[length:]


_HEX = "0123456789abcdefABCDEF"
_DIGITS = {8: "01234567", 10: "0123456789", 16: _HEX}


def _stored(path: str, number: int) -> str:
    """The bridge's keys hold 1 for any number but 0 (``brnf_sysctl_call_tables``)."""
    return str(int(number != 0)) if path.startswith(BRIDGE) else str(number)


def same_variable(path: str) -> tuple[str, ...]:
    """The names of the variable behind a key, in the order in which a glob expands to them.

    ``net.ipv4.ip_forward`` is another name of ``net.ipv4.conf.all.forwarding`` (net/ipv4/devinet.c).

    >>> same_variable("net/ipv4/ip_forward"), same_variable("vm/swappiness")
    (('net/ipv4/conf/all/forwarding', 'net/ipv4/ip_forward'), ('vm/swappiness',))
    """
    return _FORWARDING if path in _FORWARDING else (path,)


_FORWARDING = ("net/ipv4/conf/all/forwarding", IP_FORWARD)


def master_of(path: str) -> str | None:
    """The key whose writing also sets this one: ``conf.all`` sets the forwarding of every interface and the default.

    IPv4's does so when its number changes (``devinet_sysctl_forward``), IPv6's (``addrconf.c``) at every write; but
    systemd-sysctl does not write a text that is there already.
    """
    head, _, name = path.rpartition("/")
    parent, _, interface = head.rpartition("/")
    if interface == "all" or "/" not in head:
        return None
    if parent == "net/ipv4/conf" and name == "forwarding":
        return IP_FORWARD
    if parent == "net/ipv6/conf" and name in ("forwarding", "disable_ipv6"):
        return f"net/ipv6/conf/all/{name}"
    return None


_DEFAULTS = {
    IP_FORWARD: "0",
    "vm/max_map_count": "65530",
    "vm/overcommit_memory": "0",
    "vm/panic_on_oom": "0",
    "vm/swappiness": "60",
    "fs/inotify/max_user_instances": "128",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
"""What a kernel starts with, whatever its configuration (Documentation/admin-guide/sysctl)."""


def default_of(path: str) -> str | None:
    """What the kernel starts with; None where that depends on its release, configuration or memory.

    >>> default_of("net/ipv4/conf/all/forwarding"), default_of("net/bridge/bridge-nf-call-iptables")
    ('0', '1')
    """
    path = same_variable(path)[-1]
    if path.startswith(BRIDGE + "bridge-nf-call-"):
        return "1"
    if path.startswith(("net/ipv4/conf/", "net/ipv6/conf/")) and path.endswith("/forwarding"):
        return "0"
    return _DEFAULTS.get(path)


_MODULES = (
    (BRIDGE, "br_netfilter"),
    ("net/netfilter/nf_conntrack", "nf_conntrack"),
    ("net/nf_conntrack_max", "nf_conntrack"),
    ("net/ipv4/vs/", "ip_vs"),
    ("net/ipv6/", "ipv6"),
    ("sunrpc/", "sunrpc"),
    ("fs/nfs/", "lockd"),
)


_OF_CONTAINER = (
    "net/", "fs/mqueue/", "kernel/shm", "kernel/msg", "kernel/sem", "kernel/hostname", "kernel/domainname",
)  # fmt: skip
"""Keys of network, IPC and UTS namespaces, of which a container has its own (namespaces(7))."""


def is_of_container(path: str) -> bool:
    """Whether a container has a value of its own; of any other key there is one for the whole machine.

    >>> is_of_container("net/ipv4/ip_forward"), is_of_container("vm/swappiness")
    (True, False)
    """
    return path.startswith(_OF_CONTAINER)


def module_of(path: str) -> str | None:
    """The module that brings a key; None for one that is always there, or not known.

    >>> module_of("net/bridge/bridge-nf-call-iptables"), module_of("vm/swappiness")
    ('br_netfilter', None)
    """
    return next((module for prefix, module in _MODULES if path.startswith(prefix)), None)


PROC_SYS = "/proc/sys"
STABLE_SECRET = JudgedSetting("net.ipv6.conf.*.stable_secret", ("2001:db8::1", "::2"))
"""Judged where a profile asks for it, as each sysctl is: the only one whose name sounds like a secret's."""

MOST_BYTES = 1 << 16


class RunningSysctls(NamedTuple):
    """The files below ``/proc/sys``; each is read when a check asks for it, as there are a thousand."""

    host: Host

    @classmethod
    def reads(cls) -> Sources:
        return (Tree(PROC_SYS, depth=8, most=4096), Call("statvfs"))

    @classmethod
    def judges(cls) -> Judges:
        return (STABLE_SECRET,)

    @classmethod
    def read(cls, host: Host) -> RunningSysctls:
        return cls(host)

    def value(self, path: str) -> str:
        """What a key holds, by its path below ``/proc/sys``.

        Raises Absent where this kernel has no such key, Denied where only root may read it, Offline where the host is
        not running and does not hold the file, Malformed where it is a directory, or a path that leaves ``/proc/sys``.
        """
        if not is_key(path):
            raise Malformed(f"{PROC_SYS}/{path}".replace("\0", "\\x00"), "is the path of no sysctl")
        return text(self.host, f"{PROC_SYS}/{path}", MOST_BYTES).strip("\n")

    def can_be_set(self, path: str) -> bool:
        """Whether a key is there, and a container's own root may write to it.

        A key that belongs to no namespace is read-only or not there in others than the first (Linux net/sysctl_net.c),
        and a runtime may mount /proc/sys read-only. Raises what the host raises for a path that cannot be looked at.
        """
        found = stat_or_none(self.host, f"{PROC_SYS}/{path}")
        return found is not None and bool(found.mode & 0o200) and not is_read_only(self.host, f"{PROC_SYS}/{path}")
