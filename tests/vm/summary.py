"""The figures of a run, for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from tests.vm.known import known
from tests.vm.proof import Proof
from tests.vm.verdicts import Verdict

_KINDS = (
    ("now", "verdicts of the view now, against kernel and systemd"),
    ("boot", "predictions, against the view now and the kernel after a real reboot"),
    ("fix", "fixes claimed by the plan, against the result afterwards"),
)


def differences(proofs: Iterable[Proof]) -> Iterator[tuple[Proof, Verdict, str | None]]:
    """The wrong verdicts, each with the reason where it is a known difference."""
    for proof in proofs:
        for verdict in proof.verdicts:
            if verdict.outcome == "wrong":
                yield proof, verdict, known(verdict, proof.plants)


def failed(proofs: tuple[Proof, ...]) -> bool:
    """Whether anything is wrong that is not known to be."""
    surprises = any(why is None for _, _, why in differences(proofs))
    return surprises or any(proof.error or proof.second_run for proof in proofs)


def figures(proofs: tuple[Proof, ...]) -> dict[str, Any]:
    """The counts."""
    excused = Counter(verdict.kind for _, verdict, why in differences(proofs) if why is not None)
    told: dict[str, Any] = {
        "states": len(proofs),
        "states_that_broke": sum(proof.error is not None for proof in proofs),
        "configurations_planted": sum(len(proof.plants) for proof in proofs),
        "reboots": sum(proof.reboots for proof in proofs),
        "plans_run": sum(proof.mended for proof in proofs),
        "second_runs_that_changed_something": sum(bool(proof.second_run) for proof in proofs),
    }
    for kind, _ in _KINDS:
        outcomes = Counter(v.outcome for proof in proofs for v in proof.verdicts if v.kind == kind)
        told[kind] = {name: outcomes[name] for name in ("right", "unknown", "wrong")}
        told[kind] |= {"all": sum(outcomes.values()), "wrong_and_known": excused[kind]}
    return told


def table(proofs: tuple[Proof, ...]) -> Iterator[str]:
    """The figures for people."""
    told = figures(proofs)
    for name, value in told.items():
        if not isinstance(value, dict):
            yield f"{value:6}  {name.replace('_', ' ')}"
    yield ""
    yield f"{'right':>7}{'unknown':>9}{'wrong':>7}{'(known)':>9}{'of all':>8}"
    for kind, what in _KINDS:
        row = told[kind]
        counts = f"{row['right']:7}{row['unknown']:9}{row['wrong']:7}{row['wrong_and_known']:9}{row['all']:8}"
        yield f"{counts}  {what}"
    yield ""
    for proof, verdict, why in differences(proofs):
        yield f"{'known: ' if why else ''}{line(proof, verdict)}" + (f" ({why})" if why else "")


def line(proof: Proof, verdict: Verdict) -> str:
    """One verdict on a line."""
    return f"{proof.state}: {verdict.kind} {verdict.id}: said {verdict.said}, is {verdict.real}; {verdict.note}"


def told_of(proof: Proof) -> Iterator[str]:
    """One state, when it is done."""
    counts = Counter((v.kind, v.outcome) for v in proof.verdicts)
    parts = []
    for kind, _ in _KINDS:
        right, unknown, wrong = (counts[kind, name] for name in ("right", "unknown", "wrong"))
        parts.append(f"{kind} {right}/{right + unknown + wrong}" + (f" ({unknown} unknown)" if unknown else ""))
    yield f"{proof.state}: {len(proof.plants)} planted; {', '.join(parts)}; {proof.seconds} s"
    if proof.error:
        yield f"    broke: {proof.error}"
        yield from [f"    | {text}" for text in proof.log.split("\n")[-12:]]
    yield from [f"    second run: {text}" for text in proof.second_run[:10]]
    yield from [f"    WRONG {line(proof, v)}" for v in proof.verdicts if v.outcome == "wrong"]
    yield from [f"    unknown {line(proof, v)}" for v in proof.verdicts if v.outcome == "unknown" and v.kind != "now"]
