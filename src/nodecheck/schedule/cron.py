"""The cron entry: for ``/etc/cron.d`` (Vixie cron, Debian's, cronie), or for crontab(1) and busybox."""

from __future__ import annotations

import re

from nodecheck.errors import UsageError

MARK = "# Written by nodecheck schedule; nodecheck schedule cron --remove takes it away."
OWN_MARK = "# Written by nodecheck schedule cron --user-crontab; crontab -e takes it away."
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NIGHT = 5
"""Daily and weekly audits are spread over the hours before this one."""

_FIELD = r"[0-9A-Za-z*/,-]+"


def entry(words: tuple[str, ...], every: str, seed: str, user: str | None = "root") -> str:
    """A whole file for ``/etc/cron.d``; without ``user`` the lines of a crontab. Raises UsageError.

    ``seed`` (of the machine's id) chooses minute and hour, so that a fleet does not start at once.
    """
    line = " ".join([times(every, seed), *([] if user is None else [user]), command(words)])
    if user is None:  # busybox's crond takes no settings, and a crontab's would count for all lines below
        return f"{OWN_MARK}\n{line}\n"
    head = [
        MARK,
        "# Quiet while nothing changes: cron mails what is printed, to root or to whom this names:",
        "# MAILTO=ops@example.org",
    ]
    return "\n".join([*head, "SHELL=/bin/sh", f"PATH={PATH}", line]) + "\n"


def times(every: str, seed: str) -> str:
    """The five fields of crontab(5).

    >>> times("hourly", "x").split()[1:], times("*/5 * * * *", "x")
    (['*', '*', '*', '*'], '*/5 * * * *')
    """
    from hashlib import sha256

    number = int(sha256(f"nodecheck {seed}".encode("utf-8", "surrogateescape")).hexdigest(), 16)
    minute, hour, day = number % 60, number // 60 % NIGHT, number // 3600 % 7
    known = {"hourly": f"{minute} * * * *", "daily": f"{minute} {hour} * * *", "weekly": f"{minute} {hour} * * {day}"}
    if every in known:
        return known[every]
    fields = every.split(" ")
    if len(fields) != 5 or not all(re.fullmatch(_FIELD, field) for field in fields):
        raise UsageError(f"--every: expected hourly, daily, weekly or five fields of crontab(5), found {every!r}")
    return every


def command(words: tuple[str, ...]) -> str:
    r"""A command line for sh, in which cron sees no ``%``, which it would make a line's end.

    Cron takes the backslash before a ``%`` away (Vixie, cronie), or sh does (busybox), if it is outside of quotes.

    >>> print(command(("/opt/node check/nodecheck", "50%")))
    '/opt/node check/nodecheck' 50\%
    """
    from shlex import quote

    def word(text: str) -> str:
        parts = [quote(part) if part else "" for part in text.split("%")]
        return "\\%".join(parts) or "''"

    return " ".join(word(text) for text in words)
