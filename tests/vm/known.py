"""Known differences: where a prediction, or a fix, is wrong for a reason that the files on disk do not tell."""

from __future__ import annotations

from fnmatch import fnmatchcase

from nodecheck.record import NamedTuple
from tests.vm.verdicts import Verdict


class Known(NamedTuple):
    """One difference that does not make the suite fail."""

    kind: str
    id: str
    """A pattern; ``[`` and ``]`` are themselves."""
    with_plant: str
    """A pattern that the name of one of the state's plants matches."""
    why: str


KNOWN: tuple[Known, ...] = ()


def known(verdict: Verdict, plants: tuple[str, ...]) -> str | None:
    """Why a wrong verdict is no surprise; None where it is one."""
    for item in KNOWN:
        pattern = item.id.replace("[", "[[]")
        with_plant = any(fnmatchcase(name, item.with_plant) for name in plants)
        if item.kind == verdict.kind and fnmatchcase(verdict.id, pattern) and with_plant:
            return item.why
    return None
