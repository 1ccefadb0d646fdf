"""The evidence of a fact is what was used for it: not what was declared, and not what other checks did."""

from __future__ import annotations

from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from nodecheck.checking import Check, Lazy, Results, Severity, check, ok
from nodecheck.checking.store import Facts, Given, Used
from nodecheck.errors import Absent, FactError, TimedOut
from nodecheck.host import Host, RootHost
from nodecheck.testing import judge, write_tree

FILES = {"etc/motd": "welcome\n", "etc/issue": "hello\n", "etc/fstab": "none\n"}


class Motd(NamedTuple):
    text: str

    @classmethod
    def read(cls, host: Host) -> Motd:
        return cls(host.read("/etc/motd").decode())


class Issue(NamedTuple):
    text: str

    @classmethod
    def read(cls, host: Host) -> Issue:
        return cls(host.read("/etc/issue").decode())


class Never(NamedTuple):
    """A fact with a need that it does not call."""

    text: str

    @classmethod
    def read(cls, host: Host, issue: Lazy[Issue], motd: Motd) -> Never:
        return cls(motd.text)


class Calls(NamedTuple):
    """A fact with a need that it calls while it is read."""

    text: str

    @classmethod
    def read(cls, host: Host, motd: Lazy[Motd], issue: Lazy[Issue]) -> Calls:
        return cls(issue().text)


class Leaves(NamedTuple):
    """A fact that leaves a need to whoever wants it."""

    issue: Lazy[Issue]

    @classmethod
    def read(cls, host: Host, issue: Lazy[Issue]) -> Leaves:
        host.read("/etc/fstab")
        return cls(issue)


class Takes(NamedTuple):
    """A fact that calls what another left."""

    text: str

    @classmethod
    def read(cls, leaves: Leaves) -> Takes:
        return cls(leaves.issue().text)


class Fails(NamedTuple):
    """A fact that needs what is not there, after what is."""

    @classmethod
    def read(cls, host: Host, motd: Motd, leaves: Lazy[Leaves]) -> Fails:
        host.read("/etc/none")
        leaves()
        return cls()


@pytest.fixture
def facts(tmp_path: Path) -> Facts:
    return Facts(RootHost(str(write_tree(tmp_path, FILES))))


def sources(facts: Facts, *kinds: type) -> list[str]:
    return [item.source for item in facts.evidence(kinds)]


def test_a_need_that_was_not_called_is_no_evidence_whoever_else_read_it(facts: Facts) -> None:
    facts.get(Issue)
    facts.get(Never)
    assert sources(facts, Never) == ["/etc/motd"]


def test_a_need_that_was_called_is(facts: Facts) -> None:
    facts.get(Motd)
    facts.get(Calls)
    assert sources(facts, Calls) == ["/etc/issue"]


def test_what_a_fact_left_counts_for_who_calls_it(facts: Facts) -> None:
    facts.get(Takes)
    assert sources(facts, Takes) == ["/etc/fstab", "/etc/issue"]
    assert sources(facts, Leaves) == ["/etc/fstab"]


def test_a_fact_that_cannot_be_had_has_the_evidence_up_to_there(facts: Facts) -> None:
    facts.get(Leaves)
    with pytest.raises(Absent):
        facts.get(Fails)
    assert sources(facts, Fails) == ["/etc/none", "/etc/motd"]


def test_each_thread_notes_its_own(facts: Facts) -> None:
    mine: Used = {}
    facts.note_in(mine)

    def other() -> None:
        facts.get(Motd)

    thread = Thread(target=other)
    thread.start()
    thread.join()
    facts.get(Issue)
    assert list(mine) == [Issue]
    assert facts.note_in(None) is mine
    facts.get(Motd)
    assert list(mine) == [Issue]


def severity(motd: Motd) -> Severity:
    return Severity.WARNING if motd.text else Severity.ERROR


@check()
def first(leaves: Leaves) -> Results:
    """It calls what the fact left."""
    yield ok(leaves.issue().text)


@check(severity=severity)
def second(leaves: Leaves, motd: Lazy[Motd]) -> Results:
    """It does not, and its severity is no evidence."""
    yield ok("x")


@check()
def third(leaves: Leaves) -> Results:
    """What it calls after its first outcome is evidence of the others alone."""
    yield ok("x", subject="a")
    leaves.issue()
    yield ok("x", subject="b")


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (first, {"first": ["/etc/fstab", "/etc/issue"]}),
        (second, {"second": ["/etc/fstab"]}),
        (third, {"third[a]": ["/etc/fstab"], "third[b]": ["/etc/fstab", "/etc/issue"]}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_the_evidence_of_a_check_is_what_it_used(tmp_path: Path, one: Check, expected: dict[str, list[str]]) -> None:
    report = judge(one, write_tree(tmp_path, FILES))
    assert {result.id: [item.source for item in result.evidence] for result in report} == expected


def test_errors_of_facts_are_the_same_each_time(facts: Facts) -> None:
    told: list[FactError] = []
    for _ in range(2):
        with pytest.raises(Absent) as caught:
            facts.get(Fails)
        told.append(caught.value)
    assert told[0] is told[1]
    assert told[0].source == "/etc/none"


class Wish(NamedTuple):
    """What the caller brings."""

    word: str


class OfWish(NamedTuple):
    text: str

    @classmethod
    def read(cls, wish: Wish, motd: Motd) -> OfWish:
        return cls(f"{wish.word}: {motd.text}")


class MayWish(NamedTuple):
    """It leaves what it may ask, and that rests on what the caller brings."""

    wish: Lazy[OfWish]

    @classmethod
    def read(cls, wish: Lazy[OfWish]) -> MayWish:
        return cls(wish)


class Ring(NamedTuple):
    """Two that name each other, one of which rests on what the caller brings; none calls the other."""

    motd: Motd

    @classmethod
    def read(cls, motd: Motd, other: Lazy[Link]) -> Ring:
        return cls(motd)


class Link(NamedTuple):
    motd: Motd

    @classmethod
    def read(cls, motd: Motd, other: Lazy[Ring], wish: Lazy[Wish]) -> Link:
        return cls(motd)


@pytest.mark.parametrize("first", [Ring, Link])
def test_what_may_rest_on_what_the_caller_brings_is_read_anew(tmp_path: Path, first: type) -> None:
    facts = Facts(RootHost(str(write_tree(tmp_path, FILES))), [Given(Wish, Wish("a"))])
    kinds = (first, OfWish, MayWish, Ring, Link, Motd, Never)
    before: dict[type, object] = {kind: facts.get(kind) for kind in kinds}
    facts.renew([Given(Wish, Wish("b"))])

    assert {kind for kind in kinds if facts.get(kind) is before[kind]} == {Motd, Never}
    assert facts.get(OfWish).text == "b: welcome\n"
    assert facts.get(MayWish).wish().text == "b: welcome\n"


class Slow(NamedTuple):
    """It is given up while it is read."""

    text: str

    @classmethod
    def read(cls, host: Host, motd: Motd) -> Slow:
        if not SLOW:
            SLOW.append(None)
            KEPT[0].abandon(10)
        return cls(motd.text)


SLOW: list[None] = []
KEPT: list[Facts] = []


def test_what_was_given_up_is_read_anew(tmp_path: Path) -> None:
    facts = Facts(RootHost(str(write_tree(tmp_path, FILES))), [Given(Wish, Wish("a"))])
    SLOW.clear()
    KEPT[:] = [facts]
    with pytest.raises(TimedOut):
        facts.get(Slow)
    facts.renew([Given(Wish, Wish("b"))])

    assert facts.get(Slow).text == "welcome\n"
