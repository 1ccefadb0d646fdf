"""The Markdown report: no renderer makes anything of a node's text, and it fits where it is posted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings

from nodecheck.checking import Severity, Status
from nodecheck.model.steps import Fix, command, create, edit, manual
from nodecheck.render.markdown import MOST_BYTES, render, render_markdown
from nodecheck.render.markdown_parts import MOST_TEXT, code, text
from nodecheck.report import Report
from nodecheck.text import printable
from tests.render.reports import HOSTILE, hostile_report, hostile_text, reports
from tests.render.test_text import FAILED, report, result

markdown_it = pytest.importorskip("markdown_it")


def tokens(page: str) -> list[Any]:
    """The block tokens of a page; tables as GitHub has them."""
    found: list[Any] = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(page)
    return found


def inline(page: str) -> Iterator[Any]:
    for token in tokens(page):
        yield from token.children or ()


HTML_BLOCK = re.compile(r"(<details>\n<summary>[A-Za-z0-9 ,()]*</summary>|</details>)\n*")
LINKED = re.compile(r"@\w|#\d|\bGH-\d|://|www\.|:\w+:|\b[0-9a-f]{7,40}\b", re.IGNORECASE)


def safe(page: str) -> None:
    """Nothing but what we write is markup, and nothing is linked, mentioned or loaded."""
    kinds = {token.type for token in inline(page)}
    assert kinds <= {"text", "code_inline", "html_inline", "strong_open", "strong_close", "softbreak", "hardbreak"} | {
        "em_open", "em_close",
    }  # fmt: skip
    within = ""
    for token in inline(page):
        if token.type == "html_inline":
            assert token.content in ("<code>", "</code>")
            within = token.content
        elif token.type == "text" and within != "<code>":
            assert not LINKED.search(token.content), token.content
    for token in tokens(page):
        if token.type == "html_block":
            assert HTML_BLOCK.fullmatch(token.content)
    assert page.count("<details>\n") == page.count("</details>\n")
    assert all(char in "\n\t" or char.isprintable() for char in page)


def shown(children: list[Any]) -> str:
    """What a reader sees of an inline token."""
    return "".join(child.content for child in children if child.type in ("text", "code_inline", "text_special"))


def table_rows(page: str) -> list[list[str]]:
    """The cells of all tables' bodies."""
    rows: list[list[str]] = []
    body = False
    for token in tokens(page):
        body = (body or token.type == "tbody_open") and token.type != "tbody_close"
        if body and token.type == "tr_open":
            rows.append([])
        elif body and token.type == "inline":
            rows[-1].append(shown(token.children))
    return rows


@settings(max_examples=200)
@given(hostile_text())
def test_text_comes_back_as_it_is(raw: str) -> None:
    for page in (code(raw), text(raw)):
        safe(f"- x: {page}")
        rows = table_rows(f"| a | b |\n| --- | --- |\n| {page} | 2 |\n")
        assert rows == [[printable(raw), "2"]]


@pytest.mark.parametrize("raw", HOSTILE)
def test_each_hostile_text_stays_text(raw: str) -> None:
    safe(f"- x: {text(raw)} y")
    assert table_rows(f"| a |\n| --- |\n| {text(raw)} |\n") == [[printable(raw)]]


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(reports())
@example(hostile_report())
def test_any_report_is_safe(whole: Report) -> None:
    page = render(whole)

    safe(page)
    assert len(page.encode()) <= MOST_BYTES
    names = {found.id.removesuffix("@boot") if found.view == "boot" else found.id for found in whole}
    cut = {printable(name if len(name) <= MOST_TEXT else name[: MOST_TEXT - 1] + "…") for name in names}
    found = {row[3] for row in table_rows(page)}
    assert found <= cut
    assert found == cut or "*Cut to fit: " in page
    assert all(len(row) == 5 for row in table_rows(page))


def test_a_row_has_both_views() -> None:
    page = render(report(FAILED, result("swap[/dev/sda2]", Status.PASS), result("selinux", Status.SKIP)))

    assert [row[1:4] for row in table_rows(page)] == [["pass", "FAIL", "swap[/dev/sda2]"], ["skip", "-", "selinux"]]


def test_fixes_are_in_fences_that_hold() -> None:
    steps = (
        command("echo", "```"),
        edit("/etc/x", "a ```` b", "c"),
        create("/etc/y", "1\n`````\n2\n"),
        manual("do it"),
    )
    page = render(report(FAILED._replace(fix=Fix("Do", steps))))

    fences = [token.content for token in tokens(page) if token.type == "fence"]
    assert fences == ["echo '```'\n", "- a ```` b\n+ c\n", "1\n`````\n2\n"]


def test_a_fix_is_shown_once() -> None:
    other = FAILED._replace(id="swap[/dev/sdb]@boot", subject="/dev/sdb")

    page = render(report(FAILED, other))

    assert page.count("swapoff -- '/dev/my disk'") == 1
    assert "as for `swap[/dev/sda2]@boot`" in page


def test_what_does_not_fit_is_told() -> None:
    failed = [
        result(f"sysctl[net.x{number}]", Status.FAIL, severity=Severity.WARNING, message="m" * 200)
        for number in range(400)
    ]
    page = render_markdown(report(*failed, FAILED, result("good", Status.PASS)), 20_000)

    assert len(page.encode()) <= 20_000
    assert "- Expected: `no swap`" in page
    left = re.findall(r"\*Cut to fit: (\d+) of the rows and (\d+) of the findings in full are left out here", page)
    rows = len(table_rows(page))
    assert [(int(number) + rows) for number, _ in left] == [402]
    safe(page)


def test_one_huge_finding_does_not_displace_the_others() -> None:
    huge = FAILED._replace(fix=Fix("Write", (create("/etc/x", "x" * 100_000),)))

    page = render(report(huge, result("selinux", Status.FAIL)))

    assert "#### `selinux`" in page
    assert "1 of the findings in full" in page
