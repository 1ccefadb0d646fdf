"""``nodecheck.run()``: the library's one verb."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike

from nodecheck.report import Report
from nodecheck.running.engine import run as judge
from nodecheck.running.request import DEFAULT_PROFILE, DEFAULT_TIMEOUT_S, prepared


def run(
    *,
    root: str | PathLike[str] | None = None,
    profile: str | PathLike[str] = DEFAULT_PROFILE,
    role: str | None = None,
    kubernetes: str | None = None,
    proxy_mode: str | None = None,
    cni: str | None = None,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    view: str | None = None,
    fail_on: str | None = None,
    timeout: float = DEFAULT_TIMEOUT_S,
    waivers: Iterable[str | PathLike[str]] = (),
) -> Report:
    """Judge the live node, or the file system in the directory ``root``.

    ``profile`` is a name, or a path where it holds a ``/`` or ends in ``.toml``; what ``role``, ``kubernetes`` (such
    as ``"1.34"``), ``proxy_mode`` and ``cni`` leave out comes from the profile, and else is found from the node.
    ``select`` and ``ignore`` are selectors, ``view`` is ``now``, ``boot`` or None for both, ``timeout`` is in seconds
    for the whole run, ``waivers`` are paths of waiver files. Prints nothing, changes nothing, needs no root.

    Raises :class:`nodecheck.UsageError` (its subclasses for selectors and profiles) for bad arguments; never for
    what the node holds.
    """
    return judge(
        *prepared(
            root=root, profile=profile, role=role, kubernetes=kubernetes, proxy_mode=proxy_mode, cni=cni, select=select,
            ignore=ignore, view=view, fail_on=fail_on, timeout=timeout, waivers=waivers,
        )
    )  # fmt: skip
