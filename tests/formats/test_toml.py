"""TOML: errors with their line, and the line on which a key stands."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodecheck.errors import Malformed, ParseError, TooLarge
from nodecheck.formats.plain_toml import LONGEST_LINE, load_plain
from nodecheck.formats.toml import line_of, parse_toml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NAMES = st.text("abcXYZ0_-", min_size=1, max_size=6)


@given(st.lists(NAMES, min_size=2, max_size=5), st.integers(0, 4))
def test_a_key_is_found_where_it_stands(keys: list[str], padding: int) -> None:
    text = "# x\n" * padding + f"[{'.'.join(keys[:-1])}]\n{keys[-1]} = true\n"

    assert line_of(text, keys) == (padding + 2, f"{keys[-1]} = true")


@given(st.lists(NAMES, min_size=1, max_size=5))
def test_quoted_parts_are_read_back(keys: list[str]) -> None:
    text = ".".join(f"'{key}.x'" for key in keys) + " = 1\n"
    table: Any = parse_toml(text.encode(), "x")
    for key in keys:
        table = table[f"{key}.x"]

    assert table == 1


@pytest.mark.parametrize(
    ("raw", "line"),
    [(b"a = 1\nb = \n", 2), (b"a = 1\n\n[b\n", 3), (b"a = [", 1), (b"a = 1\n# \xff\n", 2), (b"a = 1\na = 2\n", 2)],
)
def test_errors_tell_the_line(raw: bytes, line: int) -> None:
    with pytest.raises(ParseError) as caught:
        parse_toml(raw, "/etc/x.toml")

    assert (caught.value.source, caught.value.line) == ("/etc/x.toml", line)


@pytest.mark.parametrize(
    "raw",
    [
        b"a = " + b"[" * 100_000,
        b"a." * 300_000 + b"a = 1",
        (b"a." * 33 + b"a = 1\n") * 900,
        b"x = {y = '\"', " + b"a." * 300_000 + b"a = 1}",
        b"[[" * 300_000,
        b'"' * 900_000,
        b"SystemdCgroup\n" * 70_000,
    ],
)
def test_hostile_text_ends_soon(raw: bytes) -> None:
    started = time.process_time()
    with pytest.raises((Malformed, TooLarge)):
        parse_toml(raw, "x")

    assert time.process_time() - started < 2


@pytest.mark.parametrize("line", ['x = "a.b.c, %s"', "x = ['%s']", "# %s", "x = '\"' # %s"])
def test_dots_in_strings_and_comments_are_no_keys(line: str) -> None:
    assert set(parse_toml((line % ("10.0.0.1," * 100)).encode(), "x")) <= {"x"}


def test_looking_for_a_line_ends_soon() -> None:
    text = "x = '''\n" + "SystemdCgroup = true\n" * 50_000 + "'''\n"
    started = time.process_time()
    line_of(text, ("plugins", "SystemdCgroup"))

    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("text", "keys", "line"),
    [
        ("[a.'x]y']\nb = 1\n", ("a", "x]y", "b"), 2),
        ('[a."x\\u0041"]\nb = 1\n', ("a", "xA", "b"), 2),
        ("a = {b = {c = 1, d = 2}, e = 3}\n", ("a", "b", "d"), 1),
        ("a = {b = {c = 1}, e = 3}\n[b]\nc = 2\n", ("b", "c"), 3),
        ('a = """\nb = 1\n"""\nb = 2\n', ("b",), 4),
        ("a = [\n  'b = 1',\n]\nb = 2 # b = 3\n", ("b",), 4),
        ("[ a . b ]\r\nc.d = true\r\n", ("a", "b", "c", "d"), 2),
    ],
)
def test_lines_of_keys_in_all_their_spellings(text: str, keys: tuple[str, ...], line: int) -> None:
    found = line_of(text, keys)

    assert found is not None
    assert found[0] == line


LEFT = ["a", "b", "'a.b'", '"a"', "", "a.b", " a ", "0", "-", "'", '"\\u0041"', "a b"]
VALUES = ["1", "-1", "0", "00", "-0", "+1", "1_0", "1.5", "-0.02", "01.5", "1.5e3", "1.", ".5", "1.2.3", "1e3"]
VALUES += ["0x1F", "12:00:00", "2026-12-01", "true", "True", "false", "{}", "x"]
VALUES += ["9" * 19, "{a = 1}", "", "1 2", "é", "\x01"]
VALUES += ["''", '""', "'a'", '"a"', '"a\\n"', "'''a'''", '"""', "'a", "'a'b", "'\t'"]
VALUES += ["[]", "[1, 'a', true]", "[1,]", "[,]", "[1 2]", "[[1]]", "[1", "[1]]"]
ENDS = ["", " ", "# x", " # x", "\t", " x", ",", "\r"]

pairs = st.builds("{}{}{}{}".format, st.sampled_from(LEFT), st.sampled_from(("=", " = ", "")), st.sampled_from(VALUES),
                  st.sampled_from(ENDS))  # fmt: skip
headers = st.builds("{}{}{}{}".format, st.sampled_from(("[", "[[", " [")), st.sampled_from((*LEFT, "a.c", "a . 'b'")),
                    st.sampled_from(("]", "]]", "")), st.sampled_from(ENDS))  # fmt: skip


@settings(max_examples=800)
@given(st.lists(st.one_of(pairs, pairs, headers), max_size=6))
def test_the_plain_reader_agrees_with_the_whole_one(lines: list[str]) -> None:
    found = load_plain("\n".join(lines))
    if found is not None:
        assert repr(found) == repr(tomllib.loads("\n".join(lines)))


def test_the_plain_reader_leaves_long_lines_to_the_whole_one() -> None:
    """Each value of a list would copy the rest: a quarter of a minute for a megabyte."""
    assert load_plain(f"a = [{'1, ' * LONGEST_LINE}]") is None
    assert load_plain(f"a = [{'1, ' * 100}]") == {"a": [1] * 100}


def test_the_plain_reader_reads_what_containerd_writes(corpus: Path) -> None:
    folder = corpus / "06-runtime-config/files"
    texts = [path.read_text() for path in sorted(folder.glob("*/etc/containerd/config.toml"))]
    found = [(load_plain(text), text) for text in texts]

    assert all(table is None or table == tomllib.loads(text) for table, text in found)
    assert sum(table is not None for table, _ in found) > len(found) / 2
