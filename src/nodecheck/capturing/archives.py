"""Archives of other tools (sos, insights) as captures. They are read as a stream, and nothing is unpacked to disk.

What such an archive does not hold is not captured. Absence is evidence only below directories that the tool copied
whole.
"""

from __future__ import annotations

import os
import re
import stat as modes
from collections.abc import Iterator
from time import gmtime, strftime

from nodecheck.capturing import outputs
from nodecheck.capturing.image import LINK, Image, Origin, PathEntry
from nodecheck.capturing.masking import is_secret_file, without_secrets
from nodecheck.errors import CaptureError, FactError
from nodecheck.facts.services.running import LIST
from nodecheck.host.base import Completed, Question, Stat
from nodecheck.record import NamedTuple
from nodecheck.text import decode, printable
from nodecheck.typed import Any

MIB = 1 << 20
MOST_MEMBERS = 200_000
MOST_CONTENT = 8 * MIB
"""Bytes of one file; of a larger one only its size is known."""
MOST_KEPT = 256 * MIB
"""Bytes of all files that are kept."""
MOST_STREAM = 4096 * MIB
"""Bytes that are unpacked on the way."""

_KEPT = ("etc", "proc", "sys", "run", "usr", "lib", "boot", "var", "opt", "sos_commands", "insights_commands",
         "sos_reports", "data")  # fmt: skip
_LEFT_OUT = ("var/log/", "sys/kernel/debug/", "var/crash/", "sos_logs/")


class Member(NamedTuple):
    """A file, directory or link of an archive."""

    name: str
    """Its path in the archive, without the archive's own directory."""
    info: Stat
    content: bytes | None
    target: str | None
    changed_s: int


class ArchiveKind(NamedTuple):
    """What a tool's archives hold."""

    name: str
    marker: re.Pattern[str]
    commands: str
    """The directory of what commands printed."""
    whole: tuple[str, ...]
    """Directories that it copies whole, with all below them, where they are in the archive at all."""


SOS = ArchiveKind(
    "sos",
    re.compile(r"sos_commands/.*|version\.txt"),
    "sos_commands",
    (
        "/etc/systemd", "/lib/systemd/system", "/usr/lib/systemd/system", "/etc/modprobe.d", "/etc/sysctl.d",
        "/lib/sysctl.d", "/usr/lib/sysctl.d", "/run/systemd/system", "/etc/default", "/etc/rc.d",
    ),
)  # fmt: skip
INSIGHTS = ArchiveKind(
    "insights", re.compile(r"(?:data/)?insights_commands/.*|insights_archive\.txt"), "insights_commands", ()
)


def read_archive(path: str) -> Image:
    """The image of an archive: a tar file, packed or not, or a directory. Raises CaptureError."""
    members = _of_directory(path) if os.path.isdir(path) else _of_tar(path)
    found: dict[str, Member] = {}
    kept = 0
    tool: ArchiveKind | None = None
    try:
        for member in members:
            tool = tool or next((one for one in (SOS, INSIGHTS) if one.marker.fullmatch(member.name)), None)
            kept += len(member.content or b"")
            if len(found) >= MOST_MEMBERS or kept > MOST_KEPT:
                raise CaptureError(f"{printable(path)}: an archive that is larger than nodecheck reads")
            found[member.name.removeprefix("data/")] = member
    except (OSError, EOFError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise CaptureError(f"{printable(path)}: an archive that cannot be read: {printable(str(why))}") from error
    if tool is None:
        raise CaptureError(f"{printable(path)}: expected a capture, or an archive of sos or insights")
    return _image(tool, found, path)


# -- where members come from


def _wanted(name: str) -> bool:
    top = name.partition("/")[0]
    return (top in _KEPT or "/" not in name) and not name.removeprefix("data/").startswith(_LEFT_OUT)


def _of_tar(path: str) -> Iterator[Member]:
    import tarfile

    read = 0
    try:
        with tarfile.open(path, "r|*", errorlevel=0) as archive:
            for item in archive:
                read += item.size
                if read > MOST_STREAM:
                    raise CaptureError(f"{printable(path)}: an archive that is larger than nodecheck reads")
                parts = [part for part in item.name.split("/") if part not in ("", ".")]
                name = "/".join(parts[1:])
                if name and ".." not in parts and _wanted(name):
                    file = archive.extractfile(item) if item.isreg() and item.size <= MOST_CONTENT else None
                    kind = _kind_of(item.isreg(), item.isdir(), item.issym())
                    info = Stat(kind, item.mode & 0o7777, item.size, item.uid, item.gid, None)
                    content = file.read() if file is not None else None
                    yield Member(
                        _clean(name), info, content, _clean(item.linkname) if item.issym() else None, int(item.mtime)
                    )
    except tarfile.TarError as error:
        raise CaptureError(
            f"{printable(path)}: neither a capture nor a tar archive: {printable(str(error))}"
        ) from error


def _of_directory(path: str) -> Iterator[Member]:
    """The members of an archive that was unpacked; links are told and never followed, devices never opened."""
    top = path
    names = os.listdir(path)
    if len(names) == 1 and os.path.isdir(os.path.join(path, names[0])):
        top = os.path.join(path, names[0])
    left = [""]
    while left:
        folder = left.pop()
        with os.scandir(os.path.join(top, folder)) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
        for entry in listed:
            name = f"{folder}/{entry.name}" if folder else entry.name
            if not _wanted(name):
                continue
            raw = entry.stat(follow_symlinks=False)
            regular, directory, link = [test(raw.st_mode) for test in (modes.S_ISREG, modes.S_ISDIR, modes.S_ISLNK)]
            content = _content(entry.path) if regular and raw.st_size <= MOST_CONTENT else None
            info = Stat(
                _kind_of(regular, directory, link), raw.st_mode & 0o7777, raw.st_size, raw.st_uid, raw.st_gid, None
            )
            target = _clean(os.readlink(entry.path)) if link else None
            yield Member(_clean(name), info, content, target, int(raw.st_mtime))
            if directory:
                left.append(name)


def _content(path: str) -> bytes | None:
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(fd, "rb") as file:
        return file.read(MOST_CONTENT + 1)[:MOST_CONTENT]


def _clean(name: str) -> str:
    return decode(os.fsencode(name)).replace("\0", "")


def _kind_of(regular: bool, directory: bool, link: bool) -> str:
    return "file" if regular else "dir" if directory else LINK if link else "other"


# -- what they say


def _image(tool: ArchiveKind, found: dict[str, Member], path: str) -> Image:
    newest = max([member.changed_s for member in found.values()], default=0)
    time = strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(max(0, min(newest, 1 << 33))))
    image = Image(Origin(time, tool.name, True, False, False, "/", ("/proc", "/sys")))
    own = found.get("proc/self")
    process = f"proc/{own.target}/" if own is not None and own.target else None
    texts: dict[str, str] = {}
    for name, member in found.items():
        if name.startswith(f"{tool.commands}/") or "/" not in name:
            texts[name.removeprefix(f"{tool.commands}/")] = decode(member.content or b"")
        elif name != "proc/self" and not name.startswith(("sos_", "insights_", "data/")):
            if process is not None and name.startswith(process):
                name = "proc/self/" + name[len(process) :]
            _add(image, f"/{name}", member)
    _list_whole(image, tool, found)
    _add_outputs(image, texts)
    return image


