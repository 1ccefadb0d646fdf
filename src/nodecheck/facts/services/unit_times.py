"""When a unit was started and stopped, as systemd remembers it (``systemctl show``)."""

from __future__ import annotations

from nodecheck.errors import Absent, FactError, ParseError, Unsupported
from nodecheck.host import Host
from nodecheck.record import NamedTuple

PROPERTIES = {
    "InactiveExitTimestampMonotonic": "started_us",
    "ActiveEnterTimestampMonotonic": "active_us",
    "ActiveExitTimestampMonotonic": "stopping_us",
    "InactiveEnterTimestampMonotonic": "stopped_us",
    "ExecMainStartTimestampMonotonic": "main_started_us",
}
"""systemd's properties (org.freedesktop.systemd1(5)), and what they are called here."""


class UnitTimes(NamedTuple):
    """Microseconds of CLOCK_MONOTONIC, which begins at boot; None: not since boot, or the unit has no such moment."""

    started_us: int | None = None
    """It began to start."""
    active_us: int | None = None
    """It had started: for a oneshot, it was done."""
    stopping_us: int | None = None
    stopped_us: int | None = None
    main_started_us: int | None = None
    """Its main process was started, which a reload does not change."""


def unit_times(host: Host, unit: str) -> UnitTimes:
    """Ask systemd about one unit, by its full name.

    Raises Offline for a root, Unsupported where systemd does not run, TimedOut, and Malformed for an answer that is
    none. A unit that does not exist has no times.
    """
    words = [word for name in PROPERTIES for word in ("-p", name)]
    try:
        done = host.run(("systemctl", "show", "--no-pager", *words, "--", unit))
    except Absent as error:
        raise Unsupported("systemctl", "is not installed") from error
    if done.code != 0:
        told = done.stderr.strip(" \n").partition("\n")[0]
        kind = Unsupported if "not been booted with systemd" in told else FactError
        raise kind(f"systemctl show {unit}", told or f"exit code {done.code}")
    return parse_unit_times(done.stdout, f"systemctl show {unit}")


def parse_unit_times(output: str, source: str = "systemctl show") -> UnitTimes:
    r"""Parse what ``systemctl show`` prints. Raises ParseError.

    >>> parse_unit_times("ActiveEnterTimestampMonotonic=5123456\nInactiveEnterTimestampMonotonic=0\n").active_us
    5123456
    """
    found: dict[str, int | None] = {}
    for number, line in enumerate(output.split("\n"), 1):
        name, _, value = line.partition("=")
        if name in PROPERTIES:
            if not (value.isascii() and value.isdigit()):
                raise ParseError(source, number, line, "a number of microseconds")
            found[PROPERTIES[name]] = int(value) or None
    return UnitTimes(**found)
