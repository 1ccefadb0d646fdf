"""What one run is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from os import PathLike, fspath

from nodecheck.checking.selectors import Selection, check_selectors, parse_selector
from nodecheck.errors import UsageError
from nodecheck.host import Host, open_host
from nodecheck.model.outcomes import VIEWS, Severity
from nodecheck.plugins import Registry, load
from nodecheck.profile.load import load_profile, with_severities
from nodecheck.profile.model import Profile, ResolvedProfile
from nodecheck.record import NamedTuple
from nodecheck.report.parts import ConfigUsed, User
from nodecheck.requirements.asked import PHASES, PROXY_MODES, ROLES, Settings, release_text
from nodecheck.text import wellformed

MOST_NAME = 100
"""Characters of a user's name that are shown."""


class Progress(NamedTuple):
    """How far a run has come: the check that is judged next."""

    check: str
    view: str
    done: int
    """Checks that were judged before; each view of a check counts for itself."""
    total: int


class Site(NamedTuple):
    """What the node's configuration says that the node is to be. What the caller says wins, key by key."""

    profile: str | None = None
    role: str | None = None
    kubernetes: str | None = None
    proxy_mode: str | None = None
    cni: str | None = None
    phase: str | None = None
    fail_on: str | None = None
    waivers: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    """Files of waivers that are named and not there."""
    severity: Mapping[str, str] = {}
    """Selector to severity, over what the profile says."""
    used: ConfigUsed | None = None


NO_SITE = Site()
"""No configuration."""


class Request(NamedTuple):
    """What one run is asked for; ``watch`` is called before each check is judged, in a thread of its own.

    Where ``digests`` is given, a run of this machine puts there the digest of what each result of the boot view rests
    on, by its id: files and names outside of /run, /proc, /sys and /dev; and where ``explained`` is given, the ids of
    those passes that the present contradicts and something explains. ``ends_at_once`` is as a
    :class:`~nodecheck.checking.workers.Schedule` has it.
    """

    profile: ResolvedProfile
    settings: Settings
    selection: Selection
    fail_on: str
    timeout_s: float
    watch: Callable[[Progress], None] | None = None
    config: ConfigUsed | None = None
    absent_waivers: tuple[str, ...] = ()
    waivers_from: tuple[str, ...] = ()
    digests: dict[str, str] | None = None
    explained: set[str] | None = None
    ends_at_once: bool = False


def running_user() -> User:
    """Who runs this process."""
    from pwd import getpwuid

    uid = os.geteuid()
    try:
        name = wellformed(getpwuid(uid).pw_name)
    except KeyError:
        name = None
    behind = os.environ.get("SUDO_USER", "") if uid == 0 else ""
    return User(uid, name, wellformed(behind[:MOST_NAME]) or None)


def selection_of(registry: Registry, select: Iterable[str], ignore: Iterable[str], view: str | None) -> Selection:
    """Parse and verify the selectors of a run. Raises SelectorError."""
    selection = Selection(
        tuple([parse_selector(text) for text in select]), tuple([parse_selector(text) for text in ignore]), view
    )
    tags = {check.name: check.tags for check in registry.all_checks()} if selection.speaks_of_tags else {}
    check_selectors((*selection.select, *selection.ignore), tags, registry.checks, partial(_meant, registry))
    return selection


def _meant(registry: Registry, word: str) -> tuple[str, ...]:
    from nodecheck.profile.meant import meant

    return meant(word, registry)


DEFAULT_PROFILE = "kubernetes"
DEFAULT_TIMEOUT_S = 30.0


def prepared(
    *,
    root: str | PathLike[str] | None,
    profile: str | PathLike[str] | Profile | None,
    role: str | None,
    kubernetes: str | None,
    proxy_mode: str | None,
    cni: str | None,
    select: Iterable[str],
    ignore: Iterable[str],
    view: str | None,
    fail_on: str | None,
    progress: Callable[[Progress], None] | None = None,
    timeout: float,
    waivers: Iterable[str | PathLike[str]],
    host: Host | None = None,
    registry: Registry | None = None,
    site: Site = NO_SITE,
    phase: str | None = None,
) -> tuple[Host, Registry, Request]:
    """What :func:`run` gives to the engine for the same arguments; raises what it raises.

    ``host`` is judged in place of ``root``, by the checks of ``registry`` in place of the installed ones; ``site`` says
    what the other arguments leave out.
    """
    registry = registry or load()
    given = _paths("waivers", waivers)
    files = given or site.waivers
    found = judging(site, profile, files, registry)
    asked = (role, kubernetes, proxy_mode, cni, phase)
    own = (site.role, site.kubernetes, site.proxy_mode, site.cni, site.phase)
    settings = _settings(found, *[one if one is not None else other for one, other in zip(asked, own)])
    settings = settings._replace(by_caller=kubernetes is not None)
    _one_of("view", view, VIEWS)
    _one_of("fail_on", fail_on, [level.value for level in Severity])
    if progress is not None and not callable(progress):
        raise UsageError(f"progress: expected a function, found {progress!r}")
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 < timeout <= 86_400:
        raise UsageError(f"timeout: expected seconds, more than 0 and at most 86400, found {timeout!r}")
    selection = selection_of(registry, _texts("select", select), (*found.ignore, *_texts("ignore", ignore)), view)
    host = host or open_host(None if root is None else path_of("root", root))
    level = fail_on or site.fail_on or found.fail_on
    request = Request(
        found, settings, selection, level, float(timeout), progress, site.used, () if given else site.absent,
        files,
    )  # fmt: skip
    return host, registry, request


def judging(
    site: Site, profile: str | PathLike[str] | Profile | None, waivers: tuple[str, ...], registry: Registry
) -> ResolvedProfile:
    """The profile, with these files of waivers and the configuration's severities over its own."""
    found = load_profile(site.profile or DEFAULT_PROFILE if profile is None else profile_source(profile), registry)
    if waivers:
        from nodecheck.profile.waiver_files import with_waivers

        found = with_waivers(found, waivers, registry)
    return with_severities(found, site.severity) if site.severity else found


def _settings(
    profile: ResolvedProfile,
    role: str | None,
    kubernetes: str | None,
    proxy_mode: str | None,
    cni: str | None,
    phase: str | None,
) -> Settings:
    _one_of("role", role, ROLES)
    _one_of("phase", phase, PHASES)
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
        profile.runtime,
        phase or profile.phase,
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


def path_of(name: str, value: object) -> str:
    """The text of a path that a caller gave. Raises UsageError."""
    try:
        found = fspath(value)  # type: ignore[call-overload]
    except TypeError as error:
        raise UsageError(f"{name}: expected a path, found {value!r}") from error
    return _text(name, found)


def _paths(name: str, values: Iterable[str | PathLike[str]]) -> tuple[str, ...]:
    if isinstance(values, (str, PathLike)):
        raise UsageError(f"{name}: expected a list of paths, found {values!r}")
    try:
        return tuple([path_of(name, value) for value in values])
    except TypeError as error:
        raise UsageError(f"{name}: expected a list of paths, found {values!r}") from error


def profile_source(profile: str | PathLike[str] | Profile) -> str | Profile:
    """As :func:`load_profile` takes it; a path object is a path, also where it reads like a name."""
    if isinstance(profile, Profile):
        return profile
    source = path_of("profile", profile)
    return source if isinstance(profile, str) or "/" in source else f"./{source}"
