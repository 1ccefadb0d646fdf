"""``@check``: how a check declares what it needs, looks at and is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from nodecheck.model.evidence import Evidence
from nodecheck.model.needs import Need, needs_of
from nodecheck.model.outcomes import BOOT, NOW, Cause, Outcome, Severity, Status
from nodecheck.model.steps import Fix
from nodecheck.record import NamedTuple
from nodecheck.requirements.asked import PHASES
from nodecheck.typed import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    from nodecheck.requirements.table import Row, Table

Results = Iterable[Outcome]
SeverityRule = Callable[..., Severity]
HostRule = Union[bool, Callable[[str], bool]]
ExplainedRule = Callable[..., "str | None"]
SubjectRule = Callable[..., Iterable["str | Outcome"]]


class Judge(NamedTuple):
    """One view of a check: the function, its needs, and the profile parameters that it takes."""

    function: Callable[..., Results]
    needs: tuple[Need, ...]
    parameters: tuple[str, ...]


class Check:
    """A declared check. Calling it judges the ``now`` view with facts given by hand."""

    def __init__(self, name: str, options: dict[str, Any]) -> None:
        self.name = name
        self.judges: dict[str, Judge] = {}
        self.parameters: dict[str, tuple[Any, Any]] = {}
        """Profile parameters: name (kebab-case) to annotation and default."""
        self.plugin = ""
        self.severity: Severity | SeverityRule = options["severity"]
        self.severity_needs: tuple[Need, ...] = ()
        self.tags: tuple[str, ...] = tuple(options["tags"])
        self.references: tuple[str, ...] = tuple(options["references"])
        self.topic: str = options["topic"]
        self.each: str | None = options["each"]
        self.spell: Callable[[str], str] | None = options["spell"]
        self.verify: Mapping[str, Callable[[Any], object]] = options["verify"] or {}
        self.otherwise: SubjectRule | None = options["otherwise"]
        self.otherwise_needs: tuple[Need, ...] = ()
        self.by_host: HostRule = options["by_host"]
        self.phases: tuple[str, ...] = tuple(options["phases"])
        """The phases of a node that it judges; none: all."""
        self.by_release: Table | None = options["by_release"]
        """The rows by which it judges a node of the release that is asked for."""
        rows: Iterable[Row] | str = options["rows"]
        self._rows = rows if isinstance(rows, str) else tuple(rows)
        self._explained: ExplainedRule | str | None = options["explained"]
        self.doc = ""

    def __repr__(self) -> str:
        return f"<check {self.name}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Results:
        return self.judges[NOW if NOW in self.judges else BOOT].function(*args, **kwargs)

    @property
    def title(self) -> str:
        """The first line of the docstring, without its full stop; the name where there is none (python -OO)."""
        return self.doc.partition("\n")[0].strip().rstrip(".") or self.name

    @property
    def views(self) -> tuple[str, ...]:
        """The views that exist."""
        return tuple(view for view in (NOW, BOOT) if view in self.judges)

    @property
    def default_severity(self) -> Severity:
        """The severity where nothing is known of the node."""
        return self.severity if isinstance(self.severity, Severity) else Severity.ERROR

    @property
    def explained(self) -> ExplainedRule | None:
        """The rule that explains why the present differs from what the boot view says."""
        rule: ExplainedRule | None = _there(self._explained) if isinstance(self._explained, str) else self._explained
        return rule

    @property
    def rows(self) -> tuple[Row, ...]:
        """The requirements by subject, with their reasons."""
        return tuple(_there(self._rows)) if isinstance(self._rows, str) else self._rows

    def at_boot(self, function: Callable[..., Results]) -> Callable[..., Results]:
        """Declare the judge of the ``boot`` view (a decorator; the function stays callable as it is)."""
        self._add(BOOT, function)
        return function

    def _add(self, view: str, function: Callable[..., Results]) -> None:
        needs, parameters = needs_of(function)
        for name, (kind, default) in parameters.items():
            self.parameters.setdefault(name.replace("_", "-"), (kind, default))
        self.judges[view] = Judge(function, needs, tuple(parameters))


def _there(place: str) -> Any:
    """What ``module:name`` names, imported now."""
    from importlib import import_module

    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


class LazyCheck(NamedTuple):
    """A check that is imported only when it is selected: its name, ``module:attribute``, and its topic."""

    name: str
    target: str
    topic: str = ""


def check(
    *,
    severity: Severity | SeverityRule = Severity.ERROR,
    tags: Iterable[str] = (),
    references: Iterable[str] = (),
    topic: str = "",
    each: str | None = None,
    spell: Callable[[str], str] | None = None,
    verify: Mapping[str, Callable[[Any], object]] | None = None,
    otherwise: SubjectRule | None = None,
    by_host: HostRule = False,
    phases: Iterable[str] = (),
    by_release: Table | None = None,
    rows: Iterable[Row] | str = (),
    explained: ExplainedRule | str | None = None,
    view: str = NOW,
    name: str | None = None,
) -> Callable[[Callable[..., Results]], Check]:
    """Declare a check; its name is the function's, its page the docstring.

    Positional parameters are needs: fact types, ``Lazy[Fact]`` or ``Per[Fact]``. Keyword-only parameters come from the
    profile (``[check.NAME]``), their annotation is their type and their default the profile's default.

    ``topic`` is one word for what the check is about (``swap``, ``network``, or a plugin's own): reports for people put
    its rows under that heading. Without it the first of its tags that is a topic counts.

    ``each`` names a parameter that lists subjects (or maps subject to requirement): the judge is then called
    once for each, with ``subject: str`` (and ``wanted: str``) as first parameters, so that a source that one
    subject needs and that cannot be read makes that subject ``unknown`` and no other. ``named: bool`` tells whether
    the profile names the subject, which is then always judged, or it comes from the defaults.
    ``otherwise`` is a function of facts that gives the subjects where the profile lists none, and outcomes for what
    keeps it from telling them.
    ``spell`` turns a subject of the profile into its one spelling, and raises ValueError for what can be none.
    ``verify`` maps a parameter to a function that raises ValueError for a value (each value of a table, each item of a
    list) that a profile must not hold.

    ``by_host`` says that it judges what a container has from its host (the kernel and what belongs to it), or is a
    function that says it of a subject. In a container its fix is then to be done on the host, and of the next boot it
    says ``skip``, with the cause ``container-host``.

    ``phases`` names the phases of a node (``install``, ``steady`` …) in which it is judged; none: in every one.
    Elsewhere its result is ``skip``, with the cause ``not-selected-phase``; a subject that the profile names is judged
    all the same.

    ``by_release`` are the rows by which it judges, where it does so by the release that is asked for: where the kubelet
    on the node is of another release whose row differs, a note of the result names both.

    ``rows`` are requirements by subject, with their reasons, or where they are (``module:name``), to be imported when
    they are asked for: ``nodecheck explain 'NAME[SUBJECT]'`` shows them, and who types a subject alone is shown the
    selector.

    ``explained`` is a function of ``subject`` and facts, or where it is (``module:name``), to be imported when it is
    asked: where the boot view passes and this subject fails now. It says in a few words why that speaks not against
    the pass (``the unit ran since the boot``); None: it does.

    ``severity`` is a severity, or a function of ``subject``, ``named`` and facts that gives one; it is the severity of
    every outcome that does not bring its own.
    """

    def declare(function: Callable[..., Results]) -> Check:
        label = name or function.__name__.replace("_", "-")
        options: dict[str, Any] = {"severity": severity, "tags": tags, "references": references, "topic": topic}
        options.update(each=each, spell=spell, verify=verify, otherwise=otherwise, rows=rows)
        options.update(by_host=by_host, explained=explained, phases=_known(phases), by_release=by_release)
        declared = Check(label, options)
        declared.doc = function.__doc__ or ""
        if not isinstance(severity, Severity):
            declared.severity_needs = needs_of(severity)[0]
        if otherwise is not None:
            declared.otherwise_needs = needs_of(otherwise)[0]
        declared._add(view, function)
        return declared

    return declare


def _known(phases: Iterable[str]) -> tuple[str, ...]:
    """The same. Raises ValueError for a phase that there is not."""
    found = tuple(phases)
    for phase in found:
        if phase not in PHASES:
            raise ValueError(f"phases: expected some of {', '.join(PHASES)}, found {phase!r}")
    return found


def ok(
    message: str,
    *,
    subject: str | None = None,
    expected: str | None = None,
    actual: str | None = None,
    evidence: Iterable[Evidence] = (),
    severity: Severity | None = None,
    notes: Iterable[str] = (),
) -> Outcome:
    """The requirement is met; ``notes`` are what a reader may want to know beside that."""
    return Outcome(Status.PASS, message, subject, expected, actual, tuple(evidence), None, severity, None, tuple(notes))


def fail(
    message: str,
    *,
    subject: str | None = None,
    expected: str | None = None,
    actual: str | None = None,
    evidence: Iterable[Evidence] = (),
    fix: Fix | None = None,
    severity: Severity | None = None,
    notes: Iterable[str] = (),
) -> Outcome:
    """The requirement is not met."""
    return Outcome(Status.FAIL, message, subject, expected, actual, tuple(evidence), fix, severity, None, tuple(notes))


def unknown(
    message: str,
    *,
    code: str,
    detail: str | None = None,
    subject: str | None = None,
    expected: str | None = None,
    actual: str | None = None,
    evidence: Iterable[Evidence] = (),
    severity: Severity | None = None,
    fix: Fix | None = None,
    notes: Iterable[str] = (),
) -> Outcome:
    """The check applies and could not be judged; ``code`` as in the contract, ``detail`` defaults to the message."""
    cause = Cause(code, message if detail is None else detail)
    return Outcome(
        Status.UNKNOWN, message, subject, expected, actual, tuple(evidence), fix, severity, cause, tuple(notes)
    )


def skip(
    message: str,
    *,
    code: str = "not-applicable",
    subject: str | None = None,
    evidence: Iterable[Evidence] = (),
    severity: Severity | None = None,
) -> Outcome:
    """The check does not apply here."""
    return Outcome(
        Status.SKIP, message, subject, evidence=tuple(evidence), severity=severity, cause=Cause(code, message)
    )
