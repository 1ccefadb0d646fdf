"""The configuration as a value."""

from __future__ import annotations

from nodecheck.audit.keep import Limits
from nodecheck.audit.standing import STEADY, Flap
from nodecheck.record import NamedTuple

DEFAULT_PATH = "/etc/nodecheck/nodecheck.toml"

NICE = 10
IO_CLASS = "idle"
MEMORY_MIB = 512


class Config(NamedTuple):
    """What the files say; None where they say nothing and nodecheck's own default or the profile's holds."""

    profile: str | None = None
    role: str | None = None
    kubernetes: str | None = None
    proxy_mode: str | None = None
    cni: str | None = None
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
