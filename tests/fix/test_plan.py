"""The plan: what is taken, in which order, once, and what is not."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nodecheck
from nodecheck.checking import Result, Severity, Status
from nodecheck.fix.merge import key_of
from nodecheck.model.steps import Fix, Manual, Step, by_hand, command, create, edit, manual
from nodecheck.planning import Plan, plan
from tests.fix.reports import failing, mended, of, report_of
from tests.growth import steps_of
from tests.render.reports import hostile_report, reports

SCHEMA = json.loads((Path(nodecheck.__file__).parent / "schemas/plan-1.json").read_text())

SYSCTL_FILE = create("/etc/sysctl.d/99-nodecheck-a.b.conf", "a.b = 1\n")
MODULE_FILE = create("/etc/modules-load.d/nodecheck-m.conf", "m\n")
SWAP_LINE = edit("/etc/fstab", "/swap none swap sw 0 0", "# /swap none swap sw 0 0")
SWAPOFF = command("swapoff", "--", "/swap")
SYSCTL = command("sysctl", "-w", "a.b=1")
MODPROBE = command("modprobe", "--", "m")
RELOAD = command("systemctl", "daemon-reload")
DOCKER = command("systemctl", "restart", "--", "docker")
KUBELET = command("systemctl", "restart", "--", "kubelet")


def steps(found: Plan) -> list[Step]:
    return [item.step for item in found.steps]


def test_a_report_without_failures_gives_an_empty_plan() -> None:
    fix = mended(SWAPOFF)
    others = [Status.PASS, Status.UNKNOWN, Status.SKIP, Status.WAIVED]
    found = plan(report_of(*[failing(status.value, fix, status=status) for status in others]))

    assert (found.steps, found.not_fixed) == ((), ())
    assert not found.reboot
    assert not found.disruptive


@pytest.mark.parametrize("fail_on", ["error", "warning", "info"])
def test_what_is_for_information_is_mended_where_it_is_asked_for(fail_on: str) -> None:
    results = [failing(level.value, mended(command("true", level.value)), level) for level in Severity]
    found = plan(report_of(*results, fail_on=fail_on))

    left = [] if fail_on == "info" else ["info"]
    assert {item.for_ for item in found.steps} == {(name,) for name in ("error", "warning", "info") if name not in left}
    assert [item.id for item in found.not_fixed] == left
    assert all("--fail-on info" in item.why for item in found.not_fixed)


def test_packages_come_first_and_services_last() -> None:
    ordered: list[Step] = [
        command("apt-get", "install", "-y", "ipset"), MODULE_FILE, MODPROBE, SYSCTL_FILE, SYSCTL, SWAP_LINE,
        command("systemctl", "enable", "--", "docker"), SWAPOFF, RELOAD, DOCKER, KUBELET,
    ]  # fmt: skip

    for turned in (ordered, ordered[::-1], ordered[::2] + ordered[1::2]):
        assert steps(plan(of(*map(mended, turned)))) == ordered


INSTALL = command("apt-get", "install", "-y", "ipset")


def test_errors_come_before_warnings_where_nothing_else_orders_them() -> None:
    light = failing("a", mended(INSTALL, SYSCTL_FILE), Severity.WARNING)
    note = failing("i", mended(command("true")), Severity.INFO)
    grave = failing("z", mended(SWAP_LINE, DOCKER))

    assert steps(plan(report_of(light, grave, note, fail_on="info"))) == [
        SWAP_LINE, DOCKER, INSTALL, SYSCTL_FILE, command("true")
    ]  # fmt: skip


def test_a_step_counts_as_its_worst_finding_and_as_what_needs_it() -> None:
    light = failing("a", mended(INSTALL, SYSCTL_FILE), Severity.WARNING)
    shared = failing("b", mended(INSTALL, SWAPOFF))
    found = plan(report_of(light, shared))

    assert steps(found) == [INSTALL, SWAPOFF, SYSCTL_FILE]
    other = failing("c", mended(SYSCTL_FILE._replace(content="# c\na.c = 1\n")))
    assert [item.for_ for item in plan(report_of(light, other)).steps] == [("a",), ("a", "c")]
    assert [item.for_ for item in plan(report_of(light._replace(fix=mended(SYSCTL_FILE, SYSCTL)), other)).steps] == [
        ("a", "c"), ("a",)
    ]  # fmt: skip


LINES = "/etc/sysctl.d/99-nodecheck.conf"


def test_files_of_settings_are_one_and_each_line_stands_once() -> None:
    one = create(LINES, "# nodecheck a: x\na.b = 1\n")
    two = create(LINES, "# nodecheck b: y\na.b = 1\n# nodecheck b: z\nc = 2\n")

    (item,) = plan(of(mended(one), mended(two))).steps

    assert item.step == create(LINES, "# nodecheck a: x\n# nodecheck b: y\na.b = 1\n# nodecheck b: z\nc = 2\n")
    assert item.title == f"Write the settings of 2 findings to {LINES}"
    assert item.for_ == ("a", "b")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (create(LINES, "a.b = 1\n"), create(LINES, "a/b = 2\n")),
        (create(LINES, "a.b = 1\n"), create("/etc/sysctl.d/zz-nodecheck.conf", "a.b = 2\n")),
        (create(LINES, "a.b = 1\n"), create(LINES, "c = 1\n", "0600")),
        (create("/etc/docker/daemon.json", "{}\n"), create("/etc/docker/daemon.json", '{"a": 1}\n')),
        (edit(LINES, "x = 1", "x = 1\na.b = 1"), edit(LINES, "x = 1", "x = 1\na.b = 2")),
        (edit(LINES, "x = 1", "x = 2"), edit(LINES, "x = 1", "x = 3")),
        (create(LINES, "a.b = 1\n"), edit("/etc/sysctl.conf", "a.b = 0", "a.b = 2")),
    ],
)  # fmt: skip
def test_settings_that_contradict_each_other_are_named(first: Step, second: Step) -> None:
    found = plan(report_of(failing("a", mended(first), Severity.WARNING), failing("b", mended(second))))

    assert steps(found) == [second]
    assert "the fix for b" in found.not_fixed[0].why


def test_lines_are_added_below_one_that_another_fix_changes() -> None:
    changed, added = edit(LINES, "x = 1", "x = 2"), edit(LINES, "x = 1", "x = 1\n# c\na.b = 1")
    more = edit(LINES, "x = 1", "x = 1\n# d\nc.d = 1")

    for fixes in itertools.permutations([changed, added]):
        assert steps(plan(of(*map(mended, fixes)))) == [edit(LINES, "x = 1", "x = 2\n# c\na.b = 1")]
    (step,) = steps(plan(of(mended(added), mended(changed), mended(more))))
    assert step == edit(LINES, "x = 1", "x = 2\n# c\na.b = 1\n# d\nc.d = 1")


def test_a_unit_that_is_enabled_and_started_is_started_after_the_reload() -> None:
    started = command("systemctl", "enable", "--now", "--", "docker")

    assert steps(plan(of(mended(started), mended(RELOAD)))) == [RELOAD, started]


def test_what_is_persisted_comes_before_what_is_changed_now() -> None:
    now = failing("swap[/swap]", mended(SWAPOFF))
    boot = failing("swap[/swap]", mended(SWAP_LINE), view="boot")

    assert [item.for_ for item in plan(report_of(now, boot)).steps] == [("swap[/swap]@boot",), ("swap[/swap]",)]


def test_a_fix_keeps_its_order_and_what_an_early_step_needs_is_early() -> None:
    unmask = command("systemctl", "unmask", "systemd-modules-load.service")
    found = steps(plan(of(mended(unmask, MODULE_FILE), mended(MODPROBE), mended(SYSCTL))))

    assert found == [unmask, MODULE_FILE, MODPROBE, SYSCTL]


def test_a_restart_comes_once_after_all_edits_that_need_it() -> None:
    one, two = edit("/etc/a", "x", "y"), edit("/etc/systemd/system/b.service", "x", "y")
    found = plan(of(mended(one, DOCKER, KUBELET), mended(two, RELOAD, KUBELET), mended(SWAPOFF)))

    assert steps(found) == [one, two, SWAPOFF, RELOAD, DOCKER, KUBELET]
    assert found.steps[-1].for_ == ("a", "b")


def test_the_drain_note_stays_before_what_it_is_about() -> None:
    note, line = manual("drain the node first"), edit("/etc/containerd/config.toml", "a", "b")
    found = steps(plan(of(mended(note, line, KUBELET, safety="disruptive"))))

    assert found == [note, line, KUBELET]


def test_opposite_orders_of_two_steps_still_end() -> None:
    assert set(steps(plan(of(mended(DOCKER, KUBELET), mended(KUBELET, DOCKER))))) == {DOCKER, KUBELET}


def test_one_step_for_several_results_names_them_all_in_the_order_of_the_report() -> None:
    found = plan(of(mended(MODULE_FILE, title="Load m"), mended(MODULE_FILE, SYSCTL_FILE), mended(SYSCTL_FILE)))

    assert [(item.for_, item.title) for item in found.steps] == [(("a", "b"), "Load m"), (("b", "c"), "Mend it")]


def test_two_insertions_at_one_line_are_one_edit() -> None:
    kind = "kind: KubeletConfiguration"
    below = [edit("/k", kind, f"{kind}\na: 1"), edit("/k", kind, f"{kind}\nb: 2"), edit("/k", kind, f"{kind}\na: 1")]
    above = edit("/k", kind, f"# here\n{kind}")

    assert steps(plan(of(*map(mended, below)))) == [edit("/k", kind, f"{kind}\na: 1\nb: 2")]
    for turned in itertools.permutations([below[0], above]):
        assert steps(plan(of(*map(mended, turned)))) == [edit("/k", kind, f"# here\n{kind}\na: 1")]


CONTRADICTIONS: list[tuple[Step, Step]] = [
    (edit("/f", "a", "b"), edit("/f", "a", "c")),
    (edit("/f", "a", "b"), edit("/f", "b", "c")),
    (edit("/f", "b", "c"), edit("/f", "a", "x\nb\ny")),
    (create("/f", "a\n"), create("/f", "b\n")),
    (create("/f", "a\n"), create("/f", "a\n", "0600")),
    (create("/f", "a\n"), edit("/f", "a", "b")),
    (edit("/f", "a", "b"), create("/f", "a\n")),
    (command("sysctl", "-w", "a.b=1"), command("sysctl", "-w", "a/b=2")),
    (command("systemctl", "enable", "--", "docker"), command("systemctl", "mask", "docker.service")),
    (command("systemctl", "disable", "--now", "--", "docker"), command("systemctl", "restart", "docker")),
    (command("systemctl", "start", "--", "docker"), command("systemctl", "stop", "docker")),
    (edit("/f", "[a]", "[a]\nb"), edit("/f", "[a]", "[c]")),
    (edit("/f", "[a]", "[c]"), edit("/f", "[a]", "b\n[a]")),
]


@pytest.mark.parametrize(("first", "second"), CONTRADICTIONS)
def test_a_contradiction_is_named_and_the_graver_result_wins(first: Step, second: Step) -> None:
    light = failing("a", mended(first, SWAPOFF), Severity.WARNING)
    grave = failing("b", mended(second))
    found = plan(report_of(light, grave))

    assert steps(found) == [second]
    assert [item.id for item in found.not_fixed] == ["a"]
    assert "the fix for b" in found.not_fixed[0].why


def test_edits_of_several_lines_of_one_file_are_all_made() -> None:
    lines = [edit("/etc/fstab", f"/swap{n} none swap sw 0 0", f"# /swap{n} none swap sw 0 0") for n in range(3)]

    assert steps(plan(of(*map(mended, lines)))) == lines


@pytest.mark.parametrize(
    ("fix", "told"),
    [
        (None, "no fix is known: it is not well"),
        (by_hand("Reboot", "reboot it"), "Reboot: reboot it"),
        (mended(manual("think")), "Mend it: think"),
        (mended(manual("let it run"), MODULE_FILE, safety="manual"), "Mend it: let it run; write /etc/modules-load.d/"),
        (mended(), "Mend it"),
        (mended(edit("/f", "a\nb", "c")), "is not one line"),
        (mended(edit("etc/f", "a", "c")), "not an absolute path"),
        (mended(create("/etc/../f", "a")), "not an absolute path"),
        (mended(create("/etc/a\nb", "a")), "not an absolute path"),
        (mended(create("/etc/" + "é" * 128, "a")), "longer than a file's name can be"),
        (mended(create("/f", "a", "rw")), "is not a mode"),
        (mended(create("/f", "a\0")), "cannot be written as bytes"),
        (mended(command("x", "\ud800")), "cannot be written as bytes"),
        (mended(command()), "names no program"),
        (mended(command("")), "names no program"),
        (mended(edit("/f", "a", "b"), edit("/f", "a", "c")), "the fix for a"),
        (mended(create("/f", "a"), edit("/f", "a", "b")), "the fix for a"),
        (mended(create(f"/{'é' * 128}", "a")), "longer than a file's name can be"),
    ],
)
def test_what_cannot_be_planned_is_told(fix: Fix | None, told: str) -> None:
    found = plan(report_of(failing("a", fix)))

    assert found.steps == ()
    assert [item.id for item in found.not_fixed] == ["a"]
    assert told in found.not_fixed[0].why


@pytest.mark.parametrize(
    ("statuses", "doubt"),
    [
        (["pass"], None),
        (["waived"], None),
        (["fail", "unknown"], "1 setting could not be judged"),
        (["pass", "unknown", "unknown"], "2 settings could not be judged"),
        (["unknown"], "1 setting could not be judged"),
        (["skip"], "nothing was judged"),
        ([], "nothing was judged"),
    ],
)
def test_what_a_plan_cannot_speak_of(statuses: list[str], doubt: str | None) -> None:
    items = [failing(f"c{place}", mended(SWAPOFF), status=Status(status)) for place, status in enumerate(statuses)]

    assert (plan(report_of(*items)).doubt or "").partition(":")[0] == (doubt or "")


def test_the_longest_name_of_a_file_is_planned() -> None:
    step = create(f"/etc/{'x' * 255}", "a")

    assert steps(plan(of(mended(step)))) == [step]


def test_fixes_that_begin_with_the_same_step_by_hand_are_taken_all_or_not_at_all() -> None:
    drain, restart = manual("drain the node"), command("systemctl", "restart", "--", "docker")
    runtime = failing("a", mended(drain, edit("/etc/d", "a", "b"), restart, safety="disruptive"))
    kubelet = failing("b", mended(drain, manual("change the ConfigMap"), safety="manual"))
    other = failing("c", mended(edit("/etc/o", "a", "b"), drain))

    found = plan(report_of(runtime, kubelet, other))

    assert [item.id for item in found.not_fixed] == ["a", "b"]
    assert found.not_fixed[0].why.endswith("; run systemctl restart -- docker")
    assert {name for item in found.steps for name in item.for_} == {"c"}
    assert plan(report_of(runtime, other)).not_fixed == ()


def test_a_fix_that_cannot_be_taken_whole_leaves_nothing_behind() -> None:
    found = plan(of(mended(SWAPOFF), mended(SYSCTL, edit("/f", "a\nb", "c"))))

    assert steps(found) == [SWAPOFF]


def test_disruptive_and_reboot_are_those_of_any_fix_of_a_step() -> None:
    found = plan(of(mended(SWAPOFF), mended(SWAPOFF, safety="disruptive", reboot=True), mended(SYSCTL)))

    assert [(item.safety, item.reboot) for item in found.steps] == [("safe", False), ("disruptive", True)]
    assert found.disruptive
    assert found.reboot


@pytest.mark.parametrize(
    "step",
    [
        command("setenforce", "0"), command("ufw", "disable"), command("systemctl", "stop", "firewalld.service"),
        command("systemctl", "disable", "--now", "--", "ufw"), command("nft", "delete", "table", "inet", "filter"),
        edit("/etc/selinux/config", "SELINUX=enforcing", "SELINUX=disabled"),
    ],
)  # fmt: skip
def test_turning_a_firewall_or_selinux_off_is_never_safe(step: Step) -> None:
    (item,) = plan(of(mended(step))).steps

    assert item.safety == "disruptive"


def test_a_report_read_back_gives_the_same_plan() -> None:
    report = of(mended(MODULE_FILE, SYSCTL), mended(SWAP_LINE), by_hand("Reboot", "reboot it"))

    assert nodecheck.plan(nodecheck.Report.from_json(report.to_json())) == nodecheck.plan(report)


def test_the_document() -> None:
    found = plan(of(mended(SWAPOFF, title="Turn it off"), None or by_hand("Reboot", "do")))
    document = found.to_dict()

    assert set(document) == {"$schema", "schema_version", "node", "steps", "not_fixed"}
    assert document["steps"] == [
        {
            "for": ["a"], "kind": "command", "argv": ["swapoff", "--", "/swap"], "title": "Turn it off",
            "safety": "safe", "reboot": False,
        }
    ]  # fmt: skip
    assert document["not_fixed"] == [{"id": "b", "why": "Reboot: do"}]
    assert json.loads(found.to_json()) == document
    assert found.to_json().isascii()


def validated(found: Plan) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(found.to_json())
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return document


@settings(max_examples=60)
@given(reports())
def test_any_report_gives_a_plan_that_is_whole(report: nodecheck.Report) -> None:
    found = plan(report)

    validated(found)
    planned = {name for item in found.steps for name in item.for_}
    left = {item.id for item in found.not_fixed}
    assert planned | left == {result.id for result in report.failures}
    assert planned & left == set()
    keys = [key_of(step) for step in steps(found)]
    assert len(set(keys)) == len(keys)
    for result in report.failures:
        if result.id in planned and result.fix is not None:
            places = [keys.index(key_of(step)) for step in result.fix.steps]
            assert set(places) <= {place for place, item in enumerate(found.steps) if result.id in item.for_}
    assert plan(nodecheck.Report.from_json(report.to_json())) == found
    assert found.to_text().isprintable() or all(line.isprintable() for line in found.to_text().split("\n"))


def test_hostile_text_is_valid_and_printable() -> None:
    found = plan(hostile_report())
    validated(found)

    assert all(line.isprintable() for line in found.to_text().split("\n"))
    assert all(item.why.isprintable() for item in found.not_fixed)


@settings(max_examples=60)
@given(st.lists(st.lists(st.sampled_from([
    SYSCTL_FILE, MODULE_FILE, SWAP_LINE, SWAPOFF, SYSCTL, MODPROBE, RELOAD, DOCKER, KUBELET, manual("a note"),
]), min_size=1, max_size=4, unique=True), min_size=1, max_size=6))  # fmt: skip
def test_every_order_that_fixes_agree_on_is_kept(drawn: list[list[Step]]) -> None:
    found = plan(of(*[mended(*fix) for fix in drawn]))
    places = {key_of(step): place for place, step in enumerate(steps(found))}
    pairs = [
        pair
        for fix in drawn
        if not all(isinstance(step, Manual) for step in fix)
        for pair in itertools.combinations(map(key_of, fix), 2)
    ]
    if _acyclic(pairs):
        assert all(places[first] < places[second] for first, second in pairs)
    assert set(places) == {key for pair in pairs for key in pair} | {
        key_of(fix[0]) for fix in drawn if len(fix) == 1 and not isinstance(fix[0], Manual)
    }


def _acyclic(pairs: list[tuple[Any, Any]]) -> bool:
    left = set(pairs)
    while left:
        free = {first for first, _ in left} - {second for _, second in left}
        if not free:
            return False
        left = {pair for pair in left if pair[0] not in free}
    return True


def own_line(number: int) -> list[Step]:
    return [edit("/etc/fstab", f"line {number}", f"# line {number}")]


def one_chain(number: int) -> list[Step]:
    return [command("do", f"{number + 1}"), command("do", f"{number}")]


def chain_to_an_early_step(number: int) -> list[Step]:
    return [command("do", f"{number}"), command("do", f"{number + 1}") if number < 5000 else MODULE_FILE]


def circles(number: int) -> list[Step]:
    pair: list[Step] = [command("do", f"{number // 2}"), command("undo", f"{number // 2}")]
    return pair if number % 2 else pair[::-1]


def one_service(number: int) -> list[Step]:
    return [edit(f"/etc/{number}", "a", "b"), KUBELET]


class Counted(Result):
    """A result that counts how often it is compared: a search of a list is one line of Python, and many of these."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return super().__eq__(other)

    __hash__ = Result.__hash__


@pytest.mark.parametrize("of_number", [own_line, one_chain, chain_to_an_early_step, circles, one_service])
def test_thousands_of_failures_take_no_quadratic_work(of_number: Callable[[int], list[Step]]) -> None:
    def work(many: int) -> int:
        found = [Counted(*failing(f"c[{n}]", mended(*of_number(n)))) for n in range(many)]
        report = report_of(*found)
        return steps_of(lambda: Plan.to_script(plan(report)))

    few, many = work(100), work(400)

    assert many < 4.6 * few
    assert Counted.compared < 5000
