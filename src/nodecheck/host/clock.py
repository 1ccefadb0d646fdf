"""The kernel's clock, asked by adjtimex(2) with ``modes`` 0: nothing is set, and no privilege is needed."""

from __future__ import annotations

from nodecheck.errors import Unsupported
from nodecheck.host.base import ClockState
from nodecheck.host.libc import filled

SOURCE = "adjtimex(2)"

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

    state, raw = filled("adjtimex", source=SOURCE)
    fields = struct.unpack_from(_FIELDS, raw)
    if fields[11] not in _TICKS:
        raise Unsupported(SOURCE, "the C library's struct timex has another layout")
    return ClockState(state, fields[5], fields[3], fields[4])
