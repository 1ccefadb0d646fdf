"""What a run here could not judge, by its cause: what is missing counts by the verdicts that it costs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from nodecheck.doctor.items import Item, missing, ok
from nodecheck.model.outcomes import Result, Status
from nodecheck.report import Report

TOPIC = "verdicts"

NEEDS = {
    "not-found": "the file, or the program",
    "denied": "root",
    "malformed": "the file mended: the program that it is for may not take it either",
    "timeout": "more time: --timeout; or a look at what hangs",
    "crashed": "a report of this bug of nodecheck, or of the plugin",
    "unsupported": "another kernel, program or version of nodecheck",
    "too-large": "a smaller file",
    "offline": "the running node",
    "plugin-failed": "the plugin mended or removed",
}


def verdicts(report: Report) -> Iterator[Item]:
    """One item for each cause for which something could not be judged, those that cost most first."""
    causes: dict[tuple[str, str], list[str]] = {}
    for result in _unjudged(report.results):
        cause = result.cause
        key = ("unknown", result.message) if cause is None else (cause.code, cause.detail)
        causes.setdefault(key, []).append(result.id)
    judged = sum(result.status in (Status.PASS, Status.FAIL, Status.WAIVED) for result in report.results)
    yield ok(TOPIC, "judged", f"{judged} results, {report.summary.coverage:.0%} of what applies")
    for (code, detail), ids in sorted(causes.items(), key=lambda item: -len(item[1])):
        yield missing(TOPIC, code, detail, _needs(code), tuple(ids))


def _unjudged(results: Iterable[Result]) -> Iterator[Result]:
    for result in results:
        offline = result.status == Status.SKIP and result.cause is not None and result.cause.code == "offline"
        if result.status == Status.UNKNOWN or offline:
            yield result


def _needs(code: str) -> str:
    if code == "denied" and os.geteuid() == 0:
        return "a place without the security module, seccomp filter or container that keeps root out"
    return NEEDS.get(code, "a look at the report")
