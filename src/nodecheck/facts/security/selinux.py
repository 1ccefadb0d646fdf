"""SELinux as it is at present."""

from __future__ import annotations

import errno
import re

from nodecheck.errors import Absent, Denied, FactError, Offline, ParseError
from nodecheck.host import Host
from nodecheck.host.base import text, text_or_none
from nodecheck.model.evidence import Evidence, seen
from nodecheck.model.sources import File, Sources
from nodecheck.record import NamedTuple

ENFORCING = "enforcing"
PERMISSIVE = "permissive"
DISABLED = "disabled"
MODES = (ENFORCING, PERMISSIVE, DISABLED)

ENFORCE = "/sys/fs/selinux/enforce"
CURRENT = "/proc/self/attr/current"
NO_POLICY = "kernel"
"""The label that SELinux gives everything as long as no policy is loaded."""
LSM_LIST = "/sys/kernel/security/lsm"
FILESYSTEMS = "/proc/filesystems"
_PAGE = 4096
_SPACES = " \t\n\v\f\r"


class SelinuxMode(NamedTuple):
    """SELinux as it is at present."""

    mode: str | None
    """``enforcing``, ``permissive``, ``disabled``; None: enabled, in a mode that cannot be seen from here."""
    evidence: tuple[Evidence, ...]

    @classmethod
    def reads(cls) -> Sources:
        return (File(ENFORCE), File(CURRENT), File(LSM_LIST), File(FILESYSTEMS))

    @classmethod
    def read(cls, host: Host) -> SelinuxMode:
        """From selinuxfs; where that is not mounted, from this process's own label.

        A container sees no selinuxfs on an enforcing host, but its label. Raises Offline where the host is not
        running and holds neither, and what the host raises for a source that is there and cannot be read.
        """
        try:
            value = text(host, ENFORCE, 64).strip(_SPACES)
        except Offline as error:
            return _by_label(host, error)
        except Absent:
            return _by_label(host, None)
        if value not in ("0", "1"):
            raise ParseError(ENFORCE, 1, value, "0 or 1")
        if value == "0" and _has_no_policy(host):
            return cls(DISABLED, (seen(ENFORCE, value), seen(CURRENT, NO_POLICY)))
        return cls(ENFORCING if value == "1" else PERMISSIVE, (seen(ENFORCE, value),))


def _has_no_policy(host: Host) -> bool:
    """Whether the kernel started SELinux and nobody loaded a policy (``SELINUX=disabled`` on RHEL 9)."""
    try:
        return text(host, CURRENT, _PAGE).strip(_SPACES + "\0") == NO_POLICY
    except FactError:
        return False


def _by_label(host: Host, offline: Offline | None) -> SelinuxMode:
    absent = () if offline else (seen(ENFORCE),)
    modules = _lsm_list(host)
    listed = () if modules is None else (seen(LSM_LIST, modules),)
    if modules is not None and "selinux" not in modules.split(","):
        return SelinuxMode(DISABLED, (*absent, *listed))
    try:
        label = text(host, CURRENT, _PAGE).strip(_SPACES + "\0")
    except Offline:
        if modules is not None:
            return SelinuxMode(None, (*absent, *listed))
        raise offline or Offline(CURRENT, "only the running system can tell") from None
    except Absent:
        return SelinuxMode(DISABLED, (*absent, seen(CURRENT)))
    except FactError as error:
        if error.errno is None and _has_no_selinuxfs(host):  # busybox's head calls every error of read(2) the same
            return SelinuxMode(DISABLED, (*absent, seen(FILESYSTEMS, "no selinuxfs")))
        if error.errno != errno.EINVAL:
            raise
        return SelinuxMode(DISABLED, (*absent, seen(CURRENT, "EINVAL: no security module gives labels")))
    if not is_context(label) and not is_other_label(label):
        raise ParseError(CURRENT, 1, label, "a security module's label")
    mode = None if is_context(label) else DISABLED
    return SelinuxMode(mode, (*absent, seen(CURRENT, label), *listed))


def _has_no_selinuxfs(host: Host) -> bool:
    """Whether the kernel has no file system of SELinux: it registers one when it starts that (proc(5))."""
    return "selinuxfs" not in re.split("[ \t\n]+", text_or_none(host, FILESYSTEMS, _PAGE) or "selinuxfs")


def _lsm_list(host: Host) -> str | None:
    """The security modules of the running kernel; None where securityfs is not to be had (only root may read it)."""
    try:
        modules = text(host, LSM_LIST, _PAGE).strip(_SPACES)
    except (Absent, Denied, Offline):
        return None
    if "capability" not in modules.split(","):  # which every kernel has
        raise ParseError(LSM_LIST, 1, modules, "a list of security modules")
    return modules


def is_context(label: str) -> bool:
    """Whether a label is an SELinux context: ``user:role:type`` with or without a level.

    >>> is_context("system_u:system_r:container_t:s0:c1,c2"), is_context("unconfined_u:unconfined_r:unconfined_t")
    (True, True)
    >>> is_context("cri-containerd.apparmor.d (enforce)"), is_context("kernel"), is_context(":ns://a:b:c (enforce)")
    (False, False, False)
    """
    parts = label.split(":")
    return len(parts) >= 3 and all(p and all(c.isalnum() or c in "_.-," for c in p) for p in parts)


def is_other_label(label: str) -> bool:
    """Whether it is what AppArmor (``name (mode)``, ``unconfined``), Smack (a word) or SELinux without a policy shows.

    >>> is_other_label("cri-containerd.apparmor.d (enforce)"), is_other_label("unconfined"), is_other_label("_")
    (True, True, True)
    >>> is_other_label(""), is_other_label("system_u:system_r"), is_other_label("a b")
    (False, False, False)
    """
    if not label.isprintable():
        return False
    name, opened, mode = label.rpartition(" (")
    if opened:
        return bool(name) and mode.endswith(")") and mode[:-1].isalpha()
    return bool(label) and not any(char in ": " for char in label)
