"""Unix sockets that listen, on a real kernel."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nodecheck.errors import Offline, ParseError
from nodecheck.facts.network.unix_listeners import INIT, PLAIN, UnixListeners, parse_unix
from nodecheck.host.live import LiveHost
from nodecheck.host.root import RootHost
from nodecheck.testing import write_tree

HEAD = "Num       RefCount Protocol Flags    Type St Inode Path\n"
LISTENING = "0000000000000000: 00000002 00000000 00010000 0001 01 24183 /var/run/crio/crio.sock\n"
CONNECTED = "0000000000000000: 00000003 00000000 00000000 0001 03 24190 /run/containerd/containerd.sock\n"
UNNAMED = "0000000000000000: 00000003 00000000 00000000 0001 03 24191\n"


@contextmanager
def bound(path: Path, listening: bool = True) -> Iterator[socket.socket]:
    """A socket at a path."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        made.bind(str(path))
        if listening:
            made.listen(1)
        yield made


def test_a_listener_is_seen_until_it_is_closed_and_nobody_connects_to_it(tmp_path: Path) -> None:
    path = tmp_path / "a b.sock"
    with bound(path) as made:
        made.settimeout(0)
        assert UnixListeners.read(LiveHost()).on(str(path))
        with pytest.raises(BlockingIOError):
            made.accept()
    assert path.exists()
    assert not UnixListeners.read(LiveHost()).on(str(path))


def test_a_socket_that_is_only_bound_does_not_listen(tmp_path: Path) -> None:
    with bound(tmp_path / "s", listening=False):
        assert not UnixListeners.read(LiveHost()).on(str(tmp_path / "s"))


@pytest.mark.skipif(os.geteuid() != 0, reason="other processes' tables are root's")
def test_the_table_is_that_of_the_first_process() -> None:
    assert UnixListeners.read(LiveHost()).source == INIT


def test_var_run_is_run() -> None:
    found = UnixListeners(parse_unix("x", HEAD + LISTENING + CONNECTED + UNNAMED))

    assert found.on("/run/crio/crio.sock")
    assert found.on("/var/run/crio/crio.sock")
    assert not found.on("/run/containerd/containerd.sock")


def test_a_capture_and_a_root(tmp_path: Path) -> None:
    with pytest.raises(Offline):
        UnixListeners.read(RootHost(str(write_tree(tmp_path / "a", {"/etc/hostname": "x\n"}))))
    capture = RootHost(str(write_tree(tmp_path / "b", {PLAIN: HEAD + LISTENING})))

    assert UnixListeners.read(capture).on("/run/crio/crio.sock")


@pytest.mark.parametrize("line", ["0: 2 0\n", "0: 2 0 wrong 1 1 1 /x\n"])
def test_what_is_no_table(line: str) -> None:
    with pytest.raises(ParseError, match="line 2"):
        parse_unix("/proc/net/unix", HEAD + line)
