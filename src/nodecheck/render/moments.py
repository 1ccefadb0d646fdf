"""The report's times for formats that want them otherwise than in RFC 3339."""

from __future__ import annotations


def unix_seconds(time: str) -> float | None:
    """Seconds since 1970 of a time as the report writes it; None where there is no such time.

    >>> unix_seconds("2026-11-23T01:02:03.250Z"), unix_seconds("2026-99-99T99:99:99Z"), unix_seconds("soon")
    (1795395723.25, None, None)
    """
    from calendar import timegm
    from time import strptime

    whole, _, rest = time.removesuffix("Z").partition(".")
    if not whole.isascii() or (rest and not (rest.isascii() and rest.isdigit())):
        return None
    try:
        return timegm(strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float(f"0.{rest[:9] or 0}")
    except (ValueError, OverflowError):
        return None
