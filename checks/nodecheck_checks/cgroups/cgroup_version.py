"""The version of the kernel's control groups."""

from __future__ import annotations

from nodecheck import facts
from nodecheck.checking import Evidence, Lazy, Outcome, Results, Severity, Status, check, fail, ok, seen, skip, unknown
from nodecheck.facts import (
    BootCgroups,
    BootCmdline,
    BootControllers,
    KubeletConfig,
    KubeletRelease,
    MemoryController,
    NowCgroups,
    OsRelease,
    Target,
)
from nodecheck.facts.kernel.cgroup_defaults import HYBRID, V1, V2
from nodecheck.facts.kernel.cgroups import MOUNT, OPTION, CgroupVersion
from nodecheck.facts.kernel.controllers import MEMORY
from nodecheck.fix import Fix, by_hand, command, manual
from nodecheck.record import NamedTuple
from nodecheck.requirements.table import NEWEST, Row, Table
from nodecheck_checks.cgroups.boot_words import GRUBBY, BootOwner

SETTING, FLAG = "failCgroupV1", "fail-cgroupv1"
_NAME = "v1"
TAKEN, MAINTAINED, REFUSED = "taken", "maintained", "refused"

V1_TAKEN = Table(
    Row(_NAME, TAKEN, "it is supported", "KEP-4569", before=(1, 31)),
    Row(
        _NAME,
        MAINTAINED,
        "it gets no new features, and from Kubernetes 1.35 on the kubelet does not start on it",
        "KEP-4569; kubernetes/kubernetes#125328",
        Severity.WARNING,
        since=(1, 31),
        before=(1, 35),
    ),
    Row(
        _NAME,
        REFUSED,
        "from Kubernetes 1.35 on the kubelet does not start on it",
        "KEP-5573; kubernetes/kubernetes#134298",
        since=(1, 35),
    ),
    Row(
        _NAME,
        "the kubelet's code for cgroup v1 goes",
        "not before this release, whatever failCgroupV1 says",
        "KEP-5573",
        Severity.INFO,
        since=(1, 38),
        planned="2026-11-29",
    ),
)
"""What each release makes of cgroup v1, and of a hybrid hierarchy, which is v1 to it."""

KUBEADM = "kubeadm of these releases refuses all the same, unless it is told to ignore SystemVerification"
_MEMORY = "the memory controller is off, and the kubelet does not start without it"


class V1Node(NamedTuple):
    """What a node makes of cgroup v1."""

    target: Lazy[Target]
    kubelet: Lazy[KubeletConfig]
    own: Lazy[KubeletRelease]
    embedded: Lazy[facts.EmbeddedKubelet]
    os_release: Lazy[OsRelease]

    def release(self) -> tuple[int, ...] | None:
        """The later of the release that is asked of the node and its kubelet's own; None where neither is known."""
        own = self.own().numbers
        return max([found[:2] for found in (self.target().release, own) if found], default=None)

    def whose(self) -> tuple[str, ...]:
        """Whose rule counts, where the release that is asked of the node and its kubelet's own have another."""
        asked, own = self.target().release, (self.own().numbers or ())[:2]
        if asked is None or not own or V1_TAKEN.at(_NAME, asked) is V1_TAKEN.at(_NAME, own):
            return ()
        told = f"Kubernetes {_dotted(asked)} is asked for, and the kubelet on this node is {_dotted(own)}"
        return (f"by the rule of Kubernetes {_dotted(self.release())}, the later: {told}",)

    def told(self, release: tuple[int, ...] | None) -> tuple[bool, Evidence] | None:
        """Whether the kubelet is told to refuse v1, and where; None where it is left at its release's default."""
        word = self.embedded().last(FLAG) if not self.kubelet().present else None
        if word is not None:
            return word.text == "true", seen(word.path, f"{FLAG}={word.text}", line=word.line)
        known = None if release is None else (release[0], release[1])
        setting = self.kubelet().setting(SETTING, known)
        if not setting.source or not isinstance(setting.value, bool):
            return None
        return setting.value, seen(setting.source, setting.text, line=setting.line)


