"""The command as its users meet it: exit codes, outputs, closed pipes, signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nodecheck.checking.selectors import ENGINE_CHECKS
from nodecheck.cli.verbs import VERBS
from tests.cli.conftest import BASE, Command
from tests.program import PROGRAM, with_plugins

LEVELS = (
    BASE
    + """
@check(severity=nodecheck.Severity.ERROR)
def good():
    "Good."
    yield ok("good", evidence=HERE)

@check(severity=nodecheck.Severity.ERROR)
def bad():
    "Bad."
    yield fail("bad", evidence=HERE)

@check(severity=nodecheck.Severity.WARNING)
def risky():
    "Risky."
    yield fail("risky", evidence=HERE)

@check(severity=nodecheck.Severity.ERROR)
def dark():
    "Dark."
    yield unknown("dark", code="denied")

@nodecheck.hookimpl
def nodecheck_checks():
    return [good, bad, risky, dark]
"""
)

Plugin = Callable[..., Path]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("--select good", 0),
        ("--select good --select risky", 0),
        ("--select good --select risky --fail-on warning", 1),
        ("--select good --select bad", 1),
        ("--select bad --select dark", 1),
        ("--select good --select dark", 3),
        ("--select bad --exit-zero", 0),
        ("--select dark --exit-zero", 0),
        ("--select good[none]", 3),
        ("--select goood", 2),
        ("--select tag:none", 2),
        ("--profile none", 2),
        ("--profile ./none.toml", 2),
        ("--kubernetes newest", 2),
        ("--kubernetes 1.134", 2),
        ("--kubernetes 2.34", 2),
        ("--timeout 0", 2),
        ("--timeout soon", 2),
        ("--role master", 2),
        ("--root /no/such/place", 2),
        ("--format yaml", 2),
        ("--output json", 2),
        ("--nonsense", 2),
    ],
)
def test_exit_codes(nodecheck: Command, plugin: Plugin, words: str, code: int) -> None:
    ended = nodecheck("run", "--json", *words.split(), plugins=plugin("levels", LEVELS))

    assert ended.code == code
    if code == 2:
        assert ended.out == ""
        assert ended.err.count("nodecheck: ") == 1
    else:
        document = json.loads(ended.out)
        assert document["summary"]["exit_code"] in (code, 1, 3)
        assert ended.err == ""


def test_a_bug_is_70_with_a_traceback(nodecheck: Command, plugin: Plugin) -> None:
    code = LEVELS + "\n@nodecheck.hookimpl\ndef nodecheck_renderers():\n    return {'broken': lambda report: 1 / 0}\n"

    ended = nodecheck("run", "--select", "good", "--format", "broken", plugins=plugin("levels", code))

    assert ended.code == 70
    assert "ZeroDivisionError" in ended.err
    assert ended.out == ""


@pytest.mark.parametrize("output", ["/dev/full", "closed", "pipe"])
def test_output_that_cannot_be_written_is_74(tmp_path: Path, output: str) -> None:
    (tmp_path / "etc").mkdir()
    words = f"{sys.executable} -m nodecheck run --json --root {tmp_path}"
    script = {
        "/dev/full": f"{words} > /dev/full; echo $? >&2",
        "closed": f"{words} >&-; echo $? >&2",
        "pipe": f"{{ sleep 0.1; {words}; echo $? >&2; }} | true",
    }[output]

    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60, cwd=tmp_path)

    assert done.stderr.split()[-1] == "74"
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert "Errno" not in done.stderr
    assert ("nodecheck:" in done.stderr) is (output != "pipe")  # a reader that has seen enough is no news


def test_outputs_are_written_whole_or_not_at_all(nodecheck: Command, plugin: Plugin, tmp_path: Path) -> None:
    plugins = plugin("levels", LEVELS)
    target = tmp_path / "report.json"
    target.write_text("old")

    ended = nodecheck(
        "run", "--select", "bad", "--output", f"json={target}", "--output", f"text={tmp_path}/no/dir", plugins=plugins
    )

    assert ended.code == 74
    assert json.loads(target.read_text())["summary"]["exit_code"] == 1
    assert "FAIL" in ended.out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plugins", "report.json"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals(plugin: Plugin, tmp_path: Path, number: int, code: int) -> None:
    text = BASE + (
        "@check()\ndef hangs():\n    'Hangs.'\n    open('started', 'w').close()\n    time.sleep(60)\n"
        "    yield ok('x')\n"
        "@nodecheck.hookimpl\ndef nodecheck_checks():\n    return [hangs]\n"
    )
    argv, more = with_plugins(plugin("hangs", text), ("run", "--select", "hangs", "--timeout", "60"))
    process = subprocess.Popen(
        argv, env={**os.environ, **more}, cwd=tmp_path,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    for _ in range(200):
        if (tmp_path / "started").exists():
            break
        time.sleep(0.05)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)

    assert process.returncode == code
    assert (out, err) == (b"", b"")


def test_an_interrupt_while_the_command_still_loads_is_no_traceback() -> None:
    code = (
        "import sys, nodecheck.cli as cli\n"
        "def interrupted(): raise KeyboardInterrupt\n"
        "cli._leave_working_directory_out = interrupted; sys.argv[1:] = ['list']; cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_quiet_says_nothing_of_a_good_node(nodecheck: Command, plugin: Plugin) -> None:
    plugins = plugin("levels", LEVELS)

    assert nodecheck("run", "-q", "--select", "good", "--select", "risky", plugins=plugins) == (0, "", "")
    bad = nodecheck("run", "-q", "--select", "good", "--select", "risky", "--select", "bad", plugins=plugins)
    assert bad.code == 1
    assert "bad" in bad.out
    assert "good" not in bad.out
    assert "risky" not in bad.out
    whole = nodecheck("run", "-q", "--json", "--select", "good", "--select", "bad", plugins=plugins)
    assert len(json.loads(whole.out)["results"]) == 2


def test_json_lines(nodecheck: Command, plugin: Plugin) -> None:
    words = ["run", "--select", "good", "--select", "bad"]
    plugins = plugin("levels", LEVELS)

    lines = [
        json.loads(line) for line in nodecheck(*words, "--format", "jsonl", plugins=plugins).out.split("\n") if line
    ]
    whole = json.loads(nodecheck(*words, "--json", plugins=plugins).out)

    assert [line["type"] for line in lines] == ["run", "result", "result", "summary"]
    assert lines[0].keys() >= whole["run"].keys()
    assert {**whole["results"][0], "duration_s": 0} == {
        key: (0 if key == "duration_s" else value) for key, value in lines[1].items() if key != "type"
    }
    assert lines[3] == {"type": "summary", **whole["summary"]}


def closed(schema: Any) -> Any:
    """The schema without room for keys that it does not name."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(value) for key, value in schema.items()}
    return {**found, "additionalProperties": False} if "properties" in found and "type" in found else found


