"""The node's name."""

from nodecheck.checking import Evidence, Lazy, Outcome, Results, Severity, check, fail, ok, seen, unknown
from nodecheck.errors import Absent, Offline
from nodecheck.facts.hostname import KERNEL, BootHostname, KernelHostname
from nodecheck.facts.kubelet import KubeletConfig
from nodecheck.fix import Fix, by_hand, command, edit

_LOCAL = ("localhost", "localhost.localdomain", "(none)", "")
MOST_LABEL = 63
MOST_NAME = 253
_EXPECTED = "a lower-case DNS name"


def flaw(name: str) -> str | None:
    """What is wrong with the name of a node; None for nothing (RFC 1123, as the API server judges names).

    >>> flaw("node1.example"), flaw("node_1")
    (None, "it holds '_'")
    """
    if name in _LOCAL or name.startswith("localhost."):
        return "every machine has that name"
    if len(name) > MOST_LABEL:
        return f"it has {len(name)} characters, and the label kubernetes.io/hostname has room for {MOST_LABEL}"
    for char in name:
        if not (char.isascii() and (char.isalnum() or char in "-.")):
            return f"it holds {char!r}"
    for label in name.split("."):
        if not label:
            return "it has an empty part"
        if label.startswith("-") or label.endswith("-"):
            return "a part of it begins or ends with a hyphen"
    return None


@check(severity=Severity.ERROR, tags=["network", "kubelet"])
def hostname(kernel: KernelHostname, kubelet: Lazy[KubeletConfig]) -> Results:
    """The node's name is one that Kubernetes takes, now and after the next boot.

    ## Why it matters
    The kubelet registers the node under its host name, in lower case. A name that is no DNS name (`node_1`) is
    refused, and two nodes called `localhost` are one. A node that comes back from a reboot under another name is a
    new node to the cluster: its pods, labels and volumes stay with the old one, and its certificate is refused.

    ## What it looks at
    Now: the kernel's name, `/proc/sys/kernel/hostname`; boot: `/etc/hostname` as systemd reads it (comments and what a
    host name cannot hold left out), or `systemd.hostname=` on the kernel's command line. Where the kubelet is told a
    name (`--hostname-override`), that one. Upper case is a warning: the kubelet makes it lower case, others do not.
    A name on disk other than the present one fails. A node without a name on disk takes it from DHCP or reverse DNS:
    `unknown`.

    ## How to fix it
    `hostnamectl set-hostname NAME`, before the node joins; then `/etc/hosts` (see the check hosts).

    ## Sources
    RFC 1123; kubelet's `nodeutil.GetHostname`; kubeadm preflight `Hostname`; hostname(5); systemd's
    `hostname-setup.c`.
    """
    yield _judged(kernel.name, [seen(KERNEL, kernel.name)], None)


@hostname.at_boot
def hostname_boot(boot: BootHostname, kernel: Lazy[KernelHostname], kubelet: Lazy[KubeletConfig]) -> Results:
    """Judge the name after the next boot."""
    evidence = [seen(boot.source, boot.text, line=boot.line)]
    if boot.name is None:
        message = "no name is set on disk: DHCP, reverse DNS or the distribution's fallback will give one"
        yield unknown(message, code="not-found", expected=_EXPECTED, evidence=evidence, severity=Severity.WARNING)
        return
    try:
        present = kernel().name
    except (Absent, Offline):
        present = None
    if present is not None and present != boot.name:
        message = f"the node will be called {boot.name}, and is called {present} now"
        fix = by_hand("Keep the node's name", f"Run hostnamectl set-hostname {present}")
        evidence.append(seen(KERNEL, present))
        yield fail(message, expected=present, actual=boot.name, evidence=evidence, fix=fix)
        return
    yield _judged(boot.name, evidence, boot)


def _judged(name: str, evidence: list[Evidence], boot: BootHostname | None) -> Outcome:
    will = "will be" if boot else "is"
    wrong = flaw(name)
    if wrong is not None:
        fix = by_hand("Give the node a name", "Run hostnamectl set-hostname NAME with a name of a-z, 0-9, - and .")
        message = f"the node {will} called {name!r}, which cannot be a node's name: {wrong}"
        return fail(message, expected=_EXPECTED, actual=name, evidence=evidence, fix=fix)
    if name != name.lower():
        message = f"the node {will} called {name}, and its kubelet registers as {name.lower()}"
        return fail(
            message, expected=name.lower(), actual=name, evidence=evidence, fix=_lower(name, boot),
            severity=Severity.WARNING,
        )  # fmt: skip
    return ok(f"the node {will} called {name}", expected=_EXPECTED, actual=name, evidence=evidence)


def _lower(name: str, boot: BootHostname | None) -> Fix:
    title = f"Call the node {name.lower()}"
    if boot is not None and boot.text is not None and boot.source == "/etc/hostname":
        return Fix(title, (edit(boot.source, boot.text, name.lower()),))
    return Fix(title, (command("hostnamectl", "set-hostname", name.lower()),))
