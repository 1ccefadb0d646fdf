"""Rows: which of them hold for a node, who asks for one, and a verdict by one."""

from __future__ import annotations

import pytest

from nodecheck.checking import seen
from nodecheck.facts.cluster.target import Target
from nodecheck.model.outcomes import Severity, Status
from nodecheck.requirements.table import NEWEST, PROFILE, TABLE, Row, Table, named_row, verdict

WARN = Severity.WARNING
ROWS = Table(
    Row("a", "old", "r", "s", before=(1, 20)),
    Row("a", "new", "r", "s", WARN, since=(1, 20)),
    Row("b", "1", "r", "s", role="control-plane"),
    Row("c", "1", "r", "s", modes=("ipvs", None)),
    Row("d", "1", "r", "s", before=NEWEST),
)


@pytest.mark.parametrize(
    ("target", "held"),
    [
        (Target(kubernetes="1.19.9"), "a=old c=1 d=1"),
        (Target(kubernetes="1.20"), "a=new c=1 d=1"),
        (Target(), "a=new c=1"),
        (Target(role="control-plane", proxy_mode="ipvs"), "a=new b=1 c=1"),
        (Target(role="worker", proxy_mode="iptables"), "a=new"),
    ],
)
def test_rows_hold_by_release_role_and_mode_and_an_unknown_release_is_the_newest(target: Target, held: str) -> None:
    assert " ".join(f"{row.name}={row.wanted}" for row in ROWS.of(target)) == held


PLANNED = Row("a", "newest", "it may go", "KEP-1", since=NEWEST, planned="2026-11-29")
ROW_OF_A_PLAN = Table(*ROWS, PLANNED)


def test_what_is_planned_judges_nothing_and_gives_a_note_with_its_date() -> None:
    first = Table(PLANNED, *ROWS)  # wherever it stands
    newest = Target(kubernetes=".".join(map(str, NEWEST)))

    for table in (ROW_OF_A_PLAN, first):
        assert PLANNED not in table.of(newest)
        assert (table.row("a", newest).wanted, table.at("a", NEWEST).wanted) == ("new", "new")
        note = f"planned for Kubernetes {newest.kubernetes}, read on 2026-11-29: newest: it may go (KEP-1)"
        assert table.notes("a", NEWEST) == table.notes("a", None) == (note,)
        assert table.notes("a", (1, 20)) == table.notes("b", NEWEST) == ()


def test_the_first_row_that_holds_counts() -> None:
    table = Table(Row("a", "1", "r", "s", modes=("ipvs",)), Row("a", "2", "r", "s"))

    assert [table.row("a", Target(proxy_mode=mode)).wanted for mode in ("ipvs", "none")] == ["1", "2"]


@pytest.mark.parametrize(
    ("name", "wanted", "named", "expected"),
    [
        ("a", None, False, ("new", WARN, TABLE)),
        ("a", "mine", False, ("mine", WARN, TABLE)),
        ("a", None, True, ("new", Severity.ERROR, PROFILE)),
        ("a", "mine", True, ("mine", Severity.ERROR, PROFILE)),
        ("z", "mine", False, ("mine", Severity.ERROR, PROFILE)),
        ("b", None, True, ("", Severity.ERROR, PROFILE)),
    ],
)
def test_a_row_keeps_who_asks(name: str, wanted: str | None, named: bool, expected: tuple[str, Severity, str]) -> None:
    row = ROWS.row(name, Target(), wanted, named)

    assert (row.wanted, row.severity, row.asked_by) == expected


def test_a_row_by_release_alone() -> None:
    assert [ROWS.at("a", release).wanted for release in ((1, 19), (1, 20))] == ["old", "new"]
    with pytest.raises(LookupError, match=r"d in Kubernetes 1\.37"):
        ROWS.at("d", NEWEST)


@pytest.mark.parametrize(("release", "all_before"), [((1, 19), True), ((1, 20), True), ((1, 21), False)])
def test_a_row_that_covers_all_before_a_release(release: tuple[int, int], all_before: bool) -> None:
    old, new = ROWS.rows[:2]

    assert old.covers_all_before(release) is all_before
    assert not new.covers_all_before(release)


def test_a_verdict_brings_what_the_row_says() -> None:
    row, evidence = named_row("k", "1"), [seen("/f", "0")]

    good, bad = (verdict(met, "k is 0", row, "0", evidence) for met in (True, False))

    assert (good.status, good.subject, good.expected, good.severity) == (Status.PASS, "k", "1", "error")
    assert (bad.status, bad.message) == (Status.FAIL, "k is 0, not 1: the profile asks for it")
    assert verdict(False, "", row, "0", evidence, failing="no k").message == "no k"


def test_a_verdict_has_notes() -> None:
    met = verdict(True, "it is 1", ROWS.rows[0], "1", [seen("/x", "1")], notes=("n",))
    failed = verdict(False, "it is 1", ROWS.rows[0], "1", [seen("/x", "1")], notes=iter(["n"]))
    assert (met.notes, failed.notes) == (("n",), ("n",))
