"""Loading profiles: built in by name, or a TOML file; ``extends`` resolved; strict (contract, section 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from nodecheck.checking.selectors import closest
from nodecheck.digest import sha256_name
from nodecheck.errors import FactError, ProfileError
from nodecheck.json_text import json_text
from nodecheck.plugins import Registry
from nodecheck.profile.model import NOTICE_DAYS, Profile, ResolvedProfile, Waiver
from nodecheck.profile.sources import MOST_EXTENDS, is_path, parent_of
from nodecheck.typed import Any

Tables = dict[str, Any]

DEFAULT = "kubernetes"
"""The profile whose limits are the defaults of the checks' parameters."""


def load_profile(source: str | Profile, registry: Registry) -> ResolvedProfile:
    """The profile of that name, of the TOML file where ``source`` holds a ``/`` or ends in ``.toml``, or of code.

    Raises :class:`nodecheck.errors.ProfileError`, which names file, line and the nearest valid name.
    """
    if isinstance(source, Profile):
        own = _from_code(source, registry)
        tables, named, defaulted = _extended(own, own.get("check", {}), "", registry, ())
    else:
        tables, named, defaulted = _resolved(source, registry, ())
    if defaulted:
        _over_defaults(tables, registry)
    return _profile(tables)._replace(named={name: _names(table) for name, table in named.items()})


def resolved_tables(source: str, registry: Registry) -> Tables:
    """The tables of a profile with ``extends`` resolved, as TOML would give them."""
    return _resolved(source, registry, ())[0]


def _resolved(source: str, registry: Registry, inside: tuple[str, ...]) -> tuple[Tables, Tables, bool]:
    """The merged tables; those of ``check`` without what built-in profiles say; is the default profile their root?"""
    if source in inside or len(inside) >= MOST_EXTENDS:
        raise ProfileError(f"profile {inside[0]}: extends itself: {' -> '.join((*inside, source))}")
    own = _from_file(source, registry) if is_path(source) else _named(source, registry)
    said = {} if not is_path(source) and registry.built_in(source) else own.get("check", {})
    return _extended(own, said, source, registry, inside)


def _extended(
    own: Mapping[str, Any], said: Mapping[str, Any], source: str, registry: Registry, inside: tuple[str, ...]
) -> tuple[Tables, Tables, bool]:
    """A profile's own tables over those that it extends; a source of "" is code."""
    parent = own.get("extends")
    if parent is None:
        return dict(own), dict(said), own["name"] == DEFAULT and source != "" and not is_path(source)
    base, named, defaulted = _resolved(parent_of(source, parent), registry, (*inside, source) if source else ())
    waivers = [*base.get("waiver", ()), *own.get("waiver", ())]
    merged = merge(base, own)
    merged["waiver"] = waivers
    return merged, merge(named, said), defaulted


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> Tables:
    """Tables merge key by key; lists and values replace.

    >>> merge({"a": {"x": 1, "y": [1]}}, {"a": {"y": [2]}})
    {'a': {'x': 1, 'y': [2]}}
    """
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = merge(old, value) if both else value  # type: ignore[arg-type]
    return merged


def _named(name: str, registry: Registry) -> Mapping[str, Any]:
    if name not in registry.profiles:
        raise ProfileError(f"there is no profile {name!r}{closest(name, registry.profiles)}")
    table = registry.profiles[name]
    if registry.built_in(name):
        return table  # known to be valid: a test says so
    from nodecheck.profile.validate import Invalid, validate

    try:
        validate(table, registry)
    except Invalid as error:
        raise ProfileError(f"profile {name}: {error}") from error
    return table


def _from_code(profile: Profile, registry: Registry) -> Mapping[str, Any]:
    from nodecheck.profile.validate import Invalid, validate

    table = profile.tables()
    try:
        _keys_are_texts(table, ())
        validate(table, registry)
    except Invalid as error:
        raise ProfileError(f"profile {profile.name}: {error}") from error
    return table


def _keys_are_texts(value: Any, path: tuple[str, ...]) -> None:
    """As they are in every file. Raises Invalid."""
    from nodecheck.profile.validate import Invalid

    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise Invalid(path, f"expected texts as keys, found {key!r}")
            _keys_are_texts(item, (*path, key))


