"""The order of a plan's steps: errors before warnings, what is persisted before what is changed at run time, and each
fix in its own order."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.fix.actions import action_of
from nodecheck.fix.merge import Fixing, Key, Merger, key_of
from nodecheck.fix.setting_files import holds_settings
from nodecheck.model.steps import DISRUPTIVE, SAFE, Create, Edit, Step
from nodecheck.text import printable

Item = tuple[tuple[str, ...], Step, str, str, bool]


def ordered(merger: Merger, ids: list[str]) -> Iterator[Item]:
    """The steps, each with its ids (in the order of ``ids``), title, safety, and whether it waits for a reboot."""
    fixes: dict[Key, list[Fixing]] = {key: [] for key in merger.steps}
    for fixing in merger.taken:
        for key in dict.fromkeys(key_of(step) for step in fixing.fix.steps):
            fixes[key].append(fixing)
    places = {name: place for place, name in enumerate(ids)}
    cut = {fixing.id for fixing in merger.taken if _is_disruptive(fixing)}
    for key in _sorted(merger):
        of = sorted(fixes[key], key=lambda fixing: places[fixing.id])
        reboot = any(fixing.fix.reboot for fixing in of)
        yield (
            tuple([fixing.id for fixing in of]),
            merger.steps[key],
            _title(merger.steps[key], of),
            SAFE if cut.isdisjoint([fixing.id for fixing in of]) else DISRUPTIVE,
            reboot,
        )


def _title(step: Step, of: list[Fixing]) -> str:
    """The first fix's own, but of a file of settings that several fixes fill."""
    title = of[0].fix.title
    if not isinstance(step, (Create, Edit)) or not holds_settings(step.path) or step in of[0].fix.steps:
        return title
    return f"Write the settings of {len(of)} findings to {printable(step.path)}"


def _is_disruptive(fixing: Fixing) -> bool:
    return fixing.fix.safety != SAFE or any(action_of(step).lowers_guard for step in fixing.fix.steps)


def _sorted(merger: Merger) -> Iterator[Key]:
    """The keys: always the lowest of those before which nothing must come any more.

    What mends an error is lower than what mends only warnings; among these the ranks of steps count. A step counts as
    low as the lowest that comes after it in any fix, so that what an early step needs is early too. Fixes that ask for
    opposite orders of the same two steps get one of them.
    """
    after: dict[Key, set[Key]] = {key: set() for key in merger.steps}
    grades: dict[Key, int] = {}
    for fixing in merger.taken:
        keys = list(dict.fromkeys(key_of(step) for step in fixing.fix.steps))
        for first, second in zip(keys, keys[1:]):  # the pairs of neighbours
            after[first].add(second)
        grades.update({key: min(fixing.grade, grades.get(key, fixing.grade)) for key in keys})
    grades = _lowest_after(after, {key: grades[key] for key in after})
    ranks = _lowest_after(after, {key: action_of(step).rank for key, step in merger.steps.items()})
    return _lowest_first(after, {key: (grades[key], ranks[key]) for key in after})


def _lowest_after(after: dict[Key, set[Key]], ranks: dict[Key, int]) -> dict[Key, int]:
    """For each key the lowest number of it and of all that comes after it: the lowest go back first."""
    before: dict[Key, list[Key]] = {key: [] for key in after}
    for key, laters in after.items():
        for later in laters:
            before[later].append(key)
    found: dict[Key, int] = {}
    for start in sorted(ranks, key=ranks.__getitem__):
        way = [start]
        while way:
            key = way.pop()
            if key not in found:
                found[key] = ranks[start]
                way.extend(before[key])
    return {key: found[key] for key in ranks}


def _lowest_first(after: dict[Key, set[Key]], low: dict[Key, tuple[int, int]]) -> Iterator[Key]:
    from heapq import heapify, heappop, heappush

    places = {key: place for place, key in enumerate(low)}
    keys = list(low)
    waits = dict.fromkeys(low, 0)
    for laters in after.values():
        for later in laters:
            waits[later] += 1
    ready = [(low[key], places[key]) for key in low if not waits[key]]
    heapify(ready)
    left = dict.fromkeys(low)
    in_circles = iter(sorted(low, key=lambda name: (low[name], places[name])))
    while left:
        key = keys[heappop(ready)[1]] if ready else next(in_circles)
        if key not in left:
            continue
        del left[key]
        yield key
        for later in after[key]:
            waits[later] -= 1
            if not waits[later]:
                heappush(ready, (low[later], places[later]))
