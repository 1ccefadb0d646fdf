"""What each runtime's configuration comes to: the sides that ``cgroup-driver`` judges and compares."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from nodecheck import facts
from nodecheck.checking import Evidence, Lazy, seen
from nodecheck.errors import FactError, Offline
from nodecheck.facts import (
    BootCgroups,
    Containerd,
    Crio,
    Docker,
    InitSystem,
    KubeletRelease,
    NowCgroups,
    PackageSigns,
    Target,
)
from nodecheck.facts.kernel.cgroups import CGROUPFS, SYSTEMD, CgroupVersion
from nodecheck.facts.packages.packages import daemon_package
from nodecheck.fix import MANUAL, Fix
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from nodecheck.facts.runtimes.containerd_config import Effective
    from nodecheck.facts.runtimes.releases import Release

T = TypeVar("T")

KUBELET = ("kubelet",)


class Side(NamedTuple):
    """A runtime or the kubelet, and what its configuration comes to."""

    name: str
    driver: str | None = None
    """None where it cannot be told (``code`` and ``why`` say why) or there is nothing to judge (``idle`` says so)."""
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()
    code: str = ""
    why: str = ""
    idle: str = ""
    fix: Callable[[str, tuple[str, ...]], Fix] | None = None
    """Made of the wanted driver and of the units to be restarted beside."""


def together(side: Side, other: Side, wanted: str) -> Side:
    """A side whose fix is left to a person where the other's is: with one of them changed no pod starts."""
    mend = side.fix
    if mend is None or side.driver in (None, wanted) or other.driver in (None, wanted):
        return side
    theirs = other.fix(wanted, ()) if other.fix is not None else None
    if theirs is not None and theirs.safety != MANUAL:
        return side
    return side._replace(fix=lambda driver, units: mend(driver, units)._replace(safety=MANUAL))


class SidesNode(NamedTuple):
    """What the sides of one node have in common; read only where a verdict depends on it."""

    releases: Lazy[facts.RuntimeReleases]
    kubelet: Lazy[KubeletRelease]
    packages: Lazy[PackageSigns]
    target: Lazy[Target]
    init: Lazy[InitSystem]
    cgroups: Lazy[NowCgroups]
    planned: Lazy[BootCgroups]
    shim: Lazy[facts.CriDockerd]
    pods: Lazy[facts.PodCgroups]

    def release(self, name: str) -> Release | None:
        """The release of a runtime, where the node shows it."""
        found = attempt(self.releases)
        return None if isinstance(found, FactError) else found.of(name)

    def kubelet_release(self) -> Release | None:
        """The kubelet's own release, where the node shows it."""
        shown = attempt(self.kubelet)
        return None if isinstance(shown, FactError) else shown.numbers

    def kubernetes(self) -> Release | None:
        """The kubelet's release, else the one that was given or found for the node."""
        shown = self.kubelet_release()
        if shown is not None:
            return shown
        target = attempt(self.target)
        return None if isinstance(target, FactError) else target.release

    def package(self, name: str) -> tuple[Evidence, ...]:
        """The package that shows a component of which nothing else is there. Raises FactError."""
        found = daemon_package(self.packages().packages, name)
        return () if found is None else (seen(found.source, f"{found.name} {found.version}"),)

    def beside(self, runtime: Side | None) -> tuple[str, ...]:
        """The units to be restarted after a runtime's: the kubelet's, and before it the one that hands on its driver.

        cri-dockerd asks docker for its driver once, when it starts, and its unit is not bound to docker's.
        """
        shim = attempt(self.shim) if runtime is not None and runtime.name == "docker" else None
        unit = None if shim is None or isinstance(shim, FactError) else shim.unit
        return KUBELET if unit is None else (unit, *KUBELET)

    def hierarchy(self) -> CgroupVersion:
        """The cgroups that its runtimes find: what is mounted, else what its next boot mounts. Raises FactError."""
        try:
            found = self.cgroups().found
        except Offline:
            return self.planned().found
        return found if found.version is not None else self.planned().found

    def on_systemd(self) -> bool:
        """Whether systemd is the init."""
        found = attempt(self.init)
        return True if isinstance(found, FactError) else found.is_systemd


def attempt(fact: Callable[[], T]) -> T | FactError:
    """A fact, or why it cannot be had."""
    try:
        return fact()
    except FactError as error:
        return error


def runtimes(node: SidesNode, docker: Lazy[Docker], containerd: Lazy[Containerd], crio: Lazy[Crio]) -> Iterator[Side]:
    """The runtimes that are there."""
    sides = (
        _read(docker, "docker", lambda fact: _docker(fact, node)),
        _read(containerd, "containerd", lambda fact: _containerd(fact, node)),
        _read(crio, "crio", lambda fact: _crio(fact, node)),
    )
    yield from (side for side in sides if side is not None)


def _read(fact: Lazy[T], name: str, judge: Callable[[T], Side | None]) -> Side | None:
    try:
        return judge(fact())
    except FactError as error:
        return unread(name, error)


def unread(name: str, error: FactError) -> Side:
    """A component whose sources cannot be read or understood."""
    if isinstance(error, Offline):
        return Side(name, idle=str(error), code=error.code)
    return Side(name, code=error.code, why=str(error))


