"""Strict validation of a configuration file: every error names the place and what was expected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nodecheck.audit.guest import IO_CLASSES
from nodecheck.audit.standing import parse_flap
from nodecheck.checking.selectors import nearest
from nodecheck.errors import UsageError
from nodecheck.profile.validate import SEVERITIES, Invalid, conform
from nodecheck.requirements.asked import PHASES, PROXY_MODES, ROLES, release_text

SCHEMA = "nodecheck.config/1"

Path = tuple[str, ...]
Verify = Callable[[Any, Path], None]


def validate(table: Mapping[str, Any]) -> None:
    """Raise :class:`nodecheck.profile.validate.Invalid` for the first thing that is wrong with a file's tables."""
    for key, value in table.items():
        if key == "schema":
            _choice((SCHEMA,))(value, (key,))
        elif key in _TOP:
            _TOP[key](value, (key,))
        elif key in _TABLES:
            _table(value, (key,), _TABLES[key])
        elif key in _TABLES["audit"]:
            raise Invalid((key,), "is for the audit alone: it stands under [audit]")
        else:
            raise Invalid((key,), f"unknown key{nearest(key, ('schema', *_TOP, *_TABLES))}")


def _table(value: Any, path: Path, keys: Mapping[str, Verify]) -> None:
    if not isinstance(value, Mapping):
        raise Invalid(path, f"expected a table such as [{path[0]}]")
    for key, item in value.items():
        if key not in keys:
            raise Invalid((*path, key), f"unknown key{nearest(key, keys)}")
        keys[key](item, (*path, key))


def _outputs(value: Any, path: Path) -> None:
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise Invalid(path, "expected tables such as [[output]]")
    for place, item in enumerate(value):
        here = (*path, str(place))
        _table(item, here, {"format": _text, "path": _absolute})
        if "format" not in item:
            raise Invalid(here, "an output must have 'format'")
        from nodecheck.render.outputs import SOCKETS, renderer

        try:
            renderer(item["format"])
        except UsageError as error:
            raise Invalid((*here, "format"), str(error)) from error
        if "path" not in item and item["format"] not in SOCKETS:
            raise Invalid(here, "an output must have 'path'")


def _text(value: Any, path: Path) -> None:
    conform(str, value, path)
    if not value:
        raise Invalid(path, "expected a text that is not empty")


def _texts(value: Any, path: Path) -> None:
    conform(tuple[str, ...], value, path)


def _flag(value: Any, path: Path) -> None:
    conform(bool, value, path)


def _absolute(value: Any, path: Path) -> None:
    _text(value, path)
    if not value.startswith("/"):
        raise Invalid(path, f"expected an absolute path, found {value!r}")


def _paths(value: Any, path: Path) -> None:
    _texts(value, path)
    for item in value:
        _absolute(item, path)


def _profile(value: Any, path: Path) -> None:
    _text(value, path)
    if "/" in value or value.endswith(".toml"):
        _absolute(value, path)


def _choice(known: tuple[str, ...]) -> Verify:
    def verify(value: Any, path: Path) -> None:
        conform(str, value, path)
        if value not in known:
            raise Invalid(path, f"expected one of {', '.join(known)}, found {value!r}{nearest(value, known)}")

    return verify


def _between(least: int, most: int, kind: type = int) -> Verify:
    def verify(value: Any, path: Path) -> None:
        conform(kind, value, path)
        if not least <= value <= most:
            raise Invalid(path, f"expected {least} to {most}, found {value}")

    return verify


def _release(value: Any, path: Path) -> None:
    conform(str, value, path)
    try:
        release_text(value)
    except UsageError as error:
        raise Invalid(path, str(error).partition(": ")[2]) from error


def _flap(value: Any, path: Path) -> None:
    conform(str, value, path)
    try:
        parse_flap(value)
    except UsageError as error:
        raise Invalid(path, str(error).partition(": ")[2]) from error


def _selectors(value: Any, path: Path) -> None:
    _texts(value, path)
    from nodecheck.plugins import load
    from nodecheck.running.request import selection_of

    try:
        selection_of(load(), value, (), None)
    except UsageError as error:
        raise Invalid(path, str(error)) from error


def _severities(value: Any, path: Path) -> None:
    from nodecheck.plugins import load
    from nodecheck.profile.validate import validate_severities

    validate_severities(value, path, load())


_WANTED: dict[str, Verify] = {
    "profile": _profile,
    "role": _choice(ROLES),
    "kubernetes": _release,
    "proxy-mode": _choice(PROXY_MODES),
    "cni": _text,
    "phase": _choice(PHASES),
    "fail-on": _choice(SEVERITIES),
    "waivers": _paths,
}
_TOP: dict[str, Verify] = {**_WANTED, "severity": _severities, "output": _outputs}
_TABLES: dict[str, dict[str, Verify]] = {
    "audit": {
        **_WANTED,
        "select": _selectors,
        "ignore": _selectors,
        "timeout": _between(1, 86_400, float),
        "nice": _between(0, 19),
        "io-class": _choice(IO_CLASSES),
        "memory-mib": _between(128, 1 << 20),
        "flap": _flap,
        "changed-only": _flag,
        "state": _absolute,
    },
    "history": {"keep-days": _between(1, 36_500), "max-mib": _between(8, 1 << 16)},
}
