"""``nodecheck.testing``: trees, recordings, one check alone, and assertions that say what differs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from threading import Event
from typing import NamedTuple

import pytest

import nodecheck
from nodecheck.checking import Results, check, fail, ok, seen
from nodecheck.cli.explain_verb import _reads
from nodecheck.host import MIB, Host, RootHost, Space
from nodecheck.model.sources import Exists, File, Sources
from nodecheck.testing import (
    TreeDirectory,
    TreeFile,
    TreeLink,
    assert_declared,
    assert_replays,
    assert_verdicts,
    capture_of,
    judge,
    record,
    replay,
    run,
    write_tree,
)
from tests.nodes import debian_node, rocky_node
from tests.reference import reference_node

DOCS = Path(__file__).resolve().parents[1] / "docs/plugins.md"


class Banner(NamedTuple):
    """A fact of a plugin that is not installed."""

    text: str

    @classmethod
    def read(cls, host: Host) -> Banner:
        return cls(host.read("/etc/issue").decode())


@check()
def banner(banner: Banner, *, says: str = "hello") -> Results:
    """The banner greets."""
    evidence = [seen("/etc/issue", banner.text)]
    yield ok("it does", evidence=evidence) if says in banner.text else fail("it does not", evidence=evidence)


class Weather(NamedTuple):
    """A fact that another reads."""

    sunny: bool


@check()
def weather(weather: Weather) -> Results:
    """The sun shines."""
    yield ok("it does", evidence=[seen("window")]) if weather.sunny else fail("no", evidence=[seen("window")])


def test_a_tree(tmp_path: Path) -> None:
    root = write_tree(
        tmp_path / "node",
        {
            "/etc/motd": "hi\n",
            "etc/raw": b"\xff",
            "usr/bin/kubelet": TreeFile("x", 0o755),
            "etc/shut": TreeDirectory(0o700),
            "etc/shut/inside": "x",
            "bin": TreeLink("/usr/bin"),
        },
    )
    assert (root / "etc/motd").read_text() == "hi\n"
    assert (root / "etc/raw").read_bytes() == b"\xff"
    assert (root / "usr/bin/kubelet").stat().st_mode & 0o777 == 0o755
    assert (root / "etc/motd").stat().st_mode & 0o777 == 0o644
    assert (root / "etc/shut").stat().st_mode & 0o777 == 0o700
    assert (root / "bin").is_symlink()
    write_tree(root, {"etc/motd": "ho\n"})
    assert (root / "etc/motd").read_text() == "ho\n"


def test_a_check_that_is_not_installed_is_judged_alone(tmp_path: Path) -> None:
    node = write_tree(tmp_path, {"etc/issue": "hello\n"})
    report = judge(banner, node)
    assert [result.id for result in report] == ["banner"]
    assert_verdicts(report, {"banner": "pass"})
    assert_verdicts(judge(banner, node, parameters={"says": "bye"}), {"banner": "fail"})
    assert_verdicts(judge(banner, write_tree(tmp_path / "empty", {})), {"banner": "unknown"})
    with pytest.raises(nodecheck.SelectorError):  # the installed checks are as before
        nodecheck.run(root=node, select=["banner"])


def test_a_fact_that_a_hook_reads(tmp_path: Path) -> None:
    report = judge(weather, tmp_path, readers={Weather: lambda: Weather(True)})
    assert_verdicts(report, {"weather": "pass"})


class Hung(RootHost):
    """A root on a network mount whose server is gone: statvfs(3) does not come back."""

    def statvfs(self, path: str) -> Space:
        GONE.wait(60)
        return super().statvfs(path)


GONE = Event()


class Room(NamedTuple):
    """How much room there is."""

    bytes: int

    @classmethod
    def read(cls, host: Host) -> Room:
        return cls(host.statvfs("/").available_bytes)


@check()
def room(room: Room) -> Results:
    """There is room."""
    yield ok("there is") if room.bytes else fail("there is none")


def test_a_mount_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    recording = record(Hung(str(tmp_path)))
    (result,) = judge(room, recording, timeout=0.6)
    assert result.cause is not None
    assert (result.status, result.cause.code) == ("unknown", "timeout")
    (again,) = judge(room, replay(recording.to_data()))
    assert again.cause is not None
    assert (again.status, again.cause.code) == ("unknown", "not-captured")
    GONE.set()

    (real,) = judge(room, tmp_path)
    assert [(item.source, item.locator) for item in real.evidence] == [("/", "statvfs(3)")]


def test_the_example_plugin_is_judged_without_being_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS.parents[1] / "examples/nodecheck-motd"))
    motd = import_module("nodecheck_motd").motd
    node = write_tree(tmp_path, {"/etc/motd": "Welcome\nOwner: storage\n"})
    assert_verdicts(judge(motd, node, parameters={"owner": "storage"}), {"motd": "pass"})
    assert_verdicts(judge(motd, node), {"motd": "fail"})
    assert_declared(motd, node)
    assert_verdicts(judge(motd, write_tree(tmp_path / "shut", {"/etc/motd": TreeDirectory()})), {"motd": "unknown"})


def test_an_installed_check_by_name(tmp_path: Path) -> None:
    node = write_tree(tmp_path, {"etc/fstab": "/dev/sda2 none swap sw 0 0\n"})
    report = judge("swap", node)
    assert {result.check for result in report} == {"swap"}
    assert_verdicts(report, {"swap[/dev/sda2]@boot": "fail"})
    assert [result.view for result in judge("swap", node, view="boot")] == ["boot"]
    report = judge("sysctl", node, parameters={"require": {"vm.swappiness": "10"}}, view="boot")
    assert [result.id for result in report] == ["sysctl[vm.swappiness]@boot"]
    with pytest.raises(nodecheck.SelectorError):
        judge("swpa", node)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"requires": {"vm.swappiness": "10"}}, r"requires: unknown parameter; did you mean 'require'"),
        ({"require": {"vm.swappiness": 10}}, r"require.vm.swappiness: expected a text in quotes, found the number 10"),
        ({"require": ["vm.swappiness"]}, r"require: expected a table, found the list"),
    ],
)
def test_parameters_are_validated_as_a_profile_is(parameters: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(nodecheck.UsageError, match=message):
        judge("sysctl", tmp_path, parameters=parameters)
    with pytest.raises(nodecheck.UsageError, match=message):
        assert_declared("sysctl", tmp_path, parameters=parameters)


class Greeting(NamedTuple):
    """What the node says, and where more of it stands."""

    text: str

    @classmethod
    def reads(cls) -> Sources:
        return (File("/etc/issue"), Exists("/etc/motd"))

    @classmethod
    def read(cls, host: Host) -> Greeting:
        issue = host.read("/etc/issue").decode()
        return cls(host.read("/etc/motd").decode() if "motd" in issue else issue)


@check()
def greeting(greeting: Greeting) -> Results:
    """The node greets."""
    yield ok("it does") if greeting.text else fail("it does not")


def test_what_a_fact_asks_and_does_not_declare_is_found(tmp_path: Path) -> None:
    assert_declared(greeting, write_tree(tmp_path, {"etc/issue": "hello\n"}))
    node = write_tree(tmp_path, {"etc/issue": "see motd\n", "etc/motd": "hello\n"})
    assert_verdicts(judge(greeting, node), {"greeting": "pass"})
    with pytest.raises(AssertionError) as found:
        assert_declared(greeting, node)
    assert str(found.value) == "asked for, and not declared in reads: Greeting: read /etc/motd"


def test_a_fact_that_declares_nothing_is_found(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="not declared in reads: Room: statvfs /"):
        assert_declared(room, tmp_path)
    assert_declared("swap", debian_node(tmp_path / "node"))


def test_what_a_plugin_does_not_declare_is_said_without_a_legend() -> None:
    """On the page that ``nodecheck explain`` prints."""
    assert list(_reads(room, {})) == [
        "", "## What it reads", "", "What is read for Room is not declared by its plugin.",
    ]  # fmt: skip


def test_an_assertion_says_what_was_found(tmp_path: Path) -> None:
    report = judge(banner, write_tree(tmp_path, {"etc/issue": "bye\n"}))
    with pytest.raises(AssertionError) as caught:
        assert_verdicts(report, {"banner": "pass", "banner[x]": "fail"})
    assert str(caught.value) == (
        "banner: expected pass, found fail: it does not [/etc/issue : 'bye\\n']\n"
        "banner[x]: expected fail, found no such result\n"
        "other results: none"
    )


def test_a_replay_judges_what_was_recorded(tmp_path: Path) -> None:
    node = write_tree(tmp_path, {"etc/issue": "hello\n"})
    recording = record(node)
    assert_verdicts(judge(banner, recording), {"banner": "pass"})
    (node / "etc/issue").write_text("changed\n")
    text = json.dumps(recording.to_data())
    for recorded in (text, text.encode(), json.loads(text)):
        assert_verdicts(judge(banner, replay(recorded)), {"banner": "pass"})
    result = judge("hosts", replay(text)).results[0]
    assert result.status == "unknown"
    assert result.cause is not None
    assert result.cause.code == "not-captured"


@pytest.mark.parametrize("recorded", ["", "[]", "{}", b"\xff", "[" * 100_000])
def test_what_is_no_recording(recorded: str | bytes) -> None:
    with pytest.raises(nodecheck.UsageError):
        replay(recorded)


NODES = [(reference_node, "centos7-kubeadm-1.17"), (debian_node, "kubernetes"), (rocky_node, "kubernetes")]


@pytest.mark.parametrize(("build", "profile"), NODES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_a_scratch_node_replays(tmp_path: Path, build: Callable[[Path], Path], profile: str) -> None:
    host = assert_replays(build(tmp_path), profile=profile)
    assert (host.running, host.whole, host.this_machine) == (False, False, False)


def test_the_live_node_replays() -> None:
    host = assert_replays()
    assert (host.running, host.whole, host.this_machine) == (True, True, False)


def test_a_replay_is_judged_alike_by_another_process(tmp_path: Path) -> None:
    """With another hash seed, on what only JSON carries there."""
    recording = record(debian_node(tmp_path / "node"))
    told = [(result.id, result.fingerprint, result.message) for result in run(recording)]
    (tmp_path / "recorded.json").write_text(json.dumps(recording.to_data()))
    code = (
        "import json, sys; from nodecheck.testing import replay, run\n"
        "found = run(replay(open(sys.argv[1]).read()))\n"
        "print(json.dumps([(one.id, one.fingerprint, one.message) for one in found]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "recorded.json")], capture_output=True, check=True,
        env={"PYTHONHASHSEED": "77", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert [tuple(item) for item in json.loads(done.stdout)] == told


class Broken(RootHost):
    """A root whose reader has a bug: what it raises is no answer, so that a recording does not hold it."""

    def read(self, path: str, limit: int = MIB) -> bytes:
        raise ZeroDivisionError


def test_a_replay_that_differs_is_told(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"crashed.* became .*not-captured|ZeroDivisionError.* became "):
        assert_replays(Broken(str(tmp_path)), select=["hosts"])


def test_importing_nodecheck_does_not_import_it() -> None:
    code = "import sys, nodecheck; nodecheck.run(select=['hosts']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "nodecheck.host.live" in loaded
    assert not loaded & {"nodecheck.testing", "nodecheck.host.replay", "nodecheck.host.recording"}


def test_the_example_of_the_docs_runs(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(from nodecheck\.testing.*?)```", DOCS.read_text(), re.DOTALL)
    known: dict[str, object] = {}
    exec(code, known)
    tests = [value for name, value in known.items() if name.startswith("test_") and callable(value)]
    assert len(tests) == 2
    for number, test in enumerate(tests):
        (tmp_path / str(number)).mkdir()
        test(tmp_path / str(number))


def test_a_capture_of_a_tree_is_judged_as_the_tree(tmp_path: Path) -> None:
    node = write_tree(tmp_path, {"/etc/fstab": "/dev/sda2 none swap sw 0 0\n"})
    host = capture_of(node)

    assert host.kind == "capture"
    assert_verdicts(judge("swap", host), {"swap[/dev/sda2]@boot": "fail"})
