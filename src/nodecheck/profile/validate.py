"""Strict validation of a profile's tables: every error names the place and what was expected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, get_args, get_origin

from nodecheck import typed
from nodecheck.checking.declare import Check
from nodecheck.checking.selectors import check_selectors, closest, nearest, parse_selector
from nodecheck.errors import PluginError, ProfileError, SelectorError, UsageError
from nodecheck.model.outcomes import Severity
from nodecheck.plugins import Registry
from nodecheck.profile.meant import meant
from nodecheck.profile.model import SCHEMA
from nodecheck.requirements.asked import PHASES, PROXY_MODES, ROLES, RUNTIMES, release_text

WAIVERS_SCHEMA = "nodecheck.waivers/1"
MOST_NOTICE_DAYS = 366
SEVERITIES = tuple(level.value for level in Severity)
WAIVER_MUST = ("select", "reason", "owner", "expires")
WAIVER_KEYS = (*WAIVER_MUST, "ticket", "created")

Path = tuple[str, ...]


class Invalid(ProfileError):
    """Something at ``path`` of a profile is not what it must be."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(f"{'.'.join(path)}: {message}")
        self.path = path


def validate(table: Mapping[str, Any], registry: Registry) -> None:
    """Raise :class:`Invalid` for the first thing that is wrong with a profile's own tables."""
    for key in table:
        if key not in _KEYS:
            raise Invalid((key,), f"unknown key{closest(key, _KEYS)}")
    for key in ("schema", "name"):
        if key not in table:
            raise Invalid((key,), f"missing; expected {SCHEMA!r}" if key == "schema" else "missing")
    for key, value in table.items():
        _KEYS[key](value, (key,), registry)


def validate_waivers(table: Mapping[str, Any], registry: Registry) -> None:
    """Raise :class:`Invalid` for the first thing that is wrong with a waiver file's tables."""
    known = ("schema", "waiver")
    for key in table:
        if key not in known:
            raise Invalid((key,), f"unknown key{closest(key, known)}")
    if table.get("schema") != WAIVERS_SCHEMA:
        found = "missing; " if "schema" not in table else ""
        tail = "" if found else f", found {_shown(table['schema'])}"
        raise Invalid(("schema",), f"{found}expected {WAIVERS_SCHEMA!r}{tail}")
    _waivers(table.get("waiver", ()), ("waiver",), registry)


def _text(value: Any, path: Path) -> str:
    if not isinstance(value, str):
        raise Invalid(path, f"expected a text in quotes, found {_shown(value)}")
    return value


def _shown(value: Any) -> str:
    names = {bool: "the boolean", int: "the number", float: "the number", str: "the text", list: "the list"}
    name = names.get(type(value))
    if name is None:
        return "a table" if isinstance(value, Mapping) else str(value)
    return f"{name} {str(value).lower() if isinstance(value, bool) else repr(value)}"


def _one_of(known: tuple[str, ...]) -> Callable[[Any, Path, Registry], None]:
    def verify(value: Any, path: Path, _: Registry) -> None:
        if value not in known or not isinstance(value, str):
            near = nearest(value, known) if isinstance(value, str) else ""
            raise Invalid(path, f"expected one of {', '.join(known)}, found {_shown(value)}{near}")

    return verify


def _plain(value: Any, path: Path, _: Registry) -> None:
    if not _text(value, path):
        raise Invalid(path, "expected a text that is not empty")


def _schema(value: Any, path: Path, _: Registry) -> None:
    if value != SCHEMA:
        raise Invalid(path, f"expected {SCHEMA!r}, found {_shown(value)}")


def _release(value: Any, path: Path, _: Registry) -> None:
    try:
        release_text(_text(value, path))
    except ProfileError:
        raise
    except UsageError as error:
        raise Invalid(path, str(error).partition(": ")[2]) from error


def _table(value: Any, path: Path) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Invalid(path, f"expected a table, found {_shown(value)}")
    return value


def _list(value: Any, path: Path) -> Iterable[Any]:
    if not isinstance(value, (list, tuple)):
        raise Invalid(path, f"expected a list, found {_shown(value)}")
    return value


def _selector(text: str, path: Path, registry: Registry) -> None:
    try:
        selector = parse_selector(_text(text, path))
        tags = {check.name: check.tags for check in registry.all_checks()} if selector.tag is not None else {}
        check_selectors([selector], tags, registry.checks, lambda word: meant(word, registry))
    except SelectorError as error:
        raise Invalid(path, str(error)) from error


def _ignore(value: Any, path: Path, registry: Registry) -> None:
    for item in _list(value, path):
        _selector(item, path, registry)


def _nodes(value: Any, path: Path, _: Registry) -> None:
    from ipaddress import ip_address

    for name, address in _table(value, path).items():
        try:
            ip_address(_text(address, (*path, name)))
        except ValueError as error:
            raise Invalid((*path, name), f"expected an IP address, found {_shown(address)}") from error


def validate_severities(value: Any, path: Path, registry: Registry) -> None:
    """Raise :class:`Invalid` unless ``value`` is a table of selectors, each with a severity."""
    for selector, level in _table(value, path).items():
        _selector(selector, (*path, selector), registry)
        _one_of(SEVERITIES)(level, (*path, selector), registry)


