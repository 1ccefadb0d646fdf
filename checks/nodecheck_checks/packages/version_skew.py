"""Whether the versions of the Kubernetes programs may be used together."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck import facts
from nodecheck.checking import Evidence, Lazy, Outcome, Results, Severity, Status, check, fail, ok, skip, unknown
from nodecheck.errors import FactError, Offline
from nodecheck.facts import KubernetesTools, Packages, Target
from nodecheck.fix import Fix
from nodecheck.record import NamedTuple
from nodecheck.requirements.table import Row, Table
from nodecheck_checks.packages.installed import KUBERNETES, Installed, install, installed

_POLICY = "https://kubernetes.io/releases/version-skew-policy/"

SKEW = Table(
    Row("kubelet", "0 2", "it may be two minor releases behind the API server", _POLICY, before=(1, 25)),
    Row("kubelet", "0 3", "it may be three minor releases behind the API server", "KEP-3935", since=(1, 25)),
    Row("kubeadm", "-1 0", "it sets up its own release or the one before", _POLICY),
    Row("kubectl", "-1 1", "it may be one minor release away from the API server", _POLICY, Severity.WARNING),
)
"""By a component's own release: the control planes that it fits, the first and the last, counted from that release."""

KUBEADM_TAKES = Table(
    Row("kubelet", "1", "preflight KubeletVersion takes one that is one minor release behind", _POLICY, before=(1, 29)),
    Row("kubelet", "3", "preflight KubeletVersion takes three", "kubernetes/kubernetes#120825", since=(1, 29)),
)
"""By kubeadm's own release: how many minor releases a kubelet may be behind it."""


class Span(NamedTuple):
    """Minor releases of Kubernetes 1, both ends included."""

    low: int
    high: int

    def meets(self, other: Span) -> bool:
        """Whether the two have a release in common."""
        return self.low <= other.high and other.low <= self.high

    def __str__(self) -> str:
        return f"1.{self.low}" if self.low == self.high else f"1.{self.low} to 1.{self.high}"


def control_planes(component: str, minor: int) -> Span:
    """The control planes with which a component may be used.

    >>> [str(control_planes(*case)) for case in (("kubelet", 24), ("kubelet", 25), ("kubeadm", 17), ("kubectl", 34))]
    ['1.24 to 1.26', '1.25 to 1.28', '1.16 to 1.17', '1.33 to 1.35']
    """
    first, last = SKEW.at(component, (1, minor)).wanted.split(" ")
    return Span(minor + int(first), minor + int(last))


def releases(component: str, target: int) -> Span:
    """The releases of a component that may be used with one control plane.

    >>> [str(releases("kubelet", target)) for target in (17, 27, 28)], str(releases("kubeadm", 17))
    (['1.15 to 1.17', '1.25 to 1.27', '1.25 to 1.28'], '1.17 to 1.18')
    """
    fitting = [minor for minor in range(max(0, target - 4), target + 3) if _fits(component, minor, target)]
    return Span(fitting[0], fitting[-1])


def _fits(component: str, minor: int, target: int) -> bool:
    return control_planes(component, minor).meets(Span(target, target))


def _severity(subject: str | None) -> Severity:
    return next((row.severity for row in SKEW if row.name == subject), Severity.ERROR)


@check(severity=_severity, tags=["kubelet", "kubeadm", "versions"], topic="runtime")
def version_skew(
    target: Target, tools: KubernetesTools, packages: Lazy[Packages], traces: Lazy[facts.Traces]
) -> Results:
    """The versions of kubelet, kubeadm and kubectl may be used with the control plane and with each other.

    ## Why it matters
    A kubelet that is newer than its API server, or too old for it, is not supported: it may not register, or may
    misread what it is told. kubeadm refuses to set up such a node. kubectl more than one release away may lack fields
    or send ones that are refused.

    ## What it looks at
    The minor release of each program (see `version`), against the target release of Kubernetes where one is given or
    found on the node:

    - kubelet: not newer than the control plane; at most three releases older, two where the kubelet is before 1.25;
    - kubeadm: the release of the control plane, or one newer;
    - kubectl: one release newer to one older.

    Against each other: there must be a control plane with which both may be used, the kubelet must not be newer than
    kubeadm, and not more than three releases older than it (one, for kubeadm before 1.29). Patch releases do not
    count: kubelet 1.17.1 beside kubeadm 1.17.4 is fine.

    ## How to fix it
    Upgrade the control plane first, then kubelet and kubectl, one minor release at a time; or bring the program to a
    release within the range that the result names.

    ## Sources
    https://kubernetes.io/releases/version-skew-policy/; KEP-3935; kubeadm's preflight check KubeletVersion
    (`cmd/kubeadm/app/preflight/checks.go`) and `MinimumKubeletVersion`; kubernetes/kubernetes#120825.
    """
    found: dict[str, Installed] = {}
    unread: list[str] = []
    for component in KUBERNETES:
        outcome = _look(component, tools, packages, traces, found)
        if outcome is not None:
            yield outcome
            unread += [component] if outcome.status is Status.UNKNOWN else []
    # Major releases other than 1 do not exist; a target that names one has nothing to be compared with.
    release = target.release[1] if target.release is not None and target.release[0] == 1 else None
    hidden = target.untold("kubernetes") if target.kubernetes is None else None
    if hidden is not None:
        yield from _half_judged(found, hidden, packages)
        return
    if release is None and len(found) == 1 and not unread:
        yield skip(f"only {next(iter(found))} is here, and no Kubernetes release is given to compare it with")
        return
    for component in found:
        yield _compared(_judged(component, found, release, packages), component, unread, release)


