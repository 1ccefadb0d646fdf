"""One capture out of several of one node: what a second round brought fills what the first lacked."""

from __future__ import annotations

from collections.abc import Sequence

from nodecheck.capturing.files import open_capture
from nodecheck.capturing.image import ABSENT, LINK, Image, Origin, PathEntry
from nodecheck.capturing.parse import parsed
from nodecheck.capturing.text import dumped
from nodecheck.errors import CaptureError, FactError
from nodecheck.text import decode, printable
from nodecheck.typed import Any
from nodecheck.version import __version__

_OWN = f"nodecheck {__version__}"

_SAME = {
    "/etc/machine-id": "the machine id",
    "/proc/sys/kernel/hostname": "the host name",
    "/etc/hostname": "the host name",
    "/proc/sys/kernel/random/boot_id": "the id of the boot: the node was started in between",
}
"""Files that are the same in captures of one node."""


def settled(paths: Sequence[str]) -> Image:
    """The image of the captures in these files, ``-`` being standard input; of two that know a thing the later in this
    order counts. Raises CaptureError, also where they are not of one node."""
    image = open_capture(paths[0]).image
    for path in paths[1:]:
        later = open_capture(path).image
        _check_same(image, later, paths[0], path)
        fill(image, later)
    origin = image.origin
    if not origin.tool.startswith("nodecheck "):
        image.origin = origin._replace(tool=f"{_OWN}, {origin.tool}")
    image.drop_contradicted()
    if paths[1:]:
        parsed(dumped(image), "the captures as one")  # what is written can be read
    return image


def fill(image: Image, later: Image) -> None:
    """Put all that ``later`` knows into an image. The time is that of the earlier: nothing in it is older."""
    image.origin = _origin(image.origin, later.origin)
    for path, entry in later.entries.items():
        image.entries[path] = _entry(image.entries.get(path), entry)
    for question, answer in later.answers.items():
        if not isinstance(answer, FactError) or question not in image.answers:  # what did not ask knows no better
            image.answers[question] = answer


def _origin(first: Origin, later: Origin) -> Origin:
    plugins = tuple(dict.fromkeys((*first.plugins, *later.plugins)))
    tools = first.tool if first.tool == later.tool else f"{first.tool}, {later.tool}"
    time, redacted = min(first.time, later.time), first.redacted or later.redacted
    return first._replace(time=time, tool=tools, plugins=plugins, redacted=redacted)


def _entry(first: PathEntry | None, later: PathEntry) -> PathEntry:
    """The later, with what the first knows more of the same thing."""
    if first is None or not _is_same(first, later):
        return later
    later.kind = later.kind or first.kind
    later.info = None if later.kind in (ABSENT, LINK) else later.info or first.info
    later.target = later.target if later.target is not None or later.kind != LINK else first.target
    if later.content is None and "read" not in later.failures:
        later.content, later.over = first.content, first.over if later.over is None else later.over
    later.ranges = (*later.ranges, *[part for part in first.ranges if part not in later.ranges])
    if later.names is None:
        later.names, later.tells_links, later.links = first.names, first.tells_links, first.links
    known = {"names": later.names, "links": later.names, "read": later.content, "stat": later.info}
    earlier = {verb: failure for verb, failure in first.failures.items() if known.get(verb) is None}
    later.failures = {**earlier, **later.failures}
    return later


def _is_same(first: PathEntry, later: PathEntry) -> bool:
    """Whether nothing says that what is at a path is another thing, or holds something else, than it did."""
    if None not in (first.kind, later.kind) and first.kind != later.kind:
        return False
    return first.info is None or later.info is None or first.info == later.info


def _check_same(first: Image, later: Image, *paths: str) -> None:
    pairs: list[tuple[str, Any, Any]] = [
        (name, getattr(first.origin, field), getattr(later.origin, field))
        for field, name in (("running", "whether it ran"), ("path", "the directory"), ("redacted", "redaction"))
    ]
    for path, name in _SAME.items():
        here, there = [image.entries.get(path, PathEntry()).content for image in (first, later)]
        if here is not None and there is not None:
            pairs.append((name, decode(here).strip(), decode(there).strip()))
    for name, one, other in pairs:
        if one != other:
            names, told = " and ".join([printable(path) for path in paths]), printable(f"{one!s} and {other!s}")
            raise CaptureError(f"{names}: expected captures of one node; {name} differs: {told}")