@check(
    severity=Severity.ERROR,
    tags=["kubelet", "cgroups"],
    topic="kernel",
    by_host=True,
    references=["https://kubernetes.io/docs/concepts/architecture/cgroups/"],
)
def cgroup_version(
    mounted: NowCgroups,
    memory: MemoryController,
    target: Lazy[Target],
    kubelet: Lazy[KubeletConfig],
    own: Lazy[KubeletRelease],
    embedded: Lazy[facts.EmbeddedKubelet],
    os_release: Lazy[OsRelease],
    cmdline: Lazy[BootCmdline],
    grub: Lazy[facts.GrubDefaults],
) -> Results:
    """The node runs cgroup v2, with the memory controller, now and after the next boot.

    ## Why it matters
    From Kubernetes 1.35 on the kubelet does not start on cgroup v1 (`failCgroupV1`), and kubeadm refuses such a node.
    From 1.31 on v1 gets no new features: swap of pods, memory QoS and pressure figures need v2. Without the memory
    controller no kubelet starts, whatever its release.

    ## What it looks at
    Now: the kind of file system at `/sys/fs/cgroup` and `/sys/fs/cgroup/unified`, by statfs as in the kubelet. In a
    root or a capture the names there count. Beside that its list of controllers: `cgroup.controllers`, on v1
    `/proc/cgroups` or the memory controller's own hierarchy. Where none of them says it, nothing passes. A hybrid
    hierarchy, v1 with a v2 tree beside it, is v1 to the kubelet. The check `cgroup-controller` judges the others.

    Boot: the next boot's command line as this systemd takes it. `systemd.unified_cgroup_hierarchy=` counts from systemd
    226 on, `cgroup_no_v1=all` from 241 on. Where v1 is asked for, systemd 256 does not boot, 257 waits for 30 seconds
    and mounts v2, both unless `SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1` is there, and 258 has v2 alone. Where nothing is
    asked, the default of the distribution's systemd counts, or what a running node's `systemctl --version` says of its
    build. Which hierarchy another init mounts is `unknown`, unless the release takes either. `cgroup_disable=memory` is
    looked for too; whether `cgroup_enable=memory` undoes it only some kernels know, and then the running one must show
    it.

    v1 is a warning for Kubernetes 1.31 to 1.34 and an error from 1.35 on, by the later of the release that the node is
    to have and its kubelet's own; where no release is known it is a warning. Before 1.31 it passes. Where the kubelet
    is told `failCgroupV1: false` it is a warning, as kubeadm refuses all the same; where it is told `true`, an error.

    ## How to fix it
    Boot with `systemd.unified_cgroup_hierarchy=1` (Enterprise Linux 8: `grubby --update-kernel=ALL --args=…`), and
    reboot. Containers of the node must be able to run on v2: containerd 1.4, CRI-O 1.20 or docker 20.10. Enterprise
    Linux 7 is too old. Take `cgroup_disable=memory` off the command line; where a Raspberry Pi's firmware adds it, put
    `cgroup_enable=memory` into the one line of `cmdline.txt`.

    ## Sources
    Kubernetes pkg/kubelet/apis/config/validation (`FailCgroupV1`), KEP-4569, KEP-5573, kubernetes#134298; kubeadm's
    kubernetes/system-validators validators/cgroup_validator_linux.go; opencontainers/cgroups `IsCgroup2UnifiedMode`;
    systemd src/shared/cgroup-setup.c and mount-setup.c, systemd#31442 (256), #34999 (257), #36675 (258), #11206;
    cgroups(7); k3s#2067 (Raspberry Pi).
    """
    found, evidence = mounted.found, _seen(mounted.found)
    if found.version is None:
        yield unknown(f"no cgroups are mounted at {MOUNT}", code="not-found", expected=V2, evidence=evidence)
        return
    taken = V1Node(target, kubelet, own, embedded, os_release)
    judged = _judged(found, taken, evidence)
    if memory.on is False:
        told = seen(memory.source, "no memory")
        judged = _without_memory(found.version, judged, told, BootOwner(cmdline, grub, os_release))
    elif memory.on is None and judged.status == Status.PASS:
        message = f"{judged.message}; {memory.source} does not say whether the memory controller is on"
        judged = unknown(message, code="not-found", expected=f"{V2} with the memory controller", evidence=evidence)
    yield judged


@cgroup_version.at_boot
def cgroup_version_boot(
    planned: BootCgroups,
    cmdline: BootCmdline,
    target: Lazy[Target],
    kubelet: Lazy[KubeletConfig],
    own: Lazy[KubeletRelease],
    embedded: Lazy[facts.EmbeddedKubelet],
    os_release: Lazy[OsRelease],
    controllers: BootControllers,
    grub: Lazy[facts.GrubDefaults],
) -> Results:
    """The next boot mounts cgroup v2, with the memory controller."""
    found, evidence = planned.found, _seen(planned.found)
    if planned.halts is not None:
        fix = _remove(f"Take {OPTION} off the command line")
        yield fail(planned.halts, expected=V2, actual="no boot", evidence=evidence, fix=fix)
        return
    node = V1Node(target, kubelet, own, embedded, os_release)
    known = found.version is not None
    judged = _judged(found, node, evidence, planned.note) if known else _untold(planned, node, evidence)
    owner = BootOwner(Lazy(lambda: cmdline), grub, os_release)
    yield _with_memory(judged, found.version, controllers, owner)


