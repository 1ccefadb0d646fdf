"""``nodecheck capture --redact``: the verdicts stay, and the node's names and addresses do not."""

# ruff: noqa: E501 - lines as the programs write them
from __future__ import annotations

import ipaddress
import json
import os
import random
import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nodecheck
from nodecheck.capturing.addresses import OtherAddresses
from nodecheck.capturing.complete import captured
from nodecheck.capturing.files import packed
from nodecheck.capturing.image import Image
from nodecheck.capturing.net_tables import table_at
from nodecheck.capturing.permute import RedactKey
from nodecheck.capturing.redact import redacted
from nodecheck.capturing.text import dumped
from nodecheck.host import open_host
from nodecheck.host.base import Completed, Question, Uname
from nodecheck.host.netlink.rows import AddressRow, LinkRow, RouteRow
from nodecheck.plugins import load
from nodecheck.testing import write_tree
from tests.cli.conftest import Ended
from tests.fix.test_corpus import roots as corpus_roots
from tests.nodes import debian_node, rocky_node
from tests.reference import reference_node

SEED = int(os.environ.get("NODECHECK_SEED", "1"))
ROOTS = int(os.environ.get("NODECHECK_ROOTS", "32"))
"""Trees of the corpus that are drawn."""

KEY = RedactKey(bytes(32))
ADDRESSES = OtherAddresses(KEY, {})


def image_of(root: Path | None) -> Image:
    return captured(open_host(None if root is None else str(root)), load())


# -- words and addresses


@given(st.text(alphabet="abcXYZ019-_.é", max_size=80))
def test_a_word_keeps_its_shape(text: str) -> None:
    found = KEY.word("name", text)

    def shape(word: str) -> list[object]:
        return [(c.isalpha(), c.isupper(), c.isdigit()) if c.isascii() and c.isalnum() else c for c in word]

    assert shape(found) == shape(text)
    assert KEY.word("name", text) == found


def test_no_two_words_become_one() -> None:
    names = [f"node{number:02}" for number in range(100)] + [f"n{number}" for number in range(10)]
    assert len({KEY.word("name", name) for name in names}) == len(names)
    assert KEY.word("name", "NODE07").lower() == KEY.word("name", "node07")
    assert RedactKey(bytes([1] * 32)).word("name", "node07") != KEY.word("name", "node07")


