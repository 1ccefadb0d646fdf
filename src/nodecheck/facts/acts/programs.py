"""What programs with a configuration of their own do at boot."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.facts.acts.model import Act
from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.services.generators import Generators
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.starts import BootStarts
from nodecheck.host import Host, exists
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Sources
from nodecheck.record import NamedTuple


class ProgramActs(NamedTuple):
    """The acts of programs that are told by their own files what to do: one module a topic knows them."""

    acts: tuple[Act, ...] = ()
    """In the order in which they are done."""

    @classmethod
    def reads(cls) -> Sources:
        from nodecheck.facts.acts.program_sources import program_sources

        return program_sources()

    @classmethod
    def read(
        cls,
        host: Host,
        init: InitSystem,
        starts: BootStarts,
        generators: Lazy[Generators],
        cmdline: Lazy[BootCmdline],
    ) -> ProgramActs:
        """Ask for what is there of each program. Raises what the host raises for a file that cannot be read."""
        if not init.is_systemd:
            return cls()
        acts = (*_sysctls(host, init, starts), *_swap(host, starts, generators, cmdline), *_agents(host, starts))
        return cls(tuple(sorted(acts, key=lambda act: act.place)))


def _sysctls(host: Host, init: InitSystem, starts: BootStarts) -> Iterator[Act]:
    from nodecheck.facts.acts import tmpfiles

    yield from tmpfiles.tmpfiles_acts(host, starts)
    if any(exists(host, path) for path in ("/etc/ufw", "/etc/shorewall", "/etc/shorewall6", "/etc/frr")):
        from nodecheck.facts.acts import sysctl_programs

        yield from sysctl_programs.ufw_acts(host, starts)
    if starts.index.exists("systemd-networkd.service") or starts.index.pulls("systemd-networkd.service"):
        from nodecheck.facts.acts import networkd

        yield from networkd.networkd_acts(host, init, starts)
    if any(exists(host, path) for path in ("/etc/shorewall", "/etc/shorewall6", "/etc/frr")):
        from nodecheck.facts.acts import sysctl_programs

        yield from sysctl_programs.frr_acts(host, starts)
        yield from sysctl_programs.shorewall_acts(host, starts)


def _swap(host: Host, starts: BootStarts, generators: Lazy[Generators], cmdline: Lazy[BootCmdline]) -> Iterator[Act]:
    from nodecheck.facts.acts import swap_programs

    yield from swap_programs.rpi_swap_acts(host, generators())
    yield from swap_programs.waagent_acts(host, starts)
    yield from swap_programs.cloud_init_acts(host, starts, generators, cmdline)
    yield from swap_programs.swapspace_acts(starts)


def _agents(host: Host, starts: BootStarts) -> Iterator[Act]:
    from nodecheck.facts.acts import agents

    yield from agents.agent_acts(host, starts)
    yield from agents.kubelet_acts(host, starts)
