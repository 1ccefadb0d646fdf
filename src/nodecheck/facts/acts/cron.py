"""What cron and anacron run: at the boot, and by the clock some time after it (cron(8), crontab(5), anacrontab(5))."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.errors import Absent
from nodecheck.facts.acts.follow import BootCommand, Follower
from nodecheck.facts.acts.hooks import acts_of, started_by
from nodecheck.facts.acts.model import CLOCK, LATE, STAYS, Act, by_start
from nodecheck.facts.acts.units import SELDOM, undecided
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.unit_start import UnitStart
from nodecheck.formats.calendars import anacron_is_daily, cron_is_daily
from nodecheck.host import Host, exists, names_in
from nodecheck.host.base import stat_or_none, text
from nodecheck.model.evidence import seen
from nodecheck.record import NamedTuple

CRON_PATH = "/usr/bin:/bin"
"""Where cron looks for programs if its table does not say (crontab(5)): not where sysctl and swapon lie as a rule."""
_BUILTIN = ("echo", "printf", ":", "true")
DEBIAN = "/etc/debian_version"
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
        source = _text(host, path)
        acts = _of_jobs(follower, "cron", _jobs(path, source, with_user))
        yield from started_by(_taken(host, path, source, with_user, acts), starts, *CRON_UNITS, awaited=False)


def _taken(host: Host, path: str, source: str, with_user: bool, acts: Iterator[Act]) -> Iterator[Act]:
    """The acts of a table; none of them runs where cron leaves it out."""
    why: str | None = None
    for act in acts:
        why = _refused(host, path, source, with_user) if why is None else why
        yield act._replace(state=STAYS, doubt=None, stops=(seen(path, why),), why=why) if why else act


def _refused(host: Host, path: str, source: str, with_user: bool) -> str:
    """Why cron leaves a table out; the empty text where it takes it.

    Debian's cron wants 0600 of a user's table, none but the owner's right to write of all others, and a final newline;
    cronie takes none that others than the owner may write, or anybody execute (both: database.c, ``process_crontab``).
    """
    found = stat_or_none(host, path)
    if found is None:
        return ""
    if not exists(host, DEBIAN):
        bad = found.mode & 0o7533 != 0o400
    elif not source.endswith("\n"):
        return "the last line has no end, and cron leaves such a table out"
    else:
        bad = bool(found.mode & 0o022) if with_user else found.mode != 0o600
    return f"its mode is {found.mode:04o}, and cron leaves such a table out" if bad else ""


def anacron(host: Host, follower: Follower, starts: BootStarts) -> Iterator[Act]:
    """The jobs of anacron, which its own timer starts, or cron every hour."""
    acts = tuple(_of_jobs(follower, "anacron", _anacron_jobs(_text(host, ANACRON_TABLE))))
    if acts:
        start = _anacron_start(host, starts)
        yield from (by_start(act._replace(awaited=False), start) for act in acts)


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
        found = [_looked_for(follower, command) for command in commands]
        for act in acts_of(actor, found, job.place, follower):
            yield undecided(act, SELDOM) if job.seldom and act.state != STAYS and act.doubt is None else act


def _looked_for(follower: Follower, command: BootCommand) -> BootCommand:
    """A command; nobody can tell of one without a path whose ``PATH`` does not lead to it, for cron may inherit another
    (cronie's ``-P``, pam_env(8)). Where no programs are here, each is found."""
    name, variables = command.step.words[:1], command.step.variables
    path = variables.get("PATH") if variables is not None else None
    if not name or name[0] is None or "/" in name[0] or name[0] in _BUILTIN or path is None:
        return command
    folders = path.split(":")
    if not follower.files.has_programs or any(exists(follower.host, f"{folder}/{name[0]}") for folder in folders):
        return command
    return command._replace(reason=command.reason or f"{name[0]} is not in cron's PATH, {path}")


def _tables(host: Host) -> Iterator[tuple[str, bool]]:
    """The tables, and whether their lines name a user."""
    yield from ((path, True) for path in CRON_TABLES)
    for folder in CRON_DIRS:
        debian = exists(host, DEBIAN)
        named = _is_table_of_debian if debian else _is_table
        yield from ((f"{folder}/{name}", True) for name in names_in(host, folder) if named(name))
    for folder in CRON_SPOOLS:
        if "root" in names_in(host, folder):
            yield f"{folder}/root", False


def _is_table_of_debian(name: str) -> bool:
    """Whether Debian's cron takes a file of ``/etc/cron.d`` (cron(8)): letters, digits, ``_`` and ``-``.

    >>> _is_table_of_debian("e2scrub_all"), _is_table_of_debian("k8s.sh"), _is_table_of_debian("é")
    (True, False, False)
    """
    return name.isascii() and name.replace("-", "a").replace("_", "a").isalnum()


def _is_table(name: str) -> bool:
    """Whether cronie takes a file of ``/etc/cron.d``: none that begins with a dot, or is a package's rest.

    >>> _is_table("k8s"), _is_table("k8s.sh"), _is_table("k8s.rpmsave"), _is_table(".placeholder"), _is_table("a~")
    (True, True, False, False, False)
    """
    return not name.startswith(".") and not name.endswith("~") and not any(end in name for end in (".dpkg-", ".rpm"))


def _jobs(path: str, source: str, with_user: bool) -> Iterator[_CronLine]:
    """The jobs of root in a table, each with the variables that are set above it."""
    for number, line, variables in _lines(source, {"PATH": CRON_PATH}):
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
    for number, line, variables in _lines(source, {}):
        words = line.replace("\t", " ").split(None, 3)
        if len(words) == 4:
            seldom = not anacron_is_daily(words[0])
            yield _CronLine(ANACRON_TABLE, number, line, words[3], variables, CLOCK, seldom)


def _lines(source: str, variables: dict[str, str | None]) -> Iterator[tuple[int, str, dict[str, str | None]]]:
    """Number and text of each job's line, with the variables that are set above it."""
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
