"""A simulated year of hourly audits: is a run ever lost, is each change told once, does it stay small and fast?

    python benchmarks/year.py                # 8,760 runs, a few minutes
    python benchmarks/year.py --runs 400     # a short one, as the tests run it

Each run is a process of its own that takes the lock, records a report of 80 results, tells what changed, and ends. Over
the year changes are planted, the node reboots, some runs are killed (SIGKILL) at random moments, the disk is full for a
day, and the clock goes back an hour, ahead ten years, and back. At the end the history is read and held against what
was planted; the exit code is 0 where nothing is lost, doubled or wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from typing import Any, NamedTuple
from uuid import uuid5

from year_plan import REST, SPACE, Planted, Year

from nodecheck.audit.document import to_dict
from nodecheck.audit.keep import Limits
from nodecheck.audit.lock import locked
from nodecheck.audit.lookup import find, lines, report_of
from nodecheck.audit.opening import NAME, reading
from nodecheck.audit.pack import unpack
from nodecheck.audit.place import prepared
from nodecheck.audit.session import note_told, recorded
from nodecheck.audit.show import Look, audit_text


class Told(NamedTuple):
    """What a run said before it ended, or was ended."""

    committed: bool
    recorded: bool
    document: dict[str, Any] | None
    noted: bool
    seconds: float
    killed: bool


def audit(year: Year, hour: int, directory: str, limits: Limits, out: int) -> None:
    """One run, in its own process: what ``nodecheck audit`` does, with a simulated report; says on ``out`` how far."""
    report = year.report(hour)
    with locked(prepared(directory)):
        found = recorded(report, directory, "the node", limits=limits)
        os.write(out, b"committed\n" if found.recorded else b"unrecorded\n")
        audit_text(found, Look())
        os.write(out, json.dumps(to_dict(found)).encode() + b"\n")
        if found.recorded:
            note_told(directory, limits, found)
        os.write(out, b"noted\n")


class Kill(NamedTuple):
    """When a run is killed: so long after it began, or after it said that it had recorded."""

    recorded: bool
    after_s: float


def process(year: Year, hour: int, directory: str, limits: Limits, kill: Kill | None) -> Told:
    """Run one audit in a process, and kill it after a while."""
    source, sink = os.pipe()
    began = time.perf_counter()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(source)
            audit(year, hour, directory, limits, sink)
            code = 0
        except BaseException as error:
            sys.stderr.write(f"hour {hour}: {type(error).__name__}: {error}\n")
        finally:
            os._exit(code)
    os.close(sink)
    said = b""
    if kill is not None:
        if kill.recorded:
            said = os.read(source, 1 << 16)
        time.sleep(kill.after_s)
        os.kill(child, signal.SIGKILL)
    while more := os.read(source, 1 << 16):
        said += more
    os.close(source)
    _, status = os.waitpid(child, 0)
    took = time.perf_counter() - began
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit(f"hour {hour}: an audit failed")
    parts = said.split(b"\n")[:-1]  # a line that was cut short says nothing
    document = json.loads(parts[1]) if len(parts) > 1 else None
    first = parts[0] if parts else b""
    killed = os.WIFSIGNALED(status)
    return Told(first == b"committed", first != b"unrecorded", document, b"noted" in parts, took, killed)


class Disk:
    """A file system of its own, which can be full: a tmpfs where mounting is allowed, else a limit on files' sizes."""

    def __init__(self, folder: str) -> None:
        self.directory = f"{folder}/state"
        self._ballast = f"{folder}/ballast"
        self.mounted = os.system(f"mount -t tmpfs -o size=96m,mode=0755 nodecheck-year {folder} 2>/dev/null") == 0
        self._folder = folder

    def fill(self) -> None:
        """Leave no room."""
        if not self.mounted:
            import resource

            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
            return
        with open(self._ballast, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 4096)
            except OSError:
                return

    def empty(self) -> None:
        """Give the room back."""
        if self.mounted:
            os.unlink(self._ballast)
        else:
            import resource

            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def size(self) -> int:
        """Bytes of the history, its log included."""
        found = [os.path.join(self.directory, entry) for entry in os.listdir(self.directory)]
        return sum(os.path.getsize(path) for path in found if NAME in path and not path.endswith("-shm"))

    def close(self) -> None:
        """Give the file system back."""
        if self.mounted:
            os.system(f"umount {self._folder}")


def live(year: Year, disk: Disk, limits: Limits, seed: int) -> tuple[list[Told], int]:
    """The whole year; what each run said, and the largest size of the history."""
    chance, found, largest, usual = random.Random(seed + 1), [], 0, 0.02
    for hour in range(year.runs):
        if hour == year.full.start:
            disk.fill()
        if hour == year.full.stop:
            disk.empty()
        kill = None
        if hour and chance.random() < 0.06:
            late = chance.random() < 0.3
            kill = Kill(late, chance.uniform(0, 0.003 if late else 1.2 * usual))
        found.append(process(year, hour, disk.directory, limits, kill))
        if kill is None:
            usual = 0.9 * usual + 0.1 * found[-1].seconds
        if os.path.isdir(disk.directory):
            largest = max(largest, disk.size())
    return found, largest


