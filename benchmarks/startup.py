"""What nodecheck costs, as ratios to a bare interpreter of the same environment.

Each figure is CPU time (user and system) of whole processes: the median, over pairs run in turn, of the ratio of the
command's time to that of ``python -I -c pass``. Machines are shared and noisy; ratios of one run are what holds.

    python benchmarks/startup.py [--pairs N] [--json FILE]

The table of ``netlink.py`` follows, which needs root and says so.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

PYTHON = [sys.executable, "-I"]
NETLINK_CHECKS = ("port", "default-route", "interface", "firewall", "hosts")
COMMAND_CHECKS = ("version", "version-skew")
AGAIN = """
import resource, sys, nodecheck
kwargs = dict(ignore=["version", "version-skew"])
nodecheck.run(**kwargs)
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
rounds = 20
started = cpu()
for _ in range(rounds):
    nodecheck.run(**kwargs)
print((cpu() - started) / rounds)
"""


class Row(NamedTuple):
    """One line of the table."""

    what: str
    ratio: float
    target: float
    stretch: float
    unit: str = "x"


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


def peak_mib(argv: list[str]) -> float:
    """Peak resident memory, read by the process itself (wait4's figure has the parent's as its floor)."""
    code = (
        "import sys; from nodecheck.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: sys.stderr.write([l for l in open('/proc/self/status') if l.startswith('VmHWM')][0].split()[1])"
    )
    null = subprocess.DEVNULL
    done = subprocess.run([*PYTHON, "-c", code, *argv], stdin=null, stdout=null, stderr=subprocess.PIPE, check=True)
    return int(done.stderr) / 1024


def again(pairs: int) -> float:
    """A second run in the same process, against a bare interpreter."""
    found = []
    for _ in range(max(3, pairs // 5)):
        done = subprocess.run([*PYTHON, "-c", AGAIN], capture_output=True, check=True)
        bare = statistics.median(cpu_s([*PYTHON, "-c", "pass"]) for _ in range(5))
        found.append(float(done.stdout) / bare)
    return statistics.median(found)


def without(*checks: str) -> list[str]:
    """``--ignore`` for each of these checks."""
    return [word for name in checks for word in ("--ignore", name)]


def rows(pairs: int) -> list[Row]:
    """Measure everything."""
    command = [*PYTHON, str(Path(sys.executable).parent / "nodecheck")]
    run = [*command, "run", "--json"]
    quiet = without(*COMMAND_CHECKS)
    bare_netlink = [*quiet, *without(*NETLINK_CHECKS)]
    return [
        Row("nodecheck --version", ratio([*command, "--version"], pairs), 2, 1.3),
        Row("import nodecheck", ratio([*PYTHON, "-c", "import nodecheck"], pairs), 2, 1.3),
        Row("run --json --select swap", ratio([*run, "--select", "swap"], pairs), 5, 4),
        Row("run --json, without netlink checks", ratio([*run, *bare_netlink], pairs), 6.5, 5),
        Row("run --json, everything", ratio([*run, *quiet], pairs), 10, 7.5),
        Row("a second nodecheck.run(), everything", again(pairs), 0.7, 0.3),
        Row("peak memory of the default run", peak_mib(["run", "--json"]), 40, 20, "MiB"),
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=15, help="pairs of processes for each figure (default: 15)")
    parser.add_argument("--json", metavar="FILE", help="also write the figures to FILE")
    args = parser.parse_args()
    found = rows(args.pairs)
    print(f"Python {sys.version.split()[0]}, medians of {args.pairs} pairs, CPU time against python -I -c pass")
    print(f"{'what':<38} {'measured':>10} {'target':>8} {'stretch':>8}")
    for row in found:
        print(f"{row.what:<38} {row.ratio:>8.2f} {row.unit:<3} {row.target:>6g} {row.stretch:>8g}")
    print()
    sys.stdout.flush()
    subprocess.run([*PYTHON, str(Path(__file__).resolve().with_name("netlink.py"))], check=False)
    if args.json:
        Path(args.json).write_text(json.dumps([row._asdict() for row in found], indent=2) + "\n")


if __name__ == "__main__":
    main()
