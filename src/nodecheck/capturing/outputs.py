"""What commands printed, in archives of other tools, as answers to the questions that nodecheck asks.

Each function takes the text and gives an answer, or None where the text is not what it must be: a verdict that is made
wrong by an archive is a bug of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from nodecheck.host.base import ClockState
from nodecheck.host.link_address import derived_address
from nodecheck.host.netlink.rows import AddressRow, HopRow, LinkRow, ListenerRow, RouteRow

_LINK = re.compile(r"([0-9]+): ([^:@\s]+)(?:@([^:\s]+))?: <([^>]*)> mtu ([0-9]+)(.*)")
_LETTERS = re.compile(r"\s+link/(\S+)(?: ([0-9a-f:.]+))?")
_FLAGS = {"UP": 1, "BROADCAST": 2, "LOOPBACK": 8, "POINTOPOINT": 0x10, "NOARP": 0x80, "PROMISC": 0x100,
          "MULTICAST": 0x1000, "LOWER_UP": 0x10000, "DORMANT": 0x20000}  # fmt: skip
_RUNNING = 0x40
"""``IFF_RUNNING``: ip(8) prints ``NO-CARRIER`` where a link that is up lacks it."""

_SCOPES = {"global": 0, "site": 200, "link": 253, "host": 254, "nowhere": 255}
_TYPES = {"unicast": 1, "local": 2, "broadcast": 3, "anycast": 4, "multicast": 5, "blackhole": 6, "unreachable": 7,
          "prohibit": 8, "throw": 9}  # fmt: skip
_TABLES = {"main": 254, "local": 255, "default": 253}
_KINDS = ("bridge", "veth", "dummy", "vlan", "vxlan", "bond", "ifb", "tun", "ipip", "gre", "sit", "macvlan", "ipvlan",
          "wireguard", "vrf", "team", "geneve", "ipvs")  # fmt: skip


def links(text: str) -> tuple[LinkRow, ...] | None:
    """The links of ``ip -d address`` or ``ip -d link``."""
    found: list[LinkRow] = []
    masters: list[str | None] = []
    lowers: list[str | None] = []
    for line in text.split("\n"):
        head = _LINK.match(line)
        if head:
            flags = head[4].split(",")
            bits = sum(_FLAGS.get(flag, 0) for flag in flags)
            bits |= _RUNNING if "UP" in flags and "NO-CARRIER" not in flags else 0
            state = re.search(r" state (\S+)", head[6])
            master = re.search(r" master (\S+)", head[6])
            found.append(
                LinkRow(int(head[1]), bits, head[2], int(head[5]), state[1] if state else None, None, None, None, None)
            )
            masters.append(master[1] if master else None)
            lowers.append(None if head[3] in (None, "NONE") else head[3])
        elif found and (letters := _LETTERS.match(line)):
            found[-1] = found[-1]._replace(address=derived_address(letters[2]))
        elif found and line[:4] == "    " and (word := line.split()[:1]) and word[0] in _KINDS:
            found[-1] = found[-1]._replace(kind=word[0])
    numbers = {row.name: row.ifindex for row in found}
    rows = [
        row._replace(master=numbers.get(master or ""), lower=_lower(lower, numbers))
        for row, master, lower in zip(found, masters, lowers)
    ]
    return tuple(rows) or None


def _lower(name: str | None, numbers: Mapping[str, int]) -> int | None:
    if name is None:
        return None
    return int(name[2:]) if re.fullmatch("if[0-9]{1,9}", name) else numbers.get(name)


def addresses(text: str) -> tuple[AddressRow, ...] | None:
    """The addresses of ``ip -d address``."""
    rows: list[AddressRow] = []
    number = None
    for line in text.split("\n"):
        head = _LINK.match(line)
        if head:
            number = int(head[1])
            continue
        found = re.match(r"\s+(inet6?) ([0-9a-f.:]+)(?: peer [0-9a-f.:]+)?(?:/([0-9]+))? .*?scope (\S+)(.*)", line)
        peer = re.match(r"\s+inet6? \S+ peer [0-9a-f.:]+/([0-9]+) ", line)
        if found and number is not None:
            family = 2 if found[1] == "inet" else 10
            length = int(peer[1] if peer else found[3] or (32 if family == 2 else 128))
            words = found[5].split()
            flags = sum(bit for word, bit in _ADDRESS_FLAGS.items() if word in words) | (
                0 if "dynamic" in words else 0x80
            )
            rows.append(AddressRow(family, length, flags, _SCOPES.get(found[4], 0), number, found[2]))
    return tuple(rows) or None


_ADDRESS_FLAGS = {"tentative": 0x40, "dadfailed": 8, "deprecated": 0x20, "secondary": 1}


def routes(text: str, family: int, numbers: Mapping[str, int]) -> Iterator[RouteRow]:
    """The routes of ``ip route show table all`` of one family; ``numbers`` are the indexes of the links.

    Without ``-6`` ip(8) prints those of both families for all tables.
    """
    row: RouteRow | None = None
    for line in text.split("\n"):
        if line[:1] in (" ", "\t") and row is not None and line.split()[:1] == ["nexthop"]:
            hop = HopRow(_hop_flags(line), _number(line, numbers) or 0, _after(line, "via"))
            row = row._replace(hops=(*(row.hops or ()), hop))
            continue
        if row is not None:
            yield row
        row = _route(line, family, numbers)
    if row is not None:
        yield row


def _route(line: str, family: int, numbers: Mapping[str, int]) -> RouteRow | None:
    words = line.split()
    if not words or line[:1] in (" ", "\t") or (family == 2 and (":" in line or " pref " in line)):
        return None
    kind = _TYPES.get(words[0], 0)
    name = words[1] if kind and len(words) > 1 else words[0]
    address, _, length = name.partition("/")
    whole = name in ("default", "all")
    if not whole and not re.fullmatch(r"[0-9a-f.:]+", address):
        return None
    table = _after(line, "table")
    number = _TABLES.get(table or "main") or (int(table) if table and table.isdigit() else None)
    if number is None:
        return None
    metric = _after(line, "metric")
    return RouteRow(
        family, 0 if whole else int(length or (32 if family == 2 else 128)), number, 3, kind or 1, _hop_flags(line),
        None if whole else address, _number(line, numbers), _after(line, "via"),
        int(metric) if metric and metric.isdigit() else None, None, None,
    )  # fmt: skip


def _after(line: str, word: str) -> str | None:
    found = re.search(rf" {word} (?:inet6? )?(\S+)", line)
    return found[1] if found else None


def _number(line: str, numbers: Mapping[str, int]) -> int | None:
    return numbers.get(_after(line, "dev") or "")


def _hop_flags(line: str) -> int:
    words = line.split()
    return (1 if "dead" in words else 0) | (0x10 if "linkdown" in words else 0)


def listeners(text: str) -> tuple[ListenerRow, ...] | None:
    """The listening TCP sockets of ``netstat -neopa``: user and inode are told by ``-e``.

    The list is whole where that of the Unix sockets has begun after it; of a part, no port counts as free.
    """
    rows = []
    if "Active Internet connections" not in text or "\nActive UNIX domain sockets" not in text:
        return None
    for line in text.split("\n"):
        words = line.split()
        if len(words) > 7 and words[0] in ("tcp", "tcp6") and words[5] == "LISTEN" and words[7].isdigit():
            address, _, port = words[3].rpartition(":")
            if port.isdigit() and words[6].isdigit():
                family = 10 if words[0] == "tcp6" else 2
                rows.append(ListenerRow(family, int(port), address, 0, int(words[6]), int(words[7]), None))
    return tuple(rows)


def clock(text: str) -> ClockState | None:
    """The clock as ``timedatectl`` says it: synchronised as the kernel has it (STA_UNSYNC, adjtimex(2))."""
    found = re.search(r"^\s*(?:System clock synchronized|NTP synchronized): (yes|no)$", text, re.MULTILINE)
    if found is None:
        return None
    return ClockState(0, 0, 0, 0) if found[1] == "yes" else ClockState(5, 0x40, 16_000_000, 16_000_000)


def sysctls(text: str) -> dict[str, bytes]:
    """The paths below ``/proc/sys`` and their values, out of ``sysctl -a``; what has several lines is left out."""
    found: dict[str, bytes | None] = {}
    for line in text.split("\n"):
        key, mark, value = line.partition(" = ")
        if mark and re.fullmatch(r"[\w./@:-]+", key):
            path = "/proc/sys/" + key.translate(_SWAPPED)
            found[path] = None if path in found else value.encode("utf-8", "surrogateescape") + b"\n"
    return {path: value for path, value in found.items() if value is not None}


_SWAPPED = str.maketrans("./", "/.")
"""sysctl(8) prints a dot in the name of an interface as ``/``."""


def modules(text: str) -> bytes | None:
    """``/proc/modules``, out of ``lsmod``."""
    lines = [line.split() for line in text.split("\n") if line.strip()]
    if not lines or lines[0][:3] != ["Module", "Size", "Used"]:
        return None
    rows = [[*words[:3], words[3] if len(words) > 3 else "-"] for words in lines[1:] if len(words) >= 3]
    told = [" ".join([*row[:3], row[3] if row[3] == "-" else row[3].rstrip(",") + ",", "Live", "0x0"]) for row in rows]
    return "".join([f"{line}\n" for line in told]).encode()


def units(text: str) -> str | None:
    """What ``systemctl list-units --all`` printed, without its header and legend."""
    if "loaded units listed" not in text:
        return None  # a listing that was cut
    kept = []
    for line in text.split("\n"):
        words = line.lstrip("\u25cf* ").split()
        if len(words) >= 4 and words[0].endswith((".service", ".socket")) and words[1] in _LOADS:
            kept.append(" ".join(words))
    return "".join([f"{line}\n" for line in kept])


_LOADS = ("loaded", "not-found", "bad-setting", "error", "masked", "merged", "stub")
