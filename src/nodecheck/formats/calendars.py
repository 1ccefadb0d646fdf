"""How often what waits for a date comes round: crontab(5), anacrontab(5), systemd.time(7)."""

from __future__ import annotations

import re

DAILY = frozenset(("@hourly", "@daily", "@midnight", "minutely", "hourly", "daily"))
"""Names of what comes round every day at least."""

_DATES = "[*0-9/.,~-]+"


def cron_is_daily(fields: tuple[str, ...]) -> bool:
    """Whether a line of a crontab runs every day at least, by its five fields or its one name.

    >>> cron_is_daily(("*/5", "*", "*", "*", "*")), cron_is_daily(("0", "3", "*", "*", "1")), cron_is_daily(("@daily",))
    (True, False, True)
    """
    if len(fields) == 1:
        return fields[0] in DAILY
    return len(fields) == 5 and all(field in ("*", "*/1", "?") for field in fields[2:])


def anacron_is_daily(period: str) -> bool:
    """Whether a job of anacron runs every day: a number of days, or a name.

    >>> anacron_is_daily("1"), anacron_is_daily("7"), anacron_is_daily("@monthly")
    (True, False, False)
    """
    return period in ("1", "@daily")


def calendar_is_daily(expression: str) -> bool:
    """Whether a calendar event of systemd elapses every day at least.

    >>> [calendar_is_daily(text) for text in ("daily", "*-*-* 06,18:00", "*:0/15", "03:10 UTC")]
    [True, True, True, True]
    >>> [calendar_is_daily(text) for text in ("weekly", "Mon *-*-* 00:00", "*-*-01", "2030-01-01 00:00")]
    [False, False, False, False]
    """
    words = expression.split()
    if not words:
        return False
    if words[0].lower() in DAILY:
        return True
    dates = [word for word in words if "-" in word and ":" not in word and re.fullmatch(_DATES, word)]
    times = [word for word in words if ":" in word]
    named = words[0][0].isalpha()
    return not named and bool(dates or times) and all(set(word.split("-")) == {"*"} for word in dates)
