"""The words of what acts at boot: an act, its effects, whether it runs, and its place in the boot.

A *provider* is a fact with a method ``of``: it reads the configuration of one kind of actor and says what that does at
the next boot. :class:`nodecheck.facts.acts.at_boot.BootActs` asks all providers and puts their acts into order, so that
an actor is added once, and each boot view sees it.
"""

from __future__ import annotations

from nodecheck.errors import FactError, Unsupported
from nodecheck.facts.services.unit_start import KEEPING, SOCKET, UnitStart
from nodecheck.model.evidence import Evidence, seen
from nodecheck.record import NamedTuple
from nodecheck.typed import Protocol

SYSCTL, MODULE, SWAP, HOSTNAME, FILTER, UNIT = "sysctl", "module", "swap", "hostname", "filter", "unit"
KINDS = (SYSCTL, MODULE, SWAP, HOSTNAME, FILTER, UNIT)
"""What an effect is on: a kernel parameter, a kernel module, a swap area, the node's name, a packet filter, a unit."""

SETS, APPLIES, LOADS, REMOVES, REFUSES, ON, OFF, STARTS, STOPS = (
    "sets", "applies", "loads", "removes", "refuses", "on", "off", "starts", "stops",
)  # fmt: skip
"""What is done with it.

A sysctl or the node's name is *set*. All files of sysctl.d are *applied* once more (``sysctl --system``). A module is
loaded, removed, or refused to whoever loads it later. A swap area is turned *on* or *off*. Rules of a packet filter are
*loaded* in place of those that are there, *set* beside them, or removed. A unit is started or stopped.
"""

UDEVD = "systemd-udevd.service"
"""What follows udev's rules: when a device is found, however far the boot has come."""

ANY, EVERY = "?", "*"
"""The name of what cannot be told, and that of a sysctl where any may be set."""

RUNS, STAYS, UNTOLD = "runs", "stays", "untold"
"""Whether an act is shown to run at the next boot, shown not to run, or cannot be told."""

EARLY, SYSINIT, BOOT, NETWORK, LATE, AFTER, CLOCK = 10, 20, 30, 40, 50, 60, 70
"""Places in the boot, in order.

``EARLY``: before systemd-sysctl has applied sysctl.d. ``SYSINIT``: after it, on the way to sysinit.target (units
without default dependencies, udev, tmpfiles). ``BOOT``: services after basic.target. ``NETWORK``: what sets up
interfaces, addresses and rules. ``LATE``: at the end of the boot (rc.local, cron, the last stage of cloud-init).
``AFTER``: timers, and what others start afterwards. ``CLOCK``: at a date, some time after the boot (cron, timers of a
calendar): what it breaks is broken then, and nobody can count on what it mends.
"""


class Effect(NamedTuple):
    """One thing that an act does to the node."""

    kind: str
    """``SYSCTL``, ``MODULE``, ``SWAP``, ``HOSTNAME``, ``FILTER`` or ``UNIT``."""
    name: str
    """What it is done to; ``?`` where that cannot be told.

    A sysctl: its path below ``/proc/sys`` (``net/ipv4/ip_forward``), perhaps a glob; of ``APPLIES`` "". A module: its
    name with underscores. A swap area as it is spelled (``/swapfile``, ``UUID=…``, ``LABEL=…``); "" for every one, of
    fstab where it is turned on. The node's name: "". A packet filter: the file of its rules, "" where they are in
    ``value``; of ``REMOVES`` a chain, "" for all. A unit with its suffix.
    """
    what: str
    value: str | None = None
    """What a sysctl or the node's name is set to; rules of a packet filter that are in no file.

    None where that cannot be told, and for all else.
    """
    only: str = ""
    """Of a sysctl ``>`` where it is written only if that raises it, ``<`` where it lowers it.

    Of a module's load ``b`` where it heeds a blacklist, ``i`` where it goes past ``install`` lines, ``f`` where a
    file is loaded (insmod). Of a packet filter ``4`` (iptables), ``6`` (ip6tables), ``n`` (nft) or ``u`` (ufw).
    """
    source: str = ""
    """The file and line that say so, where these are not the act's own (``sysctl -p FILE``)."""
    line: int | None = None
    text: str = ""


