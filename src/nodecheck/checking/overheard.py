"""What each fact asks of a host, and what of that it did not declare: for tests."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from nodecheck.checking.store import About, Facts, Given, Key, Reader
from nodecheck.errors import FactError
from nodecheck.host import Host
from nodecheck.model.needs import Need
from nodecheck.model.sources import Named, Sources, UnitText, covers, declared, settled
from nodecheck.record import NamedTuple

NO_QUESTIONS = ("kind", "path", "running", "whole", "this_machine", "seen", "note")
"""What else a host, and the recorder around it, has."""


class Asking(NamedTuple):
    """One call of a host."""

    verb: str
    subject: object


class Heard:
    """A host that reports each question and each answer before it passes it on."""

    def __init__(self, host: Host, hear: Callable[[Asking, object], None]) -> None:
        self._host, self._hear = host, hear

    def __getattr__(self, verb: str) -> Any:
        asked = getattr(self._host, verb)
        if verb in NO_QUESTIONS:
            return asked

        def ask(*subject: Any, **options: Any) -> Any:
            several = [Asking("run", argv) for argv in subject[0]] if verb == "run_all" else []
            for question in several or [Asking(verb, subject[0] if subject else "")]:
                self._hear(question, None)
            answer = asked(*subject, **options)
            answered = [one for one in answer if not isinstance(one, FactError)] if several else answer
            self._hear(Asking(verb, subject[0] if subject else ""), answered)
            return answer

        return ask


class Overheard(Facts):
    """Facts that keep what each of them asked, and all that they were told."""

    def __init__(self, host: Host, given: Iterable[Given] = (), readers: Mapping[type, Reader] | None = None) -> None:
        super().__init__(host, given, readers)
        self.asked: dict[type, dict[Asking, None]] = defaultdict(dict)
        self.told: dict[type, list[object]] = defaultdict(list)
        self._asking: list[type] = []

    def get(self, key: Key) -> Any:
        self._asking.append(key.kind if isinstance(key, About) else key)
        try:
            return super().get(key)
        finally:
            self._asking.pop()

    def bound(self, need: Need, host: Host | None = None, subject: str | None = None) -> Any:
        found = super().bound(need, host, subject)
        if need.fact is not Host:
            return found
        kind = self._asking[-1]

        def hear(question: Asking, answer: object) -> None:
            if question.verb != "run_all":
                self.asked[kind][question] = None
            if answer is not None:
                self.told[kind].append(answer)

        return Heard(found, hear)

    def value(self, kind: type) -> object:
        """The fact, None where it cannot be had."""
        try:
            return self.get(kind)
        except FactError:
            return None

    def texts(self, kind: type) -> Iterator[str]:
        """All that a fact was told, and that those were told which it is made of, and those that these are made of."""
        queue, done = [kind], set[type]([Host, str])
        while queue:
            fact = queue.pop(0)
            if fact in done:
                continue
            done.add(fact)
            for answer in self.told.get(fact, ()):
                yield answer.decode("utf-8", "surrogateescape") if isinstance(answer, bytes) else str(answer)
            if fact in self._readers or hasattr(fact, "read"):
                queue += [need.fact for need in self._reader(fact)[1]]

    def undeclared(self) -> Iterator[str]:
        """What facts asked without having declared it: ``Fact: verb subject``."""
        for kind, asked in self.asked.items():
            sources = declared(kind) or ()
            plain = settled([source for source in sources if not isinstance(source, Named)], self.value)
            within = _WITHIN[kind, plain]
            for question in asked:
                if question in within:
                    continue
                if any(covers(source, *question) for source in plain):
                    within.add(question)
                elif not self._is_named(question, kind):
                    yield f"{kind.__name__}: {question.verb} {question.subject}"

    def _is_named(self, question: Asking, kind: type) -> bool:
        """Whether a fact may be led to a path by what it reads, and was: by the path, its directory, or its end."""
        path = question.subject
        sources = declared(kind) or ()
        if not isinstance(path, str) or covers(UnitText("*"), *question):
            return False
        if not any(isinstance(one, Named) and covers(one, *question) for one in sources):
            return False
        parts = path.rstrip("/").split("/")
        folder = re.escape("/".join(parts[:-1]))
        ends = "|".join(re.escape("/".join(parts[at:])) for at in range(1, len(parts)))
        told = re.compile(
            rf"{re.escape('/'.join(parts))}|{folder}(?:[\"'\s,\]]|$|/[*?])|(?<![\w/.-])(?:{ends})(?:/[*?]|(?![\w/.-]))",
            re.MULTILINE,
        )
        return any(told.search(text) for text in self.texts(kind))


_WITHIN: dict[tuple[type, Sources], set[Asking]] = defaultdict(set)
"""Questions that a fact's sources are known to cover: most nodes are asked the same."""
