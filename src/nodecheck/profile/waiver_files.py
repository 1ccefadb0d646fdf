"""Waiver files: ``[[waiver]]`` tables on their own, beside any profile; as strict as profiles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nodecheck.errors import FactError, ProfileError
from nodecheck.host import LiveHost
from nodecheck.plugins import Registry
from nodecheck.profile.load import strict, waivers_of
from nodecheck.profile.model import ResolvedProfile, Waiver


def with_waivers(profile: ResolvedProfile, paths: Iterable[str], registry: Registry) -> ResolvedProfile:
    """The profile, with the waivers of these files after its own. Raises ProfileError."""
    waivers = profile.waivers
    for path in paths:
        waivers += load_waivers(path, registry)
    return profile._replace(waivers=waivers)


def load_waivers(path: str, registry: Registry) -> tuple[Waiver, ...]:
    """The waivers of a file. Raises :class:`nodecheck.errors.ProfileError`, which names file and line."""
    try:
        raw = LiveHost().read(path)
    except FactError as error:
        raise ProfileError(f"waivers {path}: {error.detail}") from error
    return waivers_of(checked(raw, path, registry).get("waiver", ()), path)


def checked(raw: bytes, path: str, registry: Registry) -> dict[str, Any]:
    """The valid tables of a waiver file's bytes. Raises ProfileError."""
    from nodecheck.profile.validate import validate_waivers

    return strict(raw, path, "waivers", lambda table: validate_waivers(table, registry))
