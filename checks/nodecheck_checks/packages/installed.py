"""What is installed of a component, as the checks on versions see it."""

from __future__ import annotations

from nodecheck import facts
from nodecheck.checking import Evidence, Lazy, seen
from nodecheck.errors import Absent, Malformed, Offline, Unsupported
from nodecheck.facts import KubernetesTools, Packages, RuntimeTools
from nodecheck.facts.packages.names import NAMES, Package
from nodecheck.facts.packages.versions import Told
from nodecheck.fix import Fix, by_hand
from nodecheck.formats.versions import Version, parse_package_version
from nodecheck.record import NamedTuple
from nodecheck.requirements.table import Row, Table

KUBERNETES = ("kubelet", "kubeadm", "kubectl")

_OLD_DOCKER = "docker-ce 18.06 and before hold docker-containerd and docker-runc"
BUNDLES = Table(
    Row(
        "runc", "containerd.io", "its control file and spec provide runc, and conflict with it", "containerd-packaging"
    ),
    Row("runc", "docker-ce", _OLD_DOCKER, "docker-ce-packaging", before=(18, 9)),
    Row("containerd", "docker-ce", _OLD_DOCKER, "docker-ce-packaging", before=(18, 9)),
    Row("runc", "docker-engine", _OLD_DOCKER, "docker-ce-packaging", before=(18, 9)),
    Row("containerd", "docker-engine", _OLD_DOCKER, "docker-ce-packaging", before=(18, 9)),
)
"""Packages that bring a component inside, by their own release, which is not the component's."""


class Installed(NamedTuple):
    """The version of a component that is there."""

    version: Version
    told: Told
    package: Package | None
    evidence: tuple[Evidence, ...]

    @property
    def by_package(self) -> bool:
        """Whether the package alone tells the version."""
        return self.told.version is None

    @property
    def note(self) -> str:
        """What else must be told: only a client, a package that disagrees with the program, or is not whole."""
        return self._client_note + self._package_note

    @property
    def _client_note(self) -> str:
        program = self.told.command.partition(" ")[0]
        client = program.endswith("/docker") and not self.by_package
        return " (the client; there is no dockerd)" if client else ""

    @property
    def _package_note(self) -> str:
        package = self.package
        if package is None:
            return ""
        if not package.whole:
            return f"; its package {package.name} is {package.state}"
        if self.by_package:
            return f" by its package {package.name}"
        other = parse_package_version(package.version)
        if other is None or _own_numbers(self.told.component, other) or _same(self.version, other):
            return ""
        return f", and its package {package.name} says {package.version}: the program is not the package's"


class Missing(NamedTuple):
    """A component that is not there."""

    why: str
    evidence: tuple[Evidence, ...]
    shown: str = "not installed"


def installed(
    component: str, tools: KubernetesTools | RuntimeTools, packages: Packages, traces: Lazy[facts.Traces]
) -> Installed | Missing:
    """The version of a component by its program, else by its package.

    Raises FactError where something is there and does not tell its version: Offline where only its program could.
    """
    told, package = tools.of(component), packages.of(component)
    if told.version is not None:
        line = (seen(told.command, told.line),)
        return Installed(told.version, told, package, line + _package_evidence(package, packages, component))
    if told.problem is not None and not isinstance(told.problem, (Absent, Offline)):
        raise told.problem
    evidence = (_program_evidence(told), *_package_evidence(package, packages, component))
    if package is not None:
        return Installed(_package_version(component, package), told, package, evidence)
    if told.stranger:
        return Missing(f"{told.command.split(' ')[0]} is another program: {told.line}", evidence, told.line)
    if isinstance(told.problem, Offline):
        raise told.problem
    bundle = bundle_of(component, packages)
    if bundle is not None and not tools.running:
        detail = f"the package {bundle.name} {bundle.version} brings {component} inside, whose version it does not tell"
        raise Unsupported(bundle.source, detail)
    if not tools.running and not packages.databases:
        _deny_traces(component, traces())
    return Missing(f"{component} is not installed", evidence)


def bundle_of(component: str, packages: Packages) -> Package | None:
    """The package that is installed and brings a component inside."""
    for row in BUNDLES:
        package = packages.named(row.wanted) if row.name == component else None
        version = parse_package_version(package.version) if package is not None else None
        if version is not None and row.covers(version.numbers):
            return package
    return None


def _deny_traces(component: str, traces: facts.Traces) -> None:
    trace = traces.of(component)
    if trace is not None:
        raise Unsupported(
            trace, f"{component} belongs to this node, and neither a program nor a package tells its version"
        )


def _package_version(component: str, package: Package) -> Version:
    found = parse_package_version(package.version)
    if found is None:
        raise Malformed(package.source, f"the package {package.name} has the version {package.version!r}")
    if _own_numbers(component, found):
        raise Unsupported(package.source, f"the package {package.name} {package.version} has numbers of its own")
    return found


def _own_numbers(component: str, version: Version) -> bool:
    """Google's kubectl package carries the SDK's version, 528.0.0: no release of Kubernetes."""
    return component in KUBERNETES and version.numbers[0] != 1


def _same(left: Version, right: Version) -> bool:
    length = min(len(left.numbers), len(right.numbers))
    return left.numbers[:length] == right.numbers[:length]


def _program_evidence(told: Told) -> Evidence:
    if told.stranger:
        return seen(told.command, told.line)
    if isinstance(told.problem, Offline):
        return seen(told.command, "is there")
    return seen(told.command, locator="programs")


def _package_evidence(package: Package | None, packages: Packages, component: str) -> tuple[Evidence, ...]:
    if package is not None:
        return (seen(package.source, package.version, locator=f"package {package.name}"),)
    absent = [seen(path) for path in packages.missing]
    return (*[seen(path, locator=f"package {NAMES[component][0]}") for path in packages.databases], *absent)


def install(component: str, wanted: str, packages: Packages, package: Package | None) -> Fix:
    """How to bring a component to another version. Only a person can say from which repository."""
    bundle = bundle_of(component, packages)
    if bundle is not None and package is None:
        what = f"{component} is a part of {bundle.name}, whose packages tell which release of it they bring"
        text = f"{what}: drain the node, and install a {bundle.name} with {component} {wanted}, or again the same one."
        return by_hand(f"Bring {component} to {wanted}", text)
    name = NAMES[component][0] if package is None else package.name
    paths = " ".join([*packages.databases, *([package.source] if package else [])])
    if "dpkg" in paths:
        how = (
            f"apt-cache madison {name} lists the versions to be had; then "
            f"apt-get install --allow-downgrades --allow-change-held-packages {name}=VERSION"
        )
    elif "Packages.db" in paths:
        how = f"zypper install --oldpackage {name}=VERSION"
    elif paths:
        how = f"yum install {name}-VERSION (yum downgrade {name}-VERSION where a later one is installed)"
    else:
        how = "replace the program, or install its package"
    after = f", then restart {component}" if component not in ("kubeadm", "kubectl", "runc") else ""
    drain = "drain the node, " if component not in ("kubeadm", "kubectl") else ""
    return by_hand(f"Bring {component} to {wanted}", f"For {component} {wanted}: {drain}{how}{after}.")
