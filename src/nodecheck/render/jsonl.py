"""The report as JSON Lines: ``run``, each ``result``, ``summary`` (contract, section 5)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from nodecheck.report import Report


def render(report: Report) -> str:
    """One object a line, each with its ``type``."""
    return "".join(json.dumps(item, separators=(",", ":")) + "\n" for item in _objects(report))


def _objects(report: Report) -> Iterator[dict[str, Any]]:
    from nodecheck.report.codec import header, result_dict, summary_dict
    from nodecheck.report.parts import SCHEMA, SCHEMA_VERSION

    top = header(report)
    run = top.pop("run")
    yield {"type": "run", **run, "$schema": SCHEMA, "schema_version": SCHEMA_VERSION, **top}
    for result in report.results:
        yield {"type": "result", **result_dict(result)}
    yield {"type": "summary", **summary_dict(report.summary)}
