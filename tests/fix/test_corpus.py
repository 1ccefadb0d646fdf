"""What a plan's script does to real files: what it claims to mend passes then, and nothing else fails."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import nodecheck
from nodecheck.fix.planned import PlanStep
from nodecheck.model.steps import Command, Create, Edit
from nodecheck.planning import Plan
from tests.fix.shells import Machine, state

PARTS = 4
EVERY = 23
"""One of so many trees is taken: all take some minutes."""


def roots(corpus: Path) -> list[Path]:
    """The trees of the corpus, in the order of its groups."""
    found: dict[Path, None] = {}
    for manifest in sorted(corpus.glob("*/manifest.json")):
        for item in json.loads(manifest.read_text()):
            if isinstance(item, dict) and (folder := item.get("root")) and (manifest.parent / folder).is_dir():
                found[manifest.parent / folder] = None
    return list(found)


def files_of(found: Plan, root: Path) -> Plan:
    """The steps that change files, of fixes that run no command, for the tree as it lies in ``root``."""
    running = {name for item in found.steps if isinstance(item.step, Command) for name in item.for_}
    steps = [_moved(item, root) for item in found.steps if running.isdisjoint(item.for_)]
    return found._replace(steps=tuple([item for item in steps if item is not None]))


def _moved(item: PlanStep, root: Path) -> PlanStep | None:
    if isinstance(item.step, (Edit, Create)):
        return item._replace(step=item.step._replace(path=f"{root}{item.step.path}"))
    return None


@pytest.mark.parametrize("part", range(PARTS))
def test_what_is_claimed_is_mended(corpus: Path, tmp_path: Path, part: int) -> None:
    mended = 0
    for number, folder in enumerate(roots(corpus)[part :: PARTS * EVERY]):
        root = tmp_path / str(number)
        shutil.copytree(folder, root, symlinks=True)
        report = nodecheck.run(root=root)
        found = files_of(nodecheck.plan(report), root)
        machine = Machine(tmp_path, "dash")
        if not found.steps:
            continue
        first = machine.run(found, "--in-root", "--any-host")
        assert (first.code, first.err) == (0, ""), folder
        after = state(root)
        again = machine.run(found, "--in-root", "--any-host")
        assert (again.code, again.err) == (0, ""), folder
        assert state(root) == after, folder
        then = nodecheck.run(root=root)
        claimed = {name for item in found.steps if not item.reboot for name in item.for_}
        failing = {result.id for result in then.failures}
        assert failing & claimed == set(), folder
        assert failing - {result.id for result in report.failures} == set(), folder
        mended += len(claimed)
    assert mended > 5
