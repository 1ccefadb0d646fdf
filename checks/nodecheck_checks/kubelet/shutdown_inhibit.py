"""Whether logind lets the kubelet delay a shutdown for as long as it is told to."""

from __future__ import annotations

from nodecheck import facts
from nodecheck.checking import Lazy, Results, Severity, check, seen, skip, unknown
from nodecheck.facts import EmbeddedKubelet, InitSystem, KubeletConfig, KubeletRelease, Target

GIVEN = ("shutdownGracePeriod", "shutdownGracePeriodByPodPriority")
"""The settings that give it time."""


@check(
    severity=Severity.WARNING,
    tags=["kubelet"],
    topic="kubelet",
    view="boot",
    rows="nodecheck_checks.kubelet.inhibit_delay:PERIODS",
)
def shutdown_inhibit(
    kubelet: KubeletConfig,
    logind: Lazy[facts.LogindConf],
    own: Lazy[KubeletRelease],
    target: Lazy[Target],
    init: Lazy[InitSystem],
    embedded: Lazy[EmbeddedKubelet],
) -> Results:
    """logind lets the kubelet delay a shutdown for as long as `shutdownGracePeriod` says.

    ## Why it matters
    With `shutdownGracePeriod` the kubelet ends pods in order before the node goes down, and holds the shutdown up by an
    inhibitor lock. logind grants `InhibitDelayMaxSec`, 5 seconds by default. Where that is too little the kubelet
    writes it into `99-kubelet.conf`; where a drop-in of a later name says less, it logs
    `unable to update logind InhibitDelayMaxSec`, goes on without a lock, and every reboot cuts the pods off. Debian's
    and Ubuntu's `unattended-upgrades` ships such a drop-in, of 30 seconds.

    ## What it looks at
    What the kubelet asks for: the sum of `shutdownGracePeriodByPodPriority`, else `shutdownGracePeriod`; with neither
    the check is skipped. More than the `InhibitDelayMaxSec` that wins (5 seconds where nothing sets it) is a warning.
    What wins at logind: `logind.conf`, then the drop-ins of `/etc`, `/run`, `/usr/local/lib` and `/usr/lib` in the
    order of their names, masked ones left out, with the kubelet's own drop-in as it will write it. What lies in a
    `/run` that the next boot begins without is left out. `infinity` is no grant: the kubelet reads it as a negative
    time, and replaces it or goes on without a lock.

    ## How to fix it
    Mask the drop-in of the vendor by a link to `/dev/null` of the same name in `/etc/systemd/logind.conf.d`, or change
    the line of your own. Restart the kubelet: it writes its drop-in, and has logind read it.

    ## Sources
    kubernetes pkg/kubelet/nodeshutdown (`periodRequested`, `CurrentInhibitDelay`, `OverrideInhibitDelay`);
    kubernetes#102818; kubernetes/website#51307; logind.conf(5); systemd src/shared/conf-parser.c; unattended-upgrades
    `unattended-upgrades-logind-maxdelay.conf`.
    """
    if not kubelet.present:
        inner = "the kubelet inside the agent is not looked into" if embedded().present else "there is no kubelet"
        yield skip(inner, code="not-applicable")
    elif kubelet.problem is not None:
        place = seen(kubelet.problem.source, kubelet.problem.detail, line=kubelet.problem.line)
        if kubelet.problem.to_come:
            yield skip(kubelet.problem.why_not_yet, evidence=[seen(kubelet.problem.source)])
            return
        message = f"the kubelet does not start with its configuration: {kubelet.problem.detail}"
        yield unknown(message, code=kubelet.problem.code, evidence=[place])
    elif not any(kubelet.setting(name).source for name in GIVEN):
        message = "the kubelet is given no time for a shutdown"
        yield skip(message, evidence=[seen(path, None, locator=GIVEN[0]) for path in kubelet.sources])
    else:
        from nodecheck_checks.kubelet.inhibit_delay import judged

        yield judged(kubelet, logind, own, target, init)
