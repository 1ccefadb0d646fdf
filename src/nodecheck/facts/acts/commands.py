"""Commands that the next boot runs, and what they do to the node."""

from __future__ import annotations

from nodecheck.facts.acts.follow import Follower
from nodecheck.facts.acts.model import Act
from nodecheck.facts.acts.units import started_acts, unit_acts
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.starts import BootStarts
from nodecheck.host import Host
from nodecheck.model.sources import Named, Sources, UnitText
from nodecheck.record import NamedTuple


class CommandActs(NamedTuple):
    """The acts of commands.

    Those are sysctl, modprobe, swapon and swapoff, hostname, what loads rules of packet filters, and systemctl.
    """

    acts: tuple[Act, ...] = ()

    @classmethod
    def reads(cls) -> Sources:
        return (UnitText("*"), Named("a command that the boot runs"))

    @classmethod
    def read(cls, host: Host, init: InitSystem, starts: BootStarts) -> CommandActs:
        """Raises what the host raises for a file that is there and cannot be read."""
        follower = Follower(host)
        if not init.is_systemd:
            return cls()
        acts = tuple(unit_acts(host, starts, follower))
        return cls((*acts, *started_acts(host, starts, follower, acts)))
