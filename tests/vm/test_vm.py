"""The suite itself: how it compares, what it plants; and, where it is asked for, a sample of it."""

from __future__ import annotations

import argparse
import os
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.vm.__main__ import arguments, chosen, default_cache, main, proofs
from tests.vm.image import missing
from tests.vm.known import KNOWN
from tests.vm.parts import Report, Unlike, commit, joined, part, read
from tests.vm.plant import Plant, script, written
from tests.vm.plants import ACTING, LATE, MOUNTS, PLANTS, WANTED
from tests.vm.proof import Proof
from tests.vm.states import State, at_random, curated
from tests.vm.summary import failed, figures, table
from tests.vm.verdicts import Verdict, changes, claims, judged_boot, judged_fixes, judged_now


def row(name: str, status: str, **more: Any) -> dict[str, Any]:
    """A result as a report has it."""
    plain, at, _ = name.partition("@")
    check, bracket, subject = plain.partition("[")
    found = {"id": name, "check": check, "subject": subject[:-1] if bracket else None, "actual": None, "message": ""}
    return {**found, "view": "boot" if at else "now", "status": status, **more}


def report(*rows: dict[str, Any]) -> dict[str, Any]:
    """A report of such results."""
    return {"results": list(rows)}


def outcomes(verdicts: Any) -> dict[str, str]:
    return {verdict.id: verdict.outcome for verdict in verdicts}


def test_a_prediction_is_right_where_it_is_what_the_kernel_says() -> None:
    before = report(
        row("sysctl[a]@boot", "pass", actual="1"),
        row("sysctl[b]@boot", "pass", actual="1"),
        row("sysctl[c]@boot", "unknown"),
        row("service[s]@boot", "fail"),
        row("hosts[h]@boot", "pass"),
    )
    after = report(
        row("sysctl[a]", "pass"), row("sysctl[b]", "fail"), row("sysctl[c]", "pass"), row("service[s]", "fail"),
        row("hosts[h]", "fail"),
    )  # fmt: skip
    truth = {"sysctl[a]": "1", "sysctl[b]": "0", "sysctl[c]": "1", "service[s]": "fail"}
    found = outcomes(judged_boot(before, after, truth, frozenset(), (), str))
    assert found == {
        "sysctl[a]@boot": "right",
        "sysctl[b]@boot": "wrong",
        "sysctl[c]@boot": "unknown",
        "service[s]@boot": "right",
        "hosts[h]@boot": "wrong",
    }


def test_a_prediction_that_the_next_run_contradicts_is_wrong() -> None:
    before, after = report(row("service[s]@boot", "pass")), report(row("service[s]", "fail"))
    assert outcomes(judged_boot(before, after, {"service[s]": "pass"}, frozenset(), (), str)) == {
        "service[s]@boot": "wrong"
    }


def test_swap_is_compared_by_area_however_it_is_named() -> None:
    before = report(row("swap[LABEL=x]@boot", "fail"), row("swap[/swap/b]@boot", "fail"))
    found = judged_boot(before, report(), {}, frozenset({"/dev/vdb1", "/swap/c"}), ("/swap/a",), _by_label)
    assert outcomes(found) == {
        "swap[/dev/vdb1]@boot": "right",
        "swap[/swap/a]@boot": "right",
        "swap[/swap/b]@boot": "wrong",
        "swap[/swap/c]@boot": "wrong",
    }


def _by_label(spec: str) -> str:
    return {"LABEL=x": "/dev/vdb1"}.get(spec, spec)


def test_now_is_compared_with_what_the_guest_tells() -> None:
    found = report(row("swap[/a]", "fail"), row("selinux", "pass", actual="permissive"), row("service[s]", "pass"))
    truth = {"selinux": "0", "service[s]": "fail", "service[other]": "pass"}
    assert outcomes(judged_now(found, truth, frozenset({"/a", "/b"}))) == {
        "selinux": "right",
        "service[s]": "wrong",
        "swap[/a]": "right",
        "swap[/b]": "wrong",
    }


def test_a_plan_claims_what_it_mends_whole() -> None:
    plan = {
        "steps": [
            {"kind": "command", "for": ["swap[/a]", "sysctl[a]"], "reboot": False},
            {"kind": "edit", "for": ["swap[/a]@boot"], "reboot": False},
            {"kind": "command", "for": ["selinux"], "reboot": True},
            {"kind": "manual", "for": ["sysctl[a]"], "reboot": False},
            {"kind": "command", "for": ["port[1/tcp]"], "reboot": False},
        ],
        "not_fixed": [{"id": "port[1/tcp]", "why": ""}],
    }
    assert claims(plan) == (("swap[/a]",), ("selinux", "swap[/a]@boot"))
    after = report(row("selinux", "fail"), row("swap", "pass"))
    found = outcomes(judged_fixes(("selinux", "swap[/a]@boot", "service[s]"), after))
    assert found == {"selinux": "wrong", "swap[/a]@boot": "right", "service[s]": "wrong"}


def test_footprints_tell_what_a_second_run_changed() -> None:
    assert changes(["a", "b"], ["a", "c"]) == ("- b", "+ c")
    assert changes(["a", "b"], ["b", "a"]) == ()


def test_a_wrong_verdict_fails_the_suite_and_is_counted() -> None:
    right, wrong = Verdict("boot", "a@boot", "right", "1", "1"), Verdict("boot", "b@boot", "wrong", "1", "0", "told")
    good, bad = Proof("good", ("x",), (right,)), Proof("bad", ("x",), (right, wrong))
    assert not failed((good,))
    assert failed((good, bad))
    assert failed((good._replace(error="no boot"),))
    assert failed((good._replace(second_run=("+ file",)),))
    assert figures((good, bad))["boot"] == {"right": 2, "unknown": 0, "wrong": 1, "all": 3, "wrong_and_known": 0}
    assert "bad: boot b@boot: said 1, is 0; told" in "\n".join(table((good, bad)))


