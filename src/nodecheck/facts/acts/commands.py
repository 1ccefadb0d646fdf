"""Commands that the next boot runs, and what they do to the node."""

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
    local_d,
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
from nodecheck.facts.acts.units import UnitActs
from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.files.conf_dirs import conf_sources
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.rc_local import RcLocal
from nodecheck.facts.services.starts import BootStarts
from nodecheck.formats.udev_rules import RULES_DIRS
from nodecheck.host import Host
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Dir, Exists, File, Named, Sources, Tree, UnitText
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.services.sysv import SysvScripts


class CommandActs:
    """The acts of commands.

    Those are sysctl, modprobe, swapon and swapoff, hostname, what loads rules of packet filters, and systemctl. Units
    are many, and only those are looked into that have a word of what is asked about.
    """

    def __init__(self, acts: tuple[Act, ...] = (), units: UnitActs | None = None) -> None:
        self._acts, self._units = acts, units

    def of(self, kind: str, but: frozenset[str] = frozenset()) -> tuple[Act, ...]:
        """The acts that may have effects of one kind, without those of the units of ``but``."""
        if self._units is None:
            return self._acts
        acts = (*self._units.of(kind, but), *self._acts)
        return (*acts, *self._units.started(acts))

    @classmethod
    def reads(cls) -> Sources:
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

    @classmethod
    def read(
        cls,
        host: Host,
        init: InitSystem,
        starts: BootStarts,
        local: RcLocal,
        scripts: Lazy[SysvScripts],
        cmdline: Lazy[BootCmdline],
    ) -> CommandActs:
        """Raises what the host raises for a file that is there and cannot be read, and Unsupported where nobody can
        tell what is started in place of the init system."""
        if starts.words.untold is not None:
            raise starts.words.untold
        follower = Follower(host)
        if init.name == "openrc":
            return cls(tuple(local_d(host, follower, starts)))
        if not init.is_systemd:
            return cls()
        acts = tuple(_of_systemd(host, follower, starts, local, scripts, cmdline))
        if starts.unread is not None:
            raise starts.unread  # that text may pull in what does anything
        return cls(acts, UnitActs(host, starts, follower))


def _of_systemd(
    host: Host,
    follower: Follower,
    starts: BootStarts,
    local: RcLocal,
    scripts: Lazy[SysvScripts],
    cmdline: Lazy[BootCmdline],
) -> Iterator[Act]:
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
