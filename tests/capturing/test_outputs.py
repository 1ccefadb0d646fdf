"""What commands print, against the kernel's own answers to the same questions."""

# ruff: noqa: E501 - lines as the programs print them
from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from time import sleep

import pytest

from nodecheck.capturing import outputs
from nodecheck.host import LiveHost
from nodecheck.host.base import ClockState

IP = shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin:/bin") or "ip"

needs_ip = pytest.mark.skipif(not os.path.exists(IP), reason="ip(8) is not installed")

PLAN = """
link add v0 type veth peer name v1
link add br0 type bridge
link set v1 master br0
link add d0 type veth peer name d1
link set v0 up
link set v1 up
link set br0 up
link set d0 up
link set d1 up
address add 192.0.2.2/24 dev v0
address add 198.51.100.1 peer 198.51.100.2/32 dev d0
address add 2001:db8::2/64 dev d0 nodad
route add default via 192.0.2.1 dev v0 metric 100
route add 203.0.113.0/24 nexthop via 192.0.2.7 dev v0 nexthop via 192.0.2.8 dev v0
route add blackhole 10.9.0.0/16
route add unreachable 10.8.0.0/16 metric 7
route add 10.7.0.0/16 dev d0 table 77
-6 route add default via 2001:db8::1 dev d0
"""


def asked(*words: str) -> str:
    """What ip(8) prints."""
    return subprocess.run([IP, *words], capture_output=True, text=True, check=True).stdout


def compare() -> None:
    """Hold what ip(8) prints against netlink itself, in this network namespace, whose links settle for a moment."""
    for _ in range(20):
        try:
            compare_once()
            return
        except AssertionError:
            sleep(0.2)
    compare_once()


def compare_once() -> None:
    """The same, at this moment."""
    host = LiveHost()
    told = asked("-d", "address")
    links = outputs.links(told)
    assert links is not None
    kernel = {row.name: row for row in host.netlink("links")}
    for row in links:
        assert row._replace(mtu=None) == kernel[row.name]._replace(mtu=None)
        assert row.mtu == kernel[row.name].mtu
    assert len(links) == len(kernel)
    found = outputs.addresses(told)
    judged = 0x40 | 8 | 0x20  # tentative, dadfailed, deprecated
    here = sorted(row._replace(flags=row.flags & judged) for row in found or ())
    assert here == sorted(row._replace(flags=row.flags & judged) for row in host.netlink("addresses"))
    numbers = {row.name: row.ifindex for row in links}
    both = [(2, asked("route", "show", "table", "all")), (10, asked("-6", "route", "show", "table", "all"))]
    rows = [row for family, text in both for row in outputs.routes(text, family, numbers)]
    ours, kernels = _told(rows), _told(host.netlink("routes"))
    assert ours == kernels, f"{set(ours) - set(kernels)} {set(kernels) - set(ours)}"


def _told(rows: object) -> list[tuple[object, ...]]:
    """What verdicts go by; of what the kernel makes for its own addresses nothing."""
    found = []
    for row in rows:  # type: ignore[attr-defined]
        if row.table == 255 or row.type in (2, 3, 4, 5) or (row.destination or "").startswith(("ff", "fe80")):
            continue
        hops = None if row.hops is None else tuple(sorted((hop.interface, hop.gateway) for hop in row.hops))
        metric = row.priority or (1024 if row.family == 10 else None)
        where = (row.interface, row.gateway) if row.type == 1 and hops is None else None
        found.append((row.family, row.prefix_length, row.table, row.type, row.destination, where, hops, metric or 0))
    return sorted(found, key=repr)