def test_the_parts_hold_each_state_once() -> None:
    every = [state.name for state in chosen(arguments([]))]
    parts = [[state.name for state in chosen(arguments(["--part", f"{number}/3"]))] for number in (1, 2, 3)]
    assert sorted(name for names in parts for name in names) == sorted(every)
    assert len(set(every)) == len(every)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "1/", "-1/3"])
def test_a_part_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="K/N"):
        part(text)


def _part(state: str, *outcomes: str, of: str = "c0ffee", release: str = "bookworm") -> Report:
    verdicts = [Verdict("boot", f"{state}{number}@boot", outcome, "1", "0") for number, outcome in enumerate(outcomes)]
    return Report(of, release, (Proof(state, ("a plant",), tuple(verdicts), reboots=1),), 60)


def test_reports_of_parts_are_joined(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two, whole = tmp_path / "1.json", tmp_path / "2.json", tmp_path / "whole.json"
    one.write_text(_part("a", "right", "unknown").text())
    two.write_text(_part("b", "right").text())
    assert main(["--join", str(one), str(two), "--report", str(whole)]) == 0
    assert "bookworm, commit c0ffee" in capsys.readouterr().out
    report = read(whole)
    assert report == joined((read(one), read(two)))
    assert [proof.state for proof in report.proofs] == ["a", "b"]
    assert figures(report.proofs)["boot"] == {"right": 2, "unknown": 1, "wrong": 0, "all": 3, "wrong_and_known": 0}
    two.write_text(_part("b", "wrong").text())
    assert main(["--join", str(one), str(two)]) == 1


@pytest.mark.parametrize(
    "other",
    [_part("b", of="0"), _part("b", release="trixie"), _part("a")],
    ids=["other commit", "other release", "same state"],
)
def test_reports_that_are_not_of_one_run_are_not_joined(other: Report, tmp_path: Path) -> None:
    one, two = tmp_path / "1.json", tmp_path / "2.json"
    one.write_text(_part("a").text())
    two.write_text(other.text())
    with pytest.raises(Unlike):
        joined((read(one), read(two)))
    assert main(["--join", str(one), str(two)]) == 2


@pytest.mark.parametrize("of", ["c0ffee-dirty", "unknown"])
def test_reports_of_a_changed_tree_are_not_joined(of: str) -> None:
    with pytest.raises(Unlike, match="one tree"):
        joined((_part("a", of=of), _part("b", of=of)))


def test_states_of_a_report_are_not_run_again(tmp_path: Path) -> None:
    done = tmp_path / "done.json"
    done.write_text(_part("plain 1").text())
    left = [state.name for state in chosen(arguments(["--done", str(done)]))]
    assert "plain 1" not in left
    assert len(left) == len(list(chosen(arguments([])))) - 1


def test_plans_may_be_left_out() -> None:
    assert any(state.plan for state in chosen(arguments([])))
    assert not any(state.plan for state in chosen(arguments(["--no-plans"])))


def test_a_run_tells_of_which_commit_it_is() -> None:
    assert commit() != ""


def test_every_known_difference_is_about_a_plant() -> None:
    from fnmatch import fnmatchcase

    for item in KNOWN:
        assert any(fnmatchcase(plant.name, item.with_plant) for plant in (*PLANTS, *LATE, *MOUNTS, *ACTING)), item


def test_plants_have_names_of_their_own_and_wishes_for_their_sysctls() -> None:
    assert [
        name for name, times in Counter(plant.name for plant in (*PLANTS, *LATE, *MOUNTS, *ACTING)).items() if times > 1
    ] == []
    assert {key for plant in (*PLANTS, *LATE, *MOUNTS, *ACTING) for key in plant.sysctls} <= set(WANTED)


def test_every_plant_is_in_some_state() -> None:
    planted = {plant.name for state in curated() for plant in state.plants}
    assert {plant.name for plant in (*PLANTS, *LATE, *MOUNTS, *ACTING)} - planted == set()


def test_random_states_are_the_same_each_time() -> None:
    assert at_random(3, 7) == at_random(3, 7)
    assert at_random(3, 7) != at_random(3, 8)


@pytest.mark.parametrize("state", [*curated(), *at_random(5)], ids=lambda state: state.name)
def test_the_script_of_a_state_is_one(state: State) -> None:
    text = script(state.plants).encode("utf-8", "surrogateescape")
    subprocess.run(["sh", "-n"], input=text, check=True)


def test_the_script_puts_files_where_they_belong(tmp_path: Path) -> None:
    odd = "it's\n$(x) \\ \t\r\n"
    plants = (
        Plant("a", {f"{tmp_path}/a b/c": odd}),
        Plant("b", {f"+{tmp_path}/a b/c": "more", f"x{tmp_path}/d": "#!/bin/sh\n"}),
    )
    subprocess.run(["sh", "-euc", "\n".join(written(plants))], check=True)
    assert (tmp_path / "a b/c").read_bytes().decode() == odd + "more"
    assert (tmp_path / "d").stat().st_mode & 0o777 == 0o755


def test_a_sample_of_nodes_is_judged_and_mended_rightly() -> None:
    """``python -m tests.vm`` is the whole of it; this is its ``--sample``."""
    if not os.environ.get("NODECHECK_VM"):
        pytest.skip("real nodes take minutes; set NODECHECK_VM=1 for a sample, or run python -m tests.vm for all")
    why = missing()
    if why is not None:
        pytest.skip(why)
    states = (next(curated()), *at_random(2))
    found = tuple(proofs(states, default_cache(), 2))
    assert not failed(found), "\n".join(table(found))
