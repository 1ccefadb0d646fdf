"""What a profile and the table of a check want of one subject, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from nodecheck.checking.declare import Check
from nodecheck.profile.meant import spelled
from nodecheck.profile.model import ResolvedProfile

if TYPE_CHECKING:
    from nodecheck.requirements.table import Release, Row


def subject_page(check: Check, name: str, profile: ResolvedProfile) -> Iterator[str]:
    """The page of a subject: what is wanted of it, by whom, since when and why."""
    from shlex import quote

    subject = spelled(check, name)
    rows = [row for row in check.rows if row.name == subject]
    about = f"{check.name}[{subject}]"
    blocks = [
        [f"# {about}"],
        [f"{check.title}."],
        list(_by_profile(check, subject, profile)),
        [line for row in rows for line in _row(row)],
        [
            f"nodecheck run {quote(about)}    how it stands on this node",
            f"nodecheck explain {check.name}    what the check looks at, and how to fix what it finds",
        ],
    ]
    for number, block in enumerate([block for block in blocks if block]):
        yield from [""] if number else []
        yield from block


def _by_profile(check: Check, subject: str, profile: ResolvedProfile) -> Iterator[str]:
    key = check.each or "require"
    if key not in check.parameters:
        return
    listed = profile.checks.get(check.name, {}).get(key, check.parameters[key][1]) or ()
    found = {spelled(check, name): name for name in listed}
    named = f"The profile {profile.name}"
    if subject in found:
        wanted = f": {listed[found[subject]]}" if isinstance(listed, Mapping) else ""
        yield f"{named} wants it{wanted}."
    elif check.otherwise is not None and not listed:
        yield f"{named} names none: the check finds on the node what is needed there. A profile that names it says:"
        yield _asking(check, key, subject)
    elif any(row.name == subject for row in check.rows):
        yield f"{named} does not name it. It is wanted of these nodes:"
    else:
        yield f"{named} does not want it, and nothing looks at it. A profile that wants it says:"
        yield _asking(check, key, subject)


def _asking(check: Check, key: str, subject: str) -> str:
    """The lines of a profile that ask for a subject."""
    from nodecheck.profile.show import toml_key, toml_value

    table = check.each is not None and isinstance(check.parameters[key][1], Mapping)
    value = f'{{ {toml_key(subject)} = "…" }}' if table else toml_value([subject])
    return f"[check.{check.name}] {key} = {value}"


def _row(row: Row) -> Iterator[str]:
    level = row.severity.value if not row.planned else f"planned, read on {row.planned}: a note, and judges nothing"
    yield f"- wanted: {row.wanted}; {level}{_when(row)}"
    yield f"  why: {row.reason}"
    yield f"  source: {row.source}"


def _when(row: Row) -> str:
    """Of which nodes it is wanted; nothing where of all."""
    parts = []
    if row.since:
        parts.append(f"from Kubernetes {_release(row.since)} on")
    if row.before is not None:
        parts.append(f"before Kubernetes {_release(row.before)}")
    if row.role is not None:
        parts.append(f"on a {row.role}")
    if row.modes:
        parts.append(f"where the proxy mode is {' or '.join([mode or 'not known' for mode in row.modes])}")
    return f", {', '.join(parts)}" if parts else ""


def _release(release: Release) -> str:
    return ".".join(map(str, release))
