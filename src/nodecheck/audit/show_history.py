"""The history for people."""

from __future__ import annotations

from nodecheck.audit.changes import KINDS
from nodecheck.audit.lookup import Interval, RunLine
from nodecheck.audit.store import Baseline
from nodecheck.report.settings import in_short
from nodecheck.text import minute, printable


def list_text(lines: tuple[RunLine, ...], width: int) -> str:
    """A line a run, the latest first."""
    if not lines:
        return "no run was recorded\n"
    rows = [f"{'RUN':>6}  {'WHEN':<17}  {'VERDICT':<7}  {'FAILED':>6}  {'UNKNOWN':>7}  CHANGES"]
    rows += [
        f"{line.run:>6}  {minute(line.started_at):<17}  {line.verdict.upper():<7}  {line.failed:>6}"
        f"  {line.unknown:>7}  {_changed(line)}".rstrip()
        for line in lines
    ]
    return "\n".join([row if len(row) <= width else row[: width - 1] + "…" for row in rows]) + "\n"


def _changed(line: RunLine) -> str:
    parts = [f"{line.changes[kind]} {kind}" for kind in KINDS if line.changes.get(kind)]
    if line.rebooted:
        parts.append("rebooted")
    if not line.told:
        parts.append("not told yet")
    return ", ".join(parts)


def baseline_text(baseline: Baseline) -> str:
    """What was accepted, when and by whom, and what fails in it."""
    report = baseline.report
    rows = [
        f"baseline for profile {printable(report.profile.name)}: run {baseline.run} of {minute(report.run.started_at)},"
        f" {printable(in_short(report))}",
        f"accepted {minute(baseline.accepted_at)} by {printable(baseline.by)}",
    ]
    rows += [
        f"  {result.status.value:<8} {printable(f'{result.id} ({result.severity.value}): {result.message}')}"
        for result in report.results
        if result.status in ("fail", "unknown")
    ]
    return "\n".join(rows) + "\n"


def intervals_text(name: str, found: tuple[Interval, ...]) -> str:
    """A line an interval, the latest first."""
    rows = [printable(name)]
    for place, item in enumerate(reversed(found)):
        runs = "1 run" if item.runs == 1 else f"{item.runs} runs"
        until = "until now" if place == 0 else f"until {minute(item.last.at)}"
        status = f"{item.status or 'absent'}" + (f" ({item.severity})" if item.status == "fail" else "")
        rows.append(
            f"  {status:<15} since {minute(item.first.at)} (run {item.first.run}) {until}, {runs}"
            + (f": {printable(item.message)}" if item.message else "")
        )
    return "\n".join(rows) + "\n"
