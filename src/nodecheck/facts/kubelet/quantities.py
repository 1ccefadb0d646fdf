"""Durations, quantities and percentages in the kubelet's configuration, as Go and Kubernetes read them."""

from __future__ import annotations

import re

_NUMBER = "(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)"


def duration_of(text: str) -> float:
    """The seconds of a duration as Go's ``time.ParseDuration`` reads it. Raises ValueError, for a too long one too.

    >>> duration_of("1m30s"), duration_of("1.5h"), duration_of("0"), duration_of("-5ms")
    (90.0, 5400.0, 0.0, -0.005)
    >>> duration_of("100000us") == duration_of("100ms")
    True
    """
    if text in ("0", "+0", "-0"):
        return 0.0
    found = re.fullmatch(f"([-+]?)(?:{_NUMBER}(?:{_UNITS}))+", text)
    if found is None:
        raise ValueError("a duration")
    parts = re.findall(f"({_NUMBER})({_UNITS})", text)
    seconds = round(sum(float(number) * _SECONDS[unit] for number, unit in parts), 9)  # Go counts nanoseconds
    if seconds >= _LONGEST:
        raise ValueError("a duration")
    return -seconds if found[1] == "-" else seconds


_UNITS = "ns|us|µs|μs|ms|s|m|h"
_LONGEST = (1 << 63) / 1e9
"""Go counts nanoseconds in 63 bits: some 292 years."""
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def quantity_of(text: str) -> float:
    """A resource quantity as a number: bytes for memory, cores for CPUs. Raises ValueError.

    >>> quantity_of("100Mi"), quantity_of("200m"), quantity_of("1e3"), quantity_of("2G")
    (104857600.0, 0.2, 1000.0, 2000000000.0)
    """
    found = re.fullmatch(f"([-+]?{_NUMBER})([KMGTPE]i|[numkMGTPE]?|[eE][-+]?[0-9]{{1,2}})", text)
    if found is None:
        raise ValueError("a quantity")
    number, suffix = found.groups()
    if suffix[1:] and suffix[1:] != "i":
        return float(number + suffix)
    base = 1024.0 if suffix.endswith("i") else 1000.0
    return float(number) * base ** ("num kMGTPE".index(suffix[0].replace("K", "k")) - 3 if suffix else 0)


OFF = ("0%", "100%")
"""Thresholds of an eviction signal that switch it off (``parseThresholdStatement``)."""


def percent_of(text: str) -> float | None:
    """The number before a ``%``, as Go's ``strconv.ParseFloat`` reads it; None for what is no percentage.

    Raises ValueError for one that is malformed.

    >>> percent_of("10%"), percent_of("1e1%"), percent_of("-5%"), percent_of("10Gi")
    (10.0, 10.0, -5.0, None)
    """
    if not text.endswith("%"):
        return None
    number = text.rstrip("%")
    if re.fullmatch(f"[-+]?{_NUMBER}(?:[eE][-+]?[0-9]{{1,2}})?", number) is None:
        raise ValueError("a percentage")
    return float(number)
