"""What the kubelet makes of the manifests of static pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nodecheck.checking import Evidence, Lazy, Outcome, Severity, fail, ok, seen, unknown
from nodecheck.facts import KubeletConfig, KubeletRelease, NodePhase, StaticPods, Target
from nodecheck.facts.kubelet.static_pods import ApiReference, StaticPod
from nodecheck.fix import DISRUPTIVE, Fix, Step, by_hand, command, edit
from nodecheck.record import NamedTuple
from nodecheck.requirements.asked import STEADY, UPGRADE
from nodecheck.requirements.table import Release, Row, Table

GATE = "PreventStaticPodAPIReferences"
REFUSED = "refused"
REFERENCES = Table(
    Row("reference", "taken", "the pod runs, and has no mirror in the API", "kubernetes#103587", before=(1, 34)),
    Row("reference", f"{REFUSED}, unless {GATE} is false", "the kubelet denies such a pod", "kubernetes#131837",
        since=(1, 34), before=(1, 37)),
    Row("reference", REFUSED, "the kubelet denies such a pod", "kubernetes#140226 (no gate any more)", since=(1, 37)),
)  # fmt: skip
"""What a kubelet makes of a static pod that refers to an object of the API."""

EXPECTED = "one pod that the kubelet starts"
CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
"""The static pods that kubeadm makes of a control plane, and asks for before an upgrade."""

_MANIFESTS = (".yaml", ".yml", ".json", ".manifest")


def judged(
    folder: str,
    pods: StaticPods,
    kubelet: Lazy[KubeletConfig],
    own: Lazy[KubeletRelease],
    target: Lazy[Target],
    phase: Lazy[NodePhase],
) -> Iterator[Outcome]:
    """Each manifest, and the parts of a control plane that have none."""
    if not pods.pods:
        there = "has no file" if pods.there else "is not there, and nothing is read from it"
        yield ok(f"{folder} {there}", expected=EXPECTED, actual="none", evidence=[seen(folder, there)])
    asked = PodAsking(kubelet, own, target)
    first: dict[str, StaticPod] = {}
    for pod in sorted(pods.pods, key=_is_copy):
        other = first.setdefault(pod.pod or pod.path, pod)
        yield _twice(pod, other) if other is not pod else of_pod(pod, asked)
    yield from _missing(pods, first, kubelet, phase)


def _missing(
    pods: StaticPods, found: Mapping[str, StaticPod], kubelet: Lazy[KubeletConfig], phase: Lazy[NodePhase]
) -> Iterator[Outcome]:
    """The parts of a control plane of which others are static pods here."""
    absent = [name for name in CONTROL_PLANE if f"kube-system/{name}" not in found]
    if len(absent) in (0, len(CONTROL_PLANE)) or any(pod.hidden or pod.problem for pod in pods.pods):
        return
    if not kubelet().present or phase().name not in (STEADY, UPGRADE):
        return
    there = [pod for name, pod in found.items() if name.partition("/")[2] in CONTROL_PLANE]
    for name in absent:
        path = f"{pods.folder}/{name}.yaml"
        yield fail(
            f"{path} is not there: {name} does not run on this node, and other parts of the control plane do",
            subject=path,
            expected=EXPECTED,
            actual="none",
            evidence=[seen(path), *[seen(pod.path, pod.pod) for pod in there]],
            fix=by_hand(
                f"Bring {name} back", f"Put its manifest back; else kubeadm init phase control-plane {name[5:]}"
            ),
        )


class PodAsking(NamedTuple):
    """What decides whether references are refused; read only where there are some."""

    kubelet: Lazy[KubeletConfig]
    own: Lazy[KubeletRelease]
    target: Lazy[Target]

    def releases(self) -> tuple[Release, ...]:
        """The kubelet's own release and the one that the node is to have, as far as they are known."""
        return tuple(dict.fromkeys([found[:2] for found in (self.own().numbers, self.target().release) if found]))

    def refusing(self) -> tuple[Release, Row] | None:
        """The first of these releases that refuses references, with its row."""
        off = self.kubelet().gate(GATE) is False
        for release in self.releases():
            row = REFERENCES.at("reference", release)
            if row.wanted.startswith(REFUSED) and not (off and GATE in row.wanted):
                return release, row
        return None


def _is_copy(pod: StaticPod) -> tuple[bool, str]:
    """What is not called like a manifest comes last: it is the copy."""
    return not pod.path.endswith(_MANIFESTS), pod.path


def of_pod(pod: StaticPod, asked: PodAsking) -> Outcome:
    if pod.hidden is not None:
        return unknown(f"{pod.path} cannot be read: {pod.hidden}", code=pod.hidden.code, subject=pod.path)
    if pod.problem is not None:
        return _no_pod(pod)
    if pod.references:
        return _referring(pod, asked)
    evidence = [seen(pod.path, pod.pod)]
    return ok(f"{pod.pod} is a static pod", subject=pod.path, expected=EXPECTED, actual=pod.pod, evidence=evidence)


