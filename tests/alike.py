"""Judges the nodes of a list in a process of its own, and prints all that their results say.

``python -m tests.alike LIST``: a JSON file with ``[[root, profile], …]``. ``python -m tests.alike --alone LIST`` judges
each check and view alone.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from nodecheck import Report, Result
from nodecheck.report.codec import to_dict
from nodecheck.testing import run


def said(report: Report) -> dict[str, Any]:
    """Each result by its id, all but how long it took."""
    found = {item["id"]: item for item in to_dict(report)["results"]}
    for item in found.values():
        del item["duration_s"]
    return found


def _is_of_a_check(result: Result) -> bool:
    return result.check not in ("plugin", "waiver")


def alone(root: str, profile: str) -> dict[str, Any]:
    """What each check and view says where it is the only one."""
    tasks = {(result.check, result.view) for result in run(root, profile=profile) if _is_of_a_check(result)}
    found: dict[str, Any] = {}
    for check, view in sorted(tasks):
        found.update(said(run(root, profile=profile, select=[f"{check}@{view}"])))
    return found


def main(words: list[str]) -> None:
    """Print the results of each node."""
    nodes = json.loads(Path(words[-1]).read_text())
    by_itself = words[0] == "--alone"
    print(json.dumps([alone(*node) if by_itself else said(run(node[0], profile=node[1])) for node in nodes]))


if __name__ == "__main__":
    main(sys.argv[1:])
