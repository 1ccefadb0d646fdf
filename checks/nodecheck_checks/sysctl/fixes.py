"""What mends a kernel parameter, now and for the next boot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nodecheck import facts
from nodecheck.checking import Lazy
from nodecheck.errors import FactError
from nodecheck.facts import BootSysctls
from nodecheck.facts.kernel.loading import BootVerdict
from nodecheck.facts.kernel.modules_load import ModulesLoad
from nodecheck.facts.sysctl.at_boot import PROCPS, SYSCTL_CONF, SYSCTL_DIRS, UNIT, Held
from nodecheck.facts.sysctl.variables import module_of, same_variable
from nodecheck.fix import MANUAL, Create, Edit, Fix, Step, by_hand, command, edit
from nodecheck.formats.sysctl_keys import dotted, glob_matches, is_glob, key_path
from nodecheck.record import NamedTuple
from nodecheck.requirements.wanted import meets, value_for
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.sysctl.runs import SysctlRun
    from nodecheck.formats.sysctl_lines import Setting


def now_fix(path: str, wanted: str, load: Fix | None = None) -> Fix:
    """Write the value, after what loads the module where the key is not there."""
    value, key = value_for(wanted), dotted(path)
    if value is None:
        return by_hand(f"Set {key}", f"choose a value for {key} that is {wanted}, and set it with sysctl -w")
    if load is not None and load.safety == MANUAL:
        return load
    steps = () if load is None else load.steps
    return Fix(f"Set {key} to {value}", (*steps, command("sysctl", "-w", f"{key}={value}")))


class KeyAsked(NamedTuple):
    """A key that is asked of the next boot, and by whom."""

    path: str
    wanted: str
    why: str
    """The result's id and the reason, for a comment."""
    beside: Mapping[str, str] = {}
    """All that the same check asks for, key to what is wanted: it shares one file."""


class ModuleAtBoot(NamedTuple):
    """What becomes of the module that brings a key, and what the init is told to load."""

    verdict: BootVerdict
    wishes: ModulesLoad


def boot_fix(
    key: KeyAsked, sysctls: BootSysctls, held: Held, module: ModuleAtBoot | None, load: Fix | None = None
) -> Fix | None:
    """A file that wins, the module before it, and the service that applies it.

    ``load`` is what makes the next boot load the module where it would not.
    """
    from nodecheck.facts.sysctl.runs import TUNED

    value, name = value_for(key.wanted), dotted(key.path)
    title = f"Set {name} at boot"
    by_person = _for_a_person(key, sysctls, held)
    if value is None or by_person is not None:
        return by_hand(title, by_person or f"choose a value for {name} that is {key.wanted}, for /etc/sysctl.d")
    if load is not None and load.safety == MANUAL:
        return load
    steps: list[Step] = [] if load is None else list(load.steps)
    if sysctls.writer.name is None and not _service(sysctls):
        why = sysctls.writer.why
        return by_hand(title, f"{why}: let it apply the files of /etc/sysctl.d, and set {name} = {value}")
    if module is not None and not _named_early(module.verdict):
        named = any(isinstance(step, (Create, Edit)) and "/modules-load.d/" in step.path for step in steps)
        steps += [] if named else _module_steps(key, module.wishes)
    steps += _service(sysctls)
    last, run = held.by, sysctls.run_of(held.by)
    if last is not None and run is not None and run.command.text == TUNED:
        return _tuned_fix(title, name, value, last, run)
    if last is not None and run is not None and last.source == run.command.source:
        return by_hand(title, f"take {name} out of {last.text!r} in {last.source}")
    if last is not None and last.source == SYSCTL_CONF and (run is not None or sysctls.writer.name == PROCPS):
        steps.append(edit(SYSCTL_CONF, last.text, f"{name} = {value}"))
    elif last is not None and run is not None and not run.everything:  # a file of its own, read after all others
        if not last.source.startswith("/etc/") or dotted(last.path) != name:
            return by_hand(title, f"{run.command.text!r} applies {last.source} after all files: take {name} out of it")
        steps.append(edit(last.source, last.text, f"{name} = {value}"))
    elif not _files_suffice(key, sysctls, held):
        steps.append(_file_step(key, value, sysctls, held))
    return Fix(title, tuple(steps))


def _files_suffice(key: KeyAsked, sysctls: BootSysctls, held: Held) -> bool:
    """Whether a line sets what is wanted, now or once the module is there before the files: that alone is missing."""
    found = (held, sysctls.held(key.path))
    return any(one.by is not None and one.value is not None and meets(one.value, key.wanted) for one in found)


def set_by_udev(module: str, path: str, udev: Lazy[facts.UdevSysctls]) -> Fix | None:
    """What is to be done where a rule gives the key a value of its own once the module is there: a file may lose."""
    try:
        rule = udev().sets(module, path)
    except FactError:
        return None
    if rule is None:
        return None
    text = f"{rule.text!r} in {rule.path} sets it when {module} is loaded: take it out, and plan again"
    return by_hand(f"Let no rule of udev set {dotted(path)}", text)


def _for_a_person(key: KeyAsked, sysctls: BootSysctls, held: Held) -> str | None:
    """What no file mends, and what a person can do about it."""
    from nodecheck.facts.sysctl.conf import NAME

    name, by = dotted(key.path), held.by
    if sysctls.writer.by_cmdline:
        return f"take this out of the boot loader's configuration: {sysctls.writer.why}"
    if by is None:
        return None
    if by in sysctls.credential:
        return f"take {name} out of the credential {NAME} ({by.source}), which beats every file"
    if by.path not in same_variable(key.path) and "*" not in by.path:
        return f"{dotted(by.path)} ({by.source}) sets {name} too: decide which of them counts"
    return None


