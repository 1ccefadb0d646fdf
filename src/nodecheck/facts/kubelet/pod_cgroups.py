"""In which form the cgroups of pods that run are named: of the systemd driver, or of cgroupfs.

``pkg/kubelet/cm/cgroup_manager_linux.go`` and ``pod_container_manager_linux.go``: below ``cgroupRoot`` the kubelet
makes ``kubepods``, below that a cgroup for each class of service that is not guaranteed, and in these one for each pod.
With the systemd driver they are slices, whose names repeat those above them (systemd.slice(5)).
"""

from __future__ import annotations

from nodecheck.errors import Absent, Offline
from nodecheck.facts.kernel.cgroup_defaults import V2
from nodecheck.facts.kernel.cgroups import CGROUPFS, MOUNT, SYSTEMD, NowCgroups
from nodecheck.facts.kubelet.config import KubeletConfig
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.sources import Dir, File, Named, Sources
from nodecheck.record import NamedTuple

_CLASSES = ("burstable", "besteffort")
_V1 = f"{MOUNT}/memory"
"""The hierarchy of v1 that is looked at: each pod has a cgroup in it."""

_TOPS = tuple([f"{base}/kubepods{end}" for base in (MOUNT, _V1) for end in (".slice", "")])


class PodCgroups(NamedTuple):
    """The drivers whose cgroups of pods are there, with the cgroup that holds them."""

    systemd: str | None = None
    """``/sys/fs/cgroup/kubepods.slice``; None: no pod runs in one of the systemd driver."""
    cgroupfs: str | None = None
    """``/sys/fs/cgroup/kubepods``."""

    @classmethod
    def reads(cls) -> Sources:
        return (
            *[Dir(top, depth=2) for top in _TOPS],
            *[File(f"{top}/cgroup.events") for top in _TOPS if not top.startswith(_V1)],
            Named("cgroupRoot of the kubelet"),
        )

    @classmethod
    def read(cls, host: Host, kubelet: KubeletConfig, mounted: NowCgroups) -> PodCgroups:
        """Look below both names. Raises Offline where the host is not running and holds no cgroups, and what the host
        raises for what is there and cannot be read."""
        if mounted.found.version is None:
            return cls()
        base = MOUNT if mounted.found.version == V2 else _V1
        root = kubelet.setting("cgroupRoot").value if kubelet.present else None
        parts = [part for part in (root if isinstance(root, str) else "").split("/") if part]
        slices, plain = tops_of(base, tuple(parts))
        found = {driver: top for driver, top in ((SYSTEMD, slices), (CGROUPFS, plain)) if _has_pods(host, top)}
        return cls(found.get(SYSTEMD), found.get(CGROUPFS))


def tops_of(base: str, parts: tuple[str, ...]) -> tuple[str, str]:
    """The cgroup of all pods below ``cgroupRoot``, as each driver names it.

    >>> tops_of("/c", ()), tops_of("/c", ("a", "b"))
    (('/c/kubepods.slice', '/c/kubepods'), ('/c/a.slice/a-b.slice/a-b-kubepods.slice', '/c/a/b/kubepods'))
    """
    names = (*parts, "kubepods")
    slices = ["-".join(names[: place + 1]) + ".slice" for place in range(len(names))]
    return "/".join((base, *slices)), "/".join((base, *names))


def _has_pods(host: Host, top: str) -> bool:
    name = top.rpartition("/")[2]
    stem = name.removesuffix(".slice")
    is_slice = stem != name
    inside = _names(host, top)
    classes = [f"{stem}-{one}.slice" if is_slice else one for one in _CLASSES]
    below = [inside, *[_names(host, f"{top}/{one}") for one in classes if one in inside]]
    pods = [one for names in below for one in names if is_pod(one, stem if is_slice else None)]
    return bool(pods) and _is_populated(host, top)


def is_pod(name: str, stem: str | None) -> bool:
    """Whether a cgroup is a pod's; ``stem`` is the name of the slice of all pods, None for the other driver.

    >>> is_pod("kubepods-burstable-pod0a1b.slice", "kubepods"), is_pod("kubepods-burstable.slice", "kubepods")
    (True, False)
    >>> is_pod("pod0a1b", None), is_pod("burstable", None)
    (True, False)
    """
    if stem is None:
        return name.startswith("pod")
    return name.endswith(".slice") and any(
        name.startswith(f"{stem}{one}-pod") for one in ("", "-burstable", "-besteffort")
    )


def _names(host: Host, path: str) -> tuple[str, ...]:
    try:
        return host.names(path)
    except (Absent, Offline):  # a copy of a node holds what was there of /sys
        return ()


def _is_populated(host: Host, top: str) -> bool:
    """Whether processes run below: v2 tells it; what was left behind by pods that are gone counts for nothing."""
    if top.startswith(_V1):
        return True
    try:
        return "populated 0" not in text(host, f"{top}/cgroup.events").split("\n")
    except (Absent, Offline):
        return True
