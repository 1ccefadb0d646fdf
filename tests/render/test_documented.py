"""The page of the outputs: a section for each, and an example for node-problem-detector that it would take."""

from __future__ import annotations

import json
import re
from pathlib import Path

from nodecheck.cli.start import start
from nodecheck.render import outputs
from nodecheck.render.journald import RESULT_MESSAGE_ID, RUN_MESSAGE_ID

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "outputs.md").read_text()


def test_every_format_is_documented() -> None:
    for name in outputs.BUILT_IN:
        assert f"`{name}`" in PAGE
        assert name in ("text", "json", "jsonl") or f"\n## {name}\n" in PAGE


def test_what_the_page_says_of_the_journal() -> None:
    assert RUN_MESSAGE_ID in PAGE
    assert RESULT_MESSAGE_ID in PAGE
    for path in outputs.SOCKETS.values():
        assert f"`{path}`" in PAGE


def test_node_problem_detector_takes_the_example(tmp_path: Path) -> None:
    """By the rules of its ``CustomPluginConfig.Validate``; its command is one of ours."""
    found = json.loads((DOCS / "examples/node-problem-detector.json").read_text())
    rule = found["rules"][0]
    seconds = [int(re.sub("s$", "", text)) for text in (rule["timeout"], found["pluginConfig"]["timeout"])]

    assert found["plugin"] == "custom"
    assert seconds[0] <= seconds[1]
    assert rule["condition"] in [condition["type"] for condition in found["conditions"]]
    assert rule["args"][:3] == ["run", "--format", "npd"]
    assert start([*rule["args"], "--root", str(tmp_path), "--select", "swap"]) in (0, 1, 2)
