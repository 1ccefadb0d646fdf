"""Lines of tmpfiles.d that write below ``/proc/sys`` (tmpfiles.d(5); systemd src/tmpfiles/tmpfiles.c)."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import Absent, Unsupported
from nodecheck.facts.acts.model import SETS, SYSCTL, SYSINIT, UNTOLD, Act, Effect, by_start
from nodecheck.facts.acts.tmpfiles_modes import TMPFILES_DIRS, UNIT
from nodecheck.facts.files.conf_dirs import conf_files
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.unit_start import MASK, MASK_WORD, SHELL, TARGET
from nodecheck.facts.services.unit_words import Unbalanced, split_words
from nodecheck.host import Host
from nodecheck.host.base import text

_PROC_SYS = "/proc/sys/"
_SAID = frozenset("!-=+?")
"""Modifiers that leave the argument as it stands; ``~`` decodes it, ``^`` takes a credential."""


def tmpfiles_acts(host: Host, starts: BootStarts) -> Iterator[Act]:
    """What systemd-tmpfiles writes below ``/proc/sys`` at boot: of two lines for one path the first counts.

    Raises what the host raises for a file or directory that is there and cannot be read.
    """
    acts = [act for path in _paths(host) for act in _of_file(host, path)]
    done: set[str] = set()
    for act in acts:
        key = act.effects[0].name
        if key not in done:
            done.add(key)
            yield _started(act, starts)


def _started(act: Act, starts: BootStarts) -> Act:
    """A root that holds only a part of the system says nothing of this unit, which every boot starts."""
    found = starts.of(UNIT)
    if found.pull is None and not starts.index.complete and found.stop(MASK, MASK_WORD, TARGET, SHELL) is None:
        return act
    return by_start(act, found)


def _paths(host: Host) -> Iterator[str]:
    for file in conf_files(host, TMPFILES_DIRS):
        if not file.masked:
            yield file.path


def _of_file(host: Host, path: str) -> Iterator[Act]:
    try:
        source = text(host, path)
    except Absent:
        return
    if _PROC_SYS not in source:
        return
    for number, line in enumerate(source.split("\n"), 1):
        told = line.strip(" \t\r")
        effect = parse_line(told) if _PROC_SYS in told and told[0] not in "#;" else None
        if effect is not None:
            act = Act("tmpfiles.d", path, number, told, (effect,), SYSINIT, unit=UNIT)
            if effect.value is None:
                doubt = Unsupported(path, f"what {told!r} writes is not known here")
                act = act._replace(state=UNTOLD, doubt=doubt)
            yield act


def parse_line(line: str) -> Effect | None:
    """What a line of tmpfiles.d writes to a sysctl; None for one that writes none.

    ``f`` alone leaves a file that is there as it is, and no link can be made below ``/proc``.

    >>> parse_line("w! /proc/sys/net/ipv4/ip_forward - - - - 0").value
    '0'
    >>> parse_line("L /proc/sys/net/ipv4/ip_forward - - - - /x"), parse_line("f /proc/sys/vm/swappiness - - - - 1")
    (None, None)
    """
    parts = line.split(None, 6)
    if len(parts) < 7 or not parts[1].strip("\"'").startswith(_PROC_SYS):
        return None
    kind, modifiers = parts[0][:1], set(parts[0][1:])
    if kind not in ("w", "F") and not (kind == "f" and "+" in modifiers):
        return None
    path = parts[1].strip("\"'").removeprefix(_PROC_SYS)
    value = parts[6]
    if "%" in value or modifiers - _SAID:
        return Effect(SYSCTL, path, SETS)
    return Effect(SYSCTL, path, SETS, _plain(value))


def _plain(value: str) -> str:
    """The argument without its quotes and C escapes, as it is written to the file."""
    if value[:1] in ("'", '"') or "\\" in value:
        try:
            return " ".join(split_words(value))
        except Unbalanced:
            return value
    return value
