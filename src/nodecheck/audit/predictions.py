"""Predictions, and what became of them: the boot verdicts of a run against what holds after a reboot (docs/audit.md).

A pure comparison. No prediction is called broken without evidence: its sources must be shown to be what they were, the
rules too, and something must have been judged after the reboot.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from nodecheck.audit.standing import FAIL, PASS, WAIVED
from nodecheck.model.outcomes import BOOT, NOW, Result
from nodecheck.record import NamedTuple

KEPT, BROKEN, CHANGED = "kept", "broken", "changed"

MOST_TEXT = 240
"""Characters of a message that are kept."""

BY_VALUE = frozenset({"hostname"})
"""Checks whose boot view asks whether the value stays, and whose other view asks whether it is a good one: what was
predicted is the value."""

RUNS = ("active", "reloading", "started")
"""How the value of a ``service`` that runs begins; others pass as well where it need not run, or another does."""

TO_BE_OFF = "which is to be off"
"""What ``firewall@boot`` says of a firewall that a profile wants off, whatever its rules: the present shows rules."""


class Prediction(NamedTuple):
    """What a run said of one result of the next boot."""

    check: str
    subject: str | None
    status: str
    """``pass`` or ``fail``; what is waived failed."""
    actual: str | None
    message: str
    digest: str | None
    """Of the sources that it was judged by; None where it is not known."""


class Foretold(NamedTuple):
    """The predictions of a run."""

    boot_id: str
    run: int | None
    rules: tuple[str | None, ...]
    """The version of nodecheck and the profile by which they were made, and the machine."""
    predictions: dict[str, Prediction]
    """By id."""


class Miss(NamedTuple):
    """A prediction that did not come true, or whose sources are others now."""

    id: str
    kind: str
    """``broken`` or ``changed``."""
    said: str
    """The status that was predicted."""
    said_text: str
    """The message; empty, as the other is, where the sources changed and the same was found."""
    found: str
    """The status that was found."""
    found_text: str

    @property
    def is_broken_pass(self) -> bool:
        """Whether the node is not as good as it was said to be."""
        return (self.kind, self.said) == (BROKEN, PASS)


class Compared(NamedTuple):
    """What became of the predictions of a run."""

    kept: int
    misses: tuple[Miss, ...]
    not_compared: int
    """What is not judged now, or whose sources cannot be told."""


class Holds(NamedTuple):
    """What holds of a check and a subject."""

    status: str
    actual: str | None
    message: str


def foretold(
    results: Iterable[Result], digests: Mapping[str, str], boot_id: str, run: int | None, rules: tuple[str | None, ...]
) -> Foretold:
    """The predictions of a run: every verdict of its boot view; what could not be judged predicts nothing."""
    found = {
        result.id: Prediction(
            result.check, result.subject, _verdict(result) or FAIL, _cut(result.actual), _cut(result.message) or "",
            digests.get(result.id),
        )
        for result in results
        if result.view == BOOT and _verdict(result) is not None
    }  # fmt: skip
    return Foretold(boot_id, run, rules, found)


def together(older: Foretold | None, newer: Foretold | None) -> Foretold | None:
    """The predictions of two runs one after another, by the same rules: the later word counts."""
    if older is None or newer is None or older.rules != newer.rules:
        return newer or older
    return newer._replace(predictions={**older.predictions, **newer.predictions})


def compared(
    told: Foretold, results: Iterable[Result], digests: Mapping[str, str], rules: tuple[str | None, ...],
    explained: Collection[str] = (),
) -> Compared:  # fmt: skip
    """Hold predictions against what a run finds after the reboot; what is ``explained`` came true before it ended."""
    found_now = tuple(results)
    now, sources = _Present(found_now), _Sources(found_now, digests)
    kept, misses, left = 0, [], 0
    for name, prediction in sorted(told.predictions.items()):
        found = now.found(prediction)
        same = sources.unchanged(name, prediction) if rules == told.rules else False
        if found is None or same is None:
            left += 1
        elif same and (_agrees(prediction, found) or (prediction.status == PASS and name in explained)):
            kept += 1
        else:
            misses.append(_miss(name, prediction, found, BROKEN if same else CHANGED))
    misses.sort(key=lambda miss: (miss.kind, not miss.is_broken_pass))
    return Compared(kept, tuple(misses), left)


def _miss(name: str, prediction: Prediction, found: Holds, kind: str) -> Miss:
    texts = prediction.message, _cut(found.message) or ""
    if kind == CHANGED and prediction.status == found.status:
        texts = "", ""  # no news, and there are many
    return Miss(name, kind, prediction.status, texts[0], found.status, texts[1])


def _agrees(prediction: Prediction, found: Holds) -> bool:
    if prediction.check in BY_VALUE and prediction.actual is not None and found.actual is not None:
        return prediction.actual == _cut(found.actual)
    return prediction.status == found.status


class _Sources:
    """Whether predictions were made by what the boot view reads now."""

    def __init__(self, results: Iterable[Result], digests: Mapping[str, str]) -> None:
        self._digests = digests
        self._named = {result.id for result in results}
        self._checks: dict[str, set[str]] = {}
        for name, digest in digests.items():
            self._checks.setdefault(name.partition("[")[0].partition("@")[0], set()).add(digest)

    def unchanged(self, name: str, prediction: Prediction) -> bool | None:
        """Whether they are the same; None where that is not known. A subject that the boot view no longer names was
        judged by the same sources where another of its check has them."""
        if prediction.digest is None:
            return None
        if name in self._named:
            digest = self._digests.get(name)
            return None if digest is None else digest == prediction.digest
        others = self._checks.get(prediction.check)
        return prediction.digest in others if others else None


class _Present:
    """What a run found of the present, for looking up."""

    def __init__(self, results: Iterable[Result]) -> None:
        self._of: dict[str, dict[str | None, Result]] = {}
        for result in results:
            if result.view == NOW:
                self._of.setdefault(result.check, {})[result.subject] = result

    def found(self, prediction: Prediction) -> Holds | None:
        """What holds of a prediction; None where it is not judged, or not under this name.

        The two views of a check may name different subjects: a node without swap is one result, ``swap``, and each
        area that is on is one of its own, ``swap[/dev/sda2]``.
        """
        results = self._of.get(prediction.check, {})
        result = results.get(prediction.subject)
        found = None if result is None else _found(result)
        if found is None and prediction.subject is None:
            return _of_subjects([one for subject, one in results.items() if subject is not None])
        if result is None and prediction.status == FAIL and None in results:
            whole = _found(results[None])
            return whole if whole is not None and whole.status == PASS else None
        return None if found is None or _is_excused(prediction, found) else found


def _is_excused(prediction: Prediction, found: Holds) -> bool:
    """Whether a pass does not contradict a failure, as the present asks for less: a service that nothing was to start
    and that need not run (a kubelet before its node has joined), a firewall that is to be off and has no rules."""
    if (prediction.status, found.status) != (FAIL, PASS):
        return False
    if prediction.check == "firewall":
        return TO_BE_OFF in prediction.message
    return prediction.check == "service" and found.actual is not None and not found.actual.startswith(RUNS)


def _of_subjects(results: list[Result]) -> Holds | None:
    """What subjects together say of the check as a whole: one that fails is enough, and all must be well for a pass."""
    failed = [result for result in results if _verdict(result) == FAIL]
    if failed:
        return Holds(FAIL, None, "; ".join([f"{result.id}: {result.message}" for result in failed]))
    if results and all(_verdict(result) == PASS for result in results):
        return Holds(PASS, None, "; ".join([result.message for result in results]))
    return None


def _found(result: Result) -> Holds | None:
    verdict = _verdict(result)
    return None if verdict is None else Holds(verdict, result.actual, result.message)


def _verdict(result: Result) -> str | None:
    """``pass`` or ``fail``, waived or not; None for what was not judged."""
    return {PASS: PASS, FAIL: FAIL, WAIVED: FAIL}.get(result.status.value)


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"


def broken_passes(misses: Iterable[Miss]) -> Iterator[Miss]:
    """Those by which the node is not as good as it was said to be."""
    return (miss for miss in misses if miss.is_broken_pass)
