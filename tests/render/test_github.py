"""GitHub's workflow commands, read as the runner reads them: nothing that a node holds becomes a command."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import HealthCheck, given, settings

from nodecheck.checking import Cause, Severity, Status, seen
from nodecheck.render.github import MOST, render
from nodecheck.render.told import shown
from nodecheck.report import Report, Source
from tests.render.reports import hostile_report, reports
from tests.render.test_text import FAILED, report, result

COMMANDS = {
    "error", "warning", "notice", "debug", "group", "endgroup", "add-mask", "stop-commands", "set-output", "save-state",
    "set-env", "add-path", "echo", "add-matcher", "remove-matcher", "internal-set-repo-path",
}  # fmt: skip


class Annotation(NamedTuple):
    kind: str
    properties: dict[str, str]
    data: str


def read(line: str) -> Annotation | None:
    """A line as ``ActionCommand.TryParseV2`` of the runner takes it; None where it is no such command."""
    line = line.lstrip()
    end = line.find("::", 2)
    if not line.startswith("::") or end < 0:
        return None
    name, _, rest = line[2:end].partition(" ")
    if name not in COMMANDS:
        return None
    pairs = [part.split("=", 1) for part in rest.strip().split(",") if part]
    properties = {pair[0]: unescaped(pair[1], ":,") for pair in pairs if len(pair) == 2 and pair[1]}
    return Annotation(name, properties, unescaped(line[end + 2 :], ""))


def unescaped(text: str, also: str) -> str:
    for char in "\r\n" + also + "%":
        text = text.replace(f"%{ord(char):02X}", char)
    return text


def shown_by_github(whole: Report) -> list[Annotation]:
    text = render(whole)
    assert text.endswith("\n")
    found = []
    for line in text[:-1].split("\n"):
        assert "##[" not in line
        assert "\r" not in line
        annotation = read(line)
        assert annotation is not None, "every line is a command"
        assert annotation.kind in MOST
        found.append(annotation)
    return found


def check_same(whole: Report) -> None:
    *found, last = shown_by_github(whole)
    bad = [one for one in whole if one.status in (Status.FAIL, Status.UNKNOWN)]
    for kind, most in MOST.items():
        assert sum(one.kind == kind for one in found) <= most
    titles = {shown(one.id).replace("##[", "#\\x23[") for one in bad}
    assert {one.properties["title"] for one in found} <= titles
    told = whole.summary
    assert last.properties["title"] == f"nodecheck: {told.verdict}"
    assert last.data.startswith(f"{told.failed} failed, {told.unknown} unknown, {told.waived} waived, ")
    left = len(bad) - len(found)
    assert (f"not shown: {left}\n" in last.data + "\n") == (left > 0)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(reports())
def test_the_runner_reads_what_was_written(whole: Report) -> None:
    check_same(whole)


def test_no_hostile_text_becomes_a_command() -> None:
    check_same(hostile_report())


def test_an_annotation_points_at_a_line() -> None:
    one = FAILED._replace(message="50% off::error::x", evidence=(seen("/etc/a,b:c%", "x", line=3),))
    whole = report(one)
    whole.run = whole.run._replace(source=Source("root", "image/rootfs/"))
    first = shown_by_github(whole)[0]

    assert first.kind == "error"
    assert first.properties == {"file": "image/rootfs/etc/a,b:c%", "line": "3", "title": "swap[/dev/sda2]@boot"}
    assert first.data.split("\n")[:2] == ["50% off::error::x", "expected: no swap"]
    assert "  $ swapoff -- '/dev/my disk'" in first.data.split("\n")


def test_the_worst_come_first_and_the_rest_are_named() -> None:
    many = [result(f"sysctl[{number:02}]", Status.FAIL) for number in range(12)]
    mild = result("time-sync", Status.FAIL, severity=Severity.WARNING)
    unknown = result("port", Status.UNKNOWN, cause=Cause("denied", "no"))
    found = shown_by_github(report(*many, mild, unknown))

    assert [one.kind for one in found] == ["error"] * 10 + ["warning"] * 2 + ["notice"]
    assert found[-1].data.split("\n")[1:] == ["not shown: 2", "fail: sysctl[10]", "fail: sysctl[11]"]