def test_the_report_of_this_machine_is_valid(nodecheck: Command) -> None:
    ended = nodecheck("run", "--json", "--timeout", "60")

    schema = json.loads(nodecheck("schema", "report").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    document = json.loads(ended.out)
    jsonschema.Draft202012Validator(closed(schema)).validate(document)  # it names every key that is written
    assert ended.code in (0, 1, 3)
    for place in (document, document["profile"], document["results"][0], document["node"]["os"]):
        place["later"] = {"x": 1}  # what a later minor version may write
    jsonschema.Draft202012Validator(schema).validate(document)
    assert ended.err == ""


def test_nothing_is_loaded_from_the_working_directory(nodecheck: Command, tmp_path: Path) -> None:
    here = tmp_path / "here"
    info = here / "evil-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "entry_points.txt").write_text("[nodecheck]\nevil = evil\n")
    for name in ("evil", "yaml", "psutil", "pluggy", "nodecheck_checks", "json", "tomllib"):
        (here / f"{name}.py").write_text("open('/dev/stderr', 'w').write('LOADED')\n")

    for env in ({}, {"PYTHONPATH": f":{tmp_path}"}):
        ended = nodecheck("run", "--json", cwd=here, **env)
        assert "LOADED" not in ended.err
        assert [plugin["name"] for plugin in json.loads(ended.out)["tool"]["plugins"]] == ["builtin"]


def test_a_working_directory_that_python_itself_imports_from_stays(nodecheck: Command) -> None:
    for folder in (Path(os.__file__).parent, Path(pytest.__file__).parent.parent):
        ended = nodecheck("run", "--json", "--select", "swap", cwd=folder)
        assert (ended.err, json.loads(ended.out)["tool"]["name"]) == ("", "nodecheck")


def test_a_broken_plugin_is_named_and_stops_nobody(nodecheck: Command, plugin: Plugin) -> None:
    plugins = plugin("broken", "import no_such_module\n")
    plugin_with_a_slip = "import nodecheck\n@nodecheck.hookimpl\ndef nodecheck_chekcs():\n    return []\n"
    plugin("slip", plugin_with_a_slip)
    plugin("levels", LEVELS)
    raising = "import nodecheck\n@nodecheck.hookimpl\ndef nodecheck_checks():\n    raise OSError('no')\n"
    plugin("raising", raising)

    document = json.loads(nodecheck("run", "--json", "--select", "good", plugins=plugins).out)

    found = {result["id"]: (result["status"], result["severity"]) for result in document["results"]}
    bad = {f"plugin[{name}]": ("unknown", "warning") for name in ("broken", "slip", "raising")}
    assert found == {"good": ("pass", "error"), **bad}
    assert document["summary"]["exit_code"] == 0
    states = {item["name"]: item["status"] for item in document["tool"]["plugins"]}
    assert states == {
        "builtin": "loaded",
        "levels": "loaded",
        "broken": "failed",
        "slip": "failed",
        "raising": "failed",
    }
    listing = nodecheck("plugins", plugins=plugins)
    assert "no_such_module" in listing.out
    assert "nodecheck_chekcs" in listing.out


def test_every_verb_has_help(nodecheck: Command) -> None:
    overview = nodecheck("--help")
    assert overview.code == 0
    for verb in VERBS:
        assert verb in overview.out
        ended = nodecheck(verb, "--help")
        assert (ended.code, ended.err) == (0, "")
        assert f"nodecheck {verb}" in ended.out


def test_version_and_no_words(nodecheck: Command) -> None:
    assert nodecheck("--version").out.startswith("nodecheck 0.")
    assert nodecheck().code == 2
    assert nodecheck("rum").code == 2


def test_list_and_explain(nodecheck: Command) -> None:
    listed = json.loads(nodecheck("list", "--json").out)

    assert {tuple(item) for item in listed} == {
        ("name", "title", "severity", "views", "tags", "parameters", "plugin", "phases")
    }
    names = [item["name"] for item in listed]
    assert "swap" in names
    for name in names:
        page = nodecheck("explain", name)
        assert page.code == 0
        assert page.out.startswith(f"# {name}: ")
        assert "\n## What it reads\n" in page.out
    for name in ENGINE_CHECKS:  # the last lines of a report lead there too
        assert nodecheck("explain", f"{name}[x]").out.startswith(f"# {name}: ")
    assert nodecheck("explain", "swop").code == 2
    head, _, *lines = nodecheck("list").out.strip().split("\n")
    assert head == "profile kubernetes"
    assert lines[0].split() == ["CHECK", "NOW", "BOOT", "SEVERITY", "REQUIREMENT"]
    assert [line for line in lines if line.startswith("-- ")][:3] == [
        "-- System",
        "-- Kernel modules",
        "-- Kernel parameters",
    ]
    assert sorted(line.split()[0] for line in lines[1:-2] if not line.startswith("-- ")) == names


def test_a_page_tells_what_is_read_always_and_what_at_times(nodecheck: Command) -> None:
    page = nodecheck("explain", "hosts").out.partition("## What it reads")[2]
    always, _, sometimes = page.partition("Only where that leaves a question open:")

    assert "- Files: `/etc/{hosts,nsswitch.conf}`" in always
    assert "`netlink addresses`" in sometimes
    assert not any(len(line) > 116 and " " in line[2:] for line in page.split("\n"))


def test_profile_verbs(nodecheck: Command, tmp_path: Path) -> None:
    names = nodecheck("profile", "list").out.split()
    assert names == ["centos7-kubeadm-1.17", "kubernetes"]
    for name in names:
        path = tmp_path / "shown.toml"
        path.write_text(nodecheck("profile", "show", name).out)
        assert nodecheck("profile", "validate", "shown.toml").code == 0
    (tmp_path / "bad.toml").write_text('schema = "nodecheck.profile/1"\nname = "x"\nkubernetes = 1.34\n')
    ended = nodecheck("profile", "validate", "bad.toml")
    assert ended.code == 2
    assert "line 3" in ended.err
    assert nodecheck("profile", "show", "kuberntes").code == 2
    schema = json.loads(nodecheck("schema", "profile").out)
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("words", ["run --help", "--help", "schema --help", "list", "--version"])
def test_a_page_that_cannot_be_written_is_74(tmp_path: Path, words: str) -> None:
    for output in (">/dev/full", ">&-"):
        script = f"{sys.executable} -m nodecheck {words} {output}"
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60, cwd=tmp_path)

        assert done.returncode == 74
        assert "Traceback" not in done.stderr