def _no_pod(pod: StaticPod) -> Outcome:
    """The kubelet makes no pod of a file; whether one was meant decides how bad that is."""
    other_kind = pod.problem is not None and "a static pod is a Pod" in pod.problem and not pod.is_pod
    meant = pod.is_pod or (pod.path.endswith(_MANIFESTS) and not other_kind)
    at = f"{pod.path}:{pod.line}" if pod.line else pod.path
    fix = by_hand(f"Correct {pod.path}", f"Correct the file, or move it out of the directory: it {pod.problem}")
    return fail(
        f"{at} {pod.problem}: the kubelet makes no pod of it",
        subject=pod.path,
        expected=EXPECTED,
        actual=pod.problem,
        evidence=[seen(pod.path, pod.problem, line=pod.line)],
        fix=fix if meant else _moved(pod.path),
        severity=Severity.ERROR if meant else Severity.WARNING,
    )


def _twice(pod: StaticPod, other: StaticPod) -> Outcome:
    name = other.path.rpartition("/")[2]
    return fail(
        f"{pod.path} has the pod {pod.pod} too, as {name} does: it is chance which of the two runs",
        subject=pod.path,
        expected=EXPECTED,
        actual=f"{pod.pod}, also in {name}",
        evidence=[seen(pod.path, pod.pod), seen(other.path, other.pod)],
        fix=_moved(pod.path),
    )


def _moved(path: str) -> Fix:
    """Out of the directory, into the one above, where the kubelet does not look."""
    folder, _, name = path.rpartition("/")
    above = folder.rpartition("/")[0]
    step = command("mv", "--no-clobber", path, f"{above}/{name}.not-a-manifest")
    return Fix(f"Move {name} out of {folder}", (step,), DISRUPTIVE)


def _referring(pod: StaticPod, asked: PodAsking) -> Outcome:
    refused = asked.refusing()
    told = ", ".join(dict.fromkeys([one.text for one in pod.references]))
    evidence = [seen(pod.path, one.text, line=one.line) for one in pod.references]
    expected = "no reference to an object of the API"
    if refused is None:
        return _taken(pod, told, evidence, asked)
    release, row = refused
    at = f"{pod.path}:{pod.references[0].line}" if pod.references[0].line else pod.path
    since = _dotted(row.since or release)
    return fail(
        f"{at} {pod.pod} refers to {_resources(pod)} ({told}), and from {since} on {row.reason}",
        subject=pod.path, expected=expected, actual=told, evidence=evidence, fix=_without(pod), severity=row.severity,
    )  # fmt: skip


def _taken(pod: StaticPod, told: str, evidence: list[Evidence], asked: PodAsking) -> Outcome:
    """References that no known release of the node refuses."""
    first, last = REFERENCES.rows[1], REFERENCES.rows[-1]
    if not asked.releases():
        message = f"{pod.pod} refers to {_resources(pod)} ({told}), which Kubernetes refuses from "
        message += f"{_dotted(first.since)} on, and the release is not known"
        code = "not-found" if asked.own().hidden is None else "unsupported"
        return unknown(message, code=code, subject=pod.path, evidence=evidence, severity=Severity.WARNING)
    since, why = (first.since, "") if asked.kubelet().gate(GATE) is not False else (last.since, f", as {GATE} is off")
    message = f"{pod.pod} refers to {_resources(pod)} ({told}), which Kubernetes refuses only from "
    message += f"{_dotted(since)} on{why}"
    return ok(message, subject=pod.path, expected=EXPECTED, actual=f"{pod.pod}: {told}", evidence=evidence)


def _resources(pod: StaticPod) -> str:
    return " and ".join(dict.fromkeys([one.resource for one in pod.references]))


def _without(pod: StaticPod) -> Fix:
    """Lines of service accounts can be put out of force; for all else something must come in its place."""
    title = f"Take the references out of {pod.path}"
    steps = [_out(pod.path, one) for one in pod.references]
    if all(step is not None for step in steps):
        return Fix(title, tuple(dict.fromkeys([step for step in steps if step is not None])), DISRUPTIVE)
    told = ", ".join([f"{one.text} (line {one.line})" if one.line else one.text for one in pod.references])
    return by_hand(title, f"Take out {told}, and give the pod the same by hostPath")


def _out(path: str, reference: ApiReference) -> Step | None:
    key, _, rest = reference.whole.strip(" \t\r").partition(": ")
    if key not in ("serviceAccountName", "serviceAccount") or not rest or rest[0] in "|>&":
        return None
    return edit(path, reference.whole, f"# {reference.whole}")


def _dotted(release: Release) -> str:
    return ".".join(map(str, release[:2]))
