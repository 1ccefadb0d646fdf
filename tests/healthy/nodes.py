"""Lay a healthy node below a directory."""

from __future__ import annotations

from pathlib import Path

from nodecheck.testing import write_tree
from tests.healthy.setups import SETUPS, Setup
from tests.healthy.trees import Kept, base

STATUS = "var/lib/dpkg/status"


def healthy_node(name: str, root: Path) -> Path:
    """Write the tree of the node of this name, and give its path."""
    return write_tree(root, {entry.path: entry.entry for entry in entries(SETUPS[name])})


def entries(setup: Setup) -> tuple[Kept, ...]:
    """All that a node consists of: the bases without what it does not have, and what was added, which wins."""
    kept = {entry.path: entry for name in setup.bases for entry in base(name) if not _gone(entry, setup)}
    kept |= {entry.path: entry for entry in setup.added}
    kept[STATUS] = _as_installed(kept[STATUS], setup)
    return tuple(kept.values())


def _gone(entry: Kept, setup: Setup) -> bool:
    package = entry.origin.partition(" ")[0]
    return package in setup.removed or entry.path.startswith(setup.without)


def _as_installed(status: Kept, setup: Setup) -> Kept:
    """dpkg's list without the packages that were removed, and with those that were added."""
    blocks = [block.strip("\n") for block in status.text.decode().split("\n\n")]
    names = {block.partition("\n")[0].partition(": ")[2]: block for block in blocks if block}
    kept = [block for name, block in names.items() if name not in setup.removed]
    added = [
        f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}"
        for name, version in setup.packages
    ]
    return status._replace(text="".join(f"{block}\n\n" for block in (*kept, *added)).encode())
