"""A service at the next boot, by the files on disk."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.checking import Evidence, Outcome, fail, ok, seen, unknown
from nodecheck.facts import BootStarts, UnitIndex
from nodecheck.facts.services.unit_start import CONFLICT, MASK, MASK_WORD, PRESET, SHELL, TARGET, WORD, Stop, UnitStart
from nodecheck.facts.services.units import BOOT_TARGETS, RESCUES
from nodecheck.fix import MANUAL, Fix, Step, by_hand, command, manual
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING
from nodecheck_checks.services.names import candidates, to_install

if TYPE_CHECKING:
    from nodecheck.facts.services.service_units import ServiceUnit


class Boot(NamedTuple):
    """One service, and what is known of the next boot."""

    subject: str
    starts: BootStarts

    @property
    def units(self) -> UnitIndex:
        """The unit files as the next boot finds them."""
        return self.starts.index


def boot_outcome(boot: Boot) -> Outcome:
    """Whether the service starts at the next boot."""
    unit = next((name for name in candidates(boot.subject) if boot.units.exists(name)), None)
    if unit is None:
        return _without_unit(boot)
    found = boot.starts.of(unit)
    stop = found.stop()
    if stop is None:
        return _started(boot, found)
    if stop.kind in (MASK_WORD, TARGET, SHELL):
        return by_cmdline(unit, stop)
    if found.pull is None:
        return _not_enabled(boot, unit, stop)
    message = f"{unit} is enabled and will not start: {stop.message}"
    evidence = [*_pull_seen(found), *stop.evidence]
    return fail(message, expected="enabled", actual="not started", evidence=evidence, fix=_fix(boot, stop))


def _started(boot: Boot, found: UnitStart) -> Outcome:
    """A unit that is shown to start, or of which nobody can tell."""
    evidence = [*_pull_seen(found), *found.doubt]
    if found.error is not None:
        if not found.doubt:
            raise found.error
        return unknown(found.error.detail, code=found.error.code, expected="enabled", evidence=evidence)
    if found.fails is not None:
        evidence += found.fails.evidence
        message = f"{found.unit} is enabled and will not start: {found.fails.message}"
        fix = _fix(boot, found.fails)
        return fail(message, expected="enabled", actual="not started", evidence=evidence, fix=fix)
    if found.pull is not None and found.pull.how == WORD:
        message = f"{found.pull.value} on the kernel command line starts {found.unit}"
    else:
        by_preset = found.pull is not None and found.pull.how == PRESET
        how = ", enabled by the presets of the first boot" if by_preset else ""
        message = f"{found.script or found.unit} starts at boot{how}"
    return ok(message, expected="enabled", actual="enabled", evidence=evidence)


def _pull_seen(found: UnitStart) -> tuple[Evidence, ...]:
    pull = found.pull
    if pull is None or pull.how == PRESET:
        return found.preset
    return (seen(pull.source, pull.value or found.unit, line=pull.line),)


def _fix(boot: Boot, stop: Stop) -> Fix:
    title = f"Let {boot.subject} start"
    return Fix(title, (command(*stop.argv),)) if stop.argv else by_hand(title, stop.mend)


def _without_unit(boot: Boot) -> Outcome:
    """A service without a unit file: perhaps a System V script, of which a generator makes one."""
    asked = [boot.starts.of(unit) for unit in candidates(boot.subject)]
    found = next((start for start in asked if start.script is not None), asked[0])
    stop = found.stop()
    if stop is not None and (stop.kind == SHELL or (found.script and stop.by_cmdline)):
        return by_cmdline(found.unit, stop)
    if found.script is None:
        boot.starts.halted(found.unit)  # raises where nobody can tell what is started at all
        return _not_there(boot)
    if stop is None:
        return _started(boot, found)
    name = found.script.rpartition("/")[2].removesuffix(".sh")
    how = f"update-rc.d {name} defaults (Debian), or chkconfig {name} on (Red Hat)"
    fix = by_hand(f"Enable {boot.subject}", how) if stop.kind != CONFLICT else _fix(boot, stop)
    return fail(stop.message, expected="enabled", actual="not enabled", evidence=stop.evidence, fix=fix)


def _not_there(boot: Boot) -> Outcome:
    folders = ("/etc/systemd/system", "/usr/lib/systemd/system")
    unit = candidates(boot.subject)[0]
    evidence = [seen(f"{folder}/{unit}") for folder in folders]
    return fail(f"there is no unit {unit}", expected="enabled", evidence=evidence, fix=to_install(unit))


def _not_enabled(boot: Boot, unit: str, stop: Stop) -> Outcome:
    mask = stop.source if stop.kind == MASK else None
    text = boot.starts.text(unit)
    actual = "masked" if mask else "not enabled"
    message = f"{unit} is {actual}: nothing starts it at boot"
    fix = _enabling_fix(boot, unit, mask, text)
    evidence = list(_where(boot.units, unit, mask))
    return fail(message, expected="enabled", actual=actual, evidence=evidence, fix=fix)


def _enabling_fix(boot: Boot, unit: str, mask: str | None, text: ServiceUnit | None) -> Fix:
    title = f"Enable {boot.subject}"
    unit = boot.units.resolve(unit)  # systemctl refuses to enable an alias
    if mask is not None and (text is None or not mask.startswith("/etc/")):
        return by_hand(title, f"{mask} masks it: remove it, and install what brings {unit}")
    emptied = _emptied(boot.units, unit)
    if emptied is not None:
        return by_hand(title, f"Remove {emptied}, a link to /dev/null; then systemctl enable {unit}")
    steps = tuple(_enabling(boot, unit, mask, text))
    stop = text.obstacle if text is not None else None
    if stop is None:
        return Fix(title, steps)
    if stop.argv:
        return Fix(title, (*steps, command(*stop.argv)))
    return Fix(title, (*steps, manual(f"{stop.message}: {stop.mend}")), MANUAL)


def _enabling(boot: Boot, unit: str, mask: str | None, text: ServiceUnit | None) -> Iterator[Step]:
    if mask is not None:
        yield command("systemctl", "unmask", unit)
    target = boot.units.default_target()
    reached = BOOT_TARGETS | {target}
    into = () if text is None else [name for name in text.installs_into if not boot.units.masked(name)]
    installed = text is None or any(boot.units.resolve(name) in reached for name in into)
    if installed and not _is_elsewhere(boot.units.beneath_mask(unit), unit):
        yield command("systemctl", "enable", unit)
    else:  # static: systemctl enable makes no link
        yield command("systemctl", "add-wants", target if target not in RESCUES else "multi-user.target", unit)


def _is_elsewhere(index: UnitIndex, unit: str) -> bool:
    """Whether links in ``/etc`` lead to it that no boot follows, of other targets or in the name of an alias:
    ``systemctl is-enabled`` says enabled then."""
    own = [entry.path for name in index.names_of(unit)[1:] for entry in index.files[name][:1]]
    in_etc = any(path.startswith("/etc/") for path in (*own, *[path for _, path in index.pulls(unit)]))
    socket = f"{unit.rpartition('.')[0]}.socket"
    return in_etc and index.starts_at_boot(unit) is None and index.starts_at_boot(socket) is None


def _emptied(index: UnitIndex, unit: str) -> str | None:
    """A link to ``/dev/null`` in a ``.wants`` directory in the unit's name, which ``systemctl`` takes for enabled."""
    names = index.names_of(unit)
    return next((path for path in sorted(index.empty) if _is_link_of(path, names)), None)


def _is_link_of(path: str, names: tuple[str, ...]) -> bool:
    folder, _, name = path.rpartition("/")
    return name in names and folder.endswith((".wants", ".requires", ".upholds"))


def by_cmdline(unit: str, stop: Stop) -> Outcome:
    """What the command line of the next boot keeps from starting."""
    fix = by_hand(f"Let {unit} start", stop.mend)
    return fail(stop.message, expected="enabled", actual="not started", evidence=stop.evidence, fix=fix)


def _where(index: UnitIndex, unit: str, mask: str | None) -> Iterator[Evidence]:
    if mask is not None:
        yield seen(mask, "masked")
    elif (fragment := index.fragment(unit)) is not None:
        yield seen(fragment, unit)
    yield seen(f"/etc/systemd/system/multi-user.target.wants/{unit}")
