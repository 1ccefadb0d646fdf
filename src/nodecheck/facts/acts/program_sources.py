"""Where the programs with a configuration of their own are told what to do."""

from __future__ import annotations

from nodecheck.facts.acts.agents import AGENTS, IPTABLES, KUBELET_CONFIG, KUBELET_FLAGS, MICROK8S_CNI
from nodecheck.facts.acts.networkd import LINKS, MAIN, MAIN_DIRS, NETPLAN, NETWORK_DIRS
from nodecheck.facts.acts.swap_programs import (
    CLOUD_CONF,
    CLOUD_DIR,
    CLOUD_DISABLED,
    CLOUD_INSTANCE,
    RPI_CONF,
    RPI_DIRS,
    WAAGENT_CONF,
    WAAGENT_UNITS,
)
from nodecheck.facts.acts.sysctl_programs import ROUTERS, SHOREWALL, UFW_FILES
from nodecheck.facts.acts.tmpfiles_modes import TMPFILES_DIRS
from nodecheck.facts.files.conf_dirs import conf_sources
from nodecheck.model.sources import Dir, Exists, File, Named, Sources, Tree, UnitText


def sysctl_sources() -> Sources:
    """What :class:`nodecheck.facts.acts.programs.SysctlProgramActs` reads."""
    return (
        *conf_sources(TMPFILES_DIRS, "*.conf"),
        *map(File, UFW_FILES),
        Named("IPT_SYSCTL in /etc/default/ufw"),
        *[File(path) for _, path, _, _ in SHOREWALL],
        *[File(path) for configs, _ in ROUTERS for path in configs],
        *map(Exists, ("/etc/ufw", "/etc/shorewall", "/etc/shorewall6", "/etc/frr", "/etc/quagga")),
        *[File(f"{folder}/{MAIN}") for folder in MAIN_DIRS if folder != "/run/systemd"],
        *conf_sources(tuple([f"{folder}/{MAIN}.d" for folder in MAIN_DIRS]), "*.conf"),
        *conf_sources(NETWORK_DIRS, "*.network", "*.netdev"),
        *[Tree(f"{folder}/*.network.d", "*.conf") for folder in NETWORK_DIRS],
        Dir(NETPLAN),
        Dir(LINKS),
    )


def swap_sources() -> Sources:
    """What :class:`nodecheck.facts.acts.programs.SwapProgramActs` reads."""
    return (
        *[File(f"{folder}/{RPI_CONF}") for folder in RPI_DIRS],
        *conf_sources(tuple([f"{folder}/{RPI_CONF}.d" for folder in RPI_DIRS]), "*.conf"),
        File(WAAGENT_CONF),
        *map(UnitText, WAAGENT_UNITS),
        Named("-configuration-path: of the Azure agent"),
        File(CLOUD_CONF),
        Tree(CLOUD_DIR, "*.cfg"),
        Exists(CLOUD_DISABLED),
        Exists(CLOUD_INSTANCE),
    )


def agent_sources() -> Sources:
    """What :class:`nodecheck.facts.acts.programs.AgentActs` reads."""
    return (
        *[UnitText(unit) for agent in AGENTS for unit in agent.units if agent.off or unit == agent.server],
        *[File(agent.config) for agent in AGENTS if agent.config],
        Named("--config of k3s or RKE2"),
        *[Tree(f"{agent.config}.d", kind) for agent in AGENTS if agent.config for kind in ("*.yaml", "*.yml")],
        *[UnitText(f"*{agent.program}*.service") for agent in AGENTS if agent.program],
        Exists(MICROK8S_CNI),
        *map(File, (KUBELET_CONFIG, *KUBELET_FLAGS)),
        *map(Exists, IPTABLES),
    )
