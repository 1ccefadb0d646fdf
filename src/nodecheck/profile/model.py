"""A profile as data: which checks, with which limits, severities and waivers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike

from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nodecheck.model.literals import FailOn, Phase, ProxyMode, Role, Runtime


SCHEMA = "nodecheck.profile/1"
"""What the key ``schema`` of a profile holds."""


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
    """A profile made in code: the keys of a profile's file, and validated as strictly where it is used.

    >>> Profile(extends="kubernetes", checks={"sysctl": {"require": {"vm.max_map_count": ">=262144"}}}).name
    'code'

    What is None is left to the profile that it extends, or to the defaults. Check names, parameters and waivers are
    spelled as in a file; dates are :class:`datetime.date`. It is a value: it is read anew at each run, and never
    changed.
    """

    extends: str | PathLike[str] | None = None
    """Another profile's name, or the path of one."""
    name: str = "code"
    """What reports call it."""
    role: Role | None = None
    kubernetes: str | None = None
    proxy_mode: ProxyMode | None = None
    cni: str | None = None
    runtime: Runtime | None = None
    """``embedded``: the node's agent brings the container runtime."""
    phase: Phase | None = None
    """Where in its life the node is; None: as the node shows it."""
    fail_on: FailOn | None = None
    ignore: Sequence[str] | None = None
    nodes: Mapping[str, str] | None = None
    severity: Mapping[str, FailOn] | None = None
    """Selector to severity."""
    checks: Mapping[str, Mapping[str, Any]] | None = None
    """Check name to its parameters: ``[check.NAME]`` of a file."""
    waivers: Sequence[Mapping[str, Any]] | None = None
    """``select``, ``reason``, ``owner``, ``expires``, and perhaps ``ticket`` and ``created``: ``[[waiver]]``."""
    waiver_notice_days: int | None = None

    def tables(self) -> dict[str, Any]:
        """The same as the tables of a file; mappings and sequences are copied."""
        own = {"schema": SCHEMA, **self._asdict(), "check": self.checks, "waiver": self.waivers}
        parent = self.extends
        if isinstance(parent, PathLike):
            path = parent.__fspath__()
            own["extends"] = path if "/" in path else f"./{path}"
        del own["checks"], own["waivers"]
        return {key.replace("_", "-"): _copied(value) for key, value in own.items() if value is not None}


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, (list, tuple)) else value


class ResolvedProfile(NamedTuple):
    """A validated profile, ``extends`` resolved."""

    name: str
    role: str | None = None
    kubernetes: str | None = None
    proxy_mode: str | None = None
    cni: str | None = None
    runtime: str | None = None
    phase: str | None = None
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
