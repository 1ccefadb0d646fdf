"""Predictions against what holds after a reboot: a pure comparison, of made results and of real checks' own."""

from __future__ import annotations

import pytest

from nodecheck.audit.predictions import Compared, Miss, Prediction, compared, foretold, together
from nodecheck.model.outcomes import Result
from tests.audit.reports import result

RULES = ("0.2.0", "kubernetes")


def said(results: dict[str, str]) -> list[Result]:
    return [result(name, word) for name, word in results.items()]


def held(
    before: dict[str, str],
    after: dict[str, str],
    old: dict[str, str] | None = None,
    new: dict[str, str] | None = None,
) -> Compared:
    """What became of what was said before; each source is as it was, unless ``old`` or ``new`` say otherwise."""
    boots = {name: "d" for name in (*before, *after) if name.endswith("@boot")}
    told = foretold(said(before), boots if old is None else old, "b1", 1, RULES)
    return compared(told, said(after), boots if new is None else new, RULES)


def kinds(found: Compared) -> list[tuple[str, str, str, str]]:
    return [(miss.id, miss.kind, miss.said, miss.found) for miss in found.misses]


@pytest.mark.parametrize(
    ("predicted", "now", "became"),
    [
        ("pass", "pass", "kept"), ("fail", "fail", "kept"), ("waived", "fail", "kept"), ("fail", "waived", "kept"),
        ("pass", "fail", "broken"), ("pass", "waived", "broken"), ("fail", "pass", "broken"),
        ("waived", "pass", "broken"),
        ("pass", "unknown", "not"), ("pass", "skip", "not"), ("fail", "unknown", "not"), ("fail", "skip", "not"),
        ("unknown", "fail", "none"), ("skip", "fail", "none"), ("unknown:broken-prediction", "fail", "none"),
    ],
)  # fmt: skip
def test_what_becomes_of_one(predicted: str, now: str, became: str) -> None:
    found = held({"a[x]@boot": predicted}, {"a[x]": now, "a[x]@boot": "pass"})

    counts = (found.kept, len(found.misses), found.not_compared)
    assert counts == {"kept": (1, 0, 0), "broken": (0, 1, 0), "not": (0, 0, 1), "none": (0, 0, 0)}[became]
    assert all(miss.kind == "broken" for miss in found.misses)


def test_what_was_said_and_what_was_found_are_kept() -> None:
    found = held({"a@boot": "pass=1"}, {"a": "fail=0", "a@boot": "pass=1"})

    assert found.misses == (Miss("a@boot", "broken", "pass", "a@boot is pass 1", "fail", "a is fail 0"),)
    assert found.misses[0].is_broken_pass


def test_what_is_not_there_now_is_not_compared() -> None:
    assert held({"a[x]@boot": "pass"}, {}) == Compared(0, (), 1)
    assert held({"a[x]@boot": "pass"}, {"a[y]": "fail", "b": "fail"}) == Compared(0, (), 1)


@pytest.mark.parametrize("now", ["pass", "fail"])
def test_other_sources_make_it_changed_whatever_is_found(now: str) -> None:
    found = held({"a@boot": "pass"}, {"a": now}, {"a@boot": "old"}, {"a@boot": "new"})

    assert kinds(found) == [("a@boot", "changed", "pass", now)]
    assert (found.kept, found.not_compared) == (0, 0)


def test_other_rules_make_it_changed() -> None:
    told = foretold(said({"a@boot": "pass"}), {"a@boot": "d"}, "b1", 1, ("0.2.0", "kubernetes"))

    found = compared(told, said({"a": "fail"}), {"a@boot": "d"}, ("0.3.0", "kubernetes"))

    assert kinds(found) == [("a@boot", "changed", "pass", "fail")]


@pytest.mark.parametrize(("old", "new"), [({}, {"a@boot": "d"}), ({"a@boot": "d"}, {}), ({}, {})])
def test_sources_that_are_not_known_prove_nothing(old: dict[str, str], new: dict[str, str]) -> None:
    assert held({"a@boot": "pass"}, {"a": "fail"}, old, new) == Compared(0, (), 1)


