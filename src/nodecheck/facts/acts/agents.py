"""Node agents that prepare the kernel themselves each time they start: k3s, RKE2, k0s, MicroK8s, and the kubelet.

k3s pkg/agent/syssetup/setup.go (RKE2 runs the same agent); k0s pkg/component/worker/kernelsetup_linux.go; MicroK8s
microk8s-resources/wrappers/run-kubelite-with-args; the kubelet pkg/kubelet/kubelet_network_linux.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nodecheck.errors import FactError
from nodecheck.facts.acts.model import LATE, LOADS, MODULE, SETS, STAYS, SYSCTL, UNTOLD, Act, Effect, by_start
from nodecheck.facts.services.service_programs import program_of
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.unit_command import arguments
from nodecheck.facts.services.unit_files import load_unit
from nodecheck.host import Host, exists, names_in
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
    """A file of arguments, as YAML, beside which drop-ins lie in a directory ``….d``."""
    program: str = ""
    """What a unit of another name runs that has this in its name (``INSTALL_K3S_NAME``, k3s-ansible's k3s-node)."""


AGENTS = (
    Agent(
        ("k3s.service", "k3s-agent.service"), ("overlay", "nf_conntrack", "br_netfilter"), (*_FORWARDING, _CALL),
        off="disable-agent", config="/etc/rancher/k3s/config.yaml", program="k3s",
    ),
    Agent(
        ("rke2-server.service", "rke2-agent.service"), ("overlay", "nf_conntrack", "br_netfilter"),
        (*_FORWARDING, _CALL), off="disable-agent", config="/etc/rancher/rke2/config.yaml", program="rke2",
    ),
    Agent(
        ("k0sworker.service", "k0scontroller.service"), ("overlay", "nf_conntrack", "br_netfilter"),
        (*_FORWARDING, *_FORWARDING_6, _CALL, _CALL_6), on=("--enable-worker", "--single"),
        server="k0scontroller.service", program="k0s",
    ),
    Agent(("snap.microk8s.daemon-kubelite.service",), ("br_netfilter",), (_CALL,)),
)  # fmt: skip


def agent_acts(host: Host, starts: BootStarts) -> Iterator[Act]:
    """What the agents whose units are here load and set. They come last: what they set holds over files and rc.local.

    Raises what the host raises for a unit that is there and cannot be read.
    """
    for agent in AGENTS:
        for unit in agent.units:
            if starts.index.exists(unit) or starts.index.pulls(unit) or _by_openrc(starts, unit):
                yield from _of_unit(host, starts, agent, unit)
        for unit in _others(starts, agent):
            if _verb(host, starts, agent, unit):
                yield from _of_unit(host, starts, agent, unit)


def _by_openrc(starts: BootStarts, unit: str) -> bool:
    """Whether it is OpenRC that starts an agent, as k3s's installer sets it up on Alpine."""
    return starts.init.name == "openrc" and starts.of(unit).acts


def _others(starts: BootStarts, agent: Agent) -> tuple[str, ...]:
    """Units of other names that may run an agent."""
    if not agent.program:
        return ()
    found = [name for name in starts.index.files if agent.program in name and name.endswith(".service")]
    return tuple(sorted({starts.index.resolve(name) for name in found if "@." not in name} - {*agent.units}))


def _verb(host: Host, starts: BootStarts, agent: Agent, unit: str) -> str:
    """What a unit has an agent's program do: ``server``, ``agent``, ``worker`` or ``controller``; "" for anything else.

    A unit that cannot be read is none: whoever reads all units says so.
    """
    try:
        loaded = load_unit(host, starts.index, unit)
    except FactError:
        return ""
    started = loaded.last("Service", "ExecStart") if loaded is not None else None
    if loaded is None or (program_of(started or "") or "").rpartition("/")[2] != agent.program:
        return ""
    first = next((word.text for word in arguments(loaded) if not word.text.startswith("-")), "")
    return first if first in ("server", "agent", "worker", "controller") else ""


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
    pull = starts.of(unit).pull if starts.init.name == "openrc" else None
    path = pull.source if pull is not None else starts.index.fragment(unit) or unit
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
    verb = "controller" if unit == agent.server else "" if unit in agent.units else _verb(host, starts, agent, unit)
    if not agent.off and verb != "controller":
        return ""
    loaded = load_unit(host, starts.index, unit)
    words = [] if loaded is None else [word.text for word in arguments(loaded)]
    if not agent.off:
        given = loaded is None or any(_is_given(words, option) for option in agent.on)
        return "" if given else f"{unit} has none of {' and '.join(agent.on)}: it runs no worker"
    if _is_given(words, f"--{agent.off}") or _says(host, agent, words):
        return f"{agent.off} keeps the agent from running"
    return ""


def _is_given(words: list[str], option: str) -> bool:
    """Whether a switch is on by the last word about it (``--single``, ``--single=true``)."""
    given = [word for word in words if word.partition("=")[0] == option]
    return bool(given) and given[-1].partition("=")[2].lower() in ("", "true", "1", "t")


def _says(host: Host, agent: Agent, words: list[str]) -> bool:
    """Whether the configuration, its drop-ins laid over it, has the switch on."""
    named = [word.partition("=")[2] for word in words if word.startswith("--config=")]
    named += [following for word, following in zip(words, words[1:]) if word in ("--config", "-c")]
    config = named[-1] if named else agent.config
    dropins = [name for name in names_in(host, f"{config}.d") if name.endswith((".yaml", ".yml"))]
    told = [_said(host, path, agent.off) for path in (config, *[f"{config}.d/{name}" for name in dropins])]
    return next((said for said in reversed(told) if said is not None), False)


def _said(host: Host, path: str, key: str) -> bool | None:
    from nodecheck.formats.structured import load
    from nodecheck.formats.tree import Malformation

    raw = (text_or_none(host, path) or "").encode("utf-8", "surrogateescape")
    if key.encode() not in raw:
        return None
    try:
        root = load(raw, path).root.value
    except Malformation:
        return None  # the agent does not start with it
    found = root.get(key) if isinstance(root, dict) else None
    return None if found is None else str(found.value).lower() in ("true", "1")
