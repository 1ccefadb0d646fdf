"""Whether one of systemd's own early services does what it is for: a drop-in may give it another command."""

from __future__ import annotations

from nodecheck.errors import Unsupported
from nodecheck.facts.services.unit_files import Unit, load_unit
from nodecheck.facts.services.unit_start import Stop, UnitStart
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host, exists
from nodecheck.model.sources import Exists, Sources
from nodecheck.record import NamedTuple

_OWN = ("/usr/lib/systemd/system/", "/lib/systemd/system/")


_PROGRAMS = (
    "/usr/lib/systemd/systemd-journald", "/usr/lib/systemd/systemd-udevd", "/usr/lib/systemd/systemd-sysctl",
    "/usr/lib/systemd/systemd-modules-load",
)  # fmt: skip


def early_sources() -> Sources:
    """What tells whether a root holds systemd's own programs."""
    return tuple(map(Exists, _PROGRAMS))


def early_failure(host: Host, found: UnitStart) -> Stop | None:
    """Why an early service fails as soon as it is started.

    That its program is not there counts only where others of systemd's programs are: a root may hold none of them.
    """
    stop = found.fails
    if stop is None or not (stop.value or "").startswith("ExecStart="):
        return stop
    return stop if any(exists(host, path) for path in _PROGRAMS) else None


class OtherCommand(NamedTuple):
    """What a service runs in place of its own program, or the setting that takes its rights away."""

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
    powerless = _powerless(unit) if unit is not None else None
    if powerless is not None:
        return powerless
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


_FORBIDDING = {
    "systemd-sysctl.service": ("ProtectKernelTunables",),
    "systemd-modules-load.service": ("ProtectKernelModules",),
}
"""Settings of systemd.exec(5) that forbid what a service is for."""


def _powerless(unit: Unit) -> OtherCommand | None:
    """A setting with which the service's program may not do its work: another user, or what protects the kernel."""
    for value, path, _ in unit.values("Service", "User")[-1:]:
        if value not in ("root", "0"):
            message = f"{unit.name} runs as {value}, who may not change what it is for"
            return OtherCommand(message, path, f"User={value}")
    for key in ("DynamicUser", *_FORBIDDING.get(unit.name, ())):
        for value, path, _ in unit.values("Service", key)[-1:]:
            if value.lower() in ("1", "yes", "y", "true", "t", "on"):
                text = f"{key}={value}"
                return OtherCommand(f"{unit.name} has {text}, with which it may not change what it is for", path, text)
    return None
