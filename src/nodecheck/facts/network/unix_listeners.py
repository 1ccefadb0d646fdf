r"""Unix stream sockets that listen: ``/proc/net/unix`` (proc(5)). Nobody is connected to, so nothing is started by it.

A listener is a socket with ``__SO_ACCEPTCON`` (0x10000) among its flags (net/unix/af_unix.c, ``unix_seq_show``).
connect(2) to a path says no more than that: it succeeds before anybody has called accept(2).
"""

from __future__ import annotations

from nodecheck.errors import Absent, Denied, Offline, ParseError, Unsupported
from nodecheck.host import MIB, Host
from nodecheck.host.base import text
from nodecheck.model.sources import Exists, File, Sources
from nodecheck.record import NamedTuple

INIT, OWN, PLAIN = "/proc/1/net/unix", "/proc/thread-self/net/unix", "/proc/net/unix"
"""Of the network namespace of process 1, in which services listen; of the reader's; of a capture, or an old kernel."""

_ACCEPTS = 0x10000
_FIELDS = 7
_LIMIT = 64 * MIB


class UnixListeners(NamedTuple):
    """The paths at which a unix socket listens; abstract names begin with ``@``."""

    paths: frozenset[str] = frozenset()
    source: str = PLAIN

    @classmethod
    def reads(cls) -> Sources:
        return (*map(File, (INIT, OWN, PLAIN)), Exists("/proc/net"))

    @classmethod
    def read(cls, host: Host) -> UnixListeners:
        """By the first table that may be read. Raises Denied, or Offline where the host does not run and has none."""
        places = (INIT, OWN, PLAIN) if host.running else (INIT, PLAIN)
        for path in places:
            if path == PLAIN and not host.running and host.link("/proc/net"):
                continue  # in a procfs it is a link to the namespace of whoever reads
            try:
                return cls(parse_unix(path, text(host, path, _LIMIT)), path)
            except (Absent, Offline, Unsupported):
                continue
            except Denied:  # of process 1 only root may read it
                if not host.running:
                    raise
        if host.running:
            raise Unsupported(PLAIN, "nothing tells which unix sockets listen")
        raise Offline(PLAIN, "only the running system can tell, and this root does not hold it")

    def on(self, path: str) -> bool:
        """Whether a socket listens at a path; ``/var/run`` is ``/run``."""
        wanted = in_run(path)
        return any(in_run(found) == wanted for found in self.paths)


def in_run(path: str) -> str:
    """A path with ``/run`` for ``/var/run``, which is a link to it on every distribution.

    >>> in_run("/var/run/crio/crio.sock")
    '/run/crio/crio.sock'
    """
    return path[len("/var") :] if path.startswith("/var/run/") else path


def parse_unix(source: str, content: str) -> frozenset[str]:
    r"""The paths of the listeners in ``/proc/net/unix``.

    >>> head = "Num RefCount Protocol Flags Type St Inode Path\n"
    >>> parse_unix("x", head + "0000000000000000: 00000002 00000000 00010000 0001 01 20 /run/containerd/a b.sock\n")
    frozenset({'/run/containerd/a b.sock'})
    """
    found = []
    for number, line in enumerate(content.split("\n")[1:], 2):
        fields = line.split(None, _FIELDS)
        if not fields:
            continue
        try:
            accepts = bool(int(fields[3], 16) & _ACCEPTS)
        except (IndexError, ValueError) as error:
            raise ParseError(source, number, line, "the fields of a socket, its flags in hexadecimal digits") from error
        if accepts and len(fields) > _FIELDS:
            found.append(fields[_FIELDS])
    return frozenset(found)
