"""The packages of a node's container software, from the databases of dpkg and rpm. Nothing is run for it."""

from __future__ import annotations

from nodecheck.host import Host
from nodecheck.model.needs import Lazy
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


class Packages(NamedTuple):
    """The packages of interest that are installed, and where they were looked for."""

    found: tuple[Package, ...] = ()
    databases: tuple[str, ...] = ()
    """The databases that were read."""
    missing: tuple[str, ...] = ()
    """The databases that were looked for and are not there."""

    @classmethod
    def read(cls, host: Host) -> Packages:
        """The packages of a node. A node with neither database has none: that is no error.

        Raises what the host raises for a database that is there and cannot be read, and Malformed for one that is
        damaged.
        """
        from nodecheck.facts.dpkg import read_dpkg
        from nodecheck.facts.rpm import read_rpm

        found, databases, missing = read_dpkg(host)
        rpm = read_rpm(host)
        return cls((*found, *rpm.found), (*databases, *rpm.databases), (*missing, *rpm.missing))

    def of(self, component: str) -> Package | None:
        """The package that brings a component (see :data:`NAMES`); the engine rather than its client."""
        for name in NAMES[component]:
            package = self.named(name)
            # Debian's package of this name is a dock for window managers.
            if package is not None and (name, package.kind) != ("docker", "deb"):
                return package
        return None

    def named(self, name: str) -> Package | None:
        """The package of a name; of several versions the one that was installed last."""
        for package in reversed(self.found):
            if plain_name(package.name) == name:
                return package
        return None


class PackageSigns(NamedTuple):
    """The packages, where they may be all that shows a component: in a root of which only a part is here.

    On the live node a package whose programs, units and files are all gone shows nothing, and the databases are the
    largest files that a run reads: they are left alone there.
    """

    packages: Packages

    @classmethod
    def read(cls, host: Host, packages: Lazy[Packages]) -> PackageSigns:
        """The packages of a root, none of the live node."""
        return cls(Packages() if host.kind == "live" else packages())


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
