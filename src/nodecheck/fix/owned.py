"""Fixes for what somebody else keeps: made where the owner keeps it, or told so. Functions of a fix and its owners."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.errors import FactError
from nodecheck.facts.distro.image import ImageSystem
from nodecheck.facts.distro.owners import Owner, Owners
from nodecheck.json_text import json_text
from nodecheck.model.steps import MANUAL, Command, Create, Edit, Fix, Step, manual
from nodecheck.record import NamedTuple
from nodecheck.text import printable


def owned(fix: Fix, owners: Owners) -> Fix:
    """The fix as the node's owners let it be made: unchanged where nobody keeps what it changes."""
    image = owners.image
    if isinstance(image, ImageSystem) and image.name is not None and not image.writes_etc:
        return _of_image(fix, image)
    steps: list[Step] = []
    notes: dict[str, None] = {}
    refused = False
    if isinstance(image, FactError):
        notes[f"whether this system is an image that is changed as a whole cannot be told: {image}"] = None
    for step in fix.steps:
        owner = _owner(step, owners)
        if isinstance(owner, FactError):
            notes[f"who keeps {owner.source} cannot be told: {owner.detail}"] = None
        elif owner is not None and owner.lasts:
            notes[_also(step, owner)] = None
        elif owner is not None:
            step, refused = manual(_instead(step, owner)), True
        steps.append(step)
    if not refused and not notes:
        return fix
    steps.extend(manual(note) for note in notes)
    return fix._replace(steps=tuple(steps), safety=MANUAL if refused else fix.safety)


def _owner(step: Step, owners: Owners) -> Owner | FactError | None:
    if isinstance(step, Command):
        link = _link(step)
        return None if link is None else owners.of_link(link)
    if not isinstance(step, (Edit, Create)):
        return None
    image = owners.image
    if isinstance(image, ImageSystem) and image.name is not None and step.path.startswith(("/usr/", "/lib/")):
        return Owner(image.name, image.place, "/usr belongs to the image")
    return owners.of(step.path, step.before if isinstance(step, Edit) else None)


def _link(step: Command) -> str | None:
    from nodecheck.fix.actions import action_of

    return action_of(step).link


def _path(step: Step) -> str:
    """What a step changes, in words."""
    if isinstance(step, Command):
        return f"the settings of {printable(_link(step) or '')}"
    return printable(step.path) if isinstance(step, (Edit, Create)) else ""


def _also(step: Step, owner: Owner) -> str:
    return f"{owner.name} keeps {_path(step)} ({owner.because}): make the change in {owner.place} too"


def _instead(step: Step, owner: Owner) -> str:
    return (
        f"{owner.name} keeps {_path(step)} ({owner.because}): change {owner.place} so that it comes to: {_told(step)}"
    )


def _told(step: Step) -> str:
    if isinstance(step, Create) and step.content:
        return f"{printable(step.path)} (mode {step.mode}) holds {printable(repr(step.content[:2000]))}"
    from nodecheck.fix.text import told

    return told(step)


class KernelSettings(NamedTuple):
    """Kernel parameters and modules that the steps of a fix set."""

    sysctls: tuple[tuple[str, str], ...] = ()
    modules: tuple[str, ...] = ()
    whole: bool = True
    """The steps do nothing else."""


def settings_of(steps: Iterable[Step]) -> KernelSettings:
    """What the steps set, by their files and commands.

    >>> settings_of([Create("/etc/sysctl.d/99-x.conf", "0644", "vm.a = 1\\n")])
    KernelSettings(sysctls=(('vm.a', '1'),), modules=(), whole=True)
    """
    from nodecheck.fix.actions import action_of
    from nodecheck.formats.sysctl_keys import dotted

    sysctls: dict[str, str] = {}
    modules: dict[str, None] = {}
    whole = True
    for step in steps:
        action = action_of(step)
        found = action.goals if action.persists is None else action.persists
        sysctls.update({dotted(goal.name): goal.value for goal in found if goal.kind == "sysctl"})
        modules.update(dict.fromkeys([goal.name for goal in found if goal.kind == "module"]))
        known = bool(found) and all(goal.kind in ("sysctl", "module") for goal in found)
        whole = whole and (known or action.persists is not None)
    return KernelSettings(tuple(sysctls.items()), tuple(modules), whole)


def _of_image(fix: Fix, image: ImageSystem) -> Fix:
    """By hand, in the system's own words where they are known; what holds only until the next boot stays as it is."""
    shells = image.name not in ("Talos", "Bottlerocket")
    if shells and all(_passes(step) for step in fix.steps):
        return fix
    settings = settings_of(fix.steps)
    words = tuple(_in_words(image.name or "", settings)) if settings.whole else ()
    if not words:
        words = tuple(f"what is wanted: {_told(step)}" for step in fix.steps)
    steps = tuple([manual(f"{image.name} is configured by {image.place}: {text}") for text in words])
    return fix._replace(steps=steps, safety=MANUAL)


def _passes(step: Step) -> bool:
    """Whether a step changes nothing that outlives a reboot."""
    from nodecheck.fix.actions import action_of

    return not action_of(step).lasts


def _in_words(name: str, settings: KernelSettings) -> Iterator[str]:
    if name == "Talos":
        yield from (f'machine.sysctls: {key}: "{value}"' for key, value in settings.sysctls)
        yield from (f"machine.kernel.modules: - name: {module}" for module in settings.modules)
    elif name == "Bottlerocket":
        kernel: dict[str, object] = {}
        if settings.sysctls:
            kernel["sysctl"] = dict(settings.sysctls)
        if settings.modules:
            kernel["modules"] = {module: {"allowed": True, "autoload": True} for module in settings.modules}
        yield f"apiclient set --json '{json_text({'kernel': kernel})}'"
    elif name == "NixOS":
        yield from (f'boot.kernel.sysctl."{key}" = "{value}";' for key, value in settings.sysctls)
        if settings.modules:
            yield "boot.kernelModules = [ " + " ".join(f'"{module}"' for module in settings.modules) + " ];"
