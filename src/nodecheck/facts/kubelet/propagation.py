"""Whether mounts below the root and below the kubelet's folder reach containers, and theirs the node.

mount_namespaces(7); systemd makes the root shared at boot (src/shared/mount-setup.c), and its services may have
namespaces of their own (systemd.exec(5), ``PrivateMounts=``).
"""

from __future__ import annotations

from collections.abc import Mapping

from nodecheck.facts.files.fstab import Fstab
from nodecheck.facts.files.mounts import Mounts
from nodecheck.facts.files.path_mount import PLACES, PathMount, place_of
from nodecheck.facts.kubelet.config import KubeletConfig
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.path_at_boot import PathAtBoot, planned
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.surroundings import NextBoot
from nodecheck.facts.services.unit_files import Assignment, load_unit
from nodecheck.host import Host
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Exists, Named, Sources, UnitText
from nodecheck.record import NamedTuple

UNITS = ("kubelet.service", "containerd.service", "crio.service", "docker.service")
"""What mounts volumes, and what hands them to containers."""

DEFAULT = "/var/lib/kubelet"
_FALSE = ("", "0", "no", "n", "false", "f", "off")
_SWITCHES = (
    "PrivateMounts", "PrivateTmp", "PrivateDevices", "PrivateIPC", "ProtectSystem", "ProtectHome",
    "ProtectKernelTunables", "ProtectKernelModules", "ProtectKernelLogs", "ProtectControlGroups",
)  # fmt: skip
_LISTS = (
    "ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "ExecPaths", "NoExecPaths", "BindPaths",
    "BindReadOnlyPaths", "TemporaryFileSystem", "MountImages", "ExtensionImages", "RootImage",
)  # fmt: skip
_LEAVES: Mapping[str, tuple[str, ...]] = {
    "MountFlags": ("", "shared"),
    "ProtectProc": ("", "default"),
    "ProcSubset": ("", "all"),
    **dict.fromkeys(_SWITCHES, _FALSE),
    **dict.fromkeys(_LISTS, ("",)),
}
"""Settings of a service that give it mounts of its own, and the values with which they do not.

``exec_needs_mount_namespace`` (systemd src/core/execute.c). Whatever asks for the namespace, its root is made a slave
of the node's, and no ``MountFlags=shared`` connects it again (src/core/namespace.c, ``setup_namespace``).
"""


def kubelet_folder(kubelet: KubeletConfig) -> str:
    """The kubelet's ``--root-dir``."""
    value = kubelet.setting("root-dir").value
    return value if isinstance(value, str) and value.startswith("/") else DEFAULT


class SharedMounts(NamedTuple):
    """The mounts of the root and of the kubelet's folder."""

    root: PathMount
    kubelet: PathMount

    @classmethod
    def reads(cls) -> Sources:
        return (*map(Exists, PLACES[:2]), Exists(DEFAULT), Named("the links on the way to it"))

    @classmethod
    def read(cls, host: Host, mounts: Mounts, kubelet: KubeletConfig) -> SharedMounts:
        """Look for both. Raises what :class:`PathMount` raises."""
        return cls(place_of(host, "/", mounts), place_of(host, kubelet_folder(kubelet), mounts))


class SharedAtBoot(NamedTuple):
    """What decides it at the next boot."""

    init: InitSystem
    root: PathAtBoot
    kubelet: PathAtBoot
    apart: tuple[tuple[str, Assignment], ...] = ()
    """Services whose mounts the node does not see, with the setting that says so."""

    @classmethod
    def reads(cls) -> Sources:
        return (
            *map(UnitText, UNITS),
            UnitText("*.mount"),
            *map(Exists, PLACES[:2]),
            Exists(DEFAULT),
            Named("the links on the way to it"),
        )

    @classmethod
    def read(
        cls,
        host: Host,
        init: InitSystem,
        kubelet: KubeletConfig,
        fstab: Fstab,
        boot: NextBoot,
        starts: Lazy[BootStarts],
    ) -> SharedAtBoot:
        """Read the units, and what is mounted at both places."""
        places = [planned(host, path, fstab, boot, starts) for path in ("/", kubelet_folder(kubelet))]
        found = [_apart(host, boot, name) for name in UNITS] if init.is_systemd else []
        return cls(init, places[0], places[1], tuple([one for one in found if one is not None]))


def _apart(host: Host, boot: NextBoot, name: str) -> tuple[str, Assignment] | None:
    """The setting of a service that keeps its mounts to itself; None where it has none, or is not there."""
    unit = load_unit(host, boot.units, name)
    for key in _LEAVES if unit is not None else ():
        found = [item for item in unit.assignments if item.section == "Service" and item.key == key] if unit else []
        if found and _keeps(found[-1]):
            return name, found[-1]
    return None


def _keeps(item: Assignment) -> bool:
    """Whether a setting keeps what the service mounts from the node."""
    return item.value.lower() not in _LEAVES[item.key]