def _add(image: Image, path: str, member: Member) -> None:
    entry = image.at(path)
    if member.target is not None:
        entry.kind, entry.target = LINK, member.target
        return
    entry.kind = member.info.kind
    entry.info = (
        member.info if not path.startswith(("/proc/", "/sys/")) else member.info._replace(size=0, mode=_mode(entry))
    )
    if member.content is not None and not is_secret_file(path):
        entry.content = without_secrets(path, member.content)


def _mode(entry: PathEntry) -> int:
    return 0o555 if entry.kind == "dir" else 0o644


def _list_whole(image: Image, tool: ArchiveKind, found: dict[str, Member]) -> None:
    """The listings of the directories that the tool copied whole."""
    whole = tuple(f"{top}/" for top in tool.whole)
    below: dict[str, list[str]] = {}
    for path, entry in image.entries.items():
        folder, _, name = path.rpartition("/")
        below.setdefault(folder, []).append(name)
        if entry.kind == "dir":
            below.setdefault(path, [])
    for folder, names in below.items():
        if f"{folder}/".startswith(whole):
            entry = image.at(folder)
            if entry.kind in (None, "dir"):
                entry.kind = "dir"
                entry.names, entry.tells_links = tuple(sorted(names)), True


def _add_outputs(image: Image, texts: dict[str, str]) -> None:
    """What commands printed, where nothing says more of the same."""

    def first(*names: str) -> str | None:
        return next((text for name, text in texts.items() if name.rpartition("/")[2] in names and text.strip()), None)

    def answer(verb: str, arguments: tuple[Any, ...], value: Any) -> None:
        if value is not None and not isinstance(value, FactError):
            image.answers.setdefault(Question(verb, arguments), value)

    told = first("ip_-d_address", "ip_-d_addr", "ip_addr_show")
    rows = outputs.links(told) if told else None
    answer("netlink", ("links",), rows)
    answer("netlink", ("addresses",), outputs.addresses(told) if told else None)
    numbers = {row.name: row.ifindex for row in rows or ()}
    four, six = first("ip_route_show_table_all"), first("ip_-6_route_show_table_all", "ip_-6_route")
    if four is not None and rows:
        found = [*outputs.routes(four, 2, numbers), *(outputs.routes(six, 10, numbers) if six else ())]
        answer("netlink", ("routes",), tuple(found))
    sockets = first("netstat_-W_-neopa", "netstat_-neopa")
    answer("netlink", ("listeners",), outputs.listeners(sockets) if sockets else None)
    clock = first("timedatectl", "timedatectl_status")
    answer("clock", (), outputs.clock(clock) if clock else None)
    services = first("systemctl_list-units_--all")
    if services is not None and (listed := outputs.units(services)) is not None:
        answer("run", (LIST,), Completed(LIST, 0, listed, ""))
    modules = first("lsmod")
    if modules and "/proc/modules" not in image.entries and (content := outputs.modules(modules)) is not None:
        _made(image, "/proc/modules", content)
    for path, value in outputs.sysctls(first("sysctl_-a") or "").items():
        if path not in image.entries:
            _made(image, path, value)


def _made(image: Image, path: str, content: bytes) -> None:
    entry = image.at(path)
    entry.kind, entry.info, entry.content = "file", Stat("file", 0o644, 0, 0, 0, None), content
