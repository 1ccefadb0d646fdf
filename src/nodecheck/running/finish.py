"""From what a check said to a result of the report: id, severity by the profile, fingerprint, safe text, no secrets."""

from __future__ import annotations

from collections.abc import Collection

from nodecheck.checking.judging import Judged, Task
from nodecheck.checking.selectors import Selection, parse_selector
from nodecheck.checking.store import Key
from nodecheck.model.evidence import VALUE_LIMIT, Evidence
from nodecheck.model.fingerprint import fingerprint
from nodecheck.model.outcomes import BOOT, Cause, Outcome, Result, Severity, Status, result_id
from nodecheck.model.secrets import masked
from nodecheck.model.steps import Command, Create, Edit, Fix, Manual, Step
from nodecheck.plugins import PluginInfo
from nodecheck.profile.model import ResolvedProfile
from nodecheck.record import NamedTuple
from nodecheck.text import MASK, printable, wellformed


class _Clean(NamedTuple):
    """What a result rests on."""

    masked: tuple[Evidence, ...]
    """Without secrets."""
    safe: tuple[Evidence, ...]
    """The same, in text that a report can hold."""


class Finisher:
    """Collects the results of one run."""

    def __init__(self, profile: ResolvedProfile, selection: Selection) -> None:
        self._severities = [(parse_selector(text), Severity(value)) for text, value in profile.severity.items()]
        self._selection = selection
        self._ids: set[str] = set()
        self._masked: dict[Evidence, Evidence] = {}
        """Each piece of evidence, without secrets: many results share it."""
        self._evidence: dict[tuple[Evidence, ...], _Clean] = {}
        """The same of all that a result rests on, which many share too."""
        self._texts: dict[str, str] = {}
        """The same of what results say: both views name the subject, and many expect the same."""
        self.used: dict[str, Collection[Key]] = {}
        """The facts that each result of the boot view rests on, by its id."""
        self.results: list[Result] = []

    def add(self, task: Task, done: Judged) -> None:
        """Add an outcome of a check, unless it was not asked for."""
        check, outcome = task.check, self._without_secrets(done.outcome)
        subject = None if outcome.subject is None else printable(outcome.subject)
        unjudged = outcome.status in (Status.UNKNOWN, Status.SKIP)
        if self._selection.keeps(check.name, check.tags, subject, task.view, unjudged):
            told = (check.name, task.view, check.title, check.tags, check.references)
            identity = self._add(*told, outcome, done.duration_s)
            if identity is not None and task.view == BOOT:
                self.used[identity] = done.used

    def add_plugin(self, plugin: PluginInfo) -> None:
        """Say that a plugin could not be loaded."""
        detail = masked(plugin.error or "it failed")
        outcome = Outcome(
            Status.UNKNOWN,
            f"plugin {plugin.name} could not be loaded: {detail}",
            plugin.name,
            severity=Severity.WARNING,
            cause=Cause("plugin-failed", detail),
        )
        if not any(selector.takes("plugin", (), plugin.name, "now") for selector in self._selection.ignore):
            self._add("plugin", "now", "Every installed plugin loads", (), (), outcome, 0.0)

    def add_unloaded(self, name: str, error: str) -> None:
        """Let a check speak that could not be loaded: what it is to judge was not judged."""
        error = masked(error)
        outcome = Outcome(Status.UNKNOWN, error, severity=Severity.ERROR, cause=Cause("plugin-failed", error))
        if self._selection.keeps(name, (), None, "now", unjudged=True):
            self._add(name, "now", f"The check {name} can be loaded", (), (), outcome, 0.0)

    def _add(
        self,
        name: str,
        view: str,
        title: str,
        tags: tuple[str, ...],
        references: tuple[str, ...],
        outcome: Outcome,
        duration_s: float,
    ) -> str | None:
        """Add a result; its id, None where a check speaks twice of one subject: the first word counts."""
        subject = None if outcome.subject is None else printable(outcome.subject)
        identity = result_id(name, subject, view)
        if identity in self._ids and subject is not None and MASK in subject:
            subject = self._numbered(name, subject, view)  # another subject, which differs in its secret alone
            identity = result_id(name, subject, view)
        if identity in self._ids:
            return None
        severity = self.severity(name, tags, subject, view, outcome.severity or Severity.ERROR)
        status, evidence = outcome.status, outcome.evidence
        result = Result(
            identity,
            name,
            subject,
            view,
            status,
            severity,
            title,
            printable(outcome.message),
            _safe(outcome.expected),
            _safe(outcome.actual),
            _safe_cause(outcome.cause),
            evidence,
            _safe_fix(outcome.fix),
            None,
            tags,
            references,
            fingerprint(identity, status, evidence),
            round(duration_s, 6),
            tuple([printable(masked(note)) for note in outcome.notes]),
        )
        self._ids.add(identity)  # not before it is made: where that fails, `unknown` takes its place
        self.results.append(result)
        return identity

    def _without_secrets(self, outcome: Outcome) -> Outcome:
        """The outcome with ``~secret~`` in the place of each secret; a step that holds one becomes one by hand."""
        clean = self._evidence.get(outcome.evidence) or self._clean(outcome.evidence)
        message, subject, expected, actual = [
            None if text is None else self._masked_text(text)
            for text in (outcome.message, outcome.subject, outcome.expected, outcome.actual)
        ]
        cause, fix = outcome.cause, outcome.fix
        if cause is not None:
            cause = Cause(cause.code, self._masked_text(cause.detail))
        if fix is not None:
            fix = _masked_fix(fix, clean.masked)
        return Outcome(
            outcome.status,
            message or "",
            subject,
            expected,
            actual,
            clean.safe,
            fix,
            outcome.severity,
            cause,
            outcome.notes,
        )

    def _clean(self, evidence: tuple[Evidence, ...]) -> _Clean:
        masked = tuple([self._masked.get(item) or self._masked_evidence(item) for item in evidence])
        found = self._evidence[evidence] = _Clean(masked, tuple([_safe_evidence(item) for item in masked]))
        return found

    def _masked_text(self, text: str) -> str:
        found = self._texts.get(text)
        if found is None:
            found = self._texts[text] = masked(text)
        return found

    def _masked_evidence(self, item: Evidence) -> Evidence:
        found = self._masked[item] = _masked_evidence(item)
        return found

    def _numbered(self, name: str, subject: str, view: str) -> str:
        number = 2
        while result_id(name, f"{subject}-{number}", view) in self._ids:
            number += 1
        return f"{subject}-{number}"

    def severity(self, name: str, tags: tuple[str, ...], subject: str | None, view: str, found: Severity) -> Severity:
        """The profile's severity of a result: that of the last selector that takes it, else ``found``."""
        for selector, severity in self._severities:
            if selector.takes(name, tags, subject, view):
                found = severity
        return found


