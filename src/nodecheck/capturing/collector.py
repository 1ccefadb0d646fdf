"""The collector: a POSIX sh script that captures a node without Python, made of what facts declare as their sources.

``collector.sh`` beside this file is its engine, written by hand. What it looks at is generated here, so that it cannot
fall behind the facts.
"""

from __future__ import annotations

import re
from binascii import b2a_hex
from collections.abc import Iterable, Iterator
from shlex import quote
from textwrap import wrap

from nodecheck.checking.reads import facts_of
from nodecheck.digest import APPLICATION_ID
from nodecheck.facts.security.filter_tables import OTHERS_TABLES
from nodecheck.facts.security.nft_tables import NFT_ASKED
from nodecheck.host.programs import SEARCH_PATH
from nodecheck.model.sources import (
    AnySource,
    Dir,
    Each,
    Exists,
    File,
    First,
    Program,
    Sources,
    Tree,
    UnitText,
    declared,
)
from nodecheck.plugins import Registry
from nodecheck.record import NamedTuple
from nodecheck.running.phase_aware import asked_for
from nodecheck.shipped import shipped

WIDTH = 250
"""Columns of a line of the script."""

_ALSO: Sources = (
    *[Dir(folder) for folder in ("/", "/etc/alternatives", *SEARCH_PATH)],
    Tree("/etc/containerd", "*.toml", 2),  # what `imports` names by relative paths
    File("/proc/sys/kernel/random/boot_id"),
)
"""What no fact declares: programs, what else is at the top, and the boot."""

_HELD = {
    "release": ("*",),
    "tree.release": ("*",),
    "tree.path": ("/lib/modules/*", "/usr/lib/modules/*"),
}
"""By the field of another fact that an ``Each`` names: what it may hold. Other fields hold paths that are declared by
that fact, or that the node's own files name: those the script follows."""

_PROCESS = "/proc/*/"
"""Files of processes: the engine takes those that hold sockets that listen."""

MOST_DEPTH = 16


PARTS = ("uname", "processes", "kernel", "trees")
"""What the engine does beside files and programs: names of the system, processes and who listens, netlink and the
clock, and what an image holds of /proc and /sys."""

SPACES = (
    "/", "/var", "/var/lib", "/var/log", "/run", "/proc/sys/kernel", "/proc/1/root/proc/sys/kernel",
    "/var/lib/kubelet", "/var/lib/containerd", "/var/lib/containers", "/var/lib/docker", "/var/lib/k0s",
    "/var/lib/rancher", "/var/lib/etcd", "/sys/fs/cgroup", "/sys/fs/cgroup/unified",
)  # fmt: skip
"""Paths whose file systems are asked for their room and their kind."""

_BLOCKS = 2049
"""Of 512 bytes: one more than the files of most kinds have that are read."""
WHOLE_BLOCKS = 16385
"""The same of the largest that a capture holds."""


class ToCollect(NamedTuple):
    """What a script is to bring."""

    sources: tuple[AnySource, ...]
    heads: tuple[str, ...] = ()
    """Programs of which the first bytes are read."""
    parts: tuple[str, ...] = PARTS
    spaces: tuple[str, ...] = SPACES
    blocks: int = _BLOCKS
    large: tuple[str, ...] = ()
    """Directories of rpm databases that are known to be too large to be carried."""


def script(registry: Registry, wanted: ToCollect | None = None) -> str:
    """The script that collects what the checks of a registry read, or what is wanted alone."""
    told = wanted or ToCollect((*sources_of(registry), *_ALSO))
    parts = {
        "@sources": words(told.sources, told.heads),
        "@programs": programs(told.sources),
        "@awk": packed(shipped("capturing/collector.awk"), " "),
        "@ask": (_netlink(),),
        "@parts": tuple(_parts(told)),
    }
    engine = packed(shipped("capturing/collector.sh"), "; ")
    return "\n".join([line for part in engine for line in parts.get(part.strip(" "), (part,))]) + "\n"


