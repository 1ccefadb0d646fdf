"""Version numbers as tools print them and packages carry them."""

from __future__ import annotations

import re
from functools import lru_cache

from nodecheck.record import NamedTuple
from nodecheck.text import is_digits


class Version(NamedTuple):
    """A version number with at least two components."""

    text: str
    """As printed: ``v1.17.4``, ``18.06.3-ce``, ``3:18.06.3.ce-3.el7``."""
    numbers: tuple[int, ...]
    suffix: str
    """What follows the numbers, without a hyphen between them: ``ce``, ``+k3s1``, ``rc.1``, ``.ce-3.el7``."""

    @property
    def release(self) -> str:
        """The numbers alone.

        >>> Version("v1.17.4", (1, 17, 4), "").release
        '1.17.4'
        """
        return ".".join([str(number) for number in self.numbers])

    @property
    def minor(self) -> tuple[int, int]:
        """The first two numbers."""
        return self.numbers[0], self.numbers[1]

    @property
    def pre(self) -> tuple[str, int] | None:
        """``alpha``, ``beta``, ``rc`` or ``dev`` with its number, for a pre-release.

        >>> [Version("", (1, 0, 0), suffix).pre for suffix in ("rc92", "beta.2", "70.rc10.el8", "ce", "eks-8ccc7ba")]
        [('rc', 92), ('beta', 2), ('rc', 10), None, None]
        """
        match = _pre().match(self.suffix)
        return None if match is None else (match[1], int(match[2] or 0))

    @property
    def pep440(self) -> str:
        """The release and its pre-release in PEP 440's spelling; build metadata does not count.

        >>> Version("v1.36.0-rc.1+k3s1", (1, 36, 0), "rc.1+k3s1").pep440
        '1.36.0rc1'
        """
        if self.pre is None:
            return self.release
        word, number = self.pre
        return f"{self.release}{_PEP440[word]}{number}"


_PEP440 = {"alpha": "a", "beta": "b", "rc": "rc", "dev": ".dev"}


@lru_cache(maxsize=1)
def _pre() -> re.Pattern[str]:
    # "rc92", "rc.1", "~rc1", and in the release of an rpm: "70.rc10.el8".
    return re.compile(r"[-~._]?(?:[0-9]{1,4}\.)?(alpha|beta|rc|dev)[.-]?([0-9]{0,9})(?![0-9A-Za-z])")


def parse_version(text: str) -> Version | None:
    """The version that ``text`` begins with, a leading ``v`` allowed; None where it begins with none.

    >>> parse_version("v1.7.11-k3s2")
    Version(text='v1.7.11-k3s2', numbers=(1, 7, 11), suffix='k3s2')
    """
    plain = text.strip(" \t\n")
    # Kubernetes reads versions so (apimachinery's util/version): at least two numbers, the first without a zero.
    match = re.match(r"v?((?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,9}){1,9})(?![0-9])", plain)
    if match is None:
        return None
    numbers = tuple([int(number) for number in match[1].split(".")])
    return Version(plain, numbers, plain[match.end() :].removeprefix("-"))


def parse_package_version(text: str) -> Version | None:
    """The upstream version in the version of a package (deb-version(7): ``epoch:upstream-revision``; rpm's EVR).

    >>> parse_package_version("3:18.06.3.ce-3.el7").numbers, parse_package_version("1.20.5+really1.20.2-1").numbers
    ((18, 6, 3), (1, 20, 2))
    """
    epoch, colon, rest = text.partition(":")
    upstream = rest if colon and is_digits(epoch) else text
    found = parse_version(upstream.rpartition("+really")[2])
    return None if found is None else found._replace(text=text)
