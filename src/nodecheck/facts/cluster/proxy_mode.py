"""kube-proxy's mode, and where it is written."""

from __future__ import annotations

from nodecheck.errors import FactError, Offline
from nodecheck.facts.cluster.signs import (
    IPVS_LINK,
    MODES,
    PROXY_ARGUMENTS,
    PROXY_CONFIGS,
    argument_of,
    written_mode,
)
from nodecheck.host import Host, exists
from nodecheck.host.base import text_or_none
from nodecheck.model.evidence import Evidence, seen
from nodecheck.model.sources import Exists, File, Sources
from nodecheck.record import NamedTuple
from nodecheck.requirements.asked import Settings

DEFAULT = "iptables"
"""The mode where none is written."""

CONFIGS = tuple([path for path in PROXY_CONFIGS if path != "/etc/kubernetes/kube-proxy.conf"])
"""The files with a configuration; that one is a kubeconfig by its name, and a capture keeps nothing of such."""

OWN_CONFIGS = CONFIGS[:-1]
"""kube-proxy's own files. What is given to kubeadm is not what kube-proxy gets: kubeadm writes a mode itself."""

OWN_ARGUMENTS = PROXY_ARGUMENTS[:3]
"""Files with kube-proxy's own command line. k3s and RKE2 tell theirs a mode, whatever their configuration says."""


class KubeProxyMode(NamedTuple):
    """The mode of kube-proxy on this node, as it was given or as the node shows it."""

    mode: str | None = None
    """``iptables``, ``ipvs``, ``nftables``, ``none``; None where nothing on the node says it."""
    written: bool = True
    """Somebody chose it; else it is what kube-proxy takes where nobody does."""
    evidence: tuple[Evidence, ...] = ()
    """What shows it, else what was looked at."""
    hidden: FactError | None = None
    """Why it cannot be told."""

    @classmethod
    def reads(cls) -> Sources:
        return (Exists(IPVS_LINK), *map(File, (*CONFIGS, *PROXY_ARGUMENTS)))

    @classmethod
    def read(cls, host: Host, given: Settings) -> KubeProxyMode:
        """The given one, else what is at work (its link), else what a file says. No error comes out of this."""
        if given.proxy_mode is not None:
            return cls(given.proxy_mode, True, (seen("--proxy-mode", given.proxy_mode),))
        for path in (IPVS_LINK, *CONFIGS, *PROXY_ARGUMENTS):
            try:
                found = _at(host, path)
            except Offline:
                continue
            except FactError as error:
                return cls(hidden=error)  # what it says would count before what follows
            if found is not None:
                return found
        looked = tuple([seen(path) for path in (*CONFIGS, *PROXY_ARGUMENTS)])
        return cls(evidence=looked)


def _at(host: Host, path: str) -> KubeProxyMode | None:
    """What one of the places says; None where it says nothing. Raises what the host raises but Absent."""
    if path == IPVS_LINK:
        return KubeProxyMode("ipvs", True, (seen(path, "there"),)) if exists(host, path) else None
    content = text_or_none(host, path)
    if content is None:
        return None
    return in_config(content, path) if path in CONFIGS else in_arguments(content, path)


def in_config(content: str, path: str) -> KubeProxyMode | None:
    """The mode of a file with a KubeProxyConfiguration.

    >>> in_config("kind: KubeProxyConfiguration\\n", OWN_CONFIGS[0])[:2]
    ('iptables', False)
    """
    found = written_mode(content, path)
    if found is None or (not found.value and path not in OWN_CONFIGS):
        return None
    if not found.value:
        told = seen(path, "kind: KubeProxyConfiguration, without a mode", line=found.line)
        return KubeProxyMode(DEFAULT, False, (told,))
    told = seen(path, f"mode: {found.value}", line=found.line)
    return KubeProxyMode(found.value, True, (told,)) if found.value in MODES else None


def in_arguments(content: str, path: str) -> KubeProxyMode | None:
    """The mode of a file with arguments.

    >>> in_arguments("command:\\n- kube-proxy\\n- --cluster-cidr=10.0.0.0/8\\n", OWN_ARGUMENTS[0])[:2]
    ('iptables', False)
    """
    mode = argument_of(content)
    if mode is not None:
        return KubeProxyMode(mode, True, (seen(path, f"proxy-mode={mode}"),))
    lines = [line for line in content.split("\n") if not line.lstrip(" \t").startswith("#")]
    runs = any("kube-proxy" in line for line in lines)
    if path not in OWN_ARGUMENTS or not runs or any("--config" in line for line in lines):
        return None
    return KubeProxyMode(DEFAULT, False, (seen(path, "kube-proxy, without --proxy-mode"),))
