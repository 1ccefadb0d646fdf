"""Pins: which versions a profile allows (contract, section 8)."""

from __future__ import annotations

import re
from functools import lru_cache

from nodecheck.formats.versions import Version
from nodecheck.record import NamedTuple
from nodecheck.typed import Any


class Pin(NamedTuple):
    """A requirement on a version."""

    text: str
    components: tuple[int, ...] | None
    """What a plain version names; None for a PEP 440 specifier."""

    def allows(self, version: Version) -> bool:
        """Whether ``version`` is within the pin.

        A plain version compares the numbers that it names, so a pre-release of 1.34.0 is 1.34 as well. A specifier
        takes pre-releases for what PEP 440 says they are: 1.34.0-rc.1 comes before 1.34.0, and after 1.33.9.
        """
        if self.components is not None:
            numbers = version.numbers + (0,) * len(self.components)
            return numbers[: len(self.components)] == self.components
        return bool(_specifier(self.text).contains(version.pep440, prereleases=True))


def parse_pin(text: str) -> Pin:
    """The pin that a profile writes. Raises ValueError with what was expected.

    >>> parse_pin("18.06.3").components, parse_pin(">=1.17.1,<1.18").components
    ((18, 6, 3), None)
    """
    plain = text.strip(" \t")
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9}){0,7}", plain):
        return Pin(plain, tuple([int(number) for number in plain.split(".")]))
    if not plain:
        raise ValueError("expected a version such as 1.34, or a specifier such as >=1.34,<1.36; found nothing")
    _specifier(plain)
    return Pin(plain, None)


@lru_cache(maxsize=64)
def _specifier(text: str) -> Any:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(text)
    except InvalidSpecifier as error:
        raise ValueError(
            f"expected a version such as 1.34 (numbers and dots), or a PEP 440 specifier such as >=1.34,<1.36; "
            f"found {text!r}"
        ) from error
