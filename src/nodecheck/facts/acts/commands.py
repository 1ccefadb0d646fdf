"""Commands that the next boot runs, and what they do to the node."""

from __future__ import annotations

from nodecheck.facts.acts.model import Act
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.host import Host
from nodecheck.model.sources import Sources
from nodecheck.record import NamedTuple


class CommandActs(NamedTuple):
    """The acts of commands: sysctl, modprobe, swapon and swapoff, hostname, the loaders of packet filters, systemctl."""

    acts: tuple[Act, ...] = ()

    @classmethod
    def reads(cls) -> Sources:
        return ()

    @classmethod
    def read(cls, host: Host, init: InitSystem) -> CommandActs:
        """Raises what the host raises for a file that is there and cannot be read."""
        return cls()
