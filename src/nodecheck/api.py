"""``nodecheck.run()``: the library's one verb."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from os import PathLike

from nodecheck.profile.model import Profile
from nodecheck.report import Report
from nodecheck.running.engine import run as judge
from nodecheck.running.request import DEFAULT_PROFILE, DEFAULT_TIMEOUT_S, Progress, prepared

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing

if TYPE_CHECKING:
    from nodecheck.model.literals import FailOn, ProxyMode, Role, View


def run(
    *,
    root: str | PathLike[str] | None = None,
    profile: str | PathLike[str] | Profile = DEFAULT_PROFILE,
    role: Role | None = None,
    kubernetes: str | None = None,
    proxy_mode: ProxyMode | None = None,
    cni: str | None = None,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    view: View | None = None,
    fail_on: FailOn | None = None,
    progress: Callable[[Progress], None] | None = None,
    timeout: float = DEFAULT_TIMEOUT_S,
    waivers: Iterable[str | PathLike[str]] = (),
) -> Report:
    """Judge the live node, or the file system in the directory ``root``.

    ``profile`` is a name, a path where it holds a ``/`` or ends in ``.toml``, or a :class:`nodecheck.Profile`. What
    ``role``, ``kubernetes`` (such as ``"1.34"``), ``proxy_mode`` and ``cni`` leave out comes from the profile, and else
    is found from the node.
    ``select`` and ``ignore`` are selectors, ``view`` is ``now``, ``boot`` or None for both, ``timeout`` is in seconds
    for the whole run, ``waivers`` are paths of waiver files. Prints nothing, changes nothing, needs no root.

    ``progress`` is called before each check, from another thread, one call at a time. What it raises ends the run,
    and comes out of it.

    Raises :class:`nodecheck.UsageError` (its subclasses for selectors and profiles) for bad arguments; never for
    what the node holds.
    """
    return judge(
        *prepared(
            root=root, profile=profile, role=role, kubernetes=kubernetes, proxy_mode=proxy_mode, cni=cni, select=select,
            ignore=ignore, view=view, fail_on=fail_on, progress=progress, timeout=timeout, waivers=waivers,
        )
    )  # fmt: skip
