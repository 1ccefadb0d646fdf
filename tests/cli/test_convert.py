"""``nodecheck convert``, several outputs in one run, and other programs' exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nodecheck.cli.start import start
from nodecheck.render.outputs import BUILT_IN, SOCKETS, renderer
from nodecheck.render.style import Style
from nodecheck.render.text import render_text
from nodecheck.report import Report
from tests.cli.conftest import BASE, Command, Ended
from tests.program import PROGRAM
from tests.render.reports import hostile_report
from tests.render.test_text import FAILED, report

Plugin = Callable[..., Path]

FILES = [name for name in BUILT_IN if name not in SOCKETS]

FAILS = (
    BASE
    + """
@check(severity=nodecheck.Severity.WARNING)
def one():
    '''One.'''
    yield fail("it is bad", subject="a|b", evidence=HERE)

@check(severity=nodecheck.Severity.ERROR)
def two():
    '''Two.'''
    yield unknown("nobody knows")

@nodecheck.hookimpl
def nodecheck_checks():
    return [one, two]
"""
)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "report.json"
    path.write_text(report(FAILED).to_json())
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """As the fixture ``nodecheck``, without a process of its own."""
    monkeypatch.chdir(tmp_path)
    handler = signal.getsignal(signal.SIGTERM)

    def run(*words: str) -> Ended:
        code = start(list(words))
        out, err = capfd.readouterr()
        return Ended(code, out, err)

    yield run
    signal.signal(signal.SIGTERM, handler)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_format_takes_what_is_hostile(name: str, tmp_path: Path) -> None:
    document = renderer(name)(hostile_report())

    assert document.endswith("\n")
    assert "\x1b" not in document
    assert "\x00" not in document
    document.encode("utf-8")  # no half of a surrogate pair is left


def test_every_format_is_pure() -> None:
    whole = hostile_report()
    before = whole.to_json()
    again = Report.from_json(before)

    for name in BUILT_IN:
        assert renderer(name)(whole) == renderer(name)(again)
    assert whole.to_json() == before


@pytest.mark.parametrize("name", [name for name in BUILT_IN if name != "text"])
def test_convert_prints_what_run_would(name: str, here: Command, kept: Path) -> None:
    done = here("convert", str(kept), "--to", name)

    assert (done.code, done.err) == ({"nagios": 2, "npd": 1}.get(name, 0), "")
    assert done.out == renderer(name)(Report.from_json(kept.read_bytes()))


def test_the_whole_text_is_what_run_explains(here: Command, kept: Path) -> None:
    whole = here("convert", "report.json", "--to", "text", "-v")
    assert (whole.code, whole.out) == (0, render_text(report(FAILED), Style(verbose=True)))
    assert len(whole.out) > len(here("convert", "report.json", "--to", "text").out)


def test_json_converts_to_itself(here: Command, kept: Path) -> None:
    assert json.loads(here("convert", str(kept), "--to", "json").out) == json.loads(kept.read_text())


def test_standard_input_and_a_file(kept: Path, tmp_path: Path) -> None:
    words = [*PROGRAM, "convert", "-", "--to", "tap", "-o", str(tmp_path / "x.tap")]
    done = subprocess.run(words, input=kept.read_bytes(), capture_output=True, timeout=60)

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (tmp_path / "x.tap").read_text().startswith("TAP version 13\n1..1\n")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: "", "not a JSON document"),
        (lambda text: text[:-5], "not a JSON document"),
        (lambda text: "[" * 100_000, "not a JSON document"),
        (lambda text: "[]", "not a nodecheck report"),
        (lambda text: text.replace("report:1", "report:2"), "expected $schema"),
        (lambda text: text.replace('"view": "boot"', '"view": "later"'), 'results[0].view: expected one of "now"'),
        (lambda text: text.replace('"message": "', '"message": ["'), "not a JSON document"),
        (lambda text: text.replace('"message": "message of swap[/dev/sda2]@boot"', '"message": 5'),
         "results[0].message: expected string, found 5"),
        (lambda text: text.replace('"duration_s": 0.1', '"duration_s": NaN'), "run.duration_s: expected a number"),
        (lambda text: text.replace('"duration_s": 0.1', '"duration_s": 1e999'), "run.duration_s: expected a number"),
        (lambda text: text.replace('"privileged"', '"other"'), "run: expected the key 'privileged'"),
        (lambda text: text.replace('"kind": "create"', '"kind": "wish"'), "results[0].fix.steps[2].kind: expected"),
        (lambda text: text.replace('"mode": "0644"', '"mode": 420'), "results[0].fix.steps[2].mode: expected string"),
        (lambda text: text.replace('"argv": [', '"argv": [5, '), "results[0].fix.steps[0].argv[0]: expected string"),
        (lambda text: text.replace('"waiver": null', '"waiver": {}'), "results[0].waiver: expected the key"),
        (lambda text: text.replace('"exit_code": 1', '"exit_code": true'), "exit_code: expected one of 0, 1, 3"),
    ],
)  # fmt: skip
def test_what_is_no_report(change: Callable[[str], str], words: str, here: Command, kept: Path) -> None:
    kept.write_text(change(kept.read_text()))
    done = here("convert", str(kept), "--to", "junit")

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"nodecheck: {kept}: ")
    assert words in done.err


def test_a_later_minor_version_is_read(here: Command, kept: Path) -> None:
    text = kept.read_text().replace('"schema_version": "1.0"', '"schema_version": "1.9", "later": {}')
    kept.write_text(text.replace('"view":', '"mood": "good", "view":'))

    assert here("convert", str(kept), "--to", "junit").code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["convert", "none.json", "--to", "junit"], "none.json: cannot be read: No such file or directory"),
        (["convert", ".", "--to", "junit"], ".: cannot be read: Is a directory"),
        (["convert", "report.json", "--to", "junitt"], "there is no format 'junitt'; did you mean 'junit'?"),
        (["convert", "report.json", "--to", "junit", "-v"], "--verbose: goes with --to text"),
        (["run", "--format", "sarf"], "there is no format 'sarf'; did you mean 'sarif'?"),
        (["run", "--output", "junit"], "expected FORMAT=FILE"),
        (["run", "--output", "junit=-"], "--format says what goes to standard output"),
        (["run", "--output", "junit=a", "--output", "json=./a"], "a is asked for twice"),
        (["run", "--output", "junit=a", "--output", "junit=a"], "a is asked for twice"),
    ],
)
def test_usage(words: list[str], told: str, here: Command, kept: Path) -> None:
    done = here(*words)

    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_an_output_that_cannot_be_written_stops_no_other(nodecheck: Command, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    bad = ["junit=none/x.xml", "tap=folder", "syslog=none/log", "journald=folder"]
    outputs = [word for name in bad for word in ("--output", name)]
    good = ["--output", "openmetrics=x.prom", "--output", "jsonl=/dev/null"]
    done = nodecheck("run", "--select", "swap", *outputs, *good, "--format", "npd", "--exit-map", "run")

    assert done.code == 74
    assert done.out.count("\n") == 1
    for name in ("none/x.xml", "folder", "none/log"):
        assert f"nodecheck: {name}: could not be written: " in done.err
    assert (tmp_path / "x.prom").read_text().endswith("# EOF\n")
    assert not (tmp_path / "none").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "x.prom"]


def test_every_format_at_once(nodecheck: Command, tmp_path: Path) -> None:
    outputs = [word for name in FILES for word in ("--output", f"{name}=report.{name}")]
    done = nodecheck("run", "--select", "swap", *outputs, "--json", "--exit-zero")

    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out)
    assert json.loads((tmp_path / "report.json").read_text()) == document
    assert all((tmp_path / f"report.{name}").stat().st_size for name in FILES if name != "short")
    assert (tmp_path / "report.short").read_text().count("\n") == document["summary"]["fail"] + document["summary"][
        "unknown"
    ]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--format", "json"], 3), (["--format", "nagios"], 3), (["--format", "npd"], 2),
        (["--exit-map", "nagios", "--json", "--select", "one"], 1), (["--exit-map", "run", "--format", "npd"], 3),
        (["--format", "npd", "--select", "one"], 0), (["--format", "nagios", "--exit-zero"], 0),
        (["--format", "nagios", "--fail-on", "warning", "--select", "one"], 1),
    ],
)  # fmt: skip
def test_the_exit_code_is_that_of_who_reads(words: list[str], code: int, nodecheck: Command, plugin: Plugin) -> None:
    select = [] if "--select" in words else ["--select", "one", "--select", "two"]

    assert nodecheck("run", *select, *words, plugins=plugin("fails", FAILS)).code == code


def test_nagios_and_npd_are_told_what_went_wrong(nodecheck: Command, kept: Path) -> None:
    for words in (["run", "--select", "sw|op"], ["convert", "no|ne.json"]):
        option = "--format" if words[0] == "run" else "--to"
        done = nodecheck(*words, option, "nagios")
        assert done.code == 3
        assert done.out.startswith("NODECHECK UNKNOWN - ")
        assert "|" not in done.out
        done = nodecheck(*words, option, "npd")
        assert (done.code, done.out[:12]) == (2, "not judged: ")


def test_a_full_disk_is_told(kept: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    words = [*PROGRAM, "convert", str(kept), "--to", "junit", "-o", "/dev/full"]
    done = subprocess.run(words, capture_output=True, timeout=60)

    assert done.returncode == 74
    assert b"No space left on device" in done.stderr
