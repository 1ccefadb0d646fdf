"""``/proc/swaps``: the swap areas in use."""

from __future__ import annotations

from typing import NamedTuple

from nodecheck.errors import ParseError
from nodecheck.host import Host
from nodecheck.host.base import text


class SwapArea(NamedTuple):
    """One line of ``/proc/swaps``."""

    path: str
    kind: str
    size_kib: int


class Swaps(NamedTuple):
    """The swap areas in use."""

    areas: tuple[SwapArea, ...] = ()

    @classmethod
    def read(cls, host: Host) -> Swaps:
        return parse_swaps(text(host, "/proc/swaps"))


def parse_swaps(source: str) -> Swaps:
    r"""Parse the text of ``/proc/swaps``.

    >>> parse_swaps("Filename Type Size Used Priority\n/dev/sda2 partition 64 0 -2\n")
    Swaps(areas=(SwapArea(path='/dev/sda2', kind='partition', size_kib=64),))
    """
    areas = []
    for number, line in enumerate(source.split("\n"), 1):
        fields = line.split()
        if fields and fields[0] != "Filename":
            if len(fields) < 3:
                raise ParseError("/proc/swaps", number, line, "five fields")
            areas.append(SwapArea(fields[0], fields[1], int(fields[2])))
    return Swaps(tuple(areas))
