"""``NamedTuple`` at a sixth of its cost: what there are a hundred of must be cheap to declare, and cheap to make.

``typing.NamedTuple`` compiles a constructor for each class (0.1 ms); all records of a run together cost as much as the
interpreter itself. Here a constructor for each number of fields is compiled with this file, and a class has one with
the names of its own fields. Type checkers are told that this is ``typing.NamedTuple``, and it behaves as it does.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing

if TYPE_CHECKING or sys.version_info >= (3, 14):  # from 3.14 on, annotations are not in the class's namespace
    from typing import NamedTuple
else:
    from _collections import _tuplegetter

    _function, _new = type(lambda: None), tuple.__new__
    _CONSTRUCTORS = tuple([function.__code__ for function in (
        lambda _: _new(_, ()),
        lambda _, a: _new(_, (a,)),
        lambda _, a, b: _new(_, (a, b)),
        lambda _, a, b, c: _new(_, (a, b, c)),
        lambda _, a, b, c, d: _new(_, (a, b, c, d)),
        lambda _, a, b, c, d, e: _new(_, (a, b, c, d, e)),
        lambda _, a, b, c, d, e, f: _new(_, (a, b, c, d, e, f)),
        lambda _, a, b, c, d, e, f, g: _new(_, (a, b, c, d, e, f, g)),
        lambda _, a, b, c, d, e, f, g, h: _new(_, (a, b, c, d, e, f, g, h)),
        lambda _, a, b, c, d, e, f, g, h, i: _new(_, (a, b, c, d, e, f, g, h, i)),
        lambda _, a, b, c, d, e, f, g, h, i, j: _new(_, (a, b, c, d, e, f, g, h, i, j)),
        lambda _, a, b, c, d, e, f, g, h, i, j, k: _new(_, (a, b, c, d, e, f, g, h, i, j, k)),
    )])  # fmt: skip
    """By the number of fields. A record with more of them, or without a default behind one with, has that of all."""

    def _any_new(cls, *values, **named):
        missing = len(cls._fields) - len(values)
        if named or missing:
            if not named and 0 < missing <= len(cls._defaults):
                values += cls._defaults[-missing:]
            else:
                values = _completed(cls, values, named)
        return _new(cls, values)

    def _make(cls, values):
        return cls(*values)

    def _replace(self, **changes):
        made = _new(type(self), map(changes.pop, self._fields, self))
        if changes:
            raise ValueError(f"Got unexpected field names: {list(changes)!r}")
        return made

    def _asdict(self):
        return dict(zip(self._fields, self))

    def __repr__(self):
        return f"{type(self).__name__}({', '.join([f'{n}={v!r}' for n, v in zip(self._fields, self)])})"

    def __getnewargs__(self):
        return tuple(self)

    _COMMON = {
        "__slots__": (), "__new__": _any_new, "_make": classmethod(_make), "_replace": _replace, "_asdict": _asdict,
        "__repr__": __repr__, "__getnewargs__": __getnewargs__, "__replace__": _replace,
    }  # fmt: skip
    """In each class rather than in a base of them: Python looks for a hundred special methods in every base."""

    def _completed(cls, values, named):
        """The values of all fields; TypeError as a function with these parameters would raise it."""
        if len(values) > len(cls._fields):
            raise TypeError(f"{cls.__name__} takes {len(cls._fields)} values but {len(values)} were given")
        found = list(values)
        for name in cls._fields[len(values) :]:
            if name in named:
                found.append(named.pop(name))
            elif name in cls._field_defaults:
                found.append(cls._field_defaults[name])
            else:
                raise TypeError(f"{cls.__name__} is missing {name!r}")
        if named:
            raise TypeError(f"{cls.__name__} got an unexpected or repeated {next(iter(named))!r}")
        return found

    class _Maker(type):
        def __new__(meta, name, bases, namespace):
            fields, defaults = tuple(namespace.get("__annotations__", ())), {}
            for place, field in enumerate(fields):
                if field[0] == "_":
                    raise ValueError(f"Field names cannot start with an underscore: {field!r}")
                if field in namespace:
                    defaults[field] = namespace[field]
                namespace[field] = _tuplegetter(place, None)
            last = tuple(defaults.values()) if fields[len(fields) - len(defaults) :] == tuple(defaults) else ()
            members = {**_COMMON, **namespace}
            members["_fields"] = members["__match_args__"] = fields
            members["_field_defaults"], members["_defaults"] = defaults, last
            if len(fields) < len(_CONSTRUCTORS) and len(last) == len(defaults):
                code = _CONSTRUCTORS[len(fields)].replace(co_varnames=("_", *fields))
                members["__new__"] = made = _function(code, globals(), "__new__", last)
                made.__qualname__ = f"{name}.__new__"
            return type(name, (tuple,), members)

    NamedTuple = type.__new__(_Maker, "NamedTuple", (), {})

__all__ = ["NamedTuple"]
