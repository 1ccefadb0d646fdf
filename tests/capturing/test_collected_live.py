"""The script on this machine: its capture has the verdicts of the live run, but for what a table explains."""

from __future__ import annotations

import json
import os
import re
import subprocess
from binascii import a2b_base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nodecheck.capturing.files import read_capture
from nodecheck.errors import Absent
from nodecheck.host import LiveHost
from nodecheck.host.netlink import LinkRow, dump
from nodecheck.testing import comparable, run
from tests.capturing.shells import HERE, collected, text
from tests.host.netlink_namespaces import in_namespace
from tests.test_old_python import interpreter

MAY_DIFFER = {
    "disk-free": "room on a disk changes from look to look",
    "inodes-free": "files come and go",
    "port": "sockets come and go",
}
"""By check, why a live run and a capture may differ."""

BY_SHELL = {"busybox": {"selinux": "its head calls EINVAL an input/output error: the evidence names /proc/filesystems"}}

BY_FILES = {
    "default-route": "the evidence names /proc/net/route",
    "interface": "the evidence names /sys/class/net",
    "firewall": "the evidence names nft",
    "mac-address": "sh derives nothing, so that addresses are left out",
}
"""The same where no Python asked netlink."""

LEFT_OUT = ("mac-address",)
"""Of these, what is not asked by Python is not in the capture, and skipped."""

PYTHONS = "for k in python3 /usr/libexec/platform-python python2 python; do"

Results = dict[tuple[str, str, str], dict[str, Any]]


def results(lines: list[str]) -> Results:
    document = json.loads("\n".join(lines))
    return {(item["check"], item["subject"], item["view"]): item for item in document["results"]}


def differences(found: Results, expected: Results, *tables: dict[str, str]) -> Iterator[str]:
    for key in {**expected, **found}:
        if not any(key[0] in table for table in tables) and found.get(key) != expected.get(key):
            yield f"{key}: {expected.get(key)} became {found.get(key)}"


def between_equal_runs(capture: Callable[[], bytes]) -> tuple[Results, Results]:
    """What a capture says, and what the run before it and the run after it both said: daemons of other tests go by."""
    before = results(comparable(run()))
    for _ in range(5):
        found = results(comparable(run(read_capture(capture(), "a capture"))))
        after = results(comparable(run()))
        if not list(differences(before, after, MAY_DIFFER)):
            break
        before = after
    return found, after


@pytest.mark.parametrize("shell", HERE, ids=lambda shell: str(shell[0]))
def test_the_live_node(shell: tuple[str, ...]) -> None:
    found, expected = between_equal_runs(lambda: collected(None, shell).stdout)
    assert list(differences(found, expected, MAY_DIFFER, BY_SHELL.get(shell[0], {}))) == []


def test_without_python_other_sources_tell() -> None:
    """Statuses stay, and nothing that is unknown or fails becomes a pass."""
    changed = text().replace(PYTHONS, "for k in no-python; do")
    assert changed != text()
    environment = {"PATH": os.environ["PATH"]}

    def capture() -> bytes:
        shell = [*HERE[0], "-s"]
        return subprocess.run(shell, input=changed.encode(), env=environment, capture_output=True, check=True).stdout

    found, expected = between_equal_runs(capture)
    assert list(differences(found, expected, MAY_DIFFER, BY_FILES)) == []
    passes = [key for key, item in found.items() if item["status"] == "pass"]
    assert [key for key in passes if expected[key]["status"] != "pass"] == []
    for key in found:
        if key[0] in LEFT_OUT:
            assert found[key]["status"] == "skip", key
        elif key[0] in BY_FILES:
            assert found[key]["status"] == expected[key]["status"], key


