"""What acts at boot, by all providers, in the order in which it is done."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.facts.acts.commands import CommandActs
from nodecheck.facts.acts.model import FILTER, RUNS, STAYS, UNTOLD, Act, Effect, Provider
from nodecheck.facts.acts.programs import ProgramActs
from nodecheck.model.sources import Sources
from nodecheck.record import NamedTuple


class BootActs(NamedTuple):
    """All acts of the next boot. A new kind of actor is one more parameter of :meth:`read`."""

    acts: tuple[Act, ...] = ()

    @classmethod
    def reads(cls) -> Sources:
        return ()

    @classmethod
    def read(cls, commands: CommandActs, programs: ProgramActs) -> BootActs:
        """Raises what a provider raises: a file that is there and cannot be read may act."""
        providers: tuple[Provider, ...] = (commands, programs)
        acts = [act for provider in providers for act in provider.acts]
        return cls(tuple(sorted(acts, key=lambda act: act.place)))

    @property
    def rule_files(self) -> tuple[str, ...]:
        """The files of packet filters' rules that acts load."""
        return tuple(sorted({effect.name for effect, _ in self.may(FILTER) if effect.name.startswith("/")}))

    def of(self, kind: str, *states: str) -> Iterator[tuple[Effect, Act]]:
        """The effects of one kind, each with its act; of all acts, or of those in some states."""
        for act in self.acts:
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
