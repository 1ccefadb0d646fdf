"""The check running-version: real processes whose programs are replaced while they run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nodecheck.capturing.files import read_capture
from nodecheck.checking import Lazy
from nodecheck.errors import Denied, FactError
from nodecheck.facts import KubernetesTools, RuntimeTools
from nodecheck.facts.services import daemons
from nodecheck.facts.services.daemons import ASK, Daemons, parse_main_processes
from nodecheck.host import LiveHost
from nodecheck.host.base import Completed, Stat
from nodecheck.host.recording import RecordingHost
from nodecheck.model.outcomes import Result
from nodecheck.testing import capture_of, judge, replay, run, write_tree
from nodecheck_checks.services.running_version import running_version
from tests.capturing.shells import HERE, collected
from tests.live_tree import LiveTree

SLEEP = Path(shutil.which("sleep") or "/bin/sleep")
WANTS = "etc/systemd/system/multi-user.target.wants"


class Node(LiveTree):
    """A tree with units, whose processes are real ones of this machine, and whose programs lie in ``programs``."""

    def __init__(self, path: Path, programs: Path) -> None:
        super().__init__(path)
        self.programs, self.pids, self.machine = programs, dict[str, int](), LiveHost()

    def _is_real(self, path: str) -> bool:
        return path.startswith((f"{self.programs}/", *[f"/proc/{pid}/" for pid in self.pids.values()]))

    def link(self, path: str) -> str | None:
        return self.machine.link(path) if self._is_real(path) else super().link(path)

    def stat(self, path: str) -> Stat:
        return self.machine.stat(path) if self._is_real(path) else super().stat(path)

    def read_at(self, path: str, offset: int, size: int) -> bytes:
        real = self._is_real(path)
        return self.machine.read_at(path, offset, size) if real else super().read_at(path, offset, size)

    def run(self, argv: tuple[str, ...], timeout_s: float = 3.0) -> Completed:
        if argv == ASK:
            units = [(unit, self.pids.get(unit, 0)) for unit in argv[argv.index("--") + 1 :]]
            blocks = [
                f"MainPID={pid}\nId={unit}\nActiveState={'active' if pid else 'inactive'}\n" for unit, pid in units
            ]
            return Completed(argv, 0, "\n".join(blocks), "")
        return super().run(argv, timeout_s)


def other(path: Path, more: bytes = b"another release") -> Path:
    """Another program that runs: what comes after an ELF file's last section is not read."""
    path.write_bytes(SLEEP.read_bytes() + more)
    path.chmod(0o755)
    return path


