"""The engine: from a host and a profile to a report."""

from __future__ import annotations

import os
import sys
from _thread import get_ident
from collections.abc import Callable, Iterable, Mapping
from time import gmtime, monotonic, strftime, time

from nodecheck.checking.declare import Check
from nodecheck.checking.judging import Judged, Subject, Task, from_crash, judged
from nodecheck.checking.selectors import Selection
from nodecheck.checking.store import Facts, Given, crashed
from nodecheck.checking.workers import Schedule
from nodecheck.errors import FactError, PluginError
from nodecheck.facts.boot.container import Container
from nodecheck.facts.cluster.target import SiteNodes, Target
from nodecheck.facts.distro.identity import NodeIdentity
from nodecheck.host import Host
from nodecheck.model.outcomes import BOOT, NOW, Cause, Outcome, Result, Status
from nodecheck.model.secrets import masked
from nodecheck.plugins import PluginInfo, Registry
from nodecheck.report.model import Report
from nodecheck.report.parts import Node, OsName, PluginUsed, ProfileUsed, Run, Source, Tool, User
from nodecheck.report.summary import summary_of
from nodecheck.requirements.asked import Settings
from nodecheck.running.container_aware import container_of, host_aware, own_part
from nodecheck.running.finish import Finisher
from nodecheck.running.owner_aware import owner_aware
from nodecheck.running.request import Progress, Request, running_user
from nodecheck.text import wellformed
from nodecheck.typed import TYPE_CHECKING, Any
from nodecheck.version import __version__

if TYPE_CHECKING:
    from nodecheck.running.witness import Witnessed

CHECK_SHARE = 3
"""A check may take the run's time divided by this, and not more than :data:`CHECK_MOST_S`."""

CHECK_MOST_S = 10.0

REBOOT = "reboot-pending"
"""The check whose failure names what the boot view says of the others."""

LOOK_BACK_S = 1.0
"""What holding the verdicts against the present may take where the run's time is over."""


def run(host: Host, registry: Registry, request: Request, known: Facts | None = None) -> Report:
    """Judge the host. Never raises for what the host holds.

    ``known`` are facts of the same host, where it was judged before and has not changed since: a capture being made.
    """
    started, began = time(), monotonic()
    given = [Given(Settings, request.settings), Given(SiteNodes, SiteNodes(request.profile.nodes))]
    facts = known or Facts(host, given, registry.readers)
    if known is not None:
        known.renew(given)
    asked = request.selection
    request = request._replace(selection=_looked_at(asked, request))
    finisher = Finisher(request.profile, request.selection)
    tasks = _tasks(registry, request, finisher)
    identity = [NodeIdentity()]
    container = [Container()]
    user = [User(os.geteuid())]

    def identify() -> None:
        container[0] = container_of(facts)
        user[0] = running_user()  # a database of users on the network may take its time
        try:
            identity[0] = facts.get(NodeIdentity)
        except FactError:
            return  # the report names no node then

    status = _work(identify, tasks, facts, finisher, began + request.timeout_s, request)
    for plugin in registry.plugins:
        if plugin.status == "failed":
            finisher.add_plugin(plugin)
    today = strftime("%Y-%m-%d", gmtime(started))
    results = _pointing(finisher.results)
    results = _waived(results, asked, request, today, finisher)
    if host.this_machine:
        results = _looked_back(results, registry, facts, finisher, began + request.timeout_s, request)
    results.sort(key=lambda result: result.id)
    finished = started + (monotonic() - began)
    return Report(
        Tool("nodecheck", __version__, tuple([_plugin_used(plugin) for plugin in registry.plugins])),
        Run(
            _uuid4(),
            _rfc3339(started),
            _rfc3339(finished),
            round(finished - started, 6),
            status,
            _source(host),
            _privileged(host),
            request.fail_on,
            tuple([wellformed(path) for path in request.waivers_from]),
            user[0],
            tuple([wellformed(selector.text) for selector in asked.select]),
            tuple([wellformed(selector.text) for selector in asked.ignore]),
            asked.view,
        ),
        _node(identity[0], container[0]),
        _profile_used(request, facts.known(Target), _phase(facts)),
        summary_of(tuple(results), request.fail_on),
        tuple(results),
    )


def _looked_at(asked: Selection, request: Request) -> Selection:
    """What has to be looked at: more than was asked for where waivers are about it. Most runs have none."""
    if not request.profile.waivers:
        return asked
    from nodecheck.profile.waivers import looked_at

    return looked_at(asked, request.profile.waivers)


def _waived(results: list[Result], asked: Selection, request: Request, today: str, finisher: Finisher) -> list[Result]:
    """The results with the waivers in force, and what is to be said of them and of their files."""
    if not request.profile.waivers and not request.absent_waivers:
        return list(results)
    from nodecheck.profile.waivers import absent_files, waived

    found = waived(results, request.profile, asked, today, finisher.severity)
    return found + absent_files(request.absent_waivers, asked, finisher.severity)


