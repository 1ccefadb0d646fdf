"""What netlink costs as facts: 10,000 links, 20,000 routes, 10,000 listeners, against a bare netlink socket.

    python benchmarks/netlink.py [--small] [--rounds N]

Makes a network namespace of its own (needs root, ``ip`` and veth), fills it, and measures in one process, by CPU
time, medians of pairs: the same request through a bare socket (receive and walk the message headers, nothing is
decoded), through :mod:`nodecheck.host.netlink`, and as the facts that checks get.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import resource
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from nodecheck.checking.store import Facts
from nodecheck.facts.network.links import Links
from nodecheck.facts.network.listeners import Listeners
from nodecheck.facts.network.routes import Routes
from nodecheck.host import LiveHost
from nodecheck.host.netlink import dump
from nodecheck.host.netlink.tables import asks, table_of

CLONE_NEWNET = 0x40000000
TARGET, STRETCH = 8.0, 4.0


class Measured(NamedTuple):
    """Milliseconds of CPU time, one a round."""

    rows: int
    bare: list[float]
    rows_ms: list[float]
    facts: list[float]


def enter_namespace() -> None:
    """Leave this process's network namespace for a new one, which goes when the process ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        sys.exit(f"a network namespace of its own: {os.strerror(ctypes.get_errno())} (this benchmark needs root)")


def fill(links: int, routes: int, listeners: int) -> list[socket.socket]:
    """The links, the routes (half of them IPv6) and the listening sockets."""
    batch = ["link set lo up", "link add up0 type veth peer name up1", "link set up0 up", "link set up1 up"]
    batch += ["addr add 192.0.2.2/24 dev up0", "addr add 2001:db8::2/64 dev up0 nodad"]
    batch += [f"link add v{n}a type veth peer name v{n}b" for n in range((links - 3) // 2)]
    half = routes // 2
    batch += [f"route add 10.{n >> 16}.{n >> 8 & 255}.{n & 255}/32 via 192.0.2.1 dev up0" for n in range(half)]
    batch += [f"route add 2001:db8:1::{n:x}/128 via 2001:db8::1 dev up0 metric 7" for n in range(half)]
    subprocess.run(["ip", "-batch", "-"], input="\n".join(batch), text=True, check=True, stdout=subprocess.DEVNULL)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, listeners + 256), max(hard, listeners + 256)))
    return [listening(n) for n in range(listeners)]


def listening(number: int) -> socket.socket:
    """A listening socket, every other one IPv6."""
    family, any_address = (socket.AF_INET6, "::") if number % 2 else (socket.AF_INET, "0.0.0.0")
    opened = socket.socket(family, socket.SOCK_STREAM)
    if family == socket.AF_INET6:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    opened.bind((any_address, 20000 + number))
    opened.listen(1)
    return opened


def bare(protocol: int, request: bytes) -> int:
    """The messages of one dump through a bare socket, counted."""
    opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
    header, count = struct.Struct("=IH"), 0
    try:
        opened.sendto(request, (0, 0))
        buffer = bytearray(1 << 16)
        while True:
            size, at = opened.recv_into(buffer), 0
            while at + 16 <= size:
                length, kind = header.unpack_from(buffer, at)
                if kind < 16:
                    return count
                count += 1
                at += (length + 3) & -4
    finally:
        opened.close()


def measure(table: str, fact: Any, rounds: int) -> Measured:
    """The three ways, in turn, ``rounds`` times; one round more to warm up, which does not count."""
    protocol = table_of(table).protocol

    def plain() -> object:
        return [bare(protocol, ask.request) for ask in asks(table)]

    def as_fact() -> object:
        return Facts(LiveHost()).get(fact)

    result = Measured(len(dump(table)), [], [], [])
    for turn in range(rounds + 1):
        times = [timed(plain), timed(lambda: dump(table)), timed(as_fact)]
        if turn:
            for kept, value in zip((result.bare, result.rows_ms, result.facts), times):
                kept.append(value)
    return result


def timed(work: Callable[[], object]) -> float:
    """CPU milliseconds of this process, its time in the kernel counted."""
    started = time.process_time()
    work()
    return (time.process_time() - started) * 1e3


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="a twentieth of everything")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    enter_namespace()
    part = 20 if options.small else 1
    kept = fill(10_000 // part, 20_000 // part, 10_000 // part)
    print(
        f"{'table':10} {'rows':>7} {'bare ms':>9} {'rows':>7} {'facts':>7}   target {TARGET:g} x, stretch {STRETCH:g} x"
    )
    good = True
    for table, fact in (("links", Links), ("routes", Routes), ("listeners", Listeners)):
        found = measure(table, fact, options.rounds)
        rows_ratio = median([x / y for x, y in zip(found.rows_ms, found.bare)])
        ratio = median([x / y for x, y in zip(found.facts, found.bare)])
        good = good and ratio <= TARGET
        verdict = "stretch" if ratio <= STRETCH else "target" if ratio <= TARGET else "MISSED"
        print(
            f"{table:10} {found.rows:7} {median(found.bare):9.2f} {rows_ratio:5.2f} x {ratio:5.2f} x   {verdict}",
            flush=True,
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process {peak:.0f} MiB, {len(kept)} sockets of its own included")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
