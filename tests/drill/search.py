"""What is done to a source, and what changes by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Union

from nodecheck.checking.declare import Check
from nodecheck.checking.judging import judged
from nodecheck.checking.overheard import Overheard
from nodecheck.checking.reads import facts_of
from nodecheck.checking.store import Given
from nodecheck.errors import FactError
from nodecheck.facts.cluster.target import SiteNodes
from nodecheck.host import Host
from nodecheck.model.needs import needs_of
from nodecheck.model.sources import (
    AnySource,
    Call,
    Dir,
    Each,
    Exists,
    Named,
    Netlink,
    Program,
    UnitText,
    covers,
    declared,
    settled,
    told,
)  # fmt: skip
from nodecheck.plugins import load
from nodecheck.record import NamedTuple
from nodecheck.requirements.asked import Settings
from nodecheck.running.engine import tasks_of
from nodecheck.running.phase_aware import asked_for
from nodecheck.running.request import prepared
from tests.drill.altered import GONE, Altered, Changes, Unlisted
from tests.drill.nodes import Node
from tests.drill.values import candidates, edits, inside
from tests.facts.test_sources import all_facts

MOST_PLACES = 8
"""At so many paths of one source something is tried."""

REGISTRY = load()
AS_IS: Changes = {}

View = tuple[Check, str]
Watched = Union[type, View]
"""A fact, or a check in one view."""


class Opaque(str):
    """In place of what is asked for later, and cannot be compared."""


class Asked:
    """A node, with what each fact asked of it."""

    def __init__(self, name: str, node: Node) -> None:
        self.name, self.host, self._node = name, node.host, node
        _, _, self.request = prepared(**{**_OPTIONS, **node.options, "host": node.host, "registry": REGISTRY})
        self._known: dict[Watched, tuple[Any, Overheard]] = {}

    def as_node(self) -> Node:
        """The node itself."""
        return self._node

    def fresh(self, host: Host) -> Overheard:
        """Nothing is read yet."""
        return Overheard(host, self._given(), REGISTRY.readers)

    def altered(self, fact: type, changes: Changes) -> Overheard:
        """The same, with changes that one fact alone is shown: what others read at the same place is as it was."""
        return _Shown(fact, Altered(self.host, changes), self.host, self._given())

    def _given(self) -> tuple[Given, ...]:
        return Given(Settings, self.request.settings), Given(SiteNodes, SiteNodes(self.request.profile.nodes))

    def base(self, what: Watched) -> Any:
        """What it is without changes."""
        return self._read(what)[0]

    def heard(self, what: Watched) -> Overheard:
        """What was asked for it."""
        return self._read(what)[1]

    def _read(self, what: Watched) -> tuple[Any, Overheard]:
        if what not in self._known:
            facts = self.fresh(self.host)
            self._known[what] = self.seen(what, facts), facts
        return self._known[what]

    def seen(self, what: Watched, facts: Overheard) -> Any:
        """What a fact is, or how a check judges: status and ``actual`` by subject."""
        if isinstance(what, type):
            try:
                return plain(facts.get(what))
            except FactError as error:
                return plain(error)
        check, view = what
        done: list[Any] = []
        for task in tasks_of(check, self.request):
            if task.view == view:
                judged(task, facts, done)
        return {one.outcome.subject: (str(one.outcome.status), one.outcome.actual) for one in done}


class _Shown(Overheard):
    """Facts of which one reads a host of its own."""

    def __init__(self, fact: type, own: Host, others: Host, given: tuple[Given, ...]) -> None:
        self._fact, self._own = fact, own
        super().__init__(others, given, REGISTRY.readers)

    @property
    def host(self) -> Host:
        """The host of the fact that is being read."""
        return self._own if self._asking[-1:] == [self._fact] else self._others

    @host.setter
    def host(self, others: Host) -> None:
        self._others = others


_OPTIONS: dict[str, Any] = {
    "root": None, "profile": "kubernetes", "role": None, "kubernetes": None, "proxy_mode": None, "cni": None,
    "select": (), "ignore": (), "view": None, "fail_on": None, "timeout": 300.0, "waivers": (),
}  # fmt: skip


def plain(value: Any, depth: int = 0) -> Any:
    """A fact as what can be compared."""
    if value is None or isinstance(value, (str, bytes, int, float)):
        return value
    if depth > 12:
        return "…"
    if isinstance(value, (tuple, list)):
        return (type(value).__name__, *[plain(part, depth + 1) for part in value])
    if isinstance(value, (set, frozenset)):
        return ("set", *sorted([repr(plain(part, depth + 1)) for part in value]))
    if isinstance(value, Mapping):
        return ("map", *[(key, plain(part, depth + 1)) for key, part in value.items()])
    if isinstance(value, Exception):
        return (type(value).__name__, str(value))
    return Opaque(type(value).__name__)


def is_opaque(value: Any) -> bool:
    """Whether a part of it cannot be compared."""
    return isinstance(value, Opaque) or (isinstance(value, tuple) and any(is_opaque(part) for part in value))


@cache
def needs(fact: type) -> tuple[Any, ...]:
    """What its reader asks for."""
    reader = REGISTRY.readers.get(fact) or getattr(fact, "read", None)
    return tuple(needs_of(getattr(reader, "__func__", reader))[0]) if reader else ()


@cache
def is_of_subject(fact: type) -> bool:
    """Whether it is a fact of a subject, or made of one."""
    return any(need.name == "subject" or need.per for need in needs(fact))


def views() -> Iterator[View]:
    """Every check in each of its views."""
    return ((check, view) for check in REGISTRY.all_checks() for view in check.views)


@cache
def needed(view: View) -> frozenset[type]:
    """All facts that a check may ask for."""
    return frozenset(facts_of(view[0], REGISTRY.readers, asked_for(view[0])))


@cache
def watched(fact: type) -> tuple[Watched, ...]:
    """By what it shows that a fact changed: where it holds what is asked for later, by who is made of it."""
    users, queue = [fact], [fact]
    while queue:
        one = queue.pop(0)
        found = [user for user in all_facts() if user not in users and one in [need.fact for need in needs(user)]]
        users += found
        queue += found
    checks = sorted([view for view in views() if fact in needed(view)], key=lambda view: len(needed(view)))
    return (*[user for user in users if not is_of_subject(user)], *checks)


def places(facts: Overheard, fact: type, source: AnySource) -> Iterator[tuple[AnySource, str, Any]]:
    """The plain sources of one, each with what the fact asked of it."""
    own = [one for one in declared(fact) or () if not isinstance(one, Named)]
    others = settled(own, facts.value) if isinstance(source, Named) else ()
    for one in settled((source,), facts.value):
        for verb, subject in tuple(facts.asked.get(fact, ())):
            if not covers(one, verb, subject) or (verb in _OF_NO_PATH and not isinstance(one, Call)):
                continue
            if not any(covers(other, verb, subject) for other in others):
                yield one, verb, subject


_OF_NO_PATH = ("wall_clock", "reader", "uname", "byte_order", "is_real")


class Way(NamedTuple):
    """What may be done to a source at one place of a node."""

    gone: Changes
    """How it is without it; nothing is changed where it is not there."""
    there: tuple[Changes, ...]
    """How it is with it, one for each value; the first is its own where it has one."""


def ways(facts: Overheard, fact: type, source: AnySource) -> Iterator[Way]:
    """What is done to a source, for each place at which the fact asks for it."""
    done = set[Any]()
    for one, verb, subject in places(facts, fact, source):
        if isinstance(one, (Program, Netlink, Call)):
            key: Any = subject if isinstance(one, Program) else (verb, subject)
        else:
            try:
                key = Altered(facts.host, {}).real(subject, last=verb != "link")
            except FactError:
                continue
        lists = verb in ("names", "links")
        if (key, lists) in done or (isinstance(one, UnitText) and lists):
            continue
        done.add((key, lists))
        yield _way(facts.host, one, key, lists)
        if len(done) >= MOST_PLACES:
            return


def _way(host: Host, source: AnySource, key: Any, lists: bool) -> Way:
    if isinstance(source, (Program, Netlink, Call)):
        return Way({key: GONE}, tuple([{key: change} for change in candidates(source, key)]))
    if lists or (isinstance(source, Dir) and key == Altered(host, {}).real(source.path)):
        return _way_of_folder(host, source, key)
    values: list[Changes] = [{key: change} for change in candidates(source, key)]
    if not _is_there(host, key):
        return Way(AS_IS, tuple(values))
    if not isinstance(source, (Exists, Dir)):
        values += [{key: change} for change in edits(_content(host, key))]
    return Way({key: GONE}, (AS_IS, *values))


def _way_of_folder(host: Host, source: AnySource, folder: str) -> Way:
    top = folder.rstrip("/")
    added: list[Changes] = [{f"{top}/{name}": change} for name, change in inside(source, folder)]
    try:
        names = host.names(folder)
    except FactError:
        return Way(AS_IS, tuple(added))
    fewer: list[Changes] = [{folder: Unlisted(name)} for name in names[:MOST_PLACES]]
    return Way({folder: Unlisted()}, (AS_IS, *fewer, *added))


def _is_there(host: Host, path: str) -> bool:
    try:
        return host.link(path) is not None or bool(host.stat(path))
    except FactError:
        return False


def _content(host: Host, path: str) -> bytes:
    try:
        return host.read(path)
    except FactError:
        return b""


class Shown(NamedTuple):
    """On which node something shows that a source is taken away, and on which that it says something else."""

    away: str | None = None
    other: str | None = None


def shows(asked: Asked, fact: type, source: AnySource, what: Watched) -> Shown:
    """Whether what is watched changes on a node with one source of a fact."""
    found = Shown()
    for way in ways(asked.heard(what), fact, source):
        found = _shown_by(asked, fact, way, what, found)
        if all(found):
            break
    return found


def _shown_by(asked: Asked, fact: type, way: Way, what: Watched, found: Shown) -> Shown:
    def value(changes: Changes) -> Any:
        return asked.base(what) if changes == AS_IS else asked.seen(what, asked.altered(fact, changes))

    none, first = value(way.gone), None
    for changes in way.there:
        now = value(changes)
        if none != now:
            found = found._replace(away=asked.name)
        if first is not None and first[0] != now:
            found = found._replace(other=asked.name)
        first = first or (now,)
        if all(found):
            break
    return found


def is_yes_or_no(source: AnySource) -> bool:
    """Whether a source has no other value than to be there or not."""
    if isinstance(source, Each):
        return all(isinstance(form, (Exists, Dir)) for form in source.forms)
    return isinstance(source, (Exists, Dir))


def named(what: Watched) -> str:
    """``Fstab``, ``swap@boot``."""
    return what.__name__ if isinstance(what, type) else f"{what[0].name}@{what[1]}"


def text_of(source: AnySource) -> str:
    """``File /etc/fstab``."""
    words = source.argv if isinstance(source, Program) else told(source)
    return f"{type(source).__name__} {' '.join(words)}".replace("\n", "\\n").replace("\t", "\\t")


def sources(fact: type) -> dict[str, AnySource]:
    """Its own sources by their text."""
    return {text_of(source): source for source in declared(fact) or ()}