def judge(year: Year, told: list[Told], directory: str) -> dict[str, Any]:
    """Hold the history against what was planted."""
    with reading(directory) as db:
        runs = lines(db)
        hours = {str(uuid5(SPACE, str(hour))): hour for hour in range(year.runs)}
        there = {hours[line.id] for line in runs}
        wrong = [line.run for line in runs if report_of(db, line.run)[0] != year.report(hours[line.id])]
        stored = []
        for line in runs:
            row = db.execute("SELECT changes FROM run WHERE seq = ?", (line.run,)).fetchone()
            stored += [(hours[line.id], item["id"], item["kind"]) for item in (unpack(row[0]) if row[0] else ())]
        assert find(db, "last") == runs[0].run
    lost = [hour for hour, item in enumerate(told) if item.committed and hour not in there]
    missed, doubled, left = match(year.planted, stored)
    said: dict[tuple[Any, ...], int] = {}
    for item in told:
        for run, changes in spoken(item):
            for change in changes:
                key = (run, change["id"], change["kind"])
                said[key] = said.get(key, 0) + 1
    numbers = {line.id: line.run for line in runs}
    silent = [
        key for key in {(numbers[str(uuid5(SPACE, str(hour)))], *rest) for hour, *rest in stored} if key not in said
    ]
    return {
        "in the history": len(runs), "recorded runs lost": len(lost),
        "recorded runs that read back otherwise": len(wrong),
        "planted changes": len(year.planted), "planted and not in the history": len(missed),
        "twice in the history": len(doubled), "in the history and not planted": len(left),
        "changes never told": len(silent), "changes told twice (killed between telling and noting)":
        sum(count > 1 for (run, *_), count in said.items() if run is not None),
    }  # fmt: skip


def spoken(item: Told) -> list[tuple[int | None, list[dict[str, Any]]]]:
    """The changes that a run told, its own and those of runs before, each with the number of its run."""
    if item.document is None:
        return []
    own = [(item.document["run"]["run"], item.document["changes"])]
    return own + [(untold["run"], untold["changes"]) for untold in item.document["untold"]]


def match(planted: list[Planted], stored: list[tuple[int, str, str]]) -> tuple[list[Any], list[Any], list[Any]]:
    """Planted changes that are not there, those that are there twice, and changes that nobody planted."""
    missed, doubled, left = [], [], list(stored)
    for change in planted:
        later = [other.hour for other in planted if other.id == change.id and other.hour > change.hour]
        until = min(later, default=1 << 30)
        hits = [item for item in left if item[1:] == (change.id, change.kind) and change.hour <= item[0] < until]
        if not hits and change.hour < until - REST:
            missed.append(change)
        if len(hits) > 1:
            doubled.append(change)
        left = [item for item in left if item not in hits]
    return missed, doubled, left


def figures(year: Year, told: list[Told], largest: int, limits: Limits) -> dict[str, Any]:
    """What was measured."""
    calm = [item.seconds for item in told if not item.killed]
    share = max(len(calm) // 20, 20)
    first, last = statistics.median(calm[5 : share + 5]), statistics.median(calm[-share:])
    killed = [item for item in told if item.killed]
    return {
        "runs": year.runs, "killed": len(killed), "killed before they said that they had recorded":
        sum(not item.committed for item in killed), "killed between recording and noting what was told":
        sum(item.committed and not item.noted for item in killed),
        "not recorded, and said so (the full disk)": sum(not item.recorded for item in told),
        "reboots": len(year.reboots), "largest size, MiB": round(largest / (1 << 20), 2), "bound, MiB": limits.max_mib,
        "first runs, ms (median)": round(first * 1000, 2), "last runs, ms (median)": round(last * 1000, 2),
        "last / first": round(last / first, 2), "slowest, ms": round(max(calm) * 1000, 1),
    }  # fmt: skip


def main() -> int:
    """Simulate, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=8760)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--max-mib", type=int, default=64)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    limits = Limits(400, args.max_mib)
    year = Year(args.runs, args.seed)
    with tempfile.TemporaryDirectory(prefix="nodecheck-year-") as folder:
        disk = Disk(folder)
        try:
            told, largest = live(year, disk, limits, args.seed)
            found = {"disk": "tmpfs" if disk.mounted else "a limit on files' sizes",
                     **figures(year, told, largest, limits), **judge(year, told, disk.directory)}  # fmt: skip
        finally:
            disk.close()
    if args.json:
        print(json.dumps(found))
    else:
        for label, value in found.items():
            print(f"{label:<55} {value}")
    bad = ("recorded runs lost", "recorded runs that read back otherwise", "planted and not in the history",
           "twice in the history", "in the history and not planted", "changes never told")  # fmt: skip
    return int(any(found[key] for key in bad) or largest > limits.max_mib << 20)


if __name__ == "__main__":
    raise SystemExit(main())