@contextmanager
def processes() -> Iterator[Callable[..., int]]:
    """Starts real processes, which end with the test."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*argv: str | Path) -> int:
        running.append(subprocess.Popen([os.fspath(word) for word in argv]))
        return running[-1].pid

    try:
        yield start
    finally:
        for process in running:
            process.kill()
            process.wait()


class Daemon:
    """A unit whose program is a copy of sleep(1) that runs."""

    def __init__(self, base: Path, start: Callable[..., int], unit: str, name: str, starts: str = "") -> None:
        programs = base / "programs"
        programs.mkdir(exist_ok=True)
        self.unit, self.program, self._start = unit, programs / name, start
        self.program.exists() or shutil.copy(SLEEP, self.program)
        write_tree(
            base / "node",
            {
                "/usr/lib/systemd/systemd": "",
                f"/etc/systemd/system/{unit}": f"[Service]\nExecStart={starts or self.program} 600\n",
                f"/{WANTS}/.here": "",
                os.fspath(self.program): "",  # a listing names it
            },
        )
        link = base / "node" / WANTS / unit
        if not link.is_symlink():
            link.symlink_to(f"../{unit}")
        self.node = Node(base / "node", programs)
        self.restart()

    def restart(self) -> None:
        pid = self.node.pids[self.unit] = self._start(self.program, "600")
        write_tree(self.node.path, {f"/proc/{pid}/comm": f"{self.program.name[:15]}\n"})

    def fresh(self) -> Node:
        """The node, of which nothing is remembered: a host answers a question once."""
        node = Node(Path(self.node.path), self.node.programs)
        node.pids.update(self.node.pids)
        self.node = node
        return node

    def replaced(self, more: bytes = b"another release") -> None:
        """As dpkg and rpm do it: another file takes the name."""
        new = other(self.program.with_name(f"{self.program.name}.new"), more)
        new.rename(self.program)

    def said(self, view: str = "now") -> Result:
        """The one result; a recording that is replayed says the same."""
        recording = RecordingHost(self.fresh())
        (first,) = judge(running_version, recording, view=view)
        (again,) = judge(running_version, replay(recording.to_data()), view=view)
        assert first[:12] == again[:12]
        return first


@pytest.fixture
def start() -> Iterator[Callable[..., int]]:
    with processes() as found:
        yield found


UNITS = [
    ("kubelet.service", "kubelet", "kubelet", "manual"),
    ("containerd.service", "containerd", "containerd", "disruptive"),
    ("docker.service", "dockerd", "docker", "manual"),
    ("docker.service", "dockerd-current", "docker", "manual"),
    ("crio.service", "crio", "crio", "disruptive"),
    ("cri-docker.service", "cri-dockerd", "cri-docker", "disruptive"),
    ("chrony.service", "chronyd", "chronyd", "disruptive"),
]


@pytest.mark.parametrize(("unit", "name", "subject", "safety"), UNITS)
def test_a_program_that_is_replaced(
    tmp_path: Path, start: Callable[..., int], unit: str, name: str, subject: str, safety: str
) -> None:
    daemon = Daemon(tmp_path, start, unit, name)
    assert (daemon.said().status, daemon.said().id) == ("pass", f"running-version[{subject}]")
    daemon.replaced()

    found = daemon.said()
    assert (found.status, found.severity, found.actual) == ("fail", "warning", "another file")
    assert found.evidence[0].value == f"{daemon.program} (deleted)"
    assert found.fix is not None
    assert found.fix.safety == safety
    assert found.fix.steps[-1][-1] == ("systemctl", "restart", "--", unit)
    assert str(daemon.node.pids[unit]) not in repr(found.evidence)

    daemon.restart()  # the fix
    assert daemon.said().status == "pass"


def test_a_capture_says_the_same(tmp_path: Path, start: Callable[..., int]) -> None:
    daemon = Daemon(tmp_path, start, "kubelet.service", "kubelet")
    for status in ("pass", "fail"):
        report, captured = [judge(running_version, node) for node in (daemon.fresh(), capture_of(daemon.fresh()))]
        assert [one[:12] for one in report] == [one[:12] for one in captured]
        assert report["running-version[kubelet]"].status == status
        daemon.replaced()


@pytest.mark.parametrize("shell", HERE, ids=lambda shell: str(shell[0]))
def test_the_script_brings_what_the_live_node_says(
    tmp_path: Path, start: Callable[..., int], shell: tuple[str, ...]
) -> None:
    """But for parts of a second, of both files alike."""
    pid = start(other(tmp_path / "kubelet"), "600")
    place = f"/proc/{pid}/exe"
    for _ in range(2):
        node, live = read_capture(collected(None, shell).stdout, "a capture"), LiveHost()
        assert node.link(place) == live.link(place)
        whole = live.stat(place)
        assert whole.changed_ns is not None
        assert node.stat(place) == whole._replace(changed_ns=whole.changed_ns // 10**9 * 10**9)
        other(tmp_path / "new").rename(tmp_path / "kubelet")


def test_the_same_program_again_is_another_file(tmp_path: Path, start: Callable[..., int]) -> None:
    """Both files have the moment of the change, one size and one mode: the mark tells them apart."""
    daemon = Daemon(tmp_path, start, "kubelet.service", "kubelet")
    daemon.replaced(b"")
    assert daemon.said().status == "fail"


def test_a_program_that_is_put_aside(tmp_path: Path, start: Callable[..., int]) -> None:
    daemon = Daemon(tmp_path, start, "kubelet.service", "kubelet")
    daemon.program.rename(daemon.program.with_name("kubelet.old"))
    gone = daemon.said()
    assert (gone.status, gone.actual) == ("fail", "no program on disk")
    assert gone.fix is not None
    assert gone.fix.safety == "manual"
    other(daemon.program)
    assert (daemon.said().status, daemon.said().actual) == ("fail", "another file")


def test_a_program_that_is_removed(tmp_path: Path, start: Callable[..., int]) -> None:
    daemon = Daemon(tmp_path, start, "crio.service", "crio")
    daemon.program.unlink()
    assert daemon.said().actual == "no program on disk"


def test_a_link_that_leads_elsewhere_now(tmp_path: Path, start: Callable[..., int]) -> None:
    """Each release in a directory of its own."""
    for release in ("1.29", "1.30"):
        write_tree(tmp_path / "programs", {f"{release}/.here": ""})
        other(tmp_path / f"programs/{release}/kubelet", release.encode())
    link = tmp_path / "programs/kubelet"
    link.symlink_to("1.29/kubelet")
    daemon = Daemon(tmp_path, start, "kubelet.service", "kubelet")
    assert daemon.said().status == "pass"
    link.unlink()
    link.symlink_to("1.30/kubelet")
    assert (daemon.said().status, daemon.said().actual) == ("fail", "another file")


@pytest.mark.parametrize("name", ["start-kubelet", "kubelet.sh", "kubelet-wrapper"])
def test_behind_a_wrapper_the_process_itself_counts(tmp_path: Path, start: Callable[..., int], name: str) -> None:
    wrapper = tmp_path / f"programs/{name}"
    write_tree(tmp_path, {f"programs/{name}": "#!/bin/sh\nexec kubelet\n"})
    daemon = Daemon(tmp_path, start, "kubelet.service", "kubelet", starts=f"{wrapper} x")
    assert daemon.said().status == "pass"
    daemon.replaced()
    assert daemon.said().status == "fail"


def test_another_program_is_not_judged(tmp_path: Path, start: Callable[..., int]) -> None:
    """A kubelet inside of a container of docker's."""
    daemon = Daemon(tmp_path, start, "kubelet.service", "docker")
    found = daemon.said()
    assert (found.status, "not kubelet" in found.message) == ("skip", True)
    daemon.replaced()
    assert daemon.said().status == "skip"