def test_a_working_directory_that_was_deleted(tmp_path: Path) -> None:
    script = f"mkdir gone; cd gone; rmdir ../gone; exec {sys.executable} -m nodecheck run --json --root "
    for root, code in ((str(tmp_path), (0, 1, 3)), (".", (2,))):
        done = subprocess.run(["sh", "-c", script + root], capture_output=True, text=True, timeout=60, cwd=tmp_path)

        assert done.returncode in code
        assert "Traceback" not in done.stderr


def test_unknown_words_are_answered_with_the_nearest(nodecheck: Command) -> None:
    assert "there is no verb 'lisst'; did you mean 'list'?" in nodecheck("lisst").err
    assert "did you mean '--select'?" in nodecheck("run", "--selekt", "swap").err
    assert "did you mean" not in nodecheck("run", "extra").err
    assert "unrecognized arguments: --bogus" in nodecheck("--bogus").err
    assert nodecheck("--").code == 2
    assert "required: report|plan|audit|profile" in nodecheck("schema").err
    assert "A profile as TOML, with what it extends." in nodecheck("profile", "show", "--help").out
    assert nodecheck("baseline", "show", "--js").code == 2  # as everywhere: options are not abbreviated


def test_what_belongs_to_later_issues_is_not_there_yet(nodecheck: Command) -> None:
    assert nodecheck("run", "--capture", "x").code == 2


