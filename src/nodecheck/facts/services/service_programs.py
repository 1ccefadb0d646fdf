"""Which program a service of this node starts: the one whose version counts, wherever it lies."""

from __future__ import annotations

from nodecheck.facts.services.unit_files import load_unit
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host, exists

_PREFIXES = "-@:+!|"


def service_program(host: Host, units: UnitIndex, service: str, name: str) -> str | None:
    """The absolute path that a service's ``ExecStart=`` names, if it is of a program called ``name`` and is there.

    ``dockerd-current`` is a ``dockerd`` as well (EL7's own docker). None for a wrapper, and for a path that is looked
    up. Raises what the host raises for a unit file that cannot be read.
    """
    unit = load_unit(host, units, f"{service}.service")
    starts = unit.values("Service", "ExecStart") if unit is not None else ()
    if not starts:
        return None
    path = program_of(starts[-1][0])
    found = path.rpartition("/")[2]
    if not path.startswith("/") or (found != name and not found.startswith(f"{name}-")):
        return None
    return path if exists(host, path) else None


def program_of(line: str) -> str:
    """The program in an ``ExecStart=`` line, without systemd's prefixes (systemd.service(5), "COMMAND LINES").

    >>> program_of("-/opt/kube/bin/kubelet --config=/etc/k"), program_of('"/opt/my bin/kubelet"')
    ('/opt/kube/bin/kubelet', '/opt/my bin/kubelet')
    """
    plain = line.lstrip(" \t").lstrip(_PREFIXES).lstrip(" \t")
    if plain[:1] in ('"', "'"):
        return plain[1:].partition(plain[0])[0]
    return plain.replace("\t", " ").partition(" ")[0]
