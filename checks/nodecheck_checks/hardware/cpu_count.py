"""How many processors the node has."""

from __future__ import annotations

from nodecheck.checking import Evidence, Results, Severity, check, seen, unknown
from nodecheck.facts import Processors, Target
from nodecheck.facts.hardware.processors import ONLINE
from nodecheck.fix import by_hand
from nodecheck.requirements.table import Row, Table, verdict

_NAME = "cpus"

CPUS = Table(
    Row(_NAME, "2", "kubeadm makes no control plane of less", "kubeadm preflight NumCPU", role="control-plane"),
    Row(_NAME, "1", "nothing runs on less", "kubeadm asks nothing of a worker", severity=Severity.INFO),
)
"""The least number of processors; the first row that holds counts."""


@check(tags=["kubeadm"], topic="hardware")
def cpu_count(processors: Processors, target: Target) -> Results:
    """A control plane has at least two processors.

    ## Why it matters
    kubeadm refuses to make a control plane of a machine with one (`NumCPU`): etcd and the API server wait for each
    other there, and miss their own deadlines.

    ## What it looks at
    The processors that the node's first process may run on (`Cpus_allowed_list` in `/proc/1/status`, or where that is
    hidden in the reader's own) and that are switched on (`/sys/devices/system/cpu/online`): its affinity and cpuset
    count, as they do for kubeadm's `runtime.NumCPU`. The quota of a cgroup does not count; where it gives less time
    than there are processors, the message tells it. A control plane needs 2, which is an error; a worker 1, as
    information. Where the role is hidden and there is one processor, the result is `unknown`. So it is where more are
    allowed, and nothing says which are switched on: a machine may have room for more processors than it has.

    ## How to fix it
    Give the virtual machine another processor, or take away what keeps the node from it: `CPUAffinity=` in
    `/etc/systemd/system.conf`, `maxcpus=` or `nosmt` on the kernel's command line, the cpuset of its container.

    ## Sources
    kubeadm cmd/kubeadm/app/preflight/checks.go (`NumCPUCheck`), cmd/kubeadm/app/constants (`ControlPlaneNumCPU`); Go
    src/runtime/os_linux.go (`getproccount`); sched_getaffinity(2), proc_pid_status(5), cpuset(7).
    """
    needed, evidence = CPUS.row(_NAME, target), _looked_at(processors)
    hidden = target.untold("role") if target.role is None else None
    if hidden is not None and processors.usable < int(CPUS.row(_NAME, Target(role="control-plane")).wanted):
        yield unknown(f"whether this is a control plane cannot be told: {hidden}", code="denied", evidence=evidence)
        return
    row = needed._replace(wanted=f"at least {needed.wanted}")
    fix = by_hand(
        "Give the node another processor", "add one to the virtual machine, and look what limits its affinity"
    )
    met = processors.usable >= int(needed.wanted)
    if met and processors.usable > 1 and processors.online is None:
        why = f"it is not known which processors are switched on: {ONLINE} is not there"
        yield unknown(why, code="not-found", expected=row.wanted, evidence=evidence)
        return
    yield verdict(met, _told(processors), row, str(processors.usable), evidence, fix)._replace(subject=None)


def _told(processors: Processors) -> str:
    count, quota = processors.usable, processors.quota
    message = f"the node has {count} processor{'' if count == 1 else 's'}"
    return f"{message} (its cgroup gives the time of {quota:g})" if quota is not None and quota < count else message


def _looked_at(processors: Processors) -> list[Evidence]:
    evidence = [seen(processors.source, f"Cpus_allowed_list: {processors.allowed}"), seen(ONLINE, processors.online)]
    if processors.quota is not None and processors.quota < processors.usable:
        evidence.append(seen(processors.quota_source, f"{processors.quota:g} processors"))
    return evidence
