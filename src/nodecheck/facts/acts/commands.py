"""Commands that the next boot runs, and what they do to the node."""

from __future__ import annotations

from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.rc_local import RcLocal
from nodecheck.facts.services.starts import BootStarts
from nodecheck.host import Host
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Sources
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.acts.model import Act
    from nodecheck.facts.acts.units import UnitActs
    from nodecheck.facts.boot.next_boot import BootCmdline
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
        from nodecheck.facts.acts.callers import caller_sources

        return caller_sources()

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
        if init.name != "openrc" and not init.is_systemd:
            return cls()
        from nodecheck.facts.acts.callers import of_systemd
        from nodecheck.facts.acts.follow import Follower
        from nodecheck.facts.acts.hooks import local_d
        from nodecheck.facts.acts.units import UnitActs

        follower = Follower(host)
        if init.name == "openrc":
            return cls(tuple(local_d(host, follower, starts)))
        acts = tuple(of_systemd(host, follower, starts, local, scripts, cmdline))
        if starts.unread is not None:
            raise starts.unread  # that text may pull in what does anything
        return cls(acts, UnitActs(host, starts, follower))
