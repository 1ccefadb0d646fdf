"""Systems that are changed as a whole: files that are edited on the node do not last, or cannot be written."""

from __future__ import annotations

from collections.abc import Callable

from nodecheck.errors import Absent, Offline
from nodecheck.facts.distro.os_release import OsRelease
from nodecheck.host import Host, exists
from nodecheck.model.evidence import Evidence, seen
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Exists, Sources
from nodecheck.record import NamedTuple

_BY_ID = {
    "bottlerocket": ("Bottlerocket", "the settings API (apiclient set, or the user data of the instance)"),
    "talos": ("Talos", "the machine configuration (talosctl patch machineconfig)"),
    "flatcar": ("Flatcar", "the Butane or Ignition configuration of the machine"),
    "coreos": ("Container Linux", "the Ignition configuration of the machine"),
    "nixos": ("NixOS", "configuration.nix, then nixos-rebuild switch"),
    "opensuse-microos": ("MicroOS", "transactional-update, or the image's Combustion or Ignition configuration"),
    "sl-micro": ("SLE Micro", "transactional-update, or the image's Combustion or Ignition configuration"),
    "sle-micro": ("SLE Micro", "transactional-update, or the image's Combustion or Ignition configuration"),
    "sle-micro-rancher": ("SLE Micro", "transactional-update, or the image's Combustion or Ignition configuration"),
    "cos": ("Container-Optimized OS", "the cloud-init of the instance"),
    "ubuntu-core": ("Ubuntu Core", "the gadget snap, and snap set system"),
}
"""``ID=`` of os-release to the system's name and the place where it is configured."""

_OSTREE = ("/run/ostree-booted", "/ostree/repo", "/sysroot/ostree/repo")


class ImageSystem(NamedTuple):
    """The kind of image that the node runs; ``name`` is None for a system of packages."""

    name: str | None = None
    place: str = ""
    """Where its configuration is kept."""
    evidence: tuple[Evidence, ...] = ()

    @property
    def writes_etc(self) -> bool:
        """Whether files in /etc are the administrator's all the same (ostree merges them, Flatcar leaves them)."""
        return self.name in (None, "ostree", "Flatcar", "Container Linux", "MicroOS", "SLE Micro")

    @classmethod
    def reads(cls) -> Sources:
        return tuple(map(Exists, _OSTREE))

    @classmethod
    def read(cls, host: Host, release: Lazy[OsRelease]) -> ImageSystem:
        """By os-release, and by what ostree leaves. Raises what the host raises except Absent."""
        told = release()
        if told.id in _BY_ID:
            return cls(*_BY_ID[told.id], told.evidence[:1])
        for path in _OSTREE:
            if _there(lambda path=path: exists(host, path)):  # type: ignore[misc]
                place = "the image, or layers on it (rpm-ostree install, bootc)"
                return cls("ostree", place, (seen(path, "there"),))
        return cls(evidence=tuple([seen(path) for path in _OSTREE]))


def _there(look: Callable[[], bool]) -> bool:
    try:
        return look()
    except (Absent, Offline):
        return False