def _parts(wanted: ToCollect) -> Iterator[str]:
    lines = wrap(" ".join(wanted.spaces), WIDTH, break_long_words=False, break_on_hyphens=False)
    large = "".join([f" {folder} " for folder in wanted.large])
    yield f"PARTS=' {' '.join(wanted.parts)} ' MOST={wanted.blocks} SPACES='{chr(10).join(lines)}' LARGE='{large}'"
    yield f"OTHERS='{' '.join([f'{name}*' for name in OTHERS_TABLES])}' # tables of nf_tables that are not looked at"


_CONTINUES = ("{", " do", " then", "else", ";;", " in", "&&", "||", "|", "&", ",")
_COMMENT = re.compile(r" # [a-z]")


def packed(text: str, after_brace: str) -> tuple[str, ...]:
    """The lines of a program of sh or awk, those of a function put together up to the width.

    What is at the top, comments and words in quotes over several lines stay as they are. ``after_brace`` goes between
    a closing brace and what follows.
    """
    lines: list[str] = []
    before, joins, quoted = "", False, False
    for line in text.rstrip("\n").split("\n"):
        indented = line.startswith(" ") or line == "}"
        both = lines[-1] + _between(before, after_brace) + line.strip(" ") if joins and indented and not quoted else ""
        if both and len(both) <= WIDTH:
            lines[-1] = both
        else:
            lines.append(line)
        before = line
        began = quoted
        quoted ^= line.count("'") % 2 == 1 and not line.startswith("#")
        joins = not quoted and not began and not line.startswith(("#", "@")) and not _COMMENT.search(line)
    return tuple(lines)


def _between(line: str, after_brace: str) -> str:
    """What parts a line from the next where both stand on one."""
    is_arm = line.endswith(")") and line.count(")") > line.count("(")  # of a case
    return after_brace if line.endswith("}") else " " if is_arm or line.endswith(_CONTINUES) else "; "


def sources_of(registry: Registry) -> tuple[AnySource, ...]:
    """The declared sources of all facts of all checks, each once."""
    facts: dict[type, bool] = {}
    for check in registry.all_checks():
        facts.update(facts_of(check, registry.readers, asked_for(check)))
    found = {(type(source), source): source for fact in facts for source in declared(fact) or ()}
    return tuple(found.values())


def words(sources: Iterable[AnySource], heads: Iterable[str] = ()) -> tuple[str, ...]:
    """What the engine goes through, in lines: ``/etc/sysctl.d:1 *.conf /etc: fstab hosts - csf``.

    A directory with a number is listed so deep, and its files of these patterns are read. Without one, its files of
    these names are read, those behind ``-`` are looked at, and of programs behind ``+`` the first bytes are read.
    """
    plain = [*_plain(sources)]
    trees = _trees(plain)
    parts = [f"{folder}:{depth} {' '.join(patterns)}" for folder, (depth, patterns) in trees.items()]
    for folder, (read, seen) in _places(plain, trees).items():
        parts.append(" ".join([f"{folder}:", *read, *(["-", *seen] if seen else [])]))
    by_folder: dict[str, list[str]] = {}
    for path in sorted(heads):
        folder, _, name = path.rpartition("/")
        by_folder.setdefault(folder or "/", []).append(name)
    parts += [f"{folder}: + {' '.join(names)}" for folder, names in by_folder.items()]
    return tuple(wrap(" ".join(parts), WIDTH, break_long_words=False, break_on_hyphens=False))


def _plain(sources: Iterable[AnySource]) -> Iterator[File | Tree | Dir | Exists]:
    """Files and directories alone; the texts of units as trees of systemd's directories."""
    sources = tuple(sources)
    units = any(isinstance(source, UnitText) for source in sources)
    for source in sources:
        if isinstance(source, First):
            yield from map(File, source.paths)
        elif isinstance(source, Each):
            for form in source.forms:
                for held in _HELD.get(source.field, ()):
                    yield from _listed(form._replace(path=form.path.replace("{}", held)))
            if File("{}") in source.forms:
                yield from [File(one.path) for one in declared(source.fact) or () if isinstance(one, Exists)]
        elif isinstance(source, Dir) and units and source.depth == 2 and "/systemd/" in source.path:
            yield Tree(source.path, "*", 2)
        elif isinstance(source, (File, Tree, Dir, Exists)):
            yield from _listed(source)


