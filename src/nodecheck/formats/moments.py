"""Moments in UTC and the seconds since 1970, by the calendar alone: no clock and no zone of a machine comes in."""

from __future__ import annotations

_DAYS_BEFORE_1970 = 719162
"""Since the first day of the year 1."""


def seconds_at(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> int | None:
    """Seconds since 1970; None for what is no moment, such as the 30th of February. A leap second is none either.

    >>> seconds_at(2026, 1, 1), seconds_at(2026, 2, 30), seconds_at(9999, 12, 31, 23, 59, 59)
    (1767225600, None, 253402300799)
    """
    if not (year >= 1 and 1 <= month <= 12 and 0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        return None
    days = _months(year)
    if not 1 <= day <= days[month - 1]:
        return None
    return ((_days_before(year) + sum(days[: month - 1]) + day - 1) * 24 + hour) * 3600 + minute * 60 + second


def utc_minute(seconds: int) -> str:
    """A moment for people.

    >>> utc_minute(0), utc_minute(253402300799)
    ('1970-01-01 00:00 UTC', '9999-12-31 23:59 UTC')
    """
    minutes = seconds % 86400 // 60
    return f"{utc_day(seconds)} {minutes // 60:02}:{minutes % 60:02} UTC"


def utc_second(seconds: int) -> str:
    """A moment as ISO 8601 writes it.

    >>> utc_second(253402300799)
    '9999-12-31T23:59:59Z'
    """
    minutes = seconds % 86400 // 60
    return f"{utc_day(seconds)}T{minutes // 60:02}:{minutes % 60:02}:{seconds % 60:02}Z"


def utc_day(seconds: int) -> str:
    """The day of a moment.

    >>> utc_day(-1), utc_day(951782400)
    ('1969-12-31', '2000-02-29')
    """
    days = seconds // 86400
    year = 1970 + days * 400 // 146097
    while _days_before(year) > days:
        year -= 1
    while _days_before(year + 1) <= days:
        year += 1
    left, month = days - _days_before(year), 1
    for length in _months(year):
        if left < length:
            break
        left, month = left - length, month + 1
    return f"{year:04}-{month:02}-{left + 1:02}"


def _months(year: int) -> tuple[int, ...]:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _days_before(year: int) -> int:
    """Days from 1970 to the first of that year."""
    before = year - 1
    return 365 * before + before // 4 - before // 100 + before // 400 - _DAYS_BEFORE_1970
