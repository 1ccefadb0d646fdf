"""The whole of ``/proc/sys`` for a capture: profiles name kernel parameters that no fact knows."""

from __future__ import annotations

from time import monotonic

from nodecheck.errors import FactError
from nodecheck.host import Host

TOP = "/proc/sys"

MOST_INTERFACES = 32
"""Interfaces whose own parameters are taken along, the first by name; ``all`` and ``default`` always are."""

MOST_VALUE = 1 << 16
"""Bytes of one parameter."""

_LEFT_OUT = (
    "/proc/sys/fs/binfmt_misc",  # an automount of systemd: a look mounts it
    "/proc/sys/vm/stat_refresh",  # reading it makes all processors count (admin-guide/sysctl/vm.rst)
    "/proc/sys/net/ipv4/tcp_fastopen_key",  # a key
    "/proc/sys/kernel/random",  # new at each look; boot_id is asked for by a fact
)

_COUNTERS = (
    "fs/dentry-state", "fs/file-nr", "fs/inode-nr", "fs/inode-state", "fs/aio-nr", "fs/quota", "kernel/ns_last_pid",
    "kernel/pty/nr", "net/netfilter/nf_conntrack_count", "kernel/tainted",
)  # fmt: skip
"""What differs at each look; where a fact asks for one it is there."""

_SECRET = "stable_secret"


def look_at_kernel(recorder: Host, deadline: float) -> None:
    """Ask for each parameter that can be read, and list the directories."""
    if not recorder.is_real("/proc"):
        return
    mounted = _mount_points(recorder)
    left = [TOP]
    while left and monotonic() < deadline:
        folder = left.pop()
        try:
            names = recorder.names(folder)
        except FactError:
            continue  # noted in the image
        for name in _first(folder, names):
            path = f"{folder}/{name}"
            if path in mounted or path in _LEFT_OUT or name == _SECRET:
                continue
            try:
                info = recorder.stat(path)
                if info.kind == "dir":
                    left.append(path)
                elif info.mode & 0o444 and path[len(TOP) + 1 :] not in _COUNTERS:
                    recorder.read(path, MOST_VALUE)
            except FactError:
                continue  # noted in the image


def _first(folder: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names; of interfaces the first."""
    if not folder.endswith(("/conf", "/neigh")):
        return names
    own = [name for name in names if name in ("all", "default", "lo")]
    others = [name for name in names if name not in own]
    return (*own, *others[:MOST_INTERFACES])


def _mount_points(recorder: Host) -> frozenset[str]:
    """The paths below /proc/sys on which something is mounted."""
    try:
        table = recorder.read("/proc/self/mountinfo", 16 << 20).decode("utf-8", "surrogateescape")
    except FactError:
        return frozenset()
    points = [line.split(" ")[4] for line in table.split("\n") if line.count(" ") > 4]
    return frozenset([point for point in points if point.startswith(f"{TOP}/")])
