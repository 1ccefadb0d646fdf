"""Headings: a check says what it is about; a renderer knows no check by name."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nodecheck.checking import Check, Status
from nodecheck.checking.declare import LazyCheck
from nodecheck.checking.selectors import ENGINE_CHECKS
from nodecheck.plugins import Registry, load
from nodecheck.render import rows as rows_module
from nodecheck.render.rows import ITSELF, OTHER, TOPICS, by_topic, heading
from nodecheck_checks import nodecheck_checks
from tests.cli.conftest import BASE, Command, nodecheck, plugin
from tests.render.test_text import result

__all__ = ["nodecheck", "plugin"]

TUNED = """
@check({declared})
def gpu():
    "A GPU."
    yield ok("there", evidence=HERE)

@nodecheck.hookimpl
def nodecheck_checks():
    return [gpu]
"""


def test_each_built_in_check_declares_a_topic_twice_alike() -> None:
    lazy = {item.name: item.topic for item in nodecheck_checks()}
    declared = {check.name: check.topic for check in load().all_checks() if check.plugin == "builtin"}

    assert lazy == declared
    assert set(lazy.values()) <= {topic for _, topics in TOPICS for topic in topics}


def test_a_topic_and_a_heading_stand_once() -> None:
    topics = [topic for _, found in TOPICS for topic in found]
    titles = [*(title for title, _ in TOPICS), ITSELF, OTHER]

    assert len(topics) == len(set(topics))
    assert len(titles) == len(set(titles))


def test_no_renderer_lists_checks() -> None:
    names = {item.name for item in nodecheck_checks()} | set(ENGINE_CHECKS)
    topics = {topic for _, found in TOPICS for topic in found}
    for path in sorted(Path(str(rows_module.__file__)).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
                words = {item.value for item in node.elts if isinstance(item, ast.Constant)}
                assert not words & (names - topics), (path, node.lineno)


@pytest.mark.parametrize(
    ("declared", "shown"),
    [
        ('topic="gpu"', "Gpu"),
        ('topic="swap", tags=["network"]', "Swap"),
        ('tags=["network"]', "Network"),
        ('tags=["unheard-of"]', OTHER),
        ("", OTHER),
    ],
)
def test_a_plugins_check_stands_under_its_topic_or_its_tags(
    declared: str, shown: str, nodecheck: Command, plugin: Callable[..., Path], tmp_path: Path
) -> None:
    plugins = plugin("gpus", BASE + TUNED.format(declared=declared))
    words = ("--select", "gpu", "--root", str(tmp_path))

    text = nodecheck("run", *words, "-v", plugins=plugins).out
    (tmp_path / "report.json").write_text(nodecheck("run", "--json", *words, plugins=plugins).out)

    assert f"-- {shown} --" in text
    assert "topic" not in json.loads((tmp_path / "report.json").read_text())["results"][0]
    assert f"1 setting: {shown} 1\n" in nodecheck("convert", "report.json", "--to", "text", plugins=plugins).out


def test_own_headings_stand_behind_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("zeta", "alpha"):
        monkeypatch.setitem(load().checks, name, LazyCheck(name, "none:none", f"{name} things"))
    names = ("other", "waiver", "zeta", "alpha", "selinux", "swap")

    found = [title for title, _ in by_topic([result(name, Status.PASS) for name in names])]

    assert found == ["Swap", "Security", "Alpha things", "Zeta things", ITSELF, OTHER]


def test_what_the_engine_says_itself_stands_apart() -> None:
    assert [heading(result(name, Status.FAIL, tags=("swap",))) for name in ENGINE_CHECKS] == [ITSELF, ITSELF]


def test_the_registry_knows_topics_without_importing() -> None:
    registry = Registry()
    registry.checks["later"] = LazyCheck("later", "no_such_module:later", "swap")
    registry.checks["old"] = LazyCheck("old", "no_such_module:old")

    assert [registry.topic(name) for name in ("later", "old", "none")] == ["swap", "", ""]
    assert not any(isinstance(item, Check) for item in registry.checks.values())
