"""``nodecheck.run()`` and ``nodecheck.capture()``: what the library does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from os import PathLike

from nodecheck.errors import UsageError
from nodecheck.profile.model import Profile
from nodecheck.report import Report
from nodecheck.running.engine import run as judge
from nodecheck.running.request import DEFAULT_TIMEOUT_S, NO_SITE, Progress, Site, path_of, prepared
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.capturing.image import Image
    from nodecheck.host import Host
    from nodecheck.model.literals import FailOn, Phase, ProxyMode, Role, View


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
    capture: str | PathLike[str] | bytes | None = None,
    phase: Phase | None = None,
) -> Report:
    """Judge the live node, the file system in the directory ``root``, or the node of a capture.

    ``capture`` is the path of a file that ``nodecheck capture`` or its collector wrote, or its bytes.

    ``profile`` is a name, a path where it holds a ``/`` or ends in ``.toml``, or a :class:`nodecheck.Profile`. What
    ``role``, ``kubernetes`` (such as ``"1.34"``), ``proxy_mode``, ``cni`` and ``phase`` leave out comes from the
    profile, and else is found from the node.
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
            site=site_of(config), host=_captured(capture, root), phase=phase,
        )
    )  # fmt: skip


def capture(*, root: str | PathLike[str] | None = None, timeout: float = 120.0) -> bytes:
    """All that the checks read of the live node, or of the file system in the directory ``root``: a capture.

    It is complete for any role, release, proxy mode and profile, so that ``run(capture=...)`` gives the verdicts that
    the node itself would have had at this moment. The bytes are gzip'd text (docs/capture.md). Prints nothing, changes
    nothing, runs the programs that a run runs, and ends after ``timeout`` seconds with what it has.

    Raises :class:`nodecheck.UsageError` for bad arguments; never for what the node holds.
    """
    from nodecheck.capturing.files import packed

    return packed(captured_image(root, timeout))


def captured_image(root: str | PathLike[str] | None, timeout: float) -> Image:
    """What :func:`capture` writes, before it is written. Raises UsageError."""
    from nodecheck.capturing.complete import captured
    from nodecheck.host import open_host
    from nodecheck.plugins import load

    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 < timeout <= 86_400:
        raise UsageError(f"timeout: expected seconds, more than 0 and at most 86400, found {timeout!r}")
    return captured(open_host(None if root is None else path_of("root", root)), load(), float(timeout))


def _captured(capture: str | PathLike[str] | bytes | None, root: object) -> Host | None:
    """The host of a capture. Raises CaptureError, or UsageError where a root is given too."""
    if capture is None:
        return None
    if root is not None:
        raise UsageError("capture: expected a root or a capture, found both")
    from nodecheck.capturing.files import open_capture, read_capture

    if isinstance(capture, (bytes, bytearray)):
        return read_capture(bytes(capture), "bytes of a capture")
    return open_capture(path_of("capture", capture))


def site_of(config: str | PathLike[str] | None) -> Site:
    """What the configuration in a file says that the node is to be. Raises ConfigError."""
    if config is None:
        return NO_SITE
    from os import fsdecode

    from nodecheck.config.site import site_of_file

    return site_of_file(fsdecode(config))
