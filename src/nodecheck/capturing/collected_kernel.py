"""What the collector brought of the running kernel: netlink's dumps, disks, users, the clock."""

from __future__ import annotations

import re
import sys
from binascii import Error, a2b_base64
from collections.abc import Mapping, Sequence

from nodecheck.capturing.image import Image
from nodecheck.errors import FactError, Malformed, Unsupported
from nodecheck.host.base import ClockState, Completed, Question, Space
from nodecheck.host.link_address import known_again
from nodecheck.host.netlink import FIREWALL, TABLES, ChainRow, RuleRow, rows_of
from nodecheck.host.netlink.nft import FAMILIES
from nodecheck.typed import Any

Dumps = Mapping[str, Sequence["Sequence[bytes] | int"]]
"""By netlink table: of each dump its datagrams in base64, or an errno."""

_IN_FILES = ("links", "addresses", "routes", "listeners")
"""Tables for which facts read the kernel's files where it refuses netlink. Of others nothing is known where nobody
asked: a kernel that has no nf_tables says so itself."""

NOBODY = "no program of the node could ask the kernel for it"


def settle_kernel(image: Image, dumps: Dumps, spaces: Mapping[str, tuple[int, ...]]) -> None:
    """Put into the image what a running node was asked."""
    for path, numbers in spaces.items():
        image.answers[Question("statvfs", (path,))] = _space(image, path, numbers)
    if not image.origin.running:
        return
    foreign = image.answers.get(Question("byte_order")) != sys.byteorder
    for table in (*TABLES, FIREWALL):
        if table in dumps or table in _IN_FILES:
            image.answers.setdefault(Question("netlink", (table,)), _table(table, dumps.get(table, ()), foreign))
    if dumps.get("nft_rules") and not foreign:
        _settle_rules(image, dumps["nft_rules"])
    _settle_users(image)
    if Question("clock") not in image.answers:
        image.answers[Question("clock")] = _clock(image)


def _table(table: str, dumps: Sequence[Sequence[bytes] | int], foreign: bool, keep: bool = True) -> Any:
    """The rows of a table; the error where there are none. Without ``keep`` those of other tables too."""
    source = f"netlink {table}".replace("\0", " ")
    if not dumps:
        return Unsupported(source, NOBODY)
    if foreign:
        return Unsupported(source, "the node has another byte order than this machine")
    try:
        rows = rows_of(table, [one if isinstance(one, int) else [*map(a2b_base64, one)] for one in dumps], keep)
        return rows if table != "links" else tuple([row._replace(address=known_again(row.address)) for row in rows])
    except FactError as error:
        return error
    except (Error, ValueError) as error:
        return Malformed(source, f"no base64: {error}")


def _settle_rules(image: Image, dumps: Sequence[Sequence[bytes] | int]) -> None:
    """The rules of each chain, out of the dumps of all rules, or of those of each table."""
    chains = image.answers[Question("netlink", (FIREWALL,))]
    found = [_table("nft_rules inet \0", [one], False, keep=False) for one in dumps]
    problem = next((one for one in found if not isinstance(one, tuple)), None)
    by_chain: dict[tuple[int, str, str], list[RuleRow]] = {}
    for row in [row for rows in found if problem is None for row in rows]:
        by_chain.setdefault((row.family, row.table, row.chain), []).append(row)
    for chain in chains if isinstance(chains, tuple) else ():
        if isinstance(chain, ChainRow) and chain.family in FAMILIES:
            table = f"nft_rules {FAMILIES[chain.family]} {chain.table}\0{chain.name}"
            own = tuple(by_chain.get((chain.family, chain.table, chain.name), ()))
            image.answers[Question("netlink", (table,))] = own if problem is None else problem


def _space(image: Image, path: str, numbers: tuple[int, ...]) -> Space:
    """The words of ``stat -f -c '%S %b %f %a %c %d'``: it does not say whether it is read-only, mounts do."""
    size, blocks, free, available, inodes, inodes_free = numbers
    return Space(size, blocks, free, available, inodes, inodes_free, inodes_free, _is_read_only(image, path))


_FIRST_ROOT = "/proc/1/root"


def _is_read_only(image: Image, path: str) -> bool:
    """Whether the mount that a path lies on, or its file system, is read-only (proc(5), ``mountinfo``)."""
    inner = path.startswith(f"{_FIRST_ROOT}/")
    entry = image.entries.get("/proc/1/mountinfo" if inner else "/proc/self/mountinfo")
    place, found, read_only = path.removeprefix(_FIRST_ROOT) if inner else path, "", False
    for line in ((entry and entry.content) or b"").decode("utf-8", "surrogateescape").split("\n"):
        words = line.split(" ")
        if "-" not in words[6:] or len(words) < 10:
            continue
        point, above = words[4], words[words.index("-", 6) + 3 :]
        covers = point == "/" or place == point or place.startswith(f"{point}/")
        if covers and len(point) >= len(found):
            found, read_only = point, "ro" in words[5].split(",") or "ro" in ",".join(above).split(",")
    return read_only


def _settle_users(image: Image) -> None:
    """The users of the processes whose status is known, by the node's own ``/etc/passwd``."""
    entry = image.entries.get("/etc/passwd")
    lines = ((entry and entry.content) or b"").decode("utf-8", "surrogateescape").split("\n")
    names = {words[2]: words[0] for words in [line.split(":") for line in lines] if len(words) > 2}
    for path, known in image.entries.items():
        process = re.fullmatch("/proc/([0-9]{1,9})/status", path)
        uid = re.search(rb"^Uid:\s+([0-9]+)", known.content or b"", re.MULTILINE)
        if process is not None and uid is not None:
            number = uid[1].decode()
            pid = int(path.split("/")[2])
            image.answers[Question("process_user", (pid,))] = names.get(number, number)


def _clock(image: Image) -> ClockState | FactError:
    """What ``adjtimex`` of busybox prints."""
    for argv in (("adjtimex",), ("busybox", "adjtimex")):
        done = image.answers.get(Question("run", (argv,)))
        if not isinstance(done, Completed):
            continue
        words: dict[str, str] = dict(
            re.findall(r"^\W*(\w+|return value):\s+(-?[0-9]{1,18})", done.stdout, re.MULTILINE)
        )
        if {"status", "maxerror", "esterror", "return value"} <= words.keys():
            names = ("return value", "status", "maxerror", "esterror")
            return ClockState(*[int(words[name]) for name in names])
    return Unsupported("adjtimex(2)", NOBODY)
