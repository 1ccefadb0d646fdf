"""Compares what nodecheck says with what is so: pure functions of reports and of what the guest told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from nodecheck.record import NamedTuple

Row = Mapping[str, Any]
Rows = Mapping[str, Row]

JUDGED = ("pass", "fail")


class Verdict(NamedTuple):
    """One comparison."""

    kind: str
    """``now``, ``boot`` or ``fix``."""
    id: str
    outcome: str
    """``right``, ``wrong`` or ``unknown``."""
    said: str
    real: str
    note: str = ""
    """What nodecheck said about it, in its words."""


def rows(report: Mapping[str, Any]) -> dict[str, Row]:
    """The results of a report by their ids."""
    return {row["id"]: row for row in report["results"]}


def value_of(row: Row) -> str:
    """What a result gives as the value, as the kernel shows it."""
    return str(row["actual"] or "").replace("\t", " ").replace("no such key", "")


def compared(kind: str, name: str, row: Row, real: str, said: str | None = None) -> Verdict:
    """A result against what is so."""
    said = row["status"] if said is None else said
    if row["status"] not in JUDGED:
        return Verdict(kind, name, "unknown", row["status"], real, row["message"])
    return Verdict(kind, name, "right" if said == real else "wrong", said, real, row["message"])


def judged_now(report: Mapping[str, Any], truth: Mapping[str, str], swaps: frozenset[str]) -> Iterator[Verdict]:
    """Each result of the view ``now`` that the guest was asked about."""
    found = rows(report)
    for name, real in truth.items():
        row = found.get(name)
        if row is not None:
            yield _by_kind("now", name, row, real)
    told = {row["subject"] for row in found.values() if _is_swap(row, "now")}
    for area in sorted(told | swaps):
        outcome = "right" if area in told and area in swaps else "wrong"
        yield Verdict("now", f"swap[{area}]", outcome, str(area in told), str(area in swaps))


def _is_swap(row: Row, view: str) -> bool:
    return bool(row["check"] == "swap" and row["view"] == view and row["status"] == "fail" and row["subject"])


def _by_kind(kind: str, name: str, row: Row, real: str) -> Verdict:
    if row["check"] == "sysctl":
        return compared(kind, name, row, real, value_of(row))
    if row["check"] == "selinux":
        return compared(kind, name, row, {"1": "enforcing", "0": "permissive"}.get(real, "disabled"), row["actual"])
    return compared(kind, name, row, real)


def judged_boot(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    truth: Mapping[str, str],
    swaps: frozenset[str],
    areas: Iterable[str],
    device: Callable[[str], str],
) -> Iterator[Verdict]:
    """Each prediction made before the reboot, against what is so after it; swap by area."""
    then, now = rows(before), rows(after)
    for name, row in then.items():
        here = now.get(name.removesuffix("@boot"))
        if row["view"] != "boot" or row["check"] == "swap" or here is None:
            continue
        plain = name.removesuffix("@boot")
        verdict = _by_kind("boot", name, row, truth[plain]) if plain in truth else _unlike(name, row, here)
        if verdict.outcome == "right" and here["status"] in JUDGED and here["status"] != row["status"]:
            verdict = verdict._replace(outcome="wrong", real=f"{verdict.real}, which now judges {here['status']}")
        yield verdict
    yield from _swap_boot(then, swaps, areas, device)


def _unlike(name: str, row: Row, here: Row) -> Verdict:
    """A prediction about which the guest was not asked, against the view ``now`` alone."""
    if here["status"] not in JUDGED:
        return Verdict("boot", name, "unknown", row["status"], here["status"], row["message"])
    return compared("boot", name, row, here["status"])


def _swap_boot(
    then: Rows, swaps: frozenset[str], areas: Iterable[str], device: Callable[[str], str]
) -> Iterator[Verdict]:
    boot = [row for row in then.values() if row["check"] == "swap" and row["view"] == "boot"]
    vague = [row for row in boot if row["status"] not in (*JUDGED, "skip")]
    told = {device(row["subject"]): row["message"] for row in boot if _is_swap(row, "boot")}
    for area in sorted({*areas, *swaps, *told}):
        said, real = ("on" if area in told else "off"), ("on" if area in swaps else "off")
        outcome = "right" if said == real else "unknown" if vague else "wrong"
        yield Verdict("boot", f"swap[{area}]@boot", outcome, said, real, told.get(area, ""))


class Claims(NamedTuple):
    """What a plan claims to mend."""

    at_once: tuple[str, ...]
    after_reboot: tuple[str, ...]
    """Results of steps that wait for a reboot, and all of the boot view, which only a reboot proves."""


def claims(plan: Mapping[str, Any]) -> Claims:
    """The ids that a plan's steps are for, but for those that it also lists as not mended, or leaves to a person."""
    left = {item["id"] for item in plan["not_fixed"]}
    left |= {name for step in plan["steps"] if step["kind"] == "manual" for name in step["for"]}
    waits = {name for step in plan["steps"] if step["reboot"] for name in step["for"]}
    every = sorted({name for step in plan["steps"] for name in step["for"]} - left)
    later = [name for name in every if name in waits or name.endswith("@boot")]
    return Claims(tuple([name for name in every if name not in later]), tuple(later))


def judged_fixes(names: Iterable[str], report: Mapping[str, Any]) -> Iterator[Verdict]:
    """Whether claimed results pass; a swap area that is no longer named is off."""
    found = rows(report)
    for name in names:
        row = found.get(name.removesuffix("@boot"))
        if row is None:
            gone = name.startswith("swap[")
            yield Verdict("fix", name, "right" if gone else "wrong", "fixed", "pass" if gone else "not judged")
            continue
        outcome = {"pass": "right", "fail": "wrong"}.get(row["status"], "unknown")
        yield Verdict("fix", name, outcome, "fixed", row["status"], row["message"])


def changes(before: Iterable[str], after: Iterable[str]) -> tuple[str, ...]:
    """The lines of two footprints that differ."""
    old, new = set(before), set(after)
    return tuple([f"- {line}" for line in sorted(old - new)] + [f"+ {line}" for line in sorted(new - old)])
