"""What acts at boot, by all providers, in the order in which it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nodecheck.facts.acts.commands import CommandActs
from nodecheck.facts.acts.model import FILTER, KINDS, MODULE, RUNS, STAYS, SWAP, SYSCTL, UNTOLD, Act, Effect, Provider
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Sources
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.acts.programs import AgentActs, SwapProgramActs, SysctlProgramActs


class BootActs:
    """All acts of the next boot. A new kind of actor is one more provider, and one more parameter of :meth:`read`.

    A provider stands with the kinds of its effects: who asks for swap has no use for what sets sysctls.
    """

    def __init__(self, *providers: tuple[Callable[[], Provider], tuple[str, ...]]) -> None:
        self._providers = providers
        self._known: dict[tuple[str, frozenset[str]], tuple[Act, ...]] = {}

    @classmethod
    def reads(cls) -> Sources:
        return ()

    @classmethod
    def read(
        cls,
        commands: Lazy[CommandActs],
        sysctls: Lazy[SysctlProgramActs],
        swaps: Lazy[SwapProgramActs],
        agents: Lazy[AgentActs],
    ) -> BootActs:
        """Nothing is read yet."""
        return cls((commands, KINDS), (sysctls, (SYSCTL,)), (swaps, (SWAP,)), (agents, (SYSCTL, MODULE)))

    @property
    def rule_files(self) -> tuple[str, ...]:
        """The files of packet filters' rules that acts load."""
        return tuple(sorted({effect.name for effect, _ in self.may(FILTER) if effect.name.startswith("/")}))

    def acts(self, kind: str, but: frozenset[str] = frozenset()) -> tuple[Act, ...]:
        """The acts that may have effects of one kind, in the order in which they are done.

        The commands of the units of ``but`` are left to who asks. Raises what a provider raises: a file that is there
        and cannot be read may act.
        """
        if (kind, but) not in self._known:
            asked = [provider for provider, kinds in self._providers if kind in kinds]
            acts = [act for provider in asked for act in provider().of(kind, but)]
            self._known[kind, but] = tuple(sorted(acts, key=lambda act: act.place))
        return self._known[kind, but]

    def of(self, kind: str, *states: str, but: frozenset[str] = frozenset()) -> Iterator[tuple[Effect, Act]]:
        """The effects of one kind, each with its act; of all acts, or of those in some states."""
        for act in self.acts(kind, but):
            if not states or act.state in states:
                for effect in act.effects:
                    if effect.kind == kind:
                        yield effect, act

    def may(self, kind: str) -> Iterator[tuple[Effect, Act]]:
        """The effects of one kind that happen, or may."""
        return self.of(kind, RUNS, UNTOLD)

    def kept(self, kind: str) -> Iterator[tuple[Effect, Act]]:
        """The effects of one kind that are shown not to happen."""
        return self.of(kind, STAYS)