class Act(NamedTuple):
    """Something that the next boot does, or may do."""

    actor: str
    """Who does it, in a word: a unit, ``rc.local``, ``cron``, ``ufw`` …"""
    source: str
    """The file that says so."""
    line: int | None
    """The 1-based line; None where a file or a link as a whole says so."""
    text: str
    """The line as it stands, without the blanks around it."""
    effects: tuple[Effect, ...]
    place: int = BOOT
    """When it is done: ``EARLY`` … ``CLOCK``. Acts of one place are done in the order of their names."""
    state: str = RUNS
    """``RUNS``, ``STAYS`` or ``UNTOLD``."""
    doubt: FactError | None = None
    """Why nobody can tell whether it runs; its code is the cause. Given where and only where ``UNTOLD``."""
    stops: tuple[Evidence, ...] = ()
    """What keeps it from running that would run else; nothing where it is masked, or not enabled."""
    why: str = ""
    """The same in words."""
    unit: str = ""
    """The unit that does it as it starts, or once it has; "" where none is known."""
    awaited: bool = True
    """Who is started after the unit is started when this is done: not after a service that is up as soon as it is
    forked (``Type=simple``, systemd.service(5)), or that does it when a connection comes up or its minute."""

    @property
    def runs(self) -> bool:
        """Whether it is shown to run."""
        return self.state == RUNS

    @property
    def unsure(self) -> FactError | None:
        """Why nobody can count on what it mends: its doubt, or that it runs at a date, some time after the boot."""
        if self.doubt is None and self.place >= CLOCK:
            return Unsupported(self.source, f"it runs by the clock, some time after the boot ({self.text!r})")
        return self.doubt

    @property
    def may_run(self) -> bool:
        """Whether it runs, or nobody can tell."""
        return self.state != STAYS

    @property
    def evidence(self) -> Evidence:
        """The line that says so."""
        return seen(self.source, self.text, line=self.line)


class Provider(Protocol):
    """A fact that knows a kind of actor.

    Its ``reads`` declares its sources as those of every fact do, its ``read`` asks ``BootStarts`` whether the unit
    starts that does the act, and gives that answer to :func:`by_start`.
    """

    def of(self, kind: str, but: frozenset[str] = frozenset()) -> tuple[Act, ...]:
        """The acts that may have effects of one kind, those too that are shown not to run: they tell why nothing
        happens. The commands of the units of ``but`` may be left out.

        Raises what the host raises for a file that is there and cannot be read.
        """
        ...


def by_start(act: Act, start: UnitStart) -> Act:
    """An act with the answer to whether the next boot starts the unit that does it.

    A unit whose program is not there does not act, nor does one that only a socket starts: that waits for somebody.
    Whether a path comes that starts one, nobody can tell. What is known of the act already (``STAYS``, ``UNTOLD``) is
    kept.
    """
    if act.state == STAYS:
        return act
    act = act._replace(unit=act.unit or start.unit)
    if start.stays or start.fails is not None:
        stop = start.fails or start.stop(*KEEPING)
        if stop is None:
            return act._replace(state=STAYS, doubt=None)
        return act._replace(state=STAYS, doubt=None, stops=stop.evidence, why=stop.message)
    if start.pull is None and start.error is None:
        return act._replace(state=STAYS, doubt=None, why=f"nothing starts {start.unit} at boot")
    if start.error is not None:
        return act._replace(state=UNTOLD, doubt=act.doubt or start.error)
    if start.pull is not None and start.pull.how == SOCKET:
        if not start.pull.source.endswith(".path"):
            return act._replace(state=STAYS, doubt=None)
        waits = Unsupported(start.pull.source, f"it starts {start.unit} when it is used")
        return act._replace(state=UNTOLD, doubt=act.doubt or waits)
    return act
