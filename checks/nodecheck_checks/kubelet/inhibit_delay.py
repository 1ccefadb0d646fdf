"""How long logind lets the kubelet delay a shutdown, and how long it is asked for."""

from __future__ import annotations

from nodecheck import facts
from nodecheck.checking import Evidence, Lazy, Outcome, Severity, fail, ok, seen, skip, unknown
from nodecheck.facts import InitSystem, KubeletConfig, KubeletRelease, Target
from nodecheck.facts.kubelet.lookup import EffectiveSetting
from nodecheck.fix import SAFE, Fix, command, edit
from nodecheck.record import NamedTuple
from nodecheck.requirements.table import NEWEST, Row, Table
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.services.logind import InhibitDelay

OWN = "99-kubelet.conf"
"""The drop-in that the kubelet writes itself (pkg/kubelet/nodeshutdown/systemd/inhibit_linux.go)."""

ETC = "/etc/systemd/logind.conf.d"
_SOURCE = "kubernetes pkg/kubelet/nodeshutdown/nodeshutdown_manager_linux.go; kubernetes#102818, website#51307"
PERIODS = Table(
    Row("shutdownGracePeriod", "at most InhibitDelayMaxSec",
        "the kubelet takes no inhibitor lock, and pods are cut off", _SOURCE, Severity.WARNING, since=(1, 21)),
    Row("shutdownGracePeriodByPodPriority", "a sum of at most InhibitDelayMaxSec",
        "the kubelet takes no inhibitor lock, and pods are cut off", _SOURCE, Severity.WARNING, since=(1, 24)),
)  # fmt: skip
"""Since when the gates GracefulNodeShutdown and GracefulNodeShutdownBasedOnPodPriority are on by default."""


class AskedDelay(NamedTuple):
    """The time that the kubelet asks of logind."""

    seconds: int
    row: Row
    settings: tuple[EffectiveSetting, ...]


PERIOD, CRITICAL = "shutdownGracePeriod", "shutdownGracePeriodCriticalPods"
BY_PRIORITY = "shutdownGracePeriodByPodPriority"
GATE, GATE_BY_PRIORITY = "GracefulNodeShutdown", "GracefulNodeShutdownBasedOnPodPriority"


def judged(
    kubelet: KubeletConfig,
    logind: Lazy[facts.LogindConf],
    own: Lazy[KubeletRelease],
    target: Lazy[Target],
    init: Lazy[InitSystem],
) -> Outcome:
    """Whether logind grants the time that the kubelet asks for."""
    release = own().numbers or target().release
    hidden = own().hidden
    if release is None and hidden is not None:
        return unknown(
            f"the kubelet's release is not known, and older ones delay no shutdown: {hidden}", code=hidden.code
        )
    release = release or NEWEST
    asked = asked_of(kubelet, (release[0], release[1]))
    settings = [kubelet.setting(name) for name in (PERIOD, CRITICAL, BY_PRIORITY)]
    evidence = [seen(one.source, one.text, line=one.line) for one in settings if one.source]
    if isinstance(asked, str):
        return skip(asked, evidence=evidence)
    if any(one.problem for one in asked.settings):
        problem = next(one.problem for one in asked.settings if one.problem)
        return unknown(f"what the kubelet asks for is not known: {problem}", code="malformed", evidence=evidence)
    if not init().is_systemd:
        return skip(f"{init().name} is the init, and has no logind of systemd")
    return _by_logind(asked, logind())


def asked_of(kubelet: KubeletConfig, release: tuple[int, int]) -> AskedDelay | str:
    """What the kubelet of a release asks of logind; a text says why it asks for nothing.

    Whole seconds, as ``periodRequested`` adds them up: each part is cut off for itself.
    """
    period, row = PERIODS.rows[0], PERIODS.rows[1]
    by_priority = kubelet.setting(BY_PRIORITY)
    on = kubelet.gate(GATE)
    if on is False or (on is None and not period.covers(release)):
        return f"the gate {GATE} is off: the kubelet delays no shutdown"
    by = kubelet.gate(GATE_BY_PRIORITY)
    listed = by_priority.value or by_priority.problem  # an empty list counts as none
    if listed and (by or (by is None and row.covers(release))):
        pairs = by_priority.value if isinstance(by_priority.value, tuple) else ()
        found = AskedDelay(sum([int(pair[1]) for pair in pairs]), row, (by_priority,))
    else:
        settings = (kubelet.setting(PERIOD), kubelet.setting(CRITICAL))
        whole, critical = [float(one.value) if isinstance(one.value, (int, float)) else 0.0 for one in settings]
        found = AskedDelay(int(max(whole - critical, 0)) + int(critical), period, settings)
    if found.seconds == 0 and not any(one.problem for one in found.settings):
        return "the kubelet is given no time for a shutdown"
    return found