@needs_ip
@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")
def test_links_addresses_and_routes_are_the_kernels() -> None:
    name = f"nodecheck-{os.getpid()}"
    if subprocess.run([IP, "netns", "add", name], capture_output=True).returncode:
        pytest.skip("no network namespace can be made here")
    try:
        for line in PLAN.strip().split("\n"):
            subprocess.run([IP, "-n", name, *line.split()], check=True, capture_output=True)
        code = "from tests.capturing.test_outputs import compare; compare()"
        done = subprocess.run(
            [IP, "netns", "exec", name, sys.executable, "-c", code],
            cwd=Path(__file__).resolve().parents[2],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    finally:
        subprocess.run([IP, "netns", "delete", name], check=True)


def test_listeners_of_netstat() -> None:
    text = (
        "Active Internet connections (servers and established)\n"
        "Proto Recv-Q Send-Q Local Address           Foreign Address         State       User       Inode      PID/Program"
        " name     Timer\n"
        "tcp        0      0 127.0.0.1:10248         0.0.0.0:*               LISTEN      0          28190      911/kubelet"
        "          off (0.00/0/0)\n"
        "tcp        0      0 192.0.2.2:22            192.0.2.9:5000          ESTABLISHED 0          28191      -"
        "                   keepalive (6843.21/0/0)\n"
        "tcp6       0      0 :::10250                :::*                    LISTEN      1000       28192      911/kubelet"
        "          off (0.00/0/0)\n"
        "udp        0      0 0.0.0.0:68              0.0.0.0:*                           0          1          -\n"
    )
    rest = "Active UNIX domain sockets (servers and established)\n"
    found = outputs.listeners(text + rest) or ()
    assert [(row.family, row.address, row.port, row.uid, row.inode) for row in found] == [
        (2, "127.0.0.1", 10248, 0, 28190),
        (10, "::", 10250, 1000, 28192),
    ]
    assert outputs.listeners(f"Active Internet connections (servers and established)\n{rest}") == ()
    assert outputs.listeners(text) is None  # cut: what came after may have listened on any port
    assert outputs.listeners("netstat: command not found\n") is None


def test_the_clock_of_timedatectl() -> None:
    told = "               Local time: Mon 2026-11-30 16:00:00 UTC\nSystem clock synchronized: {}\n"
    assert outputs.clock(told.format("yes")) == ClockState(0, 0, 0, 0)
    assert outputs.clock(told.format("no")) == ClockState(5, 0x40, 16_000_000, 16_000_000)
    assert outputs.clock("NTP synchronized: yes\n") == ClockState(0, 0, 0, 0)  # systemd before 239
    assert outputs.clock("Failed to connect to bus\n") is None


def test_kernel_parameters_of_sysctl() -> None:
    found = outputs.sysctls(
        "net.ipv4.ip_forward = 1\nnet.ipv4.conf.eth0/100.forwarding = 0\nkernel.a = 1\nkernel.a = 2\n"
        "sysctl: permission denied on key 'fs.x'\nkernel.core_pattern = |/usr/lib/x %p = y\n"
    )
    assert found == {
        "/proc/sys/net/ipv4/ip_forward": b"1\n",
        "/proc/sys/net/ipv4/conf/eth0.100/forwarding": b"0\n",
        "/proc/sys/kernel/core_pattern": b"|/usr/lib/x %p = y\n",
    }


def test_kernel_parameters_are_those_of_the_kernel() -> None:
    program = shutil.which("sysctl", path="/usr/sbin:/sbin:/usr/bin")
    if program is None:
        pytest.skip("sysctl(8) is not installed")
    done = subprocess.run([program, "-a"], capture_output=True)
    found = outputs.sysctls(done.stdout.decode("utf-8", "surrogateescape"))
    names = [name for name in found if name.startswith(("/proc/sys/net/ipv4/", "/proc/sys/vm/"))]
    assert len(names) > 100
    wrong = [name for name in names if _words(Path(name).read_bytes()) != _words(found[name])]
    assert len(wrong) <= 3, wrong  # some count


def _words(raw: bytes) -> list[bytes]:
    return raw.split()


def test_modules_of_lsmod() -> None:
    head = "Module                  Size  Used by\n"
    text = head + "ip_vs_rr               16384  0\nip_vs                 180224  2 ip_vs_rr,x\n"
    assert outputs.modules(text) == b"ip_vs_rr 16384 0 - Live 0x0\nip_vs 180224 2 ip_vs_rr,x, Live 0x0\n"
    assert outputs.modules("lsmod: not found\n") is None


def test_services_of_systemctl() -> None:
    text = (
        "  UNIT                LOAD      ACTIVE   SUB     DESCRIPTION\n"
        "  chrony.service      loaded    active   running chrony, an NTP client\n"
        "\u25cf firewalld.service   not-found inactive dead    firewalld.service\n"
        "  dev-sda.device      loaded    active   plugged a disk\n\nLOAD   = Reflects\n"
        "174 loaded units listed.\n"
    )
    assert outputs.units(text) == (
        "chrony.service loaded active running chrony, an NTP client\n"
        "firewalld.service not-found inactive dead firewalld.service\n"
    )
    assert outputs.units(text.replace("174 loaded units listed.\n", "")) is None
