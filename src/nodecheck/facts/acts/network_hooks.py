"""Scripts that programs of the network run as an interface comes up, beside those of ifupdown and NetworkManager.

ifcfg(5) and ifcfg-scripts of wicked (``PRE_UP_SCRIPT``, ``POST_UP_SCRIPT``), network-scripts of EL (``ifup-post`` runs
``/sbin/ifup-local``), dhclient-script(8), dhcpcd-run-hooks(8), wg-quick(8).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nodecheck.facts.acts.follow import Follower
from nodecheck.facts.acts.hooks import acts_of, executables, started_by
from nodecheck.facts.acts.model import NETWORK, STARTS, UNIT, Act, Effect
from nodecheck.facts.acts.units import undecided
from nodecheck.facts.services.starts import BootStarts
from nodecheck.formats.shell_calls import Words
from nodecheck.formats.shell_settings import shell_assignments
from nodecheck.host import Host, names_in
from nodecheck.host.base import stat_or_none, text
from nodecheck.record import NamedTuple

SYSCONFIG = "/etc/sysconfig/network"
WIREGUARD = "/etc/wireguard"
DHCPCD_HOOKS = "/lib/dhcpcd/dhcpcd-hooks"
DHCLIENT = ("/etc/dhcp/dhclient-enter-hooks.d", "/etc/dhcp/dhclient-exit-hooks.d")

_PART = "[a-zA-Z0-9_-]+"
_LEFT_OUT = ("~", ".old", ".bak", ".orig", ".scpmbackup", ".rpmnew", ".rpmsave", ".rpmorig")
"""Ends of names that wicked passes over."""
_SCRIPTS = ("PRE_UP_SCRIPT", "POST_UP_SCRIPT")
_STARTED = ("auto", "boot", "onboot", "on", "nfsroot", "hotplug", "ifplugd")
"""Values of ``STARTMODE`` with which an interface comes up by itself; without one it does not."""


class NetworkHook(NamedTuple):
    """A script, and the units at whose start it is run."""

    path: str
    units: tuple[str, ...]
    arguments: Words = ()
    sourced: bool = False
    """A shell reads it, whatever its mode."""


_NETWORK = ("network.service",)
_DHCPCD = ("dhcpcd.service", "dhcpcd5.service")

NETWORK_HOOKS = (
    NetworkHook("/sbin/ifup-pre-local", _NETWORK, (None,)),
    NetworkHook("/sbin/ifup-local", _NETWORK, (None,)),
    NetworkHook("/etc/dhcpcd.enter-hook", _DHCPCD, sourced=True),
    NetworkHook("/etc/dhcpcd.exit-hook", _DHCPCD, sourced=True),
)


def network_hooks(host: Host, follower: Follower, starts: BootStarts) -> Iterator[Act]:
    """What the scripts do, where their program starts."""
    for hook in NETWORK_HOOKS:
        found = stat_or_none(host, hook.path)
        if found is not None and found.kind == "file" and (hook.sourced or found.executable):
            commands = follower.script(hook.path, hook.arguments, known_shell=hook.sourced)
            actor = hook.units[0].removesuffix(".service")
            yield from started_by(acts_of(actor, commands, NETWORK, follower), starts, *hook.units)
    for name in names_in(host, DHCPCD_HOOKS):
        commands = follower.script(f"{DHCPCD_HOOKS}/{name}", known_shell=True)
        yield from started_by(acts_of("dhcpcd", commands, NETWORK, follower), starts, *_DHCPCD, awaited=False)
    yield from _wicked(host, follower, starts)
    yield from _wireguard(host, follower, starts)


def _wicked(host: Host, follower: Follower, starts: BootStarts) -> Iterator[Act]:
    found = stat_or_none(host, SYSCONFIG)
    if found is None or found.kind != "dir":
        return
    for path in executables(host, f"{SYSCONFIG}/if-up.d"):
        yield from started_by(
            acts_of("wicked", follower.script(path), NETWORK, follower), starts, "wicked.service", awaited=False
        )
    for name in names_in(host, SYSCONFIG):
        if name.startswith("ifcfg-") and not name.endswith(_LEFT_OUT):
            acts = _of_ifcfg(f"{SYSCONFIG}/{name}", text(host, f"{SYSCONFIG}/{name}"), follower)
            yield from started_by(acts, starts, "wicked.service", awaited=False)


def _of_ifcfg(path: str, source: str, follower: Follower) -> Iterator[Act]:
    """The scripts of one interface: ``suse:NAME``, ``wicked:/PATH``, ``compat:suse:NAME``, ``systemd:UNIT``."""
    if "_UP_SCRIPT" not in source:
        return
    told = shell_assignments(source)
    mode = told.get("STARTMODE")
    if mode is None or mode.value.lower() not in _STARTED:
        return
    for key in _SCRIPTS:
        assigned = told.get(key)
        for word in assigned.value.split() if assigned is not None else ():
            kind, _, name = word.rpartition(":")
            if kind == "systemd" and assigned is not None:
                effects = (Effect(UNIT, name if "." in name else f"{name}.service", STARTS),)
                yield Act("wicked", path, assigned.line, assigned.text, effects, NETWORK)
                continue
            script = name if name.startswith("/") else f"{SYSCONFIG}/scripts/{name}"
            event = "pre-up" if key.startswith("PRE") else "post-up"
            yield from acts_of("wicked", follower.script(script, (event, None)), NETWORK, follower)


def _wireguard(host: Host, follower: Follower, starts: BootStarts) -> Iterator[Act]:
    """``PreUp=`` and ``PostUp=`` of the tunnels that wg-quick brings up."""
    for name in names_in(host, WIREGUARD):
        interface = name.removesuffix(".conf")
        unit = f"wg-quick@{interface}.service"
        if interface == name or not starts.of(unit).acts:
            continue
        path, section = f"{WIREGUARD}/{name}", ""
        for number, raw in enumerate(text(host, path).split("\n"), 1):
            line = raw.partition("#")[0].strip(" \t\r")
            section = line.lower() if line.startswith("[") else section
            key, equals, value = line.partition("=")
            if section == "[interface]" and equals and key.strip(" \t").lower() in ("preup", "postup"):
                command = value.strip(" \t").replace("%i", interface)
                commands = follower.shell(command, path, number, raw.strip(" \t\r"), {"INTERFACE": interface})
                yield from started_by(acts_of("wg-quick", commands, NETWORK, follower), starts, unit)


def dhclient_hooks(host: Host, follower: Follower, reason: str) -> Iterator[Act]:
    """What ``dhclient-script`` reads for each event of an interface, as run-parts(8) lists it.

    ``reason`` is why nobody can tell whether it is run, "" where it is.
    """
    named = [f"{folder}/{name}" for folder in DHCLIENT for name in names_in(host, folder) if re.fullmatch(_PART, name)]
    single = [folder.removesuffix(".d") for folder in DHCLIENT]
    for path in (*named, *[path for path in single if stat_or_none(host, path) is not None]):
        commands = follower.script(path, variables={"reason": "BOUND"}, known_shell=True)
        for act in acts_of("dhclient", commands, NETWORK, follower):
            yield undecided(act, reason) if reason else act