V4 = st.integers(min_value=0, max_value=(1 << 32) - 1).map(ipaddress.IPv4Address)
V6 = st.one_of(
    st.integers(min_value=0, max_value=(1 << 128) - 1),
    st.integers(min_value=0, max_value=(1 << 64) - 1).map(lambda number: 0xFD << 120 | number),
    st.integers(min_value=0, max_value=(1 << 64) - 1).map(lambda number: 0x2001 << 112 | number),
).map(ipaddress.IPv6Address)
KINDS = ("is_loopback", "is_link_local", "is_multicast", "is_unspecified")
PRIVATE = [ipaddress.ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")]


@given(V4, V4)
def test_ipv4_addresses_share_as_many_bits_as_before(one: ipaddress.IPv4Address, other: ipaddress.IPv4Address) -> None:
    new = [ipaddress.IPv4Address(ADDRESSES.ipv4(str(address))) for address in (one, other)]

    assert (int(one) ^ int(other)).bit_length() == (int(new[0]) ^ int(new[1])).bit_length()
    for old, now in zip((one, other), new):
        kept = old in ipaddress.ip_network("0.0.0.0/8") or int(old) >> 29 == 7 or old.is_loopback or old.is_link_local
        assert (old == now) == (kept or str(old) in ("128.0.0.0", "192.0.0.0"))
        assert [old in net for net in PRIVATE] == [now in net for net in PRIVATE]
        assert [getattr(old, kind) for kind in KINDS] == [getattr(now, kind) for kind in KINDS]


@given(V6, V6)
def test_ipv6_addresses_share_as_many_bits_as_before(one: ipaddress.IPv6Address, other: ipaddress.IPv6Address) -> None:
    new = [ipaddress.IPv6Address(ADDRESSES.ipv6(str(address))) for address in (one, other)]

    if not one.is_link_local and not other.is_link_local:
        assert (int(one) ^ int(other)).bit_length() == (int(new[0]) ^ int(new[1])).bit_length()
    for old, now in zip((one, other), new):
        assert [getattr(old, kind) for kind in KINDS] == [getattr(now, kind) for kind in KINDS]


@given(V4, st.integers(min_value=0, max_value=32))
def test_a_network_stays_one_and_holds_what_it_held(address: ipaddress.IPv4Address, length: int) -> None:
    network = ipaddress.ip_network((address, length), strict=False)
    new = ipaddress.ip_network(ADDRESSES.text(f"x {network},").split()[1].rstrip(","))  # strict: no host bits

    assert new.prefixlen == length
    assert ipaddress.IPv4Address(ADDRESSES.ipv4(str(address))) in new or length == 0 or str(network) == str(new)


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1 localhost", "255.255.255.0 0.0.0.0 224.0.0.22 169.254.169.254", "::1 fe80::1 ff02::2 ::", "12:34:56",
        "v1.2.3.4", "5.15.0.91.88", "0000:00:1f.2", "00:00:00:00:00:00 ff:ff:ff:ff:ff:ff", "0.0.0.0/0 ::/0 10.0.0.0/8",
        "1.34.1", "256.1.1.1", "UUID=0a3407de-014b-458b-b5c1-848e92a327a3",
    ],
)  # fmt: skip
def test_what_is_no_address_of_anybody_stays(text: str) -> None:
    assert ADDRESSES.text(text) == text


@pytest.mark.parametrize(
    ("text", "old"),
    [
        ("server=10.1.2.3:6443", "10.1.2.3"), ("[fd00::5]:6443,", "fd00::5"), ("10.1.2.3.", "10.1.2.3"),
        ("ip=10.1.2.3::10.1.2.1:255.255.255.0:n:eth0:off", "10.1.2.3"), ("ether 52:54:00:AB:cd:ef", "52:54:00:AB:cd:ef"),
        ("enx525400abcdef", "525400abcdef"), ("fe80::5054:ff:feab:cdef%eth0", "5054:ff:feab:cdef"), ("::ffff:10.1.2.3", "10.1.2.3"),
        ("10.1.2.3-10.1.2.9", "10.1.2.9"),
    ],
)  # fmt: skip
def test_addresses_are_found_where_they_stand(text: str, old: str) -> None:
    assert old in text
    assert old not in ADDRESSES.text(text)


def test_a_mac_keeps_what_its_first_bits_say() -> None:
    for first in (0x00, 0x01, 0x02, 0x03, 0xFE):
        mac = f"{first:02x}:54:00:12:34:56"
        assert int(ADDRESSES.mac(mac)[:2], 16) & 3 == first & 3
        assert ADDRESSES.mac(mac) != mac


def test_tables_of_the_kernel() -> None:
    route = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n"
    route += "eth0\t0002A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\neth0\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\n"
    table = table_at("/proc/net/route") or pytest.fail("none")
    rows = [line.split("\t") for line in table(route, ADDRESSES).split("\n")[1:3]]

    def dotted(text: str) -> str:
        return str(ipaddress.IPv4Address(bytes.fromhex(text)[::-1]))

    assert dotted(rows[0][1]) == ADDRESSES.text("192.168.2.0/24")[:-3]
    assert (dotted(rows[1][1]), dotted(rows[1][2])) == ("0.0.0.0", ADDRESSES.ipv4("192.168.2.1"))
    sockets = table_at("/proc/1/net/tcp") or pytest.fail("none")
    assert "0100007F:1F90 00000000:0000" in sockets("  0: 0100007F:1F90 00000000:0000 0A", ADDRESSES)
    assert "0102A8C0" not in sockets("  0: 0102A8C0:1F90 00000000:0000 0A", ADDRESSES)


