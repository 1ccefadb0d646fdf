"""What became of predictions, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from nodecheck.audit.boots import Boots, BrokenPrediction, RebootHeld
from nodecheck.audit.predictions import BROKEN, CHANGED, Miss
from nodecheck.record import NamedTuple
from nodecheck.text import minute, printable

MOST_NAMED = 8


class Reboots(NamedTuple):
    """The reboots that were held, the latest first, and the boot views that are not believed."""

    held: tuple[RebootHeld, ...]
    broken: tuple[tuple[str, BrokenPrediction], ...]


def reboots(kinds: Iterable[Boots], limit: int | None = None, since: str | None = None) -> Reboots:
    """The last reboots of audits of all kinds; ``since`` is the start of an RFC 3339 time."""
    known = tuple(kinds)
    held = sorted([item for boots in known for item in boots.held], key=lambda item: -(item.run or 0))
    found = [item for item in held if since is None or item.at >= since][:limit]
    broken = dict(pair for boots in reversed(known) for pair in boots.broken.items())
    return Reboots(tuple(found), tuple(sorted(broken.items())))


def held_dict(held: RebootHeld) -> dict[str, Any]:
    """A reboot as JSON."""
    return {
        "booted_at": held.booted_at,
        "boot_id": held.boot_id,
        "predicted_by": held.before,
        "compared_by": held.run,
        "compared_at": held.at,
        "kept": held.kept,
        "broken": held.broken,
        "changed": held.changed,
        "not_compared": held.not_compared,
        "misses": [_miss_dict(miss) for miss in held.misses],
    }


def _miss_dict(miss: Miss) -> dict[str, Any]:
    said, found = (miss.said, miss.said_text), (miss.found, miss.found_text)
    sides = {
        side: {"status": status, "message": text or None} for side, (status, text) in (("said", said), ("found", found))
    }
    return {"id": miss.id, "kind": miss.kind, **sides}


def reboots_dict(found: Reboots) -> dict[str, Any]:
    """All of it as JSON."""
    return {
        "kept": sum(item.kept for item in found.held),
        "compared": sum(map(_compared, found.held)),
        "reboots": [held_dict(item) for item in found.held],
        "in_force": [{"id": name, **item._asdict()} for name, item in found.broken],
    }


def reboots_text(found: Reboots) -> str:
    """A line a reboot, the latest first, and under it what did not come true."""
    if not found.held:
        return "no reboot was compared with what was predicted of it\n"
    kept, all_ = sum(item.kept for item in found.held), sum(map(_compared, found.held))
    count = len({item.boot_id for item in found.held})
    reboot = "reboot" if count == 1 else f"{count} reboots"
    lines = [f"{kept} of {all_} kept at the last {reboot}"]
    for item in found.held:
        lines += _reboot_lines(item)
    lines += [
        f"{printable(name)} is unknown until its sources change: its prediction broke at the reboot of"
        f" {minute(item.booted_at)}"
        for name, item in found.broken
    ]
    return "\n".join(lines) + "\n"


def _reboot_lines(held: RebootHeld) -> Iterator[str]:
    runs = f"predicted by run {held.before or '?'}, compared by run {held.run or '?'} of {minute(held.at)}"
    yield f"{minute(held.booted_at)}  {_counts(held)} ({runs})"
    alike = [miss for miss in held.misses if miss.kind == CHANGED and miss.said == miss.found]
    for miss in held.misses:
        if miss not in alike:
            said, there = f"said {miss.said} ({miss.said_text})", f"found {miss.found} ({miss.found_text})"
            yield f"  {miss.kind:<7}  {printable(f'{miss.id}: {said}, {there}')}"
    if alike:
        yield f"  changed  and found as said: {_names([miss.id for miss in alike], len(alike))}"
    left = held.broken + held.changed - len(held.misses)
    if left:
        yield f"  and {left} more"


def _names(ids: list[str], count: int) -> str:
    """The first of so many."""
    more = f" and {count - MOST_NAMED} more" if count > MOST_NAMED else ""
    return ", ".join(map(printable, ids[:MOST_NAMED])) + more


def held_line(held: RebootHeld) -> str:
    """A reboot in a line."""
    names = _names([f"{miss.id} (said {miss.said})" for miss in held.misses if miss.kind == BROKEN], held.broken)
    return f"reboot of {minute(held.booted_at)}: {_counts(held)}{f': {names}' if names else ''}"


def _counts(held: RebootHeld) -> str:
    every = _compared(held)
    parts = [f"{held.kept} of {every} predictions kept" if every else "no prediction could be compared"]
    parts += [f"{held.changed} changed since"] if held.changed else []
    parts += [f"{held.not_compared} not compared"] if held.not_compared else []
    return ", ".join([*parts, *([f"{held.broken} broken"] if held.broken else [])])


def _compared(held: RebootHeld) -> int:
    """The predictions that came true, or did not; those whose sources are others now are neither."""
    return held.kept + held.broken
