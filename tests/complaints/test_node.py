"""Complaints about programs, hardware, identity, the clock, ports and SELinux."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.host.base import ClockState
from nodecheck.host.link_address import derived_address
from nodecheck.host.netlink import LinkRow
from nodecheck.testing import Entry, TreeLink, run
from tests.certificates import certificate, private_key
from tests.complaints.planted import Running, failed, plant, statuses, told
from tests.nodes import rocky_node

LEGACY = ("conntrack", "ebtables", "ethtool", "ip", "socat", "tc")
"""What old releases of kubeadm asked for, and ``debian_node`` does not have."""


@pytest.mark.parametrize(
    ("release", "mode", "missing"),
    [
        ("1.34", "nftables", set()), ("1.34", "none", set()), ("1.34", "iptables", {"iptables"}),
        ("1.32", "nftables", {"ip", "iptables", "ethtool", "tc", "nsenter"}),
        ("1.27", "iptables", {*LEGACY, "iptables", "nsenter", "crictl"}),
    ],
)  # fmt: skip
def test_complaint_30(tmp_path: Path, release: str, mode: str, missing: set[str]) -> None:
    """kubeadm demanded iptables, ebtables and socat long after nothing used them, on nodes with nftables alone too
    (kubeadm#3132, k/k#129108, #127416): what is asked follows the release and kube-proxy's mode, with its reason."""
    root = plant(tmp_path, {}, without=("usr/sbin/iptables",))

    assert failed(root, "command", kubernetes=release, proxy_mode=mode) == {f"command[{name}]" for name in missing}
    for one in told(root, "command", kubernetes=release, proxy_mode=mode).values():
        assert one.status == "pass" or ";" in one.message  # why it is asked


STATUS = "Name:\tsystemd\nState:\tS (sleeping)\nTgid:\t1\nPid:\t1\nCpus_allowed:\t{mask}\nCpus_allowed_list:\t{list}\n"
HARDWARE = ("cpu-count", "memory", "disk-free", "inodes-free")


def machine(processors: str, mask: str, mib: int) -> dict[str, Entry]:
    """What the kernel shows of a machine's processors and memory."""
    return {
        "/proc/1/status": STATUS.format(mask=mask, list=processors),
        "/sys/devices/system/cpu/online": f"{processors}\n",
        "/proc/meminfo": f"MemTotal:        {mib * 1024} kB\nMemFree:          225472 kB\n",
        "/var/lib/etcd/.x": "", "/var/lib/containerd/.x": "", "/var/log/syslog": "",
    }  # fmt: skip


def test_complaint_33(tmp_path: Path) -> None:
    """There was no check of the hardware (kubeadm#1052), and later of processors and memory alone (kubeadm#2479): the
    default profile judges processors, memory, disks and inodes, and names what it counted."""
    asked = {"kubernetes": "1.34", "role": "control-plane"}
    small = Running(plant(tmp_path / "small", machine("0", "1", 1699)))
    small.space = small.space._replace(blocks_available=100_000, inodes_available=100)
    assert failed(small, *HARDWARE, **asked) >= {
        "cpu-count", "memory", "disk-free[/var/lib/etcd]", "disk-free[/var/lib/kubelet]",
        "inodes-free[/var/lib/etcd]", "inodes-free[/var/lib/kubelet]",
    }  # fmt: skip
    assert told(small, "memory", **asked)["memory"].actual == "1699 MiB of memory"

    enough = Running(plant(tmp_path / "enough", machine("0-1", "3", 1700)))
    found = told(enough, *HARDWARE, **asked)
    assert {str(one.status) for one in found.values()} == {"pass"}
    assert {one.check for one in found.values()} == set(HARDWARE)


UUID = "/sys/class/dmi/id/product_uuid"
CLONE, OWN = "03000200-0400-0500-0006-000700080009\n", "4c4c4544-0051-3610-8052-b4c04f4e3732\n"


def test_complaint_34(tmp_path: Path) -> None:
    """Two nodes of one image joined under one identity, and one took the other's place without a word (kubeadm#31,
    #1130, kismatic#264); kubeadm declined to look (k/k#68817). What marks a clone by itself fails, and the report holds
    a value by which clones are found among reports."""
    asked = ("product-uuid", "machine-id", "hostname")
    assert failed(Running(plant(tmp_path / "own", {UUID: OWN})), *asked, phase="join") == set()
    copied: dict[str, Entry] = {UUID: CLONE, "/etc/machine-id": "uninitialized\n", "/etc/hostname": "localhost\n",
                                "/proc/sys/kernel/hostname": "localhost\n"}  # fmt: skip
    assert failed(Running(plant(tmp_path / "clone", copied)), *asked, phase="join") == {
        "product-uuid", "machine-id", "hostname", "hostname@boot"
    }  # fmt: skip

    of_cards = []
    for mac in ("52:54:00:12:34:56", "9c:b6:d0:1a:2b:3c", "9c:b6:d0:1a:2b:3c", "9c:b6:d0:1a:2b:3d"):
        node = Running(tmp_path / "own")
        node.rows = (LinkRow(2, 0x1003, "eth0", 1500, "UP", derived_address(mac), None, None, None),)
        of_cards.append(told(node, "mac-address")["mac-address[eth0]"])
    assert [str(one.status) for one in of_cards] == ["fail", "pass", "pass", "pass"]  # QEMU's own is many machines'
    assert of_cards[1].actual == of_cards[2].actual != of_cards[3].actual

    ids = [run(tmp_path / name, select=["machine-id"]).node.machine_id for name in ("own", "own")]
    other = plant(tmp_path / "other", {"/etc/machine-id": "fedcba9876543210fedcba9876543210\n"})
    ids.append(run(other, select=["machine-id"]).node.machine_id)
    assert ids[0] is not None
    assert ids[0] == ids[1] != ids[2]
    assert "0123456789abcdef" not in ids[0]  # it is derived


UNSYNC = ClockState(5, 0x0040, 16_000_000, 16_000_000)
FIRST: dict[str, Entry] = {"/proc/self/ns/pid": TreeLink("pid:[4026531836]"), "/proc/1/comm": "systemd\n"}


def test_complaint_35(tmp_path: Path) -> None:
    """kubeadm and kubespray did not ask for the clock, and certificates were not valid yet (kubespray#2463, #6767);
    others ask for the service of NTP, and a clock that PTP keeps failed (embedded-cluster#1893)."""
    roots = {
        name: plant(tmp_path / f"of {name}", {**FIRST, **({"/proc/612/comm": f"{name}\n"} if name else {})})
        for name in ("chronyd", "phc2sys", "")
    }
    for root in roots.values():
        assert statuses(Running(root), "time-sync") == {"time-sync": "pass"}

    found = {}
    for name, root in roots.items():
        node = Running(root)
        node.told_clock = UNSYNC
        (found[name],) = told(node, "time-sync").values()
    assert (str(found[""].status), found[""].severity.value) == ("fail", "warning")
    assert found[""].fix is not None
    assert found["phc2sys"].status == "unknown"  # it runs, and has not told the kernel yet


def test_complaint_35_certificates(tmp_path: Path) -> None:
    """The error "certificate has expired or is not yet valid" came of the node's clock, which was behind
    (linkerd2#2762, platform9/express#109): kubeadm asks only whether the files of certificates are there."""
    pki = "/etc/kubernetes/pki/ca"
    for name, since, status in (("ahead", -0.5, "fail"), ("valid", 1, "pass")):
        files: dict[str, Entry] = {f"{pki}.crt": certificate(3000, since=since), f"{pki}.key": private_key(1)}
        found = told(plant(tmp_path / name, files), f"certificate[{pki}.crt*]")
        assert (str(found[f"certificate[{pki}.crt]"].status), str(found[f"certificate[{pki}.crt#key]"].status)) == (
            status, "pass"
        )  # fmt: skip
        assert ("is not valid before" in found[f"certificate[{pki}.crt]"].message) is (status == "fail")


HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
VIP, OWN_ADDRESS, ANY = "640200C0", "0B0200C0", "00000000"
"""192.0.2.100, 192.0.2.11 and every address, as /proc/net/tcp writes them."""


def listeners(*held: tuple[str, int, int]) -> str:
    """``/proc/net/tcp`` of sockets that listen: address, port, inode."""
    return HEAD + "".join(
        f"   {number}: {address}:{port:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0"
        f" {inode} 1 0000000000000000 100 0 0 10 0\n"
        for number, (address, port, inode) in enumerate(held)
    )


def process(pid: int, name: str, inode: int) -> dict[str, Entry]:
    return {
        f"/proc/{pid}/comm": f"{name}\n", f"/proc/{pid}/cmdline": f"/usr/sbin/{name}\0",
        f"/proc/{pid}/status": "Uid:\t0\t0\t0\t0\n",
        f"/proc/{pid}/cgroup": f"0::/system.slice/{name}.service\n", f"/proc/{pid}/fd/7": TreeLink(f"socket:[{inode}]"),
    }  # fmt: skip


def test_complaint_38(tmp_path: Path) -> None:
    """kubeadm init ended with "Port 6443 is in use" where haproxy held a virtual address, and did not say by whom
    (community#7524, kubeadm#1348): the holder and its address are told, and addresses apart are no conflict."""
    asked = {"kubernetes": "1.34", "role": "control-plane"}

    def judged(name: str, *held: tuple[str, int, int]) -> Running:
        tables: dict[str, Entry] = {"/proc/1/net/tcp": listeners(*held), "/proc/1/net/tcp6": HEAD}
        both = {**process(812, "haproxy", 4242), **process(913, "kube-apiserver", 4343)}
        return Running(plant(tmp_path / name, {**tables, **both}))

    port = "port[6443/tcp]"
    (alone,) = told(judged("alone", (VIP, 6443, 4242)), port, **asked).values()
    assert alone.status == "fail"
    assert "haproxy (haproxy.service) on 192.0.2.100:6443" in alone.message
    beside = judged("beside", (VIP, 6443, 4242), (OWN_ADDRESS, 6443, 4343))
    assert statuses(beside, port, **asked) == {port: "pass"}
    assert statuses(judged("own", (ANY, 6443, 4343)), port, **asked) == {port: "pass"}
    assert statuses(judged("free", (ANY, 22, 1)), port, **asked) == {port: "pass"}
    assert statuses(judged("all", (ANY, 6443, 4242)), port, **asked) == {port: "fail"}


ENFORCING, PERMISSIVE, DISABLED = [
    f"SELINUX={mode}\nSELINUXTYPE=targeted\n" for mode in ("enforcing", "permissive", "disabled")
]
ENTRY = "/boot/loader/entries/abc-5.14.0-570.12.1.el9_6.x86_64.conf"
OFF = (
    "title Rocky\nversion 5.14.0-570.12.1.el9_6.x86_64\nlinux /vmlinuz-5.14.0-570.12.1.el9_6.x86_64\n"
    "initrd /initramfs.img\noptions root=/dev/mapper/rl-root ro selinux=0\n"
)
POLICY = ("usr/share/selinux/packages/container.pp.bz2", "var/lib/selinux/targeted/active/modules/200/container/cil")


NOW = "/sys/fs/selinux/enforce"
CONF = "/etc/selinux/config"
RIGHT, WRONG, OPEN = ("pass", "enforcing"), ("error", "enforcing"), ("info", "permissive")


@pytest.mark.parametrize(
    ("files", "without", "now", "boot"),
    [
        ({NOW: "1", CONF: ENFORCING}, (), RIGHT, RIGHT),
        ({NOW: "1", CONF: ENFORCING}, POLICY, WRONG, WRONG),
        ({NOW: "0", CONF: ENFORCING}, POLICY, OPEN, WRONG),
        ({NOW: "0", CONF: PERMISSIVE}, (), OPEN, OPEN),
        ({NOW: "1", CONF: DISABLED}, POLICY, WRONG, ("pass", "disabled")),
        ({NOW: "0", CONF: ENFORCING, ENTRY: OFF}, POLICY, OPEN, ("pass", "disabled")),
    ],
    ids=["enforcing", "no policy", "setenforce 0", "permissive", "the file", "the command line"],
)
def test_complaint_43(
    tmp_path: Path, files: dict[str, Entry], without: tuple[str, ...], now: tuple[str, str], boot: tuple[str, str]
) -> None:
    """Guides said ``setenforce 0``, which the reboot takes back (website#14457, kubeadm#279, kubekey#913), and others
    want it enforcing (embedded-cluster#1871): the kernel, the file and the command line are three facts, and what the
    site wants is the profile's to say. With container-selinux, enforcing is right."""
    root = plant(tmp_path, files, rocky_node, without)
    if without:
        (root / POLICY[1]).parent.rmdir()
    found = told(root, "selinux")

    said = [(str(one.status) if one.status == "pass" else one.severity.value, one.actual) for one in found.values()]
    assert said == [now, boot]
