"""``/proc/swaps``: the swap areas in use (``swap_show`` in the kernel's mm/swapfile.c)."""

from __future__ import annotations

from nodecheck.errors import Absent, ParseError
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.sources import File, Sources
from nodecheck.record import NamedTuple
from nodecheck.text import whole_number

SWAP_TARGET = "swap.target"
PROC_SWAPS = "/proc/swaps"

_DELETED = "\\040(deleted)"
_ESCAPES = (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\"))


class SwapArea(NamedTuple):
    """One line of ``/proc/swaps``."""

    path: str
    """With the kernel's octal escapes undone, and without the mark of a deleted file."""
    kind: str
    """``partition`` (any block device, zram too) or ``file``."""
    size_kib: int
    deleted: bool = False
    """The file has no name any more; it is in use all the same."""
    line: int = 0
    """1-based line in ``/proc/swaps``."""


class Swaps(NamedTuple):
    """The swap areas in use."""

    areas: tuple[SwapArea, ...] = ()
    supported: bool = True
    """False where a mounted procfs has no ``/proc/swaps``: the kernel was built without swap."""

    @classmethod
    def reads(cls) -> Sources:
        return (File(PROC_SWAPS),)

    @classmethod
    def read(cls, host: Host) -> Swaps:
        """Read ``/proc/swaps``. Raises ParseError for a text that no kernel writes."""
        try:
            return parse_swaps(text(host, PROC_SWAPS))
        except Absent:
            return cls((), supported=False)


def parse_swaps(source: str) -> Swaps:
    r"""Parse the text of ``/proc/swaps``; an empty one says that there is no swap, as it does to the kubelet.

    >>> parse_swaps("Filename Type Size Used Priority\n/swap\\040file\\040(deleted) file\t\t64\t0\t-2\n").areas
    (SwapArea(path='/swap file', kind='file', size_kib=64, deleted=True, line=2),)
    """
    areas = []
    for number, line in enumerate(source.split("\n"), 1):
        fields = [field for field in line.replace("\t", " ").split(" ") if field]
        if fields and fields != ["Filename", "Type", "Size", "Used", "Priority"]:
            areas.append(_area(number, line, fields))
    return Swaps(tuple(areas))


def _area(number: int, line: str, fields: list[str]) -> SwapArea:
    if len(fields) != 5 or fields[1] not in ("partition", "file") or not _all_numbers(fields[2:]):
        raise ParseError(PROC_SWAPS, number, line, "a path, partition or file, size, used and priority")
    path = fields[0].removesuffix(_DELETED)
    deleted = path != fields[0]
    for escape, char in _ESCAPES:
        path = path.replace(escape, char)
    return SwapArea(path, fields[1], int(fields[2]), deleted, number)


def _all_numbers(fields: list[str]) -> bool:
    return all(whole_number(field.removeprefix("-"), 19) is not None for field in fields)
