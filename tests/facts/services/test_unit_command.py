"""The command line that systemd makes of a service."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.checking.store import Facts
from nodecheck.errors import Malformed
from nodecheck.facts.services.unit_command import CommandLine, command_line
from nodecheck.facts.services.unit_files import load_unit
from nodecheck.facts.services.unit_words import Unbalanced, environment_file, split_words
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import RootHost

Tree = Callable[[dict[str, "str | bytes"]], Path]


def line_of(root: Path) -> CommandLine:
    host = RootHost(str(root))
    unit = load_unit(host, Facts(host).get(UnitIndex), "x.service")
    assert unit is not None
    found = command_line(host, unit)
    assert found is not None
    return found


def words(root: Path) -> list[str]:
    return [word.text for word in line_of(root).arguments]


def unit(*lines: str) -> str:
    return "[Service]\n" + "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a 'b c' \"d e\"", ("a", "b c", "d e")),
        ("--x='a b'c", ("--x=a bc",)),
        (r"a\x41 \101 A \s", ("aA", "A", "A", " ")),
        (r"\q a\ b", ("\\q", "a\\ b")),
        (r"\u00e9 \U0001f600", ("é", "\U0001f600")),
        (r"\xg1 \x4 \x00 \ud800 \18", (r"\xg1", r"\x4", r"\x00", r"\ud800", r"\18")),
        ("a '' b", ("a", "", "b")),
        ("", ()),
    ],
)
def test_words_of_a_setting(source: str, expected: tuple[str, ...]) -> None:
    assert split_words(source) == expected


def test_a_quote_that_is_not_closed() -> None:
    with pytest.raises(Unbalanced):
        split_words("a 'b")
    assert split_words("a 'b c", relaxed=True) == ("a", "b c")


def test_a_backslash_in_a_variables_value_protects_the_next_character() -> None:
    assert split_words(r"a\ b \'c", relaxed=True) == ("a b", "'c")


def test_comments_and_continued_lines_of_an_environment_file() -> None:
    found = environment_file('; x=1\n#y=2\nA="b\\\nc"\nB=1 # c\n')

    assert [(item.name, item.value) for item in found] == [("A", "bc"), ("B", "1 # c")]


@given(st.text(alphabet="ab '\"\\$#;=\n\r\t\x00é", max_size=60))
def test_any_text_is_split_or_refused(source: str) -> None:
    split_words(source, relaxed=True)
    environment_file(source)


@given(st.lists(st.text(alphabet="ab =;#$é-", max_size=8), max_size=5))
def test_quoted_words_come_back(expected: list[str]) -> None:
    assert split_words(" ".join(f'"{word}"' for word in expected)) == tuple(expected)


def test_environment_file_as_systemd_reads_it() -> None:
    source = (
        '; c\n# d\nA=1 # not a comment \nB=\'x\' "y"z\nC="a\\"b \\d"\nexport D=1\nE = 5\nF\n1G=1\nH=a\\\n  b\nI=\n'
        'J=say "hi"\nA=2\n'
    )
    found = {variable.name: variable.value for variable in environment_file(source)}
    assert found == {
        "A": "2",
        "B": "xyz",
        "C": 'a"b \\d',
        "E": "5",
        "H": "a  b",
        "I": "",
        "J": 'say "hi"',
    }


def test_a_word_that_is_a_variable_is_split_and_one_in_braces_is_not(tree: Tree) -> None:
    root = tree(
        {
            "etc/systemd/system/x.service": unit(
                'Environment="A=1 2" B=3', "ExecStart=/bin/x $A ${A} --b=${B} $NONE ${NONE} $$A a$B 100%%"
            )
        }
    )
    assert words(root) == ["1", "2", "1 2", "--b=3", "", "$A", "a$B", "100%"]


def test_a_quote_in_a_variable_that_nothing_closes_is_no_error(tree: Tree) -> None:
    root = tree({"etc/systemd/system/x.service": unit("EnvironmentFile=/e/*.env", "ExecStart=/bin/x $A")})
    tree({"e/a.env": 'A="it\'s x"\n', "e/.b.env": "A=hidden\n"})

    assert words(root) == ["its x"]


def test_files_beat_settings_and_later_files_beat_earlier_ones(tree: Tree) -> None:
    root = tree(
        {
            "etc/systemd/system/x.service": unit(
                "EnvironmentFile=/etc/one",
                "EnvironmentFile=-/etc/none",
                "EnvironmentFile=/etc/two.d/*.env",
                "Environment=A=setting B=setting C=setting",
                "ExecStart=/bin/x $A $B $C",
            ),
            "etc/one": "A=one\nB=one\n",
            "etc/two.d/a.env": "A=two\n",
            "etc/two.d/a.txt": "C=no\n",
        }
    )
    line = line_of(root)
    assert [(word.text, word.path, word.line) for word in line.arguments] == [
        ("two", "/etc/two.d/a.env", 1),
        ("one", "/etc/one", 2),
        ("setting", "/etc/systemd/system/x.service", 5),
    ]
    assert line.problem is None
    assert "/etc/none" in line.sources


def test_a_missing_environment_file_keeps_the_service_from_starting(tree: Tree) -> None:
    root = tree({"etc/systemd/system/x.service": unit("EnvironmentFile=/etc/none", "ExecStart=/bin/x")})
    assert line_of(root).problem == "the unit's EnvironmentFile=/etc/none is not there"


def test_two_commands_are_one_too_many(tree: Tree) -> None:
    files: dict[str, str | bytes] = {
        "etc/systemd/system/x.service": unit("ExecStart=/bin/x a"),
        "etc/systemd/system/x.service.d/a.conf": unit("ExecStart=/bin/x b"),
    }
    assert "more than one ExecStart=" in str(line_of(tree(files)).problem)
    files["etc/systemd/system/x.service.d/a.conf"] = unit("ExecStart=", "ExecStart=/bin/x b")
    root = tree(files)
    assert line_of(root).problem is None
    assert words(root) == ["b"]


def test_prefixes_of_the_program(tree: Tree) -> None:
    root = tree({"etc/systemd/system/x.service": unit("Environment=A=1", "ExecStart=-@:/bin/x name $A")})
    line = line_of(root)
    assert line.program.text == "/bin/x"
    assert words(root) == ["$A"]


def test_an_environment_file_that_cannot_be_read_is_told(tree: Tree) -> None:
    root = tree({"etc/systemd/system/x.service": unit("EnvironmentFile=-/etc/one", "ExecStart=/bin/x $A")})
    (root / "etc/one").mkdir()
    with pytest.raises(Malformed):
        line_of(root)


def test_many_dollars_are_no_work(tree: Tree) -> None:
    root = tree({"etc/systemd/system/x.service": unit("ExecStart=/bin/x x" + "${" * 200_000)})
    assert len(words(root)[0]) == 400_001
