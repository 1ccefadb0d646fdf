"""What captures cost, as ratios to runs of the same process.

    python benchmarks/captures.py [--root DIR] [--rounds N] [--json FILE]

Each figure is the median over rounds, in which all parts run one after another: machines are shared and noisy, and
what stands in one round met the same weather. CPU time is that of this process and of the programs that it ran. A whole
capture is measured in wall time too: it waits for programs. Everything was imported, and run once, before.

The checks that ask programs for their versions are left out of runs, as in ``startup.py``, but for the run that a whole
capture is held against: a capture asks them too. A load counts as the first where nothing of a capture was read before,
and as a later one where its sections all were. Unpacking is part of both. The collector's script runs as a process, and
so does what it is held against: ``nodecheck run --json``.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable
from gzip import compress
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from time import perf_counter
from typing import Any, NamedTuple

from nodecheck.capturing.complete import captured
from nodecheck.capturing.files import packed, read_capture
from nodecheck.capturing.host import CaptureHost
from nodecheck.capturing.image import Origin
from nodecheck.capturing.masking import forget_clean
from nodecheck.capturing.recorder import ImageRecorder
from nodecheck.capturing.sections import KNOWN
from nodecheck.host import Host, open_host
from nodecheck.plugins import load
from nodecheck.running.engine import run
from nodecheck.running.request import prepared

ORIGIN = Origin("2026-11-30T12:00:00Z", "benchmark", True, True, True, "/", ())
SHELLS = (("dash",), ("busybox", "sh"), ("bash", "--posix"))
IGNORED = ("version", "version-skew")


class Row(NamedTuple):
    """One line of the table."""

    what: str
    ratio: float
    target: float | None
    unit: str = "x"


def cpu_s() -> float:
    """CPU seconds of this process and of those that it waited for."""
    own, others = getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


def spent(act: Callable[[], object], clock: Callable[[], float]) -> float:
    """What an act takes by a clock; what earlier acts left is swept up before."""
    gc.collect()
    began = clock()
    act()
    return clock() - began


def judge(host: Host, ignored: tuple[str, ...] = IGNORED) -> None:
    """One run of all checks but these."""
    run(
        *prepared(
            root=None, profile=None, role=None, kubernetes=None, proxy_mode=None, cni=None, select=(), ignore=ignored,
            view=None, fail_on=None, timeout=60, waivers=(), host=host,
        )
    )  # fmt: skip


Act = tuple[Callable[[], object], Callable[[], float]]


def acts(root: str | None, raw: bytes) -> dict[str, Act]:
    """What is measured, and the clock for each, in the order of a round."""
    host: Any = read_capture(raw, "a capture")
    return {
        "run": (lambda: judge(open_host(root)), cpu_s),
        "recorded first": (fresh(lambda: judge(ImageRecorder(open_host(root), ORIGIN))), cpu_s),
        "recorded": (lambda: judge(ImageRecorder(open_host(root), ORIGIN)), cpu_s),
        "run, wall": (lambda: judge(open_host(root), ()), perf_counter),
        "run, CPU": (lambda: judge(open_host(root), ()), cpu_s),
        "capture": (fresh(lambda: packed(captured(open_host(root), load()))), perf_counter),
        "capture, CPU": (fresh(lambda: packed(captured(open_host(root), load()))), cpu_s),
        "first": (fresh(lambda: read_capture(raw, "a capture")), cpu_s),
        "again": (lambda: read_capture(raw, "a capture"), cpu_s),
        "replay": (lambda: judge(CaptureHost(host.image, "a capture")), cpu_s),
    }


def fresh(act: Callable[[], object]) -> Callable[[], object]:
    """An act before which no section of a capture is known, and no content that holds no secret."""

    def found() -> object:
        KNOWN.forget()
        forget_clean()
        return act()

    return found


def collectors(root: str | None, rounds: int) -> list[Row]:
    """The collector under each shell, as a process, against a run that is one; and how large its capture is."""
    command = [sys.executable, "-m", "nodecheck"]
    script = subprocess.run([*command, "collector"], capture_output=True, check=True).stdout
    rows: list[Row] = []
    said = b""
    for shell in SHELLS:
        if shutil.which(shell[0]) is None:
            continue
        ratios: list[float] = []
        for _ in range(max(3, rounds // 3)):
            run_s, _ = process([*command, "run", "--json", *([] if root is None else ["--root", root])], b"", root)
            shell_s, said = process([*shell, "-s"], script, root)
            ratios.append(shell_s / run_s)
        rows.append(Row(f"the collector, {' '.join(shell)}", statistics.median(ratios), 12))
    return [*rows, Row("size of the collector's capture", len(compress(said, 6)) / 1000, None, "KB")]


def process(argv: list[str], given: bytes, root: str | None) -> tuple[float, bytes]:
    """The CPU seconds of a process and of all that it started, and what it printed."""
    environment = dict(os.environ) | ({} if root is None else {"NODECHECK_ROOT": str(Path(root).resolve())})
    began = getrusage(RUSAGE_CHILDREN)
    done = subprocess.run(argv, input=given, capture_output=True, env=environment, check=False)
    ended = getrusage(RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime, done.stdout


def measured(root: str | None, rounds: int) -> tuple[list[Row], bytes]:
    """The table, and a capture of the node."""
    raw = packed(captured(open_host(root), load()))
    parts = acts(root, raw)
    found: dict[str, list[float]] = {}
    for number in range(rounds + 1):
        for name, (act, clock) in parts.items():
            seconds = spent(act, clock)
            if number:  # the first round warms up
                found.setdefault(name, []).append(seconds)

    def of(what: str, parts_of: str, target: float | None) -> Row:
        name, other = parts_of.split(" / ")
        return Row(what, statistics.median([one / two for one, two in zip(found[name], found[other])]), target)

    return [
        of("a run that is recorded", "recorded / run", 1.4),
        of("the same, no file of it seen before", "recorded first / run", None),
        of("a whole capture, wall", "capture / run, wall", 6),
        of("the same, CPU", "capture, CPU / run, CPU", None),
        of("the first load, against its run", "first / replay", 1.0),
        of("a later load of the same sections", "again / replay", 0.2),
        of("a run out of a capture", "replay / run", 1.0),
    ], raw


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", metavar="DIR", help="a file system in a directory, in place of this machine")
    parser.add_argument("--rounds", type=int, default=15, metavar="N")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    args = parser.parse_args()
    rows, raw = measured(args.root, args.rounds)
    rows.append(Row("size of a capture", len(raw) / 1000, 400, "KB"))
    rows.extend(collectors(args.root, args.rounds))
    print(f"Python {sys.version.split()[0]}, medians of {args.rounds} rounds")
    for row in rows:
        print(f"{row.what:<40} {row.ratio:>8.2f} {row.unit:<2} {row.target or '-':>8}")
    if args.json:
        Path(args.json).write_text(json.dumps([row._asdict() for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
