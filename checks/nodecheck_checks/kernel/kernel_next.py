"""The kernel that the next boot starts."""

from __future__ import annotations

from nodecheck.checking import Lazy, Results, Severity, check, fail, ok, seen, skip
from nodecheck.errors import FactError
from nodecheck.facts import BootCmdline, BootTree, RunningKernel, Target
from nodecheck.facts.kernel.trees import ModuleTree
from nodecheck.fix import MANUAL, Fix, manual
from nodecheck_checks.kernel.kernel_version import judged_kernel, verify_minimum


@check(
    tags=["kernel", "os"],
    topic="kernel",
    by_host=True,
    verify={"minimum": verify_minimum},
    severity=Severity.ERROR,
)
def kernel_next(kernel: RunningKernel, cmdline: BootCmdline, *, minimum: str = "") -> Results:
    """The running kernel is the one that boots next, and that one is recent enough for the Kubernetes release.

    ## Why it matters
    After an upgrade the node runs one kernel, and the next boot brings another: with other modules, and other faults.
    What was tested is not what a power cut brings. A default entry that still names an old kernel, or a rescue one,
    brings a node back on which kubeadm or kube-proxy refuses to run.

    ## What it looks at
    Now: whether the boot loader's default entry names the running release (`/proc/sys/kernel/osrelease`). Another one
    is information: it is what an upgrade leaves until the reboot. A boot loader that names no release, as a Raspberry
    Pi's firmware, is skipped.

    Boot: the release of the kernel that the default entry starts, by the rules of `kernel-version`. It is 3.10 or later
    before Kubernetes 1.32, and 4.19 or later in 1.32 and 1.33. From 1.34 on the lines 5.4, 5.10, 5.15 and 6.0 or later
    are without a warning. kube-proxy in nftables mode asks for 5.13. Where the entry names none, it is the running one,
    else the newest below `/lib/modules`. Whether its modules are there is what `module-tree` judges, and how it was
    built what `kernel-config` judges.

    Parameter: `minimum` (such as `"3.10"`) takes the place of these rules, as in `kernel-version`.

    ## How to fix it
    Reboot at a time of your choice, with the node drained. Where the next kernel is too old, make the boot loader's
    default another one (`grubby --set-default`, `grub-set-default`), or install a newer kernel. Keep the old kernel
    until the new one has run.

    ## Sources
    kubernetes/system-validators validators/types_unix.go, as in `kernel-version`; The Boot Loader Specification;
    grub-mkconfig(8), grubby(8).
    """
    if cmdline.kernel is None:
        told = [seen(cmdline.source, "no release of a kernel") if cmdline.source else seen("/boot")]
        yield skip("the boot loader names no release of a kernel", code="not-found", evidence=told)
        return
    evidence = [seen(cmdline.source or "", cmdline.kernel, line=cmdline.line), seen(kernel.source, kernel.release)]
    if cmdline.kernel == kernel.release:
        message = f"the next boot starts the kernel that runs, {kernel.release}"
        yield ok(message, expected=kernel.release, actual=kernel.release, evidence=evidence, severity=Severity.INFO)
        return
    text = f"Drain the node and reboot into {cmdline.kernel}, or make {kernel.release} the boot loader's default again"
    fix = Fix("Reboot at a time of your choice", (manual(text),), MANUAL, reboot=True)
    yield fail(
        f"the next boot starts the kernel {cmdline.kernel}, and {kernel.release} runs", expected=kernel.release,
        actual=cmdline.kernel, evidence=evidence, fix=fix, severity=Severity.INFO,
    )  # fmt: skip


@kernel_next.at_boot
def kernel_next_boot(
    tree: BootTree, cmdline: BootCmdline, target: Target, kernel: Lazy[RunningKernel], *, minimum: str = ""
) -> Results:
    """The kernel that boots next is recent enough."""
    release = tree.tree.release
    if release is None:
        yield skip("which kernel boots is not known", code="not-found", evidence=[seen("/lib/modules")])
        return
    judged = judged_kernel(RunningKernel(release, _named_by(tree.tree, cmdline, kernel)), target, minimum)
    yield judged._replace(message=f"the next boot: {judged.message}")


def _named_by(tree: ModuleTree, cmdline: BootCmdline, kernel: Lazy[RunningKernel]) -> str:
    """What says which kernel boots."""
    if cmdline.kernel == tree.release and cmdline.source is not None:
        return cmdline.source
    try:
        found = kernel()
    except FactError:
        return tree.path or "/lib/modules"
    return found.source if found.release == tree.release else tree.path or "/lib/modules"