# -- captures


def verdicts(image: Image, table: dict[str, str], **asked: str) -> dict[str, object]:
    """By id, with the names of the redacted capture."""
    found: dict[str, object] = {}
    for item in nodecheck.run(capture=packed(image), **asked).results:  # type: ignore[arg-type]
        name = re.sub(r"\[(.*)\]", lambda held: "[" + renamed(held[1], table) + "]", item.id)
        found[name] = (item.status, item.severity)
    return found


def renamed(text: str, table: dict[str, str]) -> str:
    for old in sorted(table, key=len, reverse=True):
        text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(old)}(?![A-Za-z0-9])", table[old], text)
    return text


def changed(root: Path | None) -> list[str]:
    """The verdicts of a node that its redacted capture has not."""
    image, table = image_of(root), dict[str, str]()
    new = redacted(image, KEY, table)
    found = []
    for asked in ({}, {"role": "worker", "kubernetes": "1.34"}):
        here, there = verdicts(image, table, **asked), verdicts(new, {}, **asked)
        found += [f"{root} {asked}: {name}" for name in here.keys() | there.keys() if here.get(name) != there.get(name)]
    return found


@pytest.mark.parametrize("build", [debian_node, rocky_node, reference_node])
def test_verdicts_of_a_scratch_node_stay(tmp_path: Path, build: Callable[[Path], Path]) -> None:
    assert changed(build(tmp_path)) == []


def test_verdicts_of_the_live_node_stay() -> None:
    assert changed(None) == []


@pytest.mark.parametrize("part", range(4))
def test_verdicts_of_the_corpus_stay(corpus: Path, part: int) -> None:
    roots = random.Random(SEED).sample(corpus_roots(corpus), ROOTS)[part::4]
    assert [line for root in roots for line in changed(root)] == []


CANARIES = (
    "canary7", "quokka", "10.77.1.2", "10.77.1.1", "fd77:1:2::77", "52:54:00:77:77:77", "525400777777", "alice7",
    "bob", "Alice Zephyr", "77777777abcdef0177777777abcdef01", "192.168.77.5", "nas77", "10.77.9.9", "SER77-1234", "vault.quokka",
)  # fmt: skip
"""What must not be in a redacted capture, nor in what becomes of it."""


def canary_node(tmp_path: Path) -> Path:
    root = debian_node(tmp_path)
    write_tree(
        root,
        {
            "etc/hostname": "canary7\n",
            "proc/sys/kernel/hostname": "canary7\n",
            "etc/hosts": "127.0.0.1 localhost\n10.77.1.2 canary7.quokka.example CANARY7\nfd77:1:2::77 six.quokka.example\n",
            "etc/resolv.conf": "search quokka.example\nnameserver 10.77.1.1\n",
            "etc/machine-id": "77777777abcdef0177777777abcdef01\n",
            "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nalice7:x:1000:1000:Alice Zephyr,,,:/home/alice7:/bin/sh\n"
            "bob:x:1001:1001::/home/bob:/bin/sh\n",
            "etc/group": "root:x:0:\nadmins:x:2000:alice7,bob\n",
            "etc/fstab": "UUID=0a3407de-014b-458b-b5c1-848e92a327a3 / ext4 defaults 0 1\n"
            "nas77.quokka.example:/x /home/alice7 nfs rw,addr=10.77.9.9 0 0\n//192.168.77.5/x /mnt cifs user=bob,ro 0 0\n",
            "etc/default/kubelet": "KUBELET_EXTRA_ARGS=--hostname-override=canary7 --node-ip=10.77.1.2,fd77:1:2::77\n",
            "proc/cmdline": "BOOT_IMAGE=/vmlinuz root=UUID=x ro systemd.hostname=canary7 ip=10.77.1.2::10.77.1.1:255.255.0.0:"
            "canary7:enx525400777777:off systemd.machine_id=77777777abcdef0177777777abcdef01\n",
            "etc/systemd/system/canary7.service": "[Unit]\nDescription=Canary7 of quokka.example\n[Service]\nUser=alice7\n"
            "ExecStart=/home/bob/canary7 --to https://vault.quokka.example:8200/ --mac 52:54:00:77:77:77\n",
            "etc/sysctl.d/90-canary7.conf": "# by alice7 for canary7-eth0\nnet.ipv4.ip_forward = 1\n",
            "sys/class/dmi/id/product_serial": "SER77-1234\n",
            "sys/class/dmi/id/sys_vendor": "QEMU\n",
        },
    )
    return root


