"""Certificates of a node's components, and the keys that belong to them."""

from __future__ import annotations

from nodecheck.checking import Lazy, Results, check, seen, skip, unknown
from nodecheck.errors import Absent
from nodecheck.facts import Certificates, KubeletRelease, NodePhase
from nodecheck.facts.cluster.certificates import EXTERNAL, PKI
from nodecheck.requirements.asked import IMAGE, INSTALL, JOIN


@check(tags=["kubeadm", "certificates"], topic="system", rows="nodecheck_checks.identity.certificate_fixes:RENEWAL")
def certificate(found: Certificates, phase: Lazy[NodePhase], own: Lazy[KubeletRelease]) -> Results:
    """The node's certificates are valid, now and for 30 days, and each has its own key.

    ## Why it matters
    A component whose certificate has expired cannot talk to the others: the node drops out of the cluster, or its
    control plane stops. With a key of another certificate it does not start.

    ## What it looks at
    By the node's own clock (of a root by this machine's, of a capture at the time when it was made):

    - All `*.crt` in kubeadm's `certificatesDir` and its `etcd`. That directory is where the manifest of kube-apiserver
      has `--tls-cert-file`, else what a `ClusterConfiguration` on the node says, else `/etc/kubernetes/pki`. What the
      manifest names elsewhere counts too, and the files of `etcd.external`.
    - What kubeconfigs hold or name: those of kubeadm's control plane, and the kubelet's. The user and the cluster of
      the current context count. The kubelet's bootstrap kubeconfig counts where the other is not there.
    - `kubelet-client-current.pem`, which is a link: what it leads to counts, and older ones do not.
    - The kubelet's serving certificate: `tlsCertFile`, `kubelet-server-current.pem` with `serverTLSBootstrap`, else
      `kubelet.crt`; and its `clientCAFile`.

    An expired certificate is an error, and one that is not valid yet. Less than 30 days are a warning. Those that the
    kubelet rotates itself are one only with less than a tenth of their life left: it should have done so by then.
    A file of authorities may hold expired ones as long as one is valid. Warnings at most are `kubelet.crt`, which
    kubeadm's clusters do not verify, and what lies among kubeadm's files under a name that it does not use.

    `certificate[PATH#key]`: the private key is that of the certificate. Only the key's *public* part is compared: it is
    never shown, and a capture keeps its SHA-256. Keys are RSA (PKCS#1, PKCS#8), of curves (SEC 1, PKCS#8), and Ed25519.
    A key that does not hold its public part is `unknown`, such as one that Go or OpenSSL wrote for Ed25519. A key of an
    authority need not be on the node. A capture of the collector has no keys and no kubeconfigs: `skip`.

    ## How to fix it
    `kubeadm certs check-expiration` lists kubeadm's, `kubeadm certs renew NAME` makes one anew (before Kubernetes 1.20
    `kubeadm alpha certs renew NAME`). Restart the control plane afterwards. The kubelet's own rotate: see its log. It
    makes `kubelet.crt` anew when that and `kubelet.key` are not there.

    ## Sources
    kubeadm cmd/kubeadm/app/phases/certs/renewal/manager.go and its page "Certificate Management with kubeadm"; Go
    crypto/tls `X509KeyPair`; the kubelet cmd/kubelet/app/server.go (`InitializeTLS`); client-go
    util/certificate/certificate_manager.go; kubernetes#99418, kubeadm#2186, kubeadm#1753; RFC 5280.
    """
    for error in found.hidden:
        yield unknown(f"certificates cannot be looked for: {error}", code=error.code)
    if not found.found and not found.hidden:
        message = "no certificate of kubeadm or of a kubelet is there"
        yield skip(message, code="not-found", evidence=[seen(PKI, "no certificate")])
    for item in found.found:
        early = item.use != EXTERNAL and isinstance(item.error, Absent) and phase().name in (IMAGE, INSTALL, JOIN)
        if early:
            message = f"{item.path} is not there yet: the node belongs to no cluster"
            yield skip(message, code="not-found", subject=item.path, evidence=[seen(item.path)])
        else:
            from nodecheck_checks.identity.certificate_fixes import Remedies
            from nodecheck_checks.identity.validity import of_file

            yield from of_file(item, found.now_s, Remedies(found.folder, own))
