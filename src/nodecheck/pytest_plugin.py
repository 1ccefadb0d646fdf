"""pytest plugin: each result of a node's report is a test item, ``nodecheck::swap[/dev/dm-1]@boot``.

It does nothing unless one of its options is given, and imports nothing of nodecheck before. What failed or could not be
judged at or above ``--nodecheck-fail-on`` fails the session; see ``docs/pytest.md``.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from nodecheck.model.outcomes import Result
    from nodecheck.report import Report

PREFIX = "nodecheck"

MOST_BYTES = 1 << 28
"""Of a report; one that is larger is cut, and so no JSON."""

_ONE = {
    "profile": ("NAME|FILE", "judge a node by this profile"),
    "root": ("DIR", "judge the file system in DIR instead of the live node"),
    "report": ("FILE", "take the results from a report that nodecheck run --json wrote, and judge nothing"),
    "role": ("ROLE", "control-plane or worker"),
    "kubernetes": ("1.34", "the Kubernetes release that the node is to run"),
    "proxy-mode": ("MODE", "kube-proxy's mode: ipvs, iptables, nftables, none"),
    "cni": ("NAME", "the network plugin"),
    "phase": ("PHASE", "image, install, join, upgrade or steady"),
    "view": ("VIEW", "now or boot"),
    "fail-on": ("LEVEL", "the least severity that fails: error (default), warning, info"),
    "timeout": ("SECONDS", "for the whole run of the checks"),
}
_MANY = {
    "select": ("S", "only these results (a selector; may be repeated)"),
    "ignore": ("S", "not these results (a selector; may be repeated)"),
    "waivers": ("FILE", "also heed these waivers (may be repeated)"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--nodecheck-…``: those of ``nodecheck run`` that say what to judge."""
    group = parser.getgroup(PREFIX, "nodecheck: each verdict on a Linux node is a test")
    for name, (metavar, text) in _ONE.items():
        group.addoption(f"--nodecheck-{name}", metavar=metavar, default=None, help=text)
    for name, (metavar, text) in _MANY.items():
        group.addoption(f"--nodecheck-{name}", metavar=metavar, action="append", default=[], help=text)


def _option(config: pytest.Config, name: str) -> Any:
    return config.getoption(f"--nodecheck-{name}")


def _asked(config: pytest.Config) -> bool:
    return any(_option(config, name) for name in (*_ONE, *_MANY))


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Load no conftest of the node's: at its start pytest loads those of the working directory and of its ``test*``."""
    root = _root(early_config.known_args_namespace.nodecheck_root)
    if root is None:
        return
    _refuse_inside(early_config, root, early_config.known_args_namespace.file_or_dir)
    manager: Any = early_config.pluginmanager  # there is no hook that a conftest passes before it is run
    name = "_loadconftestmodules" if hasattr(manager, "_loadconftestmodules") else "_getconftestmodules"  # until 8
    load = getattr(manager, name)

    def load_outside(path: Path, *more: Any, **named: Any) -> Any:
        return () if _inside(path, root) else load(path, *more, **named)

    setattr(manager, name, load_outside)


@pytest.hookimpl(tryfirst=True)
def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The node's own files are judged, never collected: collecting one runs it."""
    root = _root(_option(config, "root"))
    return True if root is not None and _inside(collection_path, root) else None


def _root(given: str | None) -> str | None:
    """Where the node's files lie, links followed; None for this machine, in which every file lies."""
    root = "/" if given is None else os.path.realpath(given)
    return None if root == "/" else root


def _inside(path: str | os.PathLike[str], root: str) -> bool:
    """Whether a path leads into the root, or through it."""
    whole = Path(os.path.abspath(path))
    return any(_below(os.path.realpath(place), root) for place in (whole, *whole.parents))


def _below(path: str, root: str) -> bool:
    return path == root or path.startswith(f"{root}/")


def _refuse_inside(config: pytest.Config, root: str, arguments: Iterable[str]) -> None:
    """Raise UsageError where pytest would take settings or tests out of the root: they are another's, and code."""
    here = config.invocation_params.dir
    looked = {
        "the working directory": here,
        "pytest's rootdir": config.rootpath,
        "pytest's inifile": config.inipath,
        **{f"the argument {word}": here / word.partition("::")[0] for word in arguments},
    }
    for name, path in looked.items():
        if path is not None and _inside(path, root):
            raise pytest.UsageError(
                f"nodecheck: {name} lies in --nodecheck-root={root}, whose files are judged and never run: "
                "start pytest outside of it, and write --nodecheck-root=DIR with its ="
            )


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, pytest.CollectReport]:
    """Add the node to what the session collects, whatever files were named."""
    ours = isinstance(collector, pytest.Session) and _asked(collector.config)
    if ours:
        _report(collector.config)  # a wrong option ends the session here, as pytest's own do
    report: pytest.CollectReport = yield
    if ours:
        node = NodeCollector.from_parent(collector, name=PREFIX, nodeid=PREFIX)
        report.result = [*(report.result or ()), node]
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the controller's report to a worker of pytest-xdist: all workers must collect the same items."""
    if _asked(node.config):
        node.workerinput["nodecheck_report"] = _report(node.config).to_json()


_KEY = pytest.StashKey["Report"]()


