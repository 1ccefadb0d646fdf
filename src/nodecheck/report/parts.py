"""The parts of a report; their fields are the keys of the JSON form."""

from __future__ import annotations

from nodecheck.record import NamedTuple
from nodecheck.text import minute

SCHEMA = "urn:nodecheck:schema:report:1"
SCHEMA_VERSION = "1.1"

DEFAULT_CONFIG = "/etc/nodecheck/nodecheck.toml"
"""Where a node's own configuration is."""


class PluginUsed(NamedTuple):
    """A plugin and whether it could be loaded."""

    name: str
    version: str | None
    status: str
    error: str | None


class Tool(NamedTuple):
    """Which nodecheck made the report."""

    name: str
    version: str
    plugins: tuple[PluginUsed, ...]


class Source(NamedTuple):
    """Where the bytes came from: ``live``, ``root`` or ``capture``, and the path."""

    kind: str
    path: str
    captured_at: str | None = None
    """When the capture was made; None where it is none."""
    captured_from: str | None = None
    """``live`` or ``root``: what was captured."""

    @property
    def is_running_node(self) -> bool:
        """Whether a node that ran was judged, itself or by a capture: what is fixed is fixed on it."""
        return (self.captured_from or self.kind) == "live"

    @property
    def ssh_host(self) -> str | None:
        """The host that was asked over ssh; None where none was.

        >>> Source("capture", "ssh://root@node7").ssh_host
        'root@node7'
        """
        return self.path[6:] if self.kind == "capture" and self.path.startswith("ssh://") else None

    @property
    def options(self) -> tuple[str, ...]:
        """The words with which nodecheck looks there again."""
        if self.ssh_host is not None:
            return ("--ssh", self.ssh_host)
        return () if self.kind == "live" else (f"--{self.kind}", self.path)

    def __str__(self) -> str:
        """The same for people.

        >>> str(Source("root", "/mnt")), str(Source("capture", "n.capture", "2026-11-30T12:00:00Z", "live"))
        ('/mnt', 'n.capture, captured 2026-11-30 12:00Z')
        """
        return self.path if self.captured_at is None else f"{self.path}, captured {minute(self.captured_at)}"


class User(NamedTuple):
    """Who ran nodecheck: the effective user of its process."""

    uid: int
    name: str | None = None
    """None where no database of users has the number."""
    sudo_user: str | None = None
    """Who became root by sudo(8), as sudo says in ``SUDO_USER``; others than root could set it to anything."""

    def __str__(self) -> str:
        """The same in a few words.

        >>> str(User(0, "root", "ann")), str(User(1000, "ann")), str(User(1000))
        ('ann, by sudo as root (uid 0)', 'ann (uid 1000)', 'uid 1000')
        """
        name = f"uid {self.uid}" if self.name is None else f"{self.name} (uid {self.uid})"
        return name if self.sudo_user is None else f"{self.sudo_user}, by sudo as {name}"


class Run(NamedTuple):
    """One run; times are RFC 3339 UTC, ``status`` is ``complete`` or ``timeout``."""

    id: str
    started_at: str
    finished_at: str
    duration_s: float
    status: str
    source: Source
    privileged: bool
    fail_on: str
    waivers_from: tuple[str, ...] | None = None
    """The files of waivers that were read, in their order; None in reports of before schema 1.1."""
    user: User | None = None
    """None in reports of before schema 1.1."""
    select: tuple[str, ...] | None = None
    """The selectors of what was looked at alone; none: everything. None in reports of before schema 1.1."""
    ignore: tuple[str, ...] | None = None
    """Those of what was left out, by the profile too. None in reports of before schema 1.1."""
    view: str | None = None
    """``now`` or ``boot``, where one view was looked at alone."""


class OsName(NamedTuple):
    """The distribution."""

    id: str | None
    version: str | None
    pretty_name: str | None


class Node(NamedTuple):
    """Which node was judged."""

    hostname: str | None
    machine_id: str | None
    boot_id: str | None
    kernel: str | None
    arch: str | None
    os: OsName
    container: str | None = None
    """The kind of container that it is, as systemd-detect-virt(1) names it; None: a machine, or not told."""


class ConfigUsed(NamedTuple):
    """The node's configuration, where a run looked for one and found it."""

    files: tuple[str, ...]
    """Those that were read, in order; empty where they could not be."""
    unread: str | None = None
    """Why they could not be read. The run then went on without them."""

    def __str__(self) -> str:
        """The same in a few words."""
        if self.unread is not None:
            return f"configuration not read: {self.unread}"
        more = len(self.files) - 1
        return f"configuration {self.files[0]}" + (f" and {more} more" if more else "")


class ProfileUsed(NamedTuple):
    """The profile, and what it or the node says of the target."""

    name: str
    digest: str
    role: str | None
    kubernetes: str | None
    proxy_mode: str | None
    cni: str | None
    config: ConfigUsed | None = None
    """None: no configuration was looked for, or there is none."""
    phase: str | None = None
    """``image``, ``install``, ``join``, ``upgrade`` or ``steady``; None: no check asked, or nothing could tell."""


class Summary(NamedTuple):
    """The verdict and the counts."""

    verdict: str
    exit_code: int
    passed: int
    failed: int
    unknown: int
    skipped: int
    waived: int
    coverage: float
