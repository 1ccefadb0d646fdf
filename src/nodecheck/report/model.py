"""The report as a value; docs/report.md describes it."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.model.outcomes import Result, Status
from nodecheck.report.parts import Node, ProfileUsed, Run, Summary, Tool
from nodecheck.typed import Any


class Report:
    """All results of one run, sorted by id."""

    __slots__ = ("node", "profile", "results", "run", "summary", "tool")

    def __init__(
        self, tool: Tool, run: Run, node: Node, profile: ProfileUsed, summary: Summary, results: tuple[Result, ...]
    ) -> None:
        self.tool = tool
        self.run = run
        self.node = node
        self.profile = profile
        self.summary = summary
        self.results = results

    def __repr__(self) -> str:
        return f"<nodecheck.Report {self.summary.verdict}, {len(self.results)} results>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Report) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __getitem__(self, result_id: str) -> Result:
        """The result of that exact id. Raises KeyError."""
        for result in self.results:
            if result.id == result_id:
                return result
        raise KeyError(result_id)

    def __iter__(self) -> Iterator[Result]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    @property
    def exit_code(self) -> int:
        """What ``nodecheck run`` exits with: 0, 1 for a failure, 3 where too little could be judged."""
        return self.summary.exit_code

    @property
    def ok(self) -> bool:
        """Whether the exit code is 0."""
        return self.exit_code == 0

    @property
    def failures(self) -> tuple[Result, ...]:
        """The results that failed, of any severity; waived ones are not among them."""
        return tuple(result for result in self.results if result.status == Status.FAIL)

    def to_dict(self) -> dict[str, Any]:
        """The report as the JSON document's dictionaries, lists and strings."""
        from nodecheck.report.codec import to_dict

        return to_dict(self)

    def to_json(self, *, indent: int | None = None) -> str:
        """The report as a JSON document."""
        from nodecheck.report.codec import to_json

        return to_json(self, indent)

    def render(self, format: str = "text") -> str:
        """The report in a format: ``text``, ``html``, ``markdown``, ``junit``, ``sarif`` … (docs/outputs.md).

        Raises :class:`nodecheck.UsageError` for a format that neither nodecheck nor a plugin has.
        """
        from nodecheck.render.outputs import renderer

        return renderer(format)(self)

    @classmethod
    def from_json(cls, text: str | bytes) -> Report:
        """The report that :meth:`to_json` wrote. Raises :class:`nodecheck.ReportError`."""
        from nodecheck.report.codec import from_json

        return cls(*from_json(text))

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Report:
        """The report that :meth:`to_dict` gave. Raises :class:`nodecheck.ReportError`."""
        from nodecheck.report.codec import from_document

        return cls(*from_document(document))
