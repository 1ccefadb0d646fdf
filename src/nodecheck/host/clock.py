"""The kernel's clock, asked by adjtimex(2) with ``modes`` 0: nothing is set, and no privilege is needed."""

from __future__ import annotations

import errno
import os

from nodecheck.errors import Unsupported
from nodecheck.host.base import ClockState, error_of

SOURCE = "adjtimex(2)"

_LONGS = 64
"""``struct timex`` has 208 bytes where a long has 8, and 128 where it has 4; there is room for later fields."""

_FIELDS = "@I4li6l"
"""modes, offset, freq, maxerror, esterror; status; constant, precision, tolerance, time (two), tick."""

_TICKS = range(500, 20_000)
"""The kernel keeps ``tick`` within a tenth of 1,000,000 / USER_HZ (10,000; 976 on Alpha): with another layout of the
structure something else would be found in its place."""


def read_clock() -> ClockState:
    """What the kernel says of its clock.

    Raises Denied where a seccomp filter refuses the call, Unsupported where the C library or the kernel lacks it.
    """
    import struct

    state, number, raw = _adjtimex()
    if state < 0:
        if number == errno.ENOSYS:
            raise Unsupported(SOURCE, "this kernel does not have it", errno=number)
        raise error_of(SOURCE, OSError(number, os.strerror(number)))
    fields = struct.unpack_from(_FIELDS, raw)
    if fields[11] not in _TICKS:
        raise Unsupported(SOURCE, "the C library's struct timex has another layout")
    return ClockState(state, fields[5], fields[3], fields[4])


def _adjtimex() -> tuple[int, int, bytes]:
    """The call's value, its errno and the structure.

    By ``_ctypes``, the C half of :mod:`ctypes`: the Python half costs twice as much again to import, for types that
    are not needed here.
    """
    try:
        from _ctypes import FUNCFLAG_CDECL, FUNCFLAG_USE_ERRNO, Array, CFuncPtr, _SimpleCData, dlopen, dlsym, get_errno
    except ImportError as error:
        raise Unsupported(SOURCE, "this Python was built without ctypes") from error

    class Int(_SimpleCData):  # type: ignore[type-arg]
        _type_ = "i"

    class Long(_SimpleCData):  # type: ignore[type-arg]
        _type_ = "l"

    class Timex(Array):  # type: ignore[type-arg]
        _type_ = Long
        _length_ = _LONGS

    class Call(CFuncPtr):
        _flags_ = FUNCFLAG_CDECL | FUNCFLAG_USE_ERRNO
        _restype_ = Int

    try:
        call = Call(dlsym(dlopen(None, os.RTLD_NOW), "adjtimex"))  # type: ignore[arg-type]  # None: this process
    except OSError as error:
        raise Unsupported(SOURCE, "the C library does not have it") from error
    timex = Timex()
    state = call(timex)
    return int(state), get_errno(), bytes(timex)
