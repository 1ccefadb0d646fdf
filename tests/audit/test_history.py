"""The history: what is recorded reads back as it was, stays small, and outlives clocks, kills and other versions."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import pytest

from nodecheck.audit import schema
from nodecheck.audit.changes import Change, diff
from nodecheck.audit.keep import Limits
from nodecheck.audit.lookup import find, intervals, lines, report_of
from nodecheck.audit.opening import NAME, opened, reading
from nodecheck.audit.past import Past
from nodecheck.audit.session import Audit, note_told, recorded
from nodecheck.audit.standing import Flap, Moment
from nodecheck.audit.store import Baseline, accept
from nodecheck.errors import HistoryError, UsageError
from nodecheck.report import Report
from tests.audit.reports import report


def record(directory: Path, found: Report, limits: Limits | None = None, scope: str = "s") -> Audit:
    done = recorded(found, str(directory), scope, limits=limits)
    assert done.recorded, done.notices
    note_told(str(directory), limits or Limits(), done)
    return done


def at(hours: float) -> str:
    from datetime import datetime, timedelta, timezone

    moment = datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(hours=hours)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def fill(directory: Path, hours: range, limits: Limits, unlike: bool = False) -> None:
    """A run an hour; ``unlike`` makes each bring results that no other has."""
    for hour in hours:
        results = {f"c{n}": f"fail={'x' * 300}{n}.{hour if unlike else 0}" for n in range(10)}
        record(directory, report(results, at=at(hour)), limits)


def kinds(changes: tuple[Change, ...]) -> list[str]:
    return [change.kind for change in changes]


def test_a_report_reads_back_as_it_was(state: Path) -> None:
    stages = [
        report({"a": "fail", "b@boot": "waived", "c[x]": "unknown"}),
        report({"a": "pass"}),
        report({"a": "fail"}),
    ]
    for one in stages:
        record(state, one)

    with reading(str(state)) as db:
        assert [report_of(db, number)[0] for number in (1, 2, 3)] == stages
        assert [(line.run, line.changes) for line in lines(db)] == [
            (3, {"new-failure": 1}), (2, {"fixed": 1, "gone": 2}), (1, {"new-failure": 1, "appeared": 1}),
        ]  # fmt: skip
        assert [find(db, text) for text in ("last", "last~2", "2", stages[1].run.id[:8], "last~9", "99", "zz")] == [
            3, 1, 2, 2, None, None, None,
        ]  # fmt: skip


def test_equal_runs_share_what_they_have_in_common(state: Path) -> None:
    many = {f"c{number}[subject {number}]": f"fail={'evidence ' * 100}" for number in range(100)}
    for hour in range(60):
        record(state, report(many, at=at(hour)))

    assert (state / NAME).stat().st_size < 150_000
    with reading(str(state)) as db:
        assert db.execute("SELECT count(*) FROM result").fetchone() == (100,)


def test_each_kind_of_audit_is_compared_with_its_own_kind(state: Path) -> None:
    record(state, report({"a": "fail", "b": "pass"}), scope="all")
    record(state, report({"b": "pass"}), scope="only b")

    assert record(state, report({"a": "fail", "b": "pass"}), scope="all").changes == ()


def test_runs_are_ordered_by_number_whatever_the_clock_says(state: Path) -> None:
    record(state, report({"a": "pass"}, at=at(100)))
    back = record(state, report({"a": "fail"}, at=at(2)))

    assert kinds(back.changes) == ["new-failure"]
    assert [notice.code for notice in back.notices] == ["clock-went-back"]
    assert kinds(record(state, report({"a": "fail"}, at=at(1))).still) == ["still-failing"]
    with reading(str(state)) as db:
        assert [line.run for line in lines(db)] == [3, 2, 1]


def test_old_runs_go_by_age(state: Path) -> None:
    limits = Limits(keep_days=10)
    fill(state, range(0, 15 * 24, 6), limits)

    with reading(str(state)) as db:
        kept = lines(db)
    assert 40 <= len(kept) <= 49
    assert kept[-1].run > 10


def test_a_clock_that_jumps_ten_years_ahead_and_back_removes_nothing(state: Path) -> None:
    limits = Limits(keep_days=60)
    fill(state, range(60), limits)
    fill(state, range(10 * 365 * 24, 10 * 365 * 24 + 3), limits)
    fill(state, range(60, 70), limits)

    with reading(str(state)) as db:
        assert len(lines(db)) == 73


def test_the_size_is_bounded_and_the_oldest_go_first(state: Path) -> None:
    limits, largest = Limits(max_mib=6), 0
    for day in range(40):
        big = {f"c{n}": f"fail={os.urandom(1000).hex()}" for n in range(60)}
        record(state, report(big, at=at(day * 24)), limits)
        largest = max(largest, sum(path.stat().st_size for path in state.glob(f"{NAME}*") if path.suffix != "-shm"))
        with reading(str(state)) as db:
            newest = lines(db)[0]
            assert newest.run == day + 1
    assert largest <= 6 << 20
    with reading(str(state)) as db:
        kept = [line.run for line in lines(db)]
        assert kept == list(range(40, 40 - len(kept), -1))
        assert len(kept) < 40
        assert report_of(db, kept[-1])[0].results


def test_a_report_that_is_larger_than_the_bound_is_not_recorded_and_nothing_else_is_lost(state: Path) -> None:
    limits = Limits(max_mib=8)
    record(state, report({"a": "pass"}), limits)
    huge = report({f"c{n}": f"fail={os.urandom(2000).hex()}" for n in range(3000)})

    found = recorded(huge, str(state), "s", limits=limits)

    assert not found.recorded
    assert len(found.changes) == 3001
    with reading(str(state)) as db:
        assert len(lines(db)) == 1
    record(state, report({"a": "pass"}), limits)


def test_a_time_names_the_last_run_before_it(state: Path) -> None:
    for hour in (0, 24, 48):  # 1, 2 and 3 January 2026, at midnight
        record(state, report({"a": "pass"}, at=at(hour)))

    named = {
        "2026-01-02T12:00:00Z": 2, "2026-01-02T14:00:00+02:00": 2, "2026-01-02": 1, "2026-01-04": 3, "2025-12-01": 1,
        "7d": 3, "2w": 3, "9999w": 1, "2026-13-01": None, "7x": None, "d": None, "-7d": None,
    }  # fmt: skip
    with reading(str(state)) as db:
        assert {text: find(db, text) for text in named} == named


def test_since_when(state: Path) -> None:
    for hour, said in enumerate(["pass", "fail", "fail", "unknown", "fail", "pass", "pass"]):
        record(state, report({"a": said, "z": "pass"}, at=at(hour)))
    record(state, report({"z": "pass"}, at=at(8)), scope="without it")
    record(state, report({"a": "pass"}, at=at(9)), scope="it alone")

    with reading(str(state)) as db:
        found = intervals(db, "a")
        assert intervals(db, "none") == ()
    assert [(item.status, item.first.run, item.last.run, item.runs) for item in found] == [
        ("pass", 1, 1, 1), ("fail", 2, 3, 2), ("unknown", 4, 4, 1), ("fail", 5, 5, 1), ("pass", 6, 9, 3),
    ]  # fmt: skip


def test_since_when_by_the_list_and_by_the_difference_is_one_answer(state: Path) -> None:
    """A subject that its check cannot look for is not judged: neither of them calls it absent, or fixed."""
    stages = [{"a[x]": "pass"}, {"a[x]": "fail"}, {"a": "unknown"}, {"a[x]": "fail"}, {"a[x]": "fail", "b": "pass"}]
    for hour, found in enumerate([*stages, {"b": "pass"}]):
        record(state, report({"z": "pass", **found}, at=at(hour)))

    with reading(str(state)) as db:
        spans = intervals(db, "a[x]")
        assert [(item.status, item.first.run, item.last.run, item.runs) for item in spans] == [
            ("pass", 1, 1, 1), ("fail", 2, 2, 1), ("unknown", 3, 3, 1), ("fail", 4, 5, 2), (None, 6, 6, 1),
        ]  # fmt: skip
        assert spans[2].message == "cannot be judged, as a cannot"
        changed = [Past(db, *runs).dated(diff(*[report_of(db, run)[0] for run in runs])) for runs in ((5, 6), (2, 5))]
        [gone], [still] = ([one for one in changes if one.id == "a[x]"] for changes in changed)
        assert (gone.kind, gone.since) == ("gone", Moment(2, at(1)))
        assert (still.kind, still.since) == ("still-failing", Moment(2, at(1)))


def test_another_version_is_a_note_and_not_news_of_all_that_passes(state: Path) -> None:
    def judged_by(version: str, **results: str) -> Audit:
        found = report(results).to_dict()
        found["tool"]["version"] = version
        return record(state, Report.from_json(json.dumps(found)))

    judged_by("1.0", a="pass=x", b="fail=x", c="pass=x")

    found = judged_by("1.1", a="pass=y", b="fail=y", c="pass=x")

    assert found.changes == ()
    assert [notice.code for notice in found.notices] == ["nodecheck-changed"]
    assert judged_by("1.1", a="pass=y", b="fail=y", c="pass=x").changes == ()
    assert kinds(judged_by("1.1", a="pass=z", b="fail=y", c="pass=x").changes) == ["evidence-changed"]


def test_two_recorded_runs_are_dated_as_the_audits_dated_them(state: Path) -> None:
    stages: list[dict[str, str]] = [
        {"a": "pass", "b[x]": "fail", "c": "fail"},
        {"a": "fail", "b[x]": "fail", "c": "waived"},
        {"a": "skip:offline", "b": "unknown", "c": "fail"},
        {"a": "fail=else", "b[x]": "fail", "c": "fail/warning"},
        {"a": "pass", "b[x]": "pass", "c": "unknown"},
        {"a": "pass", "b[x]": "waived", "c": "unknown"},
    ]
    told = [record(state, report(found, at=at(hour))) for hour, found in enumerate(stages)]
    record(state, report({"a": "fail", "z": "pass"}), scope="another kind")

    with reading(str(state)) as db:
        for new in range(2, 7):
            dated = Past(db, new - 1, new).dated(diff(report_of(db, new - 1)[0], report_of(db, new)[0]))
            known = {
                (change.id, change.kind): change.since for change in (*told[new - 1].changes, *told[new - 1].still)
            }
            both = [change for change in dated if (change.id, change.kind) in known]
            assert both
            assert [change.since for change in both] == [known[change.id, change.kind] for change in both]
        [fixed] = [change for change in Past(db, 1, 5).dated(diff(*[report_of(db, run)[0] for run in (1, 5)]))
                   if change.kind == "fixed"]  # fmt: skip
        assert (fixed.id, fixed.since) == ("b[x]", Moment(1, at(0)))
        other = Past(db, 1, 7).dated(diff(report_of(db, 1)[0], report_of(db, 7)[0]))
        assert {change.since for change in other} == {None}


def test_what_differs_from_the_baseline_is_dated_by_the_runs(state: Path) -> None:
    record(state, report({"a": "pass", "b": "fail"}, at=at(0)))
    with opened(str(state), Limits()) as db:
        accept(db, "s", Baseline(1, at(1), "ann", report_of(db, 1)[0]))
    record(state, report({"a": "fail", "b": "pass"}, at=at(2)))

    drift = record(state, report({"a": "fail", "b": "pass", "c": "pass"}, at=at(3))).drift

    assert drift is not None
    assert {change.id: change.since for change in drift.changes} == {"a": Moment(2, at(2)), "b": None, "c": None}


def test_changes_that_were_not_told_are_told_by_the_next_run_once(state: Path) -> None:
    record(state, report({"a": "pass"}))
    recorded(report({"a": "fail"}), str(state), "s")  # and killed before it told

    late = recorded(report({"a": "fail"}), str(state), "s")
    assert [(item.run, [change["kind"] for change in item.changes]) for item in late.untold] == [(2, ["new-failure"])]
    assert not late.quiet
    note_told(str(state), Limits(), late)
    assert record(state, report({"a": "fail"})).quiet


def test_a_later_nodechecks_history_is_left_alone(state: Path) -> None:
    record(state, report({"a": "pass"}))
    with sqlite3.connect(state / NAME) as db:
        db.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
        db.execute("CREATE TABLE later (x)")
    db.close()
    before = {path.name: path.read_bytes() for path in state.iterdir()}

    found = recorded(report({"a": "fail"}), str(state), "s")

    assert found.notices[0].code == "not-recorded"
    assert "later nodecheck" in found.notices[0].message
    assert {path.name: path.read_bytes() for path in state.iterdir()} == before
    with pytest.raises(HistoryError, match="later nodecheck"), reading(str(state)):
        pass


def test_an_older_history_is_brought_up_to_date_whole_or_not_at_all(state: Path) -> None:
    record(state, report({"a": "fail"}))
    later = (*schema.MIGRATIONS, ("ALTER TABLE run ADD COLUMN note TEXT", "CREATE TABLE more (x)"))
    broken = (*schema.MIGRATIONS, ("ALTER TABLE run ADD COLUMN note TEXT", "nonsense"))
    with opened(str(state), Limits()) as db:
        with pytest.raises(sqlite3.OperationalError):
            schema.migrate(db, broken)
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert db.execute("SELECT count(*) FROM pragma_table_info('run') WHERE name = 'note'").fetchone() == (0,)
        schema.migrate(db, later)
        assert db.execute("SELECT count(note), count(*) FROM run").fetchone() == (0, 1)


def test_flap_control_reaches_across_runs(state: Path) -> None:
    said = ["pass", "fail", "pass", "fail", "fail", "fail"]
    told = [recorded(report({"a": word}), str(state), "s", Flap(2, 3)).changes for word in said]

    assert [kinds(changes) for changes in told] == [[], [], [], ["new-failure"], [], []]
    assert told[3][0].since == Moment(2, told[3][0].since.at if told[3][0].since else "")


def test_a_reader_reads_while_an_audit_writes(state: Path) -> None:
    record(state, report({"a": "pass"}))
    with reading(str(state)) as db:
        db.execute("BEGIN")
        assert len(lines(db)) == 1
        record(state, report({"a": "fail"}))
        assert len(lines(db)) == 1
        db.execute("COMMIT")
        assert len(lines(db)) == 2


def test_a_reader_leaves_no_trace(state: Path) -> None:
    record(state, report({"a": "pass"}))
    before = {path.name: path.read_bytes() for path in state.iterdir()}

    with reading(str(state)) as db:
        lines(db)
        with pytest.raises(sqlite3.OperationalError):
            db.execute("DELETE FROM run")
    assert {path.name: path.read_bytes() for path in state.iterdir()} == before


def test_an_ambiguous_id_is_refused(state: Path) -> None:
    found = report({"a": "pass"})
    record(state, found)
    record(state, found)

    with reading(str(state)) as db, pytest.raises(UsageError, match="several runs"):
        find(db, found.run.id[:6])
