"""What a node's files say of its role, Kubernetes release, proxy mode and CNI."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from nodecheck.errors import Absent, FactError, Offline
from nodecheck.facts.kubelet.places import KUBECONFIGS
from nodecheck.host import Host, exists
from nodecheck.host.base import text
from nodecheck.typed import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from nodecheck.formats.tree import TreeNode
from nodecheck.model.sources import Exists, File, Sources, Tree
from nodecheck.record import NamedTuple

T = TypeVar("T")

STATIC_PODS = ("/etc/kubernetes/manifests", "/var/lib/rancher/rke2/agent/pod-manifests")
"""Where kubeadm's kubelet and RKE2's look for static pods."""

CONTROL_PLANE = (
    "/etc/kubernetes/manifests/kube-apiserver.yaml",
    "/etc/kubernetes/manifests/kube-apiserver.manifest",
    "/etc/kubernetes/manifests/kube-apiserver-pod.yaml",
    "/var/lib/rancher/rke2/server",
    "/var/lib/rancher/k3s/server",
    "/var/lib/k0s/pki/ca.key",
    "/etc/systemd/system/kube-apiserver.service",
    "/usr/lib/systemd/system/kube-apiserver.service",
)
"""What only a control-plane node has: kubeadm and kubespray, kops, OpenShift, RKE2, k3s, k0s, binaries by hand."""

JOINED = (
    *KUBECONFIGS,
    "/var/lib/rancher/rke2/agent",
    "/var/lib/rancher/k3s/agent",
    "/var/lib/k0s/kubelet.conf",
)
"""What a node has that belongs to a cluster: the kubelet's kubeconfig, or its agent's state."""

PROXY_CONFIGS = (
    "/var/lib/kube-proxy/config.conf",
    "/var/lib/kube-proxy/config.yaml",
    "/var/lib/kube-proxy/kube-proxy-config.yaml",
    "/etc/kubernetes/kube-proxy-config.yaml",
    "/etc/kubernetes/kube-proxy-config.yml",
    "/etc/kubernetes/kube-proxy.yaml",
    "/etc/kubernetes/kube-proxy.yml",
    "/etc/kubernetes/kube-proxy.conf",
    "/etc/kubernetes/kubeadm-config.yaml",
)
"""Files that may hold a KubeProxyConfiguration, kube-proxy's own first; the last is what kubespray gives kubeadm."""

PROXY_ARGUMENTS = (
    "/etc/kubernetes/manifests/kube-proxy.manifest",
    "/etc/kubernetes/manifests/kube-proxy.yaml",
    "/etc/systemd/system/kube-proxy.service",
    "/etc/rancher/k3s/config.yaml",
    "/etc/rancher/rke2/config.yaml",
)
"""Files with kube-proxy's arguments: kops's static pod, a unit by hand, ``kube-proxy-arg`` of k3s and RKE2."""

CNI_DIRS = (
    "/etc/cni/net.d",
    "/var/lib/rancher/k3s/agent/etc/cni/net.d",
    "/var/lib/rancher/rke2/agent/etc/cni/net.d",
)

CNI_NAMES = {
    "cilium-cni": "cilium",
    "ovn-k8s-cni-overlay": "ovn",
    "kube-ovn": "ovn",
    "weave-net": "weave",
    "kube-router": "kube-router",
    "azure-vnet": "azure",
    "azure-ipam": "azure",
    "gke": "gke",
}
"""Short names of CNI plugins whose type is called otherwise."""

HAND_ON = ("multus", "multus-cni", "multus-shim", "genie")
"""Plugins that start another one for the network, of a configuration that they find."""
META = (*HAND_ON, "loopback", "istio-cni", "linkerd-cni")
"""Plugins that leave the network to another one."""


_COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
_EKS_VERSION = "/etc/eks/kubelet-version.txt"
IPVS_LINK = "/sys/class/net/kube-ipvs0"
_CNI_SUFFIXES = (".conf", ".conflist", ".json")


