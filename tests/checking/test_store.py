"""The evidence of a fact is what was used for it: not what was declared, and not what other checks did."""

from __future__ import annotations

from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from nodecheck.checking import Check, Lazy, Results, Severity, check, ok
from nodecheck.checking.store import Facts, Used
from nodecheck.errors import Absent, FactError
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
