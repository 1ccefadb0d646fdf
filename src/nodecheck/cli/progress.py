"""A line that says that a long run goes on, and with what: on a terminal, after a second, and gone at the end."""

from __future__ import annotations

import _thread
import os
import sys
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.running.request import Progress

AFTER_S = 1.0


class progress:
    """Shows ``checking this node: CHECK, N s`` on standard error while the body takes longer than a second.

    ``doing`` gives other words for what goes on.
    """

    def __init__(self, quiet: bool, doing: Callable[[], str] | None = None) -> None:
        self._doing = doing or self._this_node
        self._done = _thread.allocate_lock()
        self._ended = _thread.allocate_lock()
        self._what = ""
        self._shown = not quiet and sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def _this_node(self) -> str:
        return f"checking this node{self._what}"

    def now_at(self, found: Progress) -> None:
        """The check that is waited for from now on."""
        self._what = f": {found.check}"

    def __enter__(self) -> progress:
        if self._shown:
            self._done.acquire()
            self._ended.acquire()
            _thread.start_new_thread(self._show, ())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._shown:
            self._done.release()
            self._ended.acquire(timeout=1.0)

    def _show(self) -> None:
        seconds = 0
        try:
            while not self._done.acquire(timeout=AFTER_S):
                seconds += 1
                line = f"{self._doing()}, {seconds} s"
                sys.stderr.write(f"\r{line[: _columns() - 1]}\x1b[K")
                sys.stderr.flush()
            if seconds:
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()
        except (OSError, ValueError):
            seconds = 0  # the terminal is gone: there is nobody to show it to
        finally:
            self._ended.release()


def _columns() -> int:
    """The terminal's columns: a line that is longer could not be taken back."""
    try:
        return os.get_terminal_size(2).columns or 80
    except OSError:
        return 80
