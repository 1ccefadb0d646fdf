"""Lines of fstab whose device is not there: the boot waits for it, fails, and ends in emergency mode.

systemd-fstab-generator(8): without ``nofail`` a mount is required by local-fs.target, whose failure starts
emergency.target (systemd.special(7)). Only a running node tells which devices are there.
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import FactError
from nodecheck.facts.boot.cmdline import values
from nodecheck.facts.files.fstab import FstabEntry
from nodecheck.facts.services.surroundings import Surroundings
from nodecheck.facts.services.unit_files import load_unit
from nodecheck.facts.services.unit_names import device_node, unit_of_path
from nodecheck.host import exists
from nodecheck.host.base import text_or_none
from nodecheck.model.sources import Exists, File, Named, Sources, UnitText
from nodecheck.record import NamedTuple

CRYPTTAB = "/etc/crypttab"
_BY_LINK = "/dev/disk/"
_LATER = ("x-systemd.automount", "comment=systemd.automount", "_netdev", "x-systemd.wanted-by", "x-systemd.required-by")
"""Options of a mount that local-fs.target does not wait for."""
_MADE_AT_BOOT = ("mapper/", "dm-", "md", "zvol/", "rbd", "nbd", "drbd", "loop", "ram", "zram")
"""Devices below /dev that something makes at boot, from what is on other devices or on the network."""


class LostMount(NamedTuple):
    """A line of fstab whose device is not there now, and which is not mounted now."""

    path: str
    device: str
    line: int
    text: str
    required: bool
    """The boot fails without it."""


def mount_sources() -> Sources:
    """What tells it, besides fstab and what is mounted."""
    return (
        File(CRYPTTAB),
        Exists("/dev/disk/*"),
        Exists("/dev/disk/*/*"),
        Named("devices of /etc/fstab"),
        UnitText("*.mount"),
    )


def lost_mounts(around: Surroundings) -> tuple[LostMount, ...]:
    """All of them; none for a host that does not run, or that does not say what is mounted."""
    if not around.host.running or not reads_fstab(around):
        return ()
    entries = [entry for entry in around.fstab().entries if _is_of_device(entry)]
    if not entries or _leaves_devices_out(around):
        return ()
    try:
        mounted = {mount.path for mount in around.mounts().mounts}
        return tuple(_lost(around, [entry for entry in entries if (entry.file.rstrip("/") or "/") not in mounted]))
    except FactError:
        return ()


def _leaves_devices_out(around: Surroundings) -> bool:
    """Whether systemd-fstab-generator ignores lines of devices: in a container that may not write to /sys."""
    return around.container.kind is not None and around.is_read_only("/sys") is True


def reads_fstab(around: Surroundings) -> bool:
    """Whether systemd-fstab-generator reads fstab: the kernel's command line may tell it not to."""
    words = around.cmdline().words
    said = (*values(words, "fstab"), *values(words, "systemd.fstab"))
    return not any(value in ("no", "0", "off", "false") for value in said)


def _is_of_device(entry: FstabEntry) -> bool:
    """Whether a line mounts a device that is there by itself."""
    node = device_node(entry.spec)
    own = node.startswith("/dev/") and not node[5:].startswith(_MADE_AT_BOOT)
    volume = "/" in node[5:] and not node.startswith(_BY_LINK)  # of LVM: /dev/GROUP/VOLUME
    return entry.kind not in ("swap", "zfs") and entry.file.startswith("/") and own and not volume


def _lost(around: Surroundings, entries: list[FstabEntry]) -> Iterator[LostMount]:
    crypt = _has_lines(text_or_none(around.host, CRYPTTAB) or "") if entries else False
    for entry in entries:
        node = device_node(entry.spec)
        by_link = node.startswith(_BY_LINK)
        unit = unit_of_path(entry.file, ".mount")
        seen_by_udev = not by_link or exists(around.host, node.rpartition("/")[0])
        masked = unit is None or around.units.exists(unit)
        if (by_link and crypt) or not seen_by_udev or masked or exists(around.host, node):
            continue
        options = [option.partition("=")[0] for option in entry.options.split(",")]
        later = any(name in options or name in entry.options.split(",") for name in _LATER)
        required = not later and not entry.says("noauto", "auto") and not entry.says("nofail", "fail")
        yield LostMount(entry.file.rstrip("/") or "/", node, entry.line, entry.text, required)


def lost_mount_unit(around: Surroundings, path: str) -> LostMount | None:
    """The unit of a mount below which a path lies, and whose device is not there; None for a host that does not run."""
    parts = path.rstrip("/").split("/")
    for place in ["/".join(parts[:end]) for end in range(2, len(parts) + 1)] if around.host.running else ():
        name = unit_of_path(place, ".mount")
        unit = load_unit(around.host, around.units, name) if name is not None and around.units.exists(name) else None
        what = None if unit is None else unit.last("Mount", "What")
        if unit is None or what is None or not _is_of_device(FstabEntry(what, place, "auto", "defaults", 0, "")):
            continue
        node = device_node(what)
        if exists(around.host, node) or any(mount.path == place for mount in around.mounts().mounts):
            continue
        if not node.startswith(_BY_LINK) or exists(around.host, node.rpartition("/")[0]):
            return LostMount(place, node, 0, what, required=False)
    return None


def _has_lines(source: str) -> bool:
    return any(line.strip(" \t\r") and not line.lstrip(" \t").startswith("#") for line in source.split("\n"))


def mount_of_path(lost: tuple[LostMount, ...], path: str) -> LostMount | None:
    """The lost mount that a path lies on, if it does."""
    return next((one for one in lost if f"{path.rstrip('/')}/".startswith(f"{one.path.rstrip('/')}/")), None)
