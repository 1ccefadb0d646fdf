"""TCP sockets that listen, by sock_diag(7); by ``/proc/net/tcp`` where the kernel has no ``inet_diag``."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import Absent, Denied, Offline, ParseError, Unsupported
from nodecheck.host import MIB, Host
from nodecheck.host.base import text
from nodecheck.host.netlink import ListenerRow
from nodecheck.model.sources import Call, Exists, File, Netlink, Sources
from nodecheck.record import NamedTuple

__all__ = ["ListenerRow", "Listeners", "parse_tcp"]

NETLINK = "netlink listeners"
AF_INET, AF_INET6 = 2, 10
_LISTEN = "0A"
_LIMIT = 64 * MIB


class Listeners(NamedTuple):
    """The TCP sockets that listen in the node's network namespace."""

    rows: tuple[ListenerRow, ...] = ()
    source: str = NETLINK
    """Where they were read: ``netlink listeners``, or a file."""

    @classmethod
    def reads(cls) -> Sources:
        return (
            Netlink("listeners"),
            Call("byte_order"),
            *[
                File(f"/proc/{folder}/{file}")
                for folder in ("thread-self/net", "net", "1/net")
                for file in ("tcp", "tcp6")
            ],
            Exists("/proc/net"),
        )

    @classmethod
    def read(cls, host: Host) -> Listeners:
        """By netlink, else by the files that tell the same; raises what netlink raised where those are missing too."""
        try:
            return cls(host.netlink("listeners"))
        except (Unsupported, Denied):
            folder = "/proc/thread-self/net"  # /proc/net is that of the process's first thread
            found = _by_files(host, folder)
            if found is None:  # before Linux 3.17
                folder = "/proc/net"
                found = _by_files(host, folder)
            if found is None:
                raise
        except Offline:
            folder = "/proc/1/net"  # /proc/net is that of whoever reads, and a capture may hold it all the same
            found = _by_files(host, folder)
            if found is None:
                folder = "/proc/net"
                found = _by_capture(host)
            if found is None:
                raise
        return cls(found, f"{folder}/tcp")

    def on(self, port: int) -> tuple[ListenerRow, ...]:
        """The sockets that listen at a port."""
        return tuple(row for row in self.rows if row.port == port)


def _by_files(host: Host, folder: str) -> tuple[ListenerRow, ...] | None:
    try:
        rows = parse_tcp(f"{folder}/tcp", text(host, f"{folder}/tcp", _LIMIT), host.byte_order())
    except (Absent, Offline, Unsupported):
        return None
    try:
        return rows + parse_tcp(f"{folder}/tcp6", text(host, f"{folder}/tcp6", _LIMIT), host.byte_order())
    except (Absent, Offline):  # a kernel without IPv6
        return rows


def _by_capture(host: Host) -> tuple[ListenerRow, ...] | None:
    """``/proc/net`` of a directory that is no procfs; in a procfs it is a link to the namespace of who reads."""
    return None if host.link("/proc/net") else _by_files(host, "/proc/net")


def parse_tcp(source: str, content: str, byte_order: str = "little") -> tuple[ListenerRow, ...]:
    r"""Parse the listening sockets of ``/proc/net/tcp`` or ``tcp6`` (proc(5)): addresses in the machine's byte order.

    >>> line = " 0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000 33 0 637 1\n"
    >>> parse_tcp("/proc/net/tcp", "sl local_address rem_address st …\n" + line)
    (ListenerRow(family=2, port=8000, address='127.0.0.1', interface=0, uid=33, inode=637, v6only=None),)
    """
    return tuple(_sockets(source, content, byte_order))


def _sockets(source: str, content: str, byte_order: str) -> Iterator[ListenerRow]:
    for number, line in enumerate(content.split("\n")[1:], 2):
        fields = line.split()
        if not fields:
            continue
        if len(fields) < 10 or not (fields[7].isdigit() and fields[9].isdigit()):
            raise ParseError(source, number, line, "ten fields of a socket")
        if fields[3] == _LISTEN:
            try:
                family, address, port = _place(fields[1], byte_order)
            except ValueError as error:
                raise ParseError(source, number, line, "an address and a port in hexadecimal digits") from error
            yield ListenerRow(family, port, address, 0, int(fields[7]), int(fields[9]), None)


def _place(field: str, byte_order: str) -> tuple[int, str, int]:
    """Family, address and port of ``0100007F:1F40``. Raises ValueError."""
    import _socket

    digits, _, port = field.partition(":")
    raw = bytes.fromhex(digits)
    if len(raw) not in (4, 16) or len(port) != 4:
        raise ValueError(field)
    if byte_order == "little":  # each 32 bits of it stand in the machine's order
        raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    family = AF_INET if len(raw) == 4 else AF_INET6
    return family, _socket.inet_ntop(family, raw), int(port, 16)
