"""Scripts for hostile names, lines and contents do what they say, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodecheck.model.steps import Step, command, create, edit
from nodecheck.planning import Plan, plan
from nodecheck.text import decode
from tests.fix.reports import failing, mended, report_of
from tests.fix.shells import SHELLS, Machine, state
from tests.pairs import equal_pairs
from tests.render.reports import HOSTILE

CANARIES = (
    "$(touch canary)", "`touch canary`", "; touch canary #", "'; touch canary; '", '"; touch canary; "',
    "|touch canary", "&& touch canary", "\\'; touch canary", "${x:-$(touch canary)}", "$((canary=1))",
    "'$(touch canary)'", "~root", "*", "?", "[a-z]*", "{a,b}", "!!", "-rf", "--help", "-", "--", "-e", "-n", "=",
    "a=b", "#", "# comment", "\\", "\\\\", "\\n", "\\c", "%s", "%n%n%n", "%", "%%", "\r", "a\r", "-rf\r", "\t", " ",
    "  a  ", "EOF", "NODECHECK", "do", "done", "esac", "fi", "}", ")", ";;", "\x01", "\x7f", "\x1b[2J",
    "\udcff\udcfe", "\udc80", "\udc81\udc88", "é", "節", "’", "“a”", "\u00a0", "\u202e", "\ufeff", "12:a", "1", ".",
    "..", "^a$", "[", "]", "a" * 3000,
)  # fmt: skip


def hostile(newlines: bool) -> st.SearchStrategy[str]:
    """Text of any bytes but NUL."""
    words = st.sampled_from(CANARIES + tuple(word for word in HOSTILE if "\0" not in word and "\ud800" not in word))
    found = st.one_of(
        words, st.binary(max_size=12).map(decode), st.lists(words, min_size=2, max_size=3).map("".join)
    ).map(lambda text: text.replace("\0", ""))
    return found if newlines else found.map(lambda text: text.replace("\n", ""))


def names() -> st.SearchStrategy[str]:
    """Names of files: short enough for any file system."""
    return (
        hostile(newlines=False)
        .map(lambda text: text.replace("/", "").encode("utf-8", "surrogateescape")[:60].decode("utf-8", "ignore"))
        .filter(lambda text: text not in ("", ".", ".."))
    )


def applied(before: bytes, edits: dict[str, str]) -> bytes:
    """What the file is to be: each line that is the one of an edit replaced, every other byte as it was."""
    done = {
        old.encode("utf-8", "surrogateescape"): new.encode("utf-8", "surrogateescape") for old, new in edits.items()
    }
    *whole, last = before.split(b"\n")
    lines = [done.get(line, line) for line in whole]
    if last and done.get(last, last) == b"":
        return b"\n".join([*lines, b"", b""])  # an empty line needs an end to be one
    return b"\n".join([*lines, done.get(last, last) if last else last])


@st.composite
def edited_files(draw: st.DrawFn) -> tuple[bytes, dict[str, str]]:
    """A file, and edits of some of its lines."""
    lines = draw(st.lists(hostile(newlines=False), min_size=1, max_size=8))
    ended = draw(st.booleans())
    chosen = draw(st.lists(st.sampled_from(lines), max_size=3, unique=True))
    chosen = [line for line in chosen if ended or line]
    news = draw(st.lists(hostile(newlines=False), min_size=len(chosen), max_size=len(chosen)))
    edits = {old: f"# {old}" if new in chosen else new for old, new in equal_pairs(chosen, news)}
    return "\n".join([*lines, ""] if ended else lines).encode("utf-8", "surrogateescape"), edits


def planned(*steps: Step) -> Plan:
    return plan(report_of(*[failing(f"c[{place:03}]", mended(step)) for place, step in enumerate(steps)]))


SLOW = settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(shell=st.sampled_from(sorted(SHELLS)), drawn=st.dictionaries(names(), edited_files(), max_size=4))
def test_edits_change_their_lines_alone(shell: str, drawn: dict[str, tuple[bytes, dict[str, str]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(Path(folder), shell)
        etc = Path(folder) / "etc"
        etc.mkdir()
        steps: list[Step] = []
        for name, (content, edits) in drawn.items():
            (etc / name).write_bytes(content)
            steps += [edit(f"{etc}/{name}", *each) for each in edits.items()]
        found = planned(*steps)
        ended = machine.run(found)

        assert (ended.code, ended.err, found.not_fixed) == (0, "", ())
        for name, (content, edits) in drawn.items():
            assert (etc / name).read_bytes() == applied(content, edits)
        assert len(list(etc.iterdir())) == len(drawn)
        after = state(Path(folder))
        again = machine.run(found)
        assert (again.code, again.err) == (0, "")
        assert state(Path(folder)) == after


@SLOW
@given(shell=st.sampled_from(sorted(SHELLS)), drawn=st.dictionaries(names(), hostile(newlines=True), max_size=6))
def test_files_are_written_byte_by_byte(shell: str, drawn: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(Path(folder), shell)
        ended = machine.run(planned(*[create(f"{folder}/etc/a b/{name}", text) for name, text in drawn.items()]))

        assert (ended.code, ended.err) == (0, "")
        made = {path.name: path.read_bytes() for path in Path(folder).glob("etc/a b/*")}
        assert made == {name: text.encode("utf-8", "surrogateescape") for name, text in drawn.items()}
        assert all(line.isprintable() for line in ended.out.split("\n"))


LOG = '#!/bin/sh\nprintf "%s\\0" "$@" >>"$0.log"\n'


@SLOW
@given(
    shell=st.sampled_from(sorted(SHELLS)),
    argv=st.lists(hostile(newlines=True), min_size=1, max_size=5),
    title=st.text(max_size=20) | st.sampled_from(HOSTILE),
)
def test_commands_get_their_words_as_they_are(shell: str, argv: list[str], title: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(Path(folder), shell)
        tool = Path(folder) / "bin/the tool"
        tool.parent.mkdir()
        tool.write_text(LOG)
        tool.chmod(0o755)
        result = failing(f"a[{title}]", mended(command("the tool", *argv), title=title))
        ended = machine.run(report_of(result, failing("b", None)))

        assert (ended.code, ended.err) == (0, "")
        words = (tool.parent / "the tool.log").read_bytes().split(b"\0")[:-1]
        assert words == [word.encode("utf-8", "surrogateescape") for word in argv]
        assert ended.out.isascii()
        assert all(line.isprintable() for line in ended.out.split("\n"))


def test_shellcheck_has_nothing_to_say_of_them(tmp_path: Path) -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    texts = [text for text in (*CANARIES, *HOSTILE) if "\0" not in text and "\ud800" not in text]
    steps: list[Step] = []
    for number, text in enumerate(texts):
        line = text.replace("\n", "")
        name = f"/etc/d/{line.replace('..', '')}"
        kinds: tuple[Step, ...] = (edit("/etc/f", line, f"# {text}"), create(name, text), command("x", text))
        steps.append(kinds[number % 3])
    (tmp_path / "fix.sh").write_text(planned(*steps).to_script())
    done = subprocess.run(["shellcheck", "--norc", tmp_path / "fix.sh"], capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, "")
