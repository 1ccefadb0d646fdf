"""A host of recorded answers: the same questions have the same answers, on any machine and at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nodecheck.errors import FactError, NotCaptured, UsageError
from nodecheck.host.base import Completed, Host, Question
from nodecheck.host.questions import from_data, key_of, source_of
from nodecheck.typed import Any


class ReplayHost(Host):
    """What :meth:`nodecheck.host.recording.RecordingHost.to_data` gave, also by way of JSON.

    It runs and is whole where what was recorded did and was; it is never this machine. A question that was not
    recorded raises :class:`nodecheck.errors.NotCaptured`. Raises UsageError where ``recorded`` is no recording.
    """

    kind = "capture"
    this_machine = False

    def __init__(self, recorded: Mapping[str, Any]) -> None:
        try:
            self.running = bool(recorded["running"])
            self.whole = bool(recorded["whole"])
            self.path = str(recorded["path"])
            self._answers = dict([_entry(item) for item in recorded["answers"]])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise UsageError(f"not a recording of a host: {type(error).__name__}: {error}") from error

    def ask(self, question: Question) -> Any:
        """The recorded answer; a recorded error is raised."""
        if question.verb == "run_all":
            return self._run_all(*question.arguments)
        key = key_of(question)
        if key not in self._answers:
            raise NotCaptured(source_of(question), "was not asked when this node was recorded")
        answer = from_data(self._answers[key])  # made anew: an error that is raised twice keeps where it was raised
        if isinstance(answer, FactError):
            raise answer
        return answer

    def _run_all(self, argvs: Sequence[tuple[str, ...]], timeout_s: float) -> tuple[Completed | FactError, ...]:
        answers: list[Completed | FactError] = []
        for argv in argvs:
            try:
                answers.append(self.run(argv, timeout_s))
            except FactError as error:
                answers.append(error)
        return tuple(answers)


def _entry(item: Mapping[str, Any]) -> tuple[Question, Any]:
    verb, *arguments = item["question"]
    from_data(item["answer"])  # what cannot be read is told now
    return Question(verb, from_data(arguments)), item["answer"]