def _untold(planned: BootCgroups, node: V1Node, evidence: list[Evidence]) -> Outcome:
    """Nothing tells which hierarchy will be mounted: that matters only to a release that does not take both."""
    release = node.release()
    told = node.told(release)
    either = release is not None and V1_TAKEN.at(_NAME, release).wanted == TAKEN
    if either and (told is None or not told[0]):
        message, system = f"Kubernetes {_dotted(release)} supports cgroup v1 and v2", node.os_release()
        return ok(message, expected="v1 or v2", evidence=[seen(system.source, system.id)])
    if node.os_release().id is None and planned.found.source is None:
        return skip("nothing here tells which system boots", code="not-found", evidence=[seen("/etc/os-release")])
    message = f"nothing tells which cgroups the next boot mounts: {planned.open} is not known"
    return unknown(message, code="not-found", expected=V2, evidence=evidence)


def _seen(found: CgroupVersion) -> list[Evidence]:
    return [seen(found.source or MOUNT, found.value)]


def _judged(found: CgroupVersion, taken: V1Node, evidence: list[Evidence], note: str | None = None) -> Outcome:
    also = "" if note is None else f"; {note}"
    if found.version == V2:
        return ok(f"cgroup v2{also}", expected=V2, actual=V2, evidence=evidence)
    release = taken.release()
    told = taken.told(release)
    if told is not None:
        evidence = [*evidence, told[1]]
    row = None if release is None else V1_TAKEN.at(_NAME, release)
    name = f"cgroup {found.version}{also}"
    if row is not None and row.wanted == TAKEN:
        message = f"{name}, which Kubernetes {_dotted(release)} supports"
        return ok(message, expected=f"{V2} or {found.version}", actual=found.version, evidence=evidence)
    severity, why = _verdict(row, None if told is None else told[0])
    return fail(
        f"{name}: {why}", expected=V2, actual=found.version, evidence=evidence, severity=severity,
        fix=_to_v2(taken.os_release()), notes=(*taken.whose(), *V1_TAKEN.notes(_NAME, release)),
    )  # fmt: skip


def _verdict(row: Row | None, told: bool | None) -> tuple[Severity, str]:
    """How much v1 matters, and why; ``told`` is what the kubelet is told of it."""
    if told is True:
        return Severity.ERROR, f"the kubelet is told not to start on it ({SETTING})"
    if row is None:
        newest = V1_TAKEN.at(_NAME, NEWEST).reason
        return Severity.WARNING, f"{newest}; which release this node is to have is not known"
    if told is False and row.wanted == REFUSED:
        return Severity.WARNING, f"the kubelet is told to start on it ({SETTING}: false), and {KUBEADM}"
    return row.severity, row.reason


def _without_memory(version: str | None, judged: Outcome, told: Evidence, owner: BootOwner) -> Outcome:
    also = f"; {judged.message}" if judged.status != "pass" else ""
    return fail(
        f"{_MEMORY}{also}",
        expected=f"{V2} with the memory controller",
        actual=f"{version or 'cgroups'} without it",
        evidence=[told, *judged.evidence],
        fix=owner.controller_on(MEMORY),
        severity=Severity.ERROR,
    )


def _with_memory(judged: Outcome, version: str | None, controllers: BootControllers, owner: BootOwner) -> Outcome:
    """The same with what the command line makes of the memory controller."""
    found = controllers.by_words(MEMORY, unified=version not in (V1, HYBRID))
    if found is None:
        return judged
    if found.on is False:
        return _without_memory(version, judged, found.evidence[0], owner)
    message = f"whether the memory controller will be on is not known: {found.message}"
    return unknown(message, code="unsupported", expected=V2, evidence=found.evidence)


def _to_v2(release: OsRelease) -> Fix:
    """Boot with the option; on Enterprise Linux 7 there is no such option."""
    option = f"{OPTION}=1"
    if release.id in GRUBBY and (release.version or "").partition(".")[0] == "7":
        return by_hand("Upgrade the distribution", "systemd 219 of Enterprise Linux 7 knows no cgroup v2: upgrade it")
    if release.id in GRUBBY:
        return Fix("Boot with cgroup v2", (command("grubby", "--update-kernel=ALL", f"--args={option}"),), reboot=True)
    text = f"Add {option} to the kernel's command line (GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub)"
    return Fix("Boot with cgroup v2", (manual(text),), "manual", reboot=True)


def _remove(title: str) -> Fix:
    text = "Change the boot loader's configuration (EL: grubby --remove-args), and reboot"
    return Fix(title, (manual(text),), "manual", reboot=True)


def _dotted(release: tuple[int, ...] | None) -> str:
    return ".".join(map(str, release or ()))