def _checks(value: Any, path: Path, registry: Registry) -> None:
    for name, parameters in _table(value, path).items():
        here = (*path, name)
        if name not in registry.checks:
            raise Invalid(here, f"there is no check {name!r}{closest(name, registry.checks)}")
        try:
            check = registry.check(name)
        except PluginError as error:
            raise Invalid(here, str(error)) from error
        validate_parameters(check, _table(parameters, here), here)


def validate_parameters(check: Check, parameters: Mapping[str, Any], path: Path = ()) -> None:
    """Raise :class:`Invalid` for the first parameter that the check does not take, or that is not of its type."""
    for key, item in parameters.items():
        _parameter(check, key, list(item) if isinstance(item, tuple) else item, (*path, key))


def _parameter(check: Check, key: str, value: Any, path: Path) -> None:
    if key not in check.parameters:
        known = f"; {check.name} takes {', '.join(check.parameters) or 'no parameters'}"
        raise Invalid(path, f"unknown parameter{nearest(key, check.parameters) or known}")
    conform(check.parameters[key][0], value, path)
    if key == check.each and check.spell is not None:
        for subject in value:
            _verified(check.spell, subject, (*path, subject) if isinstance(value, Mapping) else path)
    verify = check.verify.get(key)
    if verify is None:
        return
    several = [("", item) for item in value] if isinstance(value, (list, tuple)) else [("", value)]
    for name, item in value.items() if isinstance(value, Mapping) else several:
        _verified(verify, item, (*path, name) if name else path)


def _verified(verify: Callable[[Any], object], item: Any, path: Path) -> None:
    try:
        verify(item)
    except ValueError as error:
        raise Invalid(path, str(error)) from error


def conform(kind: Any, value: Any, path: Path) -> None:
    """Raise Invalid unless ``value`` (as TOML gives it) is of the annotated type ``kind``."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in _LITERALS:
        _one_of(inner)(value, path, None)  # type: ignore[arg-type]
    elif origin in (tuple, list):
        for item in _list(value, path):
            conform(inner[0], item, path)
    elif origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        for name, item in _table(value, path).items():
            if get_origin(inner[0]) in _LITERALS and name not in (known := get_args(inner[0])):
                raise Invalid((*path, name), f"expected one of {', '.join(known)}{nearest(name, known)}")
            conform(inner[1], item, (*path, name))
    elif inner:  # X | None
        conform(inner[0], value, path)
    elif kind is str:
        _text(value, path)
    elif type(value) is not kind and not (kind is float and type(value) is int):
        raise Invalid(path, f"expected {_KINDS.get(kind, str(kind))}, found {_shown(value)}")


_LITERALS = (Literal, typed.Literal)
"""Of a plugin, and of nodecheck's own checks."""

_KINDS = {bool: "true or false", int: "a whole number", float: "a number"}


def _waivers(value: Any, path: Path, registry: Registry) -> None:
    for place, item in enumerate(_list(value, path)):
        here = (*path, str(place))
        for key in _table(item, here):
            if key not in WAIVER_KEYS:
                raise Invalid((*here, key), f"unknown key{closest(key, WAIVER_KEYS)}")
        for key in WAIVER_MUST:
            if key not in item:
                raise Invalid(here, f"a waiver must have {key!r}")
        for key in item:
            (_date if key in ("created", "expires") else _plain)(item[key], (*here, key), registry)
        _selector(item["select"], (*here, "select"), registry)
        if "created" in item and item["created"] > item["expires"]:
            raise Invalid((*here, "created"), f"expected a date that is not after {item['expires']}, when it expires")


def _date(value: Any, path: Path, _: Registry) -> None:
    from datetime import date, datetime

    if not isinstance(value, date) or isinstance(value, datetime):
        raise Invalid(path, f"expected a date such as 2027-03-31 (without quotes), found {_shown(value)}")


def _days(value: Any, path: Path, _: Registry) -> None:
    if type(value) is not int or not 0 <= value <= MOST_NOTICE_DAYS:
        raise Invalid(path, f"expected days, 0 to {MOST_NOTICE_DAYS}, found {_shown(value)}")


def _extends(value: Any, path: Path, registry: Registry) -> None:
    from nodecheck.profile.sources import is_path

    _plain(value, path, registry)
    if not is_path(value) and value not in registry.profiles:
        raise Invalid(path, f"there is no profile {value!r}{closest(value, registry.profiles)}")


_KEYS: dict[str, Callable[[Any, Path, Registry], None]] = {
    "schema": _schema,
    "name": _plain,
    "extends": _extends,
    "role": _one_of(ROLES),
    "kubernetes": _release,
    "proxy-mode": _one_of(PROXY_MODES),
    "cni": _plain,
    "runtime": _one_of(RUNTIMES),
    "phase": _one_of(PHASES),
    "fail-on": _one_of(SEVERITIES),
    "ignore": _ignore,
    "nodes": _nodes,
    "severity": validate_severities,
    "check": _checks,
    "waiver": _waivers,
    "waiver-notice-days": _days,
}
