"""The form in which trees of files are kept here, and how one is laid below a directory.

A base is two files. ``NAME.manifest`` has a line for each entry, under the origin it comes from:

    = systemd 257.8-1~deb13u2
    0644 usr/lib/systemd/system/basic.target
    0755 usr/bin/systemctl program
    usr/sbin/init -> ../lib/systemd/systemd

A ``program`` is a stand-in: its content is not kept, but for the line that names a script's interpreter or, where there
is none, the four bytes with which programs begin. ``cut`` means that only some lines are kept. ``NAME.texts`` has the
contents, each behind a line with its size and path.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nodecheck.record import NamedTuple
from nodecheck.testing import Entry, TreeFile, TreeLink

HERE = Path(__file__).parent
ELF = b"\x7fELF"
"""What a program begins with that is no script (elf(5))."""


class Kept(NamedTuple):
    """One entry of a tree, and where it comes from."""

    path: str
    origin: str
    mode: int = 0o644
    target: str | None = None
    """Of a symbolic link."""
    text: bytes = b""
    how: str = ""
    """``program`` or ``cut``; empty where the file is whole."""

    @property
    def entry(self) -> Entry:
        """What ``write_tree`` makes of it."""
        return TreeFile(self.text, self.mode) if self.target is None else TreeLink(self.target)


def base(name: str) -> tuple[Kept, ...]:
    """The entries of the base of this name."""
    return read_base((HERE / f"{name}.manifest").read_text(), (HERE / f"{name}.texts").read_bytes())


def read_base(manifest: str, texts: bytes) -> tuple[Kept, ...]:
    r"""Read both files of a base.

    >>> read_base("= p 1\n0755 usr/bin/x program\na -> b\n", b"")[1]
    Kept(path='a', origin='p 1', mode=420, target='b', text=b'', how='')
    """
    contents, found, origin = dict(_contents(texts)), [], ""
    for line in manifest.split("\n"):
        if line.startswith("= "):
            origin = line[2:]
        elif " -> " in line:
            path, _, target = line.partition(" -> ")
            found.append(Kept(path, origin, target=target))
        elif line:
            mode, path, *how = line.split(" ")
            text = contents.get(path, ELF if how == ["program"] else b"")
            found.append(Kept(path, origin, int(mode, 8), None, text, *how))
    return tuple(found)


def _contents(texts: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    while at < len(texts):
        end = texts.index(b"\n", at)
        size, _, path = texts[at:end].decode().partition(" ")
        yield path, texts[end + 1 : end + 1 + int(size)]
        at = end + 2 + int(size)


def write_base(entries: tuple[Kept, ...]) -> tuple[str, bytes]:
    """Both files of a base: what ``read_base`` reads."""
    lines, texts = list[str](), list[bytes]()
    for origin in sorted({entry.origin for entry in entries}):
        lines.append(f"= {origin}")
        lines += [_line(entry) for entry in entries if entry.origin == origin]
    for entry in entries:
        if entry.text != ELF and entry.target is None and (entry.text or entry.how):
            texts.append(f"{len(entry.text)} {entry.path}\n".encode() + entry.text + b"\n")
    return "\n".join(lines) + "\n", b"".join(texts)


def _line(entry: Kept) -> str:
    if entry.target is not None:
        return f"{entry.path} -> {entry.target}"
    return f"{entry.mode:04o} {entry.path} {entry.how}".rstrip()
