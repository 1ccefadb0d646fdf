"""Entries for the journal with structured fields: one for the run, and one for each result that fails or is unknown.

Fields and their two encodings are those of systemd's "Native Journal Protocol"; where the document is printed it is in
"Journal Export Formats", which ``systemd-journal-remote`` reads. ``journalctl NODECHECK_STATUS=fail`` finds them.
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.model.outcomes import Result
from nodecheck.render.entries import logged, priority, summary_line, summary_priority
from nodecheck.render.told import shown, told, unix_seconds
from nodecheck.report import Report

RUN_MESSAGE_ID = "4c3f0d6b6f0e4d1f9a51c6f1b0e7a2d4"
"""MESSAGE_ID of the entry that sums up a run."""

RESULT_MESSAGE_ID = "b1a7e2c95d3648e08f5c2a90d4e6137b"
"""MESSAGE_ID of the entry of a result."""

MOST_DETAILS = 30
"""Lines of detail in one entry; with their own bound they keep it far below the size of a datagram."""

ID_ROOM = 1000
"""Characters of an id."""

Fields = list[tuple[str, str]]


def entries(report: Report) -> list[Fields]:
    """The entries: fields in order; one that is repeated has several values, as the journal allows."""
    return [_run(report), *[_result(report, result) for result in logged(report)]]


def datagrams(report: Report) -> list[bytes]:
    """The entries as journald's socket takes them, one a datagram."""
    return [encoded(fields) for fields in entries(report)]


def encoded(fields: Fields) -> bytes:
    r"""One entry: ``NAME=value`` lines; a value with a line feed by its name, its length and its bytes.

    >>> encoded([("MESSAGE", "x"), ("A", "b\nc")])
    b'MESSAGE=x\nA\n\x03\x00\x00\x00\x00\x00\x00\x00b\nc\n'
    """
    return b"".join([_encoded(name.encode("ascii"), value.encode("utf-8", "replace")) for name, value in fields])


def _encoded(name: bytes, value: bytes) -> bytes:
    if b"\n" not in value:
        return name + b"=" + value + b"\n"
    return name + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"


def render(report: Report) -> str:
    """The entries in the journal's export format; no value has a line feed, so that all is text."""
    head: Fields = []
    if (ended := unix_seconds(report.run.finished_at)) is not None and ended > 0:
        head = [("__REALTIME_TIMESTAMP", str(round(ended * 1_000_000)))]
    parts = [encoded([*head, *fields]).decode("utf-8") for fields in entries(report)]
    return "\n".join(parts) + "\n"


def _run(report: Report) -> Fields:
    told, run = report.summary, report.run
    return [
        ("MESSAGE", summary_line(report)),
        ("MESSAGE_ID", RUN_MESSAGE_ID),
        ("PRIORITY", str(summary_priority(report))),
        *_common(report),
        ("NODECHECK_VERDICT", shown(told.verdict)),
        ("NODECHECK_EXIT_CODE", str(told.exit_code)),
        ("NODECHECK_PASS", str(told.passed)),
        ("NODECHECK_FAIL", str(told.failed)),
        ("NODECHECK_UNKNOWN", str(told.unknown)),
        ("NODECHECK_SKIP", str(told.skipped)),
        ("NODECHECK_WAIVED", str(told.waived)),
        ("NODECHECK_COVERAGE", str(told.coverage)),
        ("NODECHECK_RUN_STATUS", shown(run.status)),
        ("NODECHECK_DURATION_S", str(run.duration_s)),
    ]


def _common(report: Report) -> Fields:
    return [
        ("SYSLOG_IDENTIFIER", "nodecheck"),
        ("NODECHECK_VERSION", shown(report.tool.version)),
        ("NODECHECK_RUN_ID", shown(report.run.id)),
        ("NODECHECK_PROFILE", shown(report.profile.name)),
        ("NODECHECK_SOURCE", shown(report.run.source.path)),
    ]


def _result(report: Report, result: Result) -> Fields:
    line = f"{result.status.value} {shown(result.id)}: {shown(result.message)}"
    fields = {
        "NODECHECK_ID": shown(result.id, ID_ROOM), "NODECHECK_CHECK": shown(result.check),
        "NODECHECK_SUBJECT": shown(result.subject or "", ID_ROOM), "NODECHECK_VIEW": shown(result.view),
        "NODECHECK_STATUS": result.status.value, "NODECHECK_SEVERITY": result.severity.value,
        "NODECHECK_FINGERPRINT": shown(result.fingerprint),
        "NODECHECK_CAUSE": "" if result.cause is None else shown(result.cause.code),
    }  # fmt: skip
    return [
        ("MESSAGE", line),
        ("MESSAGE_ID", RESULT_MESSAGE_ID),
        ("PRIORITY", str(priority(result))),
        *_common(report),
        *[(name, value) for name, value in fields.items() if value],
        *_details(result),
    ]


def _details(result: Result) -> Iterator[tuple[str, str]]:
    for line in told(result)[:MOST_DETAILS]:
        yield "NODECHECK_DETAIL", line
