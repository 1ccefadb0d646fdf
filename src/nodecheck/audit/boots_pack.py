"""What is known of a node's boots as JSON, and back: what the history holds is read as if anybody had written it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nodecheck.audit.boots import Boots, BrokenPrediction, RebootHeld
from nodecheck.audit.predictions import BROKEN, CHANGED, Foretold, Miss, Prediction
from nodecheck.audit.standing import FAIL, PASS


def packed(boots: Boots) -> dict[str, Any]:
    """As JSON holds it."""
    return {
        "last": None if boots.last is None else _foretold(boots.last),
        "waiting": None if boots.waiting is None else _foretold(boots.waiting),
        "broken": {name: list(item) for name, item in boots.broken.items()},
        "held": [[*item[:-1], [list(miss) for miss in item.misses]] for item in boots.held],
    }


def _foretold(told: Foretold) -> dict[str, Any]:
    return {**told._asdict(), "predictions": {name: list(item) for name, item in told.predictions.items()}}


def unpacked(found: Any) -> Boots:
    """What :func:`packed` made; nothing where an older nodecheck wrote. Raises ValueError for what is none."""
    if found is None:
        return Boots()
    try:
        broken = {_text(name): BrokenPrediction(*map(_text, item)) for name, item in found["broken"].items()}
        held = tuple([_held(*item) for item in found["held"]])
        return Boots(_foretold_of(found["last"]), _foretold_of(found["waiting"]), broken, held)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"of the boots: {error}") from error


def _foretold_of(found: Mapping[str, Any] | None) -> Foretold | None:
    if found is None:
        return None
    predictions = {_text(name): _prediction(*item) for name, item in found["predictions"].items()}
    rules = tuple([_text_or_none(rule) for rule in found["rules"]])
    return Foretold(_text(found["boot_id"]), _number_or_none(found["run"]), rules, predictions)


def _prediction(check: Any, subject: Any, status: Any, actual: Any, message: Any, digest: Any) -> Prediction:
    status = _one_of(status, PASS, FAIL)
    plain = _text(check), _text_or_none(subject), status, _text_or_none(actual), _text(message), _text_or_none(digest)
    return Prediction(*plain)


def _held(*fields: Any) -> RebootHeld:
    boot_id, booted_at, before, run, at, *counts, misses = fields
    kept, broken, changed, not_compared = map(_number, counts)
    return RebootHeld(
        _text(boot_id), _text(booted_at), _number_or_none(before), _number_or_none(run), _text(at),
        kept, broken, changed, not_compared, tuple([_miss(*item) for item in misses]),
    )  # fmt: skip


def _miss(name: Any, kind: Any, said: Any, said_text: Any, found: Any, found_text: Any) -> Miss:
    said, found = _one_of(said, PASS, FAIL), _one_of(found, PASS, FAIL)
    return Miss(_text(name), _one_of(kind, BROKEN, CHANGED), said, _text(said_text), found, _text(found_text))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"of the boots: expected a text, found {value!r}")
    return value


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"of the boots: expected a number, found {value!r}")
    return value


def _number_or_none(value: Any) -> int | None:
    return None if value is None else _number(value)


def _one_of(value: Any, *known: str) -> str:
    if value not in known:
        raise ValueError(f"of the boots: expected one of {', '.join(known)}, found {value!r}")
    return _text(value)
