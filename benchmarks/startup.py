"""What nodecheck costs, as ratios to a bare interpreter of the same environment, or to another nodecheck.

Each figure is CPU time (user and system) of whole processes: the median, over pairs run in turn, of the ratio of the
command's time to that of ``python -I -c pass``. Machines are shared and noisy; ratios of one run are what holds.

    python benchmarks/startup.py [--pairs N] [--root DIR] [--json FILE]
    python benchmarks/startup.py --against PYTHON [--pairs N] [--root DIR] [--json FILE]

``--root`` adds rows over a full root, which ``debian_root.py`` makes. The table of ``netlink.py`` follows, which needs
root and says so.

``--against`` names the interpreter of another environment, with another nodecheck. Each row is then this nodecheck's
cost in that one's, pair by pair, with the quartiles of the pairs as the noise, and the best of the one against the best
of the other. The exit code is 1 where a row is slower than 1.05 x by both. Both environments should hold the same
packages: a run looks at each for plugins. An environment against itself shows the noise of the day.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

PYTHON = [sys.executable, "-I"]
NETLINK_CHECKS = ("port", "default-route", "interface", "firewall", "hosts")
COMMAND_CHECKS = ("version", "version-skew")
SECOND, PEAK = "a second nodecheck.run(), everything", "peak memory of the default run"
LIMIT = 1.05
"""A row above this is slower than the nodecheck that it is held against."""
AGAIN = """
import resource, sys, nodecheck
kwargs = dict(ignore=["version", "version-skew"])
nodecheck.run(**kwargs)
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
rounds = []
for _ in range(21):
    started = cpu()
    nodecheck.run(**kwargs)
    rounds.append(cpu() - started)
print(sorted(rounds)[10])
"""


class Command(NamedTuple):
    """One process to measure; without a target, only the version before is a measure."""

    what: str
    argv: list[str]
    target: float | None = None
    stretch: float | None = None


class Row(NamedTuple):
    """One line of the table."""

    what: str
    ratio: float
    target: float | None
    stretch: float | None
    unit: str = "x"


class Compared(NamedTuple):
    """One line of the table against another nodecheck: the pairs' median and quartiles, and the best by the best."""

    what: str
    ratio: float
    lower: float
    upper: float
    best: float

    @property
    def slower(self) -> bool:
        """Above the limit by the median and by the best: other work only ever adds time, to either of the two."""
        return min(self.ratio, self.best) > LIMIT


def cpu_s(argv: list[str]) -> float:
    """CPU seconds of one whole process."""
    with open(os.devnull, "wb") as null:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=null, stderr=null)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1, 3):
        raise SystemExit(f"{' '.join(argv)}: exit code {process.returncode}")
    return used.ru_utime + used.ru_stime


def ratio(argv: list[str], pairs: int) -> float:
    """The median of the paired ratios to a bare interpreter."""
    bare = [*PYTHON, "-c", "pass"]
    cpu_s(argv)
    cpu_s(bare)
    return statistics.median(cpu_s(argv) / cpu_s(bare) for _ in range(pairs))


def peak_mib(python: list[str], argv: list[str]) -> float:
    """Peak resident memory, read by the process itself (wait4's figure has the parent's as its floor)."""
    code = (
        "import sys; from nodecheck.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: sys.stderr.write([l for l in open('/proc/self/status') if l.startswith('VmHWM')][0].split()[1])"
    )
    null = subprocess.DEVNULL
    done = subprocess.run([*python, "-c", code, *argv], stdin=null, stdout=null, stderr=subprocess.PIPE, check=True)
    return int(done.stderr) / 1024


def again_s(python: list[str]) -> float:
    """CPU seconds of a second run in the same process: the median of 21."""
    return float(subprocess.run([*python, "-c", AGAIN], capture_output=True, check=True).stdout)


