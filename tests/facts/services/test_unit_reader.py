"""Quoting and specifiers of units as a node's own systemd reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nodecheck.checking.store import Facts
from nodecheck.facts.services.unit_command import CommandLine, command_line
from nodecheck.facts.services.unit_files import load_unit
from nodecheck.facts.services.unit_reader import UnitReader
from nodecheck.facts.services.unit_words import Unbalanced, old_words
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import RootHost

Tree = Callable[[dict[str, "str | bytes"]], Path]
CENTOS_7 = 'ID="centos"\nVERSION_ID="7"\n'
UBUNTU = 'ID=ubuntu\nVERSION_ID="18.04"\n'


def line_of(root: Path, name: str = "x.service") -> CommandLine:
    host = RootHost(str(root))
    facts = Facts(host)
    unit = load_unit(host, facts.get(UnitIndex), name)
    assert unit is not None
    found = command_line(host, unit, lambda: facts.get(UnitReader))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        # As the function of RHEL 7's src/shared/util.c, compiled, told them.
        ("/k --cgroup-driver='systemd' -x", ("/k", "--cgroup-driver='systemd'", "-x")),
        ("native.cgroupdriver='systemd'", ("native.cgroupdriver='systemd'",)),
        (
            'KUBELET_EXTRA_ARGS="--fail-swap-on=false --cgroup-driver=systemd"',
            ('KUBELET_EXTRA_ARGS="--fail-swap-on=false', '--cgroup-driver=systemd"'),
        ),
        ("'A=b c' \"D=e f\"", ("A=b c", "D=e f")),
        (r"a\x41 'b\'c' \u0041", ("aA", "b'c", r"\u0041")),
        ("", ()),
        ("a 'b' ", ("a", "b")),
    ],
)
def test_words_of_an_old_systemd(source: str, expected: tuple[str, ...]) -> None:
    assert old_words(source) == expected


@pytest.mark.parametrize("source", ["a 'b", "a 'b'c", "a '"])
def test_what_an_old_systemd_takes_no_further(source: str) -> None:
    with pytest.raises(Unbalanced) as raised:
        old_words(source)

    assert raised.value.words == ("a",)


UNIT = """[Service]
Environment=A="b c" 'D=e f'
ExecStart=/bin/x --driver='systemd' $A ${D}
"""


@pytest.mark.parametrize(
    ("release", "arguments"),
    [
        (CENTOS_7, ["--driver='systemd'", "b", "e f"]),
        (UBUNTU, ["--driver=systemd", "b", "c", "e f"]),
        ("ID=other\n", ["--driver=systemd", "b", "c", "e f"]),
    ],
)
def test_the_release_of_systemd_reads(tree: Tree, release: str, arguments: list[str]) -> None:
    """With 219 ``A`` holds ``"b``, which is unquoted where it is put in; ``c"`` is no assignment."""
    root = tree({"/etc/os-release": release, "/etc/systemd/system/x.service": UNIT})

    assert [word.text for word in line_of(root).arguments] == arguments


def test_specifiers_stand_for_what_the_node_has(tree: Tree) -> None:
    text = "[Service]\nEnvironment=N=%n\nEnvironmentFile=-/etc/default/%p\nExecStart=/bin/x %i %H %l 5%% %m $N $F\n"
    root = tree({
        "/etc/systemd/system/x@one.service": text,
        "/etc/hostname": "node7.example\n",
        "/etc/machine-id": "0123456789abcdef0123456789abcdef\n",
        "/etc/default/x": "F=--file\n",
    })  # fmt: skip
    found = line_of(root, "x@one.service")

    wanted = ["one", "node7.example", "node7", "5%", "0123456789abcdef0123456789abcdef", "x@one.service", "--file"]
    assert [word.text for word in found.arguments] == wanted
    assert "/etc/default/x" in found.sources


def test_a_unit_that_is_no_instance_has_an_empty_one(tree: Tree) -> None:
    root = tree({"/etc/systemd/system/x.service": "[Service]\nExecStart=/bin/x --a=%i. --b=%%i --c=%I%p\n"})

    assert [word.text for word in line_of(root).arguments] == ["--a=.", "--b=%i", "--c=x"]


def test_a_specifier_that_files_do_not_tell_stays(tree: Tree) -> None:
    root = tree({"/etc/systemd/system/x.service": "[Service]\nExecStart=/bin/x --id=%b\n"})
    (word,) = line_of(root).arguments

    assert (word.text, word.untold) == ("--id=%b", True)


def test_a_file_whose_name_is_not_told_is_no_evidence(tree: Tree) -> None:
    root = tree({"/etc/systemd/system/x.service": "[Service]\nEnvironmentFile=-/etc/%b\nExecStart=/bin/x\n"})

    assert "EnvironmentFile=-/etc/%b" in (line_of(root).problem or "")
