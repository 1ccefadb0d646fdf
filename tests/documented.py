"""The command lines that README, docs and help texts show, as data, in the order in which they stand."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from nodecheck.cli.start import verb_parser
from nodecheck.cli.verbs import VERBS

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
ENDS = {";", "|", "||", "&", "&&", ">", ">>", "<", "<<", "(", ")", "<(", ">|", "2>", ";;", "|&"}
OTHERS = ("python", "python3", "pytest")


class Call(NamedTuple):
    """A program with its words, and the file that its standard output is written to."""

    program: str
    words: tuple[str, ...]
    to: str | None

    def __str__(self) -> str:
        return " ".join((self.program, *self.words))


def shown(markdown: str) -> Iterator[str]:
    """The lines of code: fenced, indented, or within a sentence."""
    fence = re.compile(r"^ *```[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
    for block in fence.findall(markdown):
        yield from block.replace("\\\n", " ").split("\n")
    rest = fence.sub("\n", markdown)
    yield from re.findall(r"^ {4}(nodecheck .*)$", rest, re.MULTILINE)
    yield from [" ".join(code.split()) for code in re.findall(rf"`((?:nodecheck|{'|'.join(OTHERS)}) [^`]+)`", rest)]


def calls(line: str) -> Iterator[Call]:
    """Each call of nodecheck in a line of shell."""
    tokens = _tokens(line)
    for place, token in enumerate(tokens):
        if token.rpartition("/")[2] not in ("nodecheck", "nodecheck.pyz") or tokens[place + 1 :][:1] == ["="]:
            continue
        if re.match(r"--?\w", tokens[place - 1] if place else ""):
            continue  # the word of another program's option: journalctl -t nodecheck, ssh-keygen -n nodecheck
        yield _call("nodecheck", tokens[place + 1 :])


def calls_of_others(line: str) -> Iterator[Call]:
    """Each call of Python or pytest in a line of shell."""
    tokens = _tokens(line)
    for place, token in enumerate(tokens):
        if token.rpartition("/")[2] in OTHERS and (not place or tokens[place - 1] in ENDS):
            yield _call(token.rpartition("/")[2].rstrip("3"), tokens[place + 1 :])


def _tokens(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = "#"
    try:
        return list(lexer)
    except ValueError:  # a quote that is open: a sentence, not a line of shell
        return []


def _call(program: str, tokens: list[str]) -> Call:
    words: list[str] = []
    for word in tokens:
        if word in ENDS:
            break
        words.append(word)
    after = tokens[len(words) :]
    return Call(program, tuple(words), after[1] if after[:1] in ([">"], [">>"]) and after[1:] else None)


def calls_of_page(path: Path) -> list[Call]:
    """What a page shows of nodecheck's verbs."""
    return [call for line in shown(path.read_text()) for call in calls(line) if _is_typed(call)]


def calls_of_help(verb: str) -> list[Call]:
    """What the help text of a verb shows."""
    lines = [line for line in verb_parser(verb)[1].format_help().split("\n") if re.match(r" *nodecheck ", line)]
    return [call for line in lines for call in calls(re.split(r"  +(?=\S)", line.strip())[0])]


def _is_typed(call: Call) -> bool:
    return bool(call.words) and (call.words[0] in VERBS or call.words[0].startswith("-"))


def documented() -> dict[tuple[str, ...], str]:
    """The words of each command line, with the page that shows it."""
    found: dict[tuple[str, ...], str] = {}
    for path in PAGES:
        for call in calls_of_page(path):
            found.setdefault(call.words, path.relative_to(ROOT).as_posix())
    for verb in VERBS:
        for call in calls_of_help(verb):
            found.setdefault(call.words, f"nodecheck {verb} --help")
    return found
