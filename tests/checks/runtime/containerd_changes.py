"""Changes of containerd's files, by dice: what people and their tools do to a configuration, and what breaks it.

Left out is what only one of the TOML libraries takes and nodecheck refuses: a carriage return that stands alone,
``version = 02``, control characters in keys.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

HEAD = re.compile(r"\s*\[.*\]\s*$")
KEY = re.compile(r"(\s*)([\w.\"'-]+)( = )(.*)$")
VALUES = (
    "7", "-1", "0", "1.5", '"word"', '""', '"5"', '"1m"', "true", "false", "[]", '["a"]', "[1]", "{a = 1}",
    "1979-05-27", "'''x\ny'''", "0x10", "1_000", '"\\u00e9"', '"/nosuch/x"', "", "yes", '"unclosed',
    "99999999999999999999", '[["a"]]',
)  # fmt: skip
SECTIONS = (
    "io.containerd.grpc.v1.cri",
    "io.containerd.cri.v1.runtime",
    "io.containerd.cri.v1.images",
    "cri",
    "x.y.v1.z",
)
VERSIONS = ("1", "2", "3", "4", "99", "0", "2.0", "'2'", "true")
PLUGINS = (
    "content.v1.content", "metadata.v1.bolt", "service.v1.tasks-service", "service.v1.leases-service",
    "runtime.v1.linux", "runtime.v2.shim", "lease.v1.manager", "sandbox.store.v1.local", "internal.v1.restart",
    "snapshotter.v1.zfs", "snapshotter.v1.overlayfs", "transfer.v1.local", "cri.v1.images", "cri.v1.runtime",
    "grpc.v1.cri", "grpc.v1.healthcheck", "nosuch.v1.x",
)  # fmt: skip
JUNK = ("garbage", "= 1", "a =", "[", "[[plugins]]", "[a.b", "a.b = 1", "# c", "'q' = 1", "plugins = 1", "x = 1 y = 2")

Lines = list[str]
Change = Callable[[Lines, random.Random], None]


def _at(lines: Lines, pattern: re.Pattern[str], dice: random.Random) -> int:
    return dice.choice([number for number, line in enumerate(lines) if pattern.match(line)])


def _end(lines: Lines, head: int) -> int:
    """The line behind the table that begins there."""
    return next((at for at in range(head + 1, len(lines)) if HEAD.match(lines[at])), len(lines))


def _of_key(change: Callable[[str, str, random.Random], str]) -> Change:
    def changed(lines: Lines, dice: random.Random) -> None:
        at = _at(lines, KEY, dice)
        blank, key, _, value = re.split(KEY, lines[at])[1:5]
        lines[at] = blank + change(key, value, dice)

    return changed


def _rename(key: str, value: str, dice: random.Random) -> str:
    at = dice.randrange(len(key))
    return f"{key[:at]}{key[at + 1 :] or 'x'} = {value}"


def _case(key: str, value: str, dice: random.Random) -> str:
    return f"{dice.choice((key.upper(), key.capitalize(), key.swapcase(), key.lower()))} = {value}"


def _move(lines: Lines, dice: random.Random) -> None:
    line = lines.pop(_at(lines, KEY, dice))
    lines.insert(_at(lines, HEAD, dice) + 1, line)


def _of_head(lines: Lines, dice: random.Random) -> None:
    number = _at(lines, HEAD, dice)
    text = lines[number]
    at = dice.randrange(text.index("[") + 1, len(text))
    lines[number] = text[:at] + dice.choice(("x", "", ".", "]", "[", '"', "'", " ")) + text[at + 1 :]


def _of_section(lines: Lines, dice: random.Random) -> None:
    """Another name of the CRI section: of all its tables, or of one."""
    name = dice.choice([one for one in SECTIONS if any(one in line for line in lines)] or ["x"])
    places = [at for at, line in enumerate(lines) if name in line]
    other = dice.choice(SECTIONS)
    for at in places if dice.random() < 0.5 else places[:1]:
        lines[at] = lines[at].replace(name, other)


def _character(lines: Lines, dice: random.Random) -> None:
    text = "\n".join(lines)
    at = dice.randrange(len(text))
    new = dice.choice(("", '"', "'", "[", "]", "=", "#", "\n", ".", "\\", "\0", "é", "{", "}", ",", " "))
    lines[:] = (text[:at] + new + text[at + dice.choice((0, 1)) :]).split("\n")


def _listed(key: str) -> Change:
    """A plugin in the list of those that are off, or required."""

    def changed(lines: Lines, dice: random.Random) -> None:
        names = ", ".join([f'"io.containerd.{dice.choice(PLUGINS)}"' for _ in range(dice.choice((1, 1, 2)))])
        lines[:] = [f"{key} = [{names}]" if line.startswith(f"{key} = ") else line for line in lines]

    return changed


def _version(lines: Lines, dice: random.Random) -> None:
    told = f"version = {dice.choice(VERSIONS)}"
    lines[:] = [told if line.startswith("version = ") else line for line in lines]


def _encoded(lines: Lines, dice: random.Random) -> None:
    kind = dice.choice(("mark", "returns", "latin", "tabs"))
    if kind == "mark":
        lines[0] = f"\ufeff{lines[0]}"
    elif kind == "returns":
        lines[:] = [*(f"{line}\r" for line in lines), ""]
    elif kind == "latin":
        lines.append("# M\udcfcller")
    else:
        lines[:] = [line.replace("  ", "\t") for line in lines]


def _mirror_of_an_address(lines: Lines, dice: random.Random) -> None:
    name = next((one for one in SECTIONS[2::-2] if any(one in line for line in lines)), "cri")
    lines.append(f'[plugins."{name}".registry.mirrors."{dice.choice(("[::1]:5000", "a.b:5000"))}"]')


CHANGES: dict[str, Change] = {
    "value": _of_key(lambda key, _, dice: f"{key} = {dice.choice(VALUES)}"),
    "renamed": _of_key(_rename),
    "case": _of_key(_case),
    "moved": _move,
    "removed": lambda lines, dice: lines.remove(lines[_at(lines, KEY, dice)]),
    "without its head": lambda lines, dice: lines.remove(lines[_at(lines, HEAD, dice)]),
    "head": _of_head,
    "section": _of_section,
    "character": _character,
    "twice": lambda lines, dice: lines.append(lines[_at(lines, KEY, dice)]),
    "table twice": lambda lines, dice: lines.append(lines[_at(lines, HEAD, dice)]),
    "off": _listed("disabled_plugins"),
    "required": _listed("required_plugins"),
    "version": _version,
    "junk": lambda lines, dice: lines.insert(dice.randrange(len(lines)), dice.choice(JUNK)),
    "encoding": _encoded,
    "mirror": _mirror_of_an_address,
}


def changed_file(source: str, dice: random.Random) -> tuple[str, str]:
    """What was changed, and the text."""
    lines, kinds = source.split("\n"), dice.sample(sorted(CHANGES), dice.choice((1, 1, 1, 2)))
    for kind in kinds:
        CHANGES[kind](lines, dice)
    return " and ".join(kinds), "\n".join(lines)


def dropin(source: str, dice: random.Random) -> tuple[str, str]:
    """Some tables of a file, as what is imported has them; often with a version, sometimes changed."""
    lines = source.split("\n")
    heads = [at for at, line in enumerate(lines) if HEAD.match(line)]
    found = [f"version = {dice.choice((1, 2, 2, 3))}"] if dice.random() < 0.7 else []
    for at in sorted(dice.sample(heads, dice.choice((1, 1, 2, 3)))):
        found += lines[at : _end(lines, at)]
    kind = dice.choice(("moved", "section", "head", "junk", "table twice", "none", "none"))
    if kind != "none" and any(KEY.match(line) for line in found):
        CHANGES[kind](found, dice)
    return f"imported: {kind}", "\n".join(found)
