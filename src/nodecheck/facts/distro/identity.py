"""Which node this is, told without giving its machine id away."""

from __future__ import annotations

from nodecheck.digest import APPLICATION_ID, hmac_sha256
from nodecheck.errors import FactError
from nodecheck.facts.distro.os_release import OsRelease
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Call, File, Sources
from nodecheck.record import NamedTuple
from nodecheck.text import wellformed

KERNEL = "/proc/sys/kernel"
HOSTNAME = "/etc/hostname"
MACHINE_ID = "/etc/machine-id"


class NodeIdentity(NamedTuple):
    """Which node this is; each field is None where the node does not tell it."""

    hostname: str | None = None
    """The running kernel's, else the static one."""
    machine_id: str | None = None
    """Derived from the machine id, which it does not tell."""
    boot_id: str | None = None
    kernel: str | None = None
    machine: str | None = None
    """``x86_64``, ``aarch64`` …"""
    release: OsRelease | None = None

    @classmethod
    def reads(cls) -> Sources:
        """Files of the kernel and of ``/etc``, and uname(2)."""
        kernel = [File(f"{KERNEL}/{name}") for name in ("hostname", "random/boot_id", "osrelease")]
        return (*kernel, File(HOSTNAME), File(MACHINE_ID), Call("uname"))

    @classmethod
    def read(cls, host: Host, release: Lazy[OsRelease]) -> NodeIdentity:
        """What can be had of it; what cannot is None."""
        return cls(
            (_line(host, f"{KERNEL}/hostname") if host.running else None) or _static_hostname(host),
            derived_id(_machine_id(host)),
            _line(host, f"{KERNEL}/random/boot_id"),
            _line(host, f"{KERNEL}/osrelease"),
            _machine(host),
            _release(release),
        )


def _machine(host: Host) -> str | None:
    try:
        return host.uname().machine
    except FactError:
        return None


def _release(release: Lazy[OsRelease]) -> OsRelease | None:
    try:
        return release()
    except FactError:
        return None


def _machine_id(host: Host) -> str | None:
    """The text of ``/etc/machine-id``, read as a part of a file: of such nothing is kept as evidence."""
    try:
        return host.read_at(MACHINE_ID, 0, 4096).decode("utf-8", "surrogateescape").strip().partition("\n")[0]
    except FactError:
        return None


def _line(host: Host, path: str) -> str | None:
    try:
        return wellformed(text(host, path, 4096).strip().partition("\n")[0]) or None
    except FactError:
        return None


def _static_hostname(host: Host) -> str | None:
    """The first line of ``/etc/hostname`` that is no comment (hostname(5))."""
    try:
        lines = [line.strip(" \t\r\f\v") for line in text(host, HOSTNAME, 4096).split("\n")]
    except FactError:
        return None
    return next((wellformed(line) for line in lines if line and not line.startswith("#")), None)


def derived_id(machine_id: str | None) -> str | None:
    """An id that is equal for equal machine ids and does not tell them (machine-id(5) asks for that).

    As ``sd_id128_get_machine_app_specific`` does: HMAC-SHA256 of the application id, keyed by the machine id, its
    first 16 bytes marked as a UUID of version 4.

    >>> derived_id("0" * 32) == derived_id("0" * 32), derived_id("uninitialized")
    (True, None)
    """
    try:
        key = bytes.fromhex(machine_id or "")
    except ValueError:
        return None
    if len(key) != 16:
        return None
    raw = bytearray(hmac_sha256(key, APPLICATION_ID)[:16])
    raw[6] = (raw[6] & 0x0F) | 0x40
    raw[8] = (raw[8] & 0x3F) | 0x80
    return raw.hex()
