"""Which nodes show that a source matters: a line for each, in ``witnesses.txt``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from nodecheck.record import NamedTuple

FILE = Path(__file__).with_name("witnesses.txt")
AWAY, OTHER, MADE = "away", "other", "made"


class Witness(NamedTuple):
    """On a node something changes with a source of a fact."""

    kind: str
    """``away``: the fact, where the source is taken away; ``other``: the fact, where it says something else; ``made``:
    who asks for the fact, by either."""
    fact: str
    """Of ``made``: ``USER: FACT``."""
    source: str
    """``File /etc/fstab``; of ``made``: ``FACT: SOURCE``, of the fact or of what it is made of."""
    what: str
    """What changes: a fact, or ``CHECK@VIEW``."""
    node: str


def read() -> tuple[Witness, ...]:
    """All of them."""
    return tuple([Witness(*line.split("\t")) for line in FILE.read_text().split("\n") if line])


def write(witnesses: Iterable[Witness]) -> None:
    """Put them there, in order."""
    FILE.write_text("".join([f"{line}\n" for line in sorted({"\t".join(one) for one in witnesses})]))
