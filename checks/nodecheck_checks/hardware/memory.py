"""How much memory the node has."""

from __future__ import annotations

from nodecheck.checking import Evidence, Results, Severity, check, seen, unknown
from nodecheck.facts import Memory, Target
from nodecheck.facts.hardware.memory import MEMINFO
from nodecheck.fix import by_hand
from nodecheck.requirements.table import PROFILE, Row, Table, verdict

_NAME = "MiB"
_MIB = 1 << 20

MEMORY = Table(
    Row(
        _NAME,
        "1700",
        "kubeadm makes no control plane of less",
        "kubeadm preflight Mem: cmd/kubeadm/app/preflight/checks_linux.go",
        since=(1, 20),
        role="control-plane",
    ),
    Row(
        _NAME,
        "1024",
        "little is left for pods beside kubelet and runtime",
        "kubespray roles/kubernetes/preinstall/defaults (minimal_node_memory_mb); kubernetes-sigs/kubespray#2123",
        severity=Severity.WARNING,
    ),
)
"""The least MiB; the first row that holds counts."""

SLACK_PERCENT, SLACK_MIB = 6, 100
"""What a machine may show less than it was given: firmware, the kernel and a crash kernel take theirs before it counts.

At least that many MiB (openshift/assisted-service internal/host/validator.go). It is allowed for the figure that no
program compares.
"""


def with_slack(figure: int) -> int:
    """What a machine shows at least that was given so many MiB.

    >>> with_slack(1024), with_slack(4096)
    (924, 3851)
    """
    return figure - max(SLACK_MIB, figure * SLACK_PERCENT // 100)


def verify_mib(size: int) -> None:
    """Raises ValueError for what is no size; -1 is none."""
    if size < -1:
        raise ValueError(f"{size} is no number of MiB, nor -1")


@check(tags=["kubeadm"], topic="hardware", verify={"minimum-mib": verify_mib})
def memory(memory: Memory, target: Target, *, minimum_mib: int = -1) -> Results:
    """A control plane has at least 1700 MiB of memory, and a worker about 1 GiB.

    ## Why it matters
    kubeadm refuses to make a control plane of a machine with less (`Mem`). On a small worker the kernel kills
    processes as soon as a few pods run, and the kubelet evicts pods before.

    ## What it looks at
    `MemTotal` in `/proc/meminfo`: what the kernel manages, which is less than the machine was given. sysinfo(2), which
    kubeadm asks, has the same number. A control plane needs 1700 whole MiB from Kubernetes 1.20 on, compared exactly as
    kubeadm does; less is an error. A worker, and a control plane of an older release, should have 1024 MiB. A machine
    that was given them shows some less, so 6 %, and at least 100 MiB, are allowed: below 924 MiB is a warning.

    The limit of a cgroup does not count, as it does not for kubeadm; where it is lower, the message has it. In a
    container with lxcfs `/proc/meminfo` shows that limit. Where the role is hidden and there is less than a control
    plane needs, the result is `unknown`.

    `minimum-mib` takes the place of the figures for all roles, and is compared exactly; less is an error. A machine
    with 4096 MiB shows about 3900.

    ## How to fix it
    Give the virtual machine more memory. `crashkernel=` on the kernel's command line takes some of it away.

    ## Sources
    kubeadm cmd/kubeadm/app/preflight/checks_linux.go (`MemCheck`), cmd/kubeadm/app/constants (`ControlPlaneMem`);
    kernel fs/proc/meminfo.c, kernel/sys.c (`do_sysinfo`); proc_meminfo(5), sysinfo(2).
    """
    row, least = asked_of(target, minimum_mib)
    met = memory.total_mib >= least
    evidence = looked_at(memory, met)
    hidden = target.untold("role") if target.role is None and row.asked_by != PROFILE else None
    if hidden is not None and memory.total_mib < asked_of(target._replace(role="control-plane"), -1)[1]:
        yield unknown(f"it is not known whether this is a control plane: {hidden}", code="denied", evidence=evidence)
        return
    fix = by_hand("Give the node more memory", "add some to the virtual machine; crashkernel= takes some away")
    given = "" if least == int(row.wanted) else f" of {row.wanted} given"
    row = row._replace(wanted=f"at least {least} MiB{given}")
    yield verdict(met, f"the node has {told(memory)}", row, told(memory), evidence, fix)._replace(subject=None)


def asked_of(target: Target, minimum_mib: int) -> tuple[Row, int]:
    """The row of a node, and the MiB below which it fails."""
    row = MEMORY.row(_NAME, target)
    if minimum_mib >= 0:
        return row.by_profile(str(minimum_mib)), minimum_mib
    figure = int(row.wanted)
    return row, figure if row.role is not None else with_slack(figure)


def told(memory: Memory) -> str:
    """The memory in words, and the cgroup's limit where that is lower."""
    total = f"{memory.total_mib} MiB of memory"
    return total if memory.limit_bytes is None else f"{total} (its cgroup gives {memory.limit_bytes // _MIB})"


def looked_at(memory: Memory, met: bool) -> list[Evidence]:
    """No figure of MemTotal: a balloon changes it, and the next kernel takes some pages more or less."""
    evidence = [seen(MEMINFO, f"MemTotal: {'enough' if met else 'less than is needed'}")]
    if memory.limit_bytes is not None:
        evidence.append(seen(memory.limit_source, f"{memory.limit_bytes // _MIB} MiB"))
    return evidence
