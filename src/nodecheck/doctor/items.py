"""One line of the doctor's findings."""

from __future__ import annotations

from enum import Enum

from nodecheck.record import NamedTuple


class State(str, Enum):
    """``missing`` is what makes the exit code 1; equal to its JSON text."""

    OK = "ok"
    NOTE = "note"
    MISSING = "missing"

    __str__ = str.__str__


class Item(NamedTuple):
    """What was found of one thing; ``needs`` says what would help, ``results`` which verdicts it costs."""

    topic: str
    name: str
    state: State
    detail: str
    needs: str | None = None
    results: tuple[str, ...] = ()


def ok(topic: str, name: str, detail: str) -> Item:
    """Something is as it should be."""
    return Item(topic, name, State.OK, detail)


def note(topic: str, name: str, detail: str, needs: str | None = None) -> Item:
    """Something to know, which may cost nothing."""
    return Item(topic, name, State.NOTE, detail, needs)


def missing(topic: str, name: str, detail: str, needs: str, results: tuple[str, ...] = ()) -> Item:
    """Something that nodecheck lacks."""
    return Item(topic, name, State.MISSING, detail, needs, results)
