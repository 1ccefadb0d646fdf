"""What programs with a configuration of their own do at boot: one module a topic knows them."""

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


class SysctlProgramActs(NamedTuple):
    """The acts of programs that set sysctls as their own files tell them: tmpfiles, ufw, networkd, FRR, Shorewall."""

    acts: tuple[Act, ...] = ()

    @classmethod
    def reads(cls) -> Sources:
        from nodecheck.facts.acts.program_sources import sysctl_sources

        return sysctl_sources()

    @classmethod
    def read(cls, host: Host, init: InitSystem, starts: BootStarts) -> SysctlProgramActs:
        """Ask for what is there of each program. Raises what the host raises for a file that cannot be read."""
        return cls(tuple(_sysctls(host, init, starts)) if init.is_systemd else ())

    def of(self, kind: str, but: frozenset[str] = frozenset()) -> tuple[Act, ...]:
        """All acts, whatever kind is asked about."""
        return self.acts


class SwapProgramActs(NamedTuple):
    """The acts of programs that turn swap on as their own files tell them: rpi-swap, waagent, cloud-init, swapspace."""

    acts: tuple[Act, ...] = ()

    @classmethod
    def reads(cls) -> Sources:
        from nodecheck.facts.acts.program_sources import swap_sources

        return swap_sources()

    @classmethod
    def read(
        cls,
        host: Host,
        init: InitSystem,
        starts: BootStarts,
        generators: Lazy[Generators],
        cmdline: Lazy[BootCmdline],
    ) -> SwapProgramActs:
        """Ask for what is there of each program. Raises what the host raises for a file that cannot be read."""
        return cls(tuple(_swap(host, starts, generators, cmdline)) if init.is_systemd else ())

    def of(self, kind: str, but: frozenset[str] = frozenset()) -> tuple[Act, ...]:
        """All acts, whatever kind is asked about."""
        return self.acts


class AgentActs(NamedTuple):
    """The acts of the kubelet and of node agents (k3s, RKE2, k0s, MicroK8s).

    They set sysctls and load modules by their own defaults.
    """

    acts: tuple[Act, ...] = ()

    @classmethod
    def reads(cls) -> Sources:
        from nodecheck.facts.acts.program_sources import agent_sources

        return agent_sources()

    @classmethod
    def read(cls, host: Host, init: InitSystem, starts: BootStarts) -> AgentActs:
        """Ask for what is there of each agent. Raises what the host raises for a file that cannot be read."""
        from nodecheck.facts.acts.agents import agent_acts, kubelet_acts

        if not init.is_systemd and init.name != "openrc":
            return cls()
        return cls((*agent_acts(host, starts), *kubelet_acts(host, starts)))

    def of(self, kind: str, but: frozenset[str] = frozenset()) -> tuple[Act, ...]:
        """All acts, whatever kind is asked about."""
        return self.acts


def _sysctls(host: Host, init: InitSystem, starts: BootStarts) -> Iterator[Act]:
    from nodecheck.facts.acts import tmpfiles

    yield from tmpfiles.tmpfiles_acts(host, starts)
    if any(exists(host, path) for path in ("/etc/ufw", "/etc/shorewall", "/etc/shorewall6", "/etc/frr", "/etc/quagga")):
        from nodecheck.facts.acts import sysctl_programs

        yield from sysctl_programs.ufw_acts(host, starts)
    if starts.index.exists("systemd-networkd.service") or starts.index.pulls("systemd-networkd.service"):
        from nodecheck.facts.acts import networkd

        yield from networkd.networkd_acts(host, init, starts)
    if any(exists(host, path) for path in ("/etc/shorewall", "/etc/shorewall6", "/etc/frr", "/etc/quagga")):
        from nodecheck.facts.acts import sysctl_programs

        yield from sysctl_programs.frr_acts(host, starts)
        yield from sysctl_programs.shorewall_acts(host, starts)


def _swap(host: Host, starts: BootStarts, generators: Lazy[Generators], cmdline: Lazy[BootCmdline]) -> Iterator[Act]:
    from nodecheck.facts.acts import swap_programs

    yield from swap_programs.rpi_swap_acts(host, generators())
    yield from swap_programs.waagent_acts(host, starts)
    yield from swap_programs.cloud_init_acts(host, starts, generators, cmdline)
    yield from swap_programs.swapspace_acts(starts)