def test_a_check_that_cannot_be_imported_fails_its_plugin_whatever_is_selected(
    nodecheck: Command, plugin: Plugin
) -> None:
    code = LEVELS.replace("dark]", "dark, nodecheck.hookspecs.LazyCheck('later', 'no_such_module:later')]")
    plugins = plugin("levels", "import nodecheck.hookspecs\n" + code)

    for select in ("*", "tag:*"):
        document = json.loads(nodecheck("run", "--json", "--select", select, plugins=plugins).out)
        states = {item["name"]: item["status"] for item in document["tool"]["plugins"]}
        found = {result["id"]: result["status"] for result in document["results"]}
        assert states["levels"] == "failed"
        assert found["plugin[levels]"] == "unknown"
        assert (select == "tag:*") or (found["good"], found["later"]) == ("pass", "unknown")


def test_a_check_that_cannot_be_imported_is_no_pass(nodecheck: Command, plugin: Plugin) -> None:
    code = LEVELS.replace("dark]", "dark, nodecheck.hookspecs.LazyCheck('later', 'no_such_module:later')]")
    plugins = plugin("levels", "import nodecheck.hookspecs\n" + code)

    ended = nodecheck("run", "--json", "--select", "good", "--select", "later", plugins=plugins)

    later = next(result for result in json.loads(ended.out)["results"] if result["id"] == "later")
    assert (ended.code, later["severity"], later["cause"]["code"]) == (3, "error", "plugin-failed")
    assert nodecheck("run", "--json", "--select", "good", plugins=plugins).code == 0


