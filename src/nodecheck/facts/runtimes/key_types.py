"""The types of values in a runtime's configuration, and which release of it knows which key."""

from __future__ import annotations

from nodecheck.record import NamedTuple
from nodecheck.typed import Any

Release = tuple[int, ...]

TRUTH, NUMBER, STRING, LIST, TABLE = "true or false", "a whole number", "a string", "a list of strings", "a table"
TIME, REAL = "a duration such as 5s", "a number such as 0.02"


class Keys(NamedTuple):
    """Names with one type, and the releases that have them."""

    kind: str
    names: str
    """With a blank between them."""
    since: Release = ()
    before: Release = ()
    """Empty: there is no end yet."""

    def hold(self, release: Release) -> bool:
        """Whether a release has them.

        >>> keys = Keys(TRUTH, "a b", since=(1, 6), before=(2,))
        >>> [keys.hold(release) for release in ((1, 5, 9), (1, 6, 0), (2, 0))]
        [False, True, False]
        """
        return self.since <= release and (not self.before or release < self.before)


def is_read(release: Release, last: tuple[Release, ...]) -> bool:
    """Whether the keys of a release are known, by those releases of each minor version that were read last.

    >>> last = ((1, 29, 13), (1, 30, 14))
    >>> [is_read(release, last) for release in ((1, 30, 2), (1, 30, 15), (1, 31), (1, 2))]
    [True, False, False, False]
    """
    return release[:3] <= max((one for one in last if one[:2] <= release[:2]), default=())


def fits(kind: str, value: Any) -> bool:
    """Whether a value is of a type, but for durations and real numbers, which libraries take differently.

    >>> fits(NUMBER, 1), fits(NUMBER, True), fits(LIST, ["a", 1])
    (True, False, False)
    """
    if kind == TRUTH:
        return isinstance(value, bool)
    if kind == NUMBER:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == STRING:
        return isinstance(value, str)
    if kind == TABLE:
        return isinstance(value, dict)
    return kind == LIST and isinstance(value, list) and all(isinstance(item, str) for item in value)
