"""What a pass names as its evidence is that: where a file is taken away, no result still says what stands in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nodecheck.checking.judging import judged
from nodecheck.checking.overheard import Overheard
from nodecheck.errors import FactError
from nodecheck.model.outcomes import Outcome
from nodecheck.running.engine import tasks_of
from tests.drill.altered import GONE, Altered
from tests.drill.nodes import pool
from tests.drill.search import REGISTRY, Asked

NODES = (
    "debian-12", "debian-13", "k3s", "rke2", "k0s", "microk8s", "raspberry-pi-os-13", "live", "debian_node",
    "rocky_node", "reference_node",
)  # fmt: skip

NOTHING = ("image-identity[/etc/ssh]@boot: /etc/ssh", "image-identity[/etc/hosts]@boot: /etc/hosts")
"""What says only that nothing is there, which is so without the file too."""


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Asked]:
    """Some of the nodes, by their names."""
    made = pool(tmp_path_factory.mktemp("drill"))
    return {name: Asked(name, made[name]) for name in NODES}


def outcomes(asked: Asked, facts: Overheard, check: Any) -> dict[tuple[str, str | None], Outcome]:
    """What a check says, by view and subject."""
    found = {}
    for task in tasks_of(check, asked.request):
        done: list[Any] = []
        judged(task, facts, done)
        found.update({(task.view, one.outcome.subject): one.outcome for one in done})
    return found


def still_said(asked: Asked) -> Iterator[str]:
    """Results that name the content of a file that is not there any more."""
    for check in REGISTRY.all_checks():
        before = outcomes(asked, asked.fresh(asked.host), check)
        named: dict[str, list[tuple[str, str | None]]] = defaultdict(list)
        for key, outcome in before.items():
            for one in outcome.evidence if str(outcome.status) == "pass" else ():
                if one.value is not None and one.source.startswith("/"):
                    named[one.source].append(key)
        for path, keys in named.items():
            real = _real(asked, path)
            if real is None:
                continue
            after = outcomes(asked, asked.fresh(Altered(asked.host, {real: GONE})), check)
            for key in dict.fromkeys(keys):
                evidence = after[key].evidence if key in after else ()
                if {one for one in before[key].evidence if one.source == path and one.value} & {*evidence}:
                    yield f"{check.name}[{key[1]}]@{key[0]}: {path}"


def _real(asked: Asked, path: str) -> str | None:
    try:
        asked.host.stat(path)
        return Altered(asked.host, {}).real(path, last=False)
    except FactError:
        return None


@pytest.mark.parametrize("name", NODES)
def test_no_result_names_what_is_not_there(nodes: dict[str, Asked], name: str) -> None:
    assert [line for line in still_said(nodes[name]) if line not in NOTHING] == []


def test_a_result_that_does_is_found(nodes: dict[str, Asked], tmp_path: Path) -> None:
    node = nodes["debian-12"]
    named = outcomes(node, node.fresh(node.host), REGISTRY.check("swap"))

    assert any(one.source == "/etc/fstab" for outcome in named.values() for one in outcome.evidence)
