"""What is called a change, and what it is called: nothing that could not be judged is ever called fixed."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nodecheck
from nodecheck.audit.changes import Change, Step, diff, exit_code, step
from nodecheck.audit.show import Look, diff_text
from nodecheck.audit.standing import STEADY, Flap, Moment, Standing, packed, parse_flap, unpacked
from nodecheck.errors import UsageError
from tests.audit.reports import report


def kinds(*stages: dict[str, str]) -> list[tuple[str, str]]:
    """Ids and kinds of the changes that the last of several reports brings."""
    return [(change.id, change.kind) for change in steps(*stages)[-1].changes]


def steps(*stages: dict[str, str], flap: Flap = STEADY) -> list[Step]:
    found: list[Step] = []
    standings: dict[str, Standing] | None = None
    for number, results in enumerate(stages, 1):
        found.append(step(standings, report(results), Moment(number, f"2026-11-01T{number:02}:00:00.000Z"), flap))
        standings = unpacked(packed(found[-1].standings))
    return found


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("pass", "fail", "new-failure"),
        ("fail", "pass", "fixed"),
        ("fail=a", "fail=b", "evidence-changed"),
        ("pass=a", "pass=b", "evidence-changed"),
        ("fail", "fail/warning", "severity-changed"),
        ("fail", "unknown", "coverage-lost"),
        ("pass", "unknown", "coverage-lost"),
        ("waived", "unknown", "coverage-lost"),
        ("skip", "unknown", "coverage-lost"),
        ("fail", "skip:offline", "coverage-lost"),
        ("unknown", "pass", "coverage-regained"),
        ("unknown", "fail", "new-failure"),
        ("unknown", "skip:not-applicable", "coverage-regained"),
        ("skip:offline", "pass", "coverage-regained"),
        ("fail", "skip:not-applicable", "gone"),
        ("fail", "waived", "waived"),
        ("pass", "waived", "waived"),
        ("unknown", "waived", "waived"),
        ("waived", "fail", "unwaived"),
        ("waived", "pass", "fixed"),
        ("skip", "fail", "new-failure"),
        ("skip", "pass", "appeared"),
        ("unknown:denied", "unknown:timeout", None),
        ("fail", "fail", None),
        ("pass", "pass", None),
        ("pass", "pass/warning", None),
    ],
)
def test_kinds(before: str, after: str, kind: str | None) -> None:
    assert kinds({"swap": before}, {"swap": after}) == ([] if kind is None else [("swap", kind)])


def test_appeared_and_gone() -> None:
    assert kinds({"a": "pass"}, {"a": "pass", "b": "pass"}) == [("b", "appeared")]
    assert kinds({"a": "pass"}, {"a": "pass", "b": "fail"}) == [("b", "new-failure")]
    assert kinds({"a": "pass"}, {"a": "pass", "b": "unknown"}) == [("b", "appeared")]
    assert kinds({"a": "pass", "b": "fail"}, {"a": "pass"}) == [("b", "gone")]
    assert kinds({"a": "pass", "b[x]": "fail", "b[y]": "pass"}, {"a": "pass", "b[y]": "pass"}) == [("b[x]", "gone")]


def test_gone_says_whether_the_check_or_its_subject_is_gone() -> None:
    before = {"a[x]": "fail", "a[y]": "pass", "b": "pass", "waiver[a]": "fail"}
    found = diff(report(before), report({"a[y]": "pass"}))

    assert [(change.id, change.message) for change in found] == [
        ("a[x]", "no longer there; it was: a[x] is fail"),
        ("b", "no longer looked at; it was: b is pass"),
        ("waiver[a]", "no longer there; it was: waiver[a] is fail"),
    ]
    assert kinds({"a[x]": "pass", "a[y]": "pass"}, {"a[y]": "pass"}) == [("a[x]", "gone")]


def test_a_check_that_cannot_look_at_all_loses_sight_of_its_subjects_and_fixes_none() -> None:
    first, dark = {"swap[/dev/sda2]": "fail", "a": "pass"}, {"swap": "unknown", "a": "pass"}

    assert kinds(first, dark) == [("swap", "coverage-lost"), ("swap[/dev/sda2]", "coverage-lost")]
    assert kinds(first, dark, dark) == []
    assert kinds(first, dark, first) == [("swap", "coverage-regained"), ("swap[/dev/sda2]", "coverage-regained")]
    assert kinds(first, dark, {"swap": "pass", "a": "pass"}) == [
        ("swap[/dev/sda2]", "gone"),
        ("swap", "coverage-regained"),
    ]


NOTHING, ONE, TWO = {"v": "skip:not-applicable"}, {"v[x]": "unknown"}, {"v[x]": "pass", "v[y]": "fail"}


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        # "There is nothing" makes room for what there is, and comes back: the subjects tell it.
        ((NOTHING, TWO), ["v[y] new-failure", "v[x] appeared"]),
        ((TWO, NOTHING), ["v[x] gone", "v[y] gone"]),
        # An overloaded node: what was said without a subject can only not be judged, and is judged again.
        ((NOTHING, ONE), ["v[x] coverage-lost"]),
        ((NOTHING, ONE, NOTHING), ["v[x] coverage-regained"]),
        ((NOTHING, {"v": "unknown"}), ["v coverage-lost"]),
        ((NOTHING, {"v": "unknown"}, NOTHING), ["v coverage-regained"]),
        # What a check does not speak of while it judges nothing at all is out of sight, and not gone.
        ((TWO, ONE), ["v[x] coverage-lost", "v[y] coverage-lost"]),
        ((TWO, ONE, TWO), ["v[x] coverage-regained", "v[y] coverage-regained"]),
        ((TWO, {"v": "unknown"}, ONE), []),
        (
            (TWO, {"v": "unknown"}, ONE, TWO),
            ["v coverage-regained", "v[x] coverage-regained", "v[y] coverage-regained"],
        ),
        ((TWO, {"v[x]": "pass"}), ["v[y] gone"]),
        # A failure that was lost from sight and does not apply now is not hidden behind "judged again".
        (({"v": "fail"}, {"v": "unknown"}, NOTHING), ["v gone"]),
        (({"v": "fail"}, ONE), ["v coverage-lost", "v[x] appeared"]),
        (({"v": "fail"}, ONE, {"v[x]": "pass"}), ["v gone", "v[x] coverage-regained"]),
        (({"v": "fail"}, ONE, {"v": "fail"}), ["v[x] coverage-regained", "v coverage-regained"]),
    ],
)
def test_what_a_check_says_of_itself_and_of_its_subjects(
    stages: tuple[dict[str, str], ...], expected: list[str]
) -> None:
    assert sorted(f"{name} {kind}" for name, kind in kinds(*stages)) == sorted(expected)


def test_what_is_lost_from_sight_says_why_and_a_failure_what_it_was() -> None:
    lost = steps(TWO, {"v": "unknown"})[-1].changes
    again = steps(TWO, {"v": "unknown"}, TWO)[-1].changes

    assert [change.message for change in lost] == ["v is unknown", *["cannot be judged, as v cannot"] * 2]
    assert [(change.was, change.since and change.since.run) for change in lost][2] == ("v[y] is fail", 1)
    assert [change.message for change in again if change.id == "v"] == [
        "its subjects are judged again; it was: v is unknown"
    ]
    [gone] = steps({"v[x]": "fail"}, NOTHING)[-1].changes
    assert gone.message == "v is skip; it was: v[x] is fail"


def test_a_check_that_lost_sight_of_much_is_a_line() -> None:
    many = {f"v[{number}]": "pass" for number in range(30)}
    text = diff_text(diff(report({**many, **TWO}), report({"v": "unknown"})), (), Look())
    back = diff_text(diff(report({"v": "unknown", "a": "pass"}), report({**TWO, "a": "pass"})), (), Look())

    assert [line.partition("): ")[2] for line in text.split("\n")] == [
        "v is unknown; denied: denied",
        "cannot be judged, as v cannot",
        "cannot be judged, as v cannot; it was: v[y] is fail",
        "",
    ]
    assert "v[0], v[10], v[11]" in text
    assert "and 23 more (error)" in text
    assert back.count("\n") == 3
    well = diff_text(diff(report(dict.fromkeys(many, "unknown")), report({**many, **TWO})), (), Look()).split("\n")
    assert [line.partition("v[")[0].strip() for line in well] == ["NEW FAILURE", "appeared", "judged again", ""]
    assert well[2].endswith("and 22 more: they pass")
    both = diff_text(diff(report({"a": "fail/info"}), report({"a": "fail=x"})), (), Look()).split("\n")
    assert [line.partition("  ")[0] for line in both] == ["severity changed", "evidence changed", "still failing", ""]


def test_a_plugin_that_cannot_be_loaded_takes_its_checks_out_of_sight() -> None:
    assert kinds({"mine": "fail", "a": "pass"}, {"plugin[mine]": "unknown/warning", "a": "pass"}) == [
        ("mine", "coverage-lost"),
        ("plugin[mine]", "appeared"),
    ]


def test_a_failure_keeps_its_first_time_while_it_could_not_be_judged_or_was_waived() -> None:
    found = steps({"a": "pass"}, {"a": "fail"}, {"a": "unknown"}, {"a": "fail=b"}, {"a": "waived=b"}, {"a": "fail=b"})

    assert [(change.kind, change.since and change.since.run) for one in found for change in one.changes] == [
        ("new-failure", 2), ("coverage-lost", 2), ("coverage-regained", 2), ("waived", 2), ("unwaived", 2),
    ]  # fmt: skip
    [still] = steps({"a": "fail"}, {"a": "fail"}, {"a": "fail"})[-1].still
    assert (still.kind, still.since) == ("still-failing", Moment(1, "2026-11-01T01:00:00.000Z"))


def test_fixed_after_it_could_not_be_judged() -> None:
    assert kinds({"a": "fail"}, {"a": "unknown"}, {"a": "pass"}) == [("a", "fixed")]
    assert kinds({"a": "pass"}, {"a": "unknown"}, {"a": "pass"}) == [("a", "coverage-regained")]
    assert kinds({"a": "pass"}, {"a": "unknown"}, {"a": "fail"}) == [("a", "new-failure")]


def test_the_first_run_tells_what_fails_and_what_cannot_be_judged() -> None:
    first = {"a": "fail", "b": "pass", "c": "unknown", "d": "skip", "e": "waived", "f": "skip:offline"}

    assert kinds(first) == [("a", "new-failure"), ("c", "appeared")]


STATES = st.sampled_from(
    ["pass", "pass=x", "fail", "fail=x", "fail/warning", "unknown", "skip", "skip:offline", "waived"]
)
REPORTS = st.dictionaries(st.sampled_from(["a", "a[x]", "a[y]@boot", "b", "b@boot", "plugin[z]"]), STATES)


@settings(max_examples=60)
@given(st.lists(REPORTS, min_size=2, max_size=8))
def test_fixed_is_only_what_passes_now_and_failed_when_it_was_last_judged(stages: list[dict[str, str]]) -> None:
    for number, found in enumerate(steps(*stages)):
        now = stages[number]
        for change in found.changes:
            if change.kind == "fixed":
                assert now[change.id].startswith("pass")
                judged = [old[change.id] for old in stages[:number] if change.id in old]
                judged = [said for said in judged if not said.startswith(("unknown", "skip:offline"))]
                assert judged[-1].startswith(("fail", "waived"))
            if change.kind == "new-failure":
                assert now[change.id].startswith("fail")


@settings(max_examples=60)
@given(st.lists(REPORTS, min_size=2, max_size=8))
def test_no_failure_leaves_in_silence_and_nothing_is_told_twice(stages: list[dict[str, str]]) -> None:
    found = steps(*stages, stages[-1])

    assert found[-1].changes == ()
    before: dict[str, Standing] = {}
    lost: set[str] = set()
    for one in found:
        told = {change.id: change.kind for change in one.changes}
        for name, standing in before.items():
            now = one.standings.get(name)
            if standing.failing is not None and (now is None or now.failing is None):
                assert told[name] in ("fixed", "gone")
        lost = {name for name in lost | set(told) if told.get(name, "coverage-lost") == "coverage-lost"}
        assert all(one.standings[name].status == "unknown" for name in lost)
        before = one.standings


@settings(max_examples=40)
@given(REPORTS)
def test_nothing_changes_between_equal_reports(results: dict[str, str]) -> None:
    assert [change for change in diff(report(results), report(results)) if change.kind != "still-failing"] == []


@settings(max_examples=40)
@given(st.lists(REPORTS, min_size=1, max_size=6), st.sampled_from(["1/1", "2/3", "3/3", "2/5"]))
def test_what_stands_survives_being_stored(stages: list[dict[str, str]], flap: str) -> None:
    found = steps(*stages, flap=parse_flap(flap))[-1].standings

    assert unpacked(packed(found)) == found


def told(pattern: str, flap: str) -> list[tuple[int, str]]:
    """In which run (1 on) which change was told: p pass, f fail, u unknown, . absent."""
    words = {"p": "pass", "f": "fail", "u": "unknown"}
    stages = [{"z": "pass", **({"a": words[c]} if c != "." else {})} for c in pattern]
    found = steps(*stages, flap=parse_flap(flap))
    return [(number, change.kind) for number, one in enumerate(found, 1) for change in one.changes]


@pytest.mark.parametrize(
    ("pattern", "flap", "expected"),
    [
        ("pfffff", "2/3", [(3, "new-failure")]),
        ("pfpppp", "2/3", []),
        ("pfpfff", "2/3", [(4, "new-failure")]),
        ("fppppp", "2/3", [(3, "fixed")]),
        ("ffpfff", "2/3", [(1, "new-failure")]),
        ("pupppp", "2/3", []),
        ("puupp", "2/3", [(3, "coverage-lost"), (5, "coverage-regained")]),
        ("p.ppp", "2/3", []),
        ("p..pp", "2/3", [(3, "gone"), (5, "appeared")]),
        (".f..f", "2/3", []),
        (".f.ff", "2/3", [(4, "new-failure")]),
        ("pfpfpfpf", "3/4", []),
        ("pfffpfff", "3/3", [(4, "new-failure")]),
    ],
)
def test_flaps_are_not_told(pattern: str, flap: str, expected: list[tuple[int, str]]) -> None:
    first = [(1, "new-failure")] if pattern[0] == "f" else []
    assert told(pattern, flap) == [*first, *[item for item in expected if item not in first]]


def test_a_failure_that_is_told_late_is_told_with_its_first_time() -> None:
    [change] = steps({"a": "pass"}, {"a": "fail"}, {"a": "pass"}, {"a": "fail"}, flap=Flap(2, 3))[-1].changes

    assert change.since == Moment(2, "2026-11-01T02:00:00.000Z")


@pytest.mark.parametrize("text", ["", "2", "2/", "/3", "3/2", "0/1", "2/101", "a/b", "²/3", "-1/2", "1/1/1", "2 /3"])
def test_bad_flaps(text: str) -> None:
    with pytest.raises(UsageError):
        parse_flap(text)


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ({"a": "pass"}, {"a": "fail"}, 1),
        ({"a": "pass"}, {"a": "fail/warning"}, 0),
        ({"a": "fail"}, {"a": "fail=b"}, 0),
        ({"a": "fail/warning"}, {"a": "fail"}, 1),
        ({"a": "waived"}, {"a": "fail"}, 1),
        ({"a": "fail"}, {"a": "unknown"}, 3),
        ({"a": "fail", "b": "pass"}, {"a": "unknown", "b": "fail"}, 1),
        ({"a": "fail"}, {"a": "pass"}, 0),
        ({"a": "fail"}, {}, 0),
        ({}, {"a": "unknown"}, 3),
        ({}, {"a": "pass"}, 0),
        ({"a": "skip"}, {"a": "pass"}, 0),
    ],
)
def test_exit_codes_by_the_changes_alone(before: dict[str, str], after: dict[str, str], code: int) -> None:
    changes = diff(report({"z": "pass", **before}), report({"z": "pass", **after}))

    assert exit_code(changes, "error") == code


def test_changes_come_worst_first_and_each_once() -> None:
    ids = [f"c{number}" for number in range(9)]
    pairs = list(itertools.product(["pass", "fail", "unknown"], repeat=2))
    found = diff(report({i: a for i, (a, _) in zip(ids, pairs)}),
                 report({i: b for i, (_, b) in zip(ids, pairs)}))  # fmt: skip

    assert [change.kind for change in found] == [
        "new-failure", "new-failure", "coverage-lost", "coverage-lost", "coverage-regained", "fixed", "still-failing",
    ]  # fmt: skip


def test_the_library_tells_differences() -> None:
    found = nodecheck.diff(report({"a": "pass"}), report({"a": "fail"}))

    assert isinstance(found[0], Change)
    assert (found[0].kind, found[0].id, found[0].fix) == ("new-failure", "a", "Mend it")