def _module_steps(key: KeyAsked, wishes: ModulesLoad) -> list[Step]:
    module = module_of(key.path)
    if module is None:
        return []
    from nodecheck_checks.kernel.module_fixes import load_step

    return [load_step(module, wishes, why_module(key))]


def why_module(key: KeyAsked) -> str:
    """Why a key's module is loaded, for a comment."""
    return f"{_finding(key)}: only this module brings it"


def _finding(key: KeyAsked) -> str:
    return key.why.partition(": ")[0]


def _file_step(key: KeyAsked, value: str, sysctls: BootSysctls, held: Held) -> Step:
    """The line where it wins: in a file of nodecheck's that has a wrong one, else in the one file for them all."""
    wrong = _own_line(sysctls, held)
    if wrong is not None and held.by is not None:
        return edit(wrong[0], wrong[1], f"{dotted(held.by.path)} = {value}")
    from nodecheck.fix.setting_files import setting, with_settings

    names = same_variable(key.path)
    lines = [setting(f"{dotted(key.path)} = {value}", key.why)]
    other = f"{_finding(key)}: the same switch by its other name, which other files may set"
    lines += [setting(f"{dotted(name)} = {value}", other) for name in names if name != key.path]
    name = file_name(key, sysctls, held)
    own = next((file for file in sysctls.own if file.name == name), None)
    return with_settings(f"/etc/sysctl.d/{name}", own, "".join(lines))


def _own_line(sysctls: BootSysctls, held: Held) -> tuple[str, str] | None:
    """Path and text of the line that wins, where it stands in a file that a plan wrote and names one key."""
    by = held.by
    if by is None or by.line is None or "*" in by.path:
        return None
    file = next((file for file in sysctls.own if file.path == by.source), None)
    return None if file is None or by.line > len(file.lines) else (file.path, file.lines[by.line - 1])


def _named_early(verdict: BootVerdict) -> bool:
    """Whether what loads the module, or would were it not stopped, comes before the files are applied."""
    return verdict.early or (verdict.load is not None and verdict.load.early)


def _tuned_fix(title: str, key: str, value: str, last: Setting, run: SysctlRun) -> Fix:
    """TuneD's profile wins only where it does not apply sysctl.d once more after its own."""
    from nodecheck.facts.sysctl.runs import MAIN_CONF

    if last.source.startswith("/etc/") and dotted(last.path) == key:
        return Fix(title, (edit(last.source, last.text, f"{key}={value}"),))
    active = " ".join(run.command.words[1:])
    text = (
        f"TuneD sets {last.text.strip()!r} ({last.source}) after sysctl.d, and reapply_sysctl in {MAIN_CONF} is off: "
        f"set {key}={value} in the section [sysctl] of a profile of your own, /etc/tuned/NAME/tuned.conf with "
        f"include={active} in its section [main], and run tuned-adm profile NAME; or set reapply_sysctl = 1"
    )
    return by_hand(title, text)


def _service(sysctls: BootSysctls) -> tuple[Step, ...]:
    if sysctls.writer.name is not None:
        return ()
    if "masked" in sysctls.writer.why:
        return (command("systemctl", "unmask", UNIT),)
    if "OpenRC" in sysctls.writer.why:
        return (command("rc-update", "add", "sysctl", "boot"),)
    return ()


NAMES = ("99-nodecheck.conf", "zz-nodecheck.conf")
"""The file of all keys, and what it is called where a later name sets one of them."""


def file_name(key: KeyAsked, sysctls: BootSysctls, held: Held) -> str:
    """The name of the file for a key, and for what is asked beside it: after all that set one of them (byte order)."""
    lines = (*held.beaten, *((held.by,) if held.by is not None else ()), *_rivals(key, sysctls))
    last = max([_base(line.source) for line in lines if line.source.startswith(SYSCTL_DIRS)], default=b"")
    there = {file.name for file in sysctls.own if file.end is not None}
    names = NAMES[1:] if NAMES[1] in there else NAMES
    for name in names:
        if name.encode() >= last:
            return _usable(name, sysctls, there)
    return _usable(f"{last.decode('utf-8', 'backslashreplace').removesuffix('.conf')}_nodecheck.conf", sysctls, there)


def _usable(name: str, sysctls: BootSysctls, there: set[str]) -> str:
    """The name, or one that sorts right after it where a file has it to which nothing can be added."""
    taken = {file.name for file in sysctls.files}
    while name in taken and name not in there:
        name = f"{name.removesuffix('.conf')}_.conf"
    return name


def _base(source: str) -> bytes:
    return source.rpartition("/")[2].encode("utf-8", "surrogateescape")


def _rivals(key: KeyAsked, sysctls: BootSysctls) -> Iterator[Setting]:
    """The lines that set a key of the same check to what is not wanted; those of plans are changed where they are."""
    own = {file.path for file in sysctls.own}
    asked = {name: wanted for key, wanted in key.beside.items() for name in same_variable(key_path(key))}
    for line in sysctls.settings:
        names = [name for name in asked if glob_matches(line.path, name)] if is_glob(line.path) else [line.path]
        value = line.value
        wrong = value is not None and any(name in asked and not meets(value, asked[name]) for name in names)
        if wrong and line.source not in own:
            yield line
