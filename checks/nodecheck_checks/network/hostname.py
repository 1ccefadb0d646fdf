"""The node's name."""

from __future__ import annotations

from nodecheck.checking import Evidence, Lazy, Outcome, Results, Severity, check, fail, ok, seen, skip, unknown
from nodecheck.errors import Absent, FactError, Offline, Unsupported
from nodecheck.facts import (
    BootActs,
    BootHostname,
    BootStarts,
    BootSysctls,
    InitSystem,
    Joined,
    KernelHostname,
    NameGiver,
    NodeName,
    Services,
)
from nodecheck.facts.acts.model import HOSTNAME, Act
from nodecheck.facts.network.hostname import KERNEL, STATIC, fits
from nodecheck.fix import Fix, by_hand, command, edit
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.kubelet.settings import KubeletSetting

_LOCAL = ("localhost", "localhost.localdomain", "localhost4", "localhost6", "(none)", "")
EVERY_MACHINES = "every machine has that name"
NETWORK_MANAGER = "NetworkManager.service"
STATIC_COUNTS_SINCE = 249
"""Before this systemd a static name that is localhost is passed over for the one that NetworkManager has."""

MOST_LABEL = 63
"""Characters of a label's value, which ``kubernetes.io/hostname`` is."""
MOST_K0S = 54
"""The same on a controller of k0s, whose lease is ``k0s-ctrl-NAME`` (controllersleasecounter.go of k0s; the host
preflights of replicatedhq/embedded-cluster ask for it).
"""
MOST_NAME = 253
_ITSELF = Lazy(NameGiver)
"""For who judges with facts given by hand: a machine, which names itself."""
_EXPECTED = "a lower-case DNS name of this node alone"


def flaw(name: str, most: int = MOST_LABEL) -> str | None:
    """What is wrong with the name of a node; None for nothing (RFC 1123, as the API server judges names).

    >>> flaw("node1.example"), flaw("node_1")
    (None, "it holds '_'")
    """
    if name.lower() in _LOCAL or name.lower().startswith("localhost.") or name.lower().endswith(".localhost"):
        return EVERY_MACHINES
    if len(name) > most:
        return f"it has {len(name)} characters, and there is room for {most}"
    for char in name:
        if not (char.isascii() and (char.isalnum() or char in "-.")):
            return f"it holds {char!r}"
    for label in name.split("."):
        if not label:
            return "it has an empty part"
        if label.startswith("-") or label.endswith("-"):
            return "a part of it begins or ends with a hyphen"
    return None


@check(severity=Severity.ERROR, tags=["network", "kubelet"], topic="system")
def hostname(kernel: KernelHostname, node: NodeName, init: InitSystem, services: Lazy[Services]) -> Results:
    """The node's name is one that Kubernetes takes, now and after the next boot.

    ## Why it matters
    The kubelet registers the node under its host name, in lower case. A name that is no DNS name (`node_1`) is
    refused, and two nodes called `localhost` are one. A node that comes back from a reboot under another name is a
    new node to the cluster: its pods, labels and volumes stay with the old one, and its certificate is refused.

    ## What it looks at
    Now: the kernel's name, `/proc/sys/kernel/hostname`. Boot: `systemd.hostname=` on the kernel's command line, else
    `/etc/hostname` as systemd reads it (the first line that is no comment, without what a host name cannot hold;
    before systemd 248 it could hold an underscore; from 258 on the machine's id completes one with `?` or `$`), else
    `hostname=` on the command line; without systemd also `/etc/conf.d/hostname` and `/etc/sysconfig/network`.
    `kernel.hostname` in a file of sysctls comes after these. Where a command of a boot unit, of `rc.local` or the like
    sets another name, it is `unknown` which one the kubelet takes.
    A container has the name that its runtime gives it, and is skipped, where it boots no init system, where its
    `/etc/hostname` is missing or mounted by the runtime (Docker, podman), and in WSL.
    Before systemd 249 NetworkManager names a node whose file says `localhost`: then the name is `unknown`.

    A name must be a DNS subdomain (RFC 1123) of at most 63 characters, as it becomes the label
    `kubernetes.io/hostname` (54 on a controller of k0s, whose lease is called after it), and not `localhost`. Upper
    case is a warning: the kubelet makes it lower case, others do not. Where the kubelet is told a name
    (`--hostname-override`, `node-name` of k3s and RKE2), that one is judged,
    systemd's specifiers replaced; `%H` is the host's own name.

    A name at the next boot other than the present one fails, as a warning on a node that has not joined a cluster
    yet. A node without a name on disk takes it from DHCP or reverse DNS: `unknown`, as a warning.

    ## How to fix it
    `hostnamectl set-hostname NAME`, before the node joins; then `/etc/hosts` (see the check hosts).

    ## Sources
    RFC 1123; the API server's `IsDNS1123Subdomain`; the kubelet's and kubeadm's `GetHostname`, which lower the case;
    kubeadm preflight `Hostname`; hostname(5), kernel-command-line(7); systemd's `hostname-setup.c`.
    """
    if node.given is not None:
        yield _given(node.given)
    else:
        yield _judged(kernel.name, node, [seen(KERNEL, kernel.name)], None, init, services)


