"""From audit to audit: predictions wait for the reboot, are held against it once, and what broke is not believed.

What is known of a node's boots is a value, and each audit makes the next one of it. Nothing is lost on the way: an
audit that comes too early after a boot leaves what waits to the next one, and so does a second reboot before that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from nodecheck.audit.predictions import BROKEN, CHANGED, Foretold, Miss, broken_passes, compared, foretold, together
from nodecheck.audit.settled import BootNow
from nodecheck.checking.selectors import parse_selector
from nodecheck.errors import SelectorError
from nodecheck.model.fingerprint import fingerprint
from nodecheck.model.outcomes import BOOT, Cause, Result, Status
from nodecheck.record import NamedTuple
from nodecheck.report import Report
from nodecheck.report.summary import summary_of
from nodecheck.text import minute

CAUSE = "broken-prediction"
UNEXPLAINED = "unexplained"
"""The cause of a pass of the boot view that the present of the same run took away (docs/witness.md)."""

MOST_HELD = 64
"""Reboots that are remembered."""

MOST_MISSES = 100
"""Predictions of one reboot that are remembered by name."""

MOST_BROKEN = 500
"""Boot views that are not believed at a time."""


class BrokenPrediction(NamedTuple):
    """A pass that did not come true: until its sources change, its boot view is not believed."""

    digest: str
    booted_at: str
    said: str
    found: str


class RebootHeld(NamedTuple):
    """A reboot that predictions were held against."""

    boot_id: str
    booted_at: str
    before: int | None
    """The run that made the predictions."""
    run: int | None
    """The run that held them."""
    at: str
    kept: int
    broken: int
    changed: int
    not_compared: int
    misses: tuple[Miss, ...]
    """What was broken, then what changed; not all where they are many."""


class Boots(NamedTuple):
    """What is known of a node's boots by audits of one kind."""

    last: Foretold | None = None
    """The predictions of the last run."""
    waiting: Foretold | None = None
    """Those of the boot before, which were not held yet."""
    broken: Mapping[str, BrokenPrediction] = {}
    """By id."""
    held: tuple[RebootHeld, ...] = ()
    """The earliest first."""


class Followed(NamedTuple):
    """What an audit makes of the boots, and the report as they let it stand."""

    boots: Boots
    report: Report
    held: RebootHeld | None = None
    """What this audit held."""
    waits: str | None = None
    """Why it could not hold what waits."""


class BootSeen(NamedTuple):
    """What an audit knows of this boot, beside its report."""

    digests: Mapping[str, str]
    """Of the sources of each result of the boot view, by id."""
    now: Callable[[], BootNow]
    """Asked where predictions wait."""
    explained: Collection[str] = ()
    """The ids of boot views that came true and are not so any more: a service that ran, and that somebody stopped."""


def followed(boots: Boots, report: Report, run: int | None, boot: BootSeen) -> Followed:
    """What stands of the boots after an audit of the live node."""
    boot_id, rules = report.node.boot_id, rules_of(report)
    if not boot_id:
        return Followed(boots, amended(report, boots.broken))
    boot = boot._replace(digests=_of_judged(boot.digests, report.results))
    boots = boots._replace(broken=_in_force(boots.broken, boot.digests))
    if boots.last is not None and boots.last.boot_id != boot_id:
        boots = boots._replace(last=None, waiting=together(boots.waiting, boots.last))
    held, waits = None, None
    if boots.waiting is not None:
        boots, held, waits = _held(boots, boots.waiting, report, run, boot)
    report = amended(report, boots.broken)
    last = foretold(report.results, boot.digests, boot_id, run, rules)
    return Followed(boots._replace(last=last), report, held, waits)


def _of_judged(digests: Mapping[str, str], results: Iterable[Result]) -> dict[str, str]:
    """The digests of what was judged: a view that was not got through has looked at a part of its sources."""
    judged = {result.id for result in results if result.status in _JUDGED or _is_unexplained(result)}
    return {name: digest for name, digest in digests.items() if name in judged}


