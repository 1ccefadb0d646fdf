"""``python -m tests.drill``: find the nodes that show that each source matters, and write them down.

What is written down already is kept. With names of facts or checks only these are looked at.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.drill.drilled import FACTS, VIEWS, asked_by, below, holds, made_of
from tests.drill.known import NEEDS, SOURCES, is_known
from tests.drill.nodes import pool
from tests.drill.search import (
    Asked,
    Watched,
    is_of_subject,
    is_opaque,
    is_yes_or_no,
    named,
    shows,
    sources,
    watched,
)  # fmt: skip
from tests.drill.witnesses import AWAY, MADE, OTHER, Witness, read, write

MOST_SECONDS = 6
"""So long is looked for a node on which a fact matters to who asks for it."""


def main(words: list[str]) -> int:
    """Search, and say what is still missing: the exit code is 1 then, and 2 for a name that nothing has."""
    known = set(read())
    if words == ["--again"]:
        return _again(known)
    users: list[Watched] = [*FACTS, *VIEWS]
    names = {fact.__name__ for fact in FACTS} | {check.name for check, _ in VIEWS}
    if not set(words) <= names:
        print(f"neither a fact nor a check that is drilled: {', '.join(sorted(set(words) - names))}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as place:
        nodes = [Asked(name, node) for name, node in pool(Path(place)).items()]
        for user in users:
            if words and (user.__name__ if isinstance(user, type) else user[0].name) not in words:
                continue
            found = set(_of_fact(user, nodes, known)) if isinstance(user, type) else set()
            found |= set(_of_needs(user, nodes, known | found))
            if found:
                known |= found
                write(known)
    print(f"not shown: {len(MISSING)}")
    return 1 if MISSING else 0


MISSING: list[str] = []


def _missing(line: str) -> None:
    MISSING.append(line)
    print(f"{line}: no node shows it", flush=True)


def _again(known: set[Witness]) -> int:
    """Leave out what holds no more."""
    with tempfile.TemporaryDirectory() as place:
        nodes = {name: Asked(name, node) for name, node in pool(Path(place)).items()}
        gone = {one for one in known if not holds(nodes, one)}
    for one in sorted(gone):
        print("no more:", *one)
    write(known - gone)
    return 0


def _of_fact(fact: type, nodes: list[Asked], known: set[Witness]) -> Iterator[Witness]:
    have = {(one.kind, one.source) for one in known if one.fact == fact.__name__}
    started = time.monotonic()
    for text, source in sources(fact).items():
        wanted = {AWAY} if is_yes_or_no(source) else {AWAY, OTHER}
        left = {
            kind
            for kind in wanted
            if (kind, text) not in have and not is_known(SOURCES, f"{fact.__name__} {text} ({kind})")
        }
        for asked in nodes:
            if not left:
                break
            for what in _watched(fact, asked):
                found = shows(asked, fact, source, what)
                for kind in [kind for kind in sorted(left) if getattr(found, kind)]:
                    yield Witness(kind, fact.__name__, text, named(what), asked.name)
                    left.discard(kind)
                if not left:
                    break
        for kind in sorted(left):
            _missing(f"{fact.__name__}: {text} ({kind})")
    if time.monotonic() - started > 20:
        print(f"{fact.__name__}: {time.monotonic() - started:.0f} s", flush=True)


def _watched(fact: type, asked: Asked) -> tuple[Watched, ...]:
    """By itself, or by who is made of it."""
    return watched(fact) if is_of_subject(fact) or is_opaque(asked.base(fact)) else (fact,)


def _of_needs(user: Watched, nodes: list[Asked], known: set[Witness]) -> Iterator[Witness]:
    """Of what a fact is made of, or a check asks for itself."""
    name, facts = named(user), made_of(user) if isinstance(user, type) else asked_by(user)
    have = {one.fact for one in known if one.kind == MADE}
    started = time.monotonic()
    if not isinstance(user, type):
        nodes = sorted(nodes, key=lambda asked: "pass" not in [status for status, _ in asked.base(user).values()])
    for fact in facts:
        pair = f"{name}: {fact.__name__}"
        if pair in have or is_known(NEEDS, pair):
            continue
        found = next(_made(user, fact, nodes, known), None)
        if found is None:
            _missing(pair)
        else:
            yield found
    if time.monotonic() - started > 20:
        print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)


def _made(user: Watched, fact: type, nodes: list[Asked], known: set[Witness]) -> Iterator[Witness]:
    """First where a source of it is known to matter, then everywhere, for a while."""
    by_name = {asked.name: asked for asked in nodes}
    shown = defaultdict[tuple[str, str], set[str]](set)
    for line in known:
        shown[line.fact, line.source].add(line.node)
    pairs = [(one, text, source) for one in below(fact) for text, source in sources(one).items()]
    likely = [
        (asked, pair)
        for pair in pairs
        for name in sorted(shown[pair[0].__name__, pair[1]])
        for asked in [by_name[name]]
    ]
    started = time.monotonic()
    for asked, (one, text, source) in (*likely, *[(asked, pair) for asked in nodes for pair in pairs]):
        for what in _watched(user, asked) if isinstance(user, type) else (user,):
            if any(shows(asked, one, source, what)):
                yield Witness(
                    MADE, f"{named(user)}: {fact.__name__}", f"{one.__name__}: {text}", named(what), asked.name
                )
        if time.monotonic() - started > MOST_SECONDS:
            return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
