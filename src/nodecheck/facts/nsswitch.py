"""``/etc/nsswitch.conf``: in which order the C library asks for the addresses of names (nsswitch.conf(5))."""

from __future__ import annotations

import re

from nodecheck.errors import Absent
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.record import NamedTuple

PATH = "/etc/nsswitch.conf"


class HostsOrder(NamedTuple):
    """The services of the line ``hosts:``, in order."""

    services: tuple[str, ...] | None = None
    """None: there is no such line (musl has no such file at all), and /etc/hosts is asked."""
    line: int | None = None
    text: str | None = None

    @classmethod
    def read(cls, host: Host) -> HostsOrder:
        """Read ``/etc/nsswitch.conf``. Raises what the host raises except Absent."""
        try:
            return parse_hosts_order(text(host, PATH))
        except Absent:
            return cls()


def parse_hosts_order(source: str) -> HostsOrder:
    r"""The line ``hosts:``, the last one where there are several; actions such as ``[NOTFOUND=return]`` left out.

    >>> parse_hosts_order("hosts:\tfiles resolve [!UNAVAIL=return] dns # x\n").services
    ('files', 'resolve', 'dns')
    """
    found = HostsOrder()
    for number, line in enumerate(source.split("\n"), 1):
        plain = line.partition("#")[0].strip(_BLANKS)
        name, colon, rest = plain.partition(":")
        if colon and name.strip(_BLANKS) == "hosts":
            words = re.split(f"[{_BLANKS}]+", re.sub(r"\[[^\]]*\]?", " ", rest).strip(_BLANKS))
            found = HostsOrder(tuple(word for word in words if word), number, line)
    return found


_BLANKS = " \t\r\v\f"