def _docker(fact: Docker, node: SidesNode) -> Side | None:
    package = node.package("docker") if fact.present is None else ()
    if fact.present is None and not package:
        return None
    evidence = (*_docker_evidence(fact), *package)
    if fact.problem is not None:
        told = fact.problem if fact.line is None else f"{fact.path} {fact.problem}"
        return Side("docker", evidence=evidence, code="malformed", why=f"dockerd would not start: {told}")
    if not fact.options:
        return _docker_default(fact, node, evidence)
    from nodecheck_checks.runtime.driver_fixes import docker

    release = node.release("docker") if len({item.value for item in fact.options}) > 1 else None
    driver, why = fact.driver(release, None, True)
    code = "not-found" if len(fact.options) > 1 else "malformed"
    return Side("docker", driver, evidence, fact.notes, code, why or "", fix=partial(docker, fact))


def _docker_default(fact: Docker, node: SidesNode, evidence: tuple[Evidence, ...]) -> Side:
    from nodecheck_checks.runtime.driver_fixes import docker

    version = attempt(node.hierarchy)
    if isinstance(version, FactError):
        return unread("docker", version)
    if version.source is not None:
        evidence = (*evidence, seen(version.source, version.value))
    release = None if version.unified is False else node.release("docker")
    driver, why = fact.driver(release, version.unified, node.on_systemd())
    if driver is None:
        return Side("docker", None, evidence, fact.notes, "not-found", why or "")
    notes = (*fact.notes, f"by default, with cgroup {version.version or 'v1 or v2'}")
    return Side("docker", driver, evidence, notes, fix=partial(docker, fact))


def _docker_evidence(fact: Docker) -> tuple[Evidence, ...]:
    if fact.problem is not None and fact.line is not None:
        return (seen(fact.path, fact.problem, line=fact.line),)
    if fact.options:
        return tuple(seen(item.path, item.text.strip(), line=item.line) for item in fact.options)
    units = fact.service.paths if fact.service is not None else ()
    return (seen(fact.path, None, locator="exec-opts"), *(seen(path, None, locator="--exec-opt") for path in units))


def _containerd(fact: Containerd, node: SidesNode) -> Side | None:
    package = node.package("containerd") if fact.present is None else ()
    if fact.present is None and not package:
        return None
    if fact.service is not None and fact.service.problem is not None:
        evidence = tuple(seen(path, None, locator="ExecStart") for path in fact.service.paths)
        return Side("containerd", evidence=evidence, code="malformed", why=fact.service.problem)
    return containerd_side(fact, node, lambda: node.release("containerd"), package)


def containerd_side(
    fact: Containerd, node: SidesNode, release: Callable[[], Release | None], package: tuple[Evidence, ...] = ()
) -> Side | None:
    """What a containerd's files come to with its release; None where it has none."""
    if fact.present is None and not package:
        return None
    verdict = fact.decided(release)
    if verdict.found is None:
        evidence = tuple(
            seen(file.path, f"version = {file.version}" if file.version else None, locator="version")
            for file in fact.files
        )
        return Side("containerd", None, evidence, verdict.notes, "malformed", verdict.refused or "")
    return _containerd_driver(fact, verdict.found, verdict.notes, node, package)


def _containerd_driver(
    fact: Containerd, found: Effective, ignored: tuple[str, ...], node: SidesNode, package: tuple[Evidence, ...]
) -> Side:
    from nodecheck_checks.runtime.driver_fixes import containerd, cri_plugin

    path, line, told = fact.place(found)
    place = seen(path, None, locator=".".join(found.keys[-3:])) if told is None else seen(path, told.strip(), line=line)
    evidence = (place, *package)
    if not found.cri:
        off = "its CRI plugin is off (disabled_plugins)"
        return Side("containerd", evidence=evidence, idle=off, fix=partial(cri_plugin, fact, node.release, told, path))
    driver = found.driver or (SYSTEMD if node.on_systemd() else CGROUPFS)
    notes = [] if told is not None else [f"SystemdCgroup of runtime {found.handler} is not set"]
    if found.detected:
        notes = ["no runtime is runc's, so containerd asks whether systemd runs"]
    notes += ignored
    if found.others:
        notes.append(f"the other driver is that of {', '.join(found.others)}")
    return Side("containerd", driver, evidence, tuple(notes), fix=partial(containerd, fact, found, node.release))


def _crio(fact: Crio, node: SidesNode) -> Side | None:
    package = node.package("crio") if fact.present is None else ()
    if fact.present is None and not package:
        return None
    from nodecheck_checks.runtime.driver_fixes import crio

    manager = fact.cgroup_manager
    told = tuple(item for item in (manager, fact.conmon_cgroup) if item is not None)
    evidence = (*[seen(item.path, item.text.strip(), line=item.line) for item in told], *package)
    if manager is None:
        evidence = (*evidence, *(seen(path, None, locator="cgroup_manager") for path in fact.files or (fact.path,)))
    release = node.release("crio") if fact.needs_release() else None
    refused = fact.refusal(release)
    why = refused.why if refused is not None else fact.service.problem if fact.service is not None else None
    if why is not None:
        return Side("crio", evidence=evidence, code="malformed", why=f"CRI-O would not start: {why}")
    driver = manager.value if manager is not None else fact.default(release)
    doubt = fact.doubt(release)
    notes = (*(() if manager is not None else ("by default",)), *((doubt,) if doubt is not None else ()))
    return Side("crio", driver, evidence, notes, fix=partial(crio, fact))
