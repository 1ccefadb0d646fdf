"""What there is: the checks of a profile, and the profiles."""

from __future__ import annotations

from nodecheck.model.outcomes import Severity
from nodecheck.plugins import Registry, load
from nodecheck.profile.load import load_profile
from nodecheck.profile.model import Profile, ResolvedProfile
from nodecheck.record import NamedTuple
from nodecheck.running.finish import Finisher
from nodecheck.running.request import DEFAULT_PROFILE, profile_source, selection_of
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from os import PathLike
    from typing import Any


class CheckInfo(NamedTuple):
    """One check, as ``nodecheck list --json`` shows it."""

    name: str
    title: str
    severity: str
    """The most severe that its results have; a row of its table, or a selector of the profile, may set another."""
    views: tuple[str, ...]
    tags: tuple[str, ...]
    parameters: Mapping[str, Any]
    """Its parameters in this profile, defaults too."""
    plugin: str
    phases: tuple[str, ...] = ()
    """The phases of a node that it judges; none: all."""


def checks(profile: str | PathLike[str] | Profile = DEFAULT_PROFILE) -> tuple[CheckInfo, ...]:
    """Every check that the profile does not ignore, by name. Raises :class:`nodecheck.ProfileError`."""
    registry = load()
    return tuple(checks_of(load_profile(profile_source(profile), registry), registry))


def profiles() -> tuple[str, ...]:
    """The names of the profiles: nodecheck's own and those of plugins."""
    return tuple(sorted(load().profiles))


def checks_of(profile: ResolvedProfile, registry: Registry) -> Iterator[CheckInfo]:
    """Every check that the profile does not ignore."""
    selection = selection_of(registry, (), profile.ignore, None)
    finisher = Finisher(profile, selection)
    for check in registry.all_checks():
        views = tuple([view for view in check.views if selection.wants(check.name, check.tags, view)])
        if not views:
            continue
        values = {name: default for name, (_, default) in check.parameters.items()}
        values.update(profile.checks.get(check.name, {}))
        default = check.default_severity
        severities = {finisher.severity(check.name, check.tags, None, view, default) for view in views}
        worst = next(level for level in Severity if level in severities)
        yield CheckInfo(
            check.name, check.title, worst.value, views, tuple(check.tags), values, check.plugin, check.phases
        )
