"""Packages that matter to a node, and one of them as a database has it."""

from __future__ import annotations

from nodecheck.record import NamedTuple

NAMES: dict[str, tuple[str, ...]] = {
    "docker": (
        "docker-ce",
        "docker-ee",
        "docker.io",
        "docker-engine",
        "moby-engine",
        "docker",
        "docker-ce-cli",
        "docker-cli",
        "moby-cli",
    ),
    "containerd": ("containerd.io", "containerd", "containerd-stable", "moby-containerd", "containerd2"),
    "crio": ("cri-o",),
    "cri-dockerd": ("cri-dockerd",),
    "runc": ("runc", "runc-stable", "moby-runc", "docker-runc"),
    "kubelet": ("kubelet", "kubernetes-kubelet", "kubernetes-node", "kubernetes"),
    "kubeadm": ("kubeadm", "kubernetes-kubeadm"),
    "kubectl": ("kubectl", "kubernetes-client"),
}
"""Component to the packages that bring it, the engine before its client; versions inside names are left out."""

OTHERS = ("container-selinux", "docker-engine-selinux", "k3s-selinux", "rke2-selinux")
"""Further packages that checks ask for."""

WANTED = frozenset([name for names in NAMES.values() for name in names]).union(OTHERS)


class Package(NamedTuple):
    """A package that is installed, or partly so."""

    name: str
    version: str
    """The whole version as its database has it: ``1.17.4-00``, ``3:18.06.3.ce-3.el7``."""
    kind: str
    """``deb`` or ``rpm``."""
    state: str
    """``installed``, or what dpkg calls it otherwise: ``unpacked``, ``half-configured``, ``half-installed``."""
    source: str
    """The file of the database."""

    @property
    def whole(self) -> bool:
        """Whether its installation was brought to its end."""
        return self.state == "installed"


class PackageDatabase(NamedTuple):
    """What one package manager's database holds of interest."""

    found: tuple[Package, ...] = ()
    paths: tuple[str, ...] = ()
    """What was read of it."""
    missing: tuple[str, ...] = ()
    """What was looked for and is not there."""


def plain_name(name: str) -> str:
    """A package's name without the version that some distributions put into it.

    >>> [plain_name(name) for name in ("kubernetes1.28-kubelet", "cri-o-1.17", "cri-o1.29", "docker.io")]
    ['kubernetes-kubelet', 'cri-o', 'cri-o', 'docker.io']
    """
    for base in ("kubernetes", "cri-o"):
        if name.startswith(base) and len(name) > len(base):
            rest = name[len(base) :].removeprefix("-") if base == "cri-o" else name[len(base) :]
            if rest.startswith("1."):
                return base + rest[2:].lstrip("0123456789")
    return name


def is_wanted(name: str) -> bool:
    """Whether a package is one of those that checks ask for."""
    return plain_name(name) in WANTED
