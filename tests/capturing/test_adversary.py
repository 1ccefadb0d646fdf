"""The collector on a node of which somebody without rights, or its owner, means to deceive it."""

from __future__ import annotations

import os
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from nodecheck.capturing.complete import captured
from nodecheck.capturing.files import packed, read_capture
from nodecheck.capturing.image import Failure, Image, PathEntry
from nodecheck.capturing.settle import settled
from nodecheck.errors import NotCaptured
from nodecheck.host import open_host
from nodecheck.host.base import Stat
from nodecheck.plugins import load
from nodecheck.testing import TreeFile, write_tree
from tests.capturing.shells import HERE, LIMIT_S, collected, text
from tests.nodes import debian_node

SHELLS = pytest.mark.parametrize("shell", HERE, ids=lambda shell: str(shell[0]))
ROOT = pytest.mark.skipif(os.getuid() != 0, reason="it takes root")


@SHELLS
def test_names_of_open_files_say_nothing_of_sockets(tmp_path: Path, shell: tuple[str, ...]) -> None:
    """Each process chooses the names of the files that it holds open: as the head of another's list, or as a socket."""
    with socket.socket() as mine, ExitStack() as held:
        mine.bind(("127.0.0.1", 0))
        mine.listen()
        inode, own = os.fstat(mine.fileno()).st_ino, str(os.getpid())
        names = ("1/x\n./proc/1/fd:", f"{own}/x:", f"a -> socket:[{inode}]", f"b\nlrwx 1 r r 64 9 -> socket:[{inode}]")
        for name in names:
            path = tmp_path / name
            os.makedirs(os.path.dirname(path), exist_ok=True)
            held.enter_context(open(path, "w"))
        capture = read_capture(collected(None, shell).stdout, "a capture")

        assert capture.link(f"/proc/{own}/fd/{mine.fileno()}") == f"socket:[{inode}]"
        told = [path for path, entry in capture.image.answers.items() if entry == f"socket:[{inode}]"]
        assert len(told) == 1
        with pytest.raises(NotCaptured):
            capture.read(f"/proc/{own}/limits")


@SHELLS
def test_of_a_program_that_is_no_script_four_bytes_are_printed(tmp_path: Path, shell: tuple[str, ...]) -> None:
    node = debian_node(tmp_path)
    secret = "export API_TOKEN=hunter2hunter2\ncurl -u bob:hunter2 http://x\n"
    tree: dict[str, str | TreeFile] = {
        "/opt/push": TreeFile(secret, mode=0o755),
        "/etc/cron.d/z": "* * * * * root /opt/push\n",
    }
    write_tree(node, {**tree})
    said = collected(node, shell).stdout

    assert b"/opt/push" in said
    assert b"hunter2" not in said
    assert secret.encode()[:16].hex(" ").encode() not in said
    assert read_capture(said, "a capture").read_at("/opt/push", 0, 256) == b"expo"


@ROOT
@SHELLS
def test_a_program_is_not_run_for_a_name_in_its_path(tmp_path: Path, shell: tuple[str, ...]) -> None:
    programs, tables = tmp_path / "srv", tmp_path / "cron"
    tree: dict[str, str | TreeFile] = {
        "srv/dockerd/bin/purge.sh": TreeFile('#!/bin/sh\necho "PURGED $*"\n', mode=0o755),
        "srv/dockerd-cleanup": TreeFile('#!/bin/sh\necho "PURGED $*"\n', mode=0o755),
        "cron/z": "* * * * * root /srv/dockerd/bin/purge.sh\n* * * * * root /srv/dockerd-cleanup\n",
    }
    write_tree(tmp_path, {**tree})
    if not (Path("/srv").is_dir() and Path("/etc/cron.d").is_dir()):
        pytest.skip("there is no /srv or /etc/cron.d to lay a directory over")
    command = 'mount --bind "$1" /srv && mount --bind "$2" /etc/cron.d && shift 2 && exec "$@"'
    argv = ["unshare", "-m", "sh", "-c", command, "sh", str(programs), str(tables), *shell, "-s"]
    done = subprocess.run(argv, input=text().encode(), capture_output=True, timeout=LIMIT_S, check=True)

    assert b"/srv/dockerd/bin/purge.sh" in done.stdout
    assert b"|PURGED" not in done.stdout


@SHELLS
def test_a_long_line_is_no_way_to_keep_a_capture_from_its_end(tmp_path: Path, shell: tuple[str, ...]) -> None:
    node = debian_node(tmp_path)
    with open(node / "etc/hosts", "a") as file:
        file.write(f"{'password' * 16000}\nDepends: {'token ' * 16000}\n127.0.0.1 last\n")
    hosts = read_capture(collected(node, shell).stdout, "a capture").read("/etc/hosts")

    assert hosts.endswith(b"\n~secret~\nDepends: ~secret~\n127.0.0.1 last\n")


def joined(tmp_path: Path, first: Image, second: Image) -> Image:
    for name, image in (("a", first), ("b", second)):
        (tmp_path / name).write_bytes(packed(image))
    return settled([str(tmp_path / "a"), str(tmp_path / "b")])


@pytest.fixture
def images(tmp_path: Path) -> tuple[Image, Image]:
    host = open_host(str(debian_node(tmp_path / "node")))
    found = captured(host, load()), captured(host, load())
    for image in found:
        image.at("/etc").names = None
    return found


def test_a_link_stays_one_where_the_later_knows_what_is_behind(tmp_path: Path, images: tuple[Image, Image]) -> None:
    first, second = images
    first.entries["/etc/x"], second.entries["/etc/x"] = PathEntry("link"), PathEntry()
    first.entries["/etc/x"].target = "fstab"
    second.entries["/etc/x"].info = Stat("file", 0o644, 5, 0, 0, 0)

    host = read_capture(packed(joined(tmp_path, first, second)), "joined")
    assert host.link("/etc/x") == "fstab"


def test_an_error_of_the_first_goes_where_the_later_has_the_answer(tmp_path: Path, images: tuple[Image, Image]) -> None:
    first, second = images
    denied = Failure("Denied", "permission denied", 13)
    first.entries["/etc/d"], second.entries["/etc/d"] = PathEntry("dir"), PathEntry("dir")
    first.entries["/etc/d"].failures = {"names": denied, "links": denied, "stat": denied}
    second.entries["/etc/d"].names, second.entries["/etc/d"].tells_links = ("a",), True

    entry = joined(tmp_path, first, second).entries["/etc/d"]
    assert (entry.names, entry.failures) == (("a",), {"stat": denied})
