"""How long logind lets somebody delay a shutdown: ``InhibitDelayMaxSec`` of logind.conf(5), file by file.

The first ``logind.conf`` of ``/etc``, ``/run``, ``/usr/local/lib`` and ``/usr/lib`` is read, then the drop-ins of all
these directories in the order of their names (``src/shared/conf-parser.c``): the last value counts. A namesake in a
directory of higher precedence replaces a drop-in, an empty one or a link to ``/dev/null`` masks it.
"""

from __future__ import annotations

import re

from nodecheck.errors import Absent
from nodecheck.facts.files.conf_dirs import conf_files, conf_sources
from nodecheck.facts.services.unit_files import parse_unit
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.sources import File, Sources
from nodecheck.record import NamedTuple

FOLDERS = ("/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd", "/lib/systemd")
MAIN = tuple([f"{folder}/logind.conf" for folder in FOLDERS if folder not in ("/run/systemd", "/lib/systemd")])
"""Without ``/run``, which the next boot begins without."""
DROPINS = tuple([f"{folder}/logind.conf.d" for folder in FOLDERS])

KEY = "InhibitDelayMaxSec"
DEFAULT_S = 5.0
"""Where nothing sets it (``src/login/logind.c``, manager_reset_config)."""

_UNITS = {
    "us": 1e-6, "usec": 1e-6, "µs": 1e-6, "ms": 1e-3, "msec": 1e-3, "": 1.0, "s": 1.0, "sec": 1.0, "second": 1.0,
    "seconds": 1.0, "m": 60.0, "min": 60.0, "minute": 60.0, "minutes": 60.0, "h": 3600.0, "hr": 3600.0, "hour": 3600.0,
    "hours": 3600.0, "d": 86400.0, "day": 86400.0, "days": 86400.0, "w": 604800.0, "week": 604800.0, "weeks": 604800.0,
    "M": 2629800.0, "month": 2629800.0, "months": 2629800.0, "y": 31557600.0, "year": 31557600.0, "years": 31557600.0,
}  # fmt: skip


class InhibitDelay(NamedTuple):
    """One line that sets it."""

    seconds: float
    path: str
    line: int
    text: str
    """As written."""
    name: str = ""
    """The name of the drop-in, by which its turn comes; "" of the main file, which is the first."""
    whole: str = ""
    """The whole line."""


class LogindConf(NamedTuple):
    """Each line that sets ``InhibitDelayMaxSec`` for the next boot, in the order of reading."""

    delays: tuple[InhibitDelay, ...] = ()
    files: tuple[str, ...] = ()
    """All files that are read."""
    masked: tuple[str, ...] = ()
    """Links to ``/dev/null``: who writes there writes nothing, and namesakes are masked."""

    @classmethod
    def reads(cls) -> Sources:
        return (*map(File, MAIN), *conf_sources(DROPINS, "*.conf"))

    @classmethod
    def read(cls, host: Host) -> LogindConf:
        """Read them. Raises what the host raises for a file that is there and cannot be read."""
        found: list[InhibitDelay] = []
        paths: list[str] = []
        for path in MAIN:
            try:
                found += delays_of(text(host, path), path)
            except Absent:
                continue
            paths.append(path)
            break
        dropins = conf_files(host, DROPINS)
        for file in dropins:
            if not file.masked:
                found += delays_of(text(host, file.path), file.path, file.name)
                paths.append(file.path)
        links = [file.path for file in dropins if file.masked and host.link(file.path) is not None]
        return cls(tuple(found), tuple(paths), tuple(links))


def delays_of(source: str, path: str, name: str = "") -> list[InhibitDelay]:
    r"""The lines of a file that set it; logind passes over one that it cannot parse.

    >>> delays_of("[Login]\n#InhibitDelayMaxSec=5\nInhibitDelayMaxSec=1min 30s\nInhibitDelayMaxSec=x\n", "/x")[0][:3]
    (90.0, '/x', 3)
    """
    found = []
    lines = source.split("\n")
    for item in parse_unit(source, path):
        seconds = span_of(item.value) if (item.section, item.key) == ("Login", KEY) else None
        if seconds is not None:
            found.append(InhibitDelay(seconds, path, item.line, f"{KEY}={item.value}", name, lines[item.line - 1]))
    return found


def span_of(text: str) -> float | None:
    """The seconds of a time span of systemd.time(7); None for what is none.

    >>> span_of("30"), span_of("1min30s"), span_of("1.5 h"), span_of("infinity"), span_of("5 parsecs"), span_of("")
    (30.0, 90.0, 5400.0, inf, None, None)
    """
    if text == "infinity":
        return float("inf")
    part = r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)[ \t]*([A-Za-zµ]*)[ \t]*"
    if re.fullmatch(f"(?:{part})+", text) is None:
        return None
    pairs = re.findall(part, text)
    if any(unit not in _UNITS for _, unit in pairs):
        return None
    return sum([float(number) * _UNITS[unit] for number, unit in pairs])