def _compared(outcome: Outcome, component: str, unread: list[str], target: int | None) -> Outcome:
    """The outcome; unknown where it is good and one was not read with which the component must fit too."""
    others = [name for name in unread if target is None or (component, name) == ("kubelet", "kubeadm")]
    if outcome.status is Status.FAIL or not others:
        return outcome
    message = f"{component} {outcome.actual} cannot be compared with {' and '.join(others)}, whose version is not known"
    return unknown(message, code="unreadable", subject=component, actual=outcome.actual)


def _look(
    component: str,
    tools: KubernetesTools,
    packages: Lazy[Packages],
    traces: Lazy[facts.Traces],
    found: dict[str, Installed],
) -> Outcome | None:
    """Note what is installed of a component; an outcome where that cannot be told."""
    try:
        # The database is not read for what the program tells.
        known = Packages() if tools.of(component).version is not None else packages()
        one = installed(component, tools, known, traces)
    except Offline as error:
        return skip(str(error), code=error.code, subject=component)
    except FactError as error:
        return unknown(str(error), code=error.code, subject=component)
    if isinstance(one, Installed):
        found[component] = one
    return None


def _judged(component: str, found: dict[str, Installed], target: int | None, packages: Lazy[Packages]) -> Outcome:
    one = found[component]
    reasons = list(_reasons(component, found, target))
    others = [found[name].version.text for name in found if name != component]
    with_what = f"a control plane of 1.{target}" if target is not None else " and ".join(_named(component, found))
    theirs = [found[name].evidence[-1 if found[name].by_package else 0] for name in found if name != component]
    evidence: tuple[Evidence, ...] = (*one.evidence, *theirs)
    expected = str(releases(component, target)) if target is not None else f"fits {', '.join(others)}"
    shown = one.version.text
    if not reasons:
        return ok(
            f"{component} {shown} may be used with {with_what}",
            subject=component,
            expected=expected,
            actual=shown,
            evidence=evidence,
        )
    return fail(
        "; ".join(reasons),
        subject=component,
        expected=expected,
        actual=shown,
        evidence=evidence,
        fix=_fix(component, expected if target is not None else f"a release that {expected}", packages, one),
    )


def _fix(component: str, expected: str, packages: Lazy[Packages], one: Installed) -> Fix:
    try:
        known = packages()
    except FactError:  # the verdict does not hang on it
        known = Packages()
    return install(component, expected, known, one.package or known.of(component))


def _half_judged(found: dict[str, Installed], hidden: str, packages: Lazy[Packages]) -> Results:
    """Where the target cannot be read: what does not fit together fails, and the rest is not known."""
    for component in found:
        outcome = _judged(component, found, None, packages)
        if outcome.status is Status.FAIL:
            yield outcome
        else:
            message = f"the release of Kubernetes could not be found on this node: {hidden}"
            yield unknown(message, code="unreadable", subject=component, actual=outcome.actual)


def _named(component: str, found: dict[str, Installed]) -> list[str]:
    return [f"{name} {found[name].version.text}" for name in found if name != component]


def _reasons(component: str, found: dict[str, Installed], target: int | None) -> Iterator[str]:
    """Why a component may not be used as it is."""
    minor = found[component].version.minor[1]
    here = f"{component} {found[component].version.text}"
    if target is not None and not _fits(component, minor, target):
        yield f"{here} may not be used with a control plane of 1.{target}, only with {control_planes(component, minor)}"
    for other in found:
        if other == component:
            continue
        theirs = found[other].version.minor[1]
        there = f"{other} {found[other].version.text}"
        if target is None and not control_planes(component, minor).meets(control_planes(other, theirs)):
            yield f"no control plane may be used with both {here} and {there}"
        elif component == "kubelet" and other == "kubeadm":
            behind, most = theirs - minor, int(KUBEADM_TAKES.at("kubelet", (1, theirs)).wanted)
            if behind > most:
                yield f"{there} takes no kubelet before 1.{theirs - most}, and {here} is"
