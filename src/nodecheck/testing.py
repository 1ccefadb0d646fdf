"""Nodes for tests: trees of files, recorded answers, one check judged alone, and assertions on verdicts.

For the tests of plugins and for our own; ``import nodecheck`` does not import it. A *node* is a directory that holds a
node's files, a host (:func:`replay`, :func:`record`), or None for the machine that the test runs on.

>>> from nodecheck.testing import assert_verdicts, judge, write_tree
>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     node = write_tree(folder, {"/etc/fstab": "/dev/sda2 none swap sw 0 0\\n"})
...     assert_verdicts(judge("swap", node), {"swap[/dev/sda2]@boot": "fail"})
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Union

from nodecheck.api import run as run_nodecheck
from nodecheck.api import site_of
from nodecheck.capturing.complete import captured
from nodecheck.capturing.files import packed, read_capture
from nodecheck.checking.declare import Check
from nodecheck.checking.judging import judged as judge_task
from nodecheck.checking.overheard import Overheard
from nodecheck.checking.store import Given
from nodecheck.errors import ProfileError, UsageError
from nodecheck.facts.cluster.target import SiteNodes
from nodecheck.host import Host, open_host
from nodecheck.host.recording import RecordingHost
from nodecheck.host.replay import ReplayHost
from nodecheck.model.outcomes import Result
from nodecheck.plugins import Registry, load
from nodecheck.profile.validate import validate_parameters
from nodecheck.record import NamedTuple
from nodecheck.report import Report
from nodecheck.requirements.asked import Settings
from nodecheck.running.engine import run as judged
from nodecheck.running.engine import tasks_of
from nodecheck.running.request import Request, prepared

__all__ = [
    "Node",
    "RecordingHost",
    "ReplayHost",
    "TreeDirectory",
    "TreeFile",
    "TreeLink",
    "assert_declared",
    "assert_replays",
    "assert_verdicts",
    "capture_of",
    "judge",
    "record",
    "replay",
    "run",
    "write_tree",
]

Node = Union["str | os.PathLike[str]", Host, None]
"""A directory that holds a node's files, a host, or None for this machine."""

_VARIES = ("id", "started_at", "finished_at", "duration_s", "source")
"""Keys of a report's ``run`` that two reports of one node do not have in common."""


class TreeFile(NamedTuple):
    """A file of a tree, with its permission bits."""

    content: str | bytes = ""
    mode: int = 0o644


class TreeLink(NamedTuple):
    """A symbolic link of a tree; an absolute target is a path of the node."""

    target: str


class TreeDirectory(NamedTuple):
    """A directory of a tree, with its permission bits."""

    mode: int = 0o755


Entry = Union[str, bytes, TreeFile, TreeLink, TreeDirectory]


def write_tree(root: str | os.PathLike[str], entries: Mapping[str, Entry]) -> Path:
    """Write a node's files below the directory ``root``, which is made where it is not there, and return it.

    ``entries`` maps paths of the node to texts, or to a :class:`TreeFile`, :class:`TreeLink` or
    :class:`TreeDirectory`. Directories on the way are made; files that are there are written over. Modes are set
    after everything is written.
    """
    base, modes = Path(root), list[tuple[Path, int]]()
    base.mkdir(parents=True, exist_ok=True)
    for name, entry in entries.items():
        path = base / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(entry, TreeLink):
            path.symlink_to(entry.target)
        elif isinstance(entry, TreeDirectory):
            path.mkdir(exist_ok=True)
            modes.append((path, entry.mode))
        else:
            file = entry if isinstance(entry, TreeFile) else TreeFile(entry)
            path.write_bytes(file.content if isinstance(file.content, bytes) else file.content.encode())
            modes.append((path, file.mode))
    for path, mode in reversed(modes):
        path.chmod(mode)
    return base


def record(node: Node = None) -> RecordingHost:
    """A host that answers as the node does and keeps what it was asked: ``to_data()`` gives it, for JSON.

    Raises :class:`nodecheck.UsageError` where the node is a directory that cannot be opened.
    """
    return RecordingHost(_host(node))


def replay(recorded: Mapping[str, Any] | str | bytes) -> ReplayHost:
    """The host of recorded answers: what ``to_data()`` gave, or JSON of it.

    What was not asked when it was recorded is ``unknown``, with the cause ``not-captured``. Raises
    :class:`nodecheck.UsageError` for what is no recording.
    """
    if isinstance(recorded, (str, bytes)):
        try:
            recorded = json.loads(recorded)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"not a recording of a host: {error}") from error
    if not isinstance(recorded, Mapping):
        raise UsageError("not a recording of a host: not an object")
    return ReplayHost(recorded)


def capture_of(node: Node = None) -> Host:
    """The host of a capture of the node, written and read again: what a check finds where it never runs.

    It holds what any installed check may ask; judge one that is not installed from :func:`record`.
    """
    return read_capture(packed(captured(_host(node), load())), "a capture")


def run(node: Node = None, **options: Any) -> Report:
    """Judge a node, by the options of :func:`nodecheck.run` but ``root`` and ``capture``; raises what that raises."""
    return _report(node, load(), {}, options)


def judge(
    check: str | Check,
    node: Node = None,
    *,
    parameters: Mapping[str, Any] | None = None,
    readers: Mapping[type, Callable[..., Any]] | None = None,
    **options: Any,
) -> Report:
    """Judge one check alone, in all its views, by the options of :func:`run`.

    ``check`` is the name of an installed check, or what ``@check`` made, installed or not. ``parameters`` are those of
    the profile, by their names there (``{"require": [...]}``), and as strictly validated. ``readers`` read fact types
    that have no ``read`` of their own, as the hook ``nodecheck_facts`` gives them. ``select=`` narrows what is judged.

    Raises :class:`nodecheck.UsageError` for a parameter that the check does not take or of another type, and what
    :func:`nodecheck.run` raises.
    """
    host, registry, request = _asked(check, node, parameters, readers, options)
    return judged(host, registry, request)


