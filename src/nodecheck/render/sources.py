"""Sources for people: what is read, in a few lines of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import TypeVar

from nodecheck.model.sources import (
    AnySource,
    Call,
    Dir,
    Exists,
    File,
    First,
    Named,
    Netlink,
    Program,
    Sources,
    Tree,
    UnitText,
    plain_forms,
    told,
)

Key = TypeVar("Key")

_TWICE = (("/lib/", "/usr/lib/"), ("/sbin/", "/usr/sbin/"), ("/bin/", "/usr/bin/"))
"""The first is a link to the second on most systems, and not shown beside it."""

_PATHS: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("Files", (File, First, Tree)),
    ("Names in directories", (Dir,)),
    ("Whether there is", (Exists,)),
)
_OTHERS: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("The kernel by", (Netlink, Call)),
    ("Commands", (Program,)),
)


def source_lines(sources: Sources) -> Iterator[str]:
    """One item of a list for each kind of source that is there."""
    plain = [form for source in sources for form in plain_forms(source)]
    done: set[str] = set()
    for label, kinds in _PATHS:
        found = [path for path in _texts(plain, kinds) if path not in done]
        yield from _line(label, [f"`{path}`" for path in folded(_once(found))])
        done.update(found)
        if label == "Files":
            yield from _line("Units of systemd with their drop-ins", [f"`{name}`" for name in _widest(plain)])
            yield from _line("Files that are named by", _texts(plain, (Named,)), "; ")
    for label, kinds in _OTHERS:
        yield from _line(label, [f"`{text}`" for text in _texts(plain, kinds)])


def _line(label: str, items: list[str], between: str = ", ") -> Iterator[str]:
    if items:
        yield f"- {label}: {between.join(items)}"


def _texts(sources: Iterable[AnySource], kinds: tuple[type, ...]) -> list[str]:
    found = {text for source in sources if isinstance(source, kinds) for text in told(source)}
    return sorted(found - {"…"})  # a path that is told elsewhere as a whole


def _once(paths: list[str]) -> list[str]:
    there = set(paths)
    twice = {link + path[len(target) :] for path in paths for link, target in _TWICE if path.startswith(target)}
    return sorted(there - twice)


def _widest(sources: Iterable[AnySource]) -> list[str]:
    """The names of units without those that a pattern among them covers."""
    names = _texts(sources, (UnitText,))
    return [name for name in names if not any(name != other and fnmatchcase(name, other) for other in names)]


def folded(paths: Iterable[str]) -> list[str]:
    """Paths as a shell would take them, those side by side in braces.

    >>> folded(["/etc/a.d/*.conf", "/run/a.d/*.conf", "/etc/b.d/*.conf", "/run/b.d/*.conf", "/etc/x", "/etc/y"])
    ['/etc/{x,y}', '/{etc,run}/{a.d,b.d}/*.conf']
    """
    names = _grouped([(path.rpartition("/")[0], path.rpartition("/")[2]) for path in paths])
    heads = _grouped([((folder.rpartition("/")[2], last), folder.rpartition("/")[0]) for folder, last in names.items()])
    tails = _grouped([((head, last, tail == ""), tail) for (tail, last), head in heads.items()])
    return sorted([_joined(head, tail, last) for (head, last, _), tail in tails.items()])


def _grouped(pairs: Iterable[tuple[Key, str]]) -> Mapping[Key, str]:
    """Each key to its values in braces."""
    found: dict[Key, list[str]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return {key: values[0] if len(values) == 1 else _braces(values) for key, values in found.items()}


def _braces(parts: list[str]) -> str:
    rooted = all(part.startswith("/") for part in parts)
    return ("/" if rooted else "") + "{" + ",".join(part[1:] if rooted else part for part in sorted(parts)) + "}"


def _joined(head: str, tail: str, last: str) -> str:
    """The path again; one in the root directory has neither head nor tail, and ``…`` has no slash before it."""
    path = "/".join([part for part in (head, tail, last) if part])
    return path if head or path.startswith("…") else f"/{path}"
