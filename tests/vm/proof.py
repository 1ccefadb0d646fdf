"""Puts one state to the proof: plant, judge, reboot, compare; then mend, mend again, reboot, compare."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from nodecheck.record import NamedTuple
from tests.vm.channel import VmError
from tests.vm.node import Document, Node, node
from tests.vm.states import State
from tests.vm.verdicts import Claims, Verdict, changes, claims, judged_boot, judged_fixes, judged_now

SELECT = (
    "--select swap --select sysctl --select kernel-module --select service --select selinux --select firewall"
    " --select mount-options --select mount-propagation --select path-access"
)
"""The checks of both views, for a state that is not mended; hostname's own is among the others'."""


class Proof(NamedTuple):
    """What came of one state."""

    state: str
    plants: tuple[str, ...]
    verdicts: tuple[Verdict, ...] = ()
    second_run: tuple[str, ...] = ()
    """What the second run of the script changed."""
    mended: bool = False
    """Whether a plan was run."""
    log: str = ""
    """What the script printed, where it failed."""
    reboots: int = 0
    seconds: int = 0
    error: str | None = None


def prove(state: State, disk: Path, boot: Path, work: Path) -> Proof:
    """The proof of one state; a machine that fails is an error in it, never an exception."""
    start = time.monotonic()
    planted = tuple([plant.name for plant in state.plants])
    try:
        with (
            tempfile.TemporaryDirectory(prefix="state.", dir=work) as folder,
            node(disk, boot, Path(folder), state.words, state.second_disk) as guest,
        ):
            proof = _proved(state, guest)
    except (VmError, OSError) as error:
        proof = Proof("", (), error=f"{type(error).__name__}: {error}")
    return proof._replace(state=state.name, plants=planted, seconds=round(time.monotonic() - start))


def _proved(state: State, guest: Node) -> Proof:
    guest.plant(state.plants, state.profile())
    options = "" if state.plan else SELECT
    before = guest.report(options)
    guest.machine.reboot()
    after = guest.report(options)
    verdicts = list(_compared(state, guest, before, after))
    proof = Proof("", (), tuple(verdicts), reboots=1)
    return _mended(state, guest, proof) if state.plan else proof


def _compared(state: State, guest: Node, before: Document, after: Document) -> tuple[Verdict, ...]:
    truth = guest.truth(state.about("sysctls"), state.about("modules"), state.about("services"))
    swaps = guest.swaps()
    boot = judged_boot(before, after, truth, swaps, state.areas, guest.device)
    return (*judged_now(after, truth, swaps), *boot)


def _mended(state: State, guest: Node, proof: Proof) -> Proof:
    claimed: Claims = claims(guest.plan())
    code, said = guest.mend()
    if code:
        return proof._replace(mended=True, error=f"the script ended with {code}", log=said[-4000:])
    first = guest.footprint()
    code, again = guest.mend()
    second = changes(first, guest.footprint())
    if code:
        return proof._replace(mended=True, error=f"the script's second run ended with {code}", log=again[-4000:])
    guest.wait_for_clock()
    mended = guest.report()
    at_once = tuple(judged_fixes(claimed.at_once, mended))
    guest.machine.reboot()
    guest.wait_for_clock()
    final = guest.report()
    verdicts = (*proof.verdicts, *at_once, *judged_fixes(claimed.after_reboot, final))
    verdicts += _compared(state, guest, mended, final)
    return proof._replace(verdicts=verdicts, mended=True, second_run=second, reboots=2, log=said if second else "")
