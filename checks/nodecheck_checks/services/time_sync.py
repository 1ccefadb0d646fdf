"""The clock is kept by a time service."""

from nodecheck.checking import Evidence, Lazy, Outcome, Results, Severity, check, fail, ok, seen, skip, unknown
from nodecheck.errors import FactError
from nodecheck.facts import Container, KernelClock, NeededServices, Services, TimeKeepers
from nodecheck.facts.time.clock import LIMIT_US
from nodecheck.fix import Fix, by_hand, command

_SOURCE = "adjtimex(2)"
_MACHINE = Lazy(Container)
"""For who judges with facts given by hand: no container."""


@check(severity=Severity.WARNING, tags=["time"], topic="time", by_host=True)
def time_sync(
    clock: KernelClock,
    keepers: Lazy[TimeKeepers],
    needed: Lazy[NeededServices],
    services: Lazy[Services],
    container: Lazy[Container] = _MACHINE,
    *,
    max_error_ms: int = 5000,
) -> Results:
    """The clock is synchronised.

    ## Why it matters
    Certificates are not yet valid, or no longer, on a node whose clock is off; etcd warns of a difference of one
    second; leases, logs and tokens of such a node make no sense elsewhere. The clocks of two nodes need not be right,
    but they must agree.

    ## What it looks at
    What the kernel says of its clock (adjtimex(2), nothing is changed): the flag `STA_UNSYNC` and the maximum error.
    Every time service tells the kernel these, whichever it is: chronyd, ntpd, NTPsec, OpenNTPD, systemd-timesyncd, PTP
    (phc2sys). The error grows by half a millisecond a second until the service corrects the clock again, and stands at
    16 s once nothing did so for nine hours, or since the boot.

    Without the flag, an error below `max-error-ms` (5000 by default) passes, one above it fails. chronyd without
    `rtcsync` leaves the flag set, so with it an error below `max-error-ms` passes where such a service runs, and a
    larger one is `unknown` (it has perhaps only just started). Without any service that runs the clock fails. A
    container has the clock of its host, whose services cannot be seen: with the flag the check is skipped there, and
    says to ask the host. Where the node's processes cannot be seen for another reason the flag alone is `unknown`.

    ## How to fix it
    Enable and start the time service that is installed, else install one (chrony). Then let it reach its servers:
    `chronyc sources`, `timedatectl timesync-status`, `ntpq -p`.

    ## Sources
    adjtimex(2); the kernel's `kernel/time/ntp.c`; chrony.conf(5), `rtcsync`; systemd's `ntp_synced()`, which judges
    the maximum error alone.
    """
    good = clock.max_error_us < max_error_ms * 1000
    expected = f"synchronised, at most {max_error_ms} ms off"
    if not clock.unsynchronised:
        yield _synchronised(clock, good, max_error_ms, expected)
        return
    found = keepers()
    evidence = [*_evidence(clock, good, max_error_ms), *_running(found)]
    who = " and ".join(found.names)
    if found.names and good:
        message = f"{who} keeps the clock, though the kernel's flag says unsynchronised (chronyd without rtcsync)"
        yield ok(message, expected=expected, actual="kept", evidence=evidence)
    elif found.names:
        message = f"{who} runs, and has not told the kernel yet how good the clock is"
        yield unknown(message, code="unsupported", expected=expected, actual="unsynchronised", evidence=evidence)
    elif container().kind is not None:
        message = "the kernel's flag says unsynchronised; the clock is kept by the host of this container: ask there"
        yield skip(message, code="container-host", evidence=[*evidence, *container().evidence])
    elif not found.all_seen:
        message = "the kernel's flag says unsynchronised, and the node's processes cannot be seen from here"
        yield unknown(message, code="unsupported", expected=expected, actual="unsynchronised", evidence=evidence)
    else:
        message = "the clock is not synchronised, and no time service runs"
        yield fail(message, expected=expected, actual="unsynchronised", evidence=evidence, fix=_fix(needed, services))


def _synchronised(clock: KernelClock, good: bool, max_error_ms: int, expected: str) -> Outcome:
    evidence = _evidence(clock, good, max_error_ms)
    if good:
        return ok("the clock is synchronised", expected=expected, actual="synchronised", evidence=evidence)
    message = f"the clock was synchronised, and may be more than {max_error_ms} ms off by now"
    fix = by_hand("Let the time service reach its servers", "See what keeps it from them: chronyc sources, ntpq -p")
    return fail(message, expected=expected, actual=f"more than {max_error_ms} ms off", evidence=evidence, fix=fix)


def _evidence(clock: KernelClock, good: bool, max_error_ms: int) -> list[Evidence]:
    flag = "STA_UNSYNC" if clock.unsynchronised else "no STA_UNSYNC"
    error = "16 s, the kernel's limit" if clock.max_error_us >= LIMIT_US else f"{max_error_ms} ms or more"
    error = f"below {max_error_ms} ms" if good else error
    return [seen(_SOURCE, flag, locator="status"), seen(_SOURCE, error, locator="maxerror")]


def _running(keepers: TimeKeepers) -> list[Evidence]:
    return [seen("/proc", f"{name} runs", locator="processes") for name in keepers.names] or [
        seen("/proc", "no time service runs", locator="processes")
    ]


def _fix(needed: Lazy[NeededServices], services: Lazy[Services]) -> Fix:
    """Start the one that the check service takes for the node's: two would fight over the clock."""
    unit = needed().time
    if unit is None:
        return by_hand("Install a time service", "Install chrony, and enable and start its service.")
    try:
        services()
    except FactError as error:  # another init, or none: systemctl would start nothing
        name = unit.removesuffix(".service")
        return by_hand(f"Start {name}", f"Start {name}, now and at every boot, by what starts services here ({error})")
    return Fix(f"Start {unit}", (command("systemctl", "enable", unit), command("systemctl", "start", unit)))
