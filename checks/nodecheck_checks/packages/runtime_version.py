"""Whether the release of the container runtime fits the release of Kubernetes."""

from __future__ import annotations

from nodecheck import facts
from nodecheck.checking import Lazy, Outcome, Results, Severity, check, ok, skip, unknown
from nodecheck.errors import FactError, Offline
from nodecheck.facts import KubeletConfig, KubeletRelease, Packages, Target
from nodecheck.facts.kubelet.config import DEFAULT_RUNTIME
from nodecheck.facts.packages.names import Package
from nodecheck.fix import Fix
from nodecheck.record import NamedTuple
from nodecheck.requirements.asked import EMBEDDED, Settings
from nodecheck.requirements.table import NEWEST, Row, verdict
from nodecheck.typed import TYPE_CHECKING
from nodecheck_checks.packages.runtime_table import (
    ANSWERING,
    CONTAINERD,
    CRIO,
    DOCKER,
    ENDS,
    RUNTIME_CONFIG,
    RUNTIMES,
    has_line,
    takes,
)

if TYPE_CHECKING:
    from nodecheck.formats.versions import Version
    from nodecheck_checks.packages.installed import Installed, Missing

_DOCKERS_OWN = "containerd.io"


class ReleaseNode(NamedTuple):
    """What the check asks; read only where a verdict depends on it."""

    target: Target
    kubelet: KubeletConfig
    embedded: Lazy[facts.EmbeddedKubelet]
    joined: Lazy[facts.Joined]
    tools: Lazy[facts.RuntimeTools]
    packages: Lazy[Packages]
    traces: Lazy[facts.Traces]
    given: Lazy[Settings]

    def with_agent(self) -> bool:
        """Whether an agent brings the runtime inside."""
        embedded = self.given().runtime == EMBEDDED
        return embedded or (not self.kubelet.present and self.embedded().present)

    def pointed(self) -> str | None:
        """The runtime that the kubelet uses; None where it has not chosen yet."""
        kubelet = self.kubelet
        if kubelet.runtime_endpoint is not None or kubelet.container_runtime is not None:
            return kubelet.runtime(self.target.release) or "another"
        if kubelet.present and self.joined().path is not None:
            return kubelet.runtime(self.target.release or NEWEST)
        return None

    def found(self, name: str) -> Installed | Missing:
        """What is installed of a runtime. Raises FactError where that cannot be told."""
        # The databases are not read for what the program tells.
        from nodecheck_checks.packages.installed import installed

        known = Packages() if self.tools().of(name).version is not None else self.packages()
        return installed(name, self.tools(), known, self.traces)

    def package(self, name: str) -> Package | None:
        """The package of a runtime; None also where the databases cannot be read."""
        try:
            return self.packages().of(name)
        except FactError:
            return None


@check(severity=Severity.WARNING, tags=["versions", "kubelet"], topic="runtime", by_release=RUNTIMES, rows=RUNTIMES)
def runtime_version(
    target: Target,
    own: Lazy[KubeletRelease],
    kubelet: KubeletConfig,
    embedded: Lazy[facts.EmbeddedKubelet],
    joined: Lazy[facts.Joined],
    tools: Lazy[facts.RuntimeTools],
    packages: Lazy[Packages],
    traces: Lazy[facts.Traces],
    given: Lazy[Settings],
) -> Results:
    """The release of the container runtime fits the release of Kubernetes.

    ## Why it matters
    A kubelet from 1.26 on asks for version 1 of the CRI, which containerd has from 1.6 on. From 1.35 on kubeadm warns
    of a runtime that does not answer `RuntimeConfig`: containerd before 2.0, CRI-O before 1.28. From 1.38 on a kubelet
    is planned not to start with such a runtime. containerd recommends releases of its own for each release of
    Kubernetes: for 1.36 it names none of 1.x.

    ## What it looks at
    The runtime that the kubelet points to; on a node that has not joined, each that is there. Docker beside another
    runtime is judged before 1.24 only, where the kubelet speaks to it itself: by the releases that kubeadm validated.
    The runtime that an agent (k3s, RKE2, k0s, MicroK8s) brings inside is the agent's, and is `skip`.

    What the program says of itself counts (`containerd --version`), else its package, as in the check `version`. A
    distribution brings fixes to its package by backports. Where such a package is of a line in containerd's table, and
    only its patch release is too old, that is information and no warning. A pre-release whose final release would fit
    is `unknown`, and so is a version that cannot be read. Where no release of Kubernetes is given or found, the
    kubelet's own counts. Without one, what fits some releases and not the newest is `unknown`.

    | Kubernetes | containerd that is recommended |
    | --- | --- |
    | 1.26 to 1.31 | 1.6 or later (required) |
    | 1.32 | 2.1.0, 2.0.1, 1.7.24, 1.6.36, or later ones of these lines |
    | 1.33 | 2.1.0, 2.0.4, 1.7.24, 1.6.36 |
    | 1.34 | 2.1.3, 2.0.6, 1.7.28, 1.6.39 |
    | 1.35 | 2.2.0, 2.1.5, 1.7.28; kubeadm warns before 2.0 |
    | 1.36 | 2.3.0, 2.2.0; kubeadm warns before 2.0 |
    | 1.37 | no row yet; kubeadm warns before 2.0 |

    When containerd's line has its end of life is a note (`-v`), and is in no verdict.

    ## How to fix it
    Drain the node, and upgrade the runtime from the repository that has the release. Read how containerd 2 takes the
    configuration that is there (`containerd config migrate`).

    ## Sources
    containerd RELEASES.md; KEP-4033; kubernetes/kubernetes#134906, #139121, #139122 (kubeadm's preflight check
    ContainerRuntimeVersion); kubernetes/system-validators `validators/types_unix.go` (docker).
    """
    asked = target if target.kubernetes is not None else target._replace(kubernetes=_own_release(own))
    node = ReleaseNode(asked, kubelet, embedded, joined, tools, packages, traces, given)
    if node.with_agent():
        yield skip("the agent on this node brings the container runtime inside: its release is the agent's")
    elif not kubelet.present and target.role is None and target.kubernetes is None:
        yield skip("nothing says that this is a node: there is no kubelet, and no role or release is given")
    else:
        yield from _of_node(node)


