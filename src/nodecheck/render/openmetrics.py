"""Metrics that an OpenMetrics reader and node_exporter's textfile collector take alike.

The collector reads Prometheus's older text format (``expfmt.TextParser``): it knows no type ``info`` or ``stateset``
and names counters otherwise, so that all here are gauges; it takes ``# EOF`` for a comment, refuses a whole file that
has one timestamp, and wants a family's samples to be unlike. The number of series is bounded, whatever the node holds.
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.audit.boots import RebootHeld
from nodecheck.audit.session import Audit
from nodecheck.model.outcomes import Result, Severity, Status
from nodecheck.record import NamedTuple
from nodecheck.render.rows import worst_first
from nodecheck.render.told import unix_seconds
from nodecheck.report import Report
from nodecheck.text import printable

MOST_RESULTS = 50
"""Results with a series of their own; ``nodecheck_results_not_listed`` counts the others that fail or are unknown."""

MOST_CHECKS = 100
"""Pairs of check and view with series of their own."""

LABEL_ROOM = 200
"""Characters of a label's value."""


class Sample(NamedTuple):
    """One sample: its labels and value."""

    labels: tuple[tuple[str, str], ...]
    value: float


Samples = Iterator[Sample]


Family = tuple[str, str, Samples]
"""Its name, what it tells, its samples."""


def render(report: Report) -> str:
    """The document, with ``# EOF`` as its last line."""
    return _document(_of_report(report))


def render_audit(audit: Audit) -> str:
    """The document of an audit, which also tells what became of the predictions of reboots."""
    return _document((*_of_report(audit.report), *_of_boots(audit)))


def _document(families: tuple[Family, ...]) -> str:
    lines = [line for name, what, samples in families for line in _family(name, what, samples)]
    return "\n".join([*lines, "# EOF"]) + "\n"


def _of_report(report: Report) -> tuple[Family, ...]:
    return (
        ("nodecheck_info", "Which nodecheck judged this node, and by which profile.", _info(report)),
        ("nodecheck_last_run_timestamp_seconds", "When the last run ended.", _ended(report)),
        ("nodecheck_run_duration_seconds", "How long the last run took.", _one(report.run.duration_s)),
        ("nodecheck_run_complete", "Whether the last run ended before its deadline.", _complete(report)),
        ("nodecheck_exit_code", "Exit code of the last run: 0, 1 (failed) or 3 (not judged).", _one(report.exit_code)),
        ("nodecheck_coverage_ratio", "Share of what applies that could be judged.", _one(report.summary.coverage)),
        ("nodecheck_results", "Results of the last run by status.", _by_status(report)),
        ("nodecheck_failures", "Failures of the last run that no waiver covers, by severity.", _by_severity(report)),
        ("nodecheck_check_results", "Results of a check that fail or are unknown.", _by_check(report)),
        ("nodecheck_result", "A result that fails or is unknown; the worst are listed.", _listed(report)),
        ("nodecheck_results_not_listed", "Results that fail or are unknown and are not listed.", _rest(report)),
    )


def _of_boots(audit: Audit) -> tuple[Family, ...]:
    """Of the last reboot that was compared; none where none was."""
    held = audit.boots.held[-1:]
    return (
        ("nodecheck_predictions", "Boot verdicts compared with the last reboot, by outcome.", _outcomes(held)),
        ("nodecheck_predicted_boot_timestamp_seconds", "When the node booted that was compared.", _booted(held)),
        (
            "nodecheck_broken_predictions",
            "Boot views that are unknown because they passed and a reboot proved them wrong.",
            _one(len(audit.boots.broken)) if held else iter(()),
        ),
    )


def _outcomes(reboots: tuple[RebootHeld, ...]) -> Samples:
    for held in reboots:
        for outcome in ("kept", "broken", "changed", "not_compared"):
            yield Sample((("outcome", outcome),), getattr(held, outcome))


def _booted(reboots: tuple[RebootHeld, ...]) -> Samples:
    for held in reboots:
        if (seconds := unix_seconds(held.booted_at)) is not None:
            yield Sample((), seconds)


def _family(name: str, what: str, samples: Samples) -> Iterator[str]:
    found = list(samples)
    if found:
        yield f"# HELP {name} {what}"
        yield f"# TYPE {name} gauge"
    for labels, value in found:
        inside = ",".join([f'{key}="{_escaped(text)}"' for key, text in labels])
        yield f"{name}{{{inside}}} {_number(value)}" if inside else f"{name} {_number(value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')  # no line feed is left in what is printable


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else repr(float(value))


def _label(text: str | None) -> str:
    safe = printable((text or "")[: LABEL_ROOM * 2])
    return safe if len(safe) <= LABEL_ROOM else safe[: LABEL_ROOM - 1] + "…"


def _one(value: float) -> Samples:
    yield Sample((), value)


def _info(report: Report) -> Samples:
    used = report.profile
    labels = {
        "version": report.tool.version, "profile": used.name, "profile_digest": used.digest, "role": used.role,
        "kubernetes": used.kubernetes, "source": report.run.source.kind,
    }  # fmt: skip
    yield Sample(tuple([(key, _label(value)) for key, value in labels.items()]), 1)


def _ended(report: Report) -> Samples:
    if (seconds := unix_seconds(report.run.finished_at)) is not None:
        yield Sample((), seconds)


def _complete(report: Report) -> Samples:
    yield Sample((), int(report.run.status == "complete"))


def _by_status(report: Report) -> Samples:
    found = report.summary
    counts = (found.passed, found.failed, found.unknown, found.skipped, found.waived)
    for status, count in zip(Status, counts):
        yield Sample((("status", status.value),), count)


def _by_severity(report: Report) -> Samples:
    for severity in Severity:
        count = sum(result.severity == severity for result in report.failures)
        yield Sample((("severity", severity.value),), count)


def _by_check(report: Report) -> Samples:
    counts: dict[tuple[str, str], dict[Status, int]] = {}
    for result in worst_first(report.results):
        place = (_label(result.check), result.view)
        if place in counts or len(counts) < MOST_CHECKS:
            found = counts.setdefault(place, {Status.FAIL: 0, Status.UNKNOWN: 0})
            if result.status in found:
                found[result.status] += 1
    for (check, view), found in sorted(counts.items()):
        for status, count in found.items():
            yield Sample((("check", check), ("view", view), ("status", status.value)), count)


def _bad(report: Report) -> list[Result]:
    return worst_first([result for result in report.results if result.status in (Status.FAIL, Status.UNKNOWN)])


def _identities(report: Report) -> dict[tuple[tuple[str, str], ...], None]:
    """The labels of the results with a series of their own; two that are alike once cut are one."""
    found: dict[tuple[tuple[str, str], ...], None] = {}
    for result in _bad(report):
        if len(found) == MOST_RESULTS:
            break
        labels = {
            "check": _label(result.check), "subject": _label(result.subject), "view": result.view,
            "severity": result.severity.value, "status": result.status.value,
        }  # fmt: skip
        found[tuple(labels.items())] = None
    return found


def _listed(report: Report) -> Samples:
    for labels in _identities(report):
        yield Sample(labels, 1)


def _rest(report: Report) -> Samples:
    yield Sample((), len(_bad(report)) - len(_identities(report)))
