"""Tasks one after another in a thread of their own, so that one that never ends cannot hold up the run."""

from __future__ import annotations

import _thread
import sys
from collections.abc import Callable
from time import monotonic

from nodecheck.typed import Generic, TypeVar

T = TypeVar("T")
Work = Callable[[int, "list[T]"], None]


class Schedule(Generic[T]):
    """Runs ``work(index, sink)`` for each index below ``count``.

    A worker thread does it; the calling thread waits. Where one index outlives ``each_s`` the worker is left alone
    (a thread in a hung read cannot be stopped), ``overran(index)`` is told, and a new worker goes on with the next.
    ``ends_at_once`` says that the process does so after the run (:func:`os._exit`), and waits for no thread.
    """

    def __init__(
        self, count: int, work: Work[T], overran: Callable[[int, bool], None], *, ends_at_once: bool = False
    ) -> None:
        self.sinks: list[list[T]] = [[] for _ in range(count)]
        self._count = count
        self._work = work
        self._overran = overran
        self._ends_at_once = ends_at_once
        self._lock = _thread.allocate_lock()
        self._done = _thread.allocate_lock()
        self._generation = 0
        self._index = 0
        self._began = 0.0
        self._error: BaseException | None = None

    def run(self, each_s: float, deadline: float) -> None:
        """Do all of it, until ``deadline`` (of :func:`time.monotonic`); raises what a worker raised."""
        # The first thread that imports threading is taken for the main thread (before Python 3.13), and the interpreter
        # waits for it at its end: that must not be a worker that hangs.
        if not self._ends_at_once and sys.version_info < (3, 13):
            import threading  # noqa: F401

        self._done.acquire()
        self._begin(0)
        try:
            while not self._done.acquire(timeout=max(0.0, min(self._began + each_s, deadline) - monotonic()) + 0.001):
                self._check(each_s, deadline)
        except BaseException:  # Ctrl-C, or what a handler of the caller's raised: no further task is begun
            with self._lock:
                self._generation += 1
            raise
        if self._error is not None:
            raise self._error

    def _begin(self, index: int) -> None:
        self._index, self._began = index, monotonic()
        try:
            _thread.start_new_thread(self._loop, (self._generation, index))
        except RuntimeError:  # no thread to be had: unbounded is better than not at all
            self._loop(self._generation, index)

    def _loop(self, generation: int, index: int) -> None:
        try:
            while index < self._count:
                sink: list[T] = []
                with self._lock:
                    if generation != self._generation:
                        return
                    self._index, self._began = index, monotonic()
                    self.sinks[index] = sink
                self._work(index, sink)
                index += 1
            self._end(generation, None)
        except BaseException as error:
            self._end(generation, error)

    def _end(self, generation: int, error: BaseException | None) -> None:
        """Tell the waiting thread; a worker that was given up has nothing to tell any more."""
        with self._lock:
            if generation == self._generation:
                self._generation += 1
                self._error = error
                self._done.release()

    def _check(self, each_s: float, deadline: float) -> None:
        now = monotonic()
        with self._lock:
            over = now >= deadline
            if not over and now < self._began + each_s:
                return
            index = self._index
            if self._done.locked() is False:
                return  # it ended at this moment
            self._generation += 1
            self.sinks[index] = list(self.sinks[index])
        self._overran(index, over)
        if over:
            for rest in range(index + 1, self._count):
                self._overran(rest, True)
            self._done.release()
        elif index + 1 < self._count:
            self._begin(index + 1)
        else:
            self._done.release()