def test_a_node_without_swap_that_has_some_now_is_broken_though_the_ids_differ() -> None:
    found = held({"swap@boot": "pass"}, {"swap[/swapfile]": "fail", "swap@boot": "pass"})

    assert kinds(found) == [("swap@boot", "broken", "pass", "fail")]
    assert "swap[/swapfile]" in found.misses[0].found_text


def test_an_area_that_was_to_be_on_and_is_not_is_broken_though_the_ids_differ() -> None:
    found = held({"swap[/swapfile]@boot": "fail"}, {"swap": "pass", "swap[/swapfile]@boot": "fail"})

    assert kinds(found) == [("swap[/swapfile]@boot", "broken", "fail", "pass")]


@pytest.mark.parametrize(
    ("now", "counts"),
    [
        ({"swap[/dev/sda2]": "fail"}, (0, 0, 1)),  # UUID=…: perhaps the same
        ({"swap": "unknown"}, (0, 0, 1)),
        ({"swap": "skip"}, (0, 0, 1)),
        ({"swap": "fail"}, (0, 0, 1)),
        ({"swap[UUID=1]": "waived", "swap[/x]": "fail"}, (1, 0, 0)),
    ],
)
def test_an_area_by_another_name_is_not_compared(now: dict[str, str], counts: tuple[int, int, int]) -> None:
    found = held({"swap[UUID=1]@boot": "fail"}, {**now, "swap[UUID=1]@boot": "fail"})

    assert (found.kept, len(found.misses), found.not_compared) == counts


@pytest.mark.parametrize(
    ("now", "counts"),
    [
        ({"a[x]": "pass", "a[y]": "pass"}, (1, 0, 0)),
        ({"a[x]": "pass", "a[y]": "unknown"}, (0, 0, 1)),
        ({"a[x]": "unknown", "a[y]": "fail"}, (0, 1, 0)),
        ({"a[x]": "skip"}, (0, 0, 1)),
        ({"a": "unknown", "a[y]": "fail"}, (0, 1, 0)),
        ({"a": "skip", "a[y]": "pass"}, (1, 0, 0)),
    ],
)
def test_a_check_as_a_whole_against_its_subjects(now: dict[str, str], counts: tuple[int, int, int]) -> None:
    found = held({"a@boot": "pass"}, {**now, "a@boot": "pass"})

    assert (found.kept, len(found.misses), found.not_compared) == counts


def test_a_subject_that_the_boot_view_no_longer_names_has_the_sources_of_its_check() -> None:
    before, after = {"swap@boot": "pass"}, {"swap[/x]": "fail", "swap[/x]@boot": "fail"}

    same = held(before, after, {"swap@boot": "d"}, {"swap[/x]@boot": "d"})
    other = held(before, after, {"swap@boot": "d"}, {"swap[/x]@boot": "e"})
    untold = held(before, after, {"swap@boot": "d"}, {"swapper@boot": "d"})

    assert (kinds(same)[0][1], kinds(other)[0][1], untold.not_compared) == ("broken", "changed", 1)


def test_a_subject_that_the_boot_view_names_and_could_not_judge_has_no_others_sources() -> None:
    before, after = {"a[x]@boot": "pass"}, {"a[x]": "fail", "a[x]@boot": "unknown", "a[y]@boot": "pass"}

    found = held(before, after, {"a[x]@boot": "d"}, {"a[y]@boot": "e"})

    assert (found.misses, found.not_compared) == ((), 1)


def valued(name: str, word: str, actual: str | None) -> Result:
    return result(name, word)._replace(actual=actual)


@pytest.mark.parametrize(
    ("predicted", "now", "kept"),
    [
        (("fail", "b"), ("pass", "b"), True),  # "a now, and b after the next boot": so it came
        (("fail", "b"), ("pass", "a"), False),
        (("pass", "a"), ("pass", "a"), True),
        (("pass", "a"), ("pass", "b"), False),  # a good name, and another one
        (("pass", "a"), ("fail", None), False),
    ],
)
def test_a_host_name_is_predicted_by_its_value(
    predicted: tuple[str, str], now: tuple[str, str | None], kept: bool
) -> None:
    before, after = valued("hostname@boot", *predicted), valued("hostname", *now)
    told = foretold([before], {"hostname@boot": "d"}, "b1", 1, RULES)

    found = compared(told, [after], {"hostname@boot": "d"}, RULES)

    assert (found.kept, len(found.misses)) == ((1, 0) if kept else (0, 1))


