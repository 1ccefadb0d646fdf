"""Whether a boot is over: only then is what it did held against what was predicted of it."""

from __future__ import annotations

from nodecheck.errors import Absent, FactError
from nodecheck.host import Host, exists
from nodecheck.host.base import text
from nodecheck.record import NamedTuple

LEAST_UP_S = 600.0
"""Seconds after which a boot has done what it does."""

UPTIME = "/proc/uptime"
FIRST_STAT = "/proc/1/stat"
TICKS = 100
"""Ticks of proc(5) in a second (USER_HZ), on every machine that Kubernetes runs on."""

JOBS = ("systemctl", "list-jobs", "--no-legend", "--no-pager", "--full", "--plain")
ANSWER_S = 5.0


class BootNow(NamedTuple):
    """When the node booted, and what its boot still waits for."""

    booted_at: str = ""
    """RFC 3339 in UTC, by the clock of now; empty where it is not known."""
    waits: str | None = None
    """Why nothing can be said of this boot yet."""


def boot_now(host: Host, at: str) -> BootNow:
    """Look at the boot of a host, ``at`` being the time now."""
    try:
        up_s = up_for(host)
    except FactError as error:
        return BootNow("", f"how long the node is up cannot be told: {error}")
    booted_at = _before(at, up_s)
    if up_s < LEAST_UP_S:
        return BootNow(booted_at, f"the node booted {int(up_s // 60)} min ago, and a boot has {LEAST_UP_S / 60:g}")
    return BootNow(booted_at, _jobs(host))


def up_for(host: Host) -> float:
    """Seconds since the first process was started: that of a container starts later than its host.

    Fields 1 of ``/proc/uptime`` and 22 of ``/proc/1/stat`` (proc(5)), both since the boot of the kernel, or of the
    time namespace; LXCFS shows the age of the container as the former.
    """
    words = text(host, UPTIME).split(" ")
    try:
        up_s = float(words[0])
    except ValueError as error:
        raise FactError(UPTIME, f"holds no number of seconds: {words[0]!r}") from error
    try:
        fields = text(host, FIRST_STAT).rpartition(")")[2].split()
        age_s = up_s - int(fields[19]) / TICKS
    except (FactError, IndexError, ValueError):
        return up_s
    return age_s if age_s >= 0 else up_s


def _jobs(host: Host) -> str | None:
    """What systemd still has to do; a start that runs is none: the audit's own service is one as it asks.

    Where something of the boot still starts, its target waits for it (systemd.target(5)). Other init systems have no
    such list, and the time alone counts.
    """
    try:
        if not exists(host, "/run/systemd/system"):  # sd_booted(3)
            return None
        done = host.run(JOBS, ANSWER_S)
    except Absent:
        return None
    except FactError as error:
        return f"systemd does not say whether its jobs are done: {error}"
    if done.code != 0:
        return f"systemd does not say whether its jobs are done: {done.stderr.strip() or f'exit code {done.code}'}"
    waiting = waiting_jobs(done.stdout)
    return None if not waiting else f"systemd has jobs that are not done: {', '.join(waiting[:4])}"


def waiting_jobs(source: str) -> list[str]:
    r"""The units with a job that waits, or that ends something, in what ``systemctl list-jobs`` prints.

    >>> waiting_jobs("12 multi-user.target start waiting\n34 nodecheck-audit.service start running\n")
    ['multi-user.target']
    >>> waiting_jobs("No jobs running.\n")
    []
    """
    rows = [line.split() for line in source.split("\n")]
    return [row[1] for row in rows if len(row) >= 4 and row[0].isdigit() and row[2:4] != ["start", "running"]]


def _before(at: str, seconds: float) -> str:
    from datetime import datetime, timedelta, timezone

    try:
        moment = datetime.fromisoformat(at[:19] + "+00:00") - timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        return at
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
