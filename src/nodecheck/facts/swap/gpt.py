"""Swap partitions that systemd-gpt-auto-generator would find: on the GPT disk of the root file system.

Only a running node tells: by mountinfo, sysfs and udev's database. Elsewhere nothing is claimed.
"""

from __future__ import annotations

from nodecheck.errors import Absent, Offline, Unsupported
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.sources import Dir, Exists, File, Named, Sources
from nodecheck.record import NamedTuple
from nodecheck.text import whole_number

SWAP_TYPE = "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f"
"""The partition type of Linux swap (the Discoverable Partitions Specification)."""
NO_AUTO = 1 << 63
"""The partition's flag that keeps generators away."""
DEEPEST = 8


class GptSwap(NamedTuple):
    """The first swap partition on the root's disk."""

    node: str
    source: str
    """The record in udev's database that tells its type."""


class GptSwaps(NamedTuple):
    """What can be told of swap partitions on the root's disk."""

    partitions: tuple[GptSwap, ...] = ()
    disk: str | None = None
    """The disk that was looked at; None where none could be."""

    @classmethod
    def reads(cls) -> Sources:
        return (
            File("/proc/self/mountinfo"),
            Named("the root file system in mountinfo"),
            File("/sys/class/block/*/dev"),
            Dir("/sys/class/block/*"),
            Exists("/sys/dev/block/*"),
            Exists("/sys/dev/block/*/partition"),
            Dir("/sys/dev/block/*/slaves"),
            File("/run/udev/data/b*"),
        )

    @classmethod
    def read(cls, host: Host) -> GptSwaps:
        """Find the disk of the root file system and the swap partitions on it."""
        try:
            device = root_device(text(host, "/proc/self/mountinfo", 4 << 20))
            disk = _disk(host, device) if device is not None else None
            return cls() if disk is None else cls(_swaps(host, disk), f"/dev/{disk}")
        except (Absent, Offline, Unsupported):
            return cls()


def root_device(mountinfo: str) -> str | None:
    r"""The device of the root file system: its number, or its node where the number is an anonymous one (btrfs).

    >>> root_device("22 1 8:3 / / rw - ext4 /dev/sda3 rw\n")
    '8:3'
    """
    from nodecheck.facts.files.mounts import parse_mounts

    found = None
    for mount in parse_mounts(mountinfo):
        if mount.path == "/":
            anonymous = mount.device.startswith("0:")
            found = mount.device if not anonymous else mount.source if mount.source.startswith("/dev/") else None
    return found


def _disk(host: Host, device: str) -> str | None:
    """The whole disk below a block device; None where there is not exactly one."""
    if device.startswith("/dev/"):
        name = device[5:]
        if "/" in name:
            name = (host.link(device) or "").rpartition("/")[2]
        device = text(host, f"/sys/class/block/{name}/dev").strip()
    for _ in range(DEEPEST):
        folder = f"/sys/dev/block/{device}"
        target = host.link(folder)
        if target is None:
            return None
        try:
            slaves = host.names(f"{folder}/slaves")
        except (Absent, Offline):
            slaves = ()
        if len(slaves) > 1:
            return None
        if not slaves:
            return _whole(host, folder, target)
        device = text(host, f"/sys/class/block/{slaves[0]}/dev").strip()
    return None


def _whole(host: Host, folder: str, target: str) -> str:
    parts = target.split("/")
    try:
        host.stat(f"{folder}/partition")
    except (Absent, Offline):
        return parts[-1]
    return parts[-2]


def _swaps(host: Host, disk: str) -> tuple[GptSwap, ...]:
    found = []
    for name in host.names(f"/sys/class/block/{disk}/"):
        if not name.startswith(disk):
            continue
        number = text(host, f"/sys/class/block/{name}/dev").strip()
        path = f"/run/udev/data/b{number}"
        try:
            record = udev_properties(text(host, path))
        except Absent:
            continue
        if _counts(record):
            place = whole_number(record.get("ID_PART_ENTRY_NUMBER", ""))
            found.append((place or 0, GptSwap(f"/dev/{name}", path)))
    return tuple(swap for _, swap in sorted(found)[:1])


def _counts(record: dict[str, str]) -> bool:
    flags = record.get("ID_PART_ENTRY_FLAGS", "0x0").removeprefix("0x")
    marked = flags.isalnum() and not flags.strip("0123456789abcdefABCDEF") and int(flags, 16) & NO_AUTO
    scheme, kind = record.get("ID_PART_ENTRY_SCHEME"), record.get("ID_PART_ENTRY_TYPE")
    return scheme == "gpt" and kind == SWAP_TYPE and not marked


def udev_properties(source: str) -> dict[str, str]:
    r"""The properties in a record of udev's database.

    >>> udev_properties("S:disk/by-uuid/1\nE:ID_PART_ENTRY_SCHEME=gpt\n")
    {'ID_PART_ENTRY_SCHEME': 'gpt'}
    """
    lines = [line[2:].partition("=") for line in source.split("\n") if line.startswith("E:")]
    return {key: value for key, _, value in lines}
