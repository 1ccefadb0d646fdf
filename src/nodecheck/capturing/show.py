"""What a capture knows, for people: of itself, and of a path. Safe for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from time import gmtime, strftime

from nodecheck.capturing.host import CaptureHost
from nodecheck.capturing.image import ABSENT, Image, PathEntry, Range
from nodecheck.errors import Absent, FactError, NotCaptured
from nodecheck.host.base import Stat
from nodecheck.host.questions import source_of
from nodecheck.text import decode, printable

_KINDS = {
    "file": "a file", "dir": "a directory", "link": "a link", "fifo": "a FIFO", "socket": "a socket",
    "block": "a block device", "char": "a character device", "null": "/dev/null",
}  # fmt: skip


_LACKING = "  is not in the capture"


def overview(image: Image) -> str:
    """When, of what and by which tool a capture was made, and how much it holds."""
    origin = image.origin
    kinds = [question.verb for question in image.answers]
    contents = [entry for entry in image.entries.values() if entry.content is not None]
    rows = [
        ("captured", origin.time),
        ("of", "a node that ran" if origin.running else f"the file system in {origin.path}"),
        ("host name", _host_name(image) or "-"),
        ("by", origin.tool),
        ("plugins", ", ".join(origin.plugins) or "-"),
        ("redacted", "yes" if origin.redacted else "no"),
        ("paths", str(len(image.entries))),
        ("files", f"{len(contents)} with content, {sum(len(entry.content or b'') for entry in contents)} bytes"),
        ("commands", str(kinds.count("run"))),
        ("tables", str(kinds.count("netlink"))),
        ("answers", str(len(kinds) - kinds.count("run") - kinds.count("netlink"))),
    ]
    return "".join(f"{name:<10} {printable(value)}\n" for name, value in rows)


def _host_name(image: Image) -> str | None:
    for path in ("/proc/sys/kernel/hostname", "/etc/hostname"):
        entry = image.entries.get(path)
        if entry is not None and entry.content:
            return decode(entry.content).strip()
    return None


def of_path(host: CaptureHost, path: str) -> str:
    """All that a capture knows of a path, and of where it leads; of a command or a table its answer."""
    lines = (printable(path), *(_place(host, path) if path[:1] == "/" else ()), *_answers(host.image, path))
    return "".join([f"{line}\n" for line in (lines if len(lines) > 1 else (*lines, _LACKING))])


def _place(host: CaptureHost, path: str) -> Iterator[str]:
    try:
        target = host.link(path)
        if target is not None:
            yield f"  a link to {printable(target)}"
        place, entry = host.place(path)
    except NotCaptured:
        yield _LACKING
    except Absent as error:
        yield f"  is not there: {printable(error.detail)}"
    except FactError as error:
        yield f"  could not be had: {printable(error.detail)}"
    else:
        if place != path:
            yield f"  leads to {printable(place)}"
        yield from _entry(entry)


def _entry(entry: PathEntry) -> Iterator[str]:
    kind = _KINDS.get(
        entry.kind or "", "something of another kind" if entry.kind else "something that was not looked at"
    )
    yield f"  {kind}{'' if entry.info is None else _numbers(entry.info)}"
    for verb, failure in entry.failures.items():
        if verb != ABSENT:
            yield f"  {verb}: {printable(failure.detail)}"
    if entry.over is not None:
        yield f"  has more than {entry.over} bytes"
    if entry.names is not None:
        yield f"  holds {len(entry.names)} names:"
        yield from [f"    {printable(name)}" for name in entry.names]
    if entry.content is not None:
        yield from _content("content:", entry.content)
    for part in entry.ranges:
        yield from _range(part)


def _numbers(info: Stat) -> str:
    changed = "" if info.changed_ns is None else f", changed {_time(info.changed_ns)}"
    return f", mode {info.mode:04o}, owner {info.uid}, group {info.gid}, {info.size} bytes{changed}"


def _time(nanoseconds: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(nanoseconds // 1_000_000_000))


def _content(title: str, content: bytes) -> Iterator[str]:
    lines = decode(content).split("\n")
    if lines[-1] == "":
        lines.pop()
    yield f"  {title}" if lines else "  empty"
    yield from ["    " + "\t".join([printable(part) for part in line.split("\t")]) for line in lines]


def _range(part: Range) -> Iterator[str]:
    yield from _content(f"{len(part.content)} bytes from {part.offset} on:", part.content)


def _answers(image: Image, path: str) -> Iterator[str]:
    """What else was asked of it: its file system, its attributes."""
    for question, answer in image.answers.items():
        if question.arguments[:1] == (path,) and question.verb not in ("netlink", "is_real"):
            told = answer.detail if isinstance(answer, FactError) else repr(answer)
            yield f"  {question.verb}: {printable(told)}"
        elif question.verb in ("run", "netlink") and source_of(question) == path:
            yield f"  {printable(repr(answer))}"
