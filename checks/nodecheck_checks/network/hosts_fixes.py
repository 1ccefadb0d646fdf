"""Fixes of /etc/hosts: for all names at once, so that two names on one line never make two edits of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from nodecheck.facts import Hosts
from nodecheck.facts.network.hosts import BLANKS, PATH, HostsLine, folded, parse_hosts
from nodecheck.facts.network.links import spelt
from nodecheck.fix import Step, create, edit, manual

MOST_CHANGES = 64
"""Lines that one fix changes at most."""


def mended(file: Hosts, wanted: Mapping[str, str]) -> dict[str, tuple[Step, ...]]:
    """The steps that give each name its address and no other one of that family.

    >>> from nodecheck.facts.network.hosts import parse_hosts
    >>> mended(parse_hosts("127.0.0.1 localhost n1\\n"), {"n1": "192.0.2.1"})
    {'n1': (Edit(path='/etc/hosts', before='127.0.0.1 localhost n1', after='127.0.0.1 localhost\\n192.0.2.1 n1'),)}
    """
    lines = (file.source or "").split("\n")
    file, straight = _straightened(file, lines)
    changed, touched, missing = _changes(file, wanted)
    if straight is not None:
        changed.setdefault(len(lines) - 1, straight)
        for name in wanted:
            touched[name] = [*touched[name], len(lines) - 1]
    anchor = max((number for number, line in enumerate(lines) if line.strip(BLANKS)), default=None)
    if anchor is None:
        return dict.fromkeys(wanted, (create(PATH, "".join(f"{wanted[name]} {name}\n" for name in missing)),))
    count = _counted(lines)
    once = [number for number, line in enumerate(lines) if line.strip(BLANKS) and count[line] == 1]
    anchor = max(once, default=anchor)
    if missing:
        added = "\n".join([changed.get(anchor, lines[anchor]), *[f"{wanted[name]} {name}" for name in missing]])
        changed[anchor] = added.lstrip("\n")
        for name in missing:
            touched[name] = [*touched[name], anchor]
    if len(changed) > MOST_CHANGES:
        text = f"more than {MOST_CHANGES} lines of {PATH} must change: clear it up, and plan again"
        return dict.fromkeys(wanted, (manual(text),))
    unclear = next((number for number in changed if "\n" in changed[number] and count[lines[number]] > 1), None)
    if unclear is not None:
        text = f"no line of {PATH} stands there once, to add a name below it: leave one of each, and plan again"
        return dict.fromkeys(wanted, (manual(text),))
    return {name: tuple(_edits(lines, changed, numbers)) for name, numbers in touched.items()}


def _counted(lines: list[str]) -> dict[str, int]:
    """How often each line is there."""
    found: dict[str, int] = {}
    for line in lines:
        found[line] = found.get(line, 0) + 1
    return found


def _edits(lines: list[str], changed: Mapping[int, str], numbers: list[int]) -> Iterator[Step]:
    """The edits of some lines; one edit changes all lines that are alike."""
    for text in dict.fromkeys(lines[number] for number in sorted(numbers)):
        yield edit(PATH, text, changed[min(number for number in changed if lines[number] == text)])


def _straightened(file: Hosts, lines: list[str]) -> tuple[Hosts, str | None]:
    """The file as it is read once its last line, misread for the blanks before it and no newline after it, is put
    straight; and that line, None where it is read well."""
    last = lines[-1].lstrip(BLANKS)
    if not last or last == lines[-1]:
        return file, None
    return parse_hosts("\n".join([*lines[:-1], last])), last


def _changes(file: Hosts, wanted: Mapping[str, str]) -> tuple[dict[int, str], dict[str, list[int]], list[str]]:
    """The lines (0-based) that change, which of them are about which name, and the names to add a line for."""
    changed: dict[int, str] = {}
    touched: dict[str, list[int]] = {name: [] for name in wanted}
    by_name = {folded(name): name for name in wanted}
    right = {name for name in wanted if any(spelt(line.address) == wanted[name] for line in file.of(name))}
    for line in file.lines:
        wrong = [
            word for word in line.names if folded(word) in by_name and _differs(line, wanted[by_name[folded(word)]])
        ]
        if not wrong:
            continue
        names = list(dict.fromkeys(by_name[folded(word)] for word in wrong))
        goals = {wanted[name] for name in names}
        if len(wrong) == len(line.names) and len(goals) == 1 and not right.intersection(names):
            changed[line.line - 1] = line.text.replace(line.address, goals.pop(), 1)
            right.update(names)
        else:
            changed[line.line - 1] = _without(line, wrong)
        for name in names:
            touched[name].append(line.line - 1)
    return changed, touched, [name for name in wanted if name not in right]


def _differs(line: HostsLine, wanted: str) -> bool:
    """Whether a line gives another address of the same family."""
    found = spelt(line.address)
    return found is not None and found != wanted and (":" in found) == (":" in wanted)


def _without(line: HostsLine, names: list[str]) -> str:
    """The line without some of its names; made a comment where none is left."""
    if len(names) == len(line.names):
        return f"# {line.text}"
    body, hash_, comment = line.text.partition("#")
    gone = set(names)
    kept: list[str] = []
    started = False  # the first word is the address, which stays also where it reads like one of the names
    for word in re.split(f"([{BLANKS}]+)", body):
        if word in gone and started:
            if not kept[-1].strip(BLANKS):
                kept.pop()
            continue
        started = started or bool(word.strip(BLANKS))
        kept.append(word)
    return "".join(kept).rstrip(BLANKS) + (f" {hash_}{comment}" if hash_ else "")