@hostname.at_boot
def hostname_boot(
    boot: BootHostname,
    node: NodeName,
    kernel: Lazy[KernelHostname],
    joined: Lazy[Joined],
    init: InitSystem,
    sysctls: Lazy[BootSysctls],
    acts: Lazy[BootActs],
    starts: Lazy[BootStarts],
    giver: Lazy[NameGiver] = _ITSELF,
) -> Results:
    """Judge the name after the next boot."""
    if node.given is not None:
        yield _given(node.given)
        return
    files = boot
    if giver().sysctls:
        boot = _by_sysctl(boot, sysctls)
    evidence = [seen(boot.source, boot.text, line=boot.line)]
    act = _renamed_by(boot, acts())
    if giver().runtime is not None and boot is files and act is None:
        message = f"the name is what the runtime of this container gives it at each start: {giver().runtime}"
        yield skip(message, code="container-host", evidence=[*evidence, *giver().evidence])
        return
    if act is not None:
        yield _while_booting(boot, act, evidence)
        return
    if boot.source == STATIC and _is_passed_over(boot.name, init) and starts().of(NETWORK_MANAGER).acts:
        message = f"{boot.name} is no name to this systemd: NetworkManager takes one from DHCP or reverse DNS"
        yield unknown(message, code="not-found", expected=_EXPECTED, evidence=evidence, severity=Severity.WARNING)
        return
    if boot.pattern is not None:
        yield _filled_in(boot, boot.pattern, node, evidence, kernel, init)
        return
    if boot.name is None:
        message = "no name is set on disk: DHCP, reverse DNS or the distribution's fallback will give one"
        yield unknown(message, code="not-found", expected=_EXPECTED, evidence=evidence, severity=Severity.WARNING)
        return
    try:
        present = kernel().name
    except (Absent, Offline):
        present = boot.name
    _ask(joined)
    if present.lower() != boot.name.lower() and flaw(boot.name) is None:
        yield _renamed(boot, present, evidence, joined())
    else:
        yield _judged(boot.name, node, evidence, boot, init)


def _ask(joined: Lazy[Joined]) -> None:
    """So that what the verdict rests on does not depend on the name of now, against which audits hold it."""
    try:
        joined()
    except FactError:
        return  # it is asked for again where it counts


def _by_sysctl(boot: BootHostname, sysctls: Lazy[BootSysctls]) -> BootHostname:
    """The name that ``kernel.hostname`` in a file of sysctls gives the node, after systemd has set that of hostname(5).

    Where the init system sets sysctls in a way that is not known, the name is that of the files.
    """
    try:
        held = sysctls().sure().held("kernel/hostname")
    except Unsupported:
        return boot
    if held.by is None or not held.value:
        return boot
    return BootHostname(held.value, held.by.source, held.by.line, held.by.text.strip(" \t\r"))


def _renamed_by(boot: BootHostname, acts: BootActs) -> Act | None:
    """What gives the node another name while it boots."""
    for effect, act in acts.may(HOSTNAME):
        if effect.value is None or boot.name is None or effect.value.lower() != boot.name.lower():
            return act
    return None


def _while_booting(boot: BootHostname, act: Act, evidence: list[Evidence]) -> Outcome:
    """The kubelet takes the name that the node has as it starts, which may be either."""
    name = f"the name {boot.name}" if boot.name is not None else "no name"
    message = f"the files give the node {name}, and {act.source} sets it while the node boots: {act.text}"
    if act.doubt is not None:
        message = f"{message}, if that is run: {act.doubt}"
    code = act.doubt.code if act.doubt is not None else "unsupported"
    return unknown(message, code=code, expected=_EXPECTED, evidence=[act.evidence, *evidence])


