"""All trees of the corpus and of the tests, plain and with something odd in them: captured, written, read and judged.

``python -m tests.capturing [--seed N] [--odd N] [--combinations N]`` prints each difference and the figures, and ends
with 1 where there is one.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from multiprocessing import Pool
from pathlib import Path

from tests.capturing.alike import EVERY, differences, options
from tests.capturing.mutate import spoilt
from tests.conftest import CORPUS
from tests.fix.test_corpus import roots as corpus_roots
from tests.nodes import debian_node, rocky_node
from tests.reference import reference_node


def plain(task: tuple[Path, int, int]) -> list[str]:
    """The differences of a tree as it is."""
    root, seed, count = task
    return [f"{root}: {line}" for line in differences(root, options(seed, count))]


def odd(task: tuple[Path, int, int]) -> list[str]:
    """The differences of a tree with something odd in it."""
    root, seed, count = task
    folder = Path(tempfile.mkdtemp(prefix="nodecheck-odd."))
    try:
        told = spoilt(root, folder / "root", seed)
        return [f"{root}, {seed}, {told}: {line}" for line in differences(folder / "root", options(seed, count))]
    finally:
        shutil.rmtree(folder)


def main() -> int:
    """Judge, and say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--odd", type=int, default=2, help="odd trees made of each tree")
    parser.add_argument("--combinations", type=int, default=3, help=f"of {len(EVERY)}, for each tree")
    args = parser.parse_args()
    chance = random.Random(args.seed)
    with tempfile.TemporaryDirectory(prefix="nodecheck-trees.") as folder:
        builds = (debian_node, rocky_node, reference_node)
        for build in builds:
            (Path(folder) / build.__name__).mkdir()
        made = [build(Path(folder) / build.__name__) for build in builds]
        trees = [*made, *(corpus_roots(CORPUS) if CORPUS.is_dir() else [])]
        tasks = [(root, chance.randrange(1 << 30), args.combinations) for root in trees]
        odds = [(root, chance.randrange(1 << 30), args.combinations) for root in trees for _ in range(args.odd)]
        found: list[str] = []
        with Pool() as pool:
            for work, asked in ((plain, tasks), (odd, odds)):
                for lines in pool.imap_unordered(work, asked):
                    found += lines
                    for line in lines:
                        print(line, flush=True)
    trees_told = f"{len(tasks)} trees and {len(odds)} with something odd"
    print(f"{trees_told}, {(len(tasks) + len(odds)) * args.combinations} runs and replays: {len(found)} differ")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