class Signs:
    """Looks at a node, and keeps what it was not allowed to see."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.unreadable: list[str] = []

    def _try(self, about: str, act: Callable[[], T]) -> T | None:
        """What ``act`` gives; None for what is not there, and for what cannot be read, which is remembered."""
        try:
            return act()
        except (Absent, Offline):
            return None
        except FactError as error:
            self.unreadable.append(f"{about}: {error}")
            return None

    def _there(self, about: str, path: str) -> bool:
        return bool(self._try(about, partial(exists, self._host, path)))

    def role(self) -> str | None:
        """``control-plane``, ``worker``, or None for a node that has not joined, or whose files cannot be seen."""
        before = len(self.unreadable)
        if any(self._there("role", path) for path in CONTROL_PLANE):
            return "control-plane"
        if len(self.unreadable) > before:
            return None
        return "worker" if any(self._there("role", path) for path in JOINED) else None

    def kubernetes(self) -> str | None:
        """The release of the control plane's images, else what EKS's images write down."""
        for folder in STATIC_PODS:
            for name in _COMPONENTS:
                found = self._release(f"{folder}/{name}.yaml", image_release)
                if found is not None:
                    return found
        return self._release(_EKS_VERSION, release_of)

    def _release(self, path: str, read: Callable[[str], str | None]) -> str | None:
        return self._try("kubernetes", lambda: read(text(self._host, path)))

    def proxy_mode(self) -> str | None:
        """kube-proxy's mode: at work (its dummy link), else as a file on disk sets it."""
        if self._there("proxy-mode", IPVS_LINK):
            return "ipvs"
        readers = [(path, proxy_mode_of) for path in PROXY_CONFIGS] + [(path, argument_of) for path in PROXY_ARGUMENTS]
        for path, read in readers:
            content = self._try("proxy-mode", partial(text, self._host, path))
            found = self._try("proxy-mode", partial(read, content, path)) if content is not None else None
            if found is not None:
                return found
        return None

    def cni(self) -> str | None:
        """The plugin that the runtime would use: that of the first configuration by name."""
        for folder in CNI_DIRS:
            names = self._try("cni", partial(self._host.names, folder)) or ()
            for name in names:
                if name.endswith(_CNI_SUFFIXES):
                    path = f"{folder}/{name}"
                    raw = self._try("cni", partial(self._host.read, path))
                    found = None if raw is None else self._try("cni", partial(cni_of, raw, path))
                    if found not in META:
                        return found
        return None


def release_of(tag: str) -> str | None:
    """The release in a version or an image's tag.

    >>> release_of("v1.28.3-rke2r1"), release_of("latest")
    ('1.28.3', None)
    """
    found = re.match(r"v?([0-9]{1,3}\.[0-9]{1,3}(\.[0-9]{1,4})?)(?![0-9])", tag.strip(" \t\r\n"))
    return found.group(1) if found else None


def image_release(manifest: str) -> str | None:
    """The release of the image of a static pod's manifest.

    >>> image_release("spec:\\n  containers:\\n  - image: registry.k8s.io/kube-apiserver:v1.34.1\\n")
    '1.34.1'
    """
    for line in manifest.split("\n"):
        key, colon, value = line.strip(" \t\r").removeprefix("- ").partition(":")
        if colon and key.strip(" \t\"'") == "image":
            name = value.partition("@")[0].strip(" \t\"',")
            tag = name.rpartition("/")[2].partition(":")[2]
            return release_of(tag)
    return None


def proxy_mode_of(content: str, path: str = "") -> str | None:
    """The mode in a text that holds a KubeProxyConfiguration; the empty one is iptables. None where it holds none.

    >>> proxy_mode_of("kind: ClusterConfiguration\\n---\\nkind: KubeProxyConfiguration\\nmode: ipvs\\n")
    'ipvs'
    """
    found = written_mode(content, path)
    mode = None if found is None else found.value or "iptables"
    return mode if mode in MODES else None