def test_a_plugin_that_exits_stops_nobody(nodecheck: Command, plugin: Plugin) -> None:
    plugins = plugin("leaves", "raise SystemExit(5)\n")
    exits = "@check()\ndef exits():\n    'Exits.'\n    raise SystemExit(5)\n\n@nodecheck.hookimpl"
    plugin("levels", LEVELS.replace("@nodecheck.hookimpl", exits).replace("dark]", "dark, exits]"))

    ended = nodecheck("run", "--json", "--select", "good", "--select", "exits", plugins=plugins)

    found = {result["id"]: result["cause"] and result["cause"]["code"] for result in json.loads(ended.out)["results"]}
    assert found == {"good": None, "exits": "crashed", "plugin[leaves]": "plugin-failed"}


def test_programs_that_hang_do_not_outlive_the_run(nodecheck: Command, plugin: Plugin, tmp_path: Path) -> None:
    seconds = str(54_321_000_000 + os.getpid())  # ours alone: others may run this test at the same time
    text = BASE + (
        "from typing import NamedTuple\nfrom nodecheck.host import Host\n"
        "class Answer(NamedTuple):\n    @classmethod\n    def read(cls, host: Host) -> 'Answer':\n"
        f"        host.run(('sleep', '{seconds}'), 60.0)\n"
        "@check()\ndef asks(answer: Answer):\n    'Asks.'\n    yield ok('x')\n"
        "@nodecheck.hookimpl\ndef nodecheck_checks():\n    return [asks]\n"
    )

    ended = nodecheck("run", "--json", "--select", "asks", "--timeout", "1.5", plugins=plugin("asks", text))

    assert ended.code == 3
    assert json.loads(ended.out)["results"][0]["cause"]["code"] == "timeout"
    for _ in range(100):  # what was killed is gone as soon as it gets the processor
        running = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
        if not any(b"sleep\x00" + seconds.encode() in words for words in running):
            return
        time.sleep(0.05)
    pytest.fail("the program still runs")


def test_a_generator_that_is_not_known_is_told_under_v_alone(tmp_path: Path) -> None:
    place = tmp_path / "usr/lib/systemd/system-generators/own-generator"
    place.parent.mkdir(parents=True)
    place.write_text("#!/bin/sh\n")
    argv = [*PROGRAM, "run", "--root", str(tmp_path), "--select", "swap@boot"]
    plain, verbose = (subprocess.run([*argv, *more], capture_output=True, text=True).stdout for more in ((), ("-v",)))
    assert "own-generator" not in plain
    assert "/usr/lib/systemd/system-generators/own-generator runs at boot" in verbose


@pytest.mark.parametrize("verb", ["run", "plan"])
def test_a_root_with_nothing_of_a_node_is_named(nodecheck: Command, tmp_path: Path, verb: str) -> None:
    """As a directory on which nobody mounted the image: its verdict is of nothing."""
    bare = tmp_path / "image"
    bare.mkdir()
    empty = nodecheck(verb, "--root", str(bare), "--json", "swap")
    assert empty.err == (
        f"nodecheck: --root {bare}: is empty, so that nothing of a node is there to be judged. Is it mounted?\n"
    )
    (bare / "lost+found").mkdir()
    assert "has none of etc, usr, var, proc and their like" in nodecheck(verb, "--root", str(bare), "swap").err
    (bare / "etc").mkdir()
    assert nodecheck(verb, "--root", str(bare), "swap").err == ""
    json.loads(empty.out)