def _is_passed_over(name: str | None, init: InitSystem) -> bool:
    """Whether systemd leaves the name to who sets it later, though it stands in the file (hostnamed.c)."""
    return name is not None and flaw(name) == EVERY_MACHINES and not init.at_least(STATIC_COUNTS_SINCE)


def _filled_in(
    boot: BootHostname,
    pattern: str,
    node: NodeName,
    evidence: list[Evidence],
    kernel: Lazy[KernelHostname],
    init: InitSystem,
) -> Outcome:
    """A name that the machine's id completes: where the present one can be that, it is, for the id stays."""
    try:
        present = kernel().name
    except (Absent, Offline):
        present = ""
    if fits(present, pattern):
        return _judged(present, node, [*evidence, seen(KERNEL, present)], boot, init)
    message = f"the machine's id completes the name {pattern}"
    return unknown(
        message, code="unsupported", expected=_EXPECTED, actual=pattern, evidence=evidence, severity=Severity.WARNING
    )


def _given(name: KubeletSetting) -> Outcome:
    """The name that the kubelet is told; it may be as long as any name, the label being the host name's."""
    evidence = [seen(name.source, name.text, line=name.line)]
    wrong = flaw(name.value.lower(), MOST_NAME)
    if wrong is None:
        message = f"the kubelet is told to call the node {name.value.lower()}"
        return ok(message, expected=_EXPECTED, actual=name.value, evidence=evidence)
    message = f"the kubelet is told to call the node {name.value!r}, which cannot be a node's name: {wrong}"
    fix = by_hand("Give the node a name", f"Change {name.text} in {name.source} to a name of a-z, 0-9, - and .")
    return fail(message, expected=_EXPECTED, actual=name.value, evidence=evidence, fix=fix)


def _renamed(boot: BootHostname, present: str, evidence: list[Evidence], joined: Joined) -> Outcome:
    message = f"the node is called {present} now, and {boot.name} after the next boot"
    severity = Severity.WARNING
    if joined.path is not None:
        message += ": it would register as another node"
        severity = Severity.ERROR
        evidence.append(seen(joined.path, "present"))
    title = f"Keep the name {present}"
    if boot.source == STATIC and boot.text is not None:
        fix = Fix(title, (edit(STATIC, boot.text, present),))
    else:
        fix = by_hand(title, f"Change {boot.text} in {boot.source} to {present}")
    return fail(
        message, expected=present, actual=boot.name, evidence=[*evidence, seen(KERNEL, present)], fix=fix,
        severity=severity,
    )  # fmt: skip


def _judged(
    name: str,
    node: NodeName,
    evidence: list[Evidence],
    boot: BootHostname | None,
    init: InitSystem,
    services: Lazy[Services] | None = None,
) -> Outcome:
    will = "will be" if boot else "is"
    wrong = flaw(name, MOST_K0S if node.k0s_controller else MOST_LABEL)
    if wrong is not None:
        fix = by_hand("Give the node a name", "Run hostnamectl set-hostname NAME with a name of a-z, 0-9, - and .")
        message = f"the node {will} called {name!r}, which cannot be a node's name: {wrong}"
        return fail(message, expected=_EXPECTED, actual=name, evidence=evidence, fix=fix)
    if name != name.lower():
        message = f"the node {will} called {name}, and its kubelet registers as {name.lower()}"
        return fail(
            message, expected=name.lower(), actual=name, evidence=evidence, fix=_lower(name, boot, init, services),
            severity=Severity.WARNING,
        )  # fmt: skip
    return ok(f"the node {will} called {name}", expected=_EXPECTED, actual=name, evidence=evidence)


def _lower(name: str, boot: BootHostname | None, init: InitSystem, services: Lazy[Services] | None) -> Fix:
    title = f"Call the node {name.lower()}"
    if boot is not None and boot.source == STATIC and boot.text is not None:
        return Fix(title, (edit(STATIC, boot.text, (boot.pattern or name).lower()),))
    if boot is not None:
        return by_hand(title, f"Change {boot.text} in {boot.source} to {name.lower()}")
    set_name = ("hostnamectl", "set-hostname") if init.is_systemd and _runs(services) else ("hostname",)
    return Fix(title, (command(*set_name, name.lower()),))


def _runs(services: Lazy[Services] | None) -> bool:
    """Whether systemd runs, which hostnamectl asks; of an image that is not known."""
    try:
        return services is None or services() is not None
    except Offline:
        return True
    except FactError:
        return False
