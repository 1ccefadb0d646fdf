"""The report by rows: one a check and subject with its two views, grouped by topic, the worst first."""

from __future__ import annotations

from collections.abc import Iterable

from nodecheck.model.outcomes import BOOT, NOW, Result, Severity, Status
from nodecheck.record import NamedTuple

TOPICS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("System", ("os-release", "kernel-version", "hostname", "hosts", "command"), ("os",)),
    ("Kernel modules", ("kernel-module",), ("kernel",)),
    ("Kernel parameters", ("sysctl",), ("sysctl",)),
    ("Swap", ("swap",), ("swap",)),
    (
        "Runtime and kubelet",
        ("cgroup-driver", "version", "version-skew"),
        ("runtime", "versions", "kubelet", "kubeadm"),
    ),
    ("Network", ("default-route", "interface", "port", "firewall"), ("network", "netlink", "firewall", "kube-proxy")),
    ("Services", ("service",), ("systemd",)),
    ("Time", ("time-sync",), ("time",)),
    ("Security", ("selinux",), ("security",)),
    ("nodecheck itself", ("waiver", "plugin"), ()),
)
"""Topic, its checks, and the tags that bring other checks (those of plugins) under it: the first match counts."""

OTHER = "Other"


class Row(NamedTuple):
    """One check and subject: its id without the view, and its result in each view that was judged."""

    name: str
    now: Result | None
    boot: Result | None

    @property
    def worst(self) -> Result:
        """The result that says most; that of the ``now`` view where both say as much."""
        if self.now is None or self.boot is None:
            return self.now or self.boot  # type: ignore[return-value]
        return self.boot if rank(self.boot) > rank(self.now) else self.now


_ORDER = {Status.SKIP: 0, Status.PASS: 1, Status.WAIVED: 2, Status.UNKNOWN: 3, Status.FAIL: 4}
_LEVELS = {Severity.INFO: 0, Severity.WARNING: 1, Severity.ERROR: 2}


def rank(result: Result) -> tuple[int, int]:
    """How much a result asks for attention: failures before what is unknown, errors before warnings."""
    return _ORDER[result.status], _LEVELS[result.severity]


def worst_first(results: Iterable[Result]) -> list[Result]:
    """The results, the worst first; in the order of their ids where they are alike."""
    return sorted(results, key=lambda result: tuple([-part for part in rank(result)]))


def rows(results: Iterable[Result]) -> list[Row]:
    """A row a check and subject, in the order of their names."""
    found: dict[str, Row] = {}
    for result in results:
        name = result.id.removesuffix("@boot") if result.view == BOOT else result.id
        row = found.get(name, Row(name, None, None))
        found[name] = row._replace(now=result) if result.view == NOW else row._replace(boot=result)
    return [found[name] for name in sorted(found)]


def by_topic(results: Iterable[Result]) -> list[tuple[str, list[Row]]]:
    """The topics that have rows, in the order of :data:`TOPICS`; in each, the worst rows first."""
    groups: dict[str, list[Row]] = {title: [] for title, _, _ in TOPICS}
    groups[OTHER] = []
    for row in rows(results):
        groups[topic(row.worst)].append(row)
    for group in groups.values():
        group.sort(key=lambda row: _attention(row.worst), reverse=True)
    return [(title, group) for title, group in groups.items() if group]


def _attention(result: Result) -> tuple[int, int]:
    """As :func:`rank`, but what is well or does not apply stays in the order of its name, whatever its severity."""
    return rank(result) if result.status not in (Status.PASS, Status.SKIP) else (0, 0)


def topic(result: Result) -> str:
    """The topic of a result's check.

    >>> from nodecheck.model.outcomes import Severity, Status
    >>> topic(Result("gpu", "gpu", None, "now", Status.PASS, Severity.ERROR, "", "", None, None, None, (), None, None,
    ...              ("runtime",), (), "", 0.0))
    'Runtime and kubelet'
    """
    for title, checks, _ in TOPICS:
        if result.check in checks:
            return title
    for title, _, tags in TOPICS:
        if not set(tags).isdisjoint(result.tags):
            return title
    return OTHER


def word(result: Result | None) -> str:
    """The word for a cell: ``FAIL`` at severity error, ``warn`` and ``info`` for lesser failures, else the status."""
    if result is None:
        return "-"
    if result.status == Status.FAIL:
        return {Severity.ERROR: "FAIL", Severity.WARNING: "warn", Severity.INFO: "info"}[result.severity]
    return str(result.status)
