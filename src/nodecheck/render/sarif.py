"""SARIF 2.1.0: what fails, what is unknown and what is waived; GitHub, GitLab and others read it.

What passed and what does not apply is counted in the run's properties and no result: GitHub takes each result for an
alert, whatever its ``kind`` (github.com/microsoft/PSRule/issues/955). It refuses a file that has one result without an
artifact (github.com/github/codeql-action/issues/1738), so that each has one, and tells alerts apart by
``primaryLocationLineHash``.
"""

from __future__ import annotations

import json
from posixpath import normpath
from typing import Any

from nodecheck.model.evidence import Evidence
from nodecheck.model.outcomes import Result, Severity, Status
from nodecheck.render.places import line_of, telling
from nodecheck.render.rows import worst_first
from nodecheck.render.told import read_at, shown, told, unix_seconds
from nodecheck.report import Report
from nodecheck.text import encode, printable

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

MOST_RESULTS = 5000
"""GitHub shows no more of a run."""

MOST_RELATED = 20
"""Locations beside the first."""

BASE = "NODE"
"""Name of the root of the node's file system."""

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}

Json = dict[str, Any]


def render(report: Report) -> str:
    """The log file, of one run."""
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report)]}
    return json.dumps(document, indent=1) + "\n"


def _run(report: Report) -> Json:
    results = [one for one in report.results if one.status not in (Status.PASS, Status.SKIP)]
    if len(results) > MOST_RESULTS:
        results = worst_first(results)[:MOST_RESULTS]
    rules = _rules(results)
    numbers = {name: number for number, name in enumerate(rules)}
    root = _uri(report.run.source.path) if report.run.source.kind == "root" else ""
    driver = {"name": "nodecheck", "version": shown(report.tool.version), "rules": list(rules.values())}
    return {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"nodecheck/{_uri(report.node.hostname or 'node')}/"},
        "invocations": [_invocation(report)],
        "originalUriBaseIds": {BASE: {"uri": f"file:///{root}/" if root else "file:///"}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, numbers[printable(one.check)]) for one in results],
        "properties": _properties(report),
    }


def _rules(results: list[Result]) -> dict[str, Json]:
    """The checks that speak, each told by its first result."""
    rules: dict[str, Json] = {}
    for one in results:
        name = printable(one.check)
        text = f"{shown(one.title)}. nodecheck explain {name} tells more."
        rules.setdefault(
            name,
            {
                "id": name,
                "shortDescription": {"text": shown(one.title) or name},
                "fullDescription": {"text": text},
                "help": {"text": text},
                "defaultConfiguration": {"level": _LEVELS[one.severity]},
                "properties": {"tags": sorted({shown(tag) for tag in one.tags})[:20]},
            },
        )
    return rules


def _invocation(report: Report) -> Json:
    run = report.run
    found: Json = {
        "executionSuccessful": run.status == "complete",
        "exitCode": report.exit_code,
        "machine": shown(report.node.hostname or ""),
    }
    times = {"startTimeUtc": run.started_at, "endTimeUtc": run.finished_at}
    found.update({key: time for key, time in times.items() if unix_seconds(time) is not None})
    return found


def _properties(report: Report) -> Json:
    told, used, run = report.summary, report.profile, report.run
    return {
        "run": shown(run.id), "verdict": shown(told.verdict), "profile": shown(used.name),
        "profileDigest": shown(used.digest),
        "pass": told.passed, "fail": told.failed, "unknown": told.unknown, "skip": told.skipped,
        "waived": told.waived, "coverage": told.coverage,
    }  # fmt: skip


def _result(one: Result, number: int) -> Json:
    fails = one.status != Status.UNKNOWN
    return {
        "ruleId": printable(one.check),
        "ruleIndex": number,
        # "open": the rule was evaluated, and there was not enough to decide (section 3.27.9), which takes level "none".
        "kind": "fail" if fails else "open",
        "level": _LEVELS[one.severity] if fails else "none",
        "message": {"text": _message(one)},
        "locations": [_location(one.check, telling(one))],
        "relatedLocations": _related(one),
        "partialFingerprints": dict.fromkeys(("primaryLocationLineHash", "nodecheck/v1"), shown(one.fingerprint)),
        "suppressions": _suppressions(one),
        "properties": {
            "id": printable(one.id), "view": one.view, "status": one.status.value, "severity": one.severity.value,
            "details": told(one),
        },
    }  # fmt: skip


def _related(one: Result) -> list[Json]:
    """Where all of it was read, no place twice: the list is one of unique items (section 3.27.22)."""
    found: list[Json] = []
    for item in one.evidence:
        place = _location(one.check, item, read_at(item))
        if place not in found:
            found.append(place)
        if len(found) == MOST_RELATED:
            break
    return found


def _message(one: Result) -> str:
    fix = f" (fix: {shown(one.fix.title)})" if one.fix is not None else ""
    return _unlinked(f"{printable(one.id)}: {shown(one.message)}{fix}")


def _location(name: str, item: Evidence | None, message: str = "") -> Json:
    """Where a result was read; a source that is no file has its name for a path, and what has no source its check's."""
    source = name if item is None else item.source
    physical: Json = {"artifactLocation": {"uri": _uri(source) or "node", "uriBaseId": BASE}}
    if item is not None and (line := line_of(item.locator)) is not None:
        physical["region"] = {"startLine": line}
    found: Json = {"physicalLocation": physical}
    return {**found, "message": {"text": _unlinked(message)}} if message else found


def _uri(path: str) -> str:
    r"""A path below the root as a relative URI: no ``..``, no leading ``/``, and every byte that needs it escaped.

    >>> _uri("/etc/my conf%.d/\udcff"), _uri("//host/../../x"), _uri("/")
    ('etc/my%20conf%25.d/%FF', 'x', '')
    """
    from urllib.parse import quote

    return quote(encode(normpath("/" + path)).lstrip(b"/"))


def _unlinked(text: str) -> str:
    """A message without ``](``, which would begin a link (section 3.11.6)."""
    return text.replace("](", "] (")


def _suppressions(one: Result) -> list[Json]:
    """The waiver; no result may lack the list where one has it (section 3.27.23)."""
    if one.status != Status.WAIVED:
        return []
    reason = shown(one.waiver.reason) if one.waiver is not None else ""
    return [{"kind": "external", "status": "accepted", "justification": reason}]
