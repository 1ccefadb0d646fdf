"""Functions of the C library that :mod:`os` does not have.

By ``_ctypes``, the C half of :mod:`ctypes`: the Python half costs twice as much again to import, for types that are
not needed here. The static file has no ctypes, since nothing can be loaded into it; it has ``_nodecheck`` instead.
"""

from __future__ import annotations

import os
from functools import cache

from nodecheck.errors import FactError, Unsupported
from nodecheck.host.base import error_of
from nodecheck.shipped import STATIC
from nodecheck.typed import Any

_LONGS = 64
"""The largest structure asked for here has 208 bytes where a long has 8; there is room for later fields."""


def filled(function: str, *arguments: int | bytes, source: str, path: str | None = None) -> tuple[int, bytes]:
    """Call a function whose last parameter is a structure to fill: its value, and the structure's bytes.

    Raises what the call's errno stands for, on ``path`` where it is about one, and Unsupported where Python was built
    without ctypes or the C library lacks the function.
    """
    if STATIC:
        return _built_in(function, *arguments, source=path or source)
    try:
        from _ctypes import dlopen, dlsym, get_errno
    except ImportError as error:
        raise Unsupported(source, "this Python was built without ctypes") from error
    call_type, structure_type = _types()
    try:
        call = call_type(dlsym(dlopen(None, os.RTLD_NOW), function))  # type: ignore[arg-type]  # None: this process
    except OSError as error:
        raise Unsupported(source, "the C library does not have it") from error
    structure = structure_type()
    value = int(call(*arguments, structure))
    if value < 0:
        raise _failed(path or source, get_errno())
    return value, bytes(structure)


@cache
def _types() -> tuple[Any, Any]:
    """The types of such a function and of what it fills."""
    from _ctypes import FUNCFLAG_CDECL, FUNCFLAG_USE_ERRNO, Array, CFuncPtr, _SimpleCData

    class Int(_SimpleCData):  # type: ignore[type-arg]
        _type_ = "i"

    class Long(_SimpleCData):  # type: ignore[type-arg]
        _type_ = "l"

    class Structure(Array):  # type: ignore[type-arg]
        _type_ = Long
        _length_ = _LONGS

    class LibcCall(CFuncPtr):
        _flags_ = FUNCFLAG_CDECL | FUNCFLAG_USE_ERRNO
        _restype_ = Int

    return LibcCall, Structure


def _built_in(function: str, *arguments: int | bytes, source: str) -> tuple[int, bytes]:
    import _nodecheck  # type: ignore[import-not-found]

    try:
        value, raw = getattr(_nodecheck, function)(*arguments)
    except OSError as error:
        raise error_of(source, error) from error
    return value, raw


def _failed(source: str, number: int) -> FactError:
    return error_of(source, OSError(number, os.strerror(number)))
