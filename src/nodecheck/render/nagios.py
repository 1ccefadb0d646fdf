"""The output of a Nagios or Icinga plugin: a line with performance data, then lines with what is not well.

After the Monitoring Plugins' guidelines: ``TEXT | PERFDATA``, and a ``|`` anywhere else would begin performance data,
so that none is left. NRPE before version 3 cuts at 1024 bytes and Nagios at 8192: the first line fits the one, all fits
the other.
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.model.outcomes import Result, Status
from nodecheck.render.rows import worst_first
from nodecheck.render.told import shown
from nodecheck.report import Report
from nodecheck.report.summary import NAGIOS_STATES, mapped_exit_code
from nodecheck.text import printable

FIRST_LINE = 700
"""Bytes of the text before the performance data."""

LONGEST = 8000
"""Bytes of all."""


def render(report: Report) -> str:
    """The plugin's output; its exit code is ``mapped_exit_code(report, "nagios")``."""
    bad = worst_first([one for one in report.results if one.status in (Status.FAIL, Status.UNKNOWN)])
    state = NAGIOS_STATES[mapped_exit_code(report, "nagios")]
    first = cut_bytes(f"NODECHECK {state} - {_summary(report, bad)}", FIRST_LINE)
    lines = [f"{first} | {_perfdata(report)}"]
    room = LONGEST - len(lines[0].encode())
    for place, line in enumerate(_long(bad)):
        room -= len(line.encode()) + 1
        if room < 40:
            lines.append(f"... and {len(bad) - place} more")
            break
        lines.append(line)
    return "\n".join(lines) + "\n"


def _summary(report: Report, bad: list[Result]) -> str:
    told = report.summary
    counts = f"{told.failed} failed, {told.unknown} unknown of {len(report)}"
    return f"{counts}: {', '.join([_safe(printable(one.id)) for one in bad])}" if bad else counts


def _long(bad: list[Result]) -> Iterator[str]:
    for one in bad:
        line = f"[{one.status.value}] {_safe(printable(one.id))} ({one.severity.value}): {_safe(shown(one.message))}"
        yield cut_bytes(line, 600)


def _safe(text: str) -> str:
    return text.replace("|", "\\x7c")


def _perfdata(report: Report) -> str:
    """``label=value[unit];[warn];[crit];[min];[max]``; no thresholds, for severities decide and not counts."""
    told = report.summary
    counts = {
        "failed": told.failed, "unknown": told.unknown, "waived": told.waived, "passed": told.passed,
        "skipped": told.skipped,
    }  # fmt: skip
    parts = [f"{label}={count};;;0" for label, count in counts.items()]
    return " ".join([*parts, f"coverage={told.coverage * 100:.2f}%;;;0;100", f"time={report.run.duration_s:.6f}s;;;0"])


def cut_bytes(text: str, most: int) -> str:
    """A text of at most so many bytes of UTF-8, of whole characters; ``...`` says that there was more.

    >>> cut_bytes("节点七八", 9), cut_bytes("节点七", 9)
    ('节点...', '节点七')
    """
    raw = text.encode()
    return text if len(raw) <= most else raw[: most - 3].decode(errors="ignore") + "..."
