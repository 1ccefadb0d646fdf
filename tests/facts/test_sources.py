"""Every fact asks for nothing but what it declares, and declares nothing that it never asks for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pytest

import nodecheck.facts
from nodecheck.checking.declare import Check
from nodecheck.checking.judging import Judged, Subject, Task, judged
from nodecheck.checking.overheard import Overheard
from nodecheck.checking.store import Given
from nodecheck.errors import FactError
from nodecheck.facts.cluster.target import SiteNodes
from nodecheck.facts.distro.owners import HOSTS, KUBELET_CONFIG, Owners
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host, RootHost, exists
from nodecheck.model.sources import (
    AnySource,
    Dir,
    Exists,
    File,
    First,
    Named,
    Sources,
    Tree,
    UnitText,
    covers,
    declared,
    settled,
    told,
)
from nodecheck.record import NamedTuple
from nodecheck.requirements.asked import Settings
from nodecheck.running.owner_aware import owner_aware
from nodecheck.running.request import prepared
from tests.facts.odd_nodes import odd_nodes
from tests.fix.test_corpus import roots as corpus_roots
from tests.nodes import debian_node, rocky_node
from tests.reference import reference_node

PARTS = 4


@cache
def all_facts() -> tuple[type, ...]:
    """Every fact of nodecheck: each class with a ``read`` of its own."""
    found = {}
    for module in walk_packages(nodecheck.facts.__path__, "nodecheck.facts."):
        for item in vars(import_module(module.name)).values():
            if isinstance(item, type) and isinstance(vars(item).get("read"), classmethod):
                found[item.__name__] = item
    return tuple([found[name] for name in sorted(found)])


def subjects(check: Check, parameters: dict[str, Any]) -> tuple[Subject, ...] | None:
    """What a check is about, by the profile; None where the node tells."""
    listed = parameters[check.each] if check.each is not None else None
    if listed is None:
        return None
    return tuple([Subject(one, listed[one] if isinstance(listed, Mapping) else None) for one in listed])


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
            facts.told[Owners] += [owner_aware(one, facts).outcome.fix for one in done]
    for kind in all_facts():
        facts.value(kind)
    owners = facts.get(Owners)
    for path in (HOSTS, KUBELET_CONFIG):
        owners.of(path)
    owners.of_link("eth0")
    return facts


UNASKED = {
    "Addresses: *": "only a running node where netlink cannot be asked",
    "Links: /sys/class/net*": "only a running node where netlink cannot be asked",
    "Routes: /proc/net*": "only a running node where netlink cannot be asked",
    "Routes: /sys/class/net*": "only a running node where netlink cannot be asked",
    "SelinuxMode: /proc/filesystems": "only a running node that does not say what its missing selinuxfs is",
    "Listeners: /proc/thread-self/net/tcp*": "only a running kernel that refuses netlink",
    "UnixListeners: /proc/thread-self/net/unix": "only a running node whose first process hides its tables",
    "LegacyTables: /proc/net/ip*_tables_names": "only a running kernel before Linux 3.17",
    "LegacyTables: ip*tables-*save *": "only a running kernel with iptables' older tables",
    "NftTables: netlink nft_rules *": "only a running kernel that filters packets",
    "KubernetesTools: kubelet.service": "only a running node",
    "ThisBoot: *": "only a running node that systemd booted",
    "UnitLog: *": "only a running node that systemd booted",
    "RuntimeTools: *.service": "only a running node",
    "Daemons: *": "only a running node that systemd booted",
    "RebootMarks: /run/reboot-required.pkgs": "only a running node that waits for a reboot",
    "RebootMarks: /run/ostree/staged-deployment-locked": "only a running node with a staged deployment",
    "*: /proc/cpuinfo": "only a running node with a unit that asks for virtual machines",
    "*: /sys/class/dmi/id/sys_vendor": "only a running virtual machine with a unit that asks for its kind",
    "Container: /proc/bc": "only a running container of OpenVZ",
    "Container: /proc/1/[cs]*": "only a running container",
    "Container: /.dockerenv": "only a running node outside of the first namespaces",
    "Container: /run/.containerenv": "only a running node outside of the first namespaces",
    "Container: /proc/self/ns/*": "only a running node with a file of Docker's or podman's",
    "Container: /proc/self/uid_map": "only a running container",
    "Container: /sys/fs/cgroup/*": "only a running node without any other mark",
    "*: statvfs": "only a running container",
    "*: /dev/disk/*": "only a running node with a line of fstab whose file system is not mounted",
    "*: /etc/crypttab": "only a running node with a line of fstab whose file system is not mounted",
    "*: *.mount": "only a running node with a unit that needs what a mount unit mounts",
    "*: /sys/firmware/efi": "only a running node with a unit that asks for its firmware",
}
"""Sources that no tree here makes anybody ask for, and who does."""


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
    assert [problem for facts in scratch for problem in facts.undeclared()] == []


@pytest.mark.parametrize("part", range(PARTS))
def test_the_corpus_is_asked_for_nothing_else(corpus: Path, part: int) -> None:
    roots = corpus_roots(corpus)[part::PARTS]
    assert roots
    assert [f"{root}: {problem}" for root in roots for problem in overheard(root).undeclared()] == []


def test_every_source_is_asked_for_on_some_tree(scratch: tuple[Overheard, ...]) -> None:
    pairs = [(kind, source) for kind in all_facts() for source in declared(kind) or ()]
    unasked = {
        f"{kind.__name__}: {text}"
        for kind, source in pairs
        if not any(is_asked(source, kind, facts) for facts in scratch)
        for text in told(source)
    }
    everything = {f"{kind.__name__}: {text}" for kind, source in pairs for text in told(source)}

    assert [line for line in sorted(unasked) if not any(fnmatchcase(line, known) for known in UNASKED)] == []
    assert [known for known in UNASKED if not any(fnmatchcase(line, known) for line in everything)] == []


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

    assert list(facts.undeclared()) == ["Odd: read /etc/fstab", "Odd: read /etc/x-unnamed"]


DEBIAN_ROOT = os.environ.get("NODECHECK_DEBIAN_ROOT", "/var/tmp/nodecheck-debian-root")
"""A whole Debian in a directory (debootstrap, with a kernel and what a node has); without it a made one is measured."""

MOST_BYTES = 400_000


@pytest.fixture
def full_root(tmp_path: Path) -> Path:
    """A root with as many names as a full one has."""
    if (Path(DEBIAN_ROOT) / "usr/lib/os-release").is_file():
        return Path(DEBIAN_ROOT)
    (tmp_path / "node").mkdir()
    root = debian_node(tmp_path / "node")
    modules = next((root / "usr/lib/modules").iterdir()) / "kernel/drivers"
    for folder, count, name in (
        *[(modules / f"bus{bus}/class{bus}", 22, "vendor_specific_driver_{}.ko.xz") for bus in range(190)],
        (root / "usr/bin", 1600, "some-program-{}"),
        (root / "usr/sbin", 500, "some-daemon-{}"),
        (root / "usr/lib/systemd/system", 450, "some-daemon-{}.service"),
        (root / "usr/lib/systemd/system/multi-user.target.wants", 60, "some-daemon-{}.service"),
        (root / "usr/lib/udev/rules.d", 120, "60-some-rules-{}.rules"),
        (root / "etc/init.d", 60, "some-daemon-{}"),
        (root / "etc/rc2.d", 60, "S01some-daemon-{}"),
        (root / "var/lib/apt/lists", 60, "deb.example.org_dists_stable_main_binary-amd64_Packages_{}"),
    ):
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            (folder / name.format(number)).touch(0o755)
    return root


def test_all_sources_of_a_full_root_make_a_short_list(full_root: Path) -> None:
    facts = overheard(full_root)
    host = RootHost(str(full_root))
    listed = {
        line
        for kind in all_facts()
        for source in settled(declared(kind) or (), facts.value)
        for line in listing(host, source, facts)
    }

    assert len(listed) > 500
    assert sum(len(line.encode("utf-8", "surrogateescape")) + 1 for line in listed) <= MOST_BYTES


def listing(host: Host, source: AnySource, facts: Overheard) -> Iterator[str]:
    """What a source is on a host, a line for each path, and for a directory one with the names in it."""
    if isinstance(source, (File, Exists)):
        yield from globbed(host, source.path)
    elif isinstance(source, First):
        yield from (path for path in source.paths if there(host, path))
    elif isinstance(source, (Dir, Tree)):
        for folder in globbed(host, source.path):
            yield from below(host, folder, source)
    elif isinstance(source, UnitText):
        yield from (path for path in unit_paths(facts) if covers(source, "read", path))
    else:
        yield from told(source)


def globbed(host: Host, pattern: str) -> Iterator[str]:
    """The paths of a pattern that are there."""
    head, star, rest = pattern.partition("*")
    if not star:
        yield from (pattern for _ in range(there(host, pattern)))
        return
    folder, _, start = head.rpartition("/")
    end, slash, beyond = rest.partition("/")
    for name in names(host, folder):
        if fnmatchcase(name, f"{start}*{end}"):
            yield from globbed(host, f"{folder}/{name}{slash}{beyond}")


def below(host: Host, folder: str, source: Dir | Tree) -> Iterator[str]:
    """The names in a directory, and in those below it, as ``ls -R`` tells them; of a tree only what matches."""
    found = names(host, folder)
    if isinstance(source, Tree):
        yield from (f"{folder}/{name}" for name in found if fnmatchcase(name, source.pattern))
    elif found:
        yield f"{folder}: {' '.join(found)}"
    if source.depth > 1:
        for name in found:
            yield from below(host, f"{folder}/{name}", source._replace(depth=source.depth - 1))


def there(host: Host, path: str) -> bool:
    """Whether something is at a path that can be looked at."""
    try:
        return exists(host, path)
    except FactError:
        return False


def names(host: Host, folder: str) -> tuple[str, ...]:
    """The names in a directory; none in what is something else."""
    try:
        return host.names(folder)
    except FactError:
        return ()


def unit_paths(facts: Overheard) -> Iterator[str]:
    """The files of all units, and their drop-ins."""
    index = facts.get(UnitIndex)
    yield from (entry.path for entries in index.files.values() for entry in entries)
    yield from (f"{folder}/{name}" for folder, inside in index.links.items() for name in inside)
