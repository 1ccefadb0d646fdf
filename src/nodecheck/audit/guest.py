"""Being a good guest: an audit takes what nobody else wants, and not more than it was given."""

from __future__ import annotations

import os
from contextlib import suppress

from nodecheck.shipped import STATIC

IO_CLASSES = ("idle", "best-effort", "none")

_IOPRIO_SET = {
    "x86_64": 251, "aarch64": 30, "riscv64": 30, "loongarch64": 30, "ppc64le": 273, "ppc64": 273, "s390x": 282,
    "armv7l": 314, "armv6l": 314, "i686": 289, "i386": 289,
}  # fmt: skip
"""Numbers of ioprio_set(2), for which the C library has no name."""

_CLASSES = {"best-effort": (2 << 13) | 7, "idle": 3 << 13}
_THIS_PROCESS = 1


def behave(nice: int, io_class: str, memory_mib: int) -> None:
    """Lower this process's claims on processor, disks and memory; what the kernel refuses is left as it is.

    The bound is on data (``RLIMIT_DATA``; before Linux 4.7 it covers the heap alone) and not on addresses: the
    programs that nodecheck asks for their versions inherit it, and Go's runtime reserves addresses by the gigabyte.
    """
    with suppress(OSError):  # a container may refuse it
        os.nice(max(nice - os.nice(0), 0))
    if io_class in _CLASSES:
        _io_priority(_CLASSES[io_class])
    if memory_mib:
        _bound(memory_mib << 20)


def _io_priority(value: int) -> None:
    number = _IOPRIO_SET.get(os.uname().machine)
    if number is None or (os.uname().machine == "x86_64" and _is_32_bit()):
        return
    if STATIC:
        import _nodecheck  # type: ignore[import-not-found]

        with suppress(OSError):
            _nodecheck.ioprio_set(_THIS_PROCESS, 0, value)
        return
    from ctypes import CDLL, c_int, c_long

    CDLL(None).syscall(c_long(number), c_int(_THIS_PROCESS), c_int(0), c_int(value))


def _is_32_bit() -> bool:
    import sys

    return sys.maxsize < 1 << 32


def _bound(size: int) -> None:
    from resource import RLIM_INFINITY, RLIMIT_DATA, getrlimit, setrlimit

    soft, hard = getrlimit(RLIMIT_DATA)
    limits = [limit for limit in (size, soft, hard) if limit != RLIM_INFINITY]
    try:
        setrlimit(RLIMIT_DATA, (min(limits), hard))
    except (ValueError, OSError):
        return


MOST_S = 100_000.0


class TimeIsUp(BaseException):
    """The whole audit took longer than it may. Not an Exception: nothing on the way may catch it."""


def alarm_after(seconds: float) -> None:
    """Raise :class:`TimeIsUp` in the main thread after so many seconds, and kill the process where that does not help.

    A hang that waits is interrupted by SIGALRM. One that computes within a C function does not let Python act on a
    signal: SIGPROF, which counts the processor's time and is left to the kernel, ends it.
    """
    import signal

    def time_is_up(_: int, __: object) -> None:
        raise TimeIsUp

    seconds = min(max(seconds, 1.0), MOST_S) if seconds == seconds else 1.0  # a wrong number is refused later
    signal.signal(signal.SIGALRM, time_is_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds + 5.0)


def alarm_off() -> None:
    """Nothing can hang any more."""
    import signal

    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.setitimer(signal.ITIMER_PROF, 0)
