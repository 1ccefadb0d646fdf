"""Modes of kube-proxy that go, and a mode that nobody chose."""

from __future__ import annotations

from nodecheck.checking import Results, Severity, check, ok, skip, unknown
from nodecheck.facts import KubeProxyMode, Target
from nodecheck.fix import Fix, by_hand
from nodecheck.requirements.table import Row, Table, verdict

IPVS, UNWRITTEN = "ipvs", "unwritten"
_READ = "2026-11-29"

MODES = Table(
    Row(
        IPVS,
        "iptables or nftables",
        "kube-proxy's ipvs mode is deprecated",
        "KEP-5495; kubernetes/kubernetes#134539",
        Severity.INFO,
        since=(1, 35),
        before=(1, 37),
    ),
    Row(
        IPVS,
        "iptables or nftables",
        "kube-proxy's ipvs mode is deprecated, has the gate KubeProxyIPVS, and kubeadm warns of it",
        "KEP-5495; kubernetes/kubernetes#139067, #139397",
        Severity.INFO,
        since=(1, 37),
    ),
    Row(
        IPVS,
        "the gate KubeProxyIPVS is off unless it is set",
        "the mode itself goes in 1.43",
        "KEP-5495",
        Severity.WARNING,
        since=(1, 40),
        planned=_READ,
    ),
    Row(
        UNWRITTEN,
        "a mode that is written",
        "kube-proxy warns where none is, because its default is to change; kubeadm writes iptables",
        "kubernetes/kubernetes#139957, #139777",
        Severity.INFO,
        since=(1, 37),
        before=(1, 40),
    ),
    Row(
        UNWRITTEN,
        "nftables is the default",
        "a node that relied on the default then changes its mode",
        "KEP-5343",
        Severity.INFO,
        since=(1, 40),
        planned=_READ,
    ),
)
"""What each release says of a mode, by the mode; the first row that holds counts."""


@check(severity=Severity.INFO, tags=["kube-proxy", "network"], topic="network")
def kube_proxy_mode(proxy: KubeProxyMode, target: Target) -> Results:
    """kube-proxy runs in a mode that its release keeps, and that somebody chose.

    ## Why it matters
    The mode `ipvs` is deprecated from Kubernetes 1.35 on, and is to go. kube-proxy 1.37 warns where no mode is written:
    its default, `iptables`, is to become `nftables`, and then such a node changes its mode by an upgrade.

    ## What it looks at
    `--proxy-mode` or the profile, where one of them says the mode. Else the link `kube-ipvs0`, which kube-proxy makes
    in that mode, then kube-proxy's files, its static pod, its unit, and `kube-proxy-arg` of k3s and RKE2. kubeadm keeps
    the mode in the cluster, in the ConfigMap `kube-proxy`: a node that shows nothing is `skip`.

    `ipvs` is information from 1.35 on. A mode that is not written is information in 1.37 to 1.39. What is planned for
    1.40 is a note: the gate `KubeProxyIPVS` is off unless it is set, and `nftables` is the default.

    ## How to fix it
    Set `mode: nftables` (kernel 5.13, `nft` 1.0.1) or `mode: iptables`: with kubeadm in the ConfigMap `kube-proxy` of
    `kube-system`, else in the file that the result names. Then restart kube-proxy on each node, and reboot a node that
    leaves `ipvs`, so that its rules are gone.

    ## Sources
    KEP-5495 (ipvs), KEP-5343 (nftables as the default); kubernetes/kubernetes#134539, #139067, #139397, #139957 and
    #139777.
    """
    if proxy.mode is None and proxy.hidden is not None:
        yield unknown(
            f"the mode of kube-proxy is hidden: {proxy.hidden}", code=proxy.hidden.code, evidence=proxy.evidence
        )
    elif proxy.mode in (None, "none"):
        why = (
            "nothing on this node says the mode of kube-proxy" if proxy.mode is None else "no kube-proxy is to run here"
        )
        yield skip(why, evidence=proxy.evidence)
    else:
        yield from _judged(proxy, target)


def _judged(proxy: KubeProxyMode, target: Target) -> Results:
    name, mode = (proxy.mode if proxy.written else UNWRITTEN), str(proxy.mode)
    message = f"the mode is {mode}" if proxy.written else f"no mode is written, so that kube-proxy takes {mode}"
    row, notes = MODES.find(str(name), target), MODES.notes(str(name), target.release)
    if row is None:
        yield ok(message, expected="a mode that stays", actual=mode, evidence=proxy.evidence, notes=notes)
        return
    failing = f"{message}: {row.reason}"
    found = verdict(False, message, row, mode, proxy.evidence, _choose(proxy), failing, notes)
    yield found._replace(subject=None)


def _choose(proxy: KubeProxyMode) -> Fix:
    place = proxy.evidence[0].source if proxy.evidence else ""
    where = (
        place if place.startswith("/etc/") or place.startswith("/var/") else "the ConfigMap kube-proxy of kube-system"
    )
    text = f"Set mode: nftables (kernel 5.13 or later, and nft) or mode: iptables in {where}, and restart kube-proxy"
    return by_hand("Choose a mode of kube-proxy", text)
