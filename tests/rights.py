"""What the tests need of the kernel's rights."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

_VERSION_3 = 0x20080522
_READS_ALL = 1 << 1 | 1 << 2
"""``CAP_DAC_OVERRIDE`` and ``CAP_DAC_READ_SEARCH``, by which root reads what its mode forbids (capabilities(7))."""


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Data(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")]


@contextmanager
def modes_hold() -> Iterator[None]:
    """Modes bind this thread, and those that it starts, also where it is root's."""
    header, data = _Header(_VERSION_3, 0), (_Data * 2)()
    _call("capget", header, data)
    before = data[0].effective
    data[0].effective = before & ~_READS_ALL
    _call("capset", header, data)
    try:
        yield
    finally:
        data[0].effective = before
        _call("capset", header, data)


def _call(name: str, header: _Header, data: ctypes.Array[_Data]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(ctypes.byref(header), ctypes.byref(data)) != 0:
        raise OSError(ctypes.get_errno(), name)
