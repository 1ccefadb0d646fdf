"""Services that the node needs: running now, started at the next boot."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck import facts
from nodecheck.checking import Evidence, Lazy, Outcome, Results, Severity, check, fail, ok, seen, skip, unknown
from nodecheck.errors import FactError
from nodecheck.facts import BootActs, BootStarts, Container, InitSystem, Joined, NeededServices, Services
from nodecheck.facts.services.init_system import UnitIndex
from nodecheck.facts.services.running import ServiceState
from nodecheck.fix import Fix, Step, by_hand, command
from nodecheck_checks.services.at_boot import Boot, boot_outcome, by_cmdline
from nodecheck_checks.services.by_commands import after_commands
from nodecheck_checks.services.names import candidates, is_kubelet, is_time, to_install, unit_name

_LIST = "systemctl list-units"
_MACHINE = Lazy(Container)
"""For who judges with facts given by hand: no container."""


def needed(found: NeededServices) -> Iterator[str | Outcome]:
    """The services to judge where the profile lists none."""
    if found.untold is not None:
        message = f"which runtime the node needs cannot be told: {found.untold}"
        yield unknown(message, code=found.untold.code)
    yield from (unit_name(unit) for unit in found.units)
    if found.time is not None:
        yield unit_name(found.time)


@check(
    severity=Severity.ERROR,
    tags=["systemd"],
    topic="services",
    each="require",
    spell=unit_name,
    otherwise=needed,
    explained="nodecheck_checks.services.explained:ran",
)
def service(
    subject: str,
    init: InitSystem,
    services: Lazy[Services],
    index: Lazy[UnitIndex],
    joined: Lazy[Joined],
    started: Lazy[facts.StartedServices],
    wanted: Lazy[NeededServices],
    known: Lazy[facts.KnownServices],
    others: Lazy[facts.OtherServices],
    container: Lazy[Container] = _MACHINE,
    *,
    require: tuple[str, ...] = (),
) -> Results:
    """The services that the node needs run, and start at the next boot.

    ## Why it matters
    ``systemctl start`` does not outlive a reboot, and ``systemctl enable`` starts nothing now: a node passes at its
    installation and fails at the first power cut.

    ## What it looks at
    `require` lists the services. Where it is empty they are what the node needs by what is installed on it: the runtime
    that the kubelet points to (containerd, CRI-O, docker; where there is no kubelet, the one that is there), the
    kubelet, or what holds it (k3s, RKE2, k0s, MicroK8s, the snap), and, as a warning, the time service (chronyd, ntpd,
    systemd-timesyncd …; those of PTP, and VirtualBox's in a guest, where they start).

    Now: what the running systemd says of the unit. An inactive service whose socket listens starts on demand, and
    passes. A kubelet on a node that has not joined a cluster yet (no kubeconfig, no configuration) need not run:
    kubeadm's crash-loops until then.

    Boot: unit files, masks, aliases, and the links that pull the unit
    (or its socket) into the target that the node boots into, and ``Wants=``, ``Requires=`` … of units that start; a
    timer that elapses after every boot (``OnBootSec=``); ``systemd.mask=``,
    ``systemd.wants=``, ``systemd.unit=`` and words such as ``rescue`` on the kernel's command line; the links of a
    System V script in `/etc/rc3.d`. A unit that is pulled in and cannot start fails too:

    - where systemd refuses its text (a second ``ExecStart=`` in a service that is not oneshot, none at all, an open
      quote, a path that is not absolute);
    - where a `Condition…=` or `Assert…=` does not hold. One that files do not decide makes it unknown: what lies in
      `/run`, the kind of a virtual machine, memory;
    - where what it fails without is not there: its program or a script's interpreter, an ``EnvironmentFile=`` or
      ``WorkingDirectory=`` without ``-``, its ``User=`` or ``Group=`` (unknown where nsswitch.conf names sss, ldap …);
    - where a unit that it is bound to (`BindsTo=`), or from systemd 254 on requires, is masked or missing;
    - where another unit that starts at boot names it in `Conflicts=` (chronyd, which names ntpd);
    - on a running node, where a line of fstab without ``nofail`` names a device that is not there: the boot ends in
      emergency mode. A service that needs such a file system (``RequiresMountsFor=``) fails with ``nofail`` too.

    A node that has a kubelet's program or configuration needs a unit that starts it. Of an image that was not booted
    yet (no `/etc/machine-id`, or `uninitialized` in it) systemd's presets count, which its first boot applies. A shell
    as ``init=`` starts no service; what any other program there starts, or one of ``rdinit=``, is unknown.
    On OpenRC: `/run/openrc/started` and the runlevels.

    ## How to fix it
    ``systemctl start UNIT`` for now, ``systemctl enable UNIT`` for the next boot; before them, where
    it is masked, ``systemctl unmask UNIT``. A unit without `[Install]` takes `systemctl add-wants`.

    ## Sources
    systemctl(1), systemd.unit(5), systemd.service(5), systemd-sysv-generator(8); kubeadm preflight
    ``Service-Kubelet``.
    """
    if not init.is_systemd:
        yield _openrc_now(subject, init, started)
        return
    try:
        units = services()
    except FactError as error:
        if require or not is_time(subject) or error.code == "offline":
            raise
        outcome = unknown(str(error), code=error.code, expected="active", severity=Severity.WARNING)
        yield _of_host(outcome, subject, container)
        return
    outcome = _now(subject, units, index, joined, wanted if not require else None)
    outcome = outcome if require else _of_host(outcome, subject, container)
    yield outcome if outcome.fix is None else outcome._replace(fix=_startable(outcome.fix, index, known, others))


def _of_host(outcome: Outcome, subject: str, container: Lazy[Container]) -> Outcome:
    """A time service that a container does without: its clock is the host's."""
    if outcome.status not in ("fail", "unknown") or not is_time(subject) or container().kind is None:
        return outcome
    message = f"{outcome.message}; a container needs no time service: the clock is its host's"
    told = [*outcome.evidence, *container().evidence]
    return skip(message, code="container-host", evidence=told, severity=Severity.WARNING)


def _now(
    subject: str,
    services: Services,
    index: Lazy[UnitIndex],
    joined: Lazy[Joined],
    wanted: Lazy[NeededServices] | None,
) -> Outcome:
    unit, state = _found(subject, services, index)
    outcome = _judged(subject, unit, state, services, index)
    if outcome.status == "fail" and is_kubelet(subject) and "masked" not in (outcome.actual or ""):
        outcome = _unless_not_joined(outcome, unit, joined)
    if outcome.status == "fail" and wanted is not None and is_time(subject):
        outcome = _time(outcome, services, wanted)
    return outcome


def _found(subject: str, services: Services, index: Lazy[UnitIndex]) -> tuple[str, ServiceState | None]:
    """The unit as systemd knows it; its state None where it is not loaded (or does not exist)."""
    names = candidates(subject)
    for unit in names:
        state = services.units.get(unit)
        if state is not None and state.load != "not-found":
            return unit, state
    units = index()
    for unit in names:  # systemctl lists a unit by its own name alone
        other = units.resolve(unit)
        state = services.units.get(other)
        if state is not None and state.load != "not-found":
            return other, state
    return next((units.resolve(unit) for unit in names if units.exists(unit)), names[0]), None


def _judged(subject: str, unit: str, state: ServiceState | None, services: Services, index: Lazy[UnitIndex]) -> Outcome:
    if state is None and not index().exists(unit):
        name = candidates(subject)[0]
        fix = to_install(name)
        return fail(f"systemd knows no unit {name}", expected="active", evidence=[seen(_LIST)], fix=fix)
    load, active, sub = state or ("masked" if index().masked(unit) else "loaded", "inactive", "dead")
    actual = f"{active} ({sub})" if load != "masked" or active == "active" else "masked"
    evidence = [seen(_LIST, actual if state is not None else "not loaded", locator=unit)]
    if active in ("active", "reloading"):
        return ok(f"{unit} is {actual}", expected="active", actual=actual, evidence=evidence)
    socket = f"{unit.rpartition('.')[0]}.socket"
    listening = services.units.get(socket)
    if active == "inactive" and load != "masked" and listening is not None and listening.active == "active":
        evidence.append(seen(_LIST, f"{listening.active} ({listening.sub})", locator=socket))
        return ok(f"{unit} starts when {socket} is used", expected="active", actual=actual, evidence=evidence)
    if active == "activating" and sub.startswith("start"):
        message = f"{unit} is just being started"
        return unknown(message, code="unsettled", expected="active", actual=actual, evidence=evidence)
    message = f"{unit} is {actual}" + ("; it fails and is started again" if sub == "auto-restart" else "")
    fix = _start(subject, unit, load, index)
    return fail(message, expected="active", actual=actual, evidence=evidence, fix=fix)


def _start(subject: str, unit: str, load: str, index: Lazy[UnitIndex]) -> Fix:
    if load in ("bad-setting", "error"):
        return by_hand(f"Repair {unit}", f"systemctl status {unit} says what systemd refuses in its file")
    first: tuple[Step, ...] = ()
    if load == "masked":
        mask = index().mask(unit)
        if index().beneath_mask(unit).fragment(unit) is None:
            return by_hand(f"Start {subject}", f"{mask} masks it: remove it, and install what brings {unit}")
        if mask is not None and mask.startswith("/run/systemd/generator"):
            word = f"systemd.mask={unit}"  # systemctl(1): a unit that is masked by a generator cannot be unmasked
            text = f"A generator masks it ({mask}): take {word} out of the boot loader's configuration, and reboot"
            return by_hand(f"Start {subject}", text)
        runtime = ("--runtime",) if mask is not None and mask.startswith("/run/") else ()
        first = (command("systemctl", "unmask", *runtime, unit),)
    return Fix(f"Start {subject}", (*first, command("systemctl", "start", unit)))


def _startable(
    fix: Fix, index: Lazy[UnitIndex], known: Lazy[facts.KnownServices], others: Lazy[facts.OtherServices]
) -> Fix:
    """The fix, with what would keep ``systemctl start`` from starting the unit taken away first."""
    from nodecheck.facts.services.service_units import ServiceUnit
    from nodecheck.fix.actions import action_of

    last = fix.steps[-1]
    call = action_of(last).units
    if call is None or call.verb != "start":
        return fix
    try:
        unit = index().resolve(call.units[0])
        found = known().units.get(unit) or others().units.get(unit)
    except FactError:
        return fix
    stop = found.obstacle if isinstance(found, ServiceUnit) else None
    if stop is None:
        return fix
    if stop.argv:
        return fix._replace(steps=(*fix.steps[:-1], command(*stop.argv), last))
    return by_hand(fix.title, f"{stop.message}: {stop.mend}; then systemctl start {unit}")


def _unless_not_joined(outcome: Outcome, unit: str, joined: Lazy[Joined]) -> Outcome:
    found = joined()
    if found.path is not None:
        return outcome
    evidence = [*outcome.evidence, *[seen(path) for path in found.looked]]
    message = f"{unit} is {outcome.actual}, and need not run: the node has not joined a cluster yet"
    return ok(message, expected="active once the node has joined", actual=outcome.actual, evidence=evidence)


def _time(outcome: Outcome, services: Services, wanted: Lazy[NeededServices]) -> Outcome:
    """One time service is enough; that it does not run is a warning, as the check time-sync tells what comes of it."""
    for unit in wanted().time_others:
        state = services.units.get(unit)
        if state is not None and state.active == "active":
            evidence = [*outcome.evidence, seen(_LIST, f"{state.active} ({state.sub})", locator=unit)]
            return ok(f"{unit} runs in its place", expected="active", actual=outcome.actual, evidence=evidence)
    return outcome._replace(severity=Severity.WARNING)


def _openrc_now(subject: str, init: InitSystem, started: Lazy[facts.StartedServices]) -> Outcome:
    if init.name != "openrc":
        message = f"{init.name} runs here, and does not tell which services run"
        return unknown(message, code="unsupported", expected="started")
    found = started()
    name = next((name for name in candidates(subject, "") if name in found.names), None)
    if name is not None:
        evidence = [seen(f"{found.path}/{name}", "present")]
        return ok(f"{name} is started", expected="started", actual="started", evidence=evidence)
    fix = Fix(f"Start {subject}", (command("rc-service", subject, "start"),))
    evidence = [seen(f"{found.path}/{subject}")]
    return fail(f"{subject} is not started", expected="started", actual="stopped", evidence=evidence, fix=fix)


@service.at_boot
def service_boot(
    subject: str,
    init: InitSystem,
    starts: BootStarts,
    acts: Lazy[BootActs],
    container: Lazy[Container],
    *,
    require: tuple[str, ...] = (),
) -> Results:
    """Whether something starts the unit at the next boot, and lets it start."""
    if not init.is_systemd:
        yield _openrc_boot(subject, init, starts)
        return
    try:
        outcome = after_commands(boot_outcome(Boot(subject, starts)), subject, starts, acts)
    except FactError as error:
        outcome = unknown(str(error), code=error.code)
    if not require and is_time(subject):
        outcome = _of_host(outcome._replace(severity=Severity.WARNING), subject, container)
    yield outcome


def _openrc_boot(subject: str, init: InitSystem, starts: BootStarts) -> Outcome:
    halt = starts.halted(subject)
    if halt is not None:
        return by_cmdline(subject, halt)
    names = candidates(subject, "")
    if init.name != "openrc":
        message = f"{init.name} boots this node, and what it starts is not known"
        return unknown(message, code="unsupported", expected="enabled")
    name = next((name for name in names if starts.of(name).starts), None)
    evidence: list[Evidence] = [seen("/etc/runlevels/default", name or None, locator=subject)]
    if name is not None:
        return ok(f"{name} starts at boot", expected="enabled", actual="enabled", evidence=evidence)
    fix = Fix(f"Enable {subject}", (command("rc-update", "add", subject, "default"),))
    message = f"{subject} is in no runlevel: nothing starts it at boot"
    return fail(message, expected="enabled", actual="not enabled", evidence=evidence, fix=fix)
