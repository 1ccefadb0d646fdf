"""zram-generator's configuration: which zram devices it turns into swap at boot (zram-generator.conf(5))."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from nodecheck.errors import Absent, Malformed, Offline
from nodecheck.facts.files.conf_dirs import conf_files, conf_sources
from nodecheck.host import Host
from nodecheck.model.sources import File, Sources
from nodecheck.record import NamedTuple
from nodecheck.text import is_digits, whole_number

NAME = "zram-generator.conf"
DIRS = ("/etc/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd")
"""The first one's file counts; ``/run`` comes before them, and is empty at the next boot."""


class ZramDevice(NamedTuple):
    """One ``[zramN]`` section, all files merged."""

    name: str
    path: str
    """The file that has the section last."""
    line: int
    settings: Mapping[str, str]


class ZramGenerator(NamedTuple):
    """The devices that are configured."""

    devices: tuple[ZramDevice, ...] = ()
    sources: tuple[str, ...] = ()
    """The files that were read."""
    refused: str | None = None
    """Why zram-generator would end with an error, and make no device."""
    memory_mib: int | None = None
    """MemTotal; None where it was not needed or is not to be had."""

    @classmethod
    def reads(cls) -> Sources:
        return (
            *[File(f"{folder}/{NAME}") for folder in DIRS],
            *conf_sources(tuple([f"{folder}/{NAME}.d" for folder in DIRS]), "*.conf"),
            File("/proc/meminfo"),
        )

    @classmethod
    def read(cls, host: Host) -> ZramGenerator:
        """Read the main file and the drop-ins that count."""
        if next(paths(host), None) is None:
            return cls()

        return configured(host)

    def enabled(self, device: ZramDevice) -> bool | None:
        """Whether a device becomes swap; None where that depends on the memory of a host that is not running."""

        return enabled(device, self.memory_mib)


def paths(host: Host) -> Iterator[str]:
    """The main file, then the drop-ins that count."""
    for folder in DIRS:
        try:
            host.stat(f"{folder}/{NAME}")
        except Absent:
            continue
        yield f"{folder}/{NAME}"
        break
    for file in conf_files(host, tuple(f"{folder}/{NAME}.d" for folder in DIRS)):
        if not file.masked:
            yield file.path


_NAMES_IN_SIZES = frozenset(
    (
        "ram", "min", "max", "int", "ceil", "floor", "abs", "sign", "log", "round", "e", "pi", "sin", "cos", "tan",
        "asin", "acos", "atan", "sinh", "cosh", "tanh", "and", "or",
    )
)  # fmt: skip


def configured(host: Host) -> ZramGenerator:
    """What the main file and the drop-ins that count come to."""
    sources, sections = [], []
    for path in paths(host):
        try:
            raw = host.read(path)
        except Absent:
            continue
        sources.append(path)
        try:
            sections += [section._replace(path=path) for section in parse_zram(raw.decode())]
        except (UnicodeDecodeError, ValueError) as error:
            return ZramGenerator((), tuple(sources), f"{path}: {str(error).partition(':')[0]}")
    devices = _merged(sections)
    refused = next((f"{device.path}: [{device.name}]: {why}" for device in devices if (why := _wrong(device))), None)
    if refused and not any(section.name == "" for section in sections):
        return ZramGenerator((), tuple(sources), refused)
    limited = any(_limit(device) is not None for device in devices)
    return ZramGenerator(devices, tuple(sources), None, _memory_mib(host) if limited else None)


def enabled(device: ZramDevice, memory_mib: int | None) -> bool | None:
    """Whether a device becomes swap; None where that depends on the memory of a host that is not running."""
    settings = device.settings
    if "mount-point" in settings or settings.get("fs-type", "swap") != "swap":
        return False
    old = "zram-fraction" in settings or "max-zram-size" in settings
    sizes = (settings.get("zram-fraction"), settings.get("max-zram-size")) if old else (settings.get("zram-size"),)
    if any(size is not None and _is_zero(size) for size in sizes):
        return False
    limit = _limit(device)
    if limit is None:
        return True
    return None if memory_mib is None else limit >= memory_mib


