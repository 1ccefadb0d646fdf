"""What acts at boot of this node and is not known to nodecheck."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nodecheck.doctor.items import Item, note
from nodecheck.errors import FactError
from nodecheck.host import Host

if TYPE_CHECKING:
    from nodecheck.checking.store import Facts

TOPIC = "boot"


def boot(host: Host) -> Iterator[Item]:
    """Each generator, and each program of an own unit, that runs at boot and of which it is not known what it does."""
    from nodecheck.checking.store import Facts

    facts = Facts(host)
    yield from _generators(facts)
    yield from _programs(facts)


def _generators(facts: Facts) -> Iterator[Item]:
    from nodecheck.facts.services.generators import Generators

    try:
        found = facts.get(Generators)
    except FactError as error:
        yield note(TOPIC, "generators", f"which run cannot be told: {error}")
        return
    for path in found.unknown():
        yield note(TOPIC, "generator", f"{path} runs at boot, and what it does is not known")


def _programs(facts: Facts) -> Iterator[Item]:
    from nodecheck.facts.acts.own_programs import OwnPrograms

    try:
        found = facts.get(OwnPrograms)
    except FactError as error:
        yield note(TOPIC, "programs", f"which own units run cannot be told: {error}")
        return
    for one in found.programs:
        where = f"{one.source} line {one.line}"
        yield note(TOPIC, "program", f"{one.path} is run by {one.unit} ({where}), and what it does is not known")
