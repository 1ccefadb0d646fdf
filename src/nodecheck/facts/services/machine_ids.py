"""The machine ids of systemd and D-Bus, of which only derived values are kept (machine-id(5))."""

from __future__ import annotations

from nodecheck.errors import Absent
from nodecheck.facts.distro.identity import derived_id
from nodecheck.host import Host
from nodecheck.model.sources import File, Sources
from nodecheck.record import NamedTuple

MACHINE_ID = "/etc/machine-id"
DBUS_ID = "/var/lib/dbus/machine-id"
ABSENT, EMPTY, UNINITIALIZED, INVALID, NULL, VALID = "absent", "empty", "uninitialized", "no id", "all zeros", "valid"
UNSET = (ABSENT, EMPTY, UNINITIALIZED)
_DIGITS = frozenset("0123456789abcdef")


class MachineId(NamedTuple):
    """What a file of a machine id holds."""

    state: str = ABSENT
    """``absent``, ``empty``, ``uninitialized``, ``no id``, ``all zeros`` or ``valid``."""
    derived: str | None = None
    """Derived from it, as the node is named in reports; None where it is not valid."""


class MachineIds(NamedTuple):
    """Both ids of a node."""

    own: MachineId = MachineId()
    dbus: MachineId = MachineId()
    running: bool = False
    """The node runs: its boot would have made an id."""

    @classmethod
    def reads(cls) -> Sources:
        return (File(MACHINE_ID), File(DBUS_ID))

    @classmethod
    def read(cls, host: Host) -> MachineIds:
        """Both; raises what the host raises for one that is there and cannot be read."""
        return cls(_of(host, MACHINE_ID), _of(host, DBUS_ID), host.running)


def _of(host: Host, path: str) -> MachineId:
    """Read as a part of a file: of such nothing is kept as evidence."""
    try:
        return parse_machine_id(host.read_at(path, 0, 4096))
    except Absent:
        return MachineId()


def parse_machine_id(content: bytes) -> MachineId:
    r"""32 lower-case hexadecimal digits, and a newline.

    >>> parse_machine_id(b"uninitialized\n"), parse_machine_id(b"0" * 32).state, parse_machine_id(b"ABC\n").state
    (MachineId(state='uninitialized', derived=None), 'all zeros', 'no id')
    """
    line = content.decode("utf-8", "replace").removesuffix("\n")
    if line.strip(" \t\r\n") in ("", UNINITIALIZED):
        return MachineId(line.strip(" \t\r\n") or EMPTY)
    if len(line) != 32 or set(line) - _DIGITS:
        return MachineId(INVALID)
    return MachineId(VALID, derived_id(line)) if line.strip("0") else MachineId(NULL)
