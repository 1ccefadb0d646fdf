"""The fingerprint of a finding, by which waivers, baselines and audits know it again."""

from __future__ import annotations

from nodecheck.digest import sha256_name
from nodecheck.json_text import json_text
from nodecheck.model.evidence import Evidence
from nodecheck.model.outcomes import Status


def fingerprint(identity: str, status: Status, evidence: tuple[Evidence, ...]) -> str:
    """A digest of id, status and evidence, blind to line numbers and white space."""
    seen = sorted({(item.source, " ".join((item.value or "").split()), item.value is None) for item in evidence})
    text = json_text([identity, status.value, seen], separators=(",", ":"))
    return sha256_name(text)
