"""Names of ``typing`` at a tenth of its cost, for what every run imports.

Annotations are not evaluated there, so that all that is left of ``typing`` at run time is what classes and aliases are
made of: it need only be there. Importing ``typing`` costs as much as forty modules of nodecheck. Type checkers are
told that these are the names of ``typing``.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing

if TYPE_CHECKING:
    from typing import Any, Generic, Literal, NoReturn, Optional, Protocol, TypeVar, Union
else:

    class _Form:
        """``Union[int, str]`` and the like."""

        def __getitem__(self, _):
            return object

    class Generic:
        """A class that may be subscribed: ``Lazy[Swaps]`` is an alias with ``__origin__`` and ``__args__``."""

        __slots__ = ()
        __class_getitem__ = classmethod(type(list[int]))

    class Literal(Generic):
        """``Literal["a", "b"]``: an alias, whose ``__args__`` are the words that a parameter of a check takes."""

        __slots__ = ()

    def TypeVar(*_, **__):
        """A type that is not known."""
        return object

    Any = NoReturn = Protocol = object
    Optional = Union = _Form()

__all__ = ["TYPE_CHECKING", "Any", "Generic", "Literal", "NoReturn", "Optional", "Protocol", "TypeVar", "Union"]
