"""Whether one of systemd's own early services does what it is for: a drop-in may give it another command."""

from __future__ import annotations

from nodecheck.errors import Unsupported
from nodecheck.facts.services.unit_files import load_unit
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host
from nodecheck.record import NamedTuple

_OWN = ("/usr/lib/systemd/system/", "/lib/systemd/system/")


class OtherCommand(NamedTuple):
    """What a service runs in place of its own program."""

    message: str
    path: str
    text: str


def other_command(host: Host, index: UnitIndex, name: str) -> OtherCommand | None:
    """What ``name`` runs in place of the program that it is named after; None where it runs that program.

    Only a service that has drop-ins, or that is not the distribution's, is looked into. Raises Unsupported where the
    program gets arguments, which make it heed some files only; and what the host raises for a file that cannot be read.
    """
    program = name.removesuffix(".service")
    fragment = index.fragment(name)
    if fragment is None or (fragment.startswith(_OWN) and not index.dropins(name)):
        return None
    unit = load_unit(host, index, name)
    starts = unit.values("Service", "ExecStart") if unit is not None else ()
    if not starts:
        return None
    told = starts[-1]
    for value, path, _ in starts:
        words = [word for word in value.lstrip(" \t-@:+!").replace("\t", " ").split(" ") if word]
        if words and words[0].rpartition("/")[2] == program:
            if len(words) > 1:
                raise Unsupported(path, f"{name} is told {' '.join(words[1:])!r}, so that it heeds some files only")
            return None
        if program.removeprefix("systemd-") in value:
            raise Unsupported(path, f"{name} runs {value!r}, which may do the same or not")
    return OtherCommand(f"{name} runs {told[0]!r} in place of its own program", told[1], f"ExecStart={told[0]}")
