"""What a check or a reader asks for: the parameters of its function."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import cache
from types import ModuleType

from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING, Any, Generic, TypeVar

T = TypeVar("T")


class Lazy(Generic[T]):
    """A need that is read only when the check calls it: ``config: Lazy[KernelConfig]`` … ``config()``.

    Calling it raises :class:`nodecheck.errors.FactError` where the fact cannot be had.
    """

    __slots__ = ("_get",)

    def __init__(self, get: Callable[[], T]) -> None:
        self._get = get

    def __call__(self) -> T:
        return self._get()


if TYPE_CHECKING:
    from typing import Annotated

    Per = Annotated[T, "of the subject"]
else:

    class Per(Generic):
        """A need that is the subject's own: ``room: Per[Room]`` is the :class:`Room` of the subject that is judged.

        The reader of such a fact takes ``subject: str`` and is called once for each subject and run; what it read is
        evidence for that subject alone, and what it raises makes that subject alone ``unknown``. It may need other
        facts, also per subject (of the same one). Only what has a subject may ask for it: a check declared with
        ``each``, and such a fact.
        """

        __slots__ = ()


class Promised(NamedTuple):
    """A type that is imported when somebody asks for it."""

    home: Any
    """The module that imports it then."""
    name: str


class Need(NamedTuple):
    """One parameter of a check or of a fact's reader."""

    name: str
    kind: type | Promised
    """The type of the fact; what is lazy, or written as ``facts.Swaps``, is not imported before it is asked for."""
    lazy: bool
    per: bool = False
    """The fact of the subject, not that of the node."""

    @property
    def fact(self) -> type:
        """The type of the fact, imported."""
        found: type = getattr(*self.kind) if isinstance(self.kind, Promised) else self.kind
        return found


def needs_of(function: Callable[..., Any]) -> tuple[tuple[Need, ...], dict[str, tuple[Any, Any]]]:
    """The needs (positional parameters) and profile parameters (keyword-only, with defaults) of a function."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    notes = function.__annotations__
    defaults = function.__kwdefaults__ or {}
    needs = tuple([_need(name, notes[name], function) for name in names if name in notes])
    return needs, {name: (_evaluated(notes.get(name), function), defaults.get(name)) for name in keywords}


def _evaluated(note: Any, function: Callable[..., Any]) -> Any:
    if not isinstance(note, str):
        return note
    known = function.__globals__
    if note in known:
        return known[note]
    if note in _PLAIN and note.partition("[")[0] not in known:
        return _PLAIN[note]
    try:
        return eval(note, known)  # noqa: S307 - the module's own text
    except TypeError:
        if sys.version_info >= (3, 10):
            raise
        return _of_unions(note, known)


_PLAIN: dict[str, Any] = {
    "str": str, "bool": bool, "int": int, "tuple[str, ...]": tuple[str, ...], "dict[str, str]": dict[str, str],
    "list[str]": list[str],
}  # fmt: skip
"""What most parameters are, as it is written: to compile it costs ten times a look."""


def _need(name: str, note: Any, function: Callable[..., Any]) -> Need:
    if name in ("subject", "wanted") and note == "str | None":  # of rules that are asked about all subjects, too
        return Need(name, str, False)
    if isinstance(note, str):  # a plain name, mostly: looked up rather than compiled, for a run has hundreds
        known = function.__globals__
        lazy = note.startswith("Lazy[") and known.get("Lazy") is Lazy
        plain = note[5:-1] if lazy else note
        per = plain.startswith("Per[") and known.get("Per") is Per
        fact = known.get(plain[4:-1] if per else plain)
        if isinstance(fact, type):
            return Need(name, fact, lazy, per)
        later = _later(plain, function) if lazy or _is_imported_late(plain, known) else None
        if later is not None:
            return Need(name, later, lazy)
    note = _evaluated(note, function)
    lazy = getattr(note, "__origin__", None) is Lazy
    if lazy:
        note = note.__args__[0]
    if getattr(note, "__origin__", None) is Per:
        return Need(name, note.__args__[0], lazy, per=True)
    return Need(name, note, lazy)


def _is_imported_late(name: str, known: dict[str, Any]) -> bool:
    """Whether a name is one that its module has not imported yet, and would import now (PEP 562): ``facts.Swaps``."""
    owner, _, last = name.rpartition(".")
    held = vars(known[owner]) if isinstance(known.get(owner), ModuleType) else {}
    return "__getattr__" in held and last not in held


def _later(name: str, function: Callable[..., Any]) -> Promised | None:
    """What a name stands for, where some module imports that when it is asked for (PEP 562); None where none does.

    Such a module has the name in its ``__all__``. For ``facts.Swaps`` it is the module ``facts``. A plain name that the
    function's own module imports for type checkers alone is sought in the packages that this module lies in.
    """
    owner, _, last = name.rpartition(".")
    homes = (function.__globals__.get(owner),) if owner else map(sys.modules.get, _packages(function.__module__))
    for home in homes:
        if last in _exported(home):
            return Promised(home, last)
    return None


@cache
def _exported(module: object) -> frozenset[str]:
    """What a module has in its ``__all__``: of the facts, a hundred and fifty names that hundreds of needs ask for."""
    return frozenset(getattr(module, "__all__", ()))


def _packages(module: str) -> Iterator[str]:
    """The packages that a module lies in, the innermost first.

    >>> list(_packages("nodecheck.facts.swap.swaps"))
    ['nodecheck.facts.swap', 'nodecheck.facts', 'nodecheck']
    """
    while module := module.rpartition(".")[0]:
        yield module


def _of_unions(note: str, known: dict[str, Any]) -> Any:
    """The type that ``str | None`` and the like name where types have no ``|``: before Python 3.10.

    >>> _of_unions("dict[str, int] | None", {}).__args__
    (dict[str, int], <class 'NoneType'>)
    """
    import ast
    from typing import Union

    class Unions(ast.NodeTransformer):
        def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
            self.generic_visit(node)
            pair = ast.Tuple([node.left, node.right], ast.Load())
            return ast.Subscript(ast.Name("Union of nodecheck", ast.Load()), pair, ast.Load())

    tree = ast.fix_missing_locations(Unions().visit(ast.parse(note.strip(), mode="eval")))
    return eval(compile(tree, "<annotation>", "eval"), {**known, "Union of nodecheck": Union})  # noqa: S307
