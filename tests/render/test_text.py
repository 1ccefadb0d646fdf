"""The report for people: rows with NOW and BOOT, failures in full, safe on any terminal."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nodecheck.checking import Cause, Result, Severity, Status, seen
from nodecheck.model.steps import Fix, command, create, edit, manual
from nodecheck.render.columns import columns, cut
from nodecheck.render.style import Style
from nodecheck.render.text import render, render_text
from nodecheck.render.told import told
from nodecheck.report import Node, OsName, ProfileUsed, Report, Run, Source, Tool
from nodecheck.report.summary import summary_of
from nodecheck.text import printable
from tests.render.reports import hostile_report, hostile_text, reports

NO_EVIDENCE = (seen("/etc/x"),)


def result(identity: str, status: Status, view: str = "now", **more: object) -> Result:
    check, _, rest = identity.removesuffix(f"@{view}").partition("[")
    base = Result(
        identity, check, rest[:-1] or None, view, status, Severity.ERROR, "Title", f"message of {identity}", None, None,
        None, NO_EVIDENCE, None, None, (), (), "sha256:" + "0" * 64, 0.001,
    )  # fmt: skip
    return base._replace(**more)  # type: ignore[arg-type]


def report(*results: Result) -> Report:
    run = Run("id", "a", "b", 0.1, "complete", Source("live", "/"), True, "error")
    node = Node("node1\x1b[31m", None, None, "5.14", "x86_64", OsName("rocky", "9.4", "Rocky Linux 9.4"))
    used = ProfileUsed("kubernetes", "sha256:", "worker", "1.34", None, None)
    return Report(Tool("nodecheck", "0", ()), run, node, used, summary_of(results, "error"), tuple(results))


FIX = Fix(
    "Turn it off",
    (
        command("swapoff", "--", "/dev/my disk"),
        edit("/etc/fstab", "/dev/sda2\tnone swap", "# /dev/sda2\tnone swap"),
        create("/etc/x.conf", "a\nb\n"),
        manual("look at it"),
    ),
)
FAILED = result(
    "swap[/dev/sda2]@boot", Status.FAIL, "boot", expected="no swap", actual="swap", fix=FIX,
    evidence=(seen("/etc/fstab", "/dev/sda2\tnone swap\x1b]0;", line=12),),
)  # fmt: skip


def table(text: str) -> list[str]:
    """The lines of the table: the last paragraph but one."""
    return text.split("\n\n")[-2].split("\n")


def test_now_and_boot_share_a_row() -> None:
    items = report(result("swap[/dev/sda2]", Status.PASS), FAILED, result("selinux", Status.SKIP))
    text = render_text(items, Style(verbose=True))

    assert [line.split()[:4] for line in table(text)] == [
        ["NOW", "BOOT", "CHECK", "FINDING"],
        ["--", "Swap", "-" * (96 - len("Swap"))],
        ["x", "pass", "FAIL", "swap[/dev/sda2]"],
        ["--", "Security", "-" * (96 - len("Security"))],
        ["skip", "-", "selinux", "message"],
    ]


def test_a_failure_is_shown_in_full_where_verbose() -> None:
    text = render_text(report(FAILED), Style(verbose=True))

    for words in (
        "fail (error)  swap[/dev/sda2]@boot", "expected  no swap", "actual    swap",
        "/etc/fstab, line 12: /dev/sda2 none swap\\x1b]0;", "Turn it off (safe)", "$ swapoff -- '/dev/my disk'",
        "- /dev/sda2 none swap", "write /etc/x.conf (0644)", "| b", "look at it",
        "FAIL: 1 error (swap[/dev/sda2]@boot); 100% of what applies was judged",
    ):  # fmt: skip
        assert words in text


def test_no_control_character_reaches_the_terminal() -> None:
    for style in (Style(), Style(verbose=True), Style(quiet=True)):
        text = render_text(report(FAILED), style)
        assert all(char == "\n" or char.isprintable() for char in text)


def test_colour_is_only_colour() -> None:
    import re

    items = report(FAILED, result("a", Status.UNKNOWN, cause=Cause("denied", "no")), result("b", Status.WAIVED))

    plain = render_text(items, Style(verbose=True))
    coloured = render_text(items, Style(colour=True, verbose=True))

    assert plain != coloured
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == plain


def test_every_width_holds_the_table() -> None:
    long = "sysctl[net.bridge.bridge-nf-call-ip6tables]"
    items = report(FAILED, result(long, Status.PASS, message="x " * 150))

    for width in (40, 60, 80, 132):
        lines = table(render_text(items, Style(width=width, verbose=True)))
        assert all(len(line) <= width for line in lines if long not in line)
        assert sum(line.count("x ") + line.endswith(" x") for line in lines) >= 150


def test_a_narrow_head_loses_nothing_of_what_the_node_is_to_be() -> None:
    text = render_text(report(FAILED), Style(width=40))

    head = ["profile kubernetes, role worker", "Kubernetes 1.34", "not known: say --proxy-mode", ""]
    assert text.split("\n")[3:7] == head


def test_quiet_shows_only_what_counts() -> None:
    warning = result("warned", Status.FAIL, severity=Severity.WARNING)

    text = render_text(report(FAILED, warning, result("good", Status.PASS)), Style(quiet=True))

    assert "swap[/dev/sda2]@boot" in text
    assert "warned" not in text
    assert "good" not in text


def test_verbose_explains_passes() -> None:
    text = render_text(report(result("good", Status.PASS, evidence=(seen("/proc/x", "1"),))), Style(verbose=True))

    assert "/proc/x: 1" in text


@pytest.mark.parametrize(("symbols", "mark"), [(True, "…"), (False, "...")])
def test_evidence_says_that_there_is_more(symbols: bool, mark: str) -> None:
    read = (seen("/proc/whole", "w"), seen("/proc/part", "p")._replace(truncated=True), seen("/proc/long", "l" * 201))
    item = result("good", Status.PASS, evidence=read)
    text = render_text(report(item), Style(verbose=True, symbols=symbols, width=400))

    for line in ("/proc/whole: w\n", f"/proc/part: p{mark}\n", f"/proc/long: {'l' * 200}{mark}\n"):
        assert line in text
    lines = "\n".join(told(item))
    assert ("/proc/whole: w\n" in lines, "/proc/part: p…\n" in lines) == (True, True)


def test_a_report_without_results() -> None:
    assert render(report()).startswith("UNKNOWN: nothing was judged\n")
    assert "nothing was looked at" in render_text(report(), Style(verbose=True))


def test_a_long_name_stands_above_its_finding() -> None:
    long = "sysctl[net.bridge.bridge-nf-call-ip6tables]"
    items = report(result(long, Status.PASS, message="is 1"), result("swap", Status.PASS, message="no swap"))

    for width in (70, 80, 100):
        lines = table(render_text(items, Style(width=width, verbose=True)))
        assert lines[2].endswith(long)
        assert lines[3].strip() == "is 1"
        assert lines[5].endswith("  no swap")


def test_what_was_found_comes_before_what_was_not() -> None:
    absent = tuple(seen(f"/opt/{number}") for number in range(9))

    items = report(FAILED._replace(evidence=(*absent, seen("/etc/last", "found"))))
    text = render_text(items, Style(verbose=True))

    assert text.index("/etc/last: found") < text.index("not there: /opt/0, /opt/1, /opt/2, /opt/3, /opt/4")
    assert "/opt/" not in render(items)


def test_verbose_names_every_source() -> None:
    absent = tuple(seen(f"/opt/{number}") for number in range(90))

    text = render_text(report(FAILED._replace(evidence=absent)), Style(verbose=True, width=60))

    assert all(f"/opt/{number}" in text for number in range(90))
    assert all(len(line) <= 60 for line in text.split("\n") if "/opt/" in line)


def test_fixes_by_hand_are_wrapped() -> None:
    by_hand = FAILED._replace(fix=Fix("Do it", (manual("word " * 60),), "manual"))

    lines = render_text(report(by_hand), Style(width=60, verbose=True)).split("\n")

    assert all(len(line) <= 60 for line in lines if "word" in line)
    assert sum(line.count("word") for line in lines) == 60


def test_quiet_and_verbose_is_quiet() -> None:
    text = render_text(report(FAILED, result("good", Status.PASS)), Style(quiet=True, verbose=True))

    assert "good" not in text


def test_wide_characters_and_combining_marks_are_aligned() -> None:
    names = ("swap", "swap[节点七]", "swap[e\u0301e\u0301]", "swap[ｱ한]")
    items = report(*(result(name, Status.PASS, message="found") for name in names))

    rows = table(render_text(items, Style(width=80, verbose=True)))[2:]
    assert len({columns(row[: row.index("found")]) for row in rows}) == 1
    assert sorted(row[18:].split()[0] for row in rows) == sorted(names)


@given(hostile_text(), st.integers(1, 30))
def test_what_is_cut_fits(raw: str, room: int) -> None:
    text = printable(raw)
    for ellipsis in ("…", "..."):
        found = cut(text, room, ellipsis)
        assert columns(found) <= room
        assert found == text or columns(text) > room


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(reports(), st.sampled_from((40, 60, 80, 200)), st.booleans(), st.booleans())
@example(hostile_report(), 60, False, True)
def test_any_report_is_safe_on_a_terminal(whole: Report, width: int, quiet: bool, verbose: bool) -> None:
    style = Style(width=width, quiet=quiet, verbose=verbose, symbols=True, again=("--root", "/a b"))

    text = render_text(whole, style)
    assert all(char == "\n" or char.isprintable() for char in text)
    head = text.split("\n\n")[0].split("\n")
    assert quiet or all(columns(line) <= width or " " not in line.strip() for line in head)


def test_topics_are_in_order_and_the_worst_comes_first() -> None:
    items = report(
        result("selinux", Status.PASS),
        result("sysctl[a]", Status.PASS),
        result("sysctl[b]", Status.FAIL, severity=Severity.WARNING),
        result("sysctl[c]", Status.UNKNOWN),
        result("sysctl[d]", Status.FAIL),
        result("their-check", Status.PASS, tags=("runtime",)),
        result("their-other", Status.PASS),
        result("waiver[x]", Status.FAIL, severity=Severity.WARNING),
    )

    lines = table(render_text(items, Style(verbose=True)))[1:]
    shown = [line.split()[1] if line.startswith("--") else line.split()[-4] for line in lines]
    assert shown == [
        "Kernel", "sysctl[d]", "sysctl[b]", "sysctl[c]", "sysctl[a]", "Runtime", "their-check", "Security", "selinux",
        "nodecheck", "waiver[x]", "Other", "their-other",
    ]  # fmt: skip


def test_what_to_do_next() -> None:
    style = Style(again=("--root", "/my image"))
    denied = result("a", Status.UNKNOWN, cause=Cause("denied", "no"))

    by_hand = FAILED._replace(fix=Fix("Do it", (manual("Look."),), "manual"))
    plan = "> nodecheck plan --root '/my image'"
    assert f"{plan}  prints 4 steps to review, with the commands" in render_text(report(FAILED), style)
    assert f"{plan}  says what a person has to decide" in render_text(report(by_hand), style)
    assert "> nodecheck explain swap  says why it matters" in render_text(report(FAILED), style)
    assert "nodecheck" not in render_text(report(result("good", Status.PASS)), style).split("\n\n")[-1]
    note = render_text(report(FAILED._replace(severity=Severity.INFO)), style)
    assert "nodecheck plan" not in note
    assert "nodecheck explain" not in note
    poor = report(denied)
    assert "sudo" not in render_text(poor, style)
    poor.run = poor.run._replace(privileged=False)
    assert "> sudo nodecheck run --root '/my image'  may read what was denied" in render_text(poor, style)


def test_a_fix_is_shown_once() -> None:
    items = report(FAILED, FAILED._replace(id="swap[/dev/sdb]@boot", subject="/dev/sdb", message="another"))
    text = render_text(items, Style(verbose=True))

    assert text.count("$ swapoff") == 1
    assert "Turn it off (safe): as for swap[/dev/sda2]@boot, above" in text
    assert "Turn it off: as for swap[/dev/sda2]@boot" in render(items)
