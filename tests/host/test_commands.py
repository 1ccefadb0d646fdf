"""Programs are real scripts, in a directory of the test's own that stands in the search path."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import pytest

from nodecheck.errors import Absent, Denied, FactError, Malformed, TimedOut, TooLarge
from nodecheck.host import Completed, LiveHost, RootHost
from nodecheck.host.commands import OUTPUT_LIMIT, run, run_all
from nodecheck.host.programs import SEARCH_PATH, find_program

Stub = Callable[..., Path]


@pytest.fixture
def stub(tmp_path: Path) -> Stub:
    """Make an executable script in the search path ``tmp_path``."""

    def make(name: str, body: str, mode: int = 0o755) -> Path:
        path = tmp_path / name
        path.write_text("#!/bin/sh\n" + body + "\n")
        path.chmod(mode)
        return path

    return make


def answer(path: Path, *argv: str, timeout_s: float = 3.0) -> Completed | FactError:
    (only,) = run_all([argv], timeout_s, (str(path),))
    return only


def said(found: Completed | FactError) -> Completed:
    assert isinstance(found, Completed), found
    return found


def test_a_program_says_both_and_ends(stub: Stub, tmp_path: Path) -> None:
    stub("tool", 'echo "out $1"; echo err >&2; exit 3')
    found = said(answer(tmp_path, "tool", "a b"))
    assert found == Completed((f"{tmp_path}/tool", "a b"), 3, "out a b\n", "err\n")


def test_nothing_is_inherited(stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/secret")
    monkeypatch.setenv("LD_PRELOAD", "")
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:1")
    stub("tool", "/usr/bin/env; pwd; readlink /proc/self/fd/0; ls /proc/self/fd")
    kept = os.open("/etc/passwd", os.O_RDONLY)
    os.set_inheritable(kept, True)
    try:
        lines = said(answer(tmp_path, "tool")).stdout.split("\n")
    finally:
        os.close(kept)
    names = {line.partition("=")[0] for line in lines if "=" in line}
    assert names <= {"PATH", "LC_ALL", "LANG", "HOME", "TERM", "PWD", "OLDPWD", "SHLVL", "_"}
    assert "/" in lines
    assert "/dev/null" in lines
    assert str(kept) not in lines


def test_a_program_that_never_ends_is_killed(stub: Stub, tmp_path: Path) -> None:
    stub("tool", f"echo $$ > {tmp_path}/pid; echo begun; trap '' TERM; sleep 60 & sleep 60")
    began = monotonic()
    found = answer(tmp_path, "tool", timeout_s=0.4)
    assert isinstance(found, TimedOut)
    assert monotonic() - began < 2
    assert_gone(int((tmp_path / "pid").read_text()))


def test_a_program_that_closes_its_pipes_and_stays_is_killed(stub: Stub, tmp_path: Path) -> None:
    stub("tool", "exec >&- 2>&-; sleep 60")
    assert isinstance(answer(tmp_path, "tool", timeout_s=0.3), TimedOut)


@pytest.mark.parametrize("stream", ["1", "2"])
def test_a_flood_is_cut(stub: Stub, tmp_path: Path, stream: str) -> None:
    stub("tool", f"yes nodecheck >&{stream}")
    began = monotonic()
    assert isinstance(answer(tmp_path, "tool"), TooLarge)
    assert monotonic() - began < 2


def test_output_up_to_the_limit_is_kept(stub: Stub, tmp_path: Path) -> None:
    stub("tool", f"head -c {OUTPUT_LIMIT} /dev/zero")
    assert len(said(answer(tmp_path, "tool")).stdout) == OUTPUT_LIMIT


def test_a_grandchild_that_keeps_the_pipe_is_not_waited_for(stub: Stub, tmp_path: Path) -> None:
    stub("tool", f"(echo $$ >/dev/null; sleep 60) & echo $! > {tmp_path}/pid; echo done")
    began = monotonic()
    assert said(answer(tmp_path, "tool")).stdout == "done\n"
    assert monotonic() - began < 2
    assert_gone(int((tmp_path / "pid").read_text()))


def test_a_daemon_that_left_the_group_is_not_waited_for(stub: Stub, tmp_path: Path) -> None:
    stub("tool", f"setsid sh -c 'echo $$ > {tmp_path}/pid; exec sleep 60' & sleep 0.2; echo done")
    began = monotonic()
    assert said(answer(tmp_path, "tool")).stdout == "done\n"
    assert monotonic() - began < 2
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def test_no_zombie_is_left(stub: Stub, tmp_path: Path) -> None:
    stub("good", "echo 1")
    stub("slow", "sleep 60")
    run_all([("good",), ("slow",), ("none",)], 0.3, (str(tmp_path),))
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_programs_run_side_by_side(stub: Stub, tmp_path: Path) -> None:
    for name in "abcd":
        stub(name, "sleep 0.4; echo $0")
    began = monotonic()
    found = run_all([(name,) for name in "abcd"], 3.0, (str(tmp_path),))
    assert [said(item).stdout for item in found] == [f"{tmp_path}/{name}\n" for name in "abcd"]
    assert monotonic() - began < 1.2


def test_one_bad_program_spoils_no_other(stub: Stub, tmp_path: Path) -> None:
    stub("good", "echo 1")
    stub("bad", "exit 0", mode=0o644)
    (tmp_path / "dir").mkdir()
    found = run_all([("none",), ("bad",), ("good",), ("dir",)], 3.0, (str(tmp_path),))
    assert [type(item) for item in found] == [Absent, Denied, Completed, Malformed]


def test_signals_are_told(stub: Stub, tmp_path: Path) -> None:
    stub("tool", "kill -SEGV $$")
    assert said(answer(tmp_path, "tool")).code == -signal.SIGSEGV


def test_a_missing_interpreter_is_not_a_missing_program(tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("#!/no/such/interpreter\n")
    (tmp_path / "noise").write_bytes(b"\x00\x01\x02")
    for name in ("tool", "noise"):
        (tmp_path / name).chmod(0o755)
        assert isinstance(answer(tmp_path, name), Malformed)


def test_from_many_threads_at_once(stub: Stub, tmp_path: Path) -> None:
    stub("tool", 'sleep 0.05; echo "$1"')
    wrong: list[object] = []

    def work(number: int) -> None:
        found = answer(tmp_path, "tool", str(number))
        if not isinstance(found, Completed) or found.stdout != f"{number}\n":
            wrong.append(found)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_nothing_outlives_a_run_that_was_given_up(stub: Stub, tmp_path: Path) -> None:
    stub("tool", f"echo $$ > {tmp_path}/pid; exec sleep 60")
    program = (
        "import _thread, threading, time; from nodecheck.host.commands import run_all;"
        f"_thread.start_new_thread(run_all, ([('tool',)], 60.0, ({str(tmp_path)!r},))); time.sleep(0.6)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=20)
    assert_gone(int((tmp_path / "pid").read_text()))


class TestTrust:
    def test_what_others_may_change_is_not_run(self, stub: Stub, tmp_path: Path) -> None:
        me = os.geteuid()
        stub("tool", "echo", mode=0o777)
        with pytest.raises(Denied, match="every user"):
            find_program("tool", (str(tmp_path),), me)
        stub("tool", "echo", mode=0o775)
        with pytest.raises(Denied, match="group"):
            find_program("tool", (str(tmp_path),), me)
        stub("tool", "echo")
        assert find_program("tool", (str(tmp_path),), me) == f"{tmp_path}/tool"

    def test_each_directory_on_the_way_counts(self, tmp_path: Path) -> None:
        place = tmp_path / "open" / "bin"
        place.mkdir(parents=True)
        tool = place / "tool"
        tool.write_text("#!/bin/sh\n")
        tool.chmod(0o755)
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "tool").symlink_to("../open/bin/tool")
        assert find_program("tool", (f"{tmp_path}/bin",), os.geteuid()) == f"{tmp_path}/bin/tool"
        (tmp_path / "open").chmod(0o777)
        with pytest.raises(Denied, match="open: can be written by every user"):
            find_program("tool", (f"{tmp_path}/bin",), os.geteuid())

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
    def test_another_owner(self, stub: Stub, tmp_path: Path) -> None:
        os.chown(stub("tool", "echo"), 65534, 65534)
        assert isinstance(answer(tmp_path, "tool"), Denied)

    def test_link_loop_and_dangling_link(self, tmp_path: Path) -> None:
        (tmp_path / "loop").symlink_to("loop")
        (tmp_path / "gone").symlink_to("nothing")
        assert isinstance(answer(tmp_path, "loop"), Malformed)
        assert isinstance(answer(tmp_path, "gone"), Absent)

    def test_a_fifo(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "tool")
        assert isinstance(answer(tmp_path, "tool"), Malformed)

    def test_the_own_path_does_not_count(self, stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        stub("nodecheck-test-tool", "echo")
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(Absent):
            run(("nodecheck-test-tool",))
        assert all(part.startswith("/") for part in SEARCH_PATH)


def test_hosts(tmp_path: Path) -> None:
    assert LiveHost().run(("true",)).code == 0
    assert [type(item).code for item in LiveHost().run_all([("no-such-tool",)]) if isinstance(item, FactError)] == [
        "not-found"
    ]
    (only,) = RootHost(str(tmp_path)).run_all([("true",)])
    assert isinstance(only, FactError)
    assert only.code == "offline"


def assert_gone(pid: int) -> None:
    """The process has ended (a killed orphan may wait a moment for its new parent)."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        sleep(0.02)
    pytest.fail(f"process {pid} still runs")
