"""The hardware addresses, which no report and no capture holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from nodecheck import Result
from nodecheck.capturing.addresses import OtherAddresses
from nodecheck.capturing.host import CaptureHost
from nodecheck.capturing.masking import is_secret_file
from nodecheck.capturing.outputs import links as links_of
from nodecheck.capturing.permute import RedactKey
from nodecheck.capturing.text import dumped
from nodecheck.checking import Outcome
from nodecheck.errors import Denied, Unsupported
from nodecheck.facts import HardwareAddresses, Links
from nodecheck.facts.network.kernel_files import link_address
from nodecheck.facts.network.links import LinkRow
from nodecheck.host import Host, LiveHost, RootHost
from nodecheck.host.link_address import LEFT_OUT, PLACEHOLDERS, derived_address
from nodecheck.host.netlink import dump
from nodecheck.testing import Entry, TreeLink, capture_of, judge, record, replay, run, write_tree
from nodecheck_checks.identity.mac_address import mac_address
from tests.host.netlink_namespaces import in_namespace
from tests.nodes import debian_node

MAC, OTHER = "9c:b6:d0:1a:2b:3c", "9c:b6:d0:1a:2b:3d"
CLASS = "/sys/class/net"


def address(text: str) -> str:
    found = derived_address(text)
    assert found is not None
    return found


def row(name: str, told: str | None, kind: str | None = None, master: int | None = None, **more: int) -> LinkRow:
    given = None if told is None else address(told)
    return LinkRow(more.get("index", 2), 0x1003, name, 1500, "UP", given, kind, master, more.get("lower"))


def found(root: Path, *rows: LinkRow, files: Mapping[str, Entry] | None = None) -> list[Outcome]:
    host = RootHost(str(write_tree(root, files or {"/etc/hostname": "x\n"})))
    return list(mac_address(HardwareAddresses.read(host, Links(rows))))


@pytest.mark.parametrize(
    ("told", "status", "actual"),
    [
        (MAC, "pass", None),
        ("52:54:00:ab:cd:ef", "pass", None),
        ("00:00:00:00:00:00", "fail", "all zeros"),
        ("ff:ff:ff:ff:ff:ff", "fail", "a group address"),
        ("01:00:5e:00:00:01", "fail", "a group address"),
        *[(one, "fail", one) for one in PLACEHOLDERS],
    ],
)
def test_values(tmp_path: Path, told: str, status: str, actual: str | None) -> None:
    (one,) = found(tmp_path, row("eth0", told))
    assert (one.status, one.subject) == (status, "eth0")
    assert one.actual == (actual or address(told).replace(":", ""))
    assert (one.fix is not None) == (status == "fail")
    assert told in PLACEHOLDERS or told not in repr(one)


def test_equal_addresses_give_equal_values_and_keep_two_bits() -> None:
    assert address(MAC) == address(MAC.upper()) != address(OTHER)
    for first in range(256):
        raw = f"{first:02x}:b6:d0:1a:2b:3c"
        assert int(address(raw)[:2], 16) & 3 == first & 3
        assert address(raw)[3:] != raw[3:]
    assert derived_address("00:00:00:00:00:00") == "00:00:00:00:00:00"


def test_two_interfaces_that_share_one(tmp_path: Path) -> None:
    first, second = found(tmp_path / "a", row("eth0", MAC), row("eth1", MAC, index=3))
    assert [first.status, second.status] == ["pass", "fail"]
    assert "eth0" in second.message
    assert [one.status for one in found(tmp_path / "b", row("eth0", MAC), row("eth1", OTHER))] == ["pass", "pass"]


@pytest.mark.parametrize(
    "rows",
    [
        (row("eth0", MAC, master=9), row("eth1", MAC, master=9), row("bond0", MAC, "bond", index=9)),
        (row("eth0", MAC), row("enP1s2", MAC, master=2)),  # Hyper-V's own card, and the one that is passed through
        (row("eth0", MAC), row("eth0.5", MAC, "vlan", lower=2), row("mv0", MAC, "macvlan", lower=2)),
        (row("eth0", MAC), row("lan1", MAC, lower=2), row("lan2", MAC, lower=2)),  # ports of a switch (DSA)
        (row("eth0", MAC), row("br0", MAC, "bridge"), row("team0", MAC, "team"), row("veth0", MAC, "veth")),
    ],
)
def test_those_that_share_one_rightly(tmp_path: Path, rows: tuple[LinkRow, ...]) -> None:
    assert {one.status for one in found(tmp_path, *rows)} == {"pass"}


def test_what_is_not_judged(tmp_path: Path) -> None:
    """No hardware, the loopback, and what has no address of Ethernet."""
    lo = LinkRow(1, 9, "lo", 65536, "UNKNOWN", "00:00:00:00:00:00", None, None, None)
    rows = (lo, row("ib0", "80:00:" + ":".join(["01"] * 18)), row("wwan0", None), row("veth0", MAC, "veth"))
    (one,) = found(tmp_path / "a", *rows)
    assert one.status == "skip"
    virtual: dict[str, Entry] = {f"{CLASS}/x0": TreeLink("../../devices/virtual/net/x0")}
    assert [one.status for one in found(tmp_path / "b", row("x0", MAC), files=virtual)] == ["skip"]
    real: dict[str, Entry] = {f"{CLASS}/x0": TreeLink("../../devices/pci0000:00/0000:00:03.0/net/x0")}
    assert [one.status for one in found(tmp_path / "c", row("x0", MAC), files=real)] == ["pass"]


def held(capture: Host) -> str:
    """The text of a capture."""
    assert isinstance(capture, CaptureHost)
    return dumped(capture.image).decode("utf-8", "replace")


class Running(RootHost):
    """A tree that stands for a running node whose kernel answers no netlink."""

    running = True

    def netlink(self, table: str) -> tuple[LinkRow, ...]:
        raise Unsupported(f"netlink {table}", "not here")


def sysfs(told: str, name: str = "eth0", number: int = 2) -> dict[str, Entry]:
    place = f"/sys/devices/pci0000:00/net/{name}"
    values = {"ifindex": str(number), "flags": "0x1003", "mtu": "1500", "operstate": "up", "iflink": str(number)}
    return {
        f"{CLASS}/{name}": TreeLink(f"../../devices/pci0000:00/net/{name}"),
        **{f"{place}/{key}": f"{value}\n" for key, value in {**values, "address": told, "uevent": ""}.items()},
    }


def test_by_sysfs_where_the_kernel_answers_no_netlink(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {**sysfs(MAC), **sysfs(PLACEHOLDERS[0], "eth1", 3)})
    recording = record(Running(str(root)))
    results = judge(mac_address, recording).results
    again = judge(mac_address, replay(recording.to_data())).results

    assert [(one.id, one.status, one.fingerprint) for one in results] == [
        (one.id, one.status, one.fingerprint) for one in again
    ]
    assert {one.id: str(one.status) for one in results} == {"mac-address[eth0]": "pass", "mac-address[eth1]": "fail"}
    assert MAC not in repr(results)


def test_a_capture_of_it_leaves_the_files_out(tmp_path: Path) -> None:
    assert is_secret_file(f"{CLASS}/eth0/address")
    assert is_secret_file("/sys/devices/virtual/net/lo/address")
    assert not is_secret_file(f"{CLASS}/eth0/mtu")
    capture = capture_of(Running(str(write_tree(tmp_path, sysfs(MAC)))))
    assert link_address(capture, "eth0") == LEFT_OUT
    (one,) = judge(mac_address, capture).results
    assert (one.status, one.cause and one.cause.code) == ("skip", "not-captured")
    text = held(capture)
    assert "eth0" in text
    assert MAC not in text


def test_a_root_is_skipped(tmp_path: Path) -> None:
    (one,) = run(write_tree(tmp_path, sysfs(MAC)), select=["mac-address"]).results
    assert (one.status, one.cause and one.cause.code) == ("skip", "offline")


def test_who_may_not_ask_does_not_know(tmp_path: Path) -> None:
    class Refusing(Running):
        def read_at(self, path: str, offset: int, size: int) -> bytes:
            if path.endswith("/address"):
                raise Denied(path, "permission denied")
            return super().read_at(path, offset, size)

    (one,) = judge(mac_address, Refusing(str(write_tree(tmp_path, sysfs(MAC))))).results
    assert (one.status, one.cause and one.cause.code) == ("unknown", "denied")


NODE = (
    f"link add hw0 address {MAC} type veth peer name hw1 address {MAC}",
    "link add hw2 address 52:54:00:12:34:56 type bridge",
    "link set hw0 up",
)


def test_a_real_kernels_links() -> None:
    """A host never gives an address, and what it gives is what is derived from the kernel's."""

    def work() -> tuple[dict[str, str], dict[str, str]]:
        raw = {one.name: one.address for one in dump("links")}
        return raw, {one.name: one.address for one in LiveHost().netlink("links")}

    raw, given = in_namespace(work, *NODE)
    assert raw["hw0"] == MAC
    assert given == {name: derived_address(told) for name, told in raw.items()}
    assert (given["hw0"] == given["hw1"], given["hw2"]) == (True, "52:54:00:12:34:56")
    assert MAC not in given.values()