def _masked_evidence(item: Evidence) -> Evidence:
    source, value = masked(item.source), item.value
    found = None if value is None else masked(value)
    return item if source is item.source and found is value else item._replace(source=source, value=found)


def _masked_fix(fix: Fix, evidence: tuple[Evidence, ...]) -> Fix:
    """The fix, or one by hand where a step holds a secret: an edit needs the exact line, which no report shows."""
    steps = [_masked_step(step) for step in fix.steps]
    if all(old == new for old, new in zip(fix.steps, steps)) and not any(map(_was_masked, fix.steps)):
        return fix._replace(title=masked(fix.title))
    return Fix(masked(fix.title), tuple([Manual(_told_masked(step, evidence)) for step in steps]), "manual", fix.reboot)


def _masked_step(step: Step) -> Step:
    if isinstance(step, Command):
        words = tuple([masked(word) for word in step.argv])
        line = " ".join(words)  # ``--token``, ``abc``: the key of a secret may be a word of its own
        return Command(words) if masked(line) == line else Command((masked(line),))
    return type(step)(*[masked(text) for text in step])


def _was_masked(step: Step) -> bool:
    """Whether a step was made of what a capture holds, which has no secrets."""
    texts = step.argv if isinstance(step, Command) else step
    return any(MASK in text for text in texts)


def _told_masked(step: Step, evidence: tuple[Evidence, ...]) -> str:
    text = _told(step)
    if not isinstance(step, Edit) or MASK not in step.before:
        return text
    where = {item.locator for item in evidence if item.source == step.path and item.value == step.before}
    line = where.pop() if len(where) == 1 else None
    return f"{text}; {MASK} is what the file has there" + ("" if line is None else f" ({line})")


def _safe(text: str | None) -> str | None:
    return None if text is None else wellformed(text)


def _safe_evidence(item: Evidence) -> Evidence:
    if item.source.isascii() and (item.value is None or item.value.isascii()):
        return item
    raw = (_safe(item.value) or "").encode()
    if len(raw) <= VALUE_LIMIT:
        return item._replace(source=wellformed(item.source), value=_safe(item.value))
    value = raw[:VALUE_LIMIT].decode(
        "utf-8", "ignore"
    )  # longer than as read: each byte that is no text became an escape
    return item._replace(source=wellformed(item.source), value=value, truncated=True)


def _safe_cause(cause: Cause | None) -> Cause | None:
    return None if cause is None else Cause(cause.code, printable(cause.detail))


def _safe_fix(fix: Fix | None) -> Fix | None:
    """The fix, or one by hand where a name in it is not UTF-8: a step that is not exact must not be run."""
    if fix is None or all(_exact(step) for step in fix.steps):
        return fix
    return Fix(wellformed(fix.title), tuple([Manual(_told(step)) for step in fix.steps]), "manual", fix.reboot)


def _exact(step: Step) -> bool:
    texts = step.argv if isinstance(step, Command) else step
    return all(text.isascii() or wellformed(text) == text for text in texts)


def _told(step: Step) -> str:
    if isinstance(step, Command):
        return "run: " + " ".join(printable(word) for word in step.argv)
    if isinstance(step, Edit):
        return f"in {printable(step.path)} replace {printable(step.before)!r} by {printable(step.after)!r}"
    if isinstance(step, Create):
        return f"write {printable(step.path)}: {printable(step.content)!r}"
    return wellformed(step.text)
