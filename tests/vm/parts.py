"""A run in parts: which states one part takes, and what the reports of all parts say together."""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from nodecheck.record import NamedTuple
from tests.vm.proof import Proof
from tests.vm.summary import figures
from tests.vm.verdicts import Verdict

_Any = TypeVar("_Any")
_TREE = Path(__file__).resolve().parents[2]
DIRTY = "-dirty"


class Report(NamedTuple):
    """What a run tells: of which commit and which release, and the proofs."""

    commit: str
    release: str
    proofs: tuple[Proof, ...] = ()
    seconds: int = 0

    def text(self) -> str:
        """As JSON, with the figures."""
        states = [{**proof._asdict(), "verdicts": [one._asdict() for one in proof.verdicts]} for proof in self.proofs]
        told = {"commit": self.commit, "release": self.release, "figures": figures(self.proofs)}
        return json.dumps({**told, "seconds": self.seconds, "states": states}, indent=1) + "\n"


class Unlike(Exception):
    """Reports that are not of one run."""


def commit() -> str:
    """The commit of the working tree; one that has been changed ends with ``-dirty``, and none is ``unknown``."""
    command = ["git", "-C", str(_TREE), "describe", "--always", "--exclude=*", "--abbrev=40", f"--dirty={DIRTY}"]
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def part(text: str) -> tuple[int, int]:
    """``K/N`` of the command line.

    >>> part("2/3")
    (2, 3)
    """
    number, slash, of = text.partition("/")
    if not (slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise argparse.ArgumentTypeError(f"{text!r} is not K/N with K from 1 to N")
    return int(number), int(of)


def of_part(states: tuple[_Any, ...], which: tuple[int, int]) -> tuple[_Any, ...]:
    """Every Nth state, from the Kth on: the N parts hold each state once."""
    number, of = which
    return states[number - 1 :: of]


def read(path: Path) -> Report:
    """A report that a run wrote."""
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return Report(told["commit"], told["release"], tuple([_proof(state) for state in told["states"]]), told["seconds"])


def _proof(told: dict[str, Any]) -> Proof:
    verdicts = tuple([Verdict(**one) for one in told["verdicts"]])
    lists = {key: tuple(told[key]) for key in ("plants", "second_run")}
    return Proof(**{**told, **lists, "verdicts": verdicts})


def joined(reports: Iterable[Report]) -> Report:
    """Reports of parts as one. Raises Unlike where they are not of one commit and release, or hold a state twice."""
    reports = tuple(reports)
    for what in ("commit", "release"):
        found = sorted({getattr(report, what) for report in reports})
        if len(found) > 1:
            raise Unlike(f"the reports are of more than one {what}: {', '.join(found)}")
    first = reports[0].commit
    if first == "unknown" or first.endswith(DIRTY):
        raise Unlike(f"commit {first}: nothing shows that the parts are of one tree")
    proofs = tuple([proof for report in reports for proof in report.proofs])
    names = [proof.state for proof in proofs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Unlike(f"more than one report holds {', '.join(twice)}")
    return Report(first, reports[0].release, proofs, sum(report.seconds for report in reports))
