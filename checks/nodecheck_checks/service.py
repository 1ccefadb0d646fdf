"""Services that the node needs: running now, started at the next boot."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.checking import Evidence, Lazy, Outcome, Results, Severity, check, fail, ok, seen, unknown
from nodecheck.facts.boot_units import BootUnits
from nodecheck.facts.services import Services, ServiceState
from nodecheck.facts.systemd import UnitIndex
from nodecheck.facts.unit_pulls import ServiceFiles, ServicePulls
from nodecheck.facts.units import RESCUES
from nodecheck.fix import Fix, Step, by_hand, command

OTHER_NAMES = {"chronyd": ("chrony",)}
"""Units that distributions call otherwise: Debian's chronyd runs as chrony.service."""

_ONE_NAME = {other: name for name, others in OTHER_NAMES.items() for other in others}


def unit_name(subject: str) -> str:
    """The one spelling of a unit: without ``.service``, by the name that upstream gives it."""
    name = subject.removesuffix(".service")
    return _ONE_NAME.get(name, name)


def candidates(subject: str) -> tuple[str, ...]:
    """The unit names under which a service may be installed."""
    return tuple(f"{name}.service" for name in (subject, *OTHER_NAMES.get(subject, ())))


@check(severity=Severity.ERROR, tags=["systemd"], each="require", spell=unit_name)
def service(subject: str, services: Services, index: Lazy[UnitIndex], *, require: tuple[str, ...] = ()) -> Results:
    """The services that the node needs run, and start at the next boot.

    ## Why it matters
    ``systemctl start`` does not outlive a reboot, and ``systemctl enable`` starts nothing now: a node passes at its
    installation and fails at the first power cut.

    ## What it looks at
    Now: what the running systemd says of the unit. Boot: unit files, masks, aliases, and the links that pull the unit
    (or its socket) into the default target, and ``Wants=``, ``Requires=`` … of units that start; ``systemd.mask=``,
    ``systemd.wants=``, ``systemd.unit=`` and words such as ``rescue`` on the kernel's command line.

    ## How to fix it
    ``systemctl start UNIT`` for now, ``systemctl enable UNIT`` for the next boot; before them, where
    it is masked, ``systemctl unmask UNIT``.

    ## Sources
    systemctl(1), systemd.unit(5); kubeadm preflight ``Service-Kubelet``.
    """
    for unit in candidates(subject):
        state = services.units.get(unit)
        if state is not None and state.load != "not-found":
            yield from _running(subject, unit, state)
            return
    for unit in candidates(subject):
        # systemctl lists a unit by its own name alone.
        other = index().resolve(unit)
        state = services.units.get(other)
        if state is not None and state.load != "not-found":
            yield from _running(subject, other, state)
            return
    yield fail(f"systemd knows no unit {subject}.service", expected="active", evidence=[seen("systemctl list-units")])


def _running(subject: str, unit: str, state: ServiceState) -> Results:
    actual = f"{state.active} ({state.sub})"
    evidence = [seen("systemctl list-units", actual, locator=unit)]
    if state.active in ("active", "reloading"):
        yield ok(f"{unit} is {actual}", expected="active", actual=actual, evidence=evidence)
        return
    fix = Fix(f"Start {subject}", _steps(unit, state.load == "masked", "start"))
    yield fail(f"{unit} is {actual}", expected="active", actual=actual, evidence=evidence, fix=fix)


def _steps(unit: str, masked: bool, verb: str) -> tuple[Step, ...]:
    first = (command("systemctl", "unmask", unit),) if masked else ()
    return (*first, command("systemctl", verb, unit))


@service.at_boot
def service_boot(
    subject: str,
    index: UnitIndex,
    pulls: Lazy[ServicePulls],
    files: ServiceFiles,
    words: BootUnits,
    *,
    require: tuple[str, ...] = (),
) -> Results:
    """Whether something starts the unit at the next boot."""
    index = index.persistent()
    unit = next((name for name in candidates(subject) if index.exists(name)), None)
    if unit is None:
        evidence = [seen(f"/etc/systemd/system/{subject}.service"), seen(f"/usr/lib/systemd/system/{subject}.service")]
        yield fail(f"there is no unit {subject}.service", expected="enabled", evidence=evidence)
        return
    mask = index.mask(unit)
    fragment = index.fragment(unit) or ""
    if (error := files.unreadable.get(fragment)) is not None:
        message = f"the unit file of {subject} cannot be read: {error}"
        yield unknown(message, code=error.code, expected="enabled", evidence=[seen(fragment, error.detail)])
        return
    why = _pulled(index, unit, None)
    if why is None and mask is None:
        why = pulls().why(index, unit)
    if mask is None and (outcome := _by_cmdline(index, unit, words, why is not None)) is not None:
        yield outcome
        return
    if why is not None and mask is None:
        yield ok(f"{unit} starts at boot", expected="enabled", actual="enabled", evidence=[seen(why, unit)])
        return
    actual = "masked" if mask else "not enabled"
    fix = Fix(f"Enable {subject}", _steps(unit, mask is not None, "enable"))
    evidence = list(_where(index, unit, mask))
    message = f"{unit} is {actual}: nothing starts it at boot"
    yield fail(message, expected="enabled", actual=actual, evidence=evidence, fix=fix)


def _pulled(index: UnitIndex, unit: str, target: str | None) -> str | None:
    socket = unit.replace(".service", ".socket")
    return index.starts_at_boot(unit, target) or index.starts_at_boot(socket, target)


def _by_cmdline(index: UnitIndex, unit: str, words: BootUnits, enabled: bool) -> Outcome | None:
    """What the command line of the next boot makes of a unit; None where it says nothing that changes it."""
    word = words.masks(unit)
    wanted = words.wants(unit)
    if word is None and enabled and words.target is not None and wanted is None:
        target = words.target[0]
        word = words.target[1] if target in RESCUES and _pulled(index, unit, target) is None else None
    source = words.source or "command line"
    if word is not None:
        text = f"Remove {word} from the boot loader's configuration (EL: grubby --remove-args)."
        return fail(
            f"{word} on the kernel command line keeps {unit} from starting", expected="enabled", actual="not started",
            evidence=[seen(source, word, line=words.line)], fix=by_hand(f"Let {unit} start", text),
        )  # fmt: skip
    if wanted is not None and not enabled:
        message = f"{wanted} on the kernel command line starts {unit}"
        return ok(message, expected="enabled", actual="enabled", evidence=[seen(source, wanted, line=words.line)])
    return None


def _where(index: UnitIndex, unit: str, mask: str | None) -> Iterator[Evidence]:
    if mask is not None:
        yield seen(mask, "masked")
    elif (fragment := index.fragment(unit)) is not None:
        yield seen(fragment, unit)
    yield seen(f"/etc/systemd/system/multi-user.target.wants/{unit}")
