"""``/etc/nsswitch.conf``: in which order the C library asks for the addresses of names (nsswitch.conf(5))."""

from __future__ import annotations

import re

from nodecheck.host import Host
from nodecheck.host.base import text_or_none
from nodecheck.model.sources import File, JudgedSetting, Judges, Sources
from nodecheck.record import NamedTuple

PATH = "/etc/nsswitch.conf"


class HostsOrder(NamedTuple):
    """The services of the line ``hosts:``, in order."""

    services: tuple[str, ...] | None = None
    """None: there is no such line (musl has no such file at all), and /etc/hosts is asked. None are asked where
    what stands in brackets is no action."""
    line: int | None = None
    text: str | None = None
    last: frozenset[str] = frozenset()
    """Those that end the search where they do not know a name (``[NOTFOUND=return]``, ``[!UNAVAIL=return]``)."""

    @classmethod
    def reads(cls) -> Sources:
        return (File(PATH),)

    @classmethod
    def judges(cls) -> Judges:
        return (JudgedSetting("hosts", ("files dns", "dns", "dns files", "files [NOTFOUND=return] dns")),)

    @classmethod
    def read(cls, host: Host) -> HostsOrder:
        """Read ``/etc/nsswitch.conf``. Raises what the host raises except Absent."""
        source = text_or_none(host, PATH)
        return cls() if source is None else parse_hosts_order(source)


def parse_hosts_order(source: str) -> HostsOrder:
    r"""The line ``hosts:``, the last one where there are several, as glibc reads it (``nss/nss_database.c``).

    A blank ends the name as a colon does; at an action that is none the library gives the file up.

    >>> parse_hosts_order("hosts:\tfiles resolve [!UNAVAIL=return] dns # x\n").services
    ('files', 'resolve', 'dns')
    >>> parse_hosts_order("hosts dns [NOTFOUND=return] files\n")[::3]
    (('dns', 'files'), frozenset({'dns'}))
    """
    found = HostsOrder()
    for number, line in enumerate(source.split("\n"), 1):
        plain = line.partition("#")[0].partition("\0")[0].lstrip(_BLANKS)
        if plain.startswith("hosts") and plain[5:6] in _ENDS:
            parsed = _parsed(plain[5:].lstrip(_BLANKS + ":"))
            if parsed is None:
                return HostsOrder((), number, line)
            found = HostsOrder(parsed[0], number, line, parsed[1])
    return found


def _parsed(rest: str) -> tuple[tuple[str, ...], frozenset[str]] | None:
    """The services, and those that end the search; None for what is none (``nss_action_parse.c``).

    Each is a name, and perhaps actions in brackets behind it.
    """
    if "[" not in rest:  # as in most, and then no pattern need be compiled
        for blank in _BLANKS:
            rest = rest.replace(blank, " ")
        return tuple([word for word in rest.split(" ") if word]), frozenset()
    services: list[str] = []
    last: set[str] = set()
    for word, actions in re.findall(rf"([^{_BLANKS}[]+)[{_BLANKS}]*(\[[^]]*\]?)?|\[", rest):
        if not word:
            break  # actions without a service before them end the list
        ends = _ends_if_unknown(actions) if actions else False
        if ends is None:
            return None
        services.append(word)
        if ends:
            last.add(word)
    return tuple(services), frozenset(last)


def _ends_if_unknown(actions: str) -> bool | None:
    """Whether ``[…]`` ends the search at a name that the service does not know; None for what is no action."""
    tokens = re.findall(rf"[{_BLANKS}]*(!?)([A-Za-z]+)[{_BLANKS}]*=[{_BLANKS}]*([A-Za-z]+)|(.)", actions[1:-1])
    ends = False
    for negated, status, action, junk in tokens:
        if junk in _BLANKS and junk:
            continue
        if junk or status.upper() not in _STATUSES or action.upper() not in _ACTIONS:
            return None
        if (status.upper() == "NOTFOUND") != bool(negated):
            ends = action.upper() == "RETURN"
    return ends if any(token[1] for token in tokens) and actions.endswith("]") else None


_BLANKS = " \t\r\v\f"
_ENDS = tuple(f":{_BLANKS}")
_STATUSES = ("SUCCESS", "NOTFOUND", "UNAVAIL", "TRYAGAIN")
_ACTIONS = ("RETURN", "CONTINUE", "MERGE")
