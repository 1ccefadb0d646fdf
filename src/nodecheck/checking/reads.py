"""What a check reads of a node, by what the facts that it needs declare. A run does not ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from nodecheck.checking.declare import Check
from nodecheck.host import Host
from nodecheck.model.needs import Need, needs_of
from nodecheck.model.sources import AnySource, Sources, declared
from nodecheck.record import NamedTuple

Readers = Mapping[type, Callable[..., Any]]


class Reads(NamedTuple):
    """What a check may read."""

    always: Sources = ()
    """In each run."""
    sometimes: Sources = ()
    """Only where what is always read leaves something open."""
    silent: tuple[type, ...] = ()
    """The facts that declare no sources: those of some plugin."""


def reads_of(check: Check, readers: Readers, before: Iterable[Need] = ()) -> Reads:
    """The sources of every fact that a check may ask for in any view, and of the facts that those are made of.

    ``before`` are those that the engine reads for it.
    """
    facts = facts_of(check, readers, before)
    always = _sources([fact for fact, lazy in facts.items() if not lazy])
    others = _sources([fact for fact, lazy in facts.items() if lazy])
    more = tuple([source for key, source in others.items() if key not in always])
    return Reads(tuple(always.values()), more, tuple([fact for fact in facts if declared(fact) is None]))


def _sources(facts: Iterable[type]) -> dict[tuple[type, AnySource], AnySource]:
    """Each once, by its kind too: ``File("/x")`` and ``Exists("/x")`` are equal tuples."""
    return {(type(source), source): source for fact in facts for source in declared(fact) or ()}


def facts_of(check: Check, readers: Readers, before: Iterable[Need] = ()) -> dict[type, bool]:
    """These facts, and of each whether it is read only when somebody asks (``Lazy``)."""
    judges = [judge.needs for judge in check.judges.values()]
    explained = check.explained
    rules = [check.severity_needs, check.otherwise_needs, () if explained is None else needs_of(explained)[0]]
    queue = [need for needs in (*judges, *rules) for need in needs]
    queue += before
    found: dict[type, bool] = {}
    while queue:
        need = queue.pop(0)
        reader = readers.get(need.fact) or getattr(need.fact, "read", None)
        known = found.get(need.fact)
        if need.fact is not Host and reader is not None and (known is None or known > need.lazy):
            found[need.fact] = need.lazy
            queue.extend(_needs(reader, need.lazy))
    return found


def _needs(reader: Callable[..., Any], lazy: bool) -> Iterator[Need]:
    for need in needs_of(getattr(reader, "__func__", reader))[0]:
        yield need._replace(lazy=need.lazy or lazy)
