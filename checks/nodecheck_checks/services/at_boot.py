"""A service at the next boot, by the files on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from nodecheck.checking import Evidence, Lazy, Outcome, fail, ok, seen, unknown
from nodecheck.facts.services.cmdline import BootUnits
from nodecheck.facts.services.presets import MACHINE_ID, FirstBoot, Preset
from nodecheck.facts.services.service_units import ServiceUnit
from nodecheck.facts.services.sysv import SysvScripts
from nodecheck.facts.services.unit_pulls import ServicePulls
from nodecheck.facts.services.units import BOOT_TARGETS, RESCUES, UnitIndex
from nodecheck.fix import MANUAL, Fix, Step, by_hand, command, manual
from nodecheck.record import NamedTuple
from nodecheck_checks.services.names import candidates, to_install


class Boot(NamedTuple):
    """One service, and what is known of the next boot."""

    subject: str
    units: UnitIndex
    words: BootUnits
    text: Callable[[str], ServiceUnit | None]
    """A unit's text. Raises FactError for one that cannot be read."""
    texts: Callable[[], Iterable[ServiceUnit]]
    """The units that may conflict with it."""
    pulls: Lazy[ServicePulls]
    scripts: Lazy[SysvScripts]
    first: Lazy[FirstBoot]


def boot_outcome(boot: Boot) -> Outcome:
    """Whether the service starts at the next boot."""
    unit = next((name for name in candidates(boot.subject) if boot.units.exists(name)), None)
    if unit is None:
        return _script(boot)
    mask = boot.units.mask(unit)
    text = boot.text(boot.units.resolve(unit))
    why = _pulled(boot.units, unit, None)
    if why is None and mask is None:
        pulls = boot.pulls()
        why = pulls.why(boot.units, unit) or pulls.link(boot.units, unit)
    if mask is None and (outcome := _by_cmdline(boot, unit, why is not None)) is not None:
        return outcome
    preset = boot.first().preset(unit) if mask is None else None
    by_preset = why is None and preset is not None and preset.verb == "enable" and _is_installed(boot, text)
    if mask is not None or (why is None and not by_preset):
        return _not_enabled(boot, unit, mask, text)
    evidence = [seen(why, unit)] if why is not None else []
    by_link = why is not None and why.startswith("/etc/")
    if preset is not None and (by_preset or (by_link and preset.verb == "disable" and boot.first().full)):
        evidence += _preset_seen(boot, preset)
        if not by_preset:
            message = f"{unit} is enabled, and the first boot may disable it, as {preset.path} says"
            return unknown(message, code="unsupported", expected="enabled", evidence=evidence)
    if text is not None and (stop := text.obstacle) is not None:
        evidence.append(seen(stop.source, stop.text, line=stop.line))
        message = f"{unit} is enabled and will not start: {stop.message}"
        title = f"Let {boot.subject} start"
        fix = Fix(title, (command(*stop.argv),)) if stop.argv else by_hand(title, stop.mend)
        return fail(message, expected="enabled", actual="not started", evidence=evidence, fix=fix)
    rival = _rival(boot, unit)
    if rival is not None:
        return _excluded(boot, unit, rival, text, evidence)
    how = ", enabled by the presets of the first boot" if by_preset else ""
    return ok(f"{unit} starts at boot{how}", expected="enabled", actual="enabled", evidence=evidence)


def _is_installed(boot: Boot, text: ServiceUnit | None) -> bool:
    """Whether enabling a unit has the boot start it."""
    reached = BOOT_TARGETS | {boot.units.default_target()}
    return text is not None and any(boot.units.resolve(name) in reached for name in text.installs_into)


def _preset_seen(boot: Boot, preset: Preset) -> list[Evidence]:
    line = seen(preset.path, preset.text.strip(" \t\r"), line=preset.line)
    return [line] if preset.path == MACHINE_ID else [seen(MACHINE_ID, boot.first().machine_id), line]


def _rival(boot: Boot, unit: str) -> ServiceUnit | None:
    """A unit that starts at the same boot and names this one in ``Conflicts=``.

    systemd keeps the start of the one that names the other, whatever order they are in and whether or not its own
    conditions hold (``transaction.c``, ``delete_one_unmergeable_job``).
    """
    names = boot.units.names_of(unit)
    named = (one for one in boot.texts() if one.name not in names and any(name in names for name in one.conflicts))
    return next((one for one in named if boot.units.starts_at_boot(one.name) and not boot.words.masks(one.name)), None)


