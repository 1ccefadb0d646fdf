"""Asking the kernel for a netlink dump (netlink(7), RFC 3549), with everything that can go wrong told apart."""

from __future__ import annotations

import _socket
import errno
import os
from collections.abc import Callable, Iterable, Iterator
from struct import Struct
from time import monotonic

from nodecheck.errors import Denied, FactError, Malformed, TimedOut, TooLarge, Unsupported

HEADER = Struct("=IHHII")
"""``struct nlmsghdr``: length, type, flags, sequence number, port."""

_ERROR = Struct("=i")

NLMSG_NOOP, NLMSG_ERROR, NLMSG_DONE, NLMSG_OVERRUN = 1, 2, 3, 4
NLM_F_DUMP_INTR = 0x10
SOL_NETLINK = 270
NETLINK_GET_STRICT_CHK = 12

MOST_TRIES = 8
"""Dumps begun for one table: it changed meanwhile, a datagram did not fit, the kernel ran out of buffers."""

LARGEST_BUFFER = 1 << 24
RECEIVE_QUEUE = 1 << 22

Take = Callable[[bytearray, int, int, int], int]
"""Takes one message and any number of those after it that have the same netlink header but for the port: the buffer,
where in it the message begins and ends, and where the datagram ends. Tells where the next message begins."""


class _Again(Exception):
    """This dump is spoilt; another may not be."""

    def __init__(self, why: str, buffer: int = 0) -> None:
        super().__init__(why)
        self.buffer = buffer


def dump(source: str, protocol: int, request: bytes, begin: Callable[[], Take], timeout_s: float, buffer: int) -> None:
    """Give each message of the answer to what ``begin()`` returns, which is called anew for each try.

    Raises Denied, Unsupported (this kernel has no such protocol or table), TimedOut (no answer within ``timeout_s``
    seconds, or a table that never held still), TooLarge, Malformed.
    """
    deadline = monotonic() + timeout_s
    strict, why = True, ""
    for _ in range(MOST_TRIES):
        try:
            _once(source, protocol, request, begin(), _Limits(deadline, buffer, strict))
            return
        except _Again as again:
            why, buffer = str(again), max(buffer, again.buffer)
        except OSError as error:
            if error.errno != errno.EINVAL or not strict:
                raise _told(source, error) from error
            strict, why = False, "the kernel refuses the request"
        if buffer > LARGEST_BUFFER:
            raise TooLarge(source, f"a message has more than {LARGEST_BUFFER} bytes")
    raise TimedOut(source, f"{why} ({MOST_TRIES} tries)")


def replayed(source: str, datagrams: Iterable[bytes], sequence: int, take: Take) -> None:
    """Give each message of datagrams to ``take`` that somebody else received. Raises what :func:`dump` raises."""
    interrupted = done = False
    try:
        for raw in datagrams:
            done, flags = _messages(source, bytearray(raw), len(raw), sequence, take)
            interrupted = interrupted or bool(flags & NLM_F_DUMP_INTR)
    except OSError as error:
        raise _told(source, error) from error
    except _Again as error:
        raise TimedOut(source, str(error)) from error
    if interrupted or not done:
        raise TimedOut(source, "the table kept changing while it was read" if interrupted else "the dump has no end")


def refused(source: str, number: int) -> FactError:
    """The error for an errno that somebody else was given."""
    return _told(source, OSError(number, os.strerror(number)))


class _Limits:
    """How long, how large and how strictly to ask."""

    def __init__(self, deadline: float, buffer: int, strict: bool) -> None:
        self.deadline, self.buffer, self.strict = deadline, buffer, strict


def _once(source: str, protocol: int, request: bytes, take: Take, limits: _Limits) -> None:
    with_kernel = _opened(protocol, limits.strict)
    try:
        with_kernel.sendto(request, (0, 0))
        sequence = HEADER.unpack_from(request)[3]
        buffer = bytearray(limits.buffer)
        interrupted = False
        for size in _datagrams(source, with_kernel, buffer, limits.deadline):
            done, flags = _messages(source, buffer, size, sequence, take)
            interrupted = interrupted or bool(flags & NLM_F_DUMP_INTR)
            if done:
                break
        if interrupted:
            raise _Again("the table kept changing while it was read")
    finally:
        with_kernel.close()


