"""The fingerprint of a finding, by which waivers, baselines and audits know it again."""

from __future__ import annotations

from functools import lru_cache

from nodecheck.digest import sha256_name
from nodecheck.json_text import json_string
from nodecheck.model.evidence import Evidence
from nodecheck.model.outcomes import Status


def fingerprint(identity: str, status: Status, evidence: tuple[Evidence, ...]) -> str:
    """A digest of id, status and evidence, blind to line numbers and white space."""
    head = f"{json_string(identity)},{json_string(status.value)}"
    return sha256_name(f"[{head},[{_told(evidence)}]]")


@lru_cache(maxsize=256)  # many results rest on the same
def _told(evidence: tuple[Evidence, ...]) -> str:
    return ",".join([text for *_, text in sorted({_blind(item) for item in evidence})])


@lru_cache(maxsize=512)  # results share pieces
def _blind(item: Evidence) -> tuple[str, str, bool, str]:
    """What counts of a piece of evidence, and that as JSON."""
    source, value, absent = item.source, " ".join((item.value or "").split()), item.value is None
    return source, value, absent, f"[{json_string(source)},{json_string(value)},{'true' if absent else 'false'}]"