def _listed(source: File | Tree | Dir | Exists) -> Iterator[File | Tree | Dir | Exists]:
    """A source, and what tells that names which a pattern would give are not there: the listing above."""
    folder, _, name = source.path.rpartition("/")
    if isinstance(source, (Tree, Dir)) or "*" not in name:
        yield source
    else:
        yield Tree(folder, name) if isinstance(source, File) else Dir(folder)
    if "*" in folder:
        above = folder.partition("*")[0].rpartition("/")[0]
        yield Dir(above, folder.count("/") - above.count("/"))


def _trees(plain: Iterable[AnySource]) -> dict[str, tuple[int, tuple[str, ...]]]:
    """By the path of each directory that is listed: how deep, and the patterns of what is read."""
    found: dict[str, tuple[int, tuple[str, ...]]] = {}
    for source in plain:
        if isinstance(source, (Tree, Dir)) and not source.path.startswith(_PROCESS):
            depth, patterns = found.get(source.path, (0, ()))
            own = (source.pattern,) if isinstance(source, Tree) and source.pattern not in patterns else ()
            new = 0 if source.path == "/proc" else min(source.depth, MOST_DEPTH)
            found[source.path] = max(depth, new), ("*",) if "*" in (*patterns, *own) else (*patterns, *own)
    return dict(sorted(found.items()))


def _places(
    plain: Iterable[AnySource], trees: dict[str, tuple[int, tuple[str, ...]]]
) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """By the path of each other directory: the names in it that are read, and that are looked at."""
    from fnmatch import fnmatchcase

    read: dict[str, dict[str, None]] = {}
    seen: dict[str, dict[str, None]] = {}
    for source in plain:
        if not isinstance(source, (File, Exists)) or source.path.startswith(_PROCESS):
            continue
        folder, _, name = source.path.rpartition("/")
        depth, patterns = trees.get(folder, (0, ()))
        if isinstance(source, File) and not any(fnmatchcase(name, pattern) for pattern in patterns):
            read.setdefault(folder or "/", {})[name] = None
        elif isinstance(source, Exists) and depth == 0 and name:
            seen.setdefault(folder or "/", {})[name] = None
    found: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for folder in sorted({*read, *seen}):
        names = read.get(folder, {})
        found[folder] = tuple(names), tuple([name for name in seen.get(folder, ()) if name not in names])
    return found


def programs(sources: Iterable[AnySource]) -> tuple[str, ...]:
    """The calls for the commands that can be asked without knowing the node. Where no Python asks netlink, the engine
    itself asks for the tables of nf_tables."""
    asked = [source.argv for source in sources if isinstance(source, Program) and "*" not in source.argv]
    found = [argv for argv in asked if argv not in NFT_ASKED]
    if not found:
        return ()
    return packed("{\n" + "\n".join([f"  run {' '.join(map(quote, argv))}" for argv in found]) + "\n}", "; ")


def _netlink() -> str:
    """The part in Python, which asks for netlink's tables."""
    told = shipped("capturing/collector_netlink.txt").rstrip("\n")
    return told.replace("@asks", _asks()).replace("@application", APPLICATION_ID.hex())


def _asks() -> str:
    """The requests for netlink's tables, as a Python list of name, protocol and bytes in hex.

    Rules of nf_tables are asked for by table, those of all its chains at once.
    """
    from nodecheck.host.netlink import FIREWALL, TABLES
    from nodecheck.host.netlink.tables import GET_RULE, NFTABLES, asks, table_of

    found = [(table, table_of(table).protocol, ask.request) for table in (*TABLES, FIREWALL) for ask in asks(table)]
    rules = bytes((20, 0, 0, 0, GET_RULE, NFTABLES, 1, 3, 1, 0, 0, 0)) + bytes(8)
    found.append(("nft_rules", table_of(FIREWALL).protocol, rules))
    items = [f'("{table}", {protocol}, "{b2a_hex(request).decode()}")' for table, protocol, request in found]
    return f"[{', '.join(items)}]"
