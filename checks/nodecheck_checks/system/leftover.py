"""What another cluster left behind."""

from __future__ import annotations

from nodecheck.checking import Evidence, Lazy, Outcome, Results, Severity, check, seen, unknown
from nodecheck.facts import Leftovers, NodePhase, Target
from nodecheck.facts.cluster.leftovers import ETCD_DATA, FILES, KUBERNETES, MANIFESTS, Leftover
from nodecheck.fix import by_hand
from nodecheck.requirements.asked import INSTALL, JOIN
from nodecheck.requirements.table import Row, Table, verdict

MOST_TOLD = 3
"""Names of a directory that a message has."""

CONTROL_PLANE, WORKER = "control-plane", "worker"
_CHECKS = "kubeadm cmd/kubeadm/app/preflight/checks.go"
_STARTS = "the kubelet would start this pod of another cluster"
_JOINED = "kubeadm joins no node that belongs to a cluster"


def _absent(path: str, reason: str, severity: Severity = Severity.ERROR, role: str | None = None) -> Row:
    return Row(path, "absent", reason, f"{_CHECKS} (FileAvailable)", severity, role=role)


def _empty(path: str, reason: str, source: str, severity: Severity = Severity.ERROR, role: str | None = None) -> Row:
    return Row(path, "empty or absent", reason, source, severity, role=role)


_PODS = [path for path in FILES if path.startswith(f"{MANIFESTS}/")]
_ETCD = f"{_CHECKS} (DirAvailable); kubernetes/kubeadm#2127"

ANY = Table(
    *[_absent(path, "kubeadm writes this pod itself, and stops", role=CONTROL_PLANE) for path in _PODS],
    *[_absent(path, _STARTS, Severity.WARNING) for path in _PODS],
    _empty(ETCD_DATA, "kubeadm puts no etcd onto the data of another", _ETCD, role=CONTROL_PLANE),
)
"""Before ``kubeadm init`` and before ``kubeadm join``."""

WORKERS = Table(
    _absent(f"{KUBERNETES}/pki/ca.crt", "kubeadm stops where the certificate of another cluster is", role=WORKER),
    _empty(MANIFESTS, "kubeadm before 1.23 joins no such worker", f"{_CHECKS}; kubernetes/kubernetes#104942")._replace(
        before=(1, 23), role=WORKER
    ),
)
JOINING = Table(
    *[_absent(f"{KUBERNETES}/{name}", _JOINED) for name in ("kubelet.conf", "bootstrap-kubelet.conf")],
)
"""Before ``kubeadm join``: ``kubeadm init`` writes them anew."""


def rows(target: Target, phase: NodePhase) -> list[Row]:
    """What is asked of a node. A worker joins, whether that is said or not."""
    joins = phase.name == JOIN or target.role == WORKER
    found: dict[str, Row] = {}
    for row in (*ANY.of(target), *WORKERS.of(target), *(JOINING.of(target) if joins else ())):
        found.setdefault(row.name, row)
    return list(found.values())


@check(tags=["kubeadm"], topic="system", phases=(INSTALL, JOIN), rows=(*ANY, *WORKERS, *JOINING))
def leftover(found: Leftovers, target: Target, phase: Lazy[NodePhase]) -> Results:
    """No other cluster has left its files where kubeadm puts its own.

    ## Why it matters
    kubeadm stops in its preflight checks (`FileAvailable…`, `DirAvailable…`). A kubelet starts the pods of an old
    cluster as soon as it finds their manifests, whoever wrote them.

    ## What it looks at
    Only before the node belongs to a cluster: in the phases `install` and `join`. On a node that has the kubelet's
    configuration of an old cluster the phase is `steady`, if nothing else is said: `--phase install` asks.

    - Control plane: the manifests of `kube-apiserver`, `kube-controller-manager`, `kube-scheduler` and `etcd` are
      absent, and `/var/lib/etcd` is absent or empty. A `lost+found` in it is no leftover.
    - Worker: `/etc/kubernetes/pki/ca.crt` is absent. Before Kubernetes 1.23 `/etc/kubernetes/manifests` is empty.
    - Who joins: `kubelet.conf` and `bootstrap-kubelet.conf` are absent.
    - A manifest of a control plane on any other node is a warning.

    What cannot be looked at is `unknown`.

    ## How to fix it
    `kubeadm reset` removes what kubeadm made; it asks before. Look first whether the node still serves another cluster.
    Remove the directory of etcd by hand, once nobody needs its data.

    ## Sources
    kubeadm cmd/kubeadm/app/preflight/checks.go (`RunInitNodeChecks`, `RunJoinNodeChecks`); kubernetes/kubeadm#2127;
    kubernetes/kubernetes#104942.
    """
    for row in rows(target, phase()):
        yield judged(row, found.found[row.name])


def judged(row: Row, there: Leftover) -> Outcome:
    """One path by its row."""
    if there.error is not None:
        return unknown(f"{row.name}: {there.error}", code=there.error.code, subject=row.name, expected=row.wanted)
    state = in_words(there)
    fix = by_hand(
        f"Remove what another cluster left at {row.name}",
        "kubeadm reset does it, where nobody needs that cluster's node",
    )
    return verdict(not there.there, f"{row.name} is {state}", row, state, [evidence(row.name, there)], fix)


def in_words(there: Leftover) -> str:
    """``absent``, ``there``, ``empty``, or what is in a directory."""
    if there.names is None:
        return "there" if there.there else "absent"
    if not there.names:
        return "empty"
    more = len(there.names) - MOST_TOLD
    return f"there, with {', '.join(there.names[:MOST_TOLD])}{f' and {more} more' if more > 0 else ''}"


def evidence(path: str, there: Leftover) -> Evidence:
    """What was seen at a path."""
    return seen(path, in_words(there))
