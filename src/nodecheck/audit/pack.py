"""A report as the rows of the history, and back: what did not change from run to run is kept once."""

from __future__ import annotations

import json
from typing import Any

from nodecheck.digest import sha256
from nodecheck.errors import HistoryError, ReportError
from nodecheck.record import NamedTuple
from nodecheck.report import Report
from nodecheck.report.codec import header, result_dict, summary_dict
from nodecheck.report.parts import SCHEMA, SCHEMA_VERSION

MOST_BYTES = 64 << 20
"""Of one unpacked body."""


class Piece(NamedTuple):
    """Something that is kept once: the first half of the SHA-256 of its text, its name, its text packed."""

    digest: bytes
    name: str
    text: bytes


class Parts(NamedTuple):
    """A report, taken apart: what is its own, what is about its node and profile, and its results."""

    own: dict[str, Any]
    about: Piece
    results: tuple[Piece, ...]


def pack(value: Any) -> bytes:
    """JSON, compressed; zlib's own checksum tells a flipped bit."""
    from zlib import compress

    return compress(_text(value), 6)


def unpack(body: bytes) -> Any:
    """What :func:`pack` was given. Raises HistoryError for a damaged body."""
    from zlib import decompressobj, error

    try:
        inflate = decompressobj()
        text = inflate.decompress(body, MOST_BYTES)
        if not inflate.eof:
            raise HistoryError("a record of the history is damaged: it does not end where it should")
        return json.loads(text)
    except (error, ValueError, TypeError, RecursionError) as problem:
        raise HistoryError(f"a record of the history is damaged: {problem}") from problem


def _text(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def piece(name: str, value: Any) -> Piece:
    """A value that is kept once."""
    text = _text(value)
    return Piece(sha256(text).digest()[:16], name, text)


def apart(report: Report) -> Parts:
    """Take a report apart."""
    head = header(report)
    results, durations = [], []
    for result in report.results:
        found = result_dict(result)
        durations.append(found.pop("duration_s"))
        results.append(piece(result.id, found))
    own = {"run": head.pop("run"), "boot_id": head["node"].pop("boot_id"), "summary": summary_dict(report.summary)}
    return Parts({**own, "durations": durations}, piece("", head), tuple(results))


def together(own: dict[str, Any], about: dict[str, Any], results: list[dict[str, Any]]) -> Report:
    """The report of its parts. Raises HistoryError."""
    try:
        if len(results) != len(own["durations"]):
            raise ValueError(f"it has {len(results)} results and {len(own['durations'])} durations")
        pairs = zip(results, own["durations"])
        node = {**about["node"], "boot_id": own["boot_id"]}
        document = {
            "$schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            **about,
            "run": own["run"],
            "node": node,
            "summary": own["summary"],
            "results": [{**result, "duration_s": duration} for result, duration in pairs],
        }
        return Report.from_document(document)
    except (KeyError, TypeError, ValueError, ReportError) as problem:
        raise HistoryError(f"a recorded report is damaged: {problem}") from problem
