"""``/etc/hosts``, as the C library reads it (hosts(5), glibc's ``nss/nss_files``)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nodecheck.facts.network.links import spelt
from nodecheck.host import Host
from nodecheck.host.base import text_or_none
from nodecheck.model.sources import File, Sources
from nodecheck.record import NamedTuple

PATH = "/etc/hosts"
BLANKS = " \t\r\v\f"
"""What isspace(3) takes for a blank within a line."""


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
    by_name: Mapping[str, tuple[HostsLine, ...]] = {}
    """Each name in lower case to its lines."""

    @classmethod
    def reads(cls) -> Sources:
        return (File(PATH),)

    @classmethod
    def read(cls, host: Host) -> Hosts:
        """Read ``/etc/hosts``. Raises what the host raises except Absent."""
        source = text_or_none(host, PATH)
        return cls() if source is None else parse_hosts(source)

    def of(self, name: str) -> tuple[HostsLine, ...]:
        """The lines that give a name an address, in order; the case of names does not matter."""
        return tuple([line for line in self.by_name.get(folded(name), ()) if spelt(line.address) is not None])


def folded(name: str) -> str:
    """A name in lower case as strcasecmp(3) has it: ASCII letters alone."""
    return name.lower() if name.isascii() else "".join(c.lower() if c.isascii() else c for c in name)


def parse_hosts(source: str) -> Hosts:
    r"""Parse the text of ``/etc/hosts``.

    >>> parse_hosts("127.0.0.1 localhost # x\n\n 192.0.2.1\tnode1 n1\r\n").lines[1][:3]
    ('192.0.2.1', ('node1', 'n1'), 3)
    """
    lines = source.split("\n")
    found: list[HostsLine] = []
    by_name: dict[str, list[HostsLine]] = {}
    split = re.compile(f"[{BLANKS}]+").split
    for number, line in enumerate(lines, 1):
        plain = _as_read(line, number == len(lines)).partition("#")[0].strip(BLANKS)
        words = split(plain) if plain else ()
        if len(words) > 1:
            item = HostsLine(words[0], tuple(words[1:]), number, line)
            found.append(item)
            for name in dict.fromkeys(map(folded, item.names)):
                by_name.setdefault(name, []).append(item)
    return Hosts(tuple(found), source, {name: tuple(items) for name, items in by_name.items()})


def _as_read(line: str, last: bool) -> str:
    """A line as glibc holds it: up to a NUL; where no newline ends it, as many bytes twice as there are blanks before.

    glibc 2.32 and later move the line to the start of the buffer without its end (``nss_readline.c``), so that in
    " 192.0.2.1 n1" without a newline the name is ``n11``.
    """
    text, nul, _ = line.partition("\0")
    blanks = len(text) - len(text.lstrip(BLANKS))
    return text + text[len(text) - blanks :] if blanks and (nul or last) else text
