"""The checks whose sources are drilled, and the facts that they need."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from nodecheck.checking.declare import Check
from nodecheck.host import Host
from nodecheck.model.needs import Need
from nodecheck.model.sources import declared
from tests.drill.search import REGISTRY, Asked, View, Watched, named, needed, needs, shows, sources, views
from tests.drill.witnesses import MADE, Witness
from tests.facts.test_sources import all_facts

CHECKS = (
    "cgroup-controller", "cgroup-driver", "kubelet-config", "kubelet-defaults", "static-pod", "shutdown-inhibit",
    "runtime-config", "runtime-version", "filesystem", "cpu-count", "memory", "disk-free", "inodes-free",
    "kernel-config", "kernel-next", "module-tree", "leftover", "certificate", "cni-config", "mount-options",
    "mount-propagation", "path-access", "product-uuid", "machine-id", "mac-address", "image-identity", "reboot-pending",
    "running-version", "removed-setting",
)  # fmt: skip

VIEWS: tuple[View, ...] = tuple([view for view in views() if view[0].name in CHECKS])


def _facts() -> tuple[type, ...]:
    assert set(CHECKS) <= set(REGISTRY.checks)
    found = {fact.__name__: fact for view in VIEWS for fact in needed(view)}
    return tuple([found[name] for name in sorted(found)])


FACTS = _facts()


def made_of(fact: type) -> tuple[type, ...]:
    """The facts that its reader asks for."""
    return _facts_of(needs(fact))


def asked_by(view: View) -> tuple[type, ...]:
    """The facts that a check asks for itself, in one view."""
    check: Check = view[0]
    return _facts_of((*check.judges[view[1]].needs, *check.severity_needs, *check.otherwise_needs))


def _facts_of(several: tuple[Need, ...]) -> tuple[type, ...]:
    found = {need.fact: None for need in several if need.name not in ("subject", "wanted", "named")}
    return tuple([fact for fact in found if fact is not Host and declared(fact) is not None])


@cache
def below(fact: type) -> tuple[type, ...]:
    """A fact and all that it is made of, the nearest first."""
    found = [fact]
    for one in found:
        found += [other for other in made_of(one) if other not in found]
    return tuple(found)


@cache
def by_name() -> dict[str, Watched]:
    """Facts, and checks in each view."""
    found: list[Watched] = [*all_facts(), *views()]
    return {named(what): what for what in found}


def holds(nodes: Mapping[str, Asked], one: Witness) -> bool:
    """Whether what is watched still changes on the node by what is done to the source."""
    name, text = one.source.split(": ", 1) if one.kind == MADE else (one.fact, one.source)
    fact = by_name().get(name)
    node, what = nodes.get(one.node), by_name().get(one.what)
    source = sources(fact).get(text) if isinstance(fact, type) else None
    if not isinstance(fact, type) or source is None or node is None or what is None:
        return False
    found = shows(node, fact, source, what)
    return any(found) if one.kind == MADE else getattr(found, one.kind) is not None
