"""SELinux."""

from __future__ import annotations

from nodecheck.checking import Evidence, Lazy, Outcome, Results, Severity, check, fail, ok, seen, unknown
from nodecheck.errors import FactError
from nodecheck.facts import ContainerSelinux, OsRelease, SelinuxAtBoot, SelinuxConfig, SelinuxMode
from nodecheck.facts.distro.os_release import leading_numbers
from nodecheck.facts.security.selinux import DISABLED, ENFORCING, MODES, PERMISSIVE
from nodecheck.facts.security.selinux_boot import CONFIG
from nodecheck.fix import Fix, Step, by_hand, command, create, edit, manual
from nodecheck.record import NamedTuple


def _mode(text: str) -> None:
    if text not in MODES:
        raise ValueError(f"expected one of {', '.join(MODES)}, found {text!r}")


@check(severity=Severity.ERROR, tags=["security"], topic="security", verify={"allow": _mode}, by_host=True)
def selinux(
    mode: SelinuxMode,
    policy: Lazy[ContainerSelinux],
    config: Lazy[SelinuxConfig],
    *,
    allow: tuple[str, ...] = (),
) -> Results:
    """SELinux is in a mode in which containers work.

    ## Why it matters
    On an enforcing node without the container-selinux policy, containers cannot read their volumes and the kubelet's
    host paths; kubeadm's instructions ask for permissive. What `setenforce 0` does is lost at the next boot.

    ## What it looks at
    Now: `/sys/fs/selinux/enforce`. No mounted selinuxfs is not yet "disabled": a label `user:role:type[:level]` in
    `/proc/self/attr/current` (and `selinux` in `/sys/kernel/security/lsm`, where that can be read) means that SELinux
    is on and its mode cannot be seen, as in a container on an enforcing host: `unknown`. Another module's label, no
    such file, or `EINVAL` means disabled.

    Boot: `/etc/selinux/config` as libselinux reads it: the first line that begins with `SELINUX=` and a valid value
    counts; values are prefixes without regard to case; without a valid line the mode is permissive. A blank before
    the value is skipped from libselinux 3.4 on only. Then the command line of the boot loader's default entry, else
    `/proc/cmdline`: `selinux=0`, `security=` and `lsm=` without SELinux turn it off, the last `enforcing=` beats the
    file (but not `SELINUX=disabled`). Kernels that start AppArmor unless they are asked for SELinux (Debian, Ubuntu)
    are known, and `CONFIG_LSM` in the kernel's configuration is read where it is there. With neither the file nor a
    policy SELinux does nothing; where the root shows too little to tell that from files that were not collected, the
    result is `unknown`.

    Without a parameter: enforcing passes where the container-selinux policy is installed, because containers work with
    it, and is an error without it. Permissive is a note, because kubeadm's instructions ask for it. Disabled passes.
    Parameter: `allow` lists the modes that pass (`allow = ["disabled"]`); then every other mode is an error.

    ## How to fix it
    Install container-selinux, or turn SELinux off: `SELINUX=disabled` in `/etc/selinux/config`, and reboot. On RHEL 9
    and with kernels from 6.4 on, `selinux=0` on the kernel's command line is the full form. A plan changes the mode
    only where the profile says which are allowed.

    ## Sources
    libselinux `selinux_config.c` and `load_policy.c`; selinux(8); the kernel's `security/security.c`; RHEL 9, "Using
    SELinux", on disabling it; kubernetes/website#14457; containers/container-selinux, whose policy lets containers use
    their volumes on an enforcing node.
    """
    if mode.mode is None:
        message = "SELinux is enabled, and its mode cannot be seen from here"
        yield unknown(message, code="unsupported", actual="enabled", evidence=mode.evidence)
    elif _passes(mode.mode, allow):
        yield _good(mode.mode, f"SELinux is {mode.mode}", mode.evidence, allow)
    elif (confined := _confined(mode.mode, allow, policy)) is not None:
        yield _good(mode.mode, f"SELinux is {mode.mode}{WITH_POLICY}", (*mode.evidence, confined), allow)
    else:
        grade = _grade(mode.mode, allow, policy)
        fix = _now_fix(mode.mode, config, _wanted(allow)) if allow else _choice()
        yield _bad(
            mode.mode, f"SELinux is {mode.mode}{grade.why}", (*mode.evidence, *grade.evidence), allow, fix, grade
        )


@selinux.at_boot
def selinux_boot(
    boot: SelinuxAtBoot,
    policy: Lazy[ContainerSelinux],
    release: Lazy[OsRelease],
    *,
    allow: tuple[str, ...] = (),
) -> Results:
    """Judge the mode after the next boot."""
    message = f"SELinux will be {boot.mode}: {boot.why}"
    if boot.mode is None:
        message = f"the mode of SELinux at the next boot cannot be told: {boot.why}"
        yield unknown(message, code="not-found", evidence=boot.evidence)
    elif _passes(boot.mode, allow):
        yield _good(boot.mode, message + _note(boot, release), boot.evidence, allow)
    elif (confined := _confined(boot.mode, allow, policy)) is not None:
        yield _good(boot.mode, message + WITH_POLICY, (*boot.evidence, confined), allow)
    else:
        grade = _grade(boot.mode, allow, policy)
        fix = _boot_fix(boot.config, _wanted(allow)) if allow else _choice()
        yield _bad(boot.mode, message + grade.why, (*boot.evidence, *grade.evidence), allow, fix, grade)


class Grade(NamedTuple):
    """How bad a mode is, and what else was looked at for that."""

    severity: Severity
    why: str = ""
    evidence: tuple[Evidence, ...] = ()


