"""The text report of the three commonest outcomes: one screen, read in ten seconds, and no value cut."""

from __future__ import annotations

import re

import pytest

import nodecheck
from nodecheck import Report
from nodecheck.checking import Cause, Evidence, Severity, Status
from nodecheck.model.steps import Fix, command
from nodecheck.render.columns import columns
from nodecheck.render.groups import text_of
from nodecheck.render.style import Style
from nodecheck.render.text import render, render_text
from nodecheck.render.verdict import headline
from tests.render.outcomes import OUTCOMES
from tests.render.test_text import NO_EVIDENCE, report, result

SCREEN = 40
"""Lines of a screen, at 100 columns."""

TERMINAL = Style(symbols=True, terminal=True, again=(), more="-v")


@pytest.fixture(scope="module", params=OUTCOMES)
def outcome(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Report]:
    """The name of an outcome, and the report of a run that nobody told anything."""
    root = OUTCOMES[request.param](tmp_path_factory.mktemp(request.param))
    return request.param, nodecheck.run(root=root)


def _running(text: str) -> str:
    """The text without its line ends and columns."""
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("style", [TERMINAL, Style()])
def test_it_fits_on_a_screen(outcome: tuple[str, Report], style: Style) -> None:
    lines = render_text(outcome[1], style).removesuffix("\n").split("\n")

    assert len(lines) <= SCREEN
    assert all(columns(line) <= 100 for line in lines)


@pytest.mark.parametrize("style", [TERMINAL, Style()])
@pytest.mark.parametrize("width", [80, 100, 120])
def test_no_value_of_a_finding_is_cut(outcome: tuple[str, Report], style: Style, width: int) -> None:
    text = _running(render_text(outcome[1], style._replace(width=width)))
    failed = [one for one in outcome[1].failures if one.severity != Severity.INFO]

    for one in failed:
        assert _running(text_of(one)) in text
        values = [word for word in (one.actual or "").split() if any(char.isdigit() or char in "/=" for char in word)]
        assert all(value in text for value in values), (one.id, values)
        assert one.subject is None or one.subject in text
    assert bool(failed) is (outcome[0] != "fit")


def test_the_verdict_and_its_reason_stand_first_and_last(outcome: tuple[str, Report]) -> None:
    lines = render_text(outcome[1], TERMINAL).removesuffix("\n").split("\n")
    first = {
        "fit": "PASS: all 95 settings that apply are fit",
        "faulty": "FAIL: 2 errors (swap[/swap.img], sysctl[net.ipv4.ip_forward]), 3 warnings",
        "before-kubernetes": "FAIL: 4 errors (kernel-module[br_netfilter], 3 of sysctl)",
    }[outcome[0]]
    failed = {"fit": "", "faulty": "5 settings (7 results) failed; ", "before-kubernetes": ""}[outcome[0]]

    assert lines[0] == first
    assert first in "\n".join(lines[-2:])
    assert lines[-1].endswith(f"{failed}100% of what applies was judged")


def test_without_verbose_nothing_is_said_of_ipvs_but_a_count(outcome: tuple[str, Report]) -> None:
    text = render_text(outcome[1], TERMINAL)
    assert "ip_vs" not in text
    assert "kernel-module (4)" in text

    rows = [line for line in render_text(outcome[1], TERMINAL._replace(verbose=True)).split("\n") if "ip_vs_sh" in line]
    assert any("kernel-module[ip_vs, ip_vs_rr, ip_vs_sh, ip_vs_wrr]" in line for line in rows)


def test_quiet_is_silent_about_all_but_what_counts(outcome: tuple[str, Report]) -> None:
    text = render_text(outcome[1], Style(quiet=True))

    assert "warning  " not in text
    assert "passed" not in text
    assert text.count("PASS" if outcome[0] == "fit" else "FAIL") == 1


WARNS = result("time-sync", Status.FAIL, severity=Severity.WARNING)
NOTE = result("selinux", Status.FAIL, severity=Severity.INFO)
FAILS = result("swap[/a]", Status.FAIL)
FAILS_AT_BOOT = result("swap[/a]@boot", Status.FAIL, "boot")
PASSES, WAIVED = result("hostname", Status.PASS), result("port", Status.WAIVED)
UNKNOWN = result("swap@boot", Status.UNKNOWN, "boot")


