"""``nodecheck plan``: what fails, mended, in each format, and the exit codes of ``run``."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import jsonschema
import pytest

import nodecheck as library
from tests.cli.conftest import Command

SWAP = "/swap none swap sw 0 0\n"
SELECT = ("--select", "swap")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A node's tree that turns swap on at boot."""
    folder = tmp_path / "root"
    (folder / "etc").mkdir(parents=True)
    (folder / "etc/fstab").write_text("# here\n" + SWAP)
    return folder


@pytest.mark.parametrize("words", [(), ("--fail-on", "warning"), ("--exit-zero",), ("--view", "now")])
def test_it_exits_as_run_does(nodecheck: Command, root: Path, words: tuple[str, ...]) -> None:
    codes = {nodecheck(verb, "--root", str(root), *SELECT, *words).code for verb in ("run", "plan")}

    assert len(codes) == 1


def test_people_see_the_change_and_whom_it_is_for(nodecheck: Command, root: Path) -> None:
    ended = nodecheck("plan", "--root", str(root), *SELECT)

    assert (ended.code, ended.err) == (1, "")
    assert "1 step for 1 failure" in ended.out
    for line in ("in /etc/fstab", "- /swap none swap sw 0 0", "+ # /swap none swap sw 0 0", "for swap[/swap]@boot"):
        assert f"     {line}\n" in ended.out
    assert (root / "etc/fstab").read_text() == "# here\n" + SWAP
    words = " ".join(SELECT)  # the script that the last lines ask for is of the same node, in a pipe too
    assert ended.out.endswith(
        f"\n  nodecheck plan --root {root} {words} --format sh > fix.sh\n"
        f"  less fix.sh\n  chroot {root} sh -s < fix.sh\n"
    )


@pytest.mark.parametrize("words", [("plan", "--root"), ("plan", "--help")])
def test_what_is_printed_to_run_a_plan_stops_for_a_decision(
    nodecheck: Command, root: Path, words: tuple[str, ...]
) -> None:
    out = nodecheck(*words, *([str(root)] if words[-1] == "--root" else [])).out

    lines = [line.strip() for line in out.split("\n")]
    runs = [line for line in lines if "sh fix.sh" in line or "< fix.sh" in line]
    assert len(runs) == 1
    assert ";" not in runs[0]
    assert "less fix.sh" in lines


def test_keep_going(nodecheck: Command, root: Path, tmp_path: Path) -> None:
    ended = nodecheck("plan", "--root", str(root), *SELECT, "--keep-going", "--output", "sh=fix.sh")

    assert "--keep-going --format sh > fix.sh" in ended.out
    assert "\nkeep_going=yes\n" in (tmp_path / "fix.sh").read_text()
    assert "\nkeep_going=no\n" in nodecheck("plan", "--root", str(root), *SELECT, "--format", "sh").out
    found = library.plan(library.run(root=root, select=["swap"]))
    assert found.to_script(keep_going=True) == (tmp_path / "fix.sh").read_text()
    book = ("plan", "--root", str(root), *SELECT, "--format", "ansible")
    assert "nodecheck_failed_1" in nodecheck(*book, "--keep-going").out
    assert "nodecheck_failed_1" not in nodecheck(*book).out


def test_the_document_is_valid(nodecheck: Command, root: Path) -> None:
    schema = json.loads(nodecheck("schema", "plan").out)
    document = json.loads(nodecheck("plan", "--root", str(root), *SELECT, "--json").out)

    jsonschema.Draft202012Validator(schema).validate(document)
    assert document["$schema"] == schema["$id"] == "urn:nodecheck:schema:plan:1"
    (step,) = document["steps"]
    assert step["for"] == ["swap[/swap]@boot"]
    assert (step["kind"], step["path"], step["before"]) == ("edit", "/etc/fstab", SWAP.strip())
    assert document["not_fixed"] == []


