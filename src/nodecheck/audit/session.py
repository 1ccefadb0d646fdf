"""One audit: a report is recorded, or at least compared, and what is to be told of it is found."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping

from nodecheck.audit.boots import Boots, BootSeen, Followed, RebootHeld
from nodecheck.audit.changes import STILL_FAILING, Change, contrasted, exit_code, step, worse
from nodecheck.audit.keep import Limits
from nodecheck.audit.opening import Corrupt, is_damage, opened, reading, set_aside, thin_out
from nodecheck.audit.phases import NO_MOVE, PhaseMove
from nodecheck.audit.standing import FAIL, STEADY, Flap, Moment, Standing
from nodecheck.audit.store import Baseline, Before, History, Recorded, Untold, baseline_of, before_of
from nodecheck.digest import sha256_name
from nodecheck.errors import HistoryError, NewerHistory
from nodecheck.model.outcomes import Severity
from nodecheck.record import NamedTuple
from nodecheck.report import Report
from nodecheck.text import printable


class Notice(NamedTuple):
    """Something about the audit itself; ``code`` is for programs."""

    code: str
    message: str


FIRST = "first-run"
SET_ASIDE = "history-set-aside"
UNRECORDED = "not-recorded"
WAITING = "predictions-wait"
PHASE = "phase-changed"

LOUD = frozenset({SET_ASIDE, UNRECORDED})
"""Notices that are told where nothing else is."""

NEWS = LOUD | {PHASE}
"""The same, and what is news of the node itself."""


LEAST_ROOM = 1 << 17
"""Bytes without which SQLite cannot write: its log and its shared memory."""


class Drift(NamedTuple):
    """What differs from the accepted baseline."""

    baseline: Baseline
    changes: tuple[Change, ...]


class Audit(NamedTuple):
    """What one audit found."""

    report: Report
    run: int | None
    before: Before | None
    changes: tuple[Change, ...]
    still: tuple[Change, ...]
    drift: Drift | None
    untold: tuple[Untold, ...]
    notices: tuple[Notice, ...]
    boots: Boots = Boots()
    """What is known of the node's boots after this audit."""
    held: RebootHeld | None = None
    """The reboot that this audit held against what was predicted of it."""
    move: PhaseMove = NO_MOVE
    """What another phase of the node brings and takes, which is no change by itself."""

    @property
    def recorded(self) -> bool:
        """Whether the history has the run."""
        return self.run is not None

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to tell."""
        loud = any(notice.code in NEWS for notice in self.notices)
        return not (self.changes or self.untold or loud or self.broke)

    @property
    def broke(self) -> bool:
        """Whether the node is not as good after its reboot as it was said to be."""
        return self.held is not None and any(miss.is_broken_pass for miss in self.held.misses)

    def exit_code(self) -> int:
        """The exit code by the changes alone, those against the baseline too."""
        fail_on = self.report.run.fail_on
        return exit_code((*self.changes, *(self.drift.changes if self.drift else ())), fail_on)

    @property
    def failed(self) -> frozenset[Severity]:
        """The severities of what fails newly, or against the baseline."""
        found = (*self.changes, *(self.drift.changes if self.drift else ()))
        return frozenset([Severity(change.severity) for change in found if worse(change, change.severity) == 1])


def scope_of(report: Report, select: tuple[str, ...], ignore: tuple[str, ...], view: str | None) -> str:
    """What makes audits comparable: the same source, the same profile by name, the same selection."""
    source = report.run.source
    asked = [source.kind, source.path, report.profile.name, sorted(select), sorted(ignore), view]
    return sha256_name(repr(asked))[7:39]


def recorded(
    report: Report, directory: str | None, scope: str, flap: Flap = STEADY, limits: Limits | None = None,
    problem: str = "", boot: BootSeen | None = None,
) -> Audit:  # fmt: skip
    """Record a report in the history of a state directory (None: there is none, because of ``problem``).

    ``boot`` is given for a live node: predictions are held against the report, and boot views whose prediction broke
    do not pass, so that the report of the audit is the one that counts.

    Never raises for the history's sake: one that is damaged is set aside and begun anew, and where nothing can be
    written the report is compared with what can be read, and a notice says so.
    """
    if directory is None:
        return _unrecorded(report, None, scope, flap, problem)
    limits = limits or Limits()
    try:
        return _recorded(report, directory, scope, flap, limits, boot)
    except NewerHistory as error:
        return _unrecorded(report, None, scope, flap, str(error))
    except (sqlite3.Error, OSError, MemoryError, HistoryError, Corrupt) as error:
        if is_damage(error) or isinstance(error, HistoryError):
            return _anew(report, directory, scope, flap, limits, boot, error)
        return _unrecorded(report, directory, scope, flap, _why(directory, error), boot)


def _why(directory: str, error: BaseException) -> str:
    """What SQLite calls "disk I/O error" or "unable to open database file", in words that tell what to do."""
    try:
        found = os.statvfs(directory)
    except OSError:
        return _told(error)
    if found.f_flag & os.ST_RDONLY:
        return f"the file system of {directory} is read-only ({_told(error)})"
    if found.f_bavail * found.f_frsize < LEAST_ROOM:
        return f"the file system of {directory} is full ({_told(error)})"
    return _told(error)


def _told(error: BaseException) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "out of memory" if isinstance(error, MemoryError) else str(error)


def _recorded(report: Report, directory: str, scope: str, flap: Flap, limits: Limits, boot: BootSeen | None) -> Audit:
    with opened(directory, limits) as connection:
        history = History(connection)
        baseline = baseline_of(connection, scope)
        untold = history.untold()
        found = history.record(report, scope, flap, limits, baseline, boot)
        return _audit(found, baseline, untold, ())


def _anew(
    report: Report, directory: str, scope: str, flap: Flap, limits: Limits, boot: BootSeen | None, damage: BaseException
) -> Audit:
    """Set a damaged history aside and begin another."""
    stamp = report.run.started_at[:19].replace("-", "").replace(":", "") + "Z"
    try:
        path = set_aside(directory, stamp)
        removed = thin_out(directory)
        found = _recorded(report, directory, scope, flap, limits, boot)
    except (sqlite3.Error, OSError, HistoryError, Corrupt) as error:
        why = f"the history is damaged ({damage}) and another could not be begun: {_told(error)}"
        return _unrecorded(report, None, scope, flap, why)
    message = f"the history was damaged ({damage}); it was set aside as {path}, and a new one begun"
    if removed is not None:
        message += f"; {removed}, the oldest of those set aside before, was removed"
    return found._replace(notices=(Notice(SET_ASIDE, message), *found.notices))


def _unrecorded(
    report: Report, directory: str | None, scope: str, flap: Flap, problem: str, boot: BootSeen | None = None
) -> Audit:
    notice = Notice(UNRECORDED, f"this run was not recorded: {problem}")
    if directory is not None:
        try:
            with reading(directory) as connection:
                found = History(connection).compare(report, scope, flap, boot)
                return _audit(found, baseline_of(connection, scope), (), (notice,))
        except (HistoryError, sqlite3.Error, OSError):
            pass  # then it is as a first run
    first = step(None, report, Moment(None, report.run.started_at))
    return _audit(Recorded(None, None, first, Followed(Boots(), report)), None, (), (notice,))


def _audit(
    found: Recorded, baseline: Baseline | None, untold: tuple[Untold, ...], notices: tuple[Notice, ...]
) -> Audit:
    drift, came = None, found.followed
    report = came.report
    if baseline is not None:
        drift = Drift(baseline, tuple(_against(baseline, report, found.step.standings)))
    told = (*notices, *_context(report, found))
    changes, still = found.step.changes, found.step.still
    return Audit(
        report, found.run, found.before, changes, still, drift, untold, told, came.boots, came.held, found.move
    )


def _against(baseline: Baseline, report: Report, standings: Mapping[str, Standing]) -> Iterator[Change]:
    """What differs from a baseline; of what fails, since when is known from the runs."""
    for change in contrasted(baseline.report, report, baseline.known(report.tool.version)):
        if change.kind != STILL_FAILING:
            stands = standings.get(change.id)
            yield change._replace(since=stands.failing if stands is not None and change.after == FAIL else None)


def _context(report: Report, found: Recorded) -> tuple[Notice, ...]:
    """What a reader of the changes should know."""
    if found.before is None:
        return (Notice(FIRST, "first run: everything that fails is told"),)
    notices = _contrast(found.before, before_of(report, 0), f"run {found.before.run}", found.move)
    waits = found.followed.waits
    if waits is None:
        return notices
    return (*notices, Notice(WAITING, f"what was predicted of this boot is compared later: {printable(waits)}"))


def contrast(old: Report, new: Report) -> tuple[Notice, ...]:
    """What a reader of the difference of two reports should know."""
    notices = [*_contrast(before_of(old, 0), before_of(new, 0), "the earlier report")]
    if old.node.machine_id != new.node.machine_id or old.run.source[:2] != new.run.source[:2]:
        names = [printable(f"{item.node.hostname or 'not known'}, {item.run.source.path}") for item in (old, new)]
        notices.insert(0, Notice("other-node", f"the reports are of different places: {names[0]} and {names[1]}"))
        notices = [notice for notice in notices if notice.code != "rebooted"]
    return tuple(notices)


def _contrast(old: Before, new: Before, name: str, move: PhaseMove = NO_MOVE) -> tuple[Notice, ...]:
    notices = []
    if old.boot_id and new.boot_id and old.boot_id != new.boot_id:
        notices.append(Notice("rebooted", f"the node was rebooted since {name}"))
    if old.profile != new.profile:
        pairs = zip(_PROFILE, old.profile, new.profile)
        what = ", ".join([_differs(label, was, now) for label, was, now in pairs if was != now])
        notices.append(Notice("profile-changed", f"the profile differs from that of {name}: {printable(what)}"))
    if (old.phase != new.phase and old.phase and new.phase) or move.told():
        notices.append(Notice(PHASE, printable(_phase(old, new, name, move))))
    if old.version != new.version:
        text = f"nodecheck {new.version} judged; {old.version} judged {name}"
        notices.append(Notice("nodecheck-changed", printable(text)))
    if new.at < old.at:
        notices.append(Notice("clock-went-back", f"the clock is behind that of {name} ({printable(old.at)})"))
    return tuple(notices)


def _phase(old: Before, new: Before, name: str, move: PhaseMove) -> str:
    """The phases before and now, and what that brings and takes, in one line."""
    was = f"the phase is {new.phase or 'not known'}; that of {name} was {old.phase or 'not known'}"
    return f"{was}: it {move.told()}" if move.told() else was


_PROFILE = ("name", "rules", "role", "Kubernetes", "proxy mode", "cni")


def _differs(name: str, old: str | None, new: str | None) -> str:
    return f"its {name}" if name == "rules" else f"{name} {old or 'not known'} -> {new or 'not known'}"


def note_told(directory: str, limits: Limits, audit: Audit) -> None:
    """Note that everything was told, so that the next audit does not tell it again. Raises errors of SQLite."""
    runs = [untold.run for untold in audit.untold]
    if audit.run is not None and audit.changes:
        runs.append(audit.run)
    if runs:
        with opened(directory, limits, look=False) as connection:
            History(connection).told(runs)
