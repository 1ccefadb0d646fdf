"""A profile as data: which checks, with which limits, severities and waivers."""

from __future__ import annotations

from collections.abc import Mapping

from nodecheck.record import NamedTuple
from nodecheck.typed import Any


class Waiver(NamedTuple):
    """An accepted failure. It holds through 23:59:59 UTC of ``expires`` (``YYYY-MM-DD``; None: for ever)."""

    select: str
    reason: str
    owner: str | None = None
    expires: str | None = None
    ticket: str | None = None
    created: str | None = None
    source: str = "profile"
    """Where it is written: the profile, or a waiver file's path."""


NOTICE_DAYS = 14
"""A waiver that ends within so many days is told of, unless the profile says otherwise."""


class Profile(NamedTuple):
    """A validated profile, ``extends`` resolved."""

    name: str
    role: str | None = None
    kubernetes: str | None = None
    proxy_mode: str | None = None
    cni: str | None = None
    fail_on: str = "error"
    ignore: tuple[str, ...] = ()
    nodes: Mapping[str, str] = {}
    severity: Mapping[str, str] = {}
    """Selector to severity."""
    checks: Mapping[str, Mapping[str, Any]] = {}
    """Check name to parameters (kebab-case), with tuples for TOML's arrays."""
    waivers: tuple[Waiver, ...] = ()
    waiver_notice_days: int = NOTICE_DAYS
    digest: str = ""
    """``sha256:`` of the resolved profile."""
    named: Mapping[str, Mapping[str, frozenset[str]]] | None = None
    """Check name to parameters to the items (of a list) or keys (of a table) that this profile names, or one that it
    extends but a built-in one. None: all that ``checks`` holds."""

    def names(self, check: str, parameter: str) -> frozenset[str]:
        """The items or keys of a check's parameter that no default and no built-in profile brought."""
        if self.named is None:
            return frozenset(self.checks.get(check, {}).get(parameter, ()))
        return self.named.get(check, {}).get(parameter, frozenset())
