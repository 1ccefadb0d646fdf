"""Where a kernel's modules lie."""

from __future__ import annotations

from nodecheck.checking import Evidence, Lazy, Outcome, Results, check, fail, ok, seen, skip
from nodecheck.errors import FactError, Offline
from nodecheck.facts import BootModuleFolder, BootTree, ModuleLoading, Modules, NowModuleFolder
from nodecheck.facts.kernel.modules import PROC_MODULES
from nodecheck.facts.kernel.trees import DIRS, ModuleFolder
from nodecheck.fix import MANUAL, Fix, by_hand, command, manual

EXPECTED = "there, with modules.dep"
_GONE, _UNLISTED = "not there", "there, without modules.dep"


@check(
    tags=["kernel"],
    topic="kernel",
    by_host=True,
    references=["https://man7.org/linux/man-pages/man8/depmod.8.html"],
)
def module_tree(
    now: NowModuleFolder, modules: Lazy[Modules], loading: Lazy[ModuleLoading], next_tree: Lazy[BootTree]
) -> Results:
    """The modules of the running kernel are still there, and so are those of the kernel that boots next.

    ## Why it matters
    An upgrade of the kernel's package may remove the modules of the kernel that runs. Everything looks installed, but
    whatever is not loaded yet cannot be loaded before a reboot: overlayfs, `ip_vs`, the CNI's tunnels, an iSCSI disk.
    Pods that need it do not start, and each `modprobe` fails.

    ## What it looks at
    Now: the folder of the running release below `/lib/modules` or `/usr/lib/modules`, and whether `modules.dep` (or
    `modules.dep.bin`) is in it. What a package leaves behind, such as modules that DKMS built, is no such folder. A
    kernel that takes no modules at all, or no more (`kernel.modules_disabled=1`), is skipped. So is one whose modules
    never lay in files: no folder of any release is there, and nothing is loaded.

    Boot: the same for the kernel that the boot loader's default entry starts. Which single modules are missing is what
    `kernel-module` and `kernel-config` judge.

    ## How to fix it
    Reboot into a kernel whose modules are there, and keep the old kernel's package until then. Where the files are
    there and the list is not, `depmod -a RELEASE` writes it. For the next boot, install the package of that kernel
    again, or make the boot loader's default one whose modules are there.

    ## Sources
    modprobe(8), depmod(8), uname(2); kmod libkmod/libkmod.c; the postrm script of Debian's linux-image packages.
    """
    folder = now.folder
    if _is_whole(folder):
        yield _pass(folder, "the running kernel")
    else:
        needless = _needless(folder, modules, loading)
        yield needless or _failed(folder, "the running kernel", _reboot(folder, next_tree))


def _needless(folder: ModuleFolder, modules: Lazy[Modules], loading: Lazy[ModuleLoading]) -> Outcome | None:
    """Why the running kernel loads no modules from files anyway; a root that does not hold it shows no such thing."""
    try:
        if loading().disabled:
            told = [seen("/proc/sys/kernel/modules_disabled", "1")]
            return skip("the running kernel takes no more modules before the next boot", evidence=told)
    except Offline:
        pass
    try:
        found = modules()
    except Offline:
        return None
    if not found.supported:
        return skip("the running kernel takes no modules", evidence=[seen(PROC_MODULES)])
    if not folder.others and folder.path is None and not found.listed:
        return skip("this kernel's modules never lay in files", evidence=_looked_at(folder))
    return None


@module_tree.at_boot
def module_tree_boot(boot: BootModuleFolder) -> Results:
    """The modules of the kernel that boots next are there."""
    folder = boot.folder
    if folder.release is None:
        yield skip("which kernel boots is not known", code="not-found", evidence=_looked_at(folder))
    elif _is_whole(folder):
        yield _pass(folder, "the kernel that will boot")
    elif folder.path is None and not folder.others:
        yield skip("no kernel has its modules in files here", evidence=_looked_at(folder))
    else:
        text = (
            f"Install the package of the kernel {folder.release} again, or make the boot loader's default a kernel"
            " whose modules are there"
        )
        also = f" ({', '.join(folder.others[:8])})" if folder.others else ""
        fix = by_hand("Boot a kernel whose modules are there", text + also)
        yield _failed(folder, "the kernel that will boot", fix)


def _is_whole(folder: ModuleFolder) -> bool:
    return folder.path is not None and folder.listed


def _looked_at(folder: ModuleFolder) -> list[Evidence]:
    if folder.path is not None:
        return [seen(folder.path, "is there"), seen(f"{folder.path}/modules.dep")]
    return [seen(f"{place}/{folder.release}" if folder.release else place) for place in DIRS]


def _pass(folder: ModuleFolder, whose: str) -> Outcome:
    told = [seen(folder.path or "", "has modules.dep")]
    return ok(f"the modules of {whose}, {folder.release}, are there", expected=EXPECTED, actual="there", evidence=told)


def _failed(folder: ModuleFolder, whose: str, fix: Fix) -> Outcome:
    if folder.path is not None and folder.has_files:
        message = f"{folder.path} has no modules.dep, without which modprobe finds no module of {whose}"
        fix = Fix("List the modules that are there", (command("depmod", "-a", "--", folder.release or ""),))
        return fail(message, expected=EXPECTED, actual=_UNLISTED, evidence=_looked_at(folder), fix=fix)
    message = f"the modules of {whose}, {folder.release}, are not there: modprobe fails for whatever is not loaded"
    return fail(message, expected=EXPECTED, actual=_GONE, evidence=_looked_at(folder), fix=fix)


def _reboot(folder: ModuleFolder, next_tree: Lazy[BootTree]) -> Fix:
    """A reboot helps where the kernel that boots has its modules."""
    try:
        tree = next_tree().tree
        helps = tree.path is not None and tree.release != folder.release
    except FactError:
        helps = bool(folder.others)
    if not helps:
        text = f"Install the package of the kernel {folder.release} again, or another kernel, and reboot into it"
        return by_hand("Bring the kernel's modules back", text)
    text = f"Reboot: /lib/modules has no {folder.release} any more, because its package was removed or replaced"
    return Fix("Reboot into a kernel whose modules are installed", (manual(text),), MANUAL, reboot=True)