def _from_file(path: str, registry: Registry) -> Mapping[str, Any]:
    from nodecheck.profile.validate import validate

    try:
        from nodecheck.host.live import LiveHost

        raw = LiveHost().read(path)
    except FactError as error:
        raise ProfileError(f"profile {path}: {error.detail}") from error
    return strict(raw, path, "profile", lambda table: validate(table, registry))


def strict(raw: bytes, path: str, kind: str, validate: Callable[[Mapping[str, Any]], None]) -> Tables:
    """The tables of a file's bytes, which ``validate`` takes. Raises ProfileError with kind, path and line."""
    from nodecheck.formats.toml import key_lines, nearest_line, parse_toml
    from nodecheck.profile.validate import Invalid

    try:
        table = parse_toml(raw, path)
        validate(table)
    except FactError as error:
        raise ProfileError(f"{kind} {path}: {error.detail}") from error
    except Invalid as error:
        line = nearest_line(key_lines(raw.decode()), error.path)
        raise ProfileError(f"{kind} {path}: {'' if line is None else f'line {line}: '}{error}") from error
    return table


def _over_defaults(tables: Tables, registry: Registry) -> None:
    """Lay a profile that extends the default one over the defaults of the checks' parameters, table by table."""
    for name, parameters in tables.get("check", {}).items():
        known = registry.check(name).parameters
        filled = dict(parameters)
        for key, value in parameters.items():
            default = known[key][1]
            if isinstance(value, Mapping) and isinstance(default, Mapping):
                filled[key] = merge(default, value)
        tables["check"] = {**tables["check"], name: filled}


def _profile(tables: Tables) -> ResolvedProfile:
    kubernetes = tables.get("kubernetes")
    return ResolvedProfile(
        name=tables["name"],
        role=tables.get("role"),
        kubernetes=None if kubernetes is None else kubernetes.removeprefix("v"),
        proxy_mode=tables.get("proxy-mode"),
        cni=tables.get("cni"),
        runtime=tables.get("runtime"),
        phase=tables.get("phase"),
        fail_on=tables.get("fail-on", "error"),
        ignore=tuple(tables.get("ignore", ())),
        nodes=tables.get("nodes", {}),
        severity=tables.get("severity", {}),
        checks={name: _frozen(table) for name, table in tables.get("check", {}).items()},
        waivers=waivers_of(tables.get("waiver", ())),
        waiver_notice_days=tables.get("waiver-notice-days", NOTICE_DAYS),
        digest=digest(tables),
    )


def with_severities(profile: ResolvedProfile, severity: Mapping[str, str]) -> ResolvedProfile:
    """The profile, with other severities that win over its own."""
    own = {selector: level for selector, level in profile.severity.items() if selector not in severity}
    changed = digest({"profile": profile.digest, "severity": severity})
    return profile._replace(severity={**own, **severity}, digest=changed)  # the last selector that fits counts


def waivers_of(items: Iterable[Mapping[str, Any]], source: str = "profile") -> tuple[Waiver, ...]:
    """The waivers of validated ``[[waiver]]`` tables."""
    return tuple([_waiver(item, source) for item in items])


def _waiver(item: Mapping[str, Any], source: str) -> Waiver:
    created = item.get("created")
    return Waiver(
        item["select"],
        item["reason"],
        item["owner"],
        item["expires"].isoformat(),
        item.get("ticket"),
        None if created is None else created.isoformat(),
        source,
    )


def _frozen(table: Mapping[str, Any]) -> Tables:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}


def _names(table: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """The keys of each table and the texts of each list."""
    several = {key: value for key, value in table.items() if isinstance(value, (list, tuple, Mapping))}
    return {key: frozenset([item for item in value if isinstance(item, str)]) for key, value in several.items()}


def digest(tables: Mapping[str, Any]) -> str:
    """``sha256:`` of the resolved tables, whatever their order and comments."""
    text = json_text(tables, sort_keys=True, separators=(",", ":"), default=str)
    return sha256_name(text)
