"""Names of systemd units, and the paths and device nodes that they stand for (systemd.unit(5), systemd-escape(1))."""

from __future__ import annotations

from collections.abc import Iterator

_PLAIN = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:_.")
_TAGS = (("UUID=", "uuid"), ("LABEL=", "label"), ("PARTUUID=", "partuuid"), ("PARTLABEL=", "partlabel"))
_DEVNODE = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ#+-.:=@_")


def unit_of_path(path: str, suffix: str) -> str | None:
    r"""The name of the unit for a path, as ``systemd-escape --path`` makes it; None where systemd makes none.

    >>> unit_of_path("/dev/disk/by-uuid/1f2a-3b", ".swap")
    'dev-disk-by\\x2duuid-1f2a\\x2d3b.swap'
    >>> unit_of_path("/dev/../sda", ".swap") is None
    True
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts or "\0" in path:
        return None
    if not parts:
        return f"-{suffix}"
    escaped = "-".join(_escaped(part) for part in parts)
    if parts[0].startswith("."):
        escaped = "\\x2e" + escaped[1:]
    return escaped + suffix


def _escaped(part: str) -> str:
    if _PLAIN.issuperset(part):
        return part
    raw = part.encode("utf-8", "surrogateescape").decode("latin-1")
    return "".join(char if char in _PLAIN else f"\\x{ord(char):02x}" for char in raw)


def path_of_unit(name: str) -> str | None:
    r"""The path that a unit's name stands for, as ``systemd-escape --unescape --path`` tells it; None for no such.

    >>> path_of_unit("dev-disk-by\\x2duuid-1f2a.swap")
    '/dev/disk/by-uuid/1f2a'
    """
    stem = name.rpartition(".")[0]
    if stem == "-":
        return "/"
    first, *others = stem.replace("-", "/").split("\\x")
    raw = bytearray(first.encode("utf-8", "surrogateescape"))
    for other in others:
        digits = other[:2]
        if len(digits) != 2 or digits.strip("0123456789abcdefABCDEF"):
            return None
        raw.append(int(digits, 16))
        raw += other[2:].encode("utf-8", "surrogateescape")
    return "/" + raw.decode("utf-8", "surrogateescape")


def device_node(spec: str) -> str:
    r"""The device node for the first field of an fstab line (``fstab_node_to_udev_node``, src/shared/fstab-util.c).

    >>> device_node("UUID=1f2a"), device_node('LABEL="my swap"'), device_node("/dev/sda2")
    ('/dev/disk/by-uuid/1f2a', '/dev/disk/by-label/my\\x20swap', '/dev/sda2')
    """
    for tag, folder in _TAGS:
        if spec.startswith(tag):
            value = spec[len(tag) :]
            if len(value) >= 2 and value[0] in "\"'" and value[-1] == value[0]:
                value = value[1:-1]
            return f"/dev/disk/by-{folder}/{_encoded(value)}"
    return spec


def _encoded(value: str) -> str:
    """As udev encodes a label in the name of a link (``encode_devnode_name``): valid UTF-8 stays."""
    return "".join(
        char if char in _DEVNODE or (char > "\x7f" and not "\udc80" <= char <= "\udcff") else _hexed(char)
        for char in value
    )


def _hexed(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))


def template_of(name: str) -> str | None:
    """The template of an instance.

    >>> template_of("swap-create@zram0.service"), template_of("docker.service")
    ('swap-create@.service', None)
    """
    prefix, at, rest = name.partition("@")
    if not at:
        return None
    instance, dot, kind = rest.rpartition(".")
    return f"{prefix}@.{kind}" if dot and instance else None


def dropin_dirs(name: str) -> tuple[str, ...]:
    """The names of the directories that hold drop-ins of a unit, the first wins (systemd's ``unit_file_find_dirs``).

    >>> dropin_dirs("a-b.service")
    ('a-b.service.d', 'a-.service.d')
    >>> dropin_dirs("a-b@x.service")
    ('a-b@x.service.d', 'a-b@.service.d', 'a-.service.d', 'a-@x.service.d', 'a-@.service.d')
    """
    stem, _, kind = name.rpartition(".")
    prefix, _, instance = stem.partition("@")
    shorter = tuple(_shorter(prefix)) if "-" in prefix else ()
    found = [f"{name}.d", *([f"{prefix}@.{kind}.d"] if instance else ()), *[f"{part}.{kind}.d" for part in shorter]]
    for part in shorter if instance else ():
        found += (f"{part}@{instance}.{kind}.d", f"{part}@.{kind}.d")
    return tuple(found)


def _shorter(prefix: str) -> Iterator[str]:
    """The prefix up to each dash inside of it, the longest first."""
    end = len(prefix)
    while (end := prefix.rfind("-", 0, end - 1) + 1) > 1:
        yield prefix[:end]


def normal_path(path: str) -> str:
    return "/" + "/".join(part for part in path.split("/") if part not in ("", ".")) if path.startswith("/") else path
