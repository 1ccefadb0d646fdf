"""Units and configuration files that show a component where neither its program nor its package does."""

from __future__ import annotations

from nodecheck.errors import Absent
from nodecheck.host import Host
from nodecheck.model.sources import Exists, Sources
from nodecheck.record import NamedTuple

UNIT_DIRECTORIES = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")

_UNITS = {"docker": "docker", "containerd": "containerd", "crio": "crio", "kubelet": "kubelet"}

_FILES = {
    "docker": ("/etc/docker/daemon.json",),
    "containerd": ("/etc/containerd/config.toml",),
    "crio": ("/etc/crio/crio.conf", "/etc/crio/crio.conf.d"),
    "kubelet": (
        "/var/lib/kubelet/config.yaml",
        "/var/lib/kubelet/kubeadm-flags.env",
        "/etc/kubernetes/kubelet.conf",
        "/etc/kubernetes/kubelet/config.json",
        "/etc/default/kubelet",
        "/etc/sysconfig/kubelet",
    ),
}


class Traces(NamedTuple):
    """The first trace of each component that has one."""

    found: tuple[tuple[str, str], ...] = ()
    """Component and path."""

    @classmethod
    def reads(cls) -> Sources:
        return (
            *[Exists(path) for paths in _FILES.values() for path in paths],
            *[Exists(f"{folder}/{unit}.service") for folder in UNIT_DIRECTORIES for unit in _UNITS.values()],
        )

    @classmethod
    def read(cls, host: Host) -> Traces:
        """Look for each. Raises what the host raises for a path that cannot be looked at."""
        pairs = [(component, _first(host, component)) for component in _FILES]
        return cls(tuple([(component, path) for component, path in pairs if path is not None]))

    def of(self, component: str) -> str | None:
        """The path that shows a component."""
        return dict(self.found).get(component)


def _first(host: Host, component: str) -> str | None:
    units = [f"{directory}/{_UNITS[component]}.service" for directory in UNIT_DIRECTORIES]
    for path in (*_FILES[component], *units):
        try:
            if host.stat(path).kind != "null":  # a masked unit
                return path
        except Absent:
            continue
    return None
