"""Each source that a fact declares changes the fact, and each fact that a check needs changes its verdict.

``python -m tests.drill`` finds the nodes that show it; here is seen that they still do, and that none is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from nodecheck.host import Host
from nodecheck.model.sources import File, Sources
from nodecheck.record import NamedTuple
from tests.drill.altered import GONE, Altered, Text
from tests.drill.drilled import FACTS, VIEWS, asked_by, holds, made_of
from tests.drill.known import NEEDS, SOURCES, is_known
from tests.drill.nodes import pool
from tests.drill.search import Asked, is_yes_or_no, named, shows, sources
from tests.drill.witnesses import AWAY, MADE, OTHER, Witness, read

PARTS = 8

Nodes = dict[str, Asked]


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Nodes:
    """All nodes, of which nothing is read yet."""
    return {name: Asked(name, node) for name, node in pool(tmp_path_factory.mktemp("drill")).items()}


def not_shown(nodes: Nodes, lines: Iterable[Witness]) -> list[Witness]:
    """Those that hold no more."""
    return [one for one in lines if not holds(nodes, one)]


@pytest.mark.parametrize("part", range(PARTS))
def test_each_source_of_a_fact_changes_it(nodes: Nodes, part: int) -> None:
    lines = [one for one in read() if one.kind in (AWAY, OTHER)][part::PARTS]

    assert lines
    assert not_shown(nodes, lines) == []


@pytest.mark.parametrize("part", range(PARTS))
def test_each_fact_changes_who_asks_for_it(nodes: Nodes, part: int) -> None:
    lines = [one for one in read() if one.kind == MADE][part::PARTS]

    assert lines
    assert not_shown(nodes, lines) == []


def test_no_source_is_missing() -> None:
    shown = {(one.kind, one.fact, one.source) for one in read()}
    missing = [
        f"{fact.__name__} {text} ({kind})"
        for fact in FACTS
        for text, source in sources(fact).items()
        for kind in ((AWAY,) if is_yes_or_no(source) else (AWAY, OTHER))
        if (kind, fact.__name__, text) not in shown
    ]

    assert unlike(missing, SOURCES) == ([], [])


def test_no_need_is_missing() -> None:
    """Of a check in each view, and of each fact, all that it asks for."""
    shown = {one.fact for one in read() if one.kind == MADE}
    pairs = [
        *[f"{named(view)}: {fact.__name__}" for view in VIEWS for fact in asked_by(view)],
        *[f"{user.__name__}: {fact.__name__}" for user in FACTS for fact in made_of(user)],
    ]

    assert unlike([pair for pair in pairs if pair not in shown], NEEDS) == ([], [])


def unlike(missing: list[str], table: dict[str, str]) -> tuple[list[str], list[str]]:
    """What a table does not name, and what it names though nothing of it is missing."""
    unnamed = [line for line in missing if not is_known(table, line)]
    return unnamed, [row for row in table if not any(fnmatchcase(line, row) for line in missing)]


class Vain(NamedTuple):
    """Reads a file, and does nothing with it but to see that it can be read."""

    @classmethod
    def reads(cls) -> Sources:
        return (File("/etc/fstab"),)

    @classmethod
    def read(cls, host: Host) -> Vain:
        host.read("/etc/fstab")
        return cls()


def test_a_source_that_is_read_in_vain_is_found(nodes: Nodes) -> None:
    assert shows(nodes["debian-12"], Vain, File("/etc/fstab"), Vain).other is None


def test_an_altered_node_reads_as_one_of_files_does(nodes: Nodes, tmp_path: Path) -> None:
    host = Altered(nodes["debian-12"].host, {"/etc/new/a": Text(b"x"), "/etc/fstab": GONE, "/etc/hosts": Text(b"y")})

    assert (host.read("/etc/new/a"), host.names("/etc/new"), host.stat("/etc/new").kind) == (b"x", ("a",), "dir")
    assert "fstab" not in host.names("/etc")
    assert host.read("/etc/hosts") == b"y"