def parse_zram(source: str) -> Iterator[ZramDevice]:
    r"""The sections of a file in order; keys before the first one are a section without a name.

    Raises ValueError where rust-ini refuses the text.

    >>> [(d.name, d.line, dict(d.settings)) for d in parse_zram("# x\n[zram0]\nzram-size = ram / 2\n")]
    [('zram0', 2, {'zram-size': 'ram / 2'})]
    """
    source = source.removeprefix("\ufeff")
    name, line, settings = "", 1, dict[str, str]()
    place, counted, number = _skip_blanks(source, 0), 0, 1
    while place < len(source):
        char = source[place]
        if char in "#;":
            place = _line_end(source, place)
        elif char == "[":
            yield from _section(name, line, settings)
            end = source.find("]", place)
            if end < 0:
                raise ValueError("a section without an end")
            number += source.count("\n", counted, place)
            counted = place
            name, line, settings = source[place + 1 : end].strip(), number, {}
            place = end + 1
            if source[place : _line_end(source, place)].lstrip(" \t")[:1] in ("#", ";"):
                raise ValueError("a comment behind a section")
        else:
            key, value, place = _assignment(source, place)
            settings[key] = value
        place = _skip_blanks(source, place)
    yield from _section(name, line, settings)


def _section(name: str, line: int, settings: dict[str, str]) -> Iterator[ZramDevice]:
    if name or settings:
        yield ZramDevice(name, "", line, settings)


def _assignment(source: str, place: int) -> tuple[str, str, int]:
    """Key, value and the place behind them; a key ends at ``=`` or ``:`` only, even on a later line."""
    ends = [end for end in (source.find("=", place), source.find(":", place)) if end >= 0]
    if not ends or min(ends) == place:
        raise ValueError("a line without a key")
    end = min(ends)
    start = end + 1
    while start < len(source) and source[start] in " \t":
        start += 1
    if source[start : start + 1] in ("'", '"'):
        close = source.find(source[start], start + 1)
        if close < 0:
            raise ValueError("a quote without an end")
        return source[place:end].strip(), source[start + 1 : close], close + 1
    stop = _line_end(source, start)
    return source[place:end].strip(), source[start:stop].strip(), stop


def _skip_blanks(source: str, place: int) -> int:
    while place < len(source) and source[place].isspace():
        place += 1
    return place


def _line_end(source: str, place: int) -> int:
    end = source.find("\n", place)
    return len(source) if end < 0 else end


def _merged(sections: list[ZramDevice]) -> tuple[ZramDevice, ...]:
    devices: dict[str, ZramDevice] = {}
    settings: dict[str, dict[str, str]] = {}
    for section in sections:
        if _is_device(section.name):
            settings.setdefault(section.name, {}).update(section.settings)
            devices[section.name] = section._replace(settings=settings[section.name])
    return tuple(devices[name] for name in sorted(devices))


def _is_device(name: str) -> bool:
    return name.startswith("zram") and whole_number(name[4:].removeprefix("+")) is not None


def _wrong(device: ZramDevice) -> str | None:
    """Why zram-generator would refuse a value; only what is sure."""
    for key in ("host-memory-limit", "memory-limit", "max-zram-size"):
        value = device.settings.get(key, "none")
        if value != "none" and not is_digits(value):
            return f"{key} is no number"
    if not device.settings.get("mount-point", "/").startswith("/"):
        return "mount-point is not absolute"
    if set(device.settings.get("zram-fraction", "1")) - set("0123456789.eE+-"):
        return "zram-fraction is no number"
    size = device.settings.get("zram-size", "ram")
    names = _names().findall(size)
    if not size or "#" in size or ";" in size or not _NAMES_IN_SIZES.issuperset(names):
        return "zram-size is no expression"
    return None


@lru_cache(maxsize=1)
def _names() -> re.Pattern[str]:
    return re.compile(r"(?<![0-9.])[A-Za-z_]+")


def _is_zero(size: str) -> bool:
    """Whether a literal size comes to less than a byte (sizes are in MiB)."""
    whole, _, fraction = size.partition(".")
    if not is_digits(whole + fraction) or len(size) > 40:
        return False
    return float(size) < 2**-20


def _limit(device: ZramDevice) -> int | None:
    value = device.settings.get("host-memory-limit", device.settings.get("memory-limit", "none"))
    return whole_number(value, 19)


def _memory_mib(host: Host) -> int | None:
    try:
        lines = host.read("/proc/meminfo").split(b"\n")
    except (Absent, Offline):
        return None
    for line in lines:
        fields = line.split()
        if fields[:1] == [b"MemTotal:"] and len(fields) > 1 and fields[1].isdigit():
            return int(fields[1]) // 1024
    raise Malformed("/proc/meminfo", "has no MemTotal")