def _excluded(boot: Boot, unit: str, rival: ServiceUnit, text: ServiceUnit | None, evidence: list[Evidence]) -> Outcome:
    evidence = [*evidence, seen(rival.fragment, f"Conflicts={' '.join(rival.conflicts)}")]
    evidence.append(seen(boot.units.starts_at_boot(rival.name) or rival.fragment, rival.name))
    if text is not None and any(boot.units.resolve(name) == rival.name for name in text.conflicts):
        message = f"{unit} and {rival.name} are both enabled and exclude each other: which one starts is not known"
        return unknown(message, code="unsupported", expected="enabled", evidence=evidence)
    pull = _strong_pull(boot, unit)
    if pull is not None:
        message = f"{rival.name}, which is enabled too, conflicts with {unit}, which another unit may require"
        return unknown(message, code="unsupported", expected="enabled", evidence=[*evidence, seen(pull, unit)])
    message = f"{unit} is enabled and will not start: {rival.name}, which is enabled too, conflicts with it"
    fix = by_hand(f"Let {boot.subject} start", f"Choose one of the two: systemctl disable {rival.name}, or {unit}")
    return fail(message, expected="enabled", actual="not started", evidence=evidence, fix=fix)


def _strong_pull(boot: Boot, unit: str) -> str | None:
    """What may have systemd keep a unit and drop the other one: ``Requires=`` and its like, as a text or as a link."""
    links = [path for _, path in boot.units.pulls(unit) if path.rpartition("/")[0].endswith((".requires", ".upholds"))]
    return links[0] if links else boot.pulls().why(boot.units, unit)


def _script(boot: Boot) -> Outcome:
    """A service without a unit file: perhaps a System V script, of which a generator makes one."""
    found = boot.scripts().of(candidates(boot.subject, ""))
    if found is None:
        folders = ("/etc/systemd/system", "/usr/lib/systemd/system")
        evidence = [seen(f"{folder}/{candidates(boot.subject)[0]}") for folder in folders]
        unit = candidates(boot.subject)[0]
        return fail(f"there is no unit {unit}", expected="enabled", evidence=evidence, fix=to_install(unit))
    graphical = boot.units.default_target() == "graphical.target"
    link = next((link for level, link in found.links if level in "234" or (level == "5" and graphical)), None)
    if link is not None:
        message = f"{found.path} starts at boot"
        return ok(message, expected="enabled", actual="enabled", evidence=[seen(link, found.path)])
    how = f"update-rc.d {found.name} defaults (Debian), or chkconfig {found.name} on (Red Hat)"
    fix = by_hand(f"Enable {boot.subject}", how)
    evidence = [seen(found.path, "present"), seen(f"/etc/rc3.d/S??{found.name}")]
    message = f"{found.path} is in no runlevel: nothing starts it at boot"
    return fail(message, expected="enabled", actual="not enabled", evidence=evidence, fix=fix)


def _not_enabled(boot: Boot, unit: str, mask: str | None, text: ServiceUnit | None) -> Outcome:
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
    return in_etc and _pulled(index, unit, None) is None


def _emptied(index: UnitIndex, unit: str) -> str | None:
    """A link to ``/dev/null`` in a ``.wants`` directory in the unit's name, which ``systemctl`` takes for enabled."""
    names = index.names_of(unit)
    return next((path for path in sorted(index.empty) if _is_link_of(path, names)), None)


def _is_link_of(path: str, names: tuple[str, ...]) -> bool:
    folder, _, name = path.rpartition("/")
    return name in names and folder.endswith((".wants", ".requires", ".upholds"))


def _pulled(index: UnitIndex, unit: str, target: str | None) -> str | None:
    socket = f"{unit.rpartition('.')[0]}.socket"
    return index.starts_at_boot(unit, target) or index.starts_at_boot(socket, target)


def _by_cmdline(boot: Boot, unit: str, enabled: bool) -> Outcome | None:
    """What the command line of the next boot makes of a unit; None where it says nothing that changes it."""
    words = boot.words
    word = words.masks(unit)
    wanted = words.wants(unit)
    if word is None and enabled and words.target is not None and wanted is None:
        target = words.target[0]
        word = words.target[1] if target in RESCUES and _pulled(boot.units, unit, target) is None else None
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
