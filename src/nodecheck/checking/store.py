"""The facts of one run: each is read at most once, when a check first asks for it."""

from __future__ import annotations

import _thread
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache

from nodecheck.errors import Crashed, FactError, TimedOut
from nodecheck.host.base import Host
from nodecheck.host.record import Asked, Recorder
from nodecheck.model.evidence import Evidence
from nodecheck.model.needs import Lazy, Need, needs_of
from nodecheck.record import NamedTuple
from nodecheck.typed import Any, TypeVar, Union

T = TypeVar("T")
Reader = Callable[..., Any]
NO_SUBJECT = "this fact is one of a subject, and here is none"


class About(NamedTuple):
    """The key of a fact for a subject (``Per[Fact]``); that of a fact of the node is its type."""

    kind: type
    subject: str


Key = Union[type, About]
Used = dict[Key, None]
"""The facts that something asked for, in the order in which it first did."""


def key_of(need: Need, subject: str | None) -> Key:
    """The key of what is needed where ``subject`` is judged. Raises Crashed for a subject's fact without a subject."""
    if not need.per:
        return need.fact
    if subject is None:
        raise Crashed(need.fact.__name__, NO_SUBJECT)
    return About(need.fact, subject)


def _told(key: Key) -> str:
    return f"{key.kind.__name__} of {key.subject}" if isinstance(key, About) else key.__name__


class _Slot:
    """The state of one fact: being read, read, or impossible."""

    __slots__ = ("asked", "error", "evidence", "needs", "ready", "value")

    def __init__(self) -> None:
        self.asked: set[Asked] | None = None
        self.ready = False
        self.value: Any = None
        self.error: FactError | None = None
        self.evidence: tuple[Evidence, ...] = ()
        self.needs: Used = {}


class Given(NamedTuple):
    """A fact that the caller brings."""

    kind: Key
    value: object


