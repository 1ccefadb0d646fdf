"""A damaged history is set aside and told, never lost silently, and never in the way of the verdict."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from nodecheck.audit.keep import Limits
from nodecheck.audit.lookup import lines, report_of
from nodecheck.audit.opening import NAME, reading, set_aside
from nodecheck.audit.session import recorded
from nodecheck.errors import HistoryError
from tests.audit.reports import report


def filled(state: Path, runs: int = 6) -> Path:
    for number in range(runs):
        recorded(report({f"c{n}": f"fail={number}{n}{'x' * 50}" for n in range(20)}), str(state), "s")
    return state / NAME


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def noise(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(20_000))


def text(path: Path) -> None:
    path.write_text("this is no database\n" * 500)


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def another(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE other (x)")
    db.close()


def no_tables(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE result")
    db.close()


def header_only(path: Path) -> None:
    os.truncate(path, 100)


DAMAGES = [truncate, directory, noise, text, fifo, link, another, no_tables, header_only]


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_set_aside_and_told(state: Path, damage: Callable[[Path], None]) -> None:
    path = filled(state)
    damage(path)

    found = recorded(report({"a": "fail"}), str(state), "s")

    assert found.recorded, found.notices
    notice = found.notices[0]
    assert notice.code == "history-set-aside"
    assert not found.quiet
    [aside] = [entry for entry in os.listdir(state) if ".corrupt-" in entry and not entry.endswith(("-wal", "-shm"))]
    assert aside in notice.message
    assert [change.kind for change in found.changes] == ["new-failure"]  # as of a first run: all is told again
    again = recorded(report({"a": "fail"}), str(state), "s")
    assert (again.recorded, again.changes) == (True, ())


@pytest.mark.parametrize("damage", [*DAMAGES, empty])
def test_who_reads_a_damaged_history_is_told_why_it_cannot_be_read(state: Path, damage: Callable[[Path], None]) -> None:
    path = filled(state)
    damage(path)
    if damage in (fifo, link, no_tables):
        return  # those are the writer's care: a link is read, a FIFO is refused below, a lost table is found when used

    with pytest.raises(HistoryError), reading(str(state)) as db:
        lines(db)


def test_a_fifo_in_its_place_does_not_hold_up_a_reader(state: Path) -> None:
    fifo(filled(state))

    with pytest.raises(HistoryError, match="not a regular file"), reading(str(state)):
        pass


def test_an_empty_file_is_a_history_that_begins(state: Path) -> None:
    (state / NAME).touch()

    found = recorded(report({"a": "fail"}), str(state), "s")

    assert (found.run, found.notices[0].code) == (1, "first-run")


def test_flipped_bits_never_crash_and_never_go_unsaid(state: Path) -> None:
    whole = filled(state).read_bytes()
    with reading(str(state)) as db:
        truth = {line.run: report_of(db, line.run)[0] for line in lines(db)}
    chance = random.Random(7)
    aside = 0
    for _ in range(60):
        for entry in os.listdir(state):
            os.unlink(state / entry)
        place = chance.randrange(len(whole))
        (state / NAME).write_bytes(
            whole[:place] + bytes([whole[place] ^ 1 << chance.randrange(8)]) + whole[place + 1 :]
        )
        found = recorded(report({"a": "fail"}), str(state), "s")
        codes = [notice.code for notice in found.notices]
        if "not-recorded" in codes:
            continue  # the flipped bit is in the version: it reads as a later nodecheck's, and is left alone
        assert found.recorded
        aside += "history-set-aside" in codes
        if "history-set-aside" not in codes:
            _read_back(state, truth)
    assert aside > 0


def _read_back(state: Path, truth: Mapping[int, object]) -> None:
    """Each run reads as it was recorded, or is said to be damaged."""
    with reading(str(state)) as db:
        for run, whole in truth.items():
            try:
                assert report_of(db, run)[0] == whole
            except (HistoryError, sqlite3.DatabaseError):  # of the latter reading() makes the former
                continue


def test_a_log_of_another_database_is_never_found_by_a_new_one(state: Path) -> None:
    path = filled(state)
    Path(f"{path}-wal").write_bytes(b"old log")
    Path(f"{path}-shm").write_bytes(b"old memory")

    target = set_aside(str(state), "20261123T000000Z")

    assert sorted(os.listdir(state)) == [f"{NAME}.corrupt-20261123T000000Z{suffix}" for suffix in ("", "-shm", "-wal")]
    assert target.endswith("corrupt-20261123T000000Z")


def test_several_on_one_day_all_stay(state: Path) -> None:
    for _ in range(3):
        filled(state, 1)
        noise(state / NAME)
        recorded(report({"a": "pass"}), str(state), "s")

    assert len([entry for entry in os.listdir(state) if ".corrupt-" in entry]) == 3


def test_a_failing_disk_is_not_filled_and_what_is_removed_is_told(state: Path) -> None:
    for day in range(10, 16):
        noise(state / NAME)
        found = recorded(report({"a": "pass"}, at=f"2026-11-{day}T00:00:00.000Z"), str(state), "s")

    aside = sorted(entry for entry in os.listdir(state) if ".corrupt-" in entry)
    assert aside == [f"{NAME}.corrupt-202611{day}T000000Z" for day in range(11, 16)]
    assert f"{NAME}.corrupt-20261110T000000Z, the oldest" in found.notices[0].message


def test_what_cannot_be_written_is_compared_all_the_same(state: Path) -> None:
    filled(state, 1)
    recorded(report({"a": "pass"}), str(state), "s")
    with sqlite3.connect(state / NAME, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        import nodecheck.audit.opening as opening

        usual, opening.BUSY_S = opening.BUSY_S, 0.05
        try:
            found = recorded(report({"a": "fail"}), str(state), "s", limits=Limits())
        finally:
            opening.BUSY_S = usual
        other.execute("ROLLBACK")
    other.close()

    assert not found.recorded
    assert found.notices[0].code == "not-recorded"
    assert [change.kind for change in found.changes] == ["new-failure"]