def _tasks(registry: Registry, request: Request, finisher: Finisher) -> list[Task]:
    tasks: list[Task] = []
    for name in sorted(registry.checks):
        try:
            if _may_be_wanted(registry, request.selection, name):
                tasks.extend(tasks_of(registry.check(name), request))
        except PluginError as error:
            registry.fail(registry.owners[name], str(error))
            finisher.add_unloaded(name, str(error))
        except (Exception, SystemExit) as error:  # its spelling, or a default of its own
            finisher.add_unloaded(name, str(crashed(name, error)))
    return tasks


def _may_be_wanted(registry: Registry, selection: Selection, name: str) -> bool:
    """Whether a check must be imported: by its name, or where tags count, by its tags."""
    tags = registry.check(name).tags if selection.speaks_of_tags else ()
    return any(selection.wants(name, tags, view) for view in (NOW, BOOT))


def tasks_of(check: Check, request: Request) -> Iterable[Task]:
    """What is to be judged of one check: a task a view that was asked for."""
    parameters = {name: default for name, (_, default) in check.parameters.items()}
    parameters.update(request.profile.checks.get(check.name, {}))
    for view in check.views:
        if request.selection.wants(check.name, check.tags, view):
            yield Task(check, view, parameters, _subjects(check, view, parameters, request))


def _subjects(check: Check, view: str, parameters: Mapping[str, Any], request: Request) -> tuple[Subject, ...] | None:
    """What the profile and the defaults list; where they spell one subject in two ways, the profile's own counts."""
    if check.each is None:
        return None
    if check.each not in parameters:
        raise TypeError(f"each={check.each!r} names no keyword-only parameter of the function")
    listed, usual = parameters[check.each], check.parameters[check.each][1]
    names = request.profile.names(check.name, check.each)
    found: dict[str, Subject] = {}
    for key in listed:
        wanted = listed[key] if isinstance(listed, Mapping) else None
        named = key in names or key not in usual or (isinstance(usual, Mapping) and usual[key] != wanted)
        spelt = _spelt(check, key)
        if spelt not in found or named:
            found[spelt] = Subject(spelt, wanted, named)
    keeps = request.selection.keeps
    return tuple([item for name, item in found.items() if keeps(check.name, check.tags, name, view)])


def _spelt(check: Check, subject: str) -> str:
    """Its one spelling; as it stands where it has none: a profile's was verified, a plugin's default was not."""
    try:
        return check.spell(subject) if check.spell else subject
    except ValueError:
        return subject


def _work(
    identify: Callable[[], None],
    tasks: list[Task],
    facts: Facts,
    finisher: Finisher,
    deadline: float,
    request: Request,
) -> str:
    """Do the tasks, after ``identify``; ``complete``, or ``timeout`` where the time was over before the end."""
    timeout_s, watch = request.timeout_s, request.watch
    each_s = min(CHECK_MOST_S, timeout_s / CHECK_SHARE)
    late: dict[int, str] = {}
    cut_short = False

    def work(index: int, sink: list[Judged]) -> None:
        facts.owner = get_ident()
        if index == 0:
            identify()
        elif not _deselected(tasks[index - 1]):
            if watch is not None:
                watch(_progress(tasks, index - 1))
            try:
                _judge(tasks[index - 1], facts, sink)
            except (Exception, SystemExit) as error:  # a rule of the check's own: the others go on
                sink.append(Judged(from_crash(tasks[index - 1].check, error, None), 0.0))

    def overran(index: int, over: bool) -> None:
        nonlocal cut_short
        facts.abandon(each_s)
        late[index] = f"the run's {timeout_s:g} s were over" if over else f"not judged within {each_s:g} s"
        cut_short = cut_short or over

    schedule = Schedule(len(tasks) + 1, work, overran, ends_at_once=request.ends_at_once)
    schedule.run(each_s, deadline)
    for index, task in enumerate(tasks, 1):
        sink = schedule.sinks[index]
        for done in [*sink, *_late(task, sink, late[index])] if index in late else sink:
            _add(finisher, task, done)
    return "timeout" if cut_short else "complete"


def _judge(asked: Task, facts: Facts, sink: list[Judged]) -> None:
    """One task, its fixes for those who are to do them."""
    selected = _selected(asked, facts, sink)
    task = None if selected is None else own_part(selected, facts, sink)
    if task is not None:
        judged(task, facts, sink)
    for place, done in enumerate(sink):
        if asked.check.by_release is not None and facts.get(Settings).by_caller:
            from nodecheck.running.release_aware import release_aware

            done = sink[place] = release_aware(done, asked.check, facts)
        if done.outcome.fix is not None:
            sink[place] = host_aware(done, asked.check, facts) or owner_aware(done, facts)


