"""A capture that is complete: for any role, release, proxy mode and profile, whatever this run would need."""

from __future__ import annotations

from _thread import get_ident
from collections.abc import Callable, Iterator, Sequence
from time import gmtime, monotonic, strftime, time

from nodecheck.capturing.image import Image, Origin
from nodecheck.capturing.kernel import look_at_kernel
from nodecheck.capturing.recorder import ImageRecorder
from nodecheck.checking.reads import facts_of
from nodecheck.checking.store import Facts, Given
from nodecheck.checking.workers import Schedule
from nodecheck.errors import FactError, NotCaptured
from nodecheck.facts.cluster.target import SiteNodes
from nodecheck.facts.services.running import Services
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.this_boot import ThisBoot, UnitLog
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host
from nodecheck.host.programs import SEARCH_PATH
from nodecheck.plugins import Registry
from nodecheck.requirements.asked import ROLES, Settings
from nodecheck.running.engine import run
from nodecheck.running.phase_aware import asked_for
from nodecheck.running.request import prepared
from nodecheck.version import __version__

EACH_S = 10.0
"""What one fact may take: a network file system may hang."""

TIMEOUT_S = 120.0
"""What a whole capture may take."""


def captured(host: Host, registry: Registry, timeout_s: float = TIMEOUT_S) -> Image:
    """The image of a node. Never raises for what the node holds."""
    deadline = monotonic() + timeout_s
    recorder = ImageRecorder(host, _origin(host, registry))
    # first: thousands of questions are about names that are not there
    _each(SEARCH_PATH, lambda folder: _look_at_programs(recorder, folder, deadline), deadline)
    ask_all(recorder, registry, deadline)
    if host.this_machine:
        _each(recorder.folders(), lambda folder: _noted(recorder.stat, folder), deadline)
    _each(("/proc/sys",), lambda _: look_at_kernel(recorder, deadline), deadline, TIMEOUT_S)
    return recorder.finished()


def _each(paths: Sequence[str], look: Callable[[str], None], deadline: float, each_s: float | None = None) -> None:
    """Look at each, within its time: one of them may lie on a network file system that hangs."""
    Schedule(len(paths), lambda index, _: look(paths[index]), lambda _, __: None).run(each_s or EACH_S, deadline)


def _origin(host: Host, registry: Registry) -> Origin:
    return Origin(
        strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(time())),
        f"nodecheck {__version__}",
        host.running,
        host.whole,
        host.this_machine,
        host.path,
        tuple([top for top in ("/proc", "/sys") if host.is_real(top)]),
        tuple([f"{plugin.name} {plugin.version or '-'}" for plugin in registry.plugins if plugin.status == "loaded"]),
    )


def ask_all(host: Host, registry: Registry, deadline: float) -> tuple[type, ...]:
    """Ask a host all that any run may ask: every fact of any check, each within its time, and what judging asks.

    Gives the facts that a capture lacks something of.
    """
    facts = Facts(host, [Given(Settings, Settings()), Given(SiteNodes, SiteNodes({}))], registry.readers)
    kinds = list(facts_to_read(registry))
    lacking: dict[type, None] = {}

    def work(index: int, _: list[None]) -> None:
        facts.owner = get_ident()
        try:
            facts.get(kinds[index])
        except NotCaptured:
            lacking[kinds[index]] = None
        except FactError:
            return  # what could not be read is in the image, as the host's answer

    schedule = Schedule(len(kinds), work, lambda _, __: facts.abandon(EACH_S))
    schedule.run(EACH_S, deadline)
    Schedule(1, lambda _, __: _ask_when(facts), lambda _, __: facts.abandon(EACH_S)).run(EACH_S, deadline)
    _judge(host, registry, facts, deadline)
    return tuple(lacking)


def _ask_when(facts: Facts) -> None:
    """Ask when systemd had those services run that the boot starts and that do not run: a profile may name any.

    Judging asks that where the present contradicts the next boot (running/witness.py).
    """
    facts.owner = get_ident()
    try:
        if facts.get(ThisBoot).untold is None:
            times = facts.get(UnitLog).times
            for name in _idle_services(facts.get(Services), facts.get(BootStarts), facts.get(UnitIndex)):
                _noted(times, name)
    except FactError:
        return  # noted, or nothing is held against the present


def _idle_services(services: Services, starts: BootStarts, index: UnitIndex) -> Iterator[str]:
    """The names, aliases too, of what the boot starts and what is not active."""
    active = {name for name, unit in services.units.items() if unit.active == "active"}
    for unit in starts.candidates():
        if unit.endswith((".service", ".socket")) and starts.of(unit).starts:
            names = index.names_of(unit)
            if active.isdisjoint(names):
                yield from names


def facts_to_read(registry: Registry) -> Iterator[type]:
    """The facts of all checks, each once; those of a subject are read when the subjects are judged."""
    known: dict[type, bool] = {}
    for check in registry.all_checks():
        known.update(facts_of(check, registry.readers, asked_for(check)))
    for kind in known:
        if kind not in (Settings, SiteNodes):
            yield kind


def _judge(host: Host, registry: Registry, facts: Facts, deadline: float) -> None:
    """Judge by each profile and role: what facts left to be asked when it is needed, and what fixes ask."""
    for profile in sorted(registry.profiles):
        for role in ROLES:
            left = deadline - monotonic()
            if left <= 0:
                return
            _, _, request = prepared(
                root=None, profile=profile, role=role, kubernetes=None, proxy_mode=None, cni=None, select=(), ignore=(),
                view=None, fail_on=None, timeout=left, waivers=(), host=host, registry=registry,
            )  # fmt: skip
            run(host, registry, request, facts)


def _look_at_programs(recorder: Host, folder: str, deadline: float) -> None:
    """What is in a directory of programs: newer checks ask for other names."""
    try:
        for name, _ in recorder.links(folder):
            if monotonic() > deadline:
                return
            _noted(recorder.stat, f"{folder}/{name}")
    except FactError:
        return  # noted, as every answer is


def _noted(ask: Callable[[str], object], subject: str) -> None:
    """Ask for what the recorder notes, an error too."""
    try:
        ask(subject)
    except FactError:
        return
