"""Node agents that prepare the kernel themselves each time they start: k3s, RKE2, k0s, MicroK8s, and the kubelet.

k3s pkg/agent/syssetup/setup.go (RKE2 runs the same agent); k0s pkg/component/worker/kernelsetup_linux.go; MicroK8s
microk8s-resources/wrappers/run-kubelite-with-args; the kubelet pkg/kubelet/kubelet_network_linux.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nodecheck.errors import FactError
from nodecheck.facts.acts.model import LATE, LOADS, MODULE, SETS, STAYS, SYSCTL, UNTOLD, Act, Effect, by_start
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.unit_command import arguments
from nodecheck.facts.services.unit_files import load_unit
from nodecheck.host import Host, exists
from nodecheck.host.base import text_or_none
from nodecheck.record import NamedTuple

_FORWARDING = ("net/ipv4/conf/all/forwarding", "net/ipv4/conf/default/forwarding")
_FORWARDING_6 = ("net/ipv6/conf/all/forwarding", "net/ipv6/conf/default/forwarding")
_CALL, _CALL_6 = "net/bridge/bridge-nf-call-iptables", "net/bridge/bridge-nf-call-ip6tables"

MICROK8S_CNI = "/var/snap/microk8s/current/args/cni-network/cni.yaml"
"""Where it is, MicroK8s turns forwarding on."""

KUBELET, KUBELET_CONFIG = "kubelet.service", "/var/lib/kubelet/config.yaml"
KUBELET_FLAGS = ("/var/lib/kubelet/kubeadm-flags.env", "/etc/default/kubelet", "/etc/sysconfig/kubelet")
IPTABLES = tuple(
    [f"{folder}/iptables" for folder in ("/usr/sbin", "/usr/bin", "/sbin", "/usr/local/sbin", "/usr/local/bin")]
)
"""Where systemd's services find it."""
_NO_RULES = "make-?iptables-?util-?chains[\"']?[ =:]+false"


class Agent(NamedTuple):
    """What one agent does to the kernel."""

    units: tuple[str, ...]
    modules: tuple[str, ...]
    sysctls: tuple[str, ...]
    """Those that it sets to 1."""
    off: str = ""
    """The argument with which its unit runs no kubelet, and prepares nothing."""
    on: tuple[str, ...] = ()
    """Arguments without one of which a server's unit prepares nothing."""
    server: str = ""
    """The unit to which ``on`` applies."""
    config: str = ""
    """A file of arguments, as YAML."""


AGENTS = (
    Agent(
        ("k3s.service", "k3s-agent.service"), ("overlay", "nf_conntrack", "br_netfilter"), (*_FORWARDING, _CALL),
        off="disable-agent", config="/etc/rancher/k3s/config.yaml",
    ),
    Agent(
        ("rke2-server.service", "rke2-agent.service"), ("overlay", "nf_conntrack", "br_netfilter"),
        (*_FORWARDING, _CALL), off="disable-agent", config="/etc/rancher/rke2/config.yaml",
    ),
    Agent(
        ("k0sworker.service", "k0scontroller.service"), ("overlay", "nf_conntrack", "br_netfilter"),
        (*_FORWARDING, *_FORWARDING_6, _CALL, _CALL_6), on=("--enable-worker", "--single"),
        server="k0scontroller.service",
    ),
    Agent(("snap.microk8s.daemon-kubelite.service",), ("br_netfilter",), (_CALL,)),
)  # fmt: skip


def agent_acts(host: Host, starts: BootStarts) -> Iterator[Act]:
    """What the agents whose units are here load and set. They come last: what they set holds over files and rc.local.

    Raises what the host raises for a unit that is there and cannot be read.
    """
    for agent in AGENTS:
        for unit in agent.units:
            if starts.index.exists(unit) or starts.index.pulls(unit):
                yield from _of_unit(host, starts, agent, unit)


def kubelet_acts(host: Host, starts: BootStarts) -> Iterator[Act]:
    """The module that the kubelet's own rules load: one of ``KUBE-FIREWALL`` matches by conntrack, through iptables.

    It makes them before it starts the first pod, so that kube-proxy finds what it sets limits of. Not told of a kubelet
    without a configuration, which ends at once, of one that is to make no rules, and where iptables is not there.
    """
    if not starts.index.exists(KUBELET) or not any(exists(host, path) for path in IPTABLES):
        return
    path = starts.index.fragment(KUBELET) or KUBELET
    act = Act("kubelet", path, None, KUBELET, (Effect(MODULE, "xt_conntrack", LOADS),), LATE)
    try:
        if _makes_rules(host):
            yield by_start(act, starts.of(KUBELET))
    except FactError as error:
        yield by_start(act._replace(state=UNTOLD, doubt=error), starts.of(KUBELET))


def _makes_rules(host: Host) -> bool:
    """Whether a kubelet that starts makes rules: ``makeIPTablesUtilChains``, true unless it is told otherwise."""
    config = text_or_none(host, KUBELET_CONFIG)
    texts = [text_or_none(host, path) or "" for path in KUBELET_FLAGS]
    return config is not None and not any(re.search(_NO_RULES, text, re.I) for text in (config, *texts))


def _of_unit(host: Host, starts: BootStarts, agent: Agent, unit: str) -> Iterator[Act]:
    effects = [Effect(MODULE, name, LOADS) for name in agent.modules]
    effects += [Effect(SYSCTL, path, SETS, "1") for path in agent.sysctls]
    path = starts.index.fragment(unit) or unit
    act = Act(unit.removesuffix(".service"), path, None, unit, tuple(effects), LATE)
    try:
        why = _kept(host, starts, agent, unit)
    except FactError as error:
        why, act = "", act._replace(state=UNTOLD, doubt=error)
    yield act._replace(state=STAYS, why=why) if why else by_start(act, starts.of(unit))
    if "microk8s" in unit and exists(host, MICROK8S_CNI):
        effects = [Effect(SYSCTL, path, SETS, "1") for path in (_FORWARDING[0], _FORWARDING_6[0])]
        yield by_start(act._replace(source=MICROK8S_CNI, text="there", effects=tuple(effects)), starts.of(unit))


def _kept(host: Host, starts: BootStarts, agent: Agent, unit: str) -> str:
    """Why a unit runs no kubelet; the empty text where it does."""
    if not agent.off and unit != agent.server:
        return ""
    loaded = load_unit(host, starts.index, unit)
    words = () if loaded is None else arguments(loaded)
    if unit == agent.server:
        given = loaded is None or any(word.text.partition("=")[0] in agent.on for word in words)
        return "" if given else f"{unit} has none of {' and '.join(agent.on)}: it runs no worker"
    told = any(word.text in (f"--{agent.off}", f"--{agent.off}=true") for word in words)
    if told or _says(host, agent.config, agent.off):
        return f"{agent.off} keeps the agent from running"
    return ""


def _says(host: Host, path: str, key: str) -> bool:
    lines = (text_or_none(host, path) or "").split("\n")
    return any(line.replace(" ", "").rstrip("\r") == f"{key}:true" for line in lines)