def test_no_hardware_address_is_said() -> None:
    """Of a link the script says what its row has, and a derived address; that is what the live host gives."""
    mac = "9c:b6:d0:1a:2b:3c"

    def work() -> tuple[bytes, tuple[LinkRow, ...], tuple[LinkRow, ...]]:
        return collected(None).stdout, dump("links"), LiveHost().netlink("links")

    links = (f"link add hw0 address {mac} type veth peer name hw1", "link add br0 type bridge")
    said, raw, given = in_namespace(work, *links, "link set hw0 master br0", "link set hw0 up")
    assert mac in [row.address for row in raw]
    assert {row.kind for row in raw} >= {"veth", "bridge"}
    assert read_capture(said, "a capture").netlink("links") == given
    dumps = b"".join([a2b_base64(line[1:]) for line in re.findall(rb"^\|[A-Za-z0-9+/]{40,}=*$", said, re.MULTILINE)])
    assert b"hw0" in dumps
    assert bytes.fromhex(mac.replace(":", "")) not in dumps
    assert mac.encode() not in said


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.8", "3.13"])
def test_any_python_asks_netlink(version: str) -> None:
    """CentOS 7 has 2.7, CentOS 8 a platform-python of 3.6. The node has no other, and gives the live run's words."""
    python, environment = interpreter(version)
    told = subprocess.run([python, "-c", "import sys; print(sys.executable)"], env=environment, capture_output=True)
    changed = text().replace(PYTHONS, f"for k in {told.stdout.decode().strip()}; do")
    assert changed != text()

    def capture() -> bytes:
        shell = [*HERE[0], "-s"]
        path = {"PATH": os.environ["PATH"]}
        return subprocess.run(shell, input=changed.encode(), env=path, capture_output=True, check=True).stdout

    assert re.search(rb"^N links$", capture(), re.MULTILINE)
    found, expected = between_equal_runs(capture)
    assert list(differences(found, expected, MAY_DIFFER)) == []


@pytest.mark.parametrize("shell", HERE, ids=lambda shell: str(shell[0]))
def test_a_process_that_ends_on_the_way_is_none(shell: tuple[str, ...]) -> None:
    """Listed, and gone when it is looked at: on a busy node some process always is."""
    listed, looked = "set -- ./proc/*", "case $k in ./proc/[0-9]*)"
    whole = text()
    assert whole.count(listed) == whole.count(looked) == 1
    changed = whole.replace(listed, f"sleep 60 & victim=$!; {listed}")
    changed = changed.replace(
        looked,
        f'[ -z "$victim" ] || {{ kill -9 "$victim"; wait "$victim"; warn "ended $victim"; victim=""; }}; {looked}',
    )
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run([*shell, "-s"], input=changed.encode(), env=environment, capture_output=True, check=True)
    (victim,) = re.findall(rb"^collector: ended ([0-9]+)$", done.stderr, re.MULTILINE)
    node = read_capture(done.stdout, "a capture")
    assert victim.decode() in node.names("/proc")
    with pytest.raises(Absent):
        node.read(f"/proc/{victim.decode()}/comm", 64)
    with pytest.raises(Absent):
        node.names(f"/proc/{victim.decode()}/fd")
    statuses = {key[2]: item["status"] for key, item in results(comparable(run(node))).items() if key[0] == "time-sync"}
    assert statuses["now"] != "unknown"


def test_a_capture_that_was_cut_short_is_refused() -> None:
    from nodecheck.errors import CaptureError

    whole = collected(None).stdout
    with pytest.raises(CaptureError, match="cut short"):
        read_capture(whole[: len(whole) // 2], "a capture")


@pytest.mark.parametrize(
    "record",
    [b"S\n|zz 0 0 0 0 ./etc/x\n\n", b"S\n|81a4 0 0 0 0 /etc/x\n\n", b"l ../etc\n|x\n\n", b"a etc\n", b"n x\n", b"r x\n",
     b"o 0 /bin/x\n", b"g /etc/../x\n\n", b"+ x\n", b"k 0 0\n", b"u\n|x\n\n", b"v /\n|1 2\n\n", b"h /x\n|zz\n\n"],
)  # fmt: skip
def test_records_that_no_script_prints_are_one_error(record: bytes) -> None:
    from nodecheck.errors import CaptureError

    about = b"nodecheck capture 1\ni time x\ni tool x\ni path /\ni running 1\ni whole 1\ni own 1\n@collected\n"
    before = b"g /etc/y\n\n" if record[:1] == b"+" else b""
    with pytest.raises(CaptureError, match=r"a capture, line [0-9]+: expected"):
        read_capture(about + before + record + b".\n", "a capture")
