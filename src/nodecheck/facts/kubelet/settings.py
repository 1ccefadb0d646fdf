"""A setting of the kubelet, with where it stands."""

from __future__ import annotations

from nodecheck.errors import Malformed
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
    written: str = ""
    """The value before systemd's specifiers were replaced; "" where it has none."""

    @property
    def untold(self) -> bool:
        """Whether it holds a specifier that files do not tell."""
        return bool(self.written) and self.written == self.value


class Problem(NamedTuple):
    """Why the kubelet would not start with this configuration; ``code`` as in a result's cause."""

    code: str
    detail: str
    source: str
    line: int | None = None
    to_come: bool = False
    """The node has not joined a cluster, and what joins it writes the file that is not there."""

    @property
    def why_not_yet(self) -> str:
        """What to say of it where it is to come."""
        return f"{self.source} is not there yet: it is written when the node joins a cluster"


class NoConfigFile(Malformed):
    """What lies at the path of ``--config`` is no file that could be read: by nobody, the kubelet included."""
