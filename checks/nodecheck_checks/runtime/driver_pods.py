"""The third side of ``cgroup-driver``: pods that run, by the names of their cgroups."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.checking import Outcome, fail, ok, seen, unknown
from nodecheck.errors import FactError, Offline
from nodecheck.facts.kernel.cgroups import CGROUPFS, SYSTEMD
from nodecheck.fix import by_hand
from nodecheck_checks.runtime.driver_sides import Side, SidesNode, attempt

PODS = "pods"


def pods_outcomes(own: Side, node: SidesNode, agent: str | None = None) -> Iterator[Outcome]:
    """Pods that run beside the kubelet that would count them; nothing where none runs, or its driver is not known."""
    if own.driver is None:
        return
    found = attempt(node.pods)
    if isinstance(found, Offline):
        return
    if isinstance(found, FactError):
        message = f"the cgroups of pods cannot be read: {found}"
        yield unknown(message, code=found.code, subject=PODS, expected=own.driver)
        return
    tops = {driver: top for driver, top in ((SYSTEMD, found.systemd), (CGROUPFS, found.cgroupfs)) if top is not None}
    if not tops:
        return
    evidence = (*[seen(top, f"pods of the {driver} driver") for driver, top in tops.items()], *own.evidence)
    actual = " and ".join(tops)
    whose = "the kubelet" if agent is None else f"{agent}'s kubelet"
    if set(tops) == {own.driver}:
        message = f"the pods that run have cgroups of the {own.driver} driver, as {whose} makes them"
        yield ok(message, subject=PODS, expected=own.driver, actual=actual, evidence=evidence)
        return
    other = ", ".join([top for driver, top in tops.items() if driver != own.driver])
    yield fail(
        f"pods run below {other}, and {whose} uses the {own.driver} driver: it neither counts nor ends them there",
        subject=PODS,
        expected=own.driver,
        actual=actual,
        evidence=evidence,
        fix=by_hand(
            "Drain the node, and start its pods anew",
            "kubectl drain the node first. Then reboot it, or stop the kubelet, remove the pods that are left with"
            " crictl rmp -fa, and start the kubelet; kubectl uncordon it",
        ),
    )