class WrittenMode(NamedTuple):
    """The mode of a KubeProxyConfiguration."""

    value: str
    """Empty where it is not written, or is written as empty."""
    line: int | None
    """Of the key, else of the document's own kind."""


def written_mode(content: str, path: str = "") -> WrittenMode | None:
    """The mode of the first KubeProxyConfiguration in a text; None where it holds none that can be read.

    >>> written_mode("kind: ClusterConfiguration\\n---\\nkind: KubeProxyConfiguration\\nmode: ipvs\\n")
    WrittenMode(value='ipvs', line=4)
    """
    if "KubeProxyConfiguration" not in content:
        return None
    from nodecheck.formats.structured import load
    from nodecheck.formats.tree import Malformation

    above = 0
    for document in re.split(r"(?m)^---(?=[ \t\r\n]|$)", content):
        if "KubeProxyConfiguration" in document:
            try:
                tree = load(document.encode("utf-8", "surrogateescape"), path).root.value
            except Malformation:
                tree = None
            if isinstance(tree, dict) and _text(tree, "kind") == "KubeProxyConfiguration":
                line = tree["mode" if "mode" in tree else "kind"].line
                return WrittenMode(_text(tree, "mode") or "", None if line is None else above + line)
        above += document.count("\n")
    return None


MODES = ("ipvs", "iptables", "nftables")


def argument_of(content: str, path: str = "") -> str | None:
    """The mode in kube-proxy's arguments, comments left out; None where they set none.

    >>> argument_of("kube-proxy-arg:\\n- proxy-mode=ipvs\\n"), argument_of("# --proxy-mode=ipvs")
    ('ipvs', None)
    """
    modes = [
        found.group(1)
        for line in content.split("\n")
        if not line.lstrip(" \t").startswith("#")
        for found in re.finditer(r"proxy-mode[= ]\"?([a-z]+)", line)
    ]
    return modes[-1] if modes and modes[-1] in MODES else None


def cni_of(raw: bytes, path: str = "") -> str | None:
    """The short name of the network plugin of a CNI configuration; None for a text that is none.

    >>> cni_of(b'{"name": "cbr0", "plugins": [{"type": "flannel"}, {"type": "portmap"}]}')
    'flannel'
    """
    from nodecheck.formats.structured import load, mappings
    from nodecheck.formats.tree import Malformation

    try:
        tree = load(raw, path).root.value
    except Malformation:
        return None
    if not isinstance(tree, dict):
        return None
    plugins = list(mappings(tree.get("plugins"))) or [tree]
    kind = _text(plugins[0], "type")
    if kind in META:
        others = [*mappings(plugins[0].get("delegates")), *plugins[1:]]
        inner = [_text(other, "type") for other in others if _text(other, "type") not in (None, "portmap", "tuning")]
        kind = inner[0] if inner else kind
    if kind == "ptp" and "kindnet" in (_text(tree, "name") or ""):
        return "kindnet"
    return CNI_NAMES.get(kind, kind) if kind else None


def _text(tree: dict[str, TreeNode], key: str) -> str | None:
    node = tree.get(key)
    return node.value if node is not None and isinstance(node.value, str) else None


def sign_sources() -> Sources:
    """What :class:`Signs` looks at."""
    return (
        *map(Exists, (*CONTROL_PLANE, *JOINED, IPVS_LINK)),
        *[File(f"{folder}/{name}.yaml") for folder in STATIC_PODS for name in _COMPONENTS],
        File(_EKS_VERSION),
        *map(File, (*PROXY_CONFIGS, *PROXY_ARGUMENTS)),
        *[Tree(folder, f"*{suffix}") for folder in CNI_DIRS for suffix in _CNI_SUFFIXES],
    )
