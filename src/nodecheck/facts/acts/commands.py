"""Commands that the next boot runs, and what they do to the node."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.facts.acts.cloud_init import SOURCES, cloud_init
from nodecheck.facts.acts.follow import SHELL_PATHS, Follower
from nodecheck.facts.acts.hooks import (
    CRON_DIRS,
    CRON_SPOOLS,
    CRON_TABLES,
    DEBIAN,
    HOOKS,
    cron,
    hooks,
    local_d,
    rc_local,
    sysv_scripts,
)
from nodecheck.facts.acts.ifupdown import FOLDERS, IFUPDOWN2, INTERFACES, ifupdown
from nodecheck.facts.acts.model import Act
from nodecheck.facts.acts.udev import udev
from nodecheck.facts.acts.units import started_acts, unit_acts
from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.files.conf_dirs import conf_sources
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.rc_local import RcLocal
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.sysv import SysvScripts
from nodecheck.formats.udev_rules import RULES_DIRS
from nodecheck.host import Host
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Exists, File, Named, Sources, Tree, UnitText
from nodecheck.record import NamedTuple


class CommandActs(NamedTuple):
    """The acts of commands.

    Those are sysctl, modprobe, swapon and swapoff, hostname, what loads rules of packet filters, and systemctl.
    """

    acts: tuple[Act, ...] = ()

    @classmethod
    def reads(cls) -> Sources:
        return (
            UnitText("*"),
            *map(Exists, SHELL_PATHS),
            *map(File, CRON_TABLES),
            *map(Tree, CRON_DIRS),
            Exists(DEBIAN),
            *map(Tree, CRON_SPOOLS),
            *[Tree(hook.folder) for hook in HOOKS],
            *map(Tree, FOLDERS),
            Exists(IFUPDOWN2),
            File(INTERFACES),
            Tree(f"{INTERFACES}.d"),
            Tree("/etc/local.d"),
            *SOURCES,
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
        """Raises what the host raises for a file that is there and cannot be read."""
        follower = Follower(host)
        if init.name == "openrc":
            return cls(tuple(local_d(host, follower, starts)))
        if not init.is_systemd:
            return cls()
        acts = tuple(_of_systemd(host, follower, starts, local, scripts, cmdline))
        if starts.unread is not None:
            raise starts.unread  # that text may pull in what does anything
        return cls((*acts, *started_acts(host, starts, follower, acts)))


def _of_systemd(
    host: Host,
    follower: Follower,
    starts: BootStarts,
    local: RcLocal,
    scripts: Lazy[SysvScripts],
    cmdline: Lazy[BootCmdline],
) -> Iterator[Act]:
    yield from unit_acts(host, starts, follower)
    yield from rc_local(follower, starts, local)
    yield from sysv_scripts(follower, starts, scripts())
    yield from cron(host, follower, starts)
    yield from hooks(host, follower, starts)
    yield from ifupdown(host, follower, starts)
    yield from cloud_init(host, follower, starts, cmdline)
    yield from udev(host, follower, starts)
