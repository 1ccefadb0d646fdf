"""Power cuts while a node audits itself: what an audit said that it recorded must be in the history afterwards.

The machine is killed at random moments. Its disk keeps what the guest had flushed, and loses what was in the guest's
page cache, as a real one does.
"""

from __future__ import annotations

import json
import random
import re
import tempfile
import time
from pathlib import Path

from nodecheck.record import NamedTuple
from tests.vm.machine import Machine, overlay
from tests.vm.payload import HOME

STATE = "/var/lib/nodecheck"
_NODECHECK = f"cd / && PYTHONPATH={HOME} python3 -m nodecheck"

_FILES = {"lock", "history.sqlite3", "history.sqlite3-wal", "history.sqlite3-shm"}

_PROFILE = """
schema = "nodecheck.profile/1"
name = "power"
[check.sysctl.require]
"vm.swappiness" = "40"
"""

_AUDITS = f"""
n=0
while :; do
    n=$((n + 1))
    sysctl -q -w vm.swappiness=$((40 + n % 2))
    ({_NODECHECK} audit --json --profile /srv/power.toml --select 'sysctl@now') >/run/audit.json 2>/run/audit.err
    echo "AUDIT $? $(sed -n 's/^    "run": \\([0-9]*\\),$/\\1/p' /run/audit.json | head -n 1)" >/dev/ttyS0
done
"""


class Cuts(NamedTuple):
    """What came of some power cuts."""

    cuts: int = 0
    told: int = 0
    """Audits that said that they had recorded a run."""
    recorded: int = 0
    problems: tuple[str, ...] = ()
    """Runs that are lost, or say something else afterwards; a history that was set aside; audits that failed."""


def power_cuts(disk: Path, boot: Path, work: Path, cuts: int, seed: int) -> Cuts:
    """Cut a node's power so many times; the node boots, is looked at, and goes on auditing."""
    drawn = random.Random(seed)
    told: dict[int, int] = {}
    found = Cuts()
    with tempfile.TemporaryDirectory(prefix="power.", dir=work) as folder:
        mine = Path(folder) / "disk.qcow2"
        overlay(disk, mine)
        for number in range(cuts + 1):
            with Machine(mine, boot, durable=True) as guest:
                found = _looked_at(guest, told, found._replace(cuts=number))
                if number < cuts:
                    told.update(_audits_until_cut(guest, drawn.uniform(2, 20)))
    return found


def _audits_until_cut(guest: Machine, seconds: float) -> dict[int, int]:
    """Let the node audit itself, then cut its power: the runs that it told of, with their exit codes."""
    guest.push(_PROFILE.encode(), "/srv/power.toml")
    guest.push(_AUDITS.encode(), "/run/audits.sh")
    guest.sh("sync; setsid sh /run/audits.sh </dev/null >/dev/null 2>&1 &")
    time.sleep(seconds)
    said = guest.cut()
    return {int(run): int(code) for code, run in re.findall(r"^AUDIT (\d+) (\d+)\r?$", said, re.MULTILINE)}


def _looked_at(guest: Machine, told: dict[int, int], before: Cuts) -> Cuts:
    """The history as the node has it after a boot, against what was told."""
    if not told:
        return before
    problems = list(before.problems)
    where = f"after cut {before.cuts}"
    code, out, err = guest.run(f"{_NODECHECK} history --json --limit 1000000")
    if code or err:
        problems.append(f"{where}: history ended with {code}: {err[-500:]}")
        return before._replace(problems=tuple(problems))
    runs = {row["run"]: row["exit_code"] for row in json.loads(out)["runs"]}
    problems += [
        f"{where}: run {run} was told with exit code {told[run]}, and is {runs.get(run, 'lost')}"
        for run in told
        if runs.get(run) != told[run]
    ]
    if aside := guest.sh(
        f"ls {STATE} | grep -v -x -e history.sqlite3 -e history.sqlite3-wal -e history.sqlite3-shm -e lock || :"
    ):
        problems.append(f"{where}: {aside.split()} in {STATE}")
    code, out, err = guest.run(f"{_NODECHECK} audit --profile /srv/power.toml --select sysctl@now")
    if code not in (0, 1):
        problems.append(f"{where}: an audit ended with {code}: {err[-500:]}")
    return Cuts(before.cuts, len(told), len(runs), tuple(problems))
