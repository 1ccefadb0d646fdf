"""Captures of a real node: judged elsewhere, each has the report that the node itself gave."""

from __future__ import annotations

import base64
import difflib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import nodecheck
from nodecheck.capturing.collector import script
from nodecheck.capturing.files import open_capture, packed
from nodecheck.capturing.more import lacking
from nodecheck.capturing.settle import settled
from nodecheck.plugins import load
from nodecheck.record import NamedTuple
from nodecheck.testing import comparable
from tests.vm.node import Node, node
from tests.vm.states import State

OPTIONS: tuple[dict[str, Any], ...] = (
    {}, {"role": "worker", "kubernetes": "1.36"}, {"role": "control-plane", "kubernetes": "1.24", "proxy_mode": "ipvs"},
)  # fmt: skip
FILE = "/run/node.capture"
FIRST = "round 1"
MOST_ROUNDS = 5
LEFT_OUT = "the rest is left out"
"""What the script says of itself when its time is up."""


class Compared(NamedTuple):
    """What came of one state."""

    state: str
    bytes: int
    results: int
    differences: tuple[str, ...]


def captured(states: Iterable[State], disk: Path, boot: Path, cache: Path) -> Iterator[Compared]:
    """Plant each state, judge and capture the node before and after a reboot, and judge the captures here.

    Also those of the collector, by the node's own shell, after each of two rounds.
    """
    for state in states:
        with (
            tempfile.TemporaryDirectory(dir=cache) as folder,
            node(disk, boot, Path(folder), state.words, state.second_disk) as machine,
        ):
            machine.plant(state.plants, state.profile())
            (Path(folder) / "vm.toml").write_text(state.profile())
            yield _compared(state.name, machine, Path(folder) / "vm.toml")
            machine.machine.reboot()
            yield _compared(f"{state.name}, rebooted", machine, Path(folder) / "vm.toml")


def _compared(name: str, machine: Node, profile: Path) -> Compared:
    machine.report()  # what a look itself brings about is so from now on
    machine.machine.sh(f"{machine.command} capture -o {FILE}", 900)
    raw = base64.b64decode(machine.machine.sh(f"base64 -w 0 {FILE}", 900))
    rounds = _collected(machine, profile.parent)
    differences, results = [], 0
    for options in OPTIONS:
        there = nodecheck.Report.from_json(_json(machine.report(_words(options))))
        here = nodecheck.run(capture=raw, profile=profile, timeout=300, **options)
        results += len(here.results)
        lines = difflib.unified_diff(comparable(there), comparable(here), lineterm="", n=0)
        differences += [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]
        for who, text in rounds.items():
            found = nodecheck.run(capture=text, profile=profile, timeout=300, **options)
            left_open = "unknown" if who == FIRST else None  # which units a profile names the script cannot know
            differences += _other_statuses(there, found, f"{who} of the collector", left_open)
    return Compared(name, len(raw), results, tuple([line for line in differences if not _may_change(line)]))


def _collected(machine: Node, folder: Path) -> dict[str, bytes]:
    """What the script brings by the node's own sh, and that joined with what it lacks, until it lacks nothing.

    An emulated node may be slower than the script's own time: then the further rounds bring what the first left out.
    """
    first, joined, more = (folder / f"{name}.capture" for name in ("first", "joined", "more"))
    first.write_bytes(_brought(machine, script(load())))
    late = LEFT_OUT in machine.machine.sh("cat /run/collector.err", 60)
    joined.write_bytes(packed(settled([str(first)])))
    for _ in range(MOST_ROUNDS):
        left = lacking(open_capture(str(joined)), load())
        if left.number == 0:
            break
        more.write_bytes(_brought(machine, script(load(), left.wanted)))
        joined.write_bytes(packed(settled([str(joined), str(more)])))
    rounds = {"all rounds": joined.read_bytes()}
    return rounds if late else {FIRST: first.read_bytes(), **rounds}


def _brought(machine: Node, text: str) -> bytes:
    machine.machine.push(text.encode(), "/run/collector.sh")
    machine.machine.sh("sh /run/collector.sh 2>/run/collector.err | gzip >/run/collector.capture", 900)
    return base64.b64decode(machine.machine.sh("base64 -w 0 /run/collector.capture", 900))


def _other_statuses(there: nodecheck.Report, here: nodecheck.Report, who: str, left_open: str | None) -> Iterator[str]:
    """A line for each verdict that is another, but for one status; evidence may name another source."""
    known = {item.id: item for item in there.results}
    for item in here.results:
        if item.id not in known or known[item.id].status != item.status != left_open:
            told = known[item.id].status if item.id in known else "nothing"
            yield f"+ {who}: {item.id} is {item.status}, there {told}: {item.message[:200]}"


def _words(options: dict[str, str]) -> str:
    return " ".join([f"--{name.replace('_', '-')} {value}" for name, value in options.items()])


def _json(document: dict[str, Any]) -> str:
    import json

    return json.dumps(document)


def _may_change(line: str) -> bool:
    """Whether a line differs anyway: room on a disk, and the version, which the payload does not know."""
    return (
        " MiB (" in line
        or " inodes (" in line
        or line[1:].strip() in ('"version": "0",', f'"version": "{nodecheck.__version__}",')
    )