def _selected(task: Task, facts: Facts, sink: list[Judged]) -> Task | None:
    """What the node's phase leaves of a task. Most checks name no phase, and then nothing is read for it."""
    if not task.check.phases:
        return task
    from nodecheck.running.phase_aware import in_phase

    return in_phase(task, facts, sink)


def _add(finisher: Finisher, task: Task, done: Judged) -> None:
    """Add what a check said; ``unknown`` where that is no text, or nothing that a report can hold."""
    try:
        finisher.add(task, done)
    except (Exception, SystemExit) as error:
        finisher.add(task, Judged(from_crash(task.check, error, None), 0.0))


def _pointing(results: list[Result]) -> list[Result]:
    """The results, where one tells that a reboot is due with what the reboot changes. Most nodes wait for none."""
    if not any(result.check == REBOOT and result.status == Status.FAIL for result in results):
        return results
    from nodecheck.running.reboot_aware import pointing

    return pointing(results)


def _looked_back(
    results: list[Result], registry: Registry, facts: Facts, finisher: Finisher, deadline: float, request: Request
) -> list[Result]:
    """The results as the node's own present leaves them, and the digests that were asked for; where that does not end
    in time the results stay."""
    from nodecheck.running.contradictions import contradictions

    against, digests = contradictions(results), request.digests
    if not against and digests is None:
        return results

    def work(_: int, sink: list[Witnessed]) -> None:
        facts.owner = get_ident()
        if digests is not None:
            from nodecheck.running.looked_at import Digests

            known = Digests(facts.host)
            digests.update({name: known.of(facts.questions(used)) for name, used in finisher.used.items()})
        if against:
            from nodecheck.running.witness import witnessed

            sink.append(witnessed(against, finisher.used, registry.check, facts))

    schedule = Schedule(1, work, lambda _, __: facts.abandon(CHECK_MOST_S), ends_at_once=request.ends_at_once)
    schedule.run(CHECK_MOST_S, max(deadline, monotonic() + LOOK_BACK_S))
    for found in schedule.sinks[0]:
        results = [found.changed.get(result.id) or result for result in results]
        if request.explained is not None:
            request.explained.update(found.explained)
    return results


def _progress(tasks: list[Task], place: int) -> Progress:
    asked = [at for at, task in enumerate(tasks) if not _deselected(task)]
    return Progress(tasks[place].check.name, tasks[place].view, asked.index(place), len(asked))


def _deselected(task: Task) -> bool:
    """Whether a task had subjects, and all of them were deselected."""
    return task.subjects == () and bool(task.parameters[task.check.each or ""])


def _late(task: Task, sink: list[Judged], why: str) -> Iterable[Judged]:
    """``unknown`` for each subject that an overrun task did not come to, or for the check that finds its own."""
    if _deselected(task):
        return
    spoken = {done.outcome.subject for done in sink}
    subjects = [None] if not task.subjects else [subject.name for subject in task.subjects]
    for subject in [subject for subject in subjects if subject not in spoken]:
        message = f"{task.check.name} could not be judged: {why}"
        severity = task.check.default_severity
        yield Judged(Outcome(Status.UNKNOWN, message, subject, severity=severity, cause=Cause("timeout", why)), 0.0)


def _plugin_used(plugin: PluginInfo) -> PluginUsed:
    error = None if plugin.error is None else masked(plugin.error)
    return PluginUsed(plugin.name, plugin.version, plugin.status, error)


def _node(found: NodeIdentity, container: Container) -> Node:
    release = found.release
    told = (None, None, None) if release is None else (release.id, release.version, release.pretty_name)
    name = OsName(*[None if text is None else masked(text) for text in told])
    return Node(found.hostname, found.machine_id, found.boot_id, found.kernel, found.machine, name, container.kind)


def _source(host: Host) -> Source:
    made = host.captured
    return Source(host.kind, host.path) if made is None else Source(host.kind, host.path, made.at, made.kind)


def _privileged(host: Host) -> bool:
    """Whether who read the host could read everything; a capture that does not hold it says no."""
    try:
        return host.reader() == 0
    except FactError:
        return False


def _profile_used(request: Request, found: Target | None, phase: str | None) -> ProfileUsed:
    profile, told = request.profile, found or request.settings
    target = (told.role, told.kubernetes, told.proxy_mode, told.cni)
    return ProfileUsed(profile.name, profile.digest, *target, request.config, request.settings.phase or phase)


def _phase(facts: Facts) -> str | None:
    """The phase, where some check asked for it: else its module was not even imported."""
    home = sys.modules.get("nodecheck.facts.cluster.phase")
    kind = getattr(home, "NodePhase", None)  # None too while a thread that was given up still imports it
    found = None if kind is None else facts.known(kind)
    return None if found is None else found.name


def _rfc3339(seconds: float) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d}Z"


def _uuid4() -> str:
    raw = bytearray(os.urandom(16))
    raw[6] = (raw[6] & 0x0F) | 0x40
    raw[8] = (raw[8] & 0x3F) | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
