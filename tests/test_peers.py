"""What other tools check of a node: each item has a check of ours, one that is planned, or a reason."""

from __future__ import annotations

import pytest
from docs.generate import NO, PLANNED, documents, peers

from nodecheck.plugins import load

TOOLS = peers()
OURS = {check.name for check in load().all_checks() if check.plugin == "builtin"}
LATER = {name: (what, when) for name, what, when in TOOLS[PLANNED]}
COUNTS = {
    "kubeadm": 50, "system-validators": 18, "kubespray": 26, "k0s sysinfo": 14, "moby check-config": 9,
    "k3s check-config": 11, "CIS 1.12 worker (kube-bench)": 20, "troubleshoot host preflights": 35,
    "assisted-installer (host)": 20, "node-problem-detector": 11, "others": 7,
}  # fmt: skip
"""How many items there are: none is lost."""

ITEMS = [(tool, *row) for tool, rows in TOOLS.items() if tool != PLANNED for row in rows]


def test_no_item_is_lost() -> None:
    assert {tool: len(rows) for tool, rows in TOOLS.items() if tool != PLANNED} == COUNTS
    assert len(set(ITEMS)) == len(ITEMS)


@pytest.mark.parametrize(("tool", "item", "rule", "answer"), ITEMS, ids=lambda value: str(value)[:40])
def test_each_item_has_an_answer(tool: str, item: str, rule: str, answer: str) -> None:
    assert item
    assert rule
    if answer.startswith(NO):
        assert len(answer) > len(NO) + 10
    else:
        assert [name for name in answer.split(" ") if name not in OURS and name not in LATER] == []


def test_what_is_planned_is_not_there_yet_and_somebody_asks_for_it() -> None:
    asked = {name for *_, answer in ITEMS if not answer.startswith(NO) for name in answer.split(" ")}
    assert [name for name in LATER if name in OURS] == []
    assert [name for name in LATER if name not in asked] == []
    assert all(what and when for what, when in LATER.values())


def test_the_page_has_each_item() -> None:
    page = next(text for path, text in documents().items() if path.name == "peers.md")
    assert page.count("\n| ") == len(ITEMS) + len(LATER) + 2 * len(TOOLS)