def with_answers(image: Image) -> Image:
    """The answers of a node that runs."""
    image.answers[Question("uname")] = Uname("Linux", "canary7", "6.1.0", "#1", "x86_64")
    image.answers[Question("process_user", (77,))] = "alice7"
    run = ("ip", "addr", "show", "10.77.1.2")
    image.answers[Question("run", (run,))] = Completed(run, 0, "canary7 10.77.1.2/16\n", "bob: no\n")
    row = LinkRow(2, 65609, "enx525400777777", 1500, "UP", "52:54:00:77:77:77", None, None, None)
    image.answers[Question("netlink", ("links",))] = (row,)
    image.answers[Question("netlink", ("addresses",))] = (AddressRow(2, 16, 128, 0, 2, "10.77.1.2"),)
    route = RouteRow(2, 16, 254, 2, 1, 0, "10.77.0.0", 2, "10.77.1.1", None, None, None)
    image.answers[Question("netlink", ("routes",))] = (route,)
    image.at("/sys/devices/virtual/dmi/id/product_serial").content = b"SER77-1234\n"
    image.at("/proc/77/exe").kind = "link"
    image.at("/proc/77/exe").target = "/home/alice7/canary7"
    return image


def canaries(text: str) -> list[str]:
    return [word for word in CANARIES if word.lower() in text.lower()]


def test_no_canary_is_left(tmp_path: Path) -> None:
    image, table = with_answers(image_of(canary_node(tmp_path / "tree"))), dict[str, str]()
    image.origin = image.origin._replace(path="/home/alice7/images/canary7")
    assert len(canaries(dumped(image).decode())) == len(CANARIES)
    new = redacted(image, KEY, table)

    assert canaries(dumped(new).decode()) == []
    report = nodecheck.run(capture=packed(new))
    assert canaries("".join(report.render(name) for name in ("json", "text", "html"))) == []
    assert {"canary7", "alice7", "10.77.1.2", "52:54:00:77:77:77"} <= table.keys()
    assert verdicts(new, {}) == verdicts(image, table)


def test_what_was_equal_is_equal(tmp_path: Path) -> None:
    new = redacted(with_answers(image_of(canary_node(tmp_path / "tree"))), KEY, {})
    name = (new.entries["/etc/hostname"].content or b"").decode().strip()
    addresses = new.answers[Question("netlink", ("addresses",))]
    routes = new.answers[Question("netlink", ("routes",))]

    assert re.fullmatch("[a-z]{6}[0-9]", name)
    assert new.answers[Question("uname")].node == name
    assert f"{addresses[0].address} {name}." in (new.entries["/etc/hosts"].content or b"").decode()
    assert name.upper() in (new.entries["/etc/hosts"].content or b"").decode()
    assert ipaddress.ip_address(addresses[0].address) in ipaddress.ip_network(f"{routes[0].destination}/16")
    assert f"/etc/sysctl.d/90-{name}.conf" in new.entries
    assert f"90-{name}.conf" in (new.entries["/etc/sysctl.d"].names or ())


