"""Facts for subjects: each read once for a subject, and what goes wrong with one touches no other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from nodecheck.checking import Lazy, Per, Results, Severity, check, fail, ok, seen
from nodecheck.checking.store import About, Facts, Given
from nodecheck.errors import Crashed, TimedOut
from nodecheck.host import Host, RootHost
from nodecheck.model.needs import Need, needs_of
from tests.running.test_engine import Motd, judged

READ: Counter[str] = Counter()


class Room(NamedTuple):
    """How long the text of a file is."""

    size: int

    @classmethod
    def read(cls, host: Host, subject: str) -> Room:
        READ[subject] += 1
        return cls(len(host.read(subject)))


class Share(NamedTuple):
    """Made of the subject's fact and of the node's."""

    percent: int

    @classmethod
    def read(cls, subject: str, room: Per[Room], motd: Motd) -> Share:
        assert subject.startswith("/")
        return cls(100 * room.size // len(motd.text))


class Late(NamedTuple):
    @classmethod
    def read(cls, room: Lazy[Per[Room]]) -> Late:
        room()
        return cls()


class Bare(NamedTuple):
    """A fact of the node that asks for one of a subject."""

    @classmethod
    def read(cls, room: Per[Room]) -> Bare:
        return cls()


class Circular(NamedTuple):
    @classmethod
    def read(cls, circle: Per[Circular]) -> Circular:
        return cls()


def paths() -> Iterator[str]:
    yield from ("/etc/motd", "/etc/none", "/etc/short")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    READ.clear()
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/short").write_text("wel")
    return tmp_path


@check(each="require", otherwise=paths)
def size(subject: str, room: Per[Room], *, require: tuple[str, ...] = ()) -> Results:
    """It says enough."""
    yield ok(f"{room.size}") if room.size > 3 else fail(f"{room.size}")


@check(each="require", otherwise=paths)
def share(subject: str, part: Lazy[Per[Share]], *, require: tuple[str, ...] = ()) -> Results:
    """Its share."""
    yield ok(f"{part().percent} %")


def test_each_subject_has_its_own_fact_and_evidence(tree: Path) -> None:
    report = judged(tree, size)

    assert (report["size[/etc/motd]"].status, report["size[/etc/short]"].status) == ("pass", "fail")
    assert report["size[/etc/motd]"].evidence == (seen("/etc/motd", "welcome"),)
    assert report["size[/etc/short]"].evidence == (seen("/etc/short", "wel"),)


def test_what_cannot_be_read_is_unknown_for_its_subject_alone(tree: Path) -> None:
    report = judged(tree, size, share)

    for identity in ("size[/etc/none]", "share[/etc/none]"):
        cause = report[identity].cause
        assert cause is not None
        assert (report[identity].status, cause.code) == ("unknown", "not-found")
    assert {result.status for result in report if result.subject != "/etc/none"} == {"pass", "fail"}


def test_it_is_read_once_for_each_subject(tree: Path) -> None:
    judged(tree, size, share)

    assert READ == {"/etc/motd": 1, "/etc/none": 1, "/etc/short": 1}


def test_a_fact_of_a_subject_is_made_of_others(tree: Path) -> None:
    result = judged(tree, share)["share[/etc/short]"]

    assert result.message == "42 %"
    assert sorted(item.source for item in result.evidence) == ["/etc/motd", "/etc/short"]


def test_a_lazy_fact_of_a_subject_in_a_reader(tree: Path) -> None:
    @check(each="require", otherwise=paths)
    def late(subject: str, late: Per[Late], *, require: tuple[str, ...] = ()) -> Results:
        """Late."""
        yield ok("read")

    assert judged(tree, late)["late[/etc/short]"].evidence == (seen("/etc/short", "wel"),)


def test_the_severity_may_ask_for_it(tree: Path) -> None:
    def by_size(subject: str | None, room: Per[Room]) -> Severity:
        return Severity.INFO if room.size > 3 else Severity.WARNING

    @check(each="require", otherwise=paths, severity=by_size)
    def rated(subject: str, motd: Motd, *, require: tuple[str, ...] = ()) -> Results:
        """Rated."""
        yield ok("read")

    report = judged(tree, rated)

    found = [report[f"rated[{path}]"].severity for path in paths()]
    assert found == [Severity.INFO, Severity.ERROR, Severity.WARNING]


def test_a_check_without_subjects_cannot_ask_for_it(tree: Path) -> None:
    @check()
    def whole(room: Per[Room]) -> Results:
        """Has no subject."""
        yield ok("never")

    cause = judged(tree, whole)["whole"].cause

    assert cause is not None
    assert (cause.code, "one of a subject" in cause.detail) == ("crashed", True)


@pytest.mark.parametrize("kind", [Bare, Room])
def test_a_fact_of_the_node_has_no_subject(tree: Path, kind: type) -> None:
    with pytest.raises(Crashed, match="one of a subject"):
        Facts(RootHost(str(tree))).get(kind)


def test_one_that_needs_itself(tree: Path) -> None:
    with pytest.raises(Crashed, match="Circular of /x: this fact needs itself"):
        Facts(RootHost(str(tree))).get(About(Circular, "/x"))


def test_one_that_was_given_up_is_named_with_its_subject(tree: Path) -> None:
    facts = Facts(RootHost(str(tree)))
    facts.owner = 0

    with pytest.raises(TimedOut, match="Room of /etc/motd"):
        facts.get(About(Room, "/etc/motd"))


def test_one_can_be_given_by_hand(tree: Path) -> None:
    facts = Facts(RootHost(str(tree)), [Given(About(Room, "/etc/motd"), Room(1))])

    assert (facts.get(About(Room, "/etc/motd")), facts.get(About(Room, "/etc/short"))) == (Room(1), Room(3))


def test_a_plugin_may_bring_the_reader(tree: Path) -> None:
    def longer(host: Host, subject: str) -> Room:
        return Room(1 + len(host.read(subject)))

    assert Facts(RootHost(str(tree)), (), {Room: longer}).get(About(Room, "/etc/short")) == Room(4)


def test_needs_are_told_by_annotation() -> None:
    def plain(subject: str, room: Per[Room], late: Lazy[Per[Room]], motd: Lazy[Motd]) -> None: ...

    assert needs_of(plain)[0] == (
        Need("subject", str, False),
        Need("room", Room, False, per=True),
        Need("late", Room, True, per=True),
        Need("motd", Motd, True),
    )
