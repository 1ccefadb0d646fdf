"""Swap."""

from nodecheck.checking import Results, Severity, check, fail, ok, seen
from nodecheck.facts.swaps import Swaps
from nodecheck.fix import Fix, command


@check(severity=Severity.ERROR, tags=["kubelet"])
def swap(swaps: Swaps) -> Results:
    """No swap area is active.

    ## Why it matters
    The kubelet refuses to start on a node with swap unless it is told otherwise.

    ## How to fix it
    Turn the area off.

    ## Sources
    kubelet ``failSwapOn``.
    """
    if not swaps.areas:
        yield ok("no swap area is active")
    for area in swaps.areas:
        yield fail(
            f"{area.size_kib} KiB of swap is active",
            subject=area.path,
            evidence=[seen("/proc/swaps", area.path)],
            fix=Fix("Turn it off", (command("swapoff", "--", area.path),)),
        )