def test_an_everyday_word_is_replaced_where_a_name_stands_alone(tmp_path: Path) -> None:
    root = debian_node(tmp_path)
    write_tree(root, {"etc/hostname": "debian\n", "etc/hosts": "127.0.0.1 localhost\n10.0.0.7 debian\n"})
    new = redacted(image_of(root), KEY, {})

    assert new.entries["/etc/hostname"].content != b"debian\n"
    assert b"debian" not in (new.entries["/etc/hosts"].content or b"")
    assert changed(root) == []


# -- the command


@pytest.fixture
def fleet(tmp_path: Path) -> list[Path]:
    roots = [debian_node(tmp_path / "one"), debian_node(tmp_path / "two")]
    write_tree(roots[1], {"etc/hostname": "node2\n", "etc/hosts": "192.0.2.12 node2\n192.0.2.11 node1\n"})
    return roots


def test_captures_under_one_map_agree(
    fleet: list[Path], tmp_path: Path, nodecheck_command: Callable[..., Ended]
) -> None:
    for number, root in enumerate(fleet):
        words = ("capture", "--root", str(root), "--redact", "--map", "fleet.map", "-o", f"{number}.capture")
        assert nodecheck_command(*words, cwd=tmp_path) == (0, "", "")
    table = json.loads((tmp_path / "fleet.map").read_text())["table"]
    shown = [
        nodecheck_command("capture", "--from", f"{number}.capture", "--show", "/etc/hosts", cwd=tmp_path).out
        for number in range(2)
    ]

    assert stat.S_IMODE((tmp_path / "fleet.map").stat().st_mode) == 0o600
    assert f"{table['192.0.2.11']} {table['node1']}" in shown[1]
    assert f"{table['192.0.2.11']}\t{table['node1.example']} {table['node1']}" in shown[0]
    assert "node1" not in "".join(shown) + "192.0.2.1"
    assert len(set(table.values())) == len(table)
    assert "redacted   yes" in nodecheck_command("capture", "--from", "0.capture", "--show", cwd=tmp_path).out


def test_without_a_map_no_two_agree(fleet: list[Path], tmp_path: Path, nodecheck_command: Callable[..., Ended]) -> None:
    for number in range(2):
        words = ("capture", "--root", str(fleet[0]), "--redact", "-o", f"{number}.capture")
        assert nodecheck_command(*words, cwd=tmp_path).code == 0
    assert (tmp_path / "0.capture").read_bytes() != (tmp_path / "1.capture").read_bytes()
    again = nodecheck_command("capture", "--from", "0.capture", "--redact", "-o", "x", cwd=tmp_path)
    assert (again.code, again.err) == (2, "nodecheck: --redact: this capture is redacted already\n")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_map_that_others_may_read_is_refused(
    fleet: list[Path],
    tmp_path: Path,
    mode: int,
    nodecheck_command: Callable[..., Ended],
) -> None:
    (tmp_path / "m").write_text("{}")
    (tmp_path / "m").chmod(mode)
    ended = nodecheck_command("capture", "--root", str(fleet[0]), "--redact", "--map", "m", "-o", "x", cwd=tmp_path)

    assert ended.code == 2
    assert "others may read this key" in ended.err
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "x", '{"format": "nodecheck map 1", "key": "00", "table": {}}', "[" * 99_999]
)
def test_what_is_no_map_is_refused(
    text: str, fleet: list[Path], tmp_path: Path, nodecheck_command: Callable[..., Ended]
) -> None:
    (tmp_path / "m").write_text(text)
    (tmp_path / "m").chmod(0o600)
    ended = nodecheck_command("capture", "--root", str(fleet[0]), "--redact", "--map", "m", "-o", "x", cwd=tmp_path)

    assert ended.code == 2
    assert ended.err == "nodecheck: --map m: expected a map that nodecheck capture wrote\n"
    assert (tmp_path / "m").read_text() == text
