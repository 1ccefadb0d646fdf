"""How certificates are made anew: by kubeadm, by the kubelet, or by whoever made them."""

from __future__ import annotations

from nodecheck.checking import Lazy
from nodecheck.facts import KubeletRelease
from nodecheck.facts.cluster.certificates import (
    ACCOUNTS,
    AUTHORITY,
    CLIENT,
    KUBEADM,
    PKI,
    SELF_SIGNED,
    SERVING,
    Credential,
)
from nodecheck.fix import DISRUPTIVE, Fix, by_hand, command, manual
from nodecheck.record import NamedTuple
from nodecheck.requirements.table import NEWEST, Row, Table

RESTART = (
    "Restart kube-apiserver, kube-controller-manager, kube-scheduler and etcd, which keep the old one: move their"
    " manifests out of /etc/kubernetes/manifests for 20 seconds, and back"
)
_BY_KIND = {
    AUTHORITY: (
        "Replace the authority",
        "Rotate it by hand, on all nodes of the cluster: Kubernetes' page 'Manual Rotation of CA Certificates'",
    ),
    SERVING: (
        "Let the kubelet get another serving certificate",
        "Approve its request (kubectl get csr; kubectl certificate approve NAME): the kubelet asks by itself",
    ),
    ACCOUNTS: (
        "Put back the pair of keys for service accounts",
        "Take both files from another control-plane node: with another pair all tokens of service accounts end",
    ),
}
_CLIENT_SOON = (
    "See why the kubelet did not rotate it: its log (journalctl -u kubelet), rotateCertificates in its configuration,"
    " and requests that nobody approved (kubectl get csr)"
)
_CLIENT_GONE = (
    "Make a new kubelet.conf by kubeadm kubeconfig user on a control-plane node, as 'Troubleshooting kubeadm' says."
    " Remove kubelet-client-*.pem and restart the kubelet. A worker can also leave the cluster and join it anew"
)


_WHY, _SOURCE = "it makes a certificate, and a key, anew", "kubeadm cmd/kubeadm/app/cmd/certs.go and alpha/certs.go"
RENEWAL = Table(
    Row("renew", "kubeadm alpha certs renew", _WHY, _SOURCE, before=(1, 20)),
    Row("renew", "kubeadm certs renew", _WHY, _SOURCE, since=(1, 20)),
)
"""kubeadm's own command."""


class Remedies(NamedTuple):
    """What makes certificates anew on a node."""

    folder: str
    """kubeadm's ``certificatesDir``."""
    own: Lazy[KubeletRelease]
    """By which kubeadm's is told: it is never older than its kubelet."""

    def of(self, found: Credential, soon: bool = False) -> Fix:
        """What makes the certificate, its key with it, anew. ``soon``: it is still valid."""
        if found.use == KUBEADM and found.signer:
            return self._renewed(found)
        if found.use == KUBEADM:
            text = f"The key of its authority is not on this node: have {found.path} signed where it is kept"
            return by_hand(f"Renew {found.name}", text)
        if found.use == SELF_SIGNED:
            return _made_anew(found)
        if found.use == CLIENT:
            return by_hand("Let the kubelet get another client certificate", _CLIENT_SOON if soon else _CLIENT_GONE)
        if found.use in _BY_KIND:
            return by_hand(*_BY_KIND[found.use])
        text = f"Have {found.path} made anew by whoever made it, and restart who reads it"
        return by_hand(f"Replace {found.path}", text)

    def _renewed(self, found: Credential) -> Fix:
        """Unconditional, and a new key too."""
        words = RENEWAL.at("renew", self.own().numbers or NEWEST).wanted.split(" ")
        elsewhere = ("--cert-dir", self.folder) if self.folder != PKI else ()
        step = command(*words, found.name, *elsewhere)
        return Fix(f"Renew {found.name}", (step, manual(RESTART)), DISRUPTIVE)


def _made_anew(found: Credential) -> Fix:
    """The kubelet makes both where neither can be read."""
    aside = [command("mv", "--no-clobber", path, f"{path}.old") for path in (found.path, found.key_path)]
    steps = (*aside, command("systemctl", "restart", "kubelet"))
    return Fix("Let the kubelet sign its serving certificate anew", steps, DISRUPTIVE)
