"""What is laid into a container, one variant of each kind at random, and how what becomes of it is seen."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from tests.container.machine import Machine

UNIT = "/etc/systemd/system/plant.service"
WANTS = "/etc/systemd/system/multi-user.target.wants/plant.service"
SLEEPS = "[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\n"

CONDITIONS = (
    "", "ConditionVirtualization=container", "ConditionVirtualization=!container", "ConditionVirtualization=docker",
    "ConditionVirtualization=systemd-nspawn", "ConditionVirtualization=vm", "ConditionVirtualization=!docker",
    "ConditionVirtualization=private-users", "ConditionCapability=CAP_SYS_MODULE", "ConditionCapability=CAP_SYS_TIME",
    "ConditionCapability=CAP_NET_ADMIN", "ConditionPathIsReadWrite=/sys", "ConditionPathIsReadWrite=/proc/sys",
    "ConditionPathIsReadWrite=/proc/sys/net", "ConditionKernelCommandLine=quiet", "ConditionKernelCommandLine=!quiet",
    "ConditionKernelCommandLine=!rdinit", "ConditionPathExists=/proc/sys/net/ipv4/ip_forward",
    "ConditionPathExists=/sys/module", "ConditionPathExists=!/sys/firmware/efi", "AssertVirtualization=!container",
    "ConditionPathIsDirectory=/sys/fs/cgroup", "ConditionPathExists=/dev/null", "ConditionPathExists=/dev/mem",
)  # fmt: skip
"""Head of a unit that is enabled; the host's command line may or may not say quiet, a container's does not."""

FORWARD = "/etc/sysctl.d/50-plant.conf"
LATER = "/etc/sysctl.d/90-plant.conf"
SETTER = "/etc/systemd/system/setter.service"
SETTER_WANTS = "/etc/systemd/system/multi-user.target.wants/setter.service"
SYSCTL_MASK = "/etc/systemd/system/systemd-sysctl.service"
RULES = "table inet plant {{\n  chain input {{\n    type filter hook input priority 0; policy {};\n  }}\n}}\n"
NFT_WANTS = "/etc/systemd/system/sysinit.target.wants/nftables.service"
ALL = (UNIT, WANTS, FORWARD, LATER, SETTER, SETTER_WANTS, SYSCTL_MASK, NFT_WANTS, "/etc/nftables.conf", "/etc/hostname")


def clear(machine: Machine) -> None:
    """Nothing is planted."""
    for path in ALL:
        machine.delete(path)


def link(machine: Machine, path: str, target: str) -> None:
    """A link of the container."""
    machine.link(path, target)


def unit(machine: Machine, chance: random.Random) -> str:
    """A service that is enabled under a condition, not enabled, or masked."""
    how = chance.randrange(len(CONDITIONS) + 2)
    if how == len(CONDITIONS):
        link(machine, UNIT, "/dev/null")
        return "masked"
    head = CONDITIONS[how] if how < len(CONDITIONS) else ""
    machine.write(UNIT, f"[Unit]\n{head}\n{SLEEPS}")
    if how < len(CONDITIONS):
        link(machine, WANTS, UNIT)
    return head or ("enabled" if how < len(CONDITIONS) else "not enabled")


def conditions(machine: Machine) -> dict[str, str]:
    """A service for each condition, all enabled; name to condition."""
    found = {f"plant{number}": head for number, head in enumerate(CONDITIONS)}
    for name, head in found.items():
        path = UNIT.replace("plant", name)
        machine.write(path, f"[Unit]\n{head}\n{SLEEPS}")
        machine.delete(WANTS.replace("plant", name))
        link(machine, WANTS.replace("plant", name), path)
    return found


def sysctl(machine: Machine, chance: random.Random) -> str:
    """Files, one that wins, a command, a mask, or nothing at all."""
    first, second = chance.choice("01"), chance.choice("01")
    how = chance.choice(("file", "files", "command", "masked", "nothing"))
    if how != "nothing":
        machine.write(FORWARD, f"net.ipv4.ip_forward = {first}\nvm.swappiness = 7\nnet.core.somaxconn = 2048\n")
    if how == "files":
        machine.write(LATER, f"net.ipv4.conf.all.forwarding = {second}\n")
    if how == "command":
        text = f"[Service]\nType=oneshot\nExecStart=/sbin/sysctl -w net.ipv4.ip_forward={second}\n"
        machine.write(SETTER, text)
        link(machine, SETTER_WANTS, SETTER)
    if how == "masked":
        link(machine, SYSCTL_MASK, "/dev/null")
    return f"{how} {first} {second}"


def hostname(machine: Machine, chance: random.Random) -> str:
    """A name of its own file, beside one that sysctl cannot set here, or none."""
    name = chance.choice(("alpha", "beta-1", "Gamma", ""))
    if name:
        machine.write("/etc/hostname", f"{name}\n")
    if chance.random() < 0.5:
        machine.write(LATER, "kernel.hostname = other\n")
    return name or "no file"


def firewall(machine: Machine, chance: random.Random) -> str:
    """Rules of nftables, loaded or not."""
    policy, enabled = chance.choice(("drop", "accept")), chance.random() < 0.6
    machine.write("/etc/nftables.conf", RULES.format(policy))
    if enabled:
        link(machine, NFT_WANTS, "/usr/lib/systemd/system/nftables.service")
    return f"policy {policy}, {'enabled' if enabled else 'not enabled'}"


Plant = Callable[[Machine, random.Random], str]


def kinds() -> tuple[Plant, ...]:
    """The kinds that can be planted here."""
    nft = Path("/usr/sbin/nft").exists() and Path("/usr/lib/systemd/system/nftables.service").exists()
    return (unit, hostname, sysctl, *((firewall,) if nft else ()))
