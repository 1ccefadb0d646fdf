"""Flags and feature gates that the node's release, or the one that it is to get, does not know."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.checking import Evidence, Lazy, Outcome, Results, Severity, check, fail, ok, seen, skip, unknown
from nodecheck.facts import GivenSettings, Joined, KubeletConfig, KubeletRelease, Target
from nodecheck.facts.kubelet.given import API, FLAG, KUBELET, GivenSetting
from nodecheck.record import NamedTuple
from nodecheck.requirements.table import Release, Row, Table

EXPECTED = "only what the release knows"
_SOURCES = 16


class Releases(NamedTuple):
    """The releases that a node's settings must suit; None: not known."""

    own: Release | None
    """The kubelet's own."""
    target: Release | None
    """The one that the node is to have, or that its control plane has."""

    def of(self, component: str) -> tuple[Release, ...]:
        """Those of a component: a control plane is never older than the kubelet."""
        known = (self.own, self.target) if component == KUBELET or self.target is None else (self.target,)
        return tuple(dict.fromkeys([release[:2] for release in known if release]))


def rows_of(item: GivenSetting) -> tuple[Row, ...]:
    """What the tables say of a setting."""
    from nodecheck.facts.kubelet.removed import ADDED, KUBEADM_APIS, REMOVED, REMOVED_GATES

    tables: tuple[Table, ...] = (REMOVED, ADDED) if item.kind == FLAG else (REMOVED_GATES,)
    if item.kind == API:
        tables = (KUBEADM_APIS,)
    name = item.name.removeprefix("--")
    return tuple([row for table in tables for row in table if row.name == name])


def refusing(item: GivenSetting, releases: tuple[Release, ...]) -> Release | None:
    """The first of the releases that does not know a setting; None where all do."""
    rows = rows_of(item)
    return next((release for release in releases if not any(row.covers(release) for row in rows)), None)


@check(tags=["kubelet", "upgrade"], topic="kubelet", view="boot")
def removed_setting(
    given: GivenSettings,
    kubelet: KubeletConfig,
    own: Lazy[KubeletRelease],
    target: Lazy[Target],
    joined: Lazy[Joined],
) -> Results:
    """No flag and no feature gate is set that the node's release, or the one that it is to get, does not know.

    ## Why it matters
    A kubelet, a kube-proxy or a control plane that is given a flag or a gate which its release no longer has ends with
    `unknown flag` or `unrecognized feature gate`. An upgrade brings that with the restart of the kubelet, and then the
    node is gone. `KUBELET_EXTRA_ARGS` in `/etc/default/kubelet` or `/etc/sysconfig/kubelet` survives every
    `kubeadm upgrade`, and nothing else looks there.

    ## What it looks at
    The kubelet's flags, wherever its unit takes them from, its configuration file and drop-ins; the arguments that k3s,
    RKE2, k0s and MicroK8s give the kubelet inside them; the gates in the command lines of static pods and of the units
    `kube-proxy`, `kube-apiserver`, `kube-controller-manager` and `kube-scheduler`, and in kube-proxy's configuration
    file. The kubelet's must suit its own release and the one that the node is to have (`--kubernetes`, or that of the
    control plane's images); the others the latter. Where no release is known, a setting that some release refuses is
    `unknown`.

    Files with the configuration of kubeadm itself are looked into as well: `kubeadm.k8s.io/v1beta3` is refused from
    1.37 on; on a node that has joined already that is a warning.

    The subject is the flag, the gate or the API version: `removed-setting[--pod-infra-container-image]`.

    ## How to fix it
    Take it out of the line that gives it; what it did, the component does by itself as a rule (the pause image is the
    runtime's `sandbox_image`). `systemctl daemon-reload` after a change of a unit. An edited static pod is restarted at
    once.

    ## Sources
    Kubernetes' release notes, "Removed" and "feature gate"; kubernetes#106907, #114017, #130161, #122384, #133779,
    #139870, #136016; component-base featuregate `unrecognized feature gate`; pflag `unknown flag`;
    kubernetes-sigs/image-builder#1866, siderolabs/talos#13480 (nodes that were lost so).
    """
    releases = Releases(own().numbers, target().release) if given.settings else Releases(None, None)
    by_name: dict[str, list[GivenSetting]] = {}
    for item in given.settings:
        by_name.setdefault(item.name, []).append(item)
    judged = [outcome for found in by_name.values() for outcome in _judged(found, releases, joined)]
    yield from judged
    if kubelet.problem is not None:
        place = seen(kubelet.problem.source, kubelet.problem.detail, line=kubelet.problem.line)
        if kubelet.problem.to_come:
            yield skip(kubelet.problem.why_not_yet, evidence=[seen(kubelet.problem.source)])
            return
        message = f"the kubelet does not start with its configuration: {kubelet.problem.detail}"
        yield unknown(message, code=kubelet.problem.code, evidence=[place])
    elif given.hidden:
        message = f"not every place can be looked into: {given.hidden[0]}"
        yield unknown(message, code=given.hidden[0].code)
    elif not given.sources:
        yield skip("there is no kubelet, and nothing gives a component flags or gates")
    elif not judged:
        sources = [seen(path, None, locator="flags and feature gates") for path in given.sources[-_SOURCES:]]
        told = _told(releases) if given.settings else "every release"
        yield ok(f"{told} knows each flag and gate that is set", expected=EXPECTED, evidence=sources)


def _told(releases: Releases) -> str:
    return "Kubernetes " + " and ".join([_dotted(release) for release in releases.of(KUBELET)])


def _judged(found: list[GivenSetting], releases: Releases, joined: Lazy[Joined]) -> Iterator[Outcome]:
    """What a setting comes to, by all the lines that give it; nothing where every release takes it."""
    refused = [(item, release) for item in found if (release := refusing(item, releases.of(item.component)))]
    if refused:
        yield _refused([item for item, _ in refused], refused[0][1], joined)
    elif any(not releases.of(item.component) for item in found):
        item, row = found[0], rows_of(found[0])[0]
        message = f"{item.name} is given, which not every release knows ({row.source}), and the release is not known"
        evidence = _evidence(found)
        yield unknown(message, code="not-found", subject=item.name, evidence=evidence, severity=Severity.WARNING)


def _refused(found: list[GivenSetting], release: Release, joined: Lazy[Joined]) -> Outcome:
    from nodecheck_checks.kubelet.removed_fixes import fix_of

    first, row = found[0], rows_of(found[0])[0]
    components = ", ".join(dict.fromkeys(item.component for item in found))
    known = "no longer" if row.before is not None else "not yet"
    settled = first.kind == API and joined().path is not None
    return fail(
        f"{components} of Kubernetes {_dotted(release)} does {known} know {first.name}, and does not start with it",
        subject=first.name,
        expected=EXPECTED,
        actual=first.text,
        evidence=_evidence(found),
        fix=fix_of(found),
        severity=Severity.WARNING if settled else Severity.ERROR,
    )


def _evidence(found: list[GivenSetting]) -> list[Evidence]:
    return [seen(item.path, item.text, line=item.line) for item in found]


def _dotted(release: Release) -> str:
    return ".".join(map(str, release))