def _own_release(own: Lazy[KubeletRelease]) -> str | None:
    """The release of the kubelet that is here, where nothing says which one the node is to have."""
    try:
        numbers = own().numbers
    except FactError:
        return None
    return None if numbers is None else ".".join(map(str, numbers))


def _of_node(node: ReleaseNode) -> Results:
    pointed = node.pointed()
    names = _not_chosen(node) if pointed is None else (pointed,)
    judged = [found for found in (_of(name, node) for name in names) if found is not None]
    if not judged:
        here = "no container runtime is here" if pointed is None else f"the kubelet's runtime is {pointed}"
        yield skip(f"{here}, and no rule is about its release")
    yield from judged


def _not_chosen(node: ReleaseNode) -> tuple[str, ...]:
    """The runtimes that the node's kubelet might use: docker itself, which has a containerd inside, before 1.24."""
    from nodecheck_checks.packages.installed import Installed

    default = DEFAULT_RUNTIME.at("runtime", node.target.release or NEWEST).wanted
    if default == DOCKER and isinstance(_attempt(DOCKER, node), Installed):
        return (DOCKER,)
    return (CONTAINERD, CRIO)


def _attempt(name: str, node: ReleaseNode) -> Installed | Missing | FactError:
    try:
        return node.found(name)
    except FactError as error:
        return error


def _of(name: str, node: ReleaseNode) -> Outcome | None:
    """What is to be said of one runtime; None where it is not there, or nothing is asked of it."""
    from nodecheck_checks.packages.installed import Missing

    rows = [row for row in RUNTIMES.of(node.target) if row.name == name]
    if not rows and name not in ANSWERING:
        return None
    found = _attempt(name, node)
    if isinstance(found, Offline):
        return skip(str(found), code=found.code, subject=name)
    if isinstance(found, FactError):
        return unknown(str(found), code=found.code, subject=name, expected=_expected(rows))
    if isinstance(found, Missing):
        return None
    return _judged(name, found, rows, node)


def _expected(rows: list[Row]) -> str:
    return "; ".join([row.wanted for row in rows]) or "any release"


def _judged(name: str, found: Installed, rows: list[Row], node: ReleaseNode) -> Outcome:
    version = found.version
    shown = f"{name} is {version.text}{found.note}"
    unmet = sorted([row for row in rows if not takes(version.numbers, row.wanted)], key=_rank)
    notes = _notes(name, version, node.target)
    if not unmet and version.pre is not None:
        message = f"{shown}, a pre-release, of which no rule says whether it will do"
        return unknown(message, code="unsupported", subject=name, actual=version.text, evidence=found.evidence)
    if not unmet:
        expected = _expected(rows)
        return ok(shown, subject=name, expected=expected, actual=version.text, evidence=found.evidence, notes=notes)
    row = unmet[0]
    if node.target.release is None and takes(version.numbers, RUNTIMES.rows[0].wanted):
        message = f"{shown}, which fits some releases of Kubernetes only, and the release is not known"
        expected = _expected(unmet)
        return unknown(message, code="not-found", subject=name, expected=expected, evidence=found.evidence)
    why = "; ".join([f"{one.wanted}: {one.reason}" for one in unmet])
    if _kept_up(name, version, unmet, node):
        row = row._replace(severity=Severity.INFO)
        why += "; its distribution keeps its line up by backports"
    fix = _fix(name, row.wanted, found, node)
    return verdict(False, shown, row, version.text, found.evidence, fix, f"{shown}, not {why}", notes)


def _rank(row: Row) -> int:
    return tuple(Severity).index(row.severity)


def _kept_up(name: str, version: Version, unmet: list[Row], node: ReleaseNode) -> bool:
    """Whether a distribution's package brings it, of a line that all the rows have."""
    from nodecheck.formats.versions import parse_package_version

    package = node.package(name)
    if package is None or package.name == _DOCKERS_OWN or not all(has_line(version.numbers, r.wanted) for r in unmet):
        return False
    other = parse_package_version(package.version)
    return other is not None and other.numbers == version.numbers


def _notes(name: str, version: Version, target: Target) -> tuple[str, ...]:
    """What is planned, where it will not do, and until when its line is kept up."""
    ends = [row for row in ENDS if row.name == name and row.covers(version.numbers)]
    told = tuple([f"{row.reason}: {row.wanted} ({row.source})" for row in ends])
    late = name in ANSWERING and not takes(version.numbers, ANSWERING[name])
    return (*(RUNTIMES.notes(RUNTIME_CONFIG, target.release) if late else ()), *told)


def _fix(name: str, wanted: str, found: Installed, node: ReleaseNode) -> Fix:
    from nodecheck_checks.packages.installed import install

    try:
        known = node.packages()
    except FactError:  # the verdict does not hang on it
        known = Packages()
    return install(name, wanted, known, found.package or known.of(name))
