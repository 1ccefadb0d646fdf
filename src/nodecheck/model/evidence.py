"""Evidence: which source said what."""

from __future__ import annotations

from nodecheck.record import NamedTuple

VALUE_LIMIT = 4096
"""Evidence values are cut at this many bytes (contract, section 6)."""


class Evidence(NamedTuple):
    """Which source said what. ``value`` is None where the source was looked for and is not there."""

    source: str
    locator: str | None = None
    value: str | None = None
    truncated: bool = False


def seen(source: str, value: str | None = None, *, line: int | None = None, locator: str | None = None) -> Evidence:
    """Evidence that ``source`` holds ``value`` (at 1-based ``line``); no value: looked for and not there.

    Values must not be volatile (usage counts, process ids): a result's fingerprint follows them.
    """
    if line is not None:
        locator = f"line {line}"
    if value is None or len(value) <= VALUE_LIMIT // 4:
        return Evidence(source, locator, value)
    from nodecheck.model.secrets import masked

    value = masked(value)  # before the cut, which takes from a secret that by which it is known
    raw = value.encode("utf-8", "surrogateescape")
    if len(raw) <= VALUE_LIMIT:
        return Evidence(source, locator, value)
    return Evidence(source, locator, raw[:VALUE_LIMIT].decode("utf-8", "ignore"), truncated=True)
