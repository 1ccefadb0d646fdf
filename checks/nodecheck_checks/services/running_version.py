"""Whether the daemons of a node run the programs that are on its disk."""

from __future__ import annotations

from nodecheck import facts
from nodecheck.checking import Lazy, Outcome, Results, Severity, check, fail, ok, seen, skip, unknown
from nodecheck.errors import FactError
from nodecheck.facts import BootPrograms, BootStarts, Daemons
from nodecheck.facts.services.daemons import BOOTED, DAEMONS, DELETED, Daemon, UnitProgram
from nodecheck.fix import DISRUPTIVE, MANUAL, Fix, by_hand, command, manual
from nodecheck.typed import TYPE_CHECKING
from nodecheck_checks.services.names import unit_name

if TYPE_CHECKING:
    from nodecheck.facts.packages.versions import Told

EXPECTED = "the program on disk"
_LINK = "/proc/PID/exe"
"""As evidence has it: the number of the process is another one after each restart."""

_DRAIN = "kubectl drain NODE --ignore-daemonsets"
FIRST = {
    "kubelet": f"Where the minor release of the kubelet changes, drain the node first: {_DRAIN}",
    "docker": f"Drain the node first ({_DRAIN}): without live-restore dockerd's containers end with it",
}
"""What is to be done before a restart. containerd and CRI-O leave containers to their shims and to conmon."""

COMPONENTS = {"kubelet": "kubelet", "containerd": "containerd", "docker": "docker", "crio": "crio"}


class Tools:
    """What the programs on disk say of themselves: asked only where a process runs another one."""

    def __init__(self, kubernetes: Lazy[facts.KubernetesTools], runtimes: Lazy[facts.RuntimeTools]) -> None:
        self._kubernetes, self._runtimes = kubernetes, runtimes

    def version(self, subject: str) -> str:
        """``, 1.30.2``, or nothing where it is not told."""
        component = COMPONENTS.get(subject)
        if component is None:
            return ""
        try:
            told: Told = (self._kubernetes() if component == "kubelet" else self._runtimes()).of(component)
        except FactError:
            return ""
        return "" if told.version is None or told.stranger else f", {told.version.text}"


def not_restarted(subject: str) -> str:
    """Why a failure of now speaks not against the next boot."""
    return f"{subject} was not started again since its program was replaced"


@check(
    severity=Severity.WARNING,
    tags=["systemd", "versions", "kubelet"],
    topic="services",
    explained=not_restarted,
)
def running_version(
    daemons: Daemons, kubernetes: Lazy[facts.KubernetesTools], runtimes: Lazy[facts.RuntimeTools]
) -> Results:
    """The kubelet, the container runtime and chronyd run the programs that are on disk.

    ## Why it matters
    An upgrade replaces a program on disk, and the process goes on with the old one. Its faults are still there, while
    `kubelet --version` and the package show the new one. The change comes at a moment that nobody chose: with the
    next crash or reboot, on many nodes at once.

    ## What it looks at
    Now: of each of these units that runs, the main process that systemd names, and the file that it runs
    (`/proc/PID/exe`): `kubelet`, `containerd`, `docker`, `crio`, `cri-docker`, `chronyd`. That file must be the one on
    disk which `ExecStart=` of the unit names. They are the same where they have one inode: kind, mode, owner, size and
    time of change are equal. A program that was removed, replaced, or put aside under another name fails. So does one
    whose link leads elsewhere now. Behind a wrapper, the name that the process itself was started by counts.

    Which version the process is, nothing on the node says: the message has that of the program on disk. Where the main
    process is another program, such as `docker` with a kubelet inside, the unit is skipped. So are the agents of k3s,
    RKE2, k0s and snaps, which keep each version in a directory of its own. Libraries that a program has loaded are not
    looked at. Who is not root sees no file of another user's process: `unknown`.

    Boot: a unit that the next boot starts runs what is on disk then. Whether it starts is what `service` judges.

    ## How to fix it
    `systemctl restart UNIT`. containerd and CRI-O leave the containers running. dockerd ends them, unless
    `live-restore` is on. Before a kubelet of another minor release starts, the node is drained.

    ## Sources
    proc(5) (`/proc/PID/exe`), inode(7); systemd `MainPID=`; Kubernetes documentation "Upgrading Linux nodes" and
    "Version skew policy" (drain before a minor release of the kubelet); containerd.service (`KillMode=process`); Docker
    documentation "Live restore"; `dnf needs-restarting`.
    """
    if not daemons.booted:
        yield skip("systemd does not run here: there are no units", evidence=[seen(BOOTED)])
        return
    if not daemons.found:
        names = ", ".join(dict.fromkeys(map(unit_name, DAEMONS)))
        yield skip(f"none of these runs: {names}", evidence=[seen("systemctl show", "MainPID=0")])
    tools = Tools(kubernetes, runtimes)
    for daemon in daemons.found:
        yield judged(daemon, tools)._replace(subject=unit_name(daemon.unit))


