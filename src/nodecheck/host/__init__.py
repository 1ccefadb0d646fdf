"""The one seam to a node: every byte that nodecheck judges comes through a :class:`Host`."""

from __future__ import annotations

from nodecheck.host.base import MIB, Completed, Host, Question, Space, Stat, Uname, exists, names_in
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.host.live import LiveHost as LiveHost
    from nodecheck.host.root import RootHost as RootHost

__all__ = [
    "MIB", "Completed", "Host", "LiveHost", "Question", "RootHost", "Space", "Stat", "Uname", "exists", "names_in",
    "open_host",
]  # fmt: skip


def open_host(root: str | None = None) -> Host:
    """The live node, or the file system in the directory ``root`` (``/`` is the live node).

    Raises :class:`nodecheck.errors.UsageError` where ``root`` is not a directory that can be opened.
    """
    if root is None or root == "/":
        from nodecheck.host.live import LiveHost

        return LiveHost()
    from nodecheck.host.root import RootHost

    return RootHost(root)


def __getattr__(name: str) -> object:
    """:class:`LiveHost` and :class:`RootHost`, imported when they are first used: a run uses one of them."""
    if name == "LiveHost":
        from nodecheck.host.live import LiveHost

        return LiveHost
    if name == "RootHost":
        from nodecheck.host.root import RootHost

        return RootHost
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
