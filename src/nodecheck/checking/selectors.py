"""Selectors: which results of which checks (contract, section 2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from nodecheck.errors import SelectorError
from nodecheck.model.outcomes import VIEWS
from nodecheck.record import NamedTuple

ENGINE_CHECKS = ("plugin", "waiver")
"""Results that the engine itself gives count as checks of these names."""


class Selector(NamedTuple):
    """One selector, taken apart; None stands for "any"."""

    text: str
    check: str | None
    tag: str | None
    subject: str | None
    view: str | None

    def takes_check(self, name: str, tags: Iterable[str]) -> bool:
        """Whether some results of this check may be meant."""
        if self.tag is not None:
            return any(matches(self.tag, tag) for tag in tags)
        return matches(self.check or "*", name)

    def takes_view(self, view: str) -> bool:
        """Whether results of this view may be meant."""
        return self.view is None or matches(self.view, view)

    def takes(self, name: str, tags: Iterable[str], subject: str | None, view: str) -> bool:
        """Whether this very result is meant."""
        if not (self.takes_check(name, tags) and self.takes_view(view)):
            return False
        return self.subject is None or (subject is not None and matches(self.subject, subject))


def parse_selector(text: str) -> Selector:
    """Take a selector apart.

    >>> parse_selector("sysctl[net.bridge.*]@boot")[1:]
    ('sysctl', None, 'net.bridge.*', 'boot')

    Raises SelectorError.
    """
    name, bracket, rest = text.partition("[")
    subject: str | None = None
    if bracket:
        subject, closing, view = rest.rpartition("]")
        if not closing or (view and not view.startswith("@")):
            raise SelectorError(f"selector {text!r}: expected name[subject], name[subject]@view")
        view = view[1:] if view else "*"
    else:
        name, at, view = name.partition("@")
        view = view if at else "*"
    if not name or not any(matches(view, known) for known in VIEWS):
        raise SelectorError(f"selector {text!r}: expected a check and a view, which is now or boot")
    tag = name[4:] if name.startswith("tag:") else None
    return Selector(text, None if tag is not None else name, tag, subject, None if view == "*" else view)


def matches(pattern: str, text: str) -> bool:
    """Shell globs ``*`` and ``?``; ``[`` and ``]`` are literal.

    >>> matches("ip_vs*", "ip_vs_rr"), matches("a[b]", "a[b]"), matches("a[b]", "ab")
    (True, True, False)
    """
    if pattern == "*":
        return True
    if "*" not in pattern and "?" not in pattern:
        return pattern == text
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    collapsed = re.sub(r"\*+", "*", pattern)
    return re.compile(re.escape(collapsed).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def check_selectors(
    selectors: Iterable[Selector],
    tags_of: Mapping[str, tuple[str, ...]],
    checks: Iterable[str],
    meant: Callable[[str], tuple[str, ...]] | None = None,
) -> None:
    """Raise SelectorError for a selector whose check or tag does not exist, naming the nearest one.

    ``tags_of`` may be empty where no selector speaks of tags. ``meant`` gives the selectors that a word may stand for
    where it names no check.
    """
    names = (*checks, *ENGINE_CHECKS)
    tags = sorted({tag for some in tags_of.values() for tag in some})
    for selector in selectors:
        if selector.tag is not None:
            if not any(matches(selector.tag, tag) for tag in tags):
                raise SelectorError(
                    f"selector {selector.text!r}: no check has the tag {selector.tag!r}" + closest(selector.tag, tags)
                )
        elif not any(matches(selector.check or "", name) for name in names):
            like = () if meant is None else meant(selector.text)
            near = _near(selector.check or "", names, like)
            raise SelectorError(f"selector {selector.text!r}: there is no check {selector.check!r}{near}")


def _near(name: str, names: Iterable[str], like: tuple[str, ...]) -> str:
    """The selectors that may be meant; else what comes closest to a name of the shape of a check's."""
    tags = [text for text in like if text.startswith("tag:")]
    others = [text for text in like if text not in tags]
    if others:
        return f"; did you mean {' or '.join(map(repr, others))}?"
    near = closest(name, names) if re.fullmatch("[a-z-]+", name) else nearest(name, names)
    if not tags:
        return near
    return f"{near[:-1]}, or {tags[0]!r}?" if near.endswith("?") else f"{near}, and {tags[0]!r} is a tag"


def nearest(word: str, words: Iterable[str]) -> str:
    """``"; did you mean X?"``, or nothing where no word is near."""
    from difflib import get_close_matches

    near = get_close_matches(word, list(words), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def one_of(word: str, words: Iterable[str]) -> str:
    """As :func:`nearest`, and all words where none is near.

    >>> one_of("jason", ["json", "text"]), one_of("x", ["json", "text"])
    ("; did you mean 'json'?", ': expected one of json, text')
    """
    known = list(words)
    return nearest(word, known) or f": expected one of {', '.join(known)}"


def closest(word: str, words: Iterable[str]) -> str:
    """As :func:`nearest`, and what comes closest where no word is near.

    >>> closest("swp", ["port", "swap"]), closest("os", ["swap", "os-release"])
    ("; did you mean 'swap'?", "; the closest is 'os-release'")
    """
    from difflib import get_close_matches

    known = list(words)
    far = [name for name in known if name.startswith(word)] or get_close_matches(word, known, n=1, cutoff=0.0)
    return nearest(word, known) or (f"; the closest is {far[0]!r}" if far else "")


class Selection(NamedTuple):
    """What a run was asked for."""

    select: tuple[Selector, ...] = ()
    ignore: tuple[Selector, ...] = ()
    view: str | None = None

    def wants(self, name: str, tags: tuple[str, ...], view: str) -> bool:
        """Whether some result of this check and view may be wanted."""
        if self.view is not None and view != self.view:
            return False
        if not self.select and not self.ignore:
            return True
        for selector in self.ignore:  # mostly of other checks
            if selector.subject is None and selector.takes_check(name, tags) and selector.takes_view(view):
                return False
        return not self.select or any(s.takes_check(name, tags) and s.takes_view(view) for s in self.select)

    def keeps(self, name: str, tags: tuple[str, ...], subject: str | None, view: str, unjudged: bool = False) -> bool:
        """Whether this result is wanted. An unjudged one without a subject speaks for all subjects."""
        if self.view is not None and view != self.view:
            return False
        for selector in self.ignore:
            if selector.takes(name, tags, subject, view):
                return False
        if not self.select or any(s.takes(name, tags, subject, view) for s in self.select):
            return True
        return unjudged and subject is None and self.wants(name, tags, view)

    @property
    def speaks_of_tags(self) -> bool:
        """Whether the tags of all checks must be known."""
        return any(s.tag is not None for s in (*self.select, *self.ignore))
