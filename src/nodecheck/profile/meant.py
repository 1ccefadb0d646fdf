"""Which selectors somebody means who types a key, a module, a port or a tag where a check is expected."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.checking.declare import Check
from nodecheck.checking.selectors import matches
from nodecheck.model.outcomes import VIEWS
from nodecheck.plugins import Registry

MOST_CHARS = 200
"""A word that is longer is no subject."""


def meant(word: str, registry: Registry) -> tuple[str, ...]:
    """The selectors that a word may stand for; none where no check is known to look at it.

    >>> from nodecheck.plugins import load
    >>> meant("net.ipv4.ip_forward", load()), meant("6443@now", load()), meant("kubelet", load()), meant("x.y", load())
    (('sysctl[net.ipv4.ip_forward]',), ('port[6443/tcp]@now',), ('tag:kubelet',), ())
    """
    name, at, view = word.rpartition("@")
    if not at or view not in VIEWS:
        name, at, view = word, "", ""
    if not name or len(name) > MOST_CHARS:
        return ()
    found: dict[str, None] = {}
    tagged: tuple[str, ...] = ()
    for check in registry.all_checks():
        if name in check.tags:
            tagged = (f"tag:{name}{at}{view}",)
        spelt = spelled(check, name)
        if any(matches(spelt, spelled(check, subject)) for subject in subjects(check)):
            found[f"{check.name}[{spelt}]{at}{view}"] = None
    return (*found, *tagged)


def subjects(check: Check) -> Iterator[str]:
    """The subjects that a check is known to look at: by its defaults, and by its rows."""
    if check.each is not None:
        yield from check.parameters[check.each][1] or ()
    yield from [row.name for row in check.rows]


def spelled(check: Check, subject: str) -> str:
    """The one spelling of a subject; as it stands where the check can have none of that name."""
    try:
        return subject if check.spell is None else check.spell(subject)
    except ValueError:
        return subject