def _passes(mode: str, allow: tuple[str, ...]) -> bool:
    return mode in (allow or (DISABLED,))


def _grade(mode: str, allow: tuple[str, ...], policy: Lazy[ContainerSelinux]) -> Grade:
    """An error where the profile says which modes it allows; else by whether containers work in that mode."""
    if allow:
        return Grade(Severity.ERROR)
    if mode != ENFORCING:
        return Grade(Severity.INFO)
    return Grade(Severity.ERROR, ", without container-selinux", tuple([seen(path) for path in policy().looked]))


WITH_POLICY = ", and container-selinux lets containers work with it"


def _confined(mode: str, allow: tuple[str, ...], policy: Lazy[ContainerSelinux]) -> Evidence | None:
    """The policy with which containers work in enforcing mode; None where it is not there, or the profile decides."""
    if allow or mode != ENFORCING or (path := policy().path) is None:
        return None
    return seen(path, "present")


def _expected(allow: tuple[str, ...]) -> str:
    return " or ".join(allow) or f"{DISABLED}, or {ENFORCING} with container-selinux"


def _good(mode: str, message: str, evidence: tuple[Evidence, ...], allow: tuple[str, ...]) -> Outcome:
    return ok(message, expected=_expected(allow), actual=mode, evidence=evidence)


def _bad(
    mode: str, message: str, evidence: tuple[Evidence, ...], allow: tuple[str, ...], fix: Fix, grade: Grade
) -> Outcome:
    expected = _expected(allow)
    return fail(message, expected=expected, actual=mode, evidence=evidence, fix=fix, severity=grade.severity)


def _note(boot: SelinuxAtBoot, release: Lazy[OsRelease]) -> str:
    """On RHEL 9 the kernel still starts SELinux, without a policy, unless its command line has selinux=0."""
    if boot.mode != DISABLED or boot.config.mode != DISABLED:
        return ""
    try:
        told = release()
    except FactError:
        return ""  # the note is not worth a verdict
    if told.family == "rhel" and leading_numbers(told.version or "") >= (9,):
        return "; selinux=0 on the kernel's command line is the full form"
    return ""


def _wanted(allow: tuple[str, ...]) -> str:
    """The mode that a fix aims at."""
    return next((mode for mode in (DISABLED, PERMISSIVE, ENFORCING) if mode in (allow or (DISABLED,))), DISABLED)


def _choice() -> Fix:
    """What is left to a person where no profile says which mode is wanted: a plan turns no guard off unasked."""
    return by_hand(
        "Choose how SELinux is to be",
        "To keep it, install container-selinux. See that the runtime and the network plugin support it. To go without,"
        f' set SELINUX=disabled in {CONFIG} and reboot. With allow = ["disabled"] in the profile\'s [check.selinux] a'
        " plan does that.",
    )


def _now_fix(mode: str, config: Lazy[SelinuxConfig], wanted: str) -> Fix:
    """Only a reboot takes SELinux away, or brings it back; between enforcing and permissive setenforce changes."""
    if wanted == ENFORCING and mode == PERMISSIVE:
        return Fix("Make SELinux enforcing until the next boot", (command("setenforce", "1"),), "disruptive")
    if wanted == ENFORCING or mode == DISABLED:
        return _boot_again(wanted)
    relax = (command("setenforce", "0"),) if mode == ENFORCING else ()
    if wanted == PERMISSIVE:
        return Fix("Make SELinux permissive until the next boot", relax, "disruptive")
    try:
        steps = _config_steps(config(), wanted)
    except FactError:
        steps = (manual(f"set SELINUX={wanted} in {CONFIG}"),)
    return Fix("Turn SELinux off with the next boot", (*steps, *relax), "disruptive", reboot=True)


def _boot_fix(config: SelinuxConfig, wanted: str) -> Fix:
    if wanted == ENFORCING:
        return _boot_again(wanted)
    steps = _config_steps(config, wanted)
    if wanted == PERMISSIVE:  # an enforcing=1 on the command line would beat the file
        steps = (*steps, manual("take enforcing= off the kernel's command line, if it is there"))
    title = "Turn SELinux off" if wanted == DISABLED else "Make SELinux permissive"
    return Fix(title, steps, "disruptive", reboot=True)


def _boot_again(wanted: str) -> Fix:
    text = (
        f"set SELINUX={wanted} in {CONFIG}, take selinux=, enforcing=, security= and lsm= off the kernel's command line"
    )
    return by_hand(f"Make SELinux {wanted}", f"{text}, touch /.autorelabel, and reboot")


def _config_steps(config: SelinuxConfig, wanted: str) -> tuple[Step, ...]:
    line = f"SELINUX={wanted}"
    if not config.present:
        return (create(CONFIG, f"{line}\nSELINUXTYPE=targeted\n"),)
    if config.mode is None:
        return (_first_valid(config.text, line),)
    return () if config.mode == wanted else (edit(CONFIG, config.text, line),)


def _first_valid(source: str, line: str) -> Step:
    """What makes a line the first valid one of a file that has none: in the place of an invalid one where there is."""
    lines = source.removesuffix("\n").split("\n")
    once = [found for found in lines if found.strip() and lines.count(found) == 1]
    invalid = [found for found in once if found.startswith("SELINUX=")]
    if invalid:
        return edit(CONFIG, invalid[0], line)
    if once:
        return edit(CONFIG, once[-1], f"{once[-1]}\n{line}")
    return manual(f"write the line {line} to {CONFIG}") if source.strip() else create(CONFIG, f"{line}\n")
