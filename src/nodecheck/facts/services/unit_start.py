"""The answer to whether the next boot starts a unit (:class:`nodecheck.facts.services.starts.BootStarts` gives it)."""

from __future__ import annotations

from nodecheck.errors import FactError
from nodecheck.model.evidence import Evidence
from nodecheck.record import NamedTuple

STARTS, STAYS, UNTOLD = "starts", "stays", "untold"
"""The three answers: shown to start, shown not to start, cannot be told."""

LINK, TEXT, WORD, PRESET, SOCKET, TIMER, DATE, SCRIPT, GENERATOR, RUNLEVEL = (
    "link", "text", "word", "preset", "socket", "timer", "date", "script", "generator", "runlevel",
)  # fmt: skip
"""What can start a unit."""

MASK, MASK_WORD, SHELL, TARGET, NO_UNIT, NOT_PULLED, OBSTACLE, CONFLICT, EMERGENCY = (
    "mask", "mask word", "shell", "target", "no unit", "not pulled", "obstacle", "conflict", "emergency",
)  # fmt: skip
"""What can keep a unit from starting."""

KEEPING = (MASK_WORD, SHELL, TARGET, OBSTACLE, CONFLICT, EMERGENCY)
"""What keeps a unit from starting that is enabled and not masked, as ``systemctl is-enabled`` has it."""


class Pull(NamedTuple):
    """What starts a unit."""

    how: str
    source: str
    """The link, the file or the command line."""
    value: str | None = None
    """What it says, where it is more than a link."""
    line: int | None = None


class Stop(NamedTuple):
    """What keeps a unit from starting."""

    kind: str
    message: str
    evidence: tuple[Evidence, ...]
    """A value of None: looked for and not there."""
    by_cmdline: bool = False
    """The kernel's command line has the say, which no file mends."""
    unmask: bool = False
    """A file that masks, and that ``systemctl unmask`` takes away."""
    mend: str = ""
    """What a person can do about it, where that is known."""
    argv: tuple[str, ...] = ()
    """The command that does it, where one does."""
    rival: str = ""
    """The unit that conflicts with it, where one does."""

    @property
    def source(self) -> str:
        """Where it was read, or looked for."""
        return self.evidence[0].source

    @property
    def value(self) -> str | None:
        """What was read there; None: its absence is the evidence."""
        return self.evidence[0].value


class UnitStart(NamedTuple):
    """Whether the next boot starts a unit."""

    unit: str
    state: str
    pull: Pull | None = None
    """What starts it, or would if nothing kept it from starting; None where nothing does."""
    stops: tuple[Stop, ...] = ()
    """What keeps it from starting: all masks, else what comes first."""
    fails: Stop | None = None
    """Why it fails as soon as it is started: its program is not there."""
    preset: tuple[Evidence, ...] = ()
    """The preset of a first boot that enables it, or may disable it."""
    script: str | None = None
    """The System V script that it is made of."""
    error: FactError | None = None
    """Why nobody can tell; its code is the cause."""
    doubt: tuple[Evidence, ...] = ()
    """What shows that nobody can tell; nothing where a file that may tell cannot be read."""

    @property
    def starts(self) -> bool:
        """Whether it is shown to start."""
        return self.state == STARTS

    @property
    def works(self) -> bool:
        """Whether it is shown to start, and nothing to have it fail at once."""
        return self.state == STARTS and self.fails is None

    @property
    def stays(self) -> bool:
        """Whether it is shown not to start."""
        return self.state == STAYS

    @property
    def acts(self) -> bool:
        """Whether what it does at boot counts: something starts it, not only when a socket is used, and nothing is
        shown to keep it from that."""
        return self.state != STAYS and self.pull is not None and self.pull.how != SOCKET

    def stop(self, *kinds: str) -> Stop | None:
        """The first that keeps it from starting, of some kinds or of any."""
        return next((stop for stop in self.stops if not kinds or stop.kind in kinds), None)