def _opened(protocol: int, strict: bool) -> _socket.socket:
    """A netlink socket of this thread's network namespace."""
    opened = _socket.socket(_socket.AF_NETLINK, _socket.SOCK_RAW | _socket.SOCK_CLOEXEC, protocol)
    try:
        opened.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVBUF, RECEIVE_QUEUE)
        if strict:
            opened.setsockopt(SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1)
    except OSError as error:
        if error.errno not in (errno.ENOPROTOOPT, errno.EINVAL):  # before Linux 4.20; EL7 has 3.10
            opened.close()
            raise
    return opened


def _datagrams(source: str, opened: _socket.socket, buffer: bytearray, deadline: float) -> Iterator[int]:
    """The size of each datagram that was put into ``buffer``; those that do not come from the kernel are left out."""
    while True:
        left = deadline - monotonic()
        if left <= 0:
            raise TimedOut(source, "the kernel did not answer in time")
        opened.settimeout(left)
        try:
            size, sender = opened.recvfrom_into(buffer, 0, _socket.MSG_TRUNC)
        except OSError as error:
            if error.errno == errno.ENOBUFS:
                raise _Again("the kernel ran out of buffers") from error
            raise
        if size > len(buffer):
            raise _Again("a message did not fit", max(size, 2 * len(buffer)))
        if sender[0] == 0:  # netlink(7): port 0 is the kernel; any process may send to a port
            yield size


def _messages(source: str, buffer: bytearray, size: int, sequence: int, take: Take) -> tuple[bool, int]:
    """Give each message of a datagram to ``take``; whether it was the last, and all their flags."""
    at, seen, unpack = 0, 0, HEADER.unpack_from
    while at + 16 <= size:
        length, kind, flags, number, _ = unpack(buffer, at)
        if length < 16 or at + length > size:
            raise Malformed(source, f"a message of {length} bytes in a datagram with {size - at} left")
        if number == sequence:
            seen |= flags
            if kind > NLMSG_OVERRUN:
                at = take(buffer, at, at + length, size)
                continue
            if kind in (NLMSG_DONE, NLMSG_ERROR):
                _raise_for(source, buffer, at + 16, length - 16)
                return True, seen
            elif kind == NLMSG_OVERRUN:
                raise _Again("the kernel lost messages")
        at += (length + 3) & -4
    return False, seen


def _raise_for(source: str, buffer: bytearray, at: int, size: int) -> None:
    """Raise for the error number that ends a dump: 0 is none, and old kernels end without one."""
    code = -_ERROR.unpack_from(buffer, at)[0] if size >= 4 else 0
    if code in (errno.EINTR, errno.EAGAIN, errno.ENOBUFS):
        raise _Again(os.strerror(code).lower())
    if code > 0:
        raise OSError(code, os.strerror(code))


_MISSING = (
    errno.ENOENT,  # sock_diag without a handler: no inet_diag, no tcp_diag
    errno.EPROTONOSUPPORT,  # no such netlink protocol in this kernel
    errno.EAFNOSUPPORT,  # no netlink at all, or RestrictAddressFamilies=
    errno.EOPNOTSUPP,
    errno.ENOSYS,
    errno.EINVAL,
)


def _told(source: str, error: OSError) -> FactError:
    text = (error.strerror or str(error)).lower()
    if isinstance(error, (TimeoutError, _socket.timeout)) or error.errno in (errno.EAGAIN, errno.ETIMEDOUT):
        return TimedOut(source, "the kernel did not answer in time", errno=error.errno)
    if error.errno in (errno.EPERM, errno.EACCES):
        return Denied(source, text, errno=error.errno)
    if error.errno in _MISSING:
        return Unsupported(source, f"this kernel does not answer: {text}", errno=error.errno)
    return FactError(source, text, errno=error.errno)