def winning(delays: tuple[InhibitDelay, ...]) -> InhibitDelay | None:
    """The line that counts; None where the default does."""
    return delays[-1] if delays else None


def _by_logind(asked: AskedDelay, logind: facts.LogindConf) -> Outcome:
    from nodecheck.facts.services.logind import DEFAULT_S, KEY

    evidence = [seen(one.source, one.text, line=one.line) for one in asked.settings if one.source]
    now = winning(logind.delays)
    expected = f"{KEY} of at least {asked.seconds} s"
    actual = f"{_told(now)} beside {asked.seconds} s"
    granted = DEFAULT_S if now is None else as_kubelet(now.seconds)
    places = [seen(path, None, locator=KEY) for path in logind.files] if now is None else [_place(now)]
    if granted >= asked.seconds:
        message = f"logind grants {_told(now)}, and the kubelet asks for {asked.seconds} s"
        return ok(message, expected=expected, actual=actual, evidence=[*evidence, *places])
    if f"{ETC}/{OWN}" in logind.masked:
        return _masked(asked, now, [*evidence, seen(f"{ETC}/{OWN}", "a link to /dev/null")])
    later = winning(tuple([one for one in logind.delays if _after_own(one)]))
    if later is not None and as_kubelet(later.seconds) < asked.seconds:
        message = f"{later.path} sets {later.text} after {OWN}, and the kubelet asks for {asked.seconds} s"
        message += "" if later.seconds < asked.seconds else ", but reads this as less than nothing"
        fix = _fix(later, asked)
        return fail(
            f"{message}: {asked.row.reason}",
            expected=expected,
            actual=f"{_told(later)} beside {asked.seconds} s",
            evidence=[*evidence, _place(later)],
            fix=fix,
        )
    message = f"logind grants {_told(now)} yet, and the kubelet raises it to {asked.seconds} s by its {OWN}"
    return ok(message, expected=expected, actual=actual, evidence=[*evidence, *places])


def as_kubelet(seconds: float) -> float:
    """What the kubelet makes of the time of logind (``CurrentInhibitDelay``).

    It counts the microseconds as nanoseconds in a signed number of 64 bits: no end is -1 to it.

    >>> as_kubelet(90.0), as_kubelet(float("inf"))
    (90.0, -1e-06)
    """
    microseconds = (1 << 64) - 1 if seconds == float("inf") else int(seconds * 1_000_000)
    return ((microseconds * 1000 + (1 << 63)) % (1 << 64) - (1 << 63)) / 1e9


def _masked(asked: AskedDelay, now: InhibitDelay | None, evidence: list[Evidence]) -> Outcome:
    """What the kubelet writes into its drop-in goes nowhere."""
    from nodecheck.facts.services.logind import KEY

    path = f"{ETC}/{OWN}"
    return fail(
        f"{path} is a link to /dev/null: the kubelet cannot raise {KEY} from {_told(now)} to {asked.seconds} s",
        expected=f"{KEY} of at least {asked.seconds} s",
        actual=f"{_told(now)} beside {asked.seconds} s",
        evidence=evidence,
        fix=Fix(f"Take the mask of {OWN} away", (command("rm", "--", path),), SAFE),
    )


def _after_own(delay: InhibitDelay) -> bool:
    """Whether a line is read after the kubelet's own drop-in: names are compared by their bytes."""
    return delay.name.encode("utf-8", "surrogateescape") > OWN.encode()


def _told(delay: InhibitDelay | None) -> str:
    from nodecheck.facts.services.logind import DEFAULT_S

    seconds = DEFAULT_S if delay is None else delay.seconds
    return "no end" if seconds == float("inf") else f"{seconds:g} s"


def _place(delay: InhibitDelay) -> Evidence:
    return seen(delay.path, delay.text, line=delay.line)


def _fix(delay: InhibitDelay, asked: AskedDelay) -> Fix:
    """A vendor's drop-in is masked, for the kubelet to rule; a line in /etc is its owner's to change."""
    from nodecheck.facts.services.logind import KEY

    if delay.path.startswith("/etc/"):
        after = f"{KEY}={asked.seconds}"
        return Fix(f"Let logind grant {asked.seconds} s", (edit(delay.path, delay.whole, after),), SAFE)
    steps = (
        command("mkdir", "--parents", ETC),
        command("ln", "--symbolic", "/dev/null", f"{ETC}/{delay.name}"),
    )
    return Fix(f"Mask {delay.path}", steps, SAFE)
