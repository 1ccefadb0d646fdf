"""What mends a kernel parameter, now and for the next boot."""

from __future__ import annotations

from nodecheck.facts import BootSysctls
from nodecheck.facts.files.conf_dirs import free_name
from nodecheck.facts.kernel.loading import BootVerdict
from nodecheck.facts.sysctl.at_boot import PROCPS, SYSCTL_CONF, UNIT, Held
from nodecheck.facts.sysctl.conf import NAME
from nodecheck.facts.sysctl.runs import SysctlRun
from nodecheck.facts.sysctl.tuned import MAIN_CONF, TUNED
from nodecheck.facts.sysctl.variables import module_of, same_variable
from nodecheck.fix import MANUAL, Create, Fix, Step, by_hand, command, create, edit
from nodecheck.formats.sysctl_keys import dotted
from nodecheck.formats.sysctl_lines import Setting
from nodecheck.requirements.wanted import meets, value_for


def now_fix(path: str, wanted: str, load: Fix | None = None) -> Fix:
    """Write the value, after what loads the module where the key is not there."""
    value, key = value_for(wanted), dotted(path)
    if value is None:
        return by_hand(f"Set {key}", f"choose a value for {key} that is {wanted}, and set it with sysctl -w")
    if load is not None and load.safety == MANUAL:
        return load
    steps = () if load is None else load.steps
    return Fix(f"Set {key} to {value}", (*steps, command("sysctl", "-w", f"{key}={value}")))


def boot_fix(
    path: str,
    wanted: str,
    sysctls: BootSysctls,
    held: Held,
    verdict: BootVerdict | None,
    load: Fix | None = None,
) -> Fix | None:
    """A file that wins, the module before it, and the service that applies it.

    ``load`` is what makes the next boot load the module where it would not.
    """
    value, key = value_for(wanted), dotted(path)
    title = f"Set {key} at boot"
    if value is None:
        return by_hand(title, f"choose a value for {key} that is {wanted}, and set it in /etc/sysctl.d")
    if sysctls.writer.by_cmdline:
        return by_hand(title, f"take this out of the boot loader's configuration: {sysctls.writer.why}")
    if held.by in sysctls.credential:
        return by_hand(title, f"take {key} out of the credential {NAME} ({held.by.source}), which beats every file")
    if held.by is not None and held.by.path not in same_variable(path) and "*" not in held.by.path:
        return by_hand(title, f"{dotted(held.by.path)} ({held.by.source}) sets {key} too: decide which of them counts")
    if load is not None and load.safety == MANUAL:
        return load
    steps: list[Step] = [] if load is None else list(load.steps)
    if sysctls.writer.name is None and not _service(sysctls):
        return by_hand(title, f"{sysctls.writer.why}: let it apply the files of /etc/sysctl.d, and set {key} = {value}")
    module = module_of(path)
    if module is not None and verdict is not None and not _named_early(verdict):
        named = any(isinstance(step, Create) and "/modules-load.d/" in step.path for step in steps)
        steps += [] if named else [create(f"/etc/modules-load.d/nodecheck-{module}.conf", f"{module}\n")]
    steps += _service(sysctls)
    last, run = held.by, sysctls.run_of(held.by)
    if last is not None and run is not None and run.command.text == TUNED:
        return _tuned_fix(title, key, value, last, run)
    if last is not None and run is not None and last.source == run.command.source:
        return by_hand(title, f"take {key} out of {last.text!r} in {last.source}")
    if last is not None and last.source == SYSCTL_CONF and (run is not None or sysctls.writer.name == PROCPS):
        steps.append(edit(SYSCTL_CONF, last.text, f"{key} = {value}"))
    elif last is None or held.value is None or not meets(held.value, wanted):  # else the module alone is missing
        lines = "".join(f"{dotted(name)} = {value}\n" for name in same_variable(path))
        steps.append(create(f"/etc/sysctl.d/{free_name(file_name(path, held), sysctls.files)}", lines))
    return Fix(title, tuple(steps))


def _named_early(verdict: BootVerdict) -> bool:
    """Whether what loads the module, or would were it not stopped, comes before the files are applied."""
    return verdict.early or (verdict.load is not None and verdict.load.early)


def _tuned_fix(title: str, key: str, value: str, last: Setting, run: SysctlRun) -> Fix:
    """TuneD's profile wins only where it does not apply sysctl.d once more after its own."""
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


def file_name(path: str, held: Held) -> str:
    """The name of a drop-in of its own for a key, after all that set the key now (byte order)."""
    key = dotted(path).replace("/", "_")
    lines = (*held.beaten, *((held.by,) if held.by is not None else ()))
    last = max((line.source.rpartition("/")[2].encode("utf-8", "surrogateescape") for line in lines), default=b"")
    for start in ("99-nodecheck", "zz-nodecheck"):
        name = f"{start}-{key}.conf"
        if name.encode() > last:
            return name
    return f"{last.decode('utf-8', 'backslashreplace').removesuffix('.conf')}_nodecheck-{key}.conf"
