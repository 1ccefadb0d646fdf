"""Secrets of which the key is itself a value: ``name`` and ``value`` of a container's environment, and their like."""

from __future__ import annotations

import re
from functools import lru_cache

from nodecheck.model.secret_keys import by_key, is_secret_key
from nodecheck.record import NamedTuple


class Pair(NamedTuple):
    """A secret's name, whose value is to follow on the next line, at the same place."""

    name: str
    indent: int


@lru_cache(maxsize=1)
def _beside() -> re.Pattern[str]:
    quote, end = r"""\\{0,4}["']?""", r"[ \t]{0,64}"
    return re.compile(
        rf"(\bname{quote}{end}:{end}{quote})([\w./-]{{1,200}})({quote}{end},{end}{quote}value{quote}{end}:{end})"
        r"""(\\{0,4}["'])?((?(4)(?:(?!\4)[^\\]|(?!\4)\\.)*|[^\s,}\]]*))"""
    )


def beside(line: str) -> str:
    """The line without the values of pairs that stand on it.

    >>> beside('{"name": "DB_PASSWORD", "value": "abc"}, {"name": "HOST", "value": "db"}')
    '{"name": "DB_PASSWORD", "value": "~secret~"}, {"name": "HOST", "value": "db"}'
    """
    return _beside().sub(_masked, line)


def _masked(match: re.Match[str]) -> str:
    told = _hidden(match[2], match[5])
    return f"{match[1]}{match[2]}{match[3]}{match[4] or ''}{told}"


def _hidden(name: str, value: str) -> str:
    """What is to stand for the value of a name; the value itself where it is no secret."""
    return by_key(f"{name}: {value}")[len(name) + 2 :] if is_secret_key(name) else value


def begun(line: str) -> Pair | None:
    """The name on a line of its own."""
    found = re.match(r"""([ \t]*(?:- )*)["']?name["']?:[ \t]*["']?([\w./-]{1,200})["']?[ \t]*,?[ \t]*(?:#.*)?$""", line)
    return Pair(found[2], len(found[1])) if found is not None and is_secret_key(found[2]) else None


def ended(pair: Pair, line: str) -> tuple[str, tuple[int, bool] | None]:
    """The line after it without the value, and the depth below which the value goes on, and whether all lines there are
    its own; None where it does not."""
    found = re.match(r"""([ \t]*)(["']?value["']?:[ \t]*)(.*)$""", line)
    if found is None or len(found[1]) != pair.indent:
        return line, None
    value = found[3]
    if re.match(r"(?:[|>][-+0-9]{0,3})?[ \t]*(?:#.*)?$", value) is not None:
        return line, (pair.indent, value[:1] in ("|", ">"))
    quote = value[:1] if value[:1] in ('"', "'") else ""
    if quote and quote not in value[1:]:  # it closes on a later line, all of which go
        return f"{found[1]}{found[2]}|-", (pair.indent, True)
    return f"{found[1]}{found[2]}{_hidden(pair.name, value)}", None
