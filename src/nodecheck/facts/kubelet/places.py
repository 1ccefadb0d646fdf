"""Where a kubelet is seen: most hosts have none, and nothing more than these places is then looked at."""

from __future__ import annotations

from nodecheck.facts.services.unit_files import Unit, load_unit, parse_unit
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host, exists
from nodecheck.host.base import text

UNIT = "kubelet.service"

KUBEADM_CONFIG = "/var/lib/kubelet/config.yaml"
KUBEADM_FLAGS = "/var/lib/kubelet/kubeadm-flags.env"
DEB_ARGS = "/etc/default/kubelet"
RPM_ARGS = "/etc/sysconfig/kubelet"
EKS_CONFIG = "/etc/kubernetes/kubelet/config.json"

CONFIGS = (
    KUBEADM_CONFIG,
    EKS_CONFIG,
    "/etc/kubernetes/kubelet/kubelet-config.json",
    "/etc/kubernetes/kubelet-config.yaml",
    "/etc/kubernetes/kubelet/config",
    "/etc/kubernetes/kubelet.yaml",
    "/etc/default/kubeletconfig.json",
    "/home/kubernetes/kubelet-config.yaml",
)
"""Where kubeadm, EKS (AL2023, AL2), kubespray, Bottlerocket, Talos, AKS and GKE put the ``--config`` file."""

OPENSHIFT_CONFIG = "/etc/kubernetes/kubelet.conf"
"""OpenShift's ``--config`` file; with kubeadm the same path holds the kubeconfig."""

PROGRAMS = ("/usr/bin/kubelet", "/usr/local/bin/kubelet", "/opt/bin/kubelet", "/var/lib/dpkg/info/kubelet.list")
"""The program, and the deb package's list of files."""

ARGUMENT_FILES = (
    (KUBEADM_FLAGS, ("KUBELET_KUBEADM_ARGS",)),
    ("/etc/kubernetes/kubelet.env", ("KUBELET_ARGS",)),
    ("/etc/eks/kubelet/environment", ("NODEADM_KUBELET_ARGS",)),
    ("/etc/conf.d/kubelet", ("command_args",)),
)
"""Files of arguments and their variables: kubeadm's, kubespray's, those of EKS's AL2023 and of Alpine."""

KUBECONFIGS = ("/etc/kubernetes/kubelet.conf", "/etc/kubernetes/bootstrap-kubelet.conf", "/var/lib/kubelet/kubeconfig")
"""Where a kubelet's kubeconfigs are: who has one belongs to a cluster, or is about to."""

AGENT_UNITS = (
    "k3s.service", "k3s-agent.service", "rke2-server.service", "rke2-agent.service", "k0sworker.service",
    "k0scontroller.service",
)  # fmt: skip
AGENT_CONFIGS = ("/etc/rancher/k3s/config.yaml", "/etc/rancher/rke2/config.yaml")
AGENT_STATE = ("/var/lib/rancher/k3s/agent", "/var/lib/rancher/rke2/agent", "/var/lib/k0s/kubelet.conf")
"""What k3s, RKE2 and k0s have, whose agents run a kubelet of their own that tolerates swap by default."""

SNAP_ARGUMENTS = ("/var/snap/microk8s/current/args/kubelet", "/var/snap/k8s/common/args/kubelet")
"""Where MicroK8s and Canonical Kubernetes keep the flags of their kubelets, one a line."""


SIGNS = (
    *CONFIGS,
    EKS_CONFIG + ".d",
    OPENSHIFT_CONFIG,
    DEB_ARGS,
    RPM_ARGS,
    *[path for path, _ in ARGUMENT_FILES],
    *PROGRAMS,
)
"""What shows a kubelet, besides its unit."""


def has_kubelet(host: Host, index: UnitIndex) -> bool:
    """Whether any place at all shows a kubelet. Raises what the host raises for one that cannot be looked at."""
    if index.exists(UNIT) or index.dropins(UNIT):
        return True
    return any(exists(host, path) for path in SIGNS)


def has_agent(host: Host, index: UnitIndex) -> bool:
    """Whether an agent that holds a kubelet is there: of k3s, RKE2, k0s, MicroK8s or Canonical Kubernetes."""
    if any(exists(host, path) for path in (*AGENT_CONFIGS, *SNAP_ARGUMENTS)) or any(
        index.fragment(name) for name in AGENT_UNITS
    ):
        return True
    return any(exists(host, path) for path in AGENT_STATE)


def kubelet_unit(host: Host, index: UnitIndex) -> Unit | None:
    """The kubelet's unit; drop-ins alone make one too, since a partial root may lack the fragment."""
    unit = load_unit(host, index, UNIT)
    if unit is not None or index.exists(UNIT):
        return unit
    paths = index.dropins(UNIT)
    found = [assignment for path in paths for assignment in parse_unit(text(host, path), path)]
    return Unit(UNIT, paths, tuple(found)) if found else None