@pytest.mark.parametrize(
    ("results", "told"),
    [
        ((PASSES,), "PASS: the setting that applies is fit; 100% of what applies was judged"),
        ((PASSES, NOTE), "PASS: the setting that applies is fit; 100% of what applies was judged"),
        ((PASSES, WARNS), "PASS with 1 warning (time-sync); 100% of what applies was judged"),
        ((PASSES, WARNS, WAIVED), "PASS with 1 warning (time-sync), 1 waived; 100% of what applies was judged"),
        ((FAILS, WARNS), "FAIL: 1 error (swap[/a]), 1 warning; 100% of what applies was judged"),
        (
            (FAILS, FAILS_AT_BOOT),
            "FAIL: 1 error (swap[/a]); 1 setting (2 results) failed; 100% of what applies was judged",
        ),
        (
            (FAILS, FAILS_AT_BOOT, NOTE),
            "FAIL: 1 error (swap[/a])\n2 settings (3 results) failed, notes included; 100% of what applies was judged",
        ),
        ((FAILS_AT_BOOT, UNKNOWN), "FAIL: 1 error (swap[/a]@boot), 1 unknown; 50% of what applies was judged"),
        ((PASSES, UNKNOWN), "UNKNOWN: 1 setting could not be judged (swap@boot); 50% of what applies was judged"),
        (
            (WARNS, result("time-sync@boot", Status.UNKNOWN, "boot")),
            "UNKNOWN: 1 setting could not be judged (time-sync@boot), 1 warning; 50% of what applies was judged",
        ),
        (
            (NOTE, result("selinux@boot", Status.UNKNOWN, "boot")),
            "UNKNOWN: 1 setting could not be judged (selinux@boot); 50% of what applies was judged",
        ),
        ((), "UNKNOWN: nothing was judged; 0% of what applies was judged"),
    ],
)  # fmt: skip
def test_the_verdict_cannot_be_misread(results: tuple[nodecheck.Result, ...], told: str) -> None:
    text = render(report(*results)).removesuffix("\n")

    assert text.endswith(f"\n{told}")
    assert text.startswith(told.partition(";")[0].partition("\n")[0])


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        (("not-applicable", "not-applicable"), "; nothing of Runtime and kubelet was judged"),
        (("offline", "not-applicable"), "; nothing of Runtime and kubelet was judged"),
        (("offline", "offline"), ""),
    ],
)
def test_a_machine_without_a_runtime_does_not_pass_in_silence(codes: tuple[str, str], told: str) -> None:
    idle = [
        result(name, Status.SKIP, cause=Cause(code, "why"))
        for name, code in zip(("cgroup-driver", "runtime-socket"), codes)
    ]

    assert headline(report(PASSES, *idle)) == f"PASS: the setting that applies is fit{told}"
    assert headline(report(PASSES, WARNS, *idle)) == f"PASS with 1 warning (time-sync){told}"
    assert "nothing of" not in headline(report(PASSES, result("version", Status.PASS), *idle))
    assert "nothing of" not in headline(report(FAILS, *idle))


def test_findings_that_say_the_same_are_one_block() -> None:
    found = [
        result(
            f"kernel-module[{name}]{at}", Status.FAIL, view, message=message, evidence=(seen_of(name),), fix=load(name)
        )
        for name in ("ip_vs", "ip_vs_rr")
        for view, at, message in (("now", "", "not loaded"), ("boot", "@boot", "nothing loads it at boot"))
    ]
    wanted = [
        "x error    kernel-module[ip_vs, ip_vs_rr]",
        "  now      not loaded",
        "  boot     nothing loads it at boot",
    ]

    lines = render_text(report(*found), Style(terminal=True)).split("\n")
    assert lines[lines.index(wanted[0]) :][:3] == wanted
    assert sum(line.count("modprobe") for line in lines) == 2  # a fix stands once, for both views

    plain = _running(render(report(*found)))
    assert all(one.id in plain for one in found)


def test_areas_that_only_their_names_tell_apart_are_one_block() -> None:
    found = [
        result(f"swap[{area}]@boot", Status.FAIL, "boot", message=f"fstab turns swap on at boot: {area}")
        for area in ("/swap.img", "/dev/sdb2")
    ]

    lines = render_text(report(*found), Style(terminal=True)).split("\n")
    assert "x error    swap[/dev/sdb2, /swap.img]@boot: fstab turns swap on at boot" in lines


def test_the_cause_stands_where_the_message_does_not_say_it() -> None:
    denied = result("swap", Status.UNKNOWN, message="could not be judged", cause=Cause("denied", "/proc/swaps: EACCES"))
    text = render(report(denied))

    assert "? unknown  swap: could not be judged\n  cause    denied: /proc/swaps: EACCES\n" in text
    assert "cause" not in render(report(denied._replace(message="/proc/swaps: EACCES")))


def test_what_stands_beside_comes_before_the_verdict() -> None:
    text = render_text(report(PASSES), Style(verbose=True), ["a generator is not known"])

    assert text.endswith("\n\na generator is not known\n\n" + render(report(PASSES)).rpartition("\n\n")[2])


def test_what_is_not_there_is_one_line() -> None:
    absent = tuple([NO_EVIDENCE[0]._replace(source=f"/usr/bin/{place}") for place in range(6)])
    text = render(report(result("command[x]", Status.FAIL, message="x is not found", evidence=absent)))

    assert "x error    command[x]: is not found\n  read     not there: /usr/bin/0, /usr/bin/1," in text
    assert text.count("not there") == 1


def seen_of(name: str) -> Evidence:
    return NO_EVIDENCE[0]._replace(source="/proc/modules", locator=name)


def load(name: str) -> Fix:
    return Fix(f"Load {name}", (command("modprobe", "--", name),))