@pytest.mark.parametrize(
    ("actual", "counts"),
    [("inactive (dead)", (0, 0, 1)), ("active (running)", (0, 1, 0)), ("started", (0, 1, 0)), (None, (0, 1, 0))],
)
def test_a_service_that_need_not_run_proves_nothing_of_one_that_nothing_starts(
    actual: str | None, counts: tuple[int, int, int]
) -> None:
    told = foretold([result("service[kubelet]@boot", "fail")], {"service[kubelet]@boot": "d"}, "b1", 1, RULES)

    found = compared(told, [valued("service[kubelet]", "pass", actual)], {"service[kubelet]@boot": "d"}, RULES)

    assert (found.kept, len(found.misses), found.not_compared) == counts


@pytest.mark.parametrize(
    ("message", "counts"),
    [
        ("nftables.service starts at boot, which is to be off", (0, 0, 1)),
        ("nftables.service starts at boot and loads /etc/nftables.conf: input drops", (0, 1, 0)),
    ],
)
def test_a_firewall_without_rules_proves_nothing_of_one_that_is_to_be_off(
    message: str, counts: tuple[int, int, int]
) -> None:
    before = result("firewall[nftables]@boot", "fail")._replace(message=message)
    told = foretold([before], {"firewall[nftables]@boot": "d"}, "b1", 1, RULES)

    found = compared(told, said({"firewall[nftables]": "pass"}), {"firewall[nftables]@boot": "d"}, RULES)

    assert (found.kept, len(found.misses), found.not_compared) == counts


def test_what_came_true_and_is_not_so_any_more_was_kept() -> None:
    """A service that ran since the boot, and that somebody stopped (docs/witness.md)."""
    before, after = {"a@boot": "pass", "b@boot": "fail"}, {"a": "fail", "b": "pass"}
    told = foretold(said(before), dict.fromkeys(before, "d"), "b1", 1, RULES)

    found = compared(told, said({**after, **before}), dict.fromkeys(before, "d"), RULES, {"a@boot", "b@boot"})
    other = compared(told, said({**after, **before}), dict.fromkeys(before, "e"), RULES, {"a@boot", "b@boot"})

    assert (found.kept, kinds(found)) == (1, [("b@boot", "broken", "fail", "pass")])
    assert [miss.kind for miss in other.misses] == ["changed", "changed"]


def test_broken_passes_come_first() -> None:
    found = held(
        {"a@boot": "fail", "b@boot": "pass", "c@boot": "pass"},
        {"a": "pass", "b": "pass", "c": "fail"},
        {"a@boot": "d", "b@boot": "d", "c@boot": "d"},
        {"a@boot": "d", "b@boot": "e", "c@boot": "d"},
    )

    assert [(miss.id, miss.kind) for miss in found.misses] == [
        ("c@boot", "broken"), ("a@boot", "broken"), ("b@boot", "changed"),
    ]  # fmt: skip


def test_the_later_word_counts_and_the_earlier_is_not_lost() -> None:
    first = foretold(said({"a@boot": "pass", "b@boot": "pass"}), {}, "b1", 1, RULES)
    second = foretold(said({"a@boot": "fail", "b@boot": "unknown", "c@boot": "pass"}), {}, "b2", 2, RULES)

    both = together(first, second)

    assert both is not None
    assert (both.boot_id, both.run) == ("b2", 2)
    assert {name: item.status for name, item in both.predictions.items()} == {
        "a@boot": "fail", "b@boot": "pass", "c@boot": "pass",
    }  # fmt: skip
    assert together(first, None) == together(None, first) == first
    assert together(first, second._replace(rules=("x",))) == second._replace(rules=("x",))


def test_long_texts_are_cut() -> None:
    long = result("a@boot", "pass")._replace(message="x" * 5000, actual="y" * 5000)

    (found,) = foretold([long], {}, "b", 1, RULES).predictions.values()

    assert isinstance(found, Prediction)
    assert (len(found.message), len(found.actual or "")) == (240, 240)
