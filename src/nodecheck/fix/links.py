"""Which steps of a plan belong together: a restart is due where a step of the same fix before it changed something."""

from __future__ import annotations

from nodecheck.fix.plan import PlanStep
from nodecheck.fix.probes import probe_of
from nodecheck.model.steps import Command, Manual


class Links:
    """The links between the steps of a plan; a place is a step's index."""

    def __init__(self, steps: tuple[PlanStep, ...]) -> None:
        self._steps = steps
        self._first: dict[str, int] = {}
        self._restarts: dict[str, list[int]] = {}
        for place, item in enumerate(steps):
            if isinstance(item.step, Manual):
                continue
            blind = isinstance(item.step, Command) and not probe_of(item.step.argv).words
            for name in item.for_:
                self._first.setdefault(name, place)
                if blind:
                    self._restarts.setdefault(name, []).append(place)

    def due_after(self, place: int) -> list[int]:
        """The later commands of the same fixes that leave nothing to look at, such as restarts."""
        if isinstance(self._steps[place].step, Manual):
            return []
        found = {later for name in self._steps[place].for_ for later in self._restarts.get(name, ()) if later > place}
        return sorted(found)

    def follows(self, place: int) -> list[bool]:
        """For each result that a step is for, whether its fix changes something before that step."""
        return [self._first[name] < place for name in self._steps[place].for_]