def assert_declared(
    check: str | Check,
    node: Node = None,
    *,
    parameters: Mapping[str, Any] | None = None,
    readers: Mapping[type, Callable[..., Any]] | None = None,
    **options: Any,
) -> None:
    """Raise AssertionError where a fact of the check asks the node for what its ``reads`` does not declare.

    The check is judged in all its views, as by :func:`judge`. What no view asks of this node cannot be seen: give
    nodes on which the fact reads all that it may read.
    """
    host, registry, request = _asked(check, node, parameters, readers, options)
    given = (Given(Settings, request.settings), Given(SiteNodes, SiteNodes(request.profile.nodes)))
    facts = Overheard(host, given, registry.readers)
    name = check if isinstance(check, str) else check.name
    for task in tasks_of(registry.check(name), request):
        judge_task(task, facts, [])
    problems = list(facts.undeclared())
    if problems:
        raise AssertionError("\n".join([f"asked for, and not declared in reads: {problem}" for problem in problems]))


def assert_verdicts(found: Report | Iterable[Result], expected: Mapping[str, str]) -> None:
    """Raise AssertionError unless each id has the status that is expected of it; others are not looked at.

    The error names every id that differs, with what was said of it and on what evidence.
    """
    by_id = {result.id: result for result in found}
    wrong = [
        _told(name, status, by_id.get(name)) for name, status in expected.items() if _status(by_id.get(name)) != status
    ]
    if wrong:
        others = ", ".join(sorted(set(by_id) - set(expected))) or "none"
        raise AssertionError("\n".join([*wrong, f"other results: {others}"]))


def assert_replays(node: Node = None, **options: Any) -> ReplayHost:
    """Raise AssertionError unless the node, recorded and replayed by way of JSON, has the same report but for the
    run's id, times and source. Returns the replay."""
    recording = record(node)
    first = comparable(run(recording, **options))
    host = replay(json.dumps(recording.to_data()))
    second = comparable(run(host, **options))
    if first != second:
        raise AssertionError(f"a replay of {recording.path} differs: {first_difference(first, second)}")
    return host


def _host(node: Node) -> Host:
    if node is None or isinstance(node, (str, os.PathLike)):
        return open_host(None if node is None else os.fspath(node))
    return node


def _report(node: Node, registry: Registry, parameters: Mapping[str, Any], options: Mapping[str, Any]) -> Report:
    return judged(*_request(node, registry, parameters, options))


def _request(
    node: Node, registry: Registry, parameters: Mapping[str, Any], options: Mapping[str, Any]
) -> tuple[Host, Registry, Request]:
    known: dict[str, Any] = {**(run_nodecheck.__kwdefaults__ or {}), **options}
    site = site_of(known.pop("config"))
    known.pop("capture", None)
    host, registry, request = prepared(**known, site=site, host=_host(node), registry=registry)
    profile = request.profile
    checks = {name: {**profile.checks.get(name, {}), **values} for name, values in parameters.items()}
    return host, registry, request._replace(profile=profile._replace(checks={**profile.checks, **checks}))


def _asked(
    check: str | Check,
    node: Node,
    parameters: Mapping[str, Any] | None,
    readers: Mapping[type, Callable[..., Any]] | None,
    options: dict[str, Any],
) -> tuple[Host, Registry, Request]:
    """What the engine gets for one check alone. Raises UsageError."""
    registry = _with(check, readers or {})
    name = check if isinstance(check, str) else check.name
    options.setdefault("select", [name])
    if name in registry.checks:  # where it is not, the selection says so
        try:
            validate_parameters(registry.check(name), parameters or {})
        except ProfileError as error:
            raise UsageError(f"parameters: {error}") from error
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in (parameters or {}).items()}
    return _request(node, registry, {name: given}, options)


def _with(check: str | Check, readers: Mapping[type, Callable[..., Any]]) -> Registry:
    """The installed checks, with one more or one in the place of its namesake."""
    installed, registry = load(), Registry()
    for name, known in vars(installed).items():
        setattr(registry, name, known.copy())
    registry.readers.update(readers)
    if isinstance(check, Check):
        registry.checks[check.name] = check
        registry.owners[check.name] = check.plugin or "testing"
    return registry


def _status(result: Result | None) -> str | None:
    return None if result is None else result.status.value


def _told(name: str, status: str, result: Result | None) -> str:
    if result is None:
        return f"{name}: expected {status}, found no such result"
    evidence = "; ".join(f"{item.source} {item.locator or ''}: {item.value!r}" for item in result.evidence)
    return f"{name}: expected {status}, found {result.status}: {result.message} [{evidence or 'no evidence'}]"


def first_difference(one: list[str], other: list[str]) -> str:
    for place, line in enumerate(one):
        found = other[place] if place < len(other) else "nothing"
        if found != line:
            return f"{line.strip(' ')} became {found.strip(' ')}"
    return f"{other[len(one)].strip(' ')} came at the end"


def comparable(report: Report) -> list[str]:
    """What two reports of one node have in common, line by line."""
    document = report.to_dict()
    document["run"] = {name: value for name, value in document["run"].items() if name not in _VARIES}
    for result in document["results"]:
        del result["duration_s"]
    return json.dumps(document, indent=1).split("\n")