def again(pairs: int) -> float:
    """A second run in the same process, against a bare interpreter."""
    found = []
    for _ in range(max(3, pairs // 5)):
        second = again_s(PYTHON)
        found.append(second / statistics.median(cpu_s([*PYTHON, "-c", "pass"]) for _ in range(5)))
    return statistics.median(found)


def without(*checks: str) -> list[str]:
    """``--ignore`` for each of these checks."""
    return [word for name in checks for word in ("--ignore", name)]


def commands(python: str, root: str | None) -> list[Command]:
    """Every process to measure, of the environment that this interpreter belongs to."""
    isolated = [python, "-I"]
    command = [*isolated, str(Path(python).parent / "nodecheck")]
    run = [*command, "run", "--json"]
    quiet = without(*COMMAND_CHECKS)
    bare_netlink = [*quiet, *without(*NETLINK_CHECKS)]
    found = [
        Command("nodecheck --version", [*command, "--version"], 2, 1.3),
        Command("import nodecheck", [*isolated, "-c", "import nodecheck"], 2, 1.3),
        Command("run --json --select swap", [*run, "--select", "swap"], 5, 4),
        Command("run --json, without netlink checks", [*run, *bare_netlink], 6.5, 5),
        Command("run --json, everything", [*run, *quiet], 10, 7.5),
    ]
    if root is not None:
        run += ["--root", root]
        found += [
            Command("run --json --root, everything", run),
            Command("run --json --root --select swap", [*run, "--select", "swap"]),
            Command("run --json --root --view boot", [*run, "--view", "boot"]),
        ]
    return found


def rows(pairs: int, root: str | None) -> list[Row]:
    """Measure everything against a bare interpreter."""
    measured = commands(sys.executable, root)
    return [
        *(Row(command.what, ratio(command.argv, pairs), command.target, command.stretch) for command in measured),
        Row(SECOND, again(pairs), 0.7, 0.3),
        Row(PEAK, peak_mib(PYTHON, ["run", "--json"]), 40, 20, "MiB"),
    ]


def compared(what: str, this: Callable[[], float], other: Callable[[], float], pairs: int) -> Compared:
    """Pairs in turn, the order changed from pair to pair: a machine that slows down favours nobody."""
    this()
    other()
    found = []
    for number in range(pairs):
        if number % 2:
            before = other()
            found.append((this(), before))
        else:
            found.append((this(), other()))
    ratios = [new / old for new, old in found]
    lower, middle, upper = statistics.quantiles(ratios, n=4, method="inclusive")
    best = min(new for new, _ in found) / min(old for _, old in found)
    return Compared(what, middle, lower, upper, best)


def against(other: str, pairs: int, root: str | None) -> list[Compared]:
    """Measure everything against the nodecheck of another environment."""
    argv_before = {command.what: command.argv for command in commands(other, root)}
    some, few = max(3, pairs // 2), max(3, pairs // 5)
    old = [other, "-I"]
    run = ["run", "--json"]
    return [
        *(
            compared(command.what, partial(cpu_s, command.argv), partial(cpu_s, argv_before[command.what]), pairs)
            for command in commands(sys.executable, root)
        ),
        compared(SECOND, partial(again_s, PYTHON), partial(again_s, old), some),
        compared(PEAK, partial(peak_mib, PYTHON, run), partial(peak_mib, old, run), few),
    ]


def packages(python: str) -> set[str]:
    """What is installed beside this interpreter: name and version of each distribution."""
    code = (
        "from importlib.metadata import distributions\n"
        "for found in distributions(): print(found.metadata['Name'], found.version)"
    )
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    return {line for line in done.stdout.splitlines() if not line.startswith("nodecheck ")}


def print_rows(found: list[Row], pairs: int) -> None:
    """The table against a bare interpreter."""
    print(f"Python {sys.version.split()[0]}, medians of {pairs} pairs, CPU time against python -I -c pass")
    print(f"{'what':<38} {'measured':>10} {'target':>8} {'stretch':>8}")
    for row in found:
        target, stretch = (f"{one:g}" if one is not None else "-" for one in (row.target, row.stretch))
        print(f"{row.what:<38} {row.ratio:>8.2f} {row.unit:<3} {target:>6} {stretch:>8}")


def print_compared(found: list[Compared], pairs: int, other: str) -> None:
    """The table against another nodecheck, and what makes it less than fair."""
    print(f"Python {sys.version.split()[0]}, medians and quartiles of {pairs} pairs, against the nodecheck of {other}")
    for row in found:
        slower = "  slower" if row.slower else ""
        print(
            f"{row.what:<38} {row.ratio:>6.3f} x  ({row.lower:.3f} to {row.upper:.3f})  best {row.best:.3f} x{slower}"
        )
    differ = sorted(packages(sys.executable) ^ packages(other))
    if differ:
        print(f"only one of the environments holds: {', '.join(differ)}")


def keep(found: Sequence[Row | Compared], path: str | None) -> None:
    """Write the figures where --json says so."""
    if path:
        Path(path).write_text(json.dumps([row._asdict() for row in found], indent=2) + "\n")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=15, help="pairs of processes for each figure (default: 15)")
    parser.add_argument(
        "--root", metavar="DIR", help="also measure runs over this full root (debian_root.py makes one)"
    )
    parser.add_argument("--against", metavar="PYTHON", help="measure against the nodecheck of this interpreter")
    parser.add_argument("--json", metavar="FILE", help="also write the figures to FILE")
    args = parser.parse_args()
    if args.pairs < 2:
        parser.error("--pairs: two at least")
    if args.root is None:
        print("no rows over a full root: make one with benchmarks/debian_root.py DIR, and give it by --root DIR")
    if args.against:
        found = against(args.against, args.pairs, args.root)
        print_compared(found, args.pairs, args.against)
        keep(found, args.json)
        sys.exit(any(row.slower for row in found))
    measured = rows(args.pairs, args.root)
    print_rows(measured, args.pairs)
    keep(measured, args.json)
    print(flush=True)
    subprocess.run([*PYTHON, str(Path(__file__).resolve().with_name("netlink.py"))], check=False)


if __name__ == "__main__":
    main()