def judged(daemon: Daemon, tools: Tools) -> Outcome:
    """One unit that runs."""
    if daemon.error is not None:
        return unknown(str(daemon.error), code=daemon.error.code, expected=EXPECTED)
    running = f"{daemon.exe}{DELETED if daemon.deleted else ''}"
    evidence = [seen(_LINK, running, locator=daemon.unit)]
    if daemon.program is not None:
        evidence.append(seen(daemon.program.source, daemon.program.path, line=daemon.program.line))
    if daemon.foreign:
        own = " or ".join(DAEMONS.get(daemon.unit, ()))
        return skip(f"the main process of {daemon.unit} is {daemon.exe}, not {own}", evidence=evidence)
    path = daemon.path or ""
    if daemon.is_current:
        evidence.append(seen(path, "the file that runs"))
        message = f"{daemon.unit} runs {path}, as it is on disk"
        return ok(message, expected=EXPECTED, actual=EXPECTED, evidence=evidence)
    if daemon.on_disk is None:
        message = f"{daemon.unit} runs a program that is not on disk any more: {path} is not there"
        fix = by_hand(
            f"Bring {path} back", f"Install the package of {path} again: the next start of {daemon.unit} fails"
        )
        return fail(message, expected=EXPECTED, actual="no program on disk", evidence=[*evidence, seen(path)], fix=fix)
    evidence.append(seen(path, "another file"))
    subject = unit_name(daemon.unit)
    how = "was replaced since it started" if daemon.deleted else f"is another file than {daemon.exe}, which it runs"
    message = f"{daemon.unit} does not run the program on disk: {path}{tools.version(subject)}, {how}"
    return fail(message, expected=EXPECTED, actual="another file", evidence=evidence, fix=restart(subject, daemon.unit))


def restart(subject: str, unit: str) -> Fix:
    """What makes the process the program on disk."""
    step = command("systemctl", "restart", "--", unit)
    if subject not in FIRST:
        return Fix(f"Restart {subject}", (step,), DISRUPTIVE)
    return Fix(f"Restart {subject}", (manual(FIRST[subject]), step), MANUAL)


@running_version.at_boot
def running_version_boot(programs: BootPrograms, starts: Lazy[BootStarts]) -> Results:
    """What the next boot starts is what is on disk."""
    spoken = False
    for unit, program in programs.found.items():
        found = at_boot(unit, program, starts)
        if found is not None:
            spoken = True
            yield found._replace(subject=unit_name(unit))
    if not spoken:
        yield skip("the next boot starts none of these units", evidence=[seen(unit) for unit in DAEMONS])


def at_boot(unit: str, program: UnitProgram | FactError, starts: Lazy[BootStarts]) -> Outcome | None:
    """What the next boot runs as a unit; None where it does not start it, which the check service judges."""
    if not isinstance(program, UnitProgram):
        return unknown(str(program), code=program.code, expected=EXPECTED)
    start = starts().of(unit)
    if start.error is not None:
        return unknown(str(start.error), code=start.error.code, expected=EXPECTED, evidence=start.doubt)
    if not start.works:
        return None
    evidence = [seen(program.source, program.path, line=program.line), seen(program.path, "there")]
    message = f"{unit} starts {program.path}, as it is on disk then"
    return ok(message, expected=EXPECTED, actual=EXPECTED, evidence=evidence)
