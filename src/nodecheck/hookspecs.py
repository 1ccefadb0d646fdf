"""The whole plugin API: four hooks, which only declare. The engine does the work.

Register a module under the entry-point group ``nodecheck`` and mark functions with ``nodecheck.hookimpl``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Union

import pluggy

from nodecheck.checking.declare import Check, LazyCheck

if TYPE_CHECKING:
    from nodecheck.report import Report

hookspec = pluggy.HookspecMarker("nodecheck")
hookimpl = pluggy.HookimplMarker("nodecheck")


Declared = Union[Check, LazyCheck]


@hookspec
def nodecheck_checks() -> Iterable[Declared]:  # type: ignore[empty-body]
    """The checks of this plugin: what ``@check`` made, or :class:`LazyCheck`."""


@hookspec
def nodecheck_facts() -> Mapping[type, Callable[..., Any]]:  # type: ignore[empty-body]
    """Readers for fact types that do not bring a ``read`` classmethod: type to function of a Host and other facts."""


@hookspec
def nodecheck_profiles() -> Iterable[Mapping[str, Any]]:  # type: ignore[empty-body]
    """Profiles, as the tables that TOML would give (``schema``, ``name``, …)."""


@hookspec
def nodecheck_renderers() -> Mapping[str, Callable[[Report], str]]:  # type: ignore[empty-body]
    """Output formats: name to a function from the report to the document."""


__all__ = ["Declared", "LazyCheck", "hookimpl", "hookspec"]