def test_the_script_is_one_also_when_nothing_is_to_be_done(nodecheck: Command, root: Path) -> None:
    assert nodecheck("plan", "--root", str(root), *SELECT, "--format", "sh").out.startswith("#!/bin/sh\n")
    (root / "etc/fstab").write_text("")
    good = nodecheck("plan", "--root", str(root), *SELECT, "--format", "sh")
    assert (good.code, good.out.split("\n")[0]) == (0, "#!/bin/sh")
    done = subprocess.run(["sh"], input=good.out, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "nothing is to be done\n", "")


def test_quiet_says_nothing_where_all_is_well(nodecheck: Command, root: Path) -> None:
    told = nodecheck("plan", "--root", str(root), *SELECT, "-q")
    assert told.code == 1
    assert told.out.startswith("  1. Comment the swap line")
    (root / "etc/fstab").write_text("")
    assert nodecheck("plan", "--root", str(root), *SELECT, "-q")[:2] == (0, "")
    assert "nothing is to be done" in nodecheck("plan", "--root", str(root), *SELECT).out


def test_what_could_not_be_judged_is_no_all_clear(nodecheck: Command, root: Path) -> None:
    dark = nodecheck("plan", "--root", str(root), "--select", "os-release", "--select", "hosts", "--select", "swap@now")
    assert (dark.code, dark.err) == (3, "")
    assert dark.out == "this node  nothing failed\n  1 setting could not be judged: nodecheck run says why\n"
    (root / "etc/os-release").write_text("ID=debian\nVERSION_ID=12\n")
    (root / "etc/selinux").mkdir()
    (root / "etc/selinux/config").mkdir()
    dark = nodecheck("plan", "--root", str(root), "--select", "os-release", "--select", "selinux@boot")
    assert dark.out == "this node  nothing failed\n  1 setting could not be judged: nodecheck run says why\n"


def test_outputs_are_written_beside(nodecheck: Command, root: Path, tmp_path: Path) -> None:
    ended = nodecheck("plan", "--root", str(root), *SELECT, "--output", "sh=fix.sh", "--output", "json=plan.json")

    assert ended.code == 1
    assert (tmp_path / "fix.sh").read_text().startswith("#!/bin/sh\n")
    assert json.loads((tmp_path / "plan.json").read_text())["steps"]
    lost = nodecheck("plan", "--root", str(root), *SELECT, "--output", "sh=/nonexistent/fix.sh")
    assert lost.code == 74
    assert "/nonexistent/fix.sh: could not be written" in lost.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--format", "shell"), "there is no format 'shell' of a plan"),
        (("--format", "jsom"), "did you mean 'json'?"),
        (("--output", "sh"), "expected FORMAT=FILE"),
        (("--output", "sh="), "expected FORMAT=FILE"),
        (("--output", "sh=-"), "- is no file"),
        (("--output", "sh=x", "--output", "json=./x"), "x is asked for twice"),
        (("--output", "html=x"), "there is no format 'html' of a plan"),
        (("--select", "swop"), "swap"),
    ],
)
def test_usage(nodecheck: Command, words: tuple[str, ...], told: str) -> None:
    ended = nodecheck("plan", *words)

    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err


def test_hostile_names_reach_no_terminal_and_no_shell(nodecheck: Command, root: Path) -> None:
    area = "/sw\x1b[31m$(touch${IFS}canary)`id`'\""
    (root / "etc/fstab").write_bytes(area.encode() + b" none swap sw 0 0\n/\xff none swap sw 0 0\n")

    for form in ("text", "sh", "json"):
        ended = nodecheck("plan", "--root", str(root), *SELECT, "--format", form)
        assert ended.code == 1
        assert ended.out.isascii()
        assert all(line.isprintable() for line in ended.out.split("\n"))
        assert "not_fixed" in ended.out or "Not " in ended.out  # the name that is no UTF-8


def test_the_library_gives_the_same(nodecheck: Command, root: Path) -> None:
    found = library.plan(library.run(root=root, select=["swap"]))

    assert found.to_script() == nodecheck("plan", "--root", str(root), *SELECT, "--format", "sh").out
    told = nodecheck("plan", "--root", str(root), *SELECT).out
    assert found.to_text() == told.replace(" --select swap", "")
