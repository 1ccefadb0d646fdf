"""Run trusted programs: no shell, nothing inherited, bounded output and time, nothing left behind."""

from __future__ import annotations

import _thread
import os
import select
from collections.abc import Iterable, Sequence
from time import monotonic

from nodecheck.errors import FactError, Malformed, TimedOut, TooLarge
from nodecheck.host.base import Completed, error_of
from nodecheck.host.programs import SEARCH_PATH, find_program
from nodecheck.typed import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from subprocess import Popen

Answer = Union[Completed, FactError]

OUTPUT_LIMIT = 1 << 16
"""Bytes of standard output and standard error together; a program that says more is killed."""

_TICK_S = 0.02
_CHUNK = 1 << 14


def run(argv: tuple[str, ...], timeout_s: float = 3.0) -> Completed:
    """Run one program and wait for it.

    Raises Absent, Denied, Malformed (see :func:`nodecheck.host.programs.find_program`), TimedOut and TooLarge.
    """
    (answer,) = run_all((argv,), timeout_s)
    if isinstance(answer, FactError):
        raise answer
    return answer


def run_all(
    argvs: Sequence[tuple[str, ...]], timeout_s: float = 3.0, path: tuple[str, ...] = SEARCH_PATH
) -> tuple[Answer, ...]:
    """Run programs side by side; for each what it answered, or why there is no answer.

    ``argv[0]`` of an answer is the path of the program. Each has ``timeout_s`` seconds from the common start.
    """
    answers: list[Answer | None] = []
    children: list[tuple[int, _Child]] = []
    deadline = monotonic() + timeout_s
    try:
        for place, argv in enumerate(argvs):
            answers.append(None)
            try:
                program = find_program(argv[0], path)
                children.append((place, _Child((program, *argv[1:]), timeout_s)))
            except FactError as error:
                answers[place] = error
        _attend([child for _, child in children], deadline)
    finally:
        for _, child in children:
            child.end()
    for place, child in children:
        answers[place] = child.answer
    return tuple([answer for answer in answers if answer is not None])


class _Child:
    """A running program, in a session of its own, and what it has said so far."""

    def __init__(self, argv: tuple[str, ...], timeout_s: float) -> None:
        self.argv = argv
        self.answer: Answer = TimedOut(" ".join(argv), f"did not end within {timeout_s:g} s")
        self.settled = False
        self._process = _started(argv)
        _ACTIVE.add(self._process.pid)
        self._said: dict[int, list[bytes]] = {}
        self._size = 0
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._pipes = (self._process.stdout.fileno(), self._process.stderr.fileno())
        for pipe in self._pipes:
            os.set_blocking(pipe, False)
            self._said[pipe] = []
        self.open = set(self._pipes)

    def take(self, pipe: int) -> bool:
        """Read once; whether there may be more."""
        try:
            chunk = os.read(pipe, _CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            chunk = b""
        if not chunk:
            self.open.discard(pipe)
            return False
        self._said[pipe].append(chunk)
        self._size += len(chunk)
        if self._size > OUTPUT_LIMIT:
            self.answer = TooLarge(" ".join(self.argv), f"said more than {OUTPUT_LIMIT} bytes")
            self.settled = True
        return not self.settled

    def look(self) -> None:
        """Settle if the program has ended. A descendant of it that holds the pipe open is not waited for."""
        if self.settled or not self._ended():
            return
        for pipe in tuple(self.open):
            while self.take(pipe):
                pass
        if not self.settled:
            self.settled = True
            _kill(self._process.pid)  # before the program is reaped, so that the number cannot be another's
            self.answer = Completed(self.argv, self._process.wait(), *[self._text(pipe) for pipe in self._pipes])

    def end(self) -> None:
        """Kill what is left, close the pipes, leave no zombie."""
        if self._process.returncode is None:
            _kill(self._process.pid)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        self._reap()
        _ACTIVE.discard(self._process.pid)

    def _reap(self) -> None:
        from subprocess import TimeoutExpired

        try:
            self._process.wait(0.5)
        except TimeoutExpired:  # in an uninterruptible sleep; a thread can wait for its end
            _thread.start_new_thread(self._process.wait, ())

    def _ended(self) -> bool:
        """Whether the program has ended, without reaping it."""
        try:
            found = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:  # where SIGCHLD is ignored nobody has to reap
            return True
        return found is not None

    def _text(self, pipe: int) -> str:
        return b"".join(self._said[pipe]).decode("utf-8", "surrogateescape")


def _attend(children: Iterable[_Child], deadline: float) -> None:
    """Read what the programs say until each has settled, or the time is over."""
    left = [child for child in children if not child.settled]
    while left:
        poller = select.poll()
        owners = {pipe: child for child in left for pipe in child.open}
        for pipe in owners:
            poller.register(pipe, select.POLLIN)
        # A program that closed its pipes is about to end: that is worth a closer look.
        tick = _TICK_S if all(child.open for child in left) else 0.001
        for pipe, _ in poller.poll(min(tick, max(0.0, deadline - monotonic())) * 1000):
            owners[pipe].take(pipe)
        for child in left:
            child.look()
        left = [child for child in left if not child.settled]
        if monotonic() >= deadline:
            return


def _started(argv: tuple[str, ...]) -> Popen[bytes]:
    from subprocess import DEVNULL, PIPE, Popen

    _end_with_us()
    try:
        return Popen(  # noqa: S603 - no shell, and find_program resolved and judged the program
            argv, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, cwd="/", env=ENVIRONMENT, start_new_session=True, bufsize=0
        )
    except FileNotFoundError as error:
        raise Malformed(argv[0], "the interpreter or the loader that it names is not there") from error
    except OSError as error:
        found = error_of(argv[0], error)
        if error.errno == 8:  # ENOEXEC
            found = Malformed(argv[0], "is not a program that this machine can execute")
        raise found from error


ENVIRONMENT = {"PATH": ":".join(SEARCH_PATH), "LC_ALL": "C", "LANG": "C", "HOME": "/nonexistent", "TERM": "dumb"}
"""All that a program gets: no LD_PRELOAD, no DOCKER_HOST, no KUBECONFIG."""

_ACTIVE: set[int] = set()
"""Programs that run, so that none outlives this process where a run was given up."""


def _end_with_us() -> None:
    import atexit

    atexit.unregister(_kill_active)
    atexit.register(_kill_active)


def _kill_active() -> None:
    for pid in tuple(_ACTIVE):
        _kill(pid)


def _kill(pid: int) -> None:
    """Kill a program and what it started in its process group."""
    try:
        os.killpg(pid, 9)
    except (ProcessLookupError, PermissionError):
        return