def test_a_process_that_has_ended(tmp_path: Path, start: Callable[..., int]) -> None:
    daemon = Daemon(tmp_path, start, "kubelet.service", "kubelet")
    process = subprocess.Popen([daemon.program, "0"])
    process.wait()
    daemon.node.pids["kubelet.service"] = process.pid
    (found,) = judge(running_version, daemon.node, view="now")
    assert (found.status, found.subject) == ("unknown", "kubelet")


@pytest.mark.skipif(os.geteuid() != 0, reason="it takes root to be another user")
def test_who_is_not_root_sees_no_file_of_others(tmp_path: Path, start: Callable[..., int]) -> None:
    daemon = Daemon(tmp_path, start, "kubelet.service", "kubelet")
    for folder in (tmp_path, *tmp_path.parents):
        if not os.stat(folder).st_mode & 0o001:
            folder.chmod(0o755)
    os.seteuid(65534)
    try:
        (found,) = judge(running_version, daemon.node, view="now")
    finally:
        os.seteuid(0)
    assert (found.status, found.cause and found.cause.code) == ("unknown", "denied")


def test_two_units_each_by_itself(tmp_path: Path, start: Callable[..., int]) -> None:
    first = Daemon(tmp_path, start, "kubelet.service", "kubelet")
    second = Daemon(tmp_path, start, "containerd.service", "containerd")
    second.node.pids.update(first.node.pids)
    first.replaced()
    found = {one.id: one.status for one in judge(running_version, second.node, view="now")}
    assert found == {"running-version[kubelet]": "fail", "running-version[containerd]": "pass"}


