"""A setting of the kubelet, with where it stands."""

from __future__ import annotations

from nodecheck.record import NamedTuple


class KubeletSetting(NamedTuple):
    """One setting, and where it comes from."""

    value: str
    """What the kubelet makes of it: ``"true"`` or ``"false"``, ``"systemd"`` or ``"cgroupfs"``, …"""
    source: str
    """The file that sets it."""
    line: int | None = None
    """1-based."""
    text: str = ""
    """As written there: ``cgroupDriver: systemd``, ``--cgroup-driver=systemd``."""


class Problem(NamedTuple):
    """Why the kubelet would not start with this configuration; ``code`` as in a result's cause."""

    code: str
    detail: str
    source: str
    line: int | None = None
