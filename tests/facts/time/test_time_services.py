"""Which time services run, by the names of processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nodecheck.errors import Malformed
from nodecheck.facts.time import keepers as time_services
from nodecheck.facts.time.keepers import TimeKeepers
from nodecheck.host import RootHost
from tests.rights import modes_hold

Tree = Callable[[dict[str, "str | bytes"]], Path]

NODE: dict[str, str | bytes] = {
    "proc/1/comm": "systemd\n",
    "proc/70/comm": "chronyd\n",
    "proc/71/comm": "chronyc\n",
    "proc/net/comm": "ntpd\n",
}


def keepers(root: Path) -> TimeKeepers:
    return TimeKeepers.read(RootHost(str(root)))


def namespace(root: Path, number: int = 4026531836) -> None:
    folder = root / "proc/self/ns"
    folder.mkdir(parents=True)
    (folder / "pid").symlink_to(f"pid:[{number}]")


def test_all_processes_of_the_node(tree: Tree) -> None:
    root = tree({**NODE, "proc/80/comm": "ntpd\n"})
    namespace(root)

    assert keepers(root) == TimeKeepers(("chronyd", "ntpd"), all_seen=True)


def test_a_container_sees_only_its_own(tree: Tree) -> None:
    root = tree(NODE)
    namespace(root, 4026532999)

    assert keepers(root) == TimeKeepers(("chronyd",), all_seen=False)


def test_processes_that_are_hidden_by_hidepid(tree: Tree) -> None:
    root = tree({"proc/70/comm": "chronyd\n"})
    namespace(root)

    assert keepers(root) == TimeKeepers(("chronyd",), all_seen=False)


def test_a_process_that_may_not_be_looked_at_or_has_ended(tree: Tree) -> None:
    root = tree({**NODE, "proc/90/x": ""})
    namespace(root)
    assert keepers(root) == TimeKeepers(("chronyd",), all_seen=True)

    (root / "proc/71/comm").chmod(0)
    with modes_hold():
        assert keepers(root) == TimeKeepers(("chronyd",), all_seen=False)


def test_more_processes_than_are_looked_at(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_services, "MOST_PROCESSES", 2)
    root = tree(NODE)
    namespace(root)

    assert not keepers(root).all_seen


def test_what_is_no_process_is_an_error(tree: Tree) -> None:
    root = tree({**NODE, "proc/72/comm/x": ""})
    namespace(root)

    with pytest.raises(Malformed):
        keepers(root)