class Facts:
    """Facts by key. A type's ``read`` classmethod reads it, unless ``readers`` names another reader."""

    def __init__(self, host: Host, given: Iterable[Given] = (), readers: Mapping[type, Reader] | None = None) -> None:
        self.host = host
        self._readers = readers or {}
        self._slots: dict[Key, _Slot] = {}
        self.owner: int | None = None
        """The only thread that may read more facts; None: any. One that was given up must not read behind another."""
        self._used: dict[int, Used] = {}
        """Where each thread's facts are noted."""
        self._give(given)

    def _give(self, given: Iterable[Given]) -> None:
        for kind, value in given:
            slot = self._slots[kind] = _Slot()
            slot.value, slot.ready = value, True

    def renew(self, given: Iterable[Given]) -> None:
        """Take what the caller brings in place of what it brought before, for another run.

        What may rest on that, by what readers declare, is forgotten, and so is what was given up.
        """
        given = tuple(given)
        rests = self._resting_on([item.kind for item in given])
        for key, slot in list(self._slots.items()):
            if (key.kind if isinstance(key, About) else key) in rests or isinstance(slot.error, TimedOut):
                del self._slots[key]
        self._give(given)

    def _resting_on(self, kinds: Iterable[Key]) -> set[Key]:
        """These facts, and all that may be made of them, at once or later (``Lazy``)."""
        queue, made_of = [key.kind if isinstance(key, About) else key for key in self._slots], dict[type, list[type]]()
        while queue:
            kind = queue.pop()
            if kind not in made_of:
                made_of[kind] = [need.fact for need in self._needs_of(kind)]
                queue.extend(made_of[kind])
        users: dict[type, list[type]] = {}
        for kind, parts in made_of.items():
            for part in parts:
                users.setdefault(part, []).append(kind)
        found, left = set[Key](), list(kinds)
        while left:
            key = left.pop()
            if key not in found:
                found.add(key)
                left.extend(users.get(key, ()) if isinstance(key, type) else ())
        return found

    def _needs_of(self, kind: type) -> tuple[Need, ...]:
        try:
            return self._reader(kind)[1]
        except Crashed:
            return ()  # Host, or a word for the subject

    def get(self, key: type[T] | About) -> T:
        """The fact of a type (for a subject); raises FactError where it cannot be had (the same one each time)."""
        used = self._used.get(_thread.get_ident())
        if used is not None:
            used[key] = None
        slot = self._slots.get(key)
        if slot is None:
            if self.owner not in (None, _thread.get_ident()):
                raise TimedOut(_told(key), "asked for by a check that was given up")
            slot = self._slots[key] = _Slot()
            self._fill(key, slot)
        if slot.error is not None:
            raise slot.error
        if not slot.ready:
            raise Crashed(_told(key), "this fact needs itself")
        value: T = slot.value
        return value

    def known(self, kind: type[T]) -> T | None:
        """The fact, if some check asked for it and it could be had."""
        slot = self._slots.get(kind)
        return slot.value if slot is not None and slot.ready else None

    def note_in(self, used: Used | None) -> Used | None:
        """Note the facts that this thread asks for in ``used`` from now on; where they were noted before.

        A fact that is read notes what it is made of, and a check what it is about. A ``Lazy`` that is called later, by
        what a fact left behind, is used by whoever has it called: else evidence would follow what other checks did.
        """
        thread = _thread.get_ident()
        before = self._used.pop(thread, None)
        if used is not None:
            self._used[thread] = used
        return before

    def evidence(self, keys: Iterable[Key]) -> tuple[Evidence, ...]:
        """What was read for these facts, and for the facts that they were made of, once each."""
        found: dict[tuple[str, str | None], Evidence] = {}
        for slot in self._made_of(keys):
            for item in slot.evidence:
                found.setdefault((item.source, item.locator), item)
        return tuple(found.values())

    def questions(self, keys: Iterable[Key]) -> set[Asked]:
        """What was asked of paths for these facts, and for those that they were made of, until now.

        Nothing where the host is not this machine.
        """
        return {question for slot in self._made_of(keys) for question in slot.asked or ()}

    def _made_of(self, keys: Iterable[Key]) -> Iterator[_Slot]:
        """Each of these facts, and of those that they were made of, once."""
        queue, done = list(keys), set[Key]()
        while queue:
            key = queue.pop(0)
            slot = self._slots.get(key)
            if slot is not None and key not in done:
                done.add(key)
                yield slot
                queue.extend(slot.needs)

    def abandon(self, timeout_s: float) -> None:
        """Give up what is being read at this moment: whoever asks for it from now on gets TimedOut."""
        for key, slot in list(self._slots.items()):
            if not slot.ready and slot.error is None:
                slot.error = TimedOut(_told(key), f"not read within {timeout_s:g} s")

    def _fill(self, key: Key, slot: _Slot) -> None:
        recorder = Recorder(self.host)
        slot.asked = recorder.asked
        kind, subject = key if isinstance(key, About) else (key, None)
        before = self.note_in(slot.needs)
        try:
            reader, needs = self._reader(kind)
            value = reader(**{need.name: self.bound(need, recorder, subject) for need in needs})
        except FactError as error:
            self._settle(slot, recorder, None, error)
        except (Exception, SystemExit) as error:
            self._settle(slot, recorder, None, crashed(_told(key), error))
        else:
            self._settle(slot, recorder, value, None)
        finally:
            self.note_in(before)

    def _settle(self, slot: _Slot, recorder: Recorder, value: object, error: FactError | None) -> None:
        if slot.error is not None:
            return  # abandoned meanwhile
        slot.evidence = tuple(recorder.seen)
        slot.value, slot.error, slot.ready = value, error, error is None

    def bound(self, need: Need, host: Host | None = None, subject: str | None = None) -> Any:
        """The argument for one need, where ``subject`` is what the fact is read for."""
        if need.kind is Host:
            return host or self.host
        if need.kind is str:  # ``subject: str``
            if subject is None:
                raise Crashed(need.name, NO_SUBJECT)
            return subject
        if need.lazy and not need.per:
            return Lazy(lambda: self.get(need.fact))
        key = key_of(need, subject)
        return Lazy(lambda: self.get(key)) if need.lazy else self.get(key)

    def _reader(self, kind: type) -> tuple[Reader, tuple[Need, ...]]:
        reader = self._readers.get(kind) or getattr(kind, "read", None)
        if reader is None:
            raise Crashed(kind.__name__, "no plugin knows how to read this fact")
        return reader, _needs(getattr(reader, "__func__", reader))


@cache
def _needs(function: Reader) -> tuple[Need, ...]:
    return needs_of(function)[0]


def crashed(source: str, error: BaseException) -> Crashed:
    """A Crashed that says what was raised and where, in one line."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = ""
    if trace is not None:
        name = trace.tb_frame.f_code.co_filename.rpartition("/")[2]
        where = f" ({name}:{trace.tb_lineno})"
    found = Crashed(source, f"{type(error).__name__}: {str(error)[:300]}{where}")
    found.__cause__ = error
    return found