def test_a_real_capture_holds_none() -> None:
    """Of a live node, by netlink and by files; judged it says the same."""

    def work() -> tuple[str, list[tuple[str, str, str | None]], list[tuple[str, str, str | None]]]:
        capture = capture_of()
        told = held(capture)

        def said(results: tuple[Result, ...]) -> list[tuple[str, str, str | None]]:
            return [(one.id, str(one.status), one.actual) for one in results]

        own = run(select=["mac-address"]).results
        return told, said(own), said(run(capture, select=["mac-address"]).results)

    told, own, again = in_namespace(work, *NODE)
    assert own == again
    assert MAC not in told
    assert address(MAC) in told


def test_what_ip_printed_is_derived() -> None:
    text = f"2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500 state UP\n    link/ether {MAC} brd ff:ff:ff:ff:ff:ff\n"
    rows = links_of(text)
    assert rows is not None
    assert rows[0].address == address(MAC)


def test_a_capture_that_is_redacted_keeps_the_verdicts() -> None:
    others = OtherAddresses(RedactKey(b"k" * 32), {})
    assert others.mac(address(MAC)) not in (MAC, address(MAC))
    assert [others.mac(one) for one in PLACEHOLDERS] == list(PLACEHOLDERS)


def test_one_fault_in_a_healthy_node_fails_this_check_alone(tmp_path: Path) -> None:
    def bad(told: str, name: str) -> set[str]:
        tree = Running(str(write_tree(debian_node(tmp_path / name), sysfs(told))))
        return {one.id for one in run(tree).results if one.status == "fail" and one.severity == "error"}

    assert bad(PLACEHOLDERS[0], "a") - bad(MAC, "b") == {"mac-address[eth0]"}


def test_the_fix_makes_it_pass(tmp_path: Path) -> None:
    root = write_tree(tmp_path, sysfs("00:00:00:00:00:00"))
    (before,) = judge(mac_address, Running(str(root))).results
    assert before.status == "fail"
    assert before.fix is not None
    assert [step.kind for step in before.fix.steps] == ["manual"]
    (root / "sys/devices/pci0000:00/net/eth0/address").write_text(f"{MAC}\n")
    (after,) = judge(mac_address, Running(str(root))).results
    assert after.status == "pass"


def test_no_address_stands_in_the_page() -> None:
    """But those that many machines have."""
    told = re.findall(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", mac_address.__doc__ or "")
    assert set(told) <= set(PLACEHOLDERS)
