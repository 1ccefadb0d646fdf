"""The directories of unit files, and what a link in them stands for (systemd.unit(5), "UNIT FILE LOAD PATH")."""

from __future__ import annotations

from nodecheck.facts.services.unit_names import normal_path
from nodecheck.record import NamedTuple

UNIT_DIRS = (
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/etc/systemd/system.attached",
    "/run/systemd/system",
    "/run/systemd/system.attached",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
)
"""The search path of the system manager, the first directory winning (systemd.unit(5), table 1)."""

SUFFIXES = (
    ".service", ".socket", ".device", ".mount", ".automount", ".swap",
    ".target", ".path", ".timer", ".slice", ".scope",
)  # fmt: skip


class Entry(NamedTuple):
    """One name in a unit directory."""

    path: str
    target: str | None
    """The text of the link; None where it is none."""


def alias_of(entry: Entry, name: str) -> str | None:
    """The other unit that the entry's link makes ``name`` an alias of; None where it makes it none.

    A link to a file of another unit name is an alias; one to a file of the same name, or of the template, is not, nor
    is one that leaves the unit directories (a linked unit file, ``systemctl link``).

    >>> alias_of(Entry("/etc/systemd/system/dbus.service", "/lib/systemd/system/dbus-broker.service"), "dbus.service")
    'dbus-broker.service'
    """
    if entry.target is None or normal_path(entry.target) == "/dev/null":
        return None
    other = entry.target.rpartition("/")[2]
    if other == name or other == entry.path.rpartition("/")[2] or not other.endswith(SUFFIXES):
        return None
    if _folder(entry.path, entry.target) not in UNIT_DIRS:
        return None
    if "@." in other:
        instance = name.partition("@")[2].rpartition(".")[0]
        other = other.replace("@.", f"@{instance}.", 1)
        return None if other == name else other
    return other


def _folder(path: str, target: str) -> str:
    """The directory that a link at ``path`` leads into; links on the way there are not followed."""
    whole = target if target.startswith("/") else f"{path.rpartition('/')[0]}/{target}"
    parts: list[str] = []
    for part in normal_path(whole).split("/")[1:-1]:
        if part == "..":
            del parts[-1:]
        else:
            parts.append(part)
    return "/" + "/".join(parts)
