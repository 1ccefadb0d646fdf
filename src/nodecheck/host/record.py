"""A host that remembers what was read from it, for the evidence of results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nodecheck.errors import Absent, FactError
from nodecheck.host.base import MIB, ClockState, Completed, Host, Stat
from nodecheck.model.evidence import Evidence

EXCERPT = 200
"""Characters of a source that evidence shows where the check brings none of its own."""

MOST_SOURCES = 32
"""Sources that are kept as evidence for one fact."""


class Recorder:
    """One fact's view of a host. ``seen`` holds the evidence in the order of reading."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.kind = host.kind
        self.path = host.path
        self.seen: list[Evidence] = []

    def read(self, path: str, limit: int = MIB) -> bytes:
        try:
            raw = self._host.read(path, limit)
        except Absent:
            self.note(path, None)
            raise
        if len(self.seen) < MOST_SOURCES:
            self._note_excerpt(path, raw)
        return raw

    def read_at(self, path: str, offset: int, size: int) -> bytes:
        try:
            raw = self._host.read_at(path, offset, size)
        except Absent:
            self.note(path, None)
            raise
        if not any(item.source == path for item in self.seen):
            self.note(path, "")
        return raw

    def names(self, path: str) -> tuple[str, ...]:
        try:
            return self._host.names(path)
        except Absent:
            self.note(path, None)
            raise

    def links(self, path: str) -> tuple[tuple[str, str | None], ...]:
        try:
            return self._host.links(path)
        except Absent:
            self.note(path, None)
            raise

    def stat(self, path: str) -> Stat:
        try:
            return self._host.stat(path)
        except Absent:
            self.note(path, None)
            raise

    def link(self, path: str) -> str | None:
        return self._host.link(path)

    def run(self, argv: tuple[str, ...], timeout_s: float = 3.0) -> Completed:
        done = self._host.run(argv, timeout_s)
        self.note(" ".join(argv), done.stdout.strip()[:EXCERPT])
        return done

    def run_all(self, argvs: Sequence[tuple[str, ...]], timeout_s: float = 3.0) -> tuple[Completed | FactError, ...]:
        answers = self._host.run_all(argvs, timeout_s)
        for answer in answers:
            if isinstance(answer, Completed):
                self.note(" ".join(answer.argv), answer.stdout.strip()[:EXCERPT])
        return answers

    def netlink(self, table: str) -> tuple[Any, ...]:
        rows = self._host.netlink(table)
        self.note(f"netlink {table}", "")
        return rows

    def clock(self) -> ClockState:
        found = self._host.clock()
        self.note("adjtimex(2)", "")
        return found

    def note(self, source: str, value: str | None, locator: str | None = None) -> None:
        """Remember that ``source`` said ``value``."""
        if len(self.seen) < MOST_SOURCES:
            self.seen.append(Evidence(source, locator, value))

    def _note_excerpt(self, path: str, raw: bytes) -> None:
        text = raw[: EXCERPT * 4].decode("utf-8", "surrogateescape").strip("\n")
        first = text.partition("\n")[0][:EXCERPT]
        cut = len(raw.strip()) > len(first.encode("utf-8", "surrogateescape"))
        self.seen.append(Evidence(path, None, first, truncated=cut))
