"""A host that remembers each question and its answer, so that a :class:`~nodecheck.host.replay.ReplayHost` can give
the same answers elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from nodecheck.errors import FactError
from nodecheck.host.base import Completed, Host, Question
from nodecheck.host.questions import key_of, to_data
from nodecheck.typed import Any


class RecordingHost(Host):
    """Another host, whose answers are kept. What was asked once is not asked again: a recording does not contradict
    itself."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.kind = host.kind
        self.path = host.path
        self.running = host.running
        self.whole = host.whole
        self.this_machine = host.this_machine
        self._answers: dict[Question, Any] = {}

    def ask(self, question: Question) -> Any:
        """The answer that was given before, else the host's; an error is an answer too."""
        if question.verb == "run_all":
            return self._run_all(*question.arguments)
        key = key_of(question)
        if key not in self._answers:
            try:
                self._answers[key] = self._host.ask(question)
            except FactError as error:
                self._answers[key] = error
        return _given(self._answers[key])

    def _run_all(self, argvs: Sequence[tuple[str, ...]], timeout_s: float) -> tuple[Completed | FactError, ...]:
        """Run side by side what was not run before; each program is kept as if it had been run alone."""
        keys = [Question("run", (argv,)) for argv in argvs]
        new = tuple([key.arguments[0] for key in keys if key not in self._answers])
        for place, answer in enumerate(self._host.run_all(new, timeout_s)):
            self._answers[Question("run", (new[place],))] = answer
        return tuple([self._answers[key] for key in keys])

    def to_data(self) -> dict[str, Any]:
        """All that was asked and answered, as JSON can hold it."""
        answers = [
            {"question": [key.verb, *to_data(key.arguments)], "answer": to_data(answer)}
            for key, answer in list(self._answers.items())
        ]
        return {"running": self.running, "whole": self.whole, "path": self.path, "answers": answers}


def _given(answer: Any) -> Any:
    """An answer, raised where it is an error."""
    if isinstance(answer, FactError):
        raise answer
    return answer