def test_what_systemd_says() -> None:
    aliases = "MainPID=31\nId=chrony.service\nActiveState=active\n\n" * 2
    assert parse_main_processes(aliases) == (("chrony.service", 31),)
    assert parse_main_processes("MainPID=0\nId=crio.service\nActiveState=active\n") == (("crio.service", 0),)
    assert parse_main_processes("MainPID=7\nId=kubelet.service\nActiveState=activating\n") == (("kubelet.service", 7),)
    assert parse_main_processes("MainPID=0\nId=kubelet.service\nActiveState=failed\n") == ()
    with pytest.raises(FactError, match="names no unit"):
        parse_main_processes("\n")


def test_a_unit_without_a_main_process_is_unknown(tmp_path: Path, start: Callable[..., int]) -> None:
    daemon = Daemon(tmp_path, start, "chrony.service", "chronyd")
    recording = RecordingHost(daemon.node)
    judge(running_version, recording, view="now")
    data = recording.to_data()
    for answer in data["answers"]:
        if answer["question"][0] == "run":
            told = answer["answer"]["Completed"]
            told["stdout"] = told["stdout"].replace(f"MainPID={daemon.node.pids['chrony.service']}", "MainPID=0")
    (found,) = judge(running_version, replay(data), view="now")
    assert found.status == "unknown"


def test_each_source_counts(tmp_path: Path, start: Callable[..., int]) -> None:
    """Each taken away from a passing node, or given another valid value."""
    daemon = Daemon(tmp_path, start, "kubelet.service", "kubelet")
    recording = RecordingHost(daemon.node)
    (found,) = judge(running_version, recording, view="now")
    assert found.status == "pass"

    def without(what: str) -> str:
        data = recording.to_data()
        data["answers"] = [one for one in data["answers"] if not any(what in str(word) for word in one["question"])]
        return str([one.status.value for one in judge(running_version, replay(data), view="now")])

    for what in ("/run/systemd/system", "MainPID", "/exe", "kubelet.service", str(daemon.program)):
        assert without(what) != "['pass']", what
    unit = daemon.node.path + "/etc/systemd/system/kubelet.service"
    Path(unit).write_text(f"[Service]\nExecStart={other(tmp_path / 'programs/kubelet-1.30')}\n")
    assert daemon.said().status == "fail"


def test_the_next_boot_starts_what_is_on_disk(tmp_path: Path, start: Callable[..., int]) -> None:
    daemon = Daemon(tmp_path, start, "kubelet.service", "kubelet")
    assert daemon.said("boot").status == "pass"
    daemon.replaced()
    assert daemon.said("boot").status == "pass"
    wants = tmp_path / "node" / WANTS / "kubelet.service"
    wants.unlink()
    assert daemon.said("boot").status == "skip"
    wants.symlink_to("../kubelet.service")
    daemon.program.unlink()
    assert daemon.said("boot").status == "unknown"


def test_the_present_does_not_speak_against_the_next_boot(tmp_path: Path, start: Callable[..., int]) -> None:
    daemon = Daemon(tmp_path, start, "kubelet.service", "kubelet")
    daemon.replaced()
    report = run(daemon.fresh(), select=["running-version"])
    assert {one.id: one.status.value for one in report} == {
        "running-version[kubelet]": "fail", "running-version[kubelet]@boot": "pass",
    }  # fmt: skip
    assert "was not started again" in report["running-version[kubelet]@boot"].message


def test_a_root_and_another_init(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "a", {"/etc/hostname": "a\n"})
    assert [one.status for one in judge(running_version, root, view="now")] == ["skip"]
    tree = LiveTree(write_tree(tmp_path / "b", {}))
    shutil.rmtree(tmp_path / "b/run/systemd")
    (found,) = judge(running_version, tree, view="now")
    assert (found.status, "systemd does not run" in found.message) == ("skip", True)


def test_judgement_of_an_error() -> None:

    seen = Daemons(True, (daemons.Daemon("kubelet.service", error=Denied("/proc/7/exe", "permission denied")),))
    (found,) = running_version(seen, Lazy(KubernetesTools), Lazy(RuntimeTools))
    assert found.status == "unknown"
