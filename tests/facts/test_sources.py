"""Every fact asks for nothing but what it declares, and declares nothing that it never asks for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pytest

import nodecheck.facts
from nodecheck.checking.declare import Check
from nodecheck.checking.judging import Judged, Task, judged
from nodecheck.checking.store import Facts, Given
from nodecheck.errors import FactError
from nodecheck.facts.cluster.target import Settings, SiteNodes
from nodecheck.facts.distro.owners import HOSTS, KUBELET_CONFIG, Owners
from nodecheck.host import Host, RootHost
from nodecheck.model.needs import Need
from nodecheck.model.sources import (
    AnySource,
    Each,
    Exists,
    Named,
    Sources,
    Tree,
    covers,
    declared,
    settled,
    told,
)
from nodecheck.record import NamedTuple
from nodecheck.running.owner_aware import owner_aware
from nodecheck.running.request import prepared
from tests.facts.odd_nodes import odd_nodes
from tests.fix.test_corpus import roots as corpus_roots
from tests.nodes import debian_node, rocky_node
from tests.reference import reference_node

PARTS = 4

NO_QUESTIONS = ("kind", "path", "seen", "note")
"""What else a host, and the recorder around it, has."""


def all_facts() -> list[type]:
    """Every fact of nodecheck: each class with a ``read`` of its own."""
    found = {}
    for module in walk_packages(nodecheck.facts.__path__, "nodecheck.facts."):
        for item in vars(import_module(module.name)).values():
            if isinstance(item, type) and isinstance(vars(item).get("read"), classmethod):
                found[item.__name__] = item
    return [found[name] for name in sorted(found)]


class Question(NamedTuple):
    """One call of a host."""

    verb: str
    subject: object


class Heard:
    """A host that tells each question and each answer before it passes it on."""

    def __init__(self, host: Host, hear: Callable[[Question, object], None]) -> None:
        self._host, self._hear = host, hear

    def __getattr__(self, verb: str) -> Any:
        asked = getattr(self._host, verb)
        if verb in NO_QUESTIONS:
            return asked

        def ask(*subject: Any, **options: Any) -> Any:
            several = [Question("run", argv) for argv in subject[0]] if verb == "run_all" else []
            for question in several or [Question(verb, subject[0] if subject else "")]:
                self._hear(question, None)
            answer = asked(*subject, **options)
            self._hear(Question(verb, subject[0] if subject else ""), answer)
            return answer

        return ask


class Overheard(Facts):
    """Facts that keep what each of them asked, and all that they were told."""

    def __init__(self, host: Host, given: tuple[Given, ...]) -> None:
        super().__init__(host, given)
        self.asked: dict[type, dict[Question, None]] = defaultdict(dict)
        self.told: list[object] = []
        self._asking: list[type] = []

    def get(self, kind: type[Any]) -> Any:
        self._asking.append(kind)
        try:
            return super().get(kind)
        finally:
            self._asking.pop()

    def bound(self, need: Need, host: Host | None = None) -> Any:
        found = super().bound(need, host)
        if need.fact is not Host:
            return found
        kind = self._asking[-1]

        def hear(question: Question, answer: object) -> None:
            if question.verb != "run_all":
                self.asked[kind][question] = None
            self.told.append(answer)

        return Heard(found, hear)

    def value(self, kind: type) -> object:
        """The fact, None where it cannot be had."""
        try:
            return self.get(kind)
        except FactError:
            return None


def subjects(check: Check, parameters: dict[str, Any]) -> tuple[tuple[str, str | None], ...] | None:
    """What a check is about, by the profile; None where the node tells."""
    listed = parameters[check.each] if check.each is not None else None
    if listed is None:
        return None
    return tuple([(one, listed[one] if isinstance(listed, Mapping) else None) for one in listed])


def overheard(root: Path | None) -> Overheard:
    """All checks of the default profile over a tree (None: the live host), and each fact by itself."""
    host, registry, request = prepared(
        root=root, profile="kubernetes", role=None, kubernetes=None, proxy_mode=None, cni=None, select=(),
        ignore=(), view=None, fail_on=None, timeout=60.0, waivers=(),
    )  # fmt: skip
    given = (Given(Settings, request.settings), Given(SiteNodes, SiteNodes()))
    facts = Overheard(host, given)
    for check in registry.all_checks():
        parameters = {name: default for name, (_, default) in check.parameters.items()}
        parameters.update(request.profile.checks.get(check.name, {}))
        for view in check.views:
            done: list[Judged] = []
            judged(Task(check, view, parameters, subjects(check, parameters)), facts, done)
            facts.told += [owner_aware(one, facts).outcome.fix for one in done]
    for kind in all_facts():
        facts.value(kind)
    owners = facts.get(Owners)
    for path in (HOSTS, KUBELET_CONFIG):
        owners.of(path)
    owners.of_link("eth0")
    return facts


_WITHIN: set[tuple[type, Question]] = set()
"""Questions that sources cover which are the same for every node."""


def undeclared(facts: Overheard) -> Iterator[str]:
    """What facts asked without having declared it."""
    for kind, asked in facts.asked.items():
        sources = declared(kind) or ()
        fixed = [source for source in sources if not isinstance(source, (Each, Named))]
        exact = settled([source for source in sources if isinstance(source, Each)], facts.value)
        for question in asked:
            if (kind, question) in _WITHIN:
                continue
            if any(covers(source, *question) for source in fixed):
                _WITHIN.add((kind, question))
            elif not any(covers(source, *question) for source in exact) and not is_named(question, sources, facts):
                yield f"{kind.__name__}: {question.verb} {question.subject}"


def is_named(question: Question, sources: Sources, facts: Overheard) -> bool:
    """Whether a path may be named by what is read, and is: its last part stands in something that was told."""
    path = question.subject
    if not isinstance(path, str) or not any(isinstance(s, Named) and covers(s, *question) for s in sources):
        return False
    name = path.rstrip("/").rpartition("/")[2]
    raw = name.encode("utf-8", "surrogateescape")
    return any(raw in told if isinstance(told, bytes) else name in str(told) for told in facts.told)


UNASKED = {
    "Listeners": "only a running kernel that refuses netlink is asked by files of this thread",
    "LegacyTables": "only a running kernel with iptables' older tables has them listed",
    "NftTables": "only a running kernel that filters is asked for the rules of a chain",
    "KubernetesTools": "only on a running node a unit tells where the kubelet lies",
    "RuntimeTools": "only on a running node a unit tells where a runtime lies",
}
"""Facts some of whose sources no tree here makes them ask for, and why."""


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> tuple[Overheard, ...]:
    """What was asked on the trees that tests make, and on the live host."""
    base = tmp_path_factory.mktemp("nodes")
    made = []
    for build in (debian_node, rocky_node, reference_node):
        (base / build.__name__).mkdir()
        made.append(build(base / build.__name__))
    roots = (*made, *odd_nodes(base / "odd"), None)
    return tuple([overheard(root) for root in roots])


def test_every_fact_declares_its_sources() -> None:
    assert [kind.__name__ for kind in all_facts() if declared(kind) is None] == []


def test_scratch_nodes_and_the_live_host_are_asked_for_nothing_else(scratch: tuple[Overheard, ...]) -> None:
    assert [problem for facts in scratch for problem in undeclared(facts)] == []


@pytest.mark.parametrize("part", range(PARTS))
def test_the_corpus_is_asked_for_nothing_else(corpus: Path, part: int) -> None:
    roots = corpus_roots(corpus)[part::PARTS]
    assert roots
    assert [f"{root}: {problem}" for root in roots for problem in undeclared(overheard(root))] == []


def test_every_source_is_asked_for_on_some_tree(scratch: tuple[Overheard, ...]) -> None:
    unasked = {
        f"{kind.__name__}: {told(source)}"
        for kind in all_facts()
        for source in declared(kind) or ()
        if not any(is_asked(source, kind, facts) for facts in scratch)
    }

    assert [line for line in sorted(unasked) if line.partition(":")[0] not in UNASKED] == []


def is_asked(source: AnySource, kind: type, facts: Overheard) -> bool:
    """Whether a fact asked for something of one source."""
    exact = settled((source,), facts.value)
    return any(covers(one, *question) for one in exact for question in facts.asked.get(kind, ()))


def test_no_tree_has_more_files_than_declared(scratch: tuple[Overheard, ...]) -> None:
    for facts in scratch:
        for kind, asked in facts.asked.items():
            for source in declared(kind) or ():
                if isinstance(source, Tree):
                    read = {question for question in asked if question.verb == "read" and covers(source, *question)}
                    assert len(read) <= source.most, (kind, source)


def test_what_is_not_declared_is_told(tmp_path: Path) -> None:
    class Odd(NamedTuple):
        """Reads more than it declares, and follows a name that nothing names."""

        @classmethod
        def reads(cls) -> Sources:
            return (Exists("/etc/fstab"), Named("nothing"))

        @classmethod
        def read(cls, host: Host) -> Odd:
            for path in ("/etc/fstab", "/etc/x-unnamed"):
                host.read(path)
            return cls()

    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/fstab").write_text("")
    facts = Overheard(RootHost(str(tmp_path)), ())
    facts.value(Odd)

    assert list(undeclared(facts)) == ["Odd: read /etc/fstab", "Odd: read /etc/x-unnamed"]
