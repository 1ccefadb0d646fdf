"""``nodecheck.run()``: the library's one verb."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike, fspath

from nodecheck.checking.engine import Request, selection_of
from nodecheck.checking.engine import run as judge
from nodecheck.errors import UsageError
from nodecheck.facts.target import PROXY_MODES, ROLES, Settings, release_text
from nodecheck.host import Host, open_host
from nodecheck.model.outcomes import VIEWS, Severity
from nodecheck.plugins import Registry, load
from nodecheck.profile.load import load_profile
from nodecheck.profile.model import Profile
from nodecheck.report import Report

DEFAULT_PROFILE = "kubernetes"
DEFAULT_TIMEOUT_S = 30.0


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


def prepared(
    *,
    root: str | PathLike[str] | None,
    profile: str | PathLike[str],
    role: str | None,
    kubernetes: str | None,
    proxy_mode: str | None,
    cni: str | None,
    select: Iterable[str],
    ignore: Iterable[str],
    view: str | None,
    fail_on: str | None,
    timeout: float,
    waivers: Iterable[str | PathLike[str]],
) -> tuple[Host, Registry, Request]:
    """What :func:`run` gives to the engine for the same arguments; raises what it raises."""
    registry = load()
    found = load_profile(_profile_source(profile), registry)
    if paths := _paths("waivers", waivers):
        from nodecheck.profile.waiver_files import with_waivers

        found = with_waivers(found, paths, registry)
    settings = _settings(found, role, kubernetes, proxy_mode, cni)
    _one_of("view", view, VIEWS)
    _one_of("fail_on", fail_on, [level.value for level in Severity])
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 < timeout <= 86_400:
        raise UsageError(f"timeout: expected seconds, more than 0 and at most 86400, found {timeout!r}")
    selection = selection_of(registry, _texts("select", select), (*found.ignore, *_texts("ignore", ignore)), view)
    host = open_host(None if root is None else _path("root", root))
    return host, registry, Request(found, settings, selection, fail_on or found.fail_on, float(timeout))


def _settings(
    profile: Profile, role: str | None, kubernetes: str | None, proxy_mode: str | None, cni: str | None
) -> Settings:
    _one_of("role", role, ROLES)
    _one_of("proxy_mode", proxy_mode, PROXY_MODES)
    if kubernetes is not None:
        kubernetes = release_text(_text("kubernetes", kubernetes))
    if cni is not None:
        cni = _text("cni", cni)
    return Settings(
        role or profile.role,
        kubernetes or profile.kubernetes,
        proxy_mode or profile.proxy_mode,
        cni or profile.cni,
    )


def _one_of(name: str, value: str | None, known: Iterable[str]) -> None:
    if value is not None and value not in known:
        raise UsageError(f"{name}: expected one of {', '.join(known)}, found {value!r}")


def _texts(name: str, values: Iterable[str]) -> tuple[str, ...]:
    if isinstance(values, str):
        raise UsageError(f"{name}: expected a list of selectors, found the text {values!r}")
    try:
        return tuple([_text(name, value) for value in values])
    except TypeError as error:
        raise UsageError(f"{name}: expected a list of selectors, found {values!r}") from error


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise UsageError(f"{name}: expected a text that is not empty, found {value!r}")
    return value


def _path(name: str, value: object) -> str:
    try:
        found = fspath(value)  # type: ignore[call-overload]
    except TypeError as error:
        raise UsageError(f"{name}: expected a path, found {value!r}") from error
    return _text(name, found)


def _paths(name: str, values: Iterable[str | PathLike[str]]) -> tuple[str, ...]:
    if isinstance(values, (str, PathLike)):
        raise UsageError(f"{name}: expected a list of paths, found {values!r}")
    try:
        return tuple([_path(name, value) for value in values])
    except TypeError as error:
        raise UsageError(f"{name}: expected a list of paths, found {values!r}") from error


def _profile_source(profile: str | PathLike[str]) -> str:
    """As :func:`load_profile` takes it; a path object is a path, also where it reads like a name."""
    source = _path("profile", profile)
    return source if isinstance(profile, str) or "/" in source else f"./{source}"
