"""The report by rows: one a check and subject with its two views, grouped by topic, the worst first."""

from __future__ import annotations

from collections.abc import Iterable

from nodecheck.checking.selectors import ENGINE_CHECKS
from nodecheck.model.outcomes import Result, Severity, Status
from nodecheck.report.settings import ReportRow, rank, rows

TOPICS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("System", ("system", "os", "hardware", "identity", "limits", "packages", "state")),
    ("Kernel modules", ("kernel",)),
    ("Kernel parameters", ("sysctl",)),
    ("Swap", ("swap",)),
    ("Runtime and kubelet", ("runtime", "versions", "kubelet", "kubeadm", "cgroups")),
    ("Network", ("network", "netlink", "firewall", "kube-proxy")),
    ("Services", ("services", "systemd")),
    ("Time", ("time",)),
    ("Security", ("security",)),
)
"""Headings, each with the topics under it; of a check that declares no topic, the tags are taken for topics."""

ITSELF = "nodecheck itself"
OTHER = "Other"


def worst_first(results: Iterable[Result]) -> list[Result]:
    """The results, the worst first; in the order of their ids where they are alike."""
    return sorted(results, key=lambda result: tuple([-part for part in rank(result)]))


def by_topic(results: Iterable[Result]) -> list[tuple[str, list[ReportRow]]]:
    """The headings that have rows, in the order of :data:`TOPICS`; under each, the worst rows first."""
    groups: dict[str, list[ReportRow]] = {}
    for row in rows(results):
        groups.setdefault(heading(row.worst), []).append(row)
    for group in groups.values():
        group.sort(key=lambda row: _attention(row.worst), reverse=True)
    return [(title, groups[title]) for title in in_order(groups)]


def in_order(titles: Iterable[str]) -> list[str]:
    """Headings in the order of :data:`TOPICS`, those of plugins after them."""
    found, known = set(titles), [title for title, _ in TOPICS]
    own = sorted(found - {*known, ITSELF, OTHER})
    return [title for title in (*known, *own, ITSELF, OTHER) if title in found]


def _attention(result: Result) -> tuple[int, int]:
    """As :func:`rank`, but what is well or does not apply stays in the order of its name, whatever its severity."""
    return rank(result) if result.status not in (Status.PASS, Status.SKIP) else (0, 0)


def heading(result: Result) -> str:
    """What a result's check stands under: its topic, as the check declares it, else the first topic of its tags.

    >>> from nodecheck.model.outcomes import Severity, Status
    >>> heading(Result("gpu", "gpu", None, "now", Status.PASS, Severity.ERROR, "", "", None, None, None, (), None, None,
    ...                ("runtime",), (), "", 0.0))
    'Runtime and kubelet'
    """
    return heading_of(result.check, result.tags)


def heading_of(check: str, tags: Iterable[str]) -> str:
    """What a check stands under."""
    if check in ENGINE_CHECKS:
        return ITSELF
    from nodecheck.plugins import load

    topic = load().topic(check)
    words = {topic} if topic else set(tags)
    for title, topics in TOPICS:
        if not words.isdisjoint(topics):
            return title
    return topic[:1].upper() + topic[1:] or OTHER


def word(result: Result | None) -> str:
    """The word for a cell: ``FAIL`` at severity error, ``warn`` and ``info`` for lesser failures, else the status."""
    if result is None:
        return "-"
    if result.status == Status.FAIL:
        return {Severity.ERROR: "FAIL", Severity.WARNING: "warn", Severity.INFO: "info"}[result.severity]
    return str(result.status)
