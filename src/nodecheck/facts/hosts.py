"""``/etc/hosts``, as the C library reads it (hosts(5), glibc's ``nss/nss_files``)."""

from __future__ import annotations

import re

from nodecheck.errors import Absent
from nodecheck.facts.links import spelt
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.record import NamedTuple

PATH = "/etc/hosts"


class HostsLine(NamedTuple):
    """A line with an address and names."""

    address: str
    """As written; it may be none at all, and then the C library passes over the line."""
    names: tuple[str, ...]
    line: int
    text: str


class Hosts(NamedTuple):
    """The lines that name something."""

    lines: tuple[HostsLine, ...] = ()
    source: str | None = None
    """The whole text; None where there is no such file."""

    @classmethod
    def read(cls, host: Host) -> Hosts:
        """Read ``/etc/hosts``. Raises what the host raises except Absent."""
        try:
            return parse_hosts(text(host, PATH))
        except Absent:
            return cls()

    def of(self, name: str) -> tuple[HostsLine, ...]:
        """The lines that give a name an address, in order; the case of names does not matter."""
        lowered = _lower(name)
        return tuple(
            [
                line
                for line in self.lines
                if any(_lower(other) == lowered for other in line.names) and spelt(line.address) is not None
            ]
        )


def _lower(name: str) -> str:
    """In lower case as strcasecmp(3) has it: ASCII letters alone."""
    return name.lower() if name.isascii() else "".join(c.lower() if c.isascii() else c for c in name)


def parse_hosts(source: str) -> Hosts:
    r"""Parse the text of ``/etc/hosts``.

    >>> parse_hosts("127.0.0.1 localhost # x\n\n 192.0.2.1\tnode1 n1\r\n").lines[1][:3]
    ('192.0.2.1', ('node1', 'n1'), 3)
    """
    found = []
    for number, line in enumerate(source.split("\n"), 1):
        plain = line.partition("#")[0].partition("\0")[0].strip(" \t\r\v\f")
        words = re.split("[ \t\r\v\f]+", plain)
        if len(words) > 1:
            found.append(HostsLine(words[0], tuple(words[1:]), number, line))
    return Hosts(tuple(found), source)