_JUDGED = frozenset((Status.PASS, Status.FAIL, Status.WAIVED))


def _is_unexplained(result: Result) -> bool:
    return result.status == Status.UNKNOWN and result.cause is not None and result.cause.code == UNEXPLAINED


def _in_force(broken: Mapping[str, BrokenPrediction], digests: Mapping[str, str]) -> dict[str, BrokenPrediction]:
    """Those whose sources are not shown to have changed."""
    return {name: item for name, item in broken.items() if digests.get(name, item.digest) == item.digest}


def _held(
    boots: Boots, told: Foretold, report: Report, run: int | None, boot: BootSeen
) -> tuple[Boots, RebootHeld | None, str | None]:
    """Hold what waits, where the boot is over."""
    if report.run.status != "complete":
        return boots, None, "this run was cut short"
    now = boot.now()
    if now.waits is not None:
        return boots, None, now.waits
    found = compared(told, report.results, boot.digests, rules_of(report), boot.explained)
    broken, changed = [sum(miss.kind == kind for miss in found.misses) for kind in (BROKEN, CHANGED)]
    held = RebootHeld(
        report.node.boot_id or "", now.booted_at, told.run, run, report.run.started_at,
        found.kept, broken, changed, found.not_compared, found.misses[:MOST_MISSES],
    )  # fmt: skip
    new = {
        miss.id: BrokenPrediction(
            told.predictions[miss.id].digest or "", now.booted_at, miss.said_text, miss.found_text
        )
        for miss in broken_passes(found.misses)
    }
    boots = boots._replace(waiting=None, broken=dict([*boots.broken.items(), *new.items()][-MOST_BROKEN:]))
    if not (held.kept or held.broken or held.changed):
        return boots, None, None
    return boots._replace(held=(*boots.held, held)[-MOST_HELD:]), held, None


def rules_of(report: Report) -> tuple[str | None, ...]:
    """By what a report was judged: another version or profile may judge the same node otherwise.

    And of which machine it is: a history can come to another one with a copy of its disk.
    """
    used, machine = report.profile, report.node.machine_id
    return (report.tool.version, machine, used.name, used.digest, used.role, used.kubernetes, used.proxy_mode, used.cni)


def amended(report: Report, broken: Mapping[str, BrokenPrediction]) -> Report:
    """The report in which a boot view whose last prediction was broken does not pass.

    That it broke over a reboot is more than what the present alone shows (``unexplained``).
    """
    doubted = {
        result.id: _doubted(result, broken[result.id])
        for result in report.results
        if result.id in broken and result.view == BOOT and (result.status == Status.PASS or _is_unexplained(result))
    }
    if not doubted:
        return report
    results = tuple(
        [doubted.get(result.id, result) for result in report.results if not _says_all_well(result, doubted.values())]
    )
    summary = summary_of(results, report.run.fail_on)
    return Report(report.tool, report.run, report.node, report.profile, summary, results)


def _doubted(result: Result, broken: BrokenPrediction) -> Result:
    detail = f"said pass before the reboot of {minute(broken.booted_at)}, and after it: {broken.found}"
    print_ = fingerprint(result.id, Status.UNKNOWN, result.evidence)
    return result._replace(
        status=Status.UNKNOWN, message=detail, cause=Cause(CAUSE, detail), fix=None, fingerprint=print_
    )


def _says_all_well(result: Result, doubted: Iterable[Result]) -> bool:
    """Whether a result says that a waiver is no longer needed, of what is not known to pass."""
    if result.check != "waiver" or result.actual != "pass" or result.subject is None:
        return False
    try:
        selector = parse_selector(result.subject)
    except SelectorError:
        return False
    return any(selector.takes(item.check, item.tags, item.subject, item.view) for item in doubted)
