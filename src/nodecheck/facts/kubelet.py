"""The kubelet's effective configuration: flags over drop-ins over file over defaults."""

from __future__ import annotations

from typing import NamedTuple

from nodecheck.host import Host


class Setting(NamedTuple):
    """One setting, and where it comes from. ``value`` is what the kubelet understands (``"true"``, ``"systemd"``)."""

    value: str
    source: str
    """The file that sets it."""
    line: int | None = None
    """1-based; None where a format has no lines worth telling."""
    text: str = ""
    """As written there: ``cgroupDriver: systemd``, ``--cgroup-driver=systemd``."""


class Problem(NamedTuple):
    """Why the kubelet would not start with this configuration, or why it cannot be told; ``code`` as in a cause."""

    code: str
    detail: str
    source: str
    line: int | None = None


class KubeletConfig(NamedTuple):
    """The configuration that the kubelet of this node computes when it starts.

    A setting that is None is set nowhere (and where there is no ``problem``, the default holds).
    """

    present: bool = False
    """Its binary, its unit or any of its known configuration files is there."""
    fail_swap_on: Setting | None = None
    """``"true"`` or ``"false"``; None: the default, true."""
    swap_behavior: Setting | None = None
    """``NoSwap``, ``LimitedSwap``, ``UnlimitedSwap``; None: the default."""
    cgroup_driver: Setting | None = None
    """``systemd`` or ``cgroupfs``; None: set nowhere (cgroupfs, or what the runtime answers)."""
    runtime_endpoint: Setting | None = None
    """``unix:///run/containerd/containerd.sock``; None: set nowhere."""
    feature_gates: tuple[tuple[str, bool], ...] = ()
    sources: tuple[str, ...] = ()
    """The files that were used, in order of reading: what ``seen(path)`` may cite where a setting is set nowhere."""
    problem: Problem | None = None
    """With this configuration the kubelet would not start, or its configuration cannot be understood."""

    @property
    def fails_on_swap(self) -> bool:
        """Whether the kubelet refuses to start where swap is on (``failSwapOn``, true by default)."""
        return self.fail_swap_on is None or self.fail_swap_on.value != "false"

    @classmethod
    def read(cls, host: Host) -> KubeletConfig:
        """The kubelet's configuration. Raises what the host raises for a file that is there and cannot be read."""
        return cls()
