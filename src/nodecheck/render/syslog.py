"""Lines for the local syslog: ``key="value"`` pairs behind the priority and the tag.

What ``/dev/log`` takes is the older format (RFC 3164) without a host, and without a time each daemon puts its own:
rsyslog's imuxsock, journald and busybox's syslogd all do, and none of them reads RFC 5424 there.
"""

from __future__ import annotations

from collections.abc import Mapping

from nodecheck.render.entries import logged, priority, summary_priority
from nodecheck.render.told import shown
from nodecheck.report import Report
from nodecheck.text import printable

DAEMON = 3
"""The facility: syslog(3)'s LOG_DAEMON."""

LONGEST = 1024
"""Bytes of a line (RFC 3164, section 4.1)."""


def render(report: Report) -> str:
    """The lines: one for the run, and one for each result that fails or is unknown, the worst first."""
    return "".join([line + "\n" for line in lines(report)])


def datagrams(report: Report) -> list[bytes]:
    """The lines as the socket takes them."""
    return [line.encode("utf-8", "replace") for line in lines(report)]


def lines(report: Report) -> list[str]:
    """Each with its priority in front; the values that say most come first, the last may be cut."""
    told, run = report.summary, report.run
    counts = {
        "run": run.id, "verdict": told.verdict, "exit_code": told.exit_code, "fail": told.failed,
        "unknown": told.unknown, "waived": told.waived, "pass": told.passed, "skip": told.skipped,
        "coverage": told.coverage, "profile": report.profile.name,
    }  # fmt: skip
    found = [_line(summary_priority(report), counts)]
    for result in logged(report):
        about = {
            "run": run.id, "status": result.status.value, "severity": result.severity.value, "view": result.view,
            "id": result.id, "message": shown(result.message),
        }  # fmt: skip
        found.append(_line(priority(result), about))
    return found


def _line(level: int, pairs: Mapping[str, object]) -> str:
    line = f"<{DAEMON * 8 + level}>nodecheck:"
    for key, value in pairs.items():
        room = LONGEST - len(line.encode()) - len(f' {key}=""')
        if isinstance(value, str):
            value = f'"{_quoted(value, room)}"'
        if room >= 0:
            line += f" {key}={value}"
    return line


def _quoted(value: str, room: int) -> str:
    r"""A value between quotation marks, of at most ``room`` bytes; ``\`` and ``"`` have a ``\`` before them."""
    found: list[str] = []
    for char in printable(value[:LONGEST]):
        piece = "\\" + char if char in '\\"' else char
        room -= len(piece.encode())
        if room < 0:
            break
        found.append(piece)
    return "".join(found)
