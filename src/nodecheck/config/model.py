"""The configuration as a value."""

from __future__ import annotations

from collections.abc import Mapping

from nodecheck.audit.keep import Limits
from nodecheck.audit.standing import STEADY, Flap
from nodecheck.record import NamedTuple

NICE = 10
IO_CLASS = "idle"
MEMORY_MIB = 512


class NodeWanted(NamedTuple):
    """What the node is to be, as ``run``, ``plan``, ``list`` and ``doctor`` take it; None where the files say nothing.

    These keys stand at the top of a file. What is not there is taken from ``[audit]``.
    """

    profile: str | None = None
    role: str | None = None
    kubernetes: str | None = None
    proxy_mode: str | None = None
    cni: str | None = None
    phase: str | None = None
    fail_on: str | None = None
    waivers: tuple[str, ...] = ()


class Config(NamedTuple):
    """What the files say; None where they say nothing and nodecheck's own default or the profile's holds.

    The keys that say what the node is to be are here as the audit takes them: ``[audit]`` wins over the top.
    """

    profile: str | None = None
    role: str | None = None
    kubernetes: str | None = None
    proxy_mode: str | None = None
    cni: str | None = None
    phase: str | None = None
    fail_on: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    waivers: tuple[str, ...] = ()
    timeout: float | None = None
    nice: int = NICE
    io_class: str = IO_CLASS
    memory_mib: int = MEMORY_MIB
    flap: Flap = STEADY
    changed_only: bool = False
    state: str | None = None
    limits: Limits = Limits()
    outputs: tuple[str, ...] = ()
    """``FORMAT=PATH``, as ``--output`` takes it."""
    files: tuple[str, ...] = ()
    """The files that were read, in order."""
    wanted: NodeWanted = NodeWanted()
    """The same keys as the other verbs take them: the top wins over ``[audit]``."""
    severity: Mapping[str, str] = {}
    """Selector to severity, over what the profile says; for every verb."""
    absent: tuple[str, ...] = ()
    """Files of waivers that are named and not there."""
