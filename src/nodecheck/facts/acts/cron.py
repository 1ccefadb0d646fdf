"""What cron and anacron run: at the boot, and by the clock some time after it (cron(8), crontab(5), anacrontab(5))."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.errors import Absent
from nodecheck.facts.acts.follow import Follower
from nodecheck.facts.acts.hooks import acts_of, started_by
from nodecheck.facts.acts.model import CLOCK, LATE, STAYS, Act, by_start
from nodecheck.facts.acts.units import SELDOM, undecided
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.unit_start import UnitStart
from nodecheck.formats.calendars import anacron_is_daily, cron_is_daily
from nodecheck.host import Host, names_in
from nodecheck.host.base import stat_or_none, text
from nodecheck.record import NamedTuple

CRON_UNITS = ("cron.service", "crond.service", "cronie.service", "dcron.service")
CRON_TABLES = ("/etc/crontab",)
CRON_DIRS = ("/etc/cron.d",)
CRON_SPOOLS = ("/var/spool/cron/crontabs", "/var/spool/cron/tabs", "/var/spool/cron")
"""Tables of users, by their names: of Debian, of SUSE, of EL."""
ANACRON = "anacron.service"
ANACRON_TABLE = "/etc/anacrontab"
ANACRON_HOURLY = "/etc/cron.hourly/0anacron"
"""By what cron starts anacron on EL."""


class _CronLine(NamedTuple):
    """One job of a table."""

    path: str
    number: int
    text: str
    command: str
    variables: dict[str, str | None]
    place: int
    seldom: bool


def cron(host: Host, follower: Follower, starts: BootStarts) -> Iterator[Act]:
    """The jobs of root, where cron starts."""
    for path, with_user in _tables(host):
        jobs = _jobs(path, _text(host, path), with_user)
        yield from started_by(_of_jobs(follower, "cron", jobs), starts, *CRON_UNITS)


def anacron(host: Host, follower: Follower, starts: BootStarts) -> Iterator[Act]:
    """The jobs of anacron, which its own timer starts, or cron every hour."""
    acts = tuple(_of_jobs(follower, "anacron", _anacron_jobs(_text(host, ANACRON_TABLE))))
    if acts:
        start = _anacron_start(host, starts)
        yield from (by_start(act, start) for act in acts)


def _anacron_start(host: Host, starts: BootStarts) -> UnitStart:
    by_cron = stat_or_none(host, ANACRON_HOURLY)
    units = CRON_UNITS if by_cron is not None and by_cron.executable else ()
    own = starts.of(ANACRON)
    found = next((start for start in map(starts.of, units) if start.acts), own)
    return found if found.acts else starts.by_clock(ANACRON) or own


def _text(host: Host, path: str) -> str:
    try:
        return text(host, path)
    except Absent:
        return ""


def _of_jobs(follower: Follower, actor: str, jobs: Iterable[_CronLine]) -> Iterator[Act]:
    for job in jobs:
        commands = follower.shell(job.command, job.path, job.number, job.text, job.variables)
        for act in acts_of(actor, commands, job.place, follower):
            yield undecided(act, SELDOM) if job.seldom and act.state != STAYS and act.doubt is None else act


def _tables(host: Host) -> Iterator[tuple[str, bool]]:
    """The tables, and whether their lines name a user."""
    yield from ((path, True) for path in CRON_TABLES)
    for folder in CRON_DIRS:
        yield from ((f"{folder}/{name}", True) for name in names_in(host, folder) if _is_table(name))
    for folder in CRON_SPOOLS:
        if "root" in names_in(host, folder):
            yield f"{folder}/root", False


def _is_table(name: str) -> bool:
    """Whether cron takes a file of ``/etc/cron.d``: Debian's takes no name with a dot, and none takes a package's rest.

    >>> _is_table("k8s"), _is_table("k8s.dpkg-dist"), _is_table(".placeholder"), _is_table("a~")
    (True, False, False, False)
    """
    return not name.startswith(".") and not name.endswith("~") and not any(end in name for end in (".dpkg-", ".rpm"))


def _jobs(path: str, source: str, with_user: bool) -> Iterator[_CronLine]:
    """The jobs of root in a table, each with the variables that are set above it."""
    for number, line, variables in _lines(source):
        fields = 1 if line.startswith("@") else 5
        words = line.replace("\t", " ").split(None, fields + with_user)
        if len(words) <= fields + with_user or (with_user and words[fields] not in ("root", "0")):
            continue
        when = (words[0].lstrip("-"), *words[1:fields])  # cronie's "-" writes no log
        boot = when == ("@reboot",)
        seldom = not boot and not cron_is_daily(when)
        yield _CronLine(path, number, line, _until_percent(words[-1]), variables, LATE if boot else CLOCK, seldom)


def _anacron_jobs(source: str) -> Iterator[_CronLine]:
    """Period, delay, name and command of each job."""
    for number, line, variables in _lines(source):
        words = line.replace("\t", " ").split(None, 3)
        if len(words) == 4:
            seldom = not anacron_is_daily(words[0])
            yield _CronLine(ANACRON_TABLE, number, line, words[3], variables, CLOCK, seldom)


def _lines(source: str) -> Iterator[tuple[int, str, dict[str, str | None]]]:
    variables: dict[str, str | None] = {}
    for number, raw in enumerate(source.split("\n"), 1):
        line = raw.strip(" \t\r")
        name, equals, value = line.partition("=")
        if equals and name.strip(" \t").isidentifier():
            variables = {**variables, name.strip(" \t"): value.strip(" \t\"'")}
        elif line and not line.startswith("#"):
            yield number, line, variables


def _until_percent(command: str) -> str:
    r"""The command of a line: what follows a ``%`` is given to it, and ``\%`` is one.

    >>> _until_percent(r"date +\%s; x%y")
    'date +%s; x'
    """
    return command.replace("\\%", "\0").partition("%")[0].replace("\0", "%")
