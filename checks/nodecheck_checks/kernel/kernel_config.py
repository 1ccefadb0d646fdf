"""The options that a kernel was built with."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nodecheck.checking import Lazy, Outcome, Results, check, seen, skip, unknown
from nodecheck.errors import Absent, FactError, Offline
from nodecheck.facts import (
    BootCgroups,
    BootConfig,
    BootTree,
    Fstab,
    Mounts,
    NowCgroups,
    RunningConfig,
    RunningKernel,
    RunningList,
    Target,
)
from nodecheck.facts.kernel.config import CONFIG_GZ, FILES, SOURCES, KernelConfig, module_of, shown
from nodecheck.facts.kernel.trees import ModuleTree
from nodecheck.fix import by_hand
from nodecheck.record import NamedTuple
from nodecheck.requirements.table import Row, named_row, verdict
from nodecheck_checks.kernel.kernel_options import ALIASES, OPTIONS, V1_OPTIONS, V2_OPTIONS, WANTED, asked_of

_EXT4, _BRIDGE, _PAGES = "EXT4_FS", "BRIDGE_NETFILTER", "CGROUP_HUGETLB"

OTHER_KERNEL = by_hand(
    "Use a kernel that is built for containers",
    "Install and boot the distribution's own kernel, or one that is built with these options; none can be added to a"
    " kernel that runs.",
)
THE_MODULE = by_hand(
    "Install the rest of the kernel's modules",
    "Install the distribution's package of further modules for this kernel (kernel-modules-extra on Enterprise Linux,"
    " linux-modules-extra on Ubuntu), or run depmod -a where the files are there.",
)


def spelled(name: str) -> str:
    """An option without its prefix.

    >>> spelled("CONFIG_VXLAN"), spelled("VXLAN")
    ('VXLAN', 'VXLAN')
    """
    return name.removeprefix("CONFIG_")


def verify_option(name: str) -> None:
    """Raises ValueError for what is no name of an option."""
    if not (name.isascii() and name.replace("_", "a").isalnum() and name == name.upper()):
        raise ValueError(f"{name!r} is not the name of a kernel option, such as VXLAN")


class Kernel(NamedTuple):
    """One kernel, and what it has to do on this node; each question raises what hides its answer."""

    config: KernelConfig
    tree: Callable[[], ModuleTree]
    unified: Callable[[], bool | None]
    has_ext4: Callable[[], bool]

    def has_module(self, option: str) -> bool | None:
        """Whether the module that an option builds is there; None where nothing shows it.

        That is so where there is no list of modules, and where a list has nothing of the option's name, and what its
        module is called is not known here.
        """
        name = module_of(option)
        tree = self.tree()
        if tree.dep is None:
            return None
        found = name or option.lower()
        listed = tree.loadable(found) is not None or tree.has_built_in(found)
        return listed if listed or name is not None else None


@check(
    tags=["kernel", "kubeadm"],
    topic="kernel",
    by_host=True,
    verify={"require": lambda name: verify_option(spelled(name))},
    rows=(*OPTIONS, *V1_OPTIONS, *V2_OPTIONS),
)
def kernel_config(
    running: RunningConfig,
    target: Target,
    kernel: Lazy[RunningKernel],
    tree: Lazy[RunningList],
    cgroups: Lazy[NowCgroups],
    mounts: Lazy[Mounts],
    *,
    require: tuple[str, ...] = (),
) -> Results:
    """The kernel is built with what Kubernetes asks for, now and after the next boot.

    ## Why it matters
    kubeadm refuses a kernel without namespaces, control groups or the rules of netfilter that kube-proxy uses
    (`SystemVerification`). Without the other options a part does not work: limits, seccomp, a proxy mode.

    ## What it looks at
    Now: the configuration of the running kernel. It is `/proc/config.gz`, unpacked in the process, else the file of its
    release in `/boot`, `/usr/lib/modules`, `/usr/lib/ostree-boot`, `/usr/lib/kernel` or `/usr/src`. The file
    `/usr/src/linux/.config` counts where its head shows this release. Boot: the same for the kernel that the next boot
    starts. Nothing is loaded. Where there is no configuration, the check as a whole is `unknown`, and names the paths.

    `=y` passes, and so does `=m` where `modules.dep` lists the module. What it does not list is missing, as
    `br_netfilter` is on Enterprise Linux 10 without `kernel-modules-extra`. Where there is no list at all `=m` is
    `unknown`, and `module-tree` judges the list; kubeadm passes it. An option that a configuration does not mention is
    not set. `IP_NF_TARGET_REDIRECT` and `OVERLAYFS_FS` count for their newer names.

    Errors are what kubeadm requires: namespaces, control groups, `INET`, `PROC_FS`, `NETFILTER_XT_TARGET_REDIRECT`,
    `NETFILTER_XT_MATCH_COMMENT`. By the version of cgroups that is mounted, or will be: on v1 `CGROUP_CPUACCT`,
    `CGROUP_DEVICE` and `CGROUP_FREEZER`, and on v2 `CGROUP_BPF` from Kubernetes 1.32 on. Warnings are what kubeadm
    calls optional, what container runtimes require, and in ipvs and nftables mode the modules of that mode. What k0s,
    k3s and moby list beside that is information. Their options of the older iptables (`IP_NF_FILTER` and its kin, also
    of IPv6) are not asked for, because the iptables of today makes rules of nftables without them.

    Three verdicts differ from kubeadm's. It requires `EXT4_FS` of each kernel: here it is information, and only where
    an ext4 file system is mounted, or is in `/etc/fstab`. It asks for `AUFS_FS` and `BLK_DEV_DM`, which no runtime of
    today uses. It warns of `CGROUP_HUGETLB` where the kernel has no huge pages at all.

    `require` lists further options (`VXLAN`), which are errors.

    ## How to fix it
    Boot the distribution's own kernel, or build one with these options. Where the module alone is missing, install the
    distribution's package of further modules.

    ## Sources
    kubernetes/system-validators validators/types_unix.go and kernel_validator.go; k0s internal/pkg/sysinfo; moby
    contrib/check-config.sh, k3s contrib/util/check-config.sh; system-validators#51 (options of v1 on v2); KEP-4205.
    """
    if running.config.source is None:
        release = kernel().release  # Offline where no kernel runs
        yield _nowhere("the running kernel", [CONFIG_GZ, *_paths(release)])
        return

    kernel_now = Kernel(
        running.config,
        lambda: tree().tree,
        lambda: cgroups().found.unified,
        lambda: any(mount.kind == "ext4" for mount in mounts().mounts),
    )
    yield from _judged(kernel_now, target, require)


@kernel_config.at_boot
def kernel_config_boot(
    boot: BootConfig,
    tree: BootTree,
    target: Target,
    cgroups: Lazy[BootCgroups],
    fstab: Lazy[Fstab],
    *,
    require: tuple[str, ...] = (),
) -> Results:
    """The kernel that the next boot starts is built with it."""
    if boot.config.source is None:
        if tree.tree.release is None:
            yield skip("which kernel boots is not known", code="not-found", evidence=[seen("/lib/modules")])
        else:
            yield _nowhere("the kernel that will boot", _paths(tree.tree.release))
        return
    next_kernel = Kernel(
        boot.config,
        lambda: tree.tree,
        lambda: cgroups().unified,
        lambda: any(entry.kind == "ext4" for entry in fstab().entries),
    )
    yield from _judged(next_kernel, target, require)


def _paths(release: str) -> list[str]:
    return [*[form.format(release) for form in FILES], SOURCES]


def _nowhere(what: str, paths: list[str]) -> Outcome:
    message = f"there is no configuration of {what}"
    return unknown(message, code="not-found", expected=WANTED, evidence=[seen(path) for path in paths])


def _judged(kernel: Kernel, target: Target, require: tuple[str, ...]) -> Iterator[Outcome]:
    named = tuple(dict.fromkeys(map(spelled, require)))
    unified, hidden = _answer(kernel.unified)
    rows = {row.name: row for row in asked_of(target, unified)}
    for name in named:
        rows[name] = rows[name].by_profile() if name in rows else named_row(name, WANTED)
    for row in rows.values():
        skipped = None if row.name in named else _not_needed(row, kernel, target)
        yield skipped or _option(row, kernel)
    if hidden is not None:
        message = f"which options the cgroups of this node need is not known: {hidden}"
        yield unknown(message, code=hidden.code, expected=WANTED)


def _answer(asked: Callable[[], bool | None]) -> tuple[bool | None, FactError | None]:
    """An answer, or what hides it; a root that does not hold it hides nothing."""
    try:
        return asked(), None
    except (Absent, Offline):
        return None, None
    except FactError as error:
        return None, error


def _not_needed(row: Row, kernel: Kernel, target: Target) -> Outcome | None:
    if row.name == _EXT4:
        used, hidden = _answer(kernel.has_ext4)
        if hidden is not None:
            return unknown(str(hidden), code=hidden.code, subject=row.name, expected=WANTED, severity=row.severity)
        why = "no file system of this node is known to be ext4"
        return None if used else skip(why, subject=row.name, severity=row.severity)
    if row.name == _BRIDGE and not target.uses_bridge_netfilter:
        why = f"the CNI {target.cni} sends nothing over a bridge that iptables must see"
        return skip(why, subject=row.name, severity=row.severity)
    if row.name == _PAGES:
        value, told = shown(kernel.config, "HUGETLBFS")
        if value == "n":
            why = "the kernel has no huge pages that it could limit"
            return skip(why, subject=row.name, evidence=[told], severity=row.severity)
    return None


def _option(row: Row, kernel: Kernel) -> Outcome:
    """One option, by the name that the kernel knows it by."""
    name, value, told = row.name, *shown(kernel.config, row.name)
    for alias in ALIASES.get(row.name, ()):
        if value == "n" and (older := shown(kernel.config, alias))[0] != "n":
            name, (value, told) = alias, older
    if value == "m":
        there, hidden = _answer(lambda: kernel.has_module(name))
        if hidden is not None:
            return unknown(
                f"whether the module {module_of(name)} is there is not known: {hidden}", code=hidden.code,
                subject=row.name, expected=WANTED, evidence=[told], severity=row.severity,
            )  # fmt: skip
        if there is None:
            known = module_of(name)
            why = (
                f"no modules.dep shows whether {known} is there" if known else "what its module is called is not known"
            )
            return unknown(
                f"CONFIG_{name} is a module, and {why}", code="not-found", subject=row.name, expected=WANTED,
                evidence=[told], severity=row.severity,
            )  # fmt: skip
        if not there:
            message = f"CONFIG_{name} is a module, and {module_of(name)} is not among those of the kernel: {row.reason}"
            return verdict(False, message, row, "m, without its file", [told], THE_MODULE, failing=message)
    message = "built in" if value == "y" else "a module"
    failing = f"the kernel is built without CONFIG_{row.name}: {row.reason}"
    return verdict(value != "n", message, row, value, [told], OTHER_KERNEL, failing=failing)
