"""``nodecheck.run()``: the library's one verb."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from os import PathLike

from nodecheck.profile.model import Profile
from nodecheck.report import Report
from nodecheck.running.engine import run as judge
from nodecheck.running.request import DEFAULT_TIMEOUT_S, NO_SITE, Progress, Site, prepared
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.model.literals import FailOn, ProxyMode, Role, View


def run(
    *,
    root: str | PathLike[str] | None = None,
    profile: str | PathLike[str] | Profile | None = None,
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
    config: str | PathLike[str] | None = None,
) -> Report:
    """Judge the live node, or the file system in the directory ``root``.

    ``profile`` is a name, a path where it holds a ``/`` or ends in ``.toml``, or a :class:`nodecheck.Profile`. What
    ``role``, ``kubernetes`` (such as ``"1.34"``), ``proxy_mode`` and ``cni`` leave out comes from the profile, and else
    is found from the node.
    ``select`` and ``ignore`` are selectors, ``view`` is ``now``, ``boot`` or None for both, ``timeout`` is in seconds
    for the whole run, ``waivers`` are paths of waiver files. ``config`` is the path of a configuration: what it says
    that the node is to be counts where the other arguments say nothing (None: none is read). Prints nothing, changes
    nothing, needs no root.

    ``progress`` is called before each check, from another thread, one call at a time. What it raises ends the run,
    and comes out of it.

    Raises :class:`nodecheck.UsageError` (its subclasses for selectors, profiles and the configuration) for bad
    arguments; never for what the node holds.
    """
    return judge(
        *prepared(
            root=root, profile=profile, role=role, kubernetes=kubernetes, proxy_mode=proxy_mode, cni=cni, select=select,
            ignore=ignore, view=view, fail_on=fail_on, progress=progress, timeout=timeout, waivers=waivers,
            site=site_of(config),
        )
    )  # fmt: skip


def site_of(config: str | PathLike[str] | None) -> Site:
    """What the configuration in a file says that the node is to be. Raises ConfigError."""
    if config is None:
        return NO_SITE
    from os import fsdecode

    from nodecheck.config.site import site_of_file

    return site_of_file(fsdecode(config))
