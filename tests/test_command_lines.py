"""Every command line of nodecheck that the docs, the README or a help text show is one that nodecheck takes.

They are parsed by the verbs' own parsers, and the checks that they name are there. What cannot parse stands in
NOT_TYPED, with the reason. That they run, too, is held by test_documented_runs.py.
"""

from __future__ import annotations

import re

import pytest

from nodecheck.checking.selectors import ENGINE_CHECKS, parse_selector
from nodecheck.cli.start import verb_parser
from nodecheck.cli.verbs import VERBS
from nodecheck.errors import NodecheckError
from nodecheck.plugins import load
from tests.documented import PAGES, calls, documented

NOT_TYPED = {
    "plan --root /mnt/node7 prints one step to review, with the commands": "a report's last lines say what a line does",
    "explain swap says why it matters": "a report's last lines say what a line does",
    "diff": "a sentence names the verb",
    "diff --json": "a sentence names the verb, and which of its outputs is meant",
    "convert": "a sentence names the verb",
    "schedule": "a sentence names the verb",
}
"""A line, and why it is shown though nobody can type it."""

OF_OTHERS = {"motd": "the check of examples/nodecheck-motd"}
"""Checks that are not nodecheck's own."""


DOCUMENTED = documented()


def test_there_are_many_and_every_verb_is_among_them() -> None:
    assert len(DOCUMENTED) > 150
    assert {words[0] for words in DOCUMENTED} >= set(VERBS)


@pytest.mark.parametrize("words", DOCUMENTED, ids=" ".join)
def test_a_documented_line_parses(words: tuple[str, ...]) -> None:
    if " ".join(words) in NOT_TYPED:
        return
    parsed(words)


def parsed(words: tuple[str, ...]) -> None:
    """Parse a line as nodecheck does. Raises what it raises."""
    if words[0].startswith("-"):
        assert words in {("--version",), ("--help",), ("-h",), ("-V",), ("--version", "-v")}
        return
    if "--help" in words:
        return
    args = verb_parser(words[0])[1].parse_args(words[1:])
    named = [*(getattr(args, "words", None) or []), *(args.select or [] if "select" in args else [])]
    named += args.ignore or [] if "ignore" in args else []
    if words[0] == "explain" and args.check:
        named.append(args.check)
    for selector in named:
        check = parse_selector(selector).check
        if check is not None and not selector.isupper() and "*" not in check:
            assert check in {*load().checks, *ENGINE_CHECKS, *OF_OTHERS}, selector


@pytest.mark.parametrize(
    "words",
    [("run", "--formt", "x"), ("run", "swop"), ("run", "--role", "master"), ("explain", "swop"), ("--nothing",)],
)
def test_a_wrong_line_is_found(words: tuple[str, ...]) -> None:
    with pytest.raises((NodecheckError, AssertionError)):
        parsed(words)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("nodecheck run -q  # cron", [("run", "-q")]),
        ("nodecheck run --format tap > node7.tap; prove -e cat node7.tap", [("run", "--format", "tap")]),
        ("nodecheck history 'swap@boot'; nodecheck diff 1 2", [("history", "swap@boot"), ("diff", "1", "2")]),
        ("vim -q <(nodecheck run --format short)", [("run", "--format", "short")]),
        ("ssh node7 sudo ./nodecheck.pyz run --json > x.json", [("run", "--json")]),
        ("- nodecheck run --root ./rootfs", [("run", "--root", "./rootfs")]),
        ("journalctl -t nodecheck -p err", []),
        ("less fix.sh", []),
    ],
)  # fmt: skip
def test_the_lines_of_a_shell_are_taken_apart(line: str, found: list[tuple[str, ...]]) -> None:
    assert [call.words for call in calls(line)] == found


def test_no_line_is_excused_that_parses_or_is_gone() -> None:
    for line in NOT_TYPED:
        assert line in {" ".join(words) for words in DOCUMENTED}
        with pytest.raises((NodecheckError, AssertionError)):
            parsed(tuple(line.split()))


def test_the_options_of_pytest_are_there(pytestconfig: pytest.Config) -> None:
    named = {word for path in PAGES for word in re.findall(r"--nodecheck-[a-z-]*[a-z]", path.read_text())}

    assert len(named) > 8
    for option in named:
        pytestconfig.getoption(option)
