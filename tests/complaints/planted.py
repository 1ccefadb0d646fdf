"""A healthy node with one thing planted, and what nodecheck says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from nodecheck import Report
from nodecheck.host.base import ClockState, Space
from nodecheck.host.netlink import LinkRow
from nodecheck.model.outcomes import Result
from nodecheck.testing import Entry, Node, run, write_tree
from tests.healthy.nodes import healthy_node
from tests.live_tree import LiveTree
from tests.nodes import debian_node

KERNEL = "6.12.43+deb13-amd64"
"""Of ``debian_node``."""
MODULES = f"/usr/lib/modules/{KERNEL}"


class Running(LiveTree):
    """A node that runs: what its ``/proc`` and ``/sys`` do not have, its kernel does not have."""

    told_clock = ClockState(0, 0, 20_000, 500)
    """What adjtimex(2) gives: a clock that somebody keeps."""
    space = Space(4096, 10_000_000, 8_000_000, 7_500_000, 2_500_000, 2_400_000, 2_400_000, read_only=False)
    """What statvfs(3) gives of any path: 28 GiB of 38 are available, and nearly all inodes."""

    rows: tuple[LinkRow, ...] = ()
    """What netlink lists as links; none: it cannot be asked."""

    def is_real(self, top: str) -> bool:
        return True

    def netlink(self, table: str) -> tuple[Any, ...]:
        return self.rows if table == "links" and self.rows else super().netlink(table)

    def clock(self) -> ClockState:
        return self.told_clock

    def statvfs(self, path: str) -> Space:
        self.stat(path)  # which says where there is no such path
        return self.space


Build = Callable[[Path], Path]


def on(name: str) -> Build:
    """The healthy node of that name, with the files of its distribution's packages."""
    return lambda root: healthy_node(name, root)


def plant(root: Path, files: Mapping[str, Entry], build: Build = debian_node, without: Iterable[str] = ()) -> Path:
    """Lay a node, take some of its files away, and put others there."""
    build(root)
    for pattern in without:
        gone = list(root.glob(pattern))
        assert gone, f"{pattern} is not on the node"
        for path in gone:
            path.unlink()
    return write_tree(root, dict(files))


def told(root: Node, *select: str, **options: Any) -> dict[str, Result]:
    """The results by their ids."""
    report: Report = run(root, select=list(select), **options)
    return {result.id: result for result in report.results}


def statuses(root: Node, *select: str, **options: Any) -> dict[str, str]:
    """The status of each result, by its id."""
    return {name: str(result.status) for name, result in told(root, *select, **options).items()}


def failed(root: Node, *select: str, **options: Any) -> set[str]:
    """What fails at or above a warning."""
    found = told(root, *select, **options)
    return {name for name, one in found.items() if one.status == "fail" and one.severity != "info"}
