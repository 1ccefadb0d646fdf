"""The controllers of the kernel's control groups."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck import facts
from nodecheck.checking import Evidence, Lazy, Outcome, Results, Severity, check, seen, skip, unknown
from nodecheck.errors import FactError
from nodecheck.facts import (
    BootCmdline,
    BootConfig,
    BootControllers,
    Freezing,
    NowCgroups,
    NowControllers,
    OsRelease,
    RunningConfig,
    RunningKernel,
)
from nodecheck.facts.kernel.boot_controllers import Answer, by_config, freezing
from nodecheck.facts.kernel.cgroups import MOUNT
from nodecheck.facts.kernel.config import shown
from nodecheck.facts.kernel.controllers import (
    CPUACCT,
    DEVICES,
    FREEZER,
    HUGETLB,
    ON,
    old_name,
)
from nodecheck.requirements.table import Row, Table, verdict
from nodecheck_checks.cgroups.boot_words import BootOwner

_VALIDATORS = "kubernetes/system-validators validators/types_unix.go (CgroupsV2, Cgroups)"
_OPTIONAL = "kubernetes/system-validators validators/types_unix.go (CgroupsV2Optional, CgroupsOptional)"
_WANTED = "on"

CONTROLLERS = Table(
    Row("cpu", _WANTED, "requests and limits of processors need it", _VALIDATORS),
    Row(CPUACCT, _WANTED, "the kubelet counts processor time by it", f"{_VALIDATORS}, of cgroup v1"),
    Row("cpuset", _WANTED, "the kubelet keeps pods to processors and memory nodes by it", _VALIDATORS),
    Row(DEVICES, _WANTED, "runtimes keep containers from devices by it", _VALIDATORS),
    Row(FREEZER, _WANTED, "runtimes stop all of a container at once by it", _VALIDATORS),
    Row("memory", _WANTED, "the kubelet does not start without it", f"{_VALIDATORS}; k3s#2067 (Raspberry Pi)"),
    Row("pids", _WANTED, "the kubelet limits the processes of pods by it", _VALIDATORS),
    Row(HUGETLB, _WANTED, "limits of huge pages need it", _OPTIONAL, Severity.WARNING),
    Row("io", _WANTED, "limits and weights of disks need it (blkio in v1)", _OPTIONAL, Severity.WARNING),
)
"""By the names of cgroup v2 where it has one; ``cpuacct`` is asked of v1 alone."""


@check(
    tags=["kubelet", "cgroups"],
    topic="kernel",
    by_host=True,
    rows=CONTROLLERS,
    references=["https://docs.kernel.org/admin-guide/cgroup-v2.html#controllers"],
)
def cgroup_controller(
    mounted: NowCgroups,
    controllers: NowControllers,
    freezes: Lazy[Freezing],
    config: Lazy[RunningConfig],
    kernel: Lazy[RunningKernel],
    cmdline: Lazy[BootCmdline],
    grub: Lazy[facts.GrubDefaults],
    os_release: Lazy[OsRelease],
) -> Results:
    """The kernel has the cgroup controllers on that the kubelet and the runtimes need, now and after the next boot.

    ## Why it matters
    Without `memory` no kubelet starts, and without `cpu`, `cpuset` or `pids` pods get no limits, or do not start.
    A Raspberry Pi boots without `memory` unless its command line asks for it. Kernels of one's own lack others.

    ## What it looks at
    Now, on v2: `cgroup.controllers` of the root for `cpu`, `cpuset`, `memory`, `pids`, `hugetlb` and `io`. Two are no
    controllers there, and are judged by what the kernel can do. `freezer`: whether a cgroup below the root has
    `cgroup.freeze`, our own first; where none was seen, every kernel from 5.2 on has it. `devices`: `CONFIG_CGROUP_BPF`
    in the kernel's configuration. On v1: `/proc/cgroups`, where a controller must be enabled and mounted on a v1
    hierarchy, or the controllers' own hierarchies where there is no such list; and `cpuacct` too. `/proc/cgroups` is
    never asked on v2, where it does not list what has no v1 side, memory among them. Nothing is loaded, and no cgroup
    is made.

    Boot: the next boot's command line takes away what `cgroup_disable=` names, and on v1 what `cgroup_no_v1=` names.
    On v2 no word takes away `devices` and `freezer`. On v1 systemd mounts `cpu` and `cpuacct` as one, so that
    `cgroup_no_v1=` of one takes away both.
    `cgroup_enable=memory` undoes the first in some kernels alone, and the running one must show it. A Raspberry Pi
    (`cmdline.txt`) has no `memory` without `cgroup_enable=memory`: its kernels turn it off, or its device tree adds
    `cgroup_disable=memory`. The rest is as the running kernel shows where it boots again with the same hierarchy.
    Another kernel is judged by its configuration (`CONFIG_MEMCG`, `CONFIG_CPUSETS`, and on v1 `CONFIG_MEMCG_V1` where
    it has that option). Where it is not known which hierarchy is mounted, what holds in both counts.

    Missing `hugetlb` and `io` (`blkio` on v1) are warnings, the others errors, as in kubeadm. Three verdicts differ
    from kubeadm's. It warns of `hugetlb` where the kernel has no huge pages (`CONFIG_HUGETLBFS`), which is skipped
    here. It takes `devices` for granted on v2. On v1 it takes a controller that is enabled and mounted nowhere, which
    the kubelet does not find.

    ## How to fix it
    Take the word that turns it off out of the boot loader's configuration (`grubby --remove-args` on Enterprise Linux;
    `/etc/default/grub` and `update-grub` on Debian and Ubuntu), and reboot. On a Raspberry Pi add
    `cgroup_enable=memory` to the one line of `cmdline.txt`. A kernel that was built without it must be replaced.

    ## Sources
    kubernetes/system-validators validators/cgroup_validator_linux.go and types_unix.go; kubernetes
    pkg/kubelet/cm/container_manager_linux.go (`validateSystemRequirements`); kernel kernel/cgroup/cgroup.c,
    cgroup-v1.c and Documentation/admin-guide/cgroup-v2.rst; raspberrypi/linux#5933, #6439, #7442; k3s#2067, #8890;
    k0s#3069 (freezer on Enterprise Linux 8).
    """
    if mounted.found.version is None:
        message = f"no cgroups are mounted at {MOUNT}"
        yield unknown(message, code="not-found", expected=_WANTED, evidence=[seen(MOUNT)])
        return
    if controllers.listed is None:
        message = f"{controllers.source} does not list the controllers"
        yield unknown(message, code="not-found", expected=_WANTED, evidence=[seen(controllers.source)])
        return
    owner = BootOwner(cmdline, grub, os_release)
    for row in CONTROLLERS:
        if controllers.unified and row.name == CPUACCT:
            yield skip(_V1_ALONE, subject=row.name, severity=row.severity, evidence=[controllers.evidence(row.name)])
            continue
        found = _now(row.name, controllers, freezes, config, kernel)
        yield _without_huge_pages(row, found, config) or _told(row, found, controllers.unified, owner)


_NO_PAGES = "the kernel has no huge pages that it could limit"
_V1_ALONE = "cgroup v2 has no such controller: cpu counts the time itself"


def _now(
    name: str,
    controllers: NowControllers,
    freezes: Lazy[Freezing],
    config: Lazy[RunningConfig],
    kernel: Lazy[RunningKernel],
) -> Answer:
    """Whether a controller is on."""
    if controllers.unified and name == FREEZER:
        return _can_freeze(freezes(), kernel)
    if controllers.unified and name == DEVICES:
        return _has_device_programs(config)
    state = controllers.state(name)
    on = None if state is None else state == ON
    return Answer(on, state or f"not listed in {controllers.source}", (controllers.evidence(name),))


def _can_freeze(found: Freezing, kernel: Lazy[RunningKernel]) -> Answer:
    if found.on is not None:
        return freezing(found, None)
    try:
        told = kernel()
    except FactError:
        return freezing(found, None)
    return freezing(found, told.release)._replace(evidence=(seen(told.source, told.release),))


def _has_device_programs(config: Lazy[RunningConfig]) -> Answer:
    try:
        found = config().config
    except FactError as error:
        return Answer(None, str(error), (seen(error.source),))
    if found.source is None:
        return Answer(None, "there is no configuration of this kernel that shows CONFIG_CGROUP_BPF")
    return by_config(found, DEVICES, unified=True)


def _told(row: Row, found: Answer, unified: bool | None, owner: BootOwner) -> Outcome:
    """Pass, fail or unknown by a row."""
    name = row.name if unified is not False else old_name(row.name)
    what = f"the {name} controller"
    if found.on is None:
        message = f"whether {what} is on is not known: {found.message}"
        return unknown(
            message, code="not-found", subject=row.name, expected=row.wanted, evidence=found.evidence,
            severity=row.severity,
        )  # fmt: skip
    why = f"{what} is off ({found.message}): {row.reason}"
    message = f"{what} is on" if found.message == ON else f"{what} is on: {found.message}"
    evidence: list[Evidence] = list(found.evidence)
    fix = None if found.on else owner.controller_on(name)
    return verdict(bool(found.on), message, row, _WANTED if found.on else "off", evidence, fix, failing=why)


def _without_huge_pages(row: Row, found: Answer, config: Lazy[RunningConfig] | Lazy[BootConfig]) -> Outcome | None:
    """What is said of ``hugetlb`` where the kernel has no huge pages that it could limit."""
    if row.name != HUGETLB or found.on is not False:
        return None
    try:
        built = config().config
    except FactError:
        return None
    value, told = shown(built, "HUGETLBFS") if built.source is not None else ("y", None)
    if told is None or value != "n":
        return None
    return skip(_NO_PAGES, subject=row.name, evidence=[told], severity=row.severity)


@cgroup_controller.at_boot
def cgroup_controller_boot(
    controllers: BootControllers,
    cmdline: Lazy[BootCmdline],
    grub: Lazy[facts.GrubDefaults],
    os_release: Lazy[OsRelease],
) -> Results:
    """The next boot brings them."""
    planned = controllers.planned
    if planned.halts is not None:
        yield skip(f"the next boot ends before that: {planned.halts}", evidence=[seen(planned.found.source or MOUNT)])
    elif controllers.release is None and controllers.config().config.source is None:
        yield skip("which kernel boots is not known", code="not-found", evidence=[seen("/lib/modules")])
    else:
        yield from _each_at_boot(controllers, BootOwner(cmdline, grub, os_release))


def _each_at_boot(controllers: BootControllers, owner: BootOwner) -> Iterator[Outcome]:
    """What becomes of each; a source that cannot be read is named once for all that need it."""
    unified, hidden = controllers.planned.unified, list[FactError]()
    for row in CONTROLLERS:
        try:
            found = controllers.of(row.name)
        except FactError as error:
            hidden.append(error)
            continue
        if found is None:
            yield skip(
                _V1_ALONE,
                subject=row.name,
                severity=row.severity,
                evidence=[seen(controllers.planned.found.source or MOUNT)],
            )
        else:
            yield _without_huge_pages(row, found, controllers.config) or _told(row, found, unified, owner)
    if hidden:
        yield unknown(str(hidden[0]), code=hidden[0].code, expected=_WANTED)
