"""Whether what a check yields can stand in a report. Who writes a plugin need not run a type checker."""

from __future__ import annotations

from nodecheck.model.evidence import Evidence
from nodecheck.model.outcomes import Cause, Outcome, Severity, Status
from nodecheck.model.steps import Command, Create, Edit, Fix, Manual
from nodecheck.typed import Any

_NOTHING = type(None)
_TEXT = (str, _NOTHING)

_FIELDS: dict[type, tuple[type | tuple[type, ...], ...]] = {
    Outcome: (Status, str, _TEXT, _TEXT, _TEXT, tuple, (Fix, _NOTHING), Severity, (Cause, _NOTHING), tuple),
    Evidence: (str, _TEXT, _TEXT, bool),
    Cause: (str, str),
    Fix: (str, tuple, str, bool),
    Command: (tuple,),
    Edit: (str, str, str),
    Create: (str, str, str),
    Manual: (str,),
}
"""Of each record in an outcome, what its fields are."""

_ITEMS: dict[str, type | tuple[type, ...]] = {
    "evidence": Evidence,
    "steps": (Command, Edit, Create, Manual),
    "argv": str,
    "notes": str,
}
"""Of each field that is a tuple, what it holds."""

_INNER: dict[type, tuple[str, ...]] = {
    Outcome: ("evidence", "fix", "cause", "notes"),
    Fix: ("steps",),
    Command: ("argv",),
}
"""Of each record that holds records or tuples, the fields that are to be looked into."""


def verify(record: Any) -> None:
    """Raises TypeError where a field of an outcome, or of what is in it, is not what it is declared to be."""
    kinds = _FIELDS[type(record)]
    if not all(map(isinstance, record, kinds)):
        for name, value, kind in zip(record._fields, record, kinds):
            if not isinstance(value, kind):
                raise _wrong(name, value, kind)
    for name in _INNER.get(type(record), ()):
        value = getattr(record, name)
        if type(value) in _FIELDS:
            verify(value)
            continue
        for item in value or ():
            if not isinstance(item, _ITEMS[name]):
                raise _wrong(name, item, _ITEMS[name])
            if type(item) in _FIELDS:
                verify(item)


def _wrong(name: str, value: object, kind: type | tuple[type, ...]) -> TypeError:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    expected = " or ".join(["None" if one is _NOTHING else one.__name__ for one in kinds])
    return TypeError(f"its {name}: expected {expected}, found {value!r:.100}")
