"""What this node is to be: role, Kubernetes release, proxy mode and CNI; given, or found on the node."""

from __future__ import annotations

from typing import NamedTuple

from nodecheck.errors import UsageError
from nodecheck.host import Host

CONTROL_PLANE = "control-plane"
WORKER = "worker"
ROLES = (CONTROL_PLANE, WORKER)


def release_text(text: str) -> str:
    """A Kubernetes release as given: ``1.34`` or ``1.34.2``, a leading ``v`` allowed. Raises UsageError.

    >>> release_text("v1.17.4")
    '1.17.4'
    """
    plain = text.removeprefix("v")
    numbers = plain.split(".")
    if not 2 <= len(numbers) <= 3 or not all(n.isascii() and n.isdigit() and len(n) <= 4 for n in numbers):
        raise UsageError(f"kubernetes: expected a release such as 1.34 or 1.34.2, found {text!r}")
    return plain


class Settings(NamedTuple):
    """What the caller or the profile says; None: find it on the node."""

    role: str | None = None
    kubernetes: str | None = None
    proxy_mode: str | None = None
    cni: str | None = None


class Target(NamedTuple):
    """Role, Kubernetes release, proxy mode and CNI of this node; None where neither given nor found."""

    role: str | None = None
    kubernetes: str | None = None
    proxy_mode: str | None = None
    cni: str | None = None

    @classmethod
    def read(cls, host: Host, given: Settings) -> Target:
        """The settings, completed by what the node shows."""
        return cls(*given)

    @property
    def release(self) -> tuple[int, int] | None:
        """Major and minor number of the Kubernetes release.

        >>> Target(kubernetes="1.17.4").release
        (1, 17)
        """
        if self.kubernetes is None:
            return None
        numbers = self.kubernetes.split(".")
        return int(numbers[0]), int(numbers[1])
