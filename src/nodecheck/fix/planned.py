"""What a plan is made of: a record, for everything that writes a plan down in one form or another."""

from __future__ import annotations

from nodecheck.model.steps import DISRUPTIVE, SAFE, Step
from nodecheck.record import NamedTuple
from nodecheck.report import Node, Source
from nodecheck.report.parts import ConfigUsed
from nodecheck.report.settings import not_judged

SCHEMA = "urn:nodecheck:schema:plan:1"
SCHEMA_VERSION = "1.0"


class PlanStep(NamedTuple):
    """One step, and the ids of the results that it is for.

    ``title`` is that of the first fix that has the step; ``safety`` is ``disruptive`` where any of its fixes is;
    ``reboot``: what it mends holds only after a reboot.
    """

    for_: tuple[str, ...]
    step: Step
    title: str
    safety: str = SAFE
    reboot: bool = False


class NotFixed(NamedTuple):
    """A failure that the plan leaves as it is, and why (what a person can do, where that is known)."""

    id: str
    why: str


class Planned(NamedTuple):
    """What is to be done, in this order, and what is not mended by it."""

    node: Node
    source: Source
    run_id: str
    steps: tuple[PlanStep, ...]
    not_fixed: tuple[NotFixed, ...]
    unknown: int = 0
    """Settings that could not be judged: whether they need a fix is not known."""
    judged: bool = True
    """Whether anything was."""
    config: ConfigUsed | None = None
    """The node's configuration, where it counted."""

    @property
    def reboot(self) -> bool:
        """Whether something holds only after a reboot."""
        return any(step.reboot for step in self.steps)

    @property
    def disruptive(self) -> bool:
        """Whether something is restarted or cut."""
        return any(step.safety == DISRUPTIVE for step in self.steps)

    @property
    def doubt(self) -> str | None:
        """What the plan cannot speak of, in words; None where everything was judged."""
        told = not_judged(self.unknown) if self.unknown else None if self.judged else "nothing was judged"
        return None if told is None else f"{told}: nodecheck run says why"

    @property
    def nothing(self) -> str:
        """What there is to say of a plan without steps, in words."""
        if self.not_fixed:
            return "nothing can be done"
        return "nothing is to be done" if self.doubt is None else "nothing failed"

    def left(self) -> dict[str, list[str]]:
        """The reasons why something is not fixed, each with the ids that it holds for."""
        whys: dict[str, list[str]] = {}
        for item in self.not_fixed:
            whys.setdefault(item.why, []).append(item.id)
        return whys