def _report(config: pytest.Config) -> Report:
    """The report of this session, made once. Raises pytest.UsageError."""
    import nodecheck

    if _KEY not in config.stash:
        handed = getattr(config, "workerinput", {}).get("nodecheck_report")
        try:
            config.stash[_KEY] = _judged(config) if handed is None else nodecheck.Report.from_json(handed)
        except nodecheck.NodecheckError as error:
            raise pytest.UsageError(f"nodecheck: {error}") from error
        except OSError as error:
            raise pytest.UsageError(f"nodecheck: {error.filename}: {error.strerror or error}") from error
    return config.stash[_KEY]


def _judged(config: pytest.Config) -> Report:
    import nodecheck

    path = _option(config, "report")
    if path is not None:
        from nodecheck.reading import read_file

        return nodecheck.Report.from_json(read_file(path, MOST_BYTES))
    given = {name.replace("-", "_"): _option(config, name) for name in (*_ONE, *_MANY)}
    given.pop("report")
    given = {name: value for name, value in given.items() if value is not None}
    if "timeout" in given:
        given["timeout"] = _seconds(given["timeout"])
    return nodecheck.run(**given)


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise pytest.UsageError(f"--nodecheck-timeout: expected seconds, found {text!r}") from None


def pytest_configure(config: pytest.Config) -> None:
    """Refuse arguments in the root, ``testpaths`` too; where pytest takes names apart, keep ours whole."""
    root = _root(_option(config, "root"))
    if root is not None:
        _refuse_inside(config, root, config.args)
    if _asked(config):
        config.pluginmanager.register(_Names(config), "nodecheck-names")


class _Names:
    """pytest 9.2 takes what follows the first ``[`` of a name for parameters: ``swap[x]@boot`` is shown as ``…@boot]``.

    Its own classes are asked for only there, and guarded: names alone depend on it.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_logreport(self, report: Any) -> Generator[None, Any, Any]:
        """Give JUnit XML the exact name before, and the terminal's summary after all others have seen the report."""
        ours = hasattr(report, "_id") and report.nodeid.startswith(f"{PREFIX}::")
        name = report.nodeid.partition("::")[2]
        if ours:
            self._name_in_xml(report, name)
        told = yield
        if ours:
            report._id = type(report._id)(path=PREFIX, names=(name,))
        return told

    def _name_in_xml(self, report: Any, name: str) -> None:
        try:
            from _pytest.junitxml import xml_key
        except ImportError:
            return
        xml = self._config.stash.get(xml_key, None)
        if xml is not None:
            xml.node_reporter(report).add_attribute("name", name)


class NodeCollector(pytest.Collector):
    """A node: its results are its tests, in the report's order."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item a result, and one that fails where nothing at all was judged."""
        report = _report(self.config)
        fail_on = _option(self.config, "fail-on") or report.run.fail_on
        for result in report.results:
            # The id is given, so that --last-failed compares what it reads with what it read.
            yield Verdict.from_parent(
                self, name=result.id, nodeid=f"{PREFIX}::{result.id}", result=result, fail_on=fail_on
            )
        if report.exit_code == 3 and not report.summary.coverage:
            yield Nothing.from_parent(self, name="something-was-judged")


class _Item(pytest.Item):
    def reportinfo(self) -> tuple[str, int, str]:
        """Where the test is: no file is."""
        return PREFIX, 0, self.name


class Nothing(_Item):
    """No evidence, no pass: a run that judged nothing fails."""

    def runtest(self) -> None:
        """Always fails."""
        pytest.fail("nothing at all was judged: no result is pass, fail or waived", pytrace=False)


class Verdict(_Item):
    """One result: ``fail`` fails, ``unknown`` is an error, ``skip`` and ``waived`` are skipped.

    Below the severity that fails, a failure is an expected one (xfail) and an ``unknown`` is skipped.
    """

    def __init__(self, *, result: Result, fail_on: str, **more: Any) -> None:
        super().__init__(**more)
        self.result = result
        self.counts = result.severity.reaches(fail_on)
        self.extra_keyword_matches.update(result.tags)
        self.user_properties.extend(
            [
                ("id", result.id),
                ("status", result.status.value),
                ("severity", result.severity.value),
                ("fingerprint", result.fingerprint),
            ]
        )

    def setup(self) -> None:
        """Leave out what does not apply; what could not be judged is an error, not a failure."""
        result = self.result
        if result.status == "unknown" and self.counts:
            pytest.fail(_told(result), pytrace=False)
        if result.status in ("unknown", "skip"):
            code = "unknown" if result.cause is None else result.cause.code
            _skip(f"{result.message} ({code})")
        if result.status == "waived" and result.waiver is not None:
            from nodecheck.text import printable

            waiver = result.waiver
            _skip(printable(f"waived until {waiver.expires} by {waiver.owner}: {waiver.reason}; {result.message}"))

    def runtest(self) -> None:
        """Fail where the result does."""
        if self.result.status != "fail":
            return
        if self.counts:
            pytest.fail(_told(self.result), pytrace=False)
        pytest.xfail(f"{self.result.severity}: {self.result.message}")


def _skip(reason: str) -> None:
    raise pytest.skip.Exception(reason, _use_item_location=True)


def _told(result: Result) -> str:
    """The message, then what was expected, what was found and where, and the fix."""
    from itertools import dropwhile

    from nodecheck.render.details import LABELS, details
    from nodecheck.render.style import Style

    lines = [line for block in details([result], Style()) for line in block]
    body = dropwhile(lambda line: line.startswith(" " * LABELS), lines[1:])
    return "\n".join([f"{result.message} ({result.severity})", *body])
