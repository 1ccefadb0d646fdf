"""Who runs commands at boot: from what that is read, and their acts, in order."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.facts.acts.cloud_init import SOURCES, cloud_init
from nodecheck.facts.acts.cron import ANACRON_TABLE, CRON_DIRS, CRON_SPOOLS, CRON_TABLES, DEBIAN, anacron, cron
from nodecheck.facts.acts.firewall_hooks import HOOKS as FIREWALL_HOOKS
from nodecheck.facts.acts.firewall_hooks import UFW_CONF, firewall_hooks
from nodecheck.facts.acts.follow import PERIODIC_DIRS, SHELL_PATHS, Follower, module_sources
from nodecheck.facts.acts.hooks import (
    HOOKS,
    hooks,
    rc_local,
    sysv_scripts,
)
from nodecheck.facts.acts.interfaces import DEFAULTS, DHCLIENTS, FOLDERS, IFUPDOWN2, INTERFACES, interfaces
from nodecheck.facts.acts.model import Act
from nodecheck.facts.acts.network_hooks import (
    DHCLIENT,
    DHCPCD_HOOKS,
    NETWORK_HOOKS,
    SYSCONFIG,
    WIREGUARD,
    network_hooks,
)
from nodecheck.facts.acts.tuned import profile_sources, tuned_acts
from nodecheck.facts.acts.udev import udev
from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.files.conf_dirs import conf_sources
from nodecheck.facts.services.rc_local import RcLocal
from nodecheck.facts.services.starts import BootStarts
from nodecheck.formats.udev_rules import RULES_DIRS
from nodecheck.host import Host
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Dir, Exists, File, Named, Sources, Tree, UnitText
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.services.sysv import SysvScripts


def caller_sources() -> Sources:
    """All files that may say what the boot runs."""
    from nodecheck.facts.acts.unknown_scripts import INSIDE

    return (
        UnitText("*"),
        *map(Exists, SHELL_PATHS),
        *module_sources(),
        *map(Dir, INSIDE),
        *map(File, CRON_TABLES),
        *map(Tree, CRON_DIRS),
        Exists(DEBIAN),
        *map(Tree, CRON_SPOOLS),
        File(ANACRON_TABLE),
        *map(Tree, PERIODIC_DIRS),
        *[Tree(hook.folder) for hook in HOOKS],
        *[File(hook.path) for hook in FIREWALL_HOOKS],
        File(UFW_CONF),
        *map(Tree, FOLDERS),
        Exists(IFUPDOWN2),
        File(DEFAULTS),
        *map(Exists, DHCLIENTS),
        *[File(hook.path) for hook in NETWORK_HOOKS],
        *map(Tree, (SYSCONFIG, f"{SYSCONFIG}/if-up.d", WIREGUARD, DHCPCD_HOOKS, *DHCLIENT)),
        *[File(folder.removesuffix(".d")) for folder in DHCLIENT],
        File(INTERFACES),
        Tree(f"{INTERFACES}.d"),
        Tree("/etc/local.d"),
        *SOURCES,
        *profile_sources(),
        *conf_sources(RULES_DIRS, "*.rules"),
        Named("a command that the boot runs"),
    )


def of_systemd(
    host: Host,
    follower: Follower,
    starts: BootStarts,
    local: RcLocal,
    scripts: Lazy[SysvScripts],
    cmdline: Lazy[BootCmdline],
) -> Iterator[Act]:
    """The acts of all that systemd starts but its units' own commands, which :class:`UnitActs` has."""
    yield from rc_local(follower, starts, local)
    yield from sysv_scripts(follower, starts, scripts())
    yield from cron(host, follower, starts)
    yield from anacron(host, follower, starts)
    yield from hooks(host, follower, starts)
    yield from interfaces(host, follower, starts)
    yield from network_hooks(host, follower, starts)
    yield from firewall_hooks(host, follower, starts)
    yield from tuned_acts(host, follower, starts)
    yield from cloud_init(host, follower, starts, cmdline)
    yield from udev(host, follower, starts)
