"""Each source of each check in turn spoilt: what cannot be read is ``unknown``, nothing crashes, hangs or passes by it.

The sources are found by watching what each check reads on healthy nodes. By default each fault meets every fourth
source, starting elsewhere for each fault and node; ``NODECHECK_ALL_FAULTS=1`` in the environment asks for the whole
product (about 2,000 runs).
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import cache
from itertools import count
from pathlib import Path
from time import process_time
from typing import NamedTuple

import pytest

import nodecheck
from nodecheck import Report
from nodecheck.checking.judging import Judged, judged
from nodecheck.checking.store import Facts, Given
from nodecheck.host.base import MIB
from nodecheck.host.root import RootHost
from nodecheck.plugins import load
from nodecheck.profile.load import load_profile
from nodecheck.requirements.asked import Settings
from nodecheck.running.engine import _tasks
from nodecheck.running.finish import Finisher
from nodecheck.running.request import DEFAULT_PROFILE, Request, selection_of
from tests.nodes import debian_node, rocky_node
from tests.reference import reference_node

NOBODY = 65534
SLOW_S = 5.0
STEP = 1 if os.environ.get("NODECHECK_ALL_FAULTS") else 4

Task = tuple[str, str]
"""Check and view."""


class Tree(NamedTuple):
    """A healthy node, what it is judged by, its report, and which tasks read which places."""

    root: Path
    profile: str
    healthy: Report
    readers: dict[str, frozenset[Task]]
    evidence: dict[str, frozenset[str]]
    """Which places each result names."""


NODES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "centos7": (reference_node, "centos7-kubeadm-1.17"),
    "debian13": (debian_node, DEFAULT_PROFILE),
    "rocky9": (rocky_node, DEFAULT_PROFILE),
}


class Watched(RootHost):
    """A root that remembers what could be read or listed in it."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.sources: set[str] = set()

    def read(self, path: str, limit: int = MIB) -> bytes:
        raw = super().read(path, limit)
        self.sources.add(path)
        return raw

    def read_at(self, path: str, offset: int, size: int) -> bytes:
        raw = super().read_at(path, offset, size)
        self.sources.add(path)
        return raw

    def names(self, path: str) -> tuple[str, ...]:
        names = super().names(path)
        self.sources.add(path)
        return names

    def links(self, path: str) -> tuple[tuple[str, str | None], ...]:
        links = super().links(path)
        self.sources.add(path)
        return links


def sources_of(root: Path, profile_name: str) -> dict[str, frozenset[Task]]:
    """Which tasks read which places, each task asked alone."""
    registry, readers = load(), dict[str, set[Task]]()
    profile = load_profile(profile_name, registry)
    settings = Settings(profile.role, profile.kubernetes, profile.proxy_mode, profile.cni, profile.runtime)
    request = Request(profile, settings, selection_of(registry, (), profile.ignore, None), "error", 30.0)
    for task in _tasks(registry, request, Finisher(profile, request.selection)):
        host, sink = Watched(str(root)), list[Judged]()
        judged(task, Facts(host, [Given(Settings, settings)], registry.readers), sink)
        for path in host.sources:
            readers.setdefault(place_of(root, path), set()).add((task.check.name, task.view))
    return {place: frozenset(tasks) for place, tasks in readers.items() if place != "/dev/null"}


def place_of(root: Path, path: str) -> str:
    """The path with all links in it followed, inside the root."""
    left, done = path.split("/")[::-1], list[str]()
    for _ in range(400):
        if not left:
            break
        name = left.pop()
        if name in ("", "."):
            continue
        if name == "..":
            del done[-1:]
            continue
        here = root.joinpath(*done, name)
        if here.is_symlink():
            target = os.readlink(here)
            if target.startswith("/"):
                done = []
            left.extend(target.split("/")[::-1])
        else:
            done.append(name)
    return "/" + "/".join(done)


@pytest.fixture(scope="module")
def trees() -> Iterator[Callable[[str], Tree]]:
    """The nodes, each in a directory that any user may enter."""
    base = Path(tempfile.mkdtemp(prefix="nodecheck-faults-"))
    base.chmod(0o755)

    @cache
    def tree(name: str) -> Tree:
        build, profile = NODES[name]
        root = base / name
        root.mkdir()
        build(root)
        report = nodecheck.run(root=root, profile=profile)
        said = {
            result.id: frozenset(place_of(root, item.source) for item in result.evidence if item.value is not None)
            for result in report
        }
        return Tree(root, profile, report, sources_of(root, profile), said)

    yield tree
    shutil.rmtree(base)


def huge(place: Path) -> None:
    with place.open("wb") as file:
        file.truncate(1 << 30)


def other_kind(place: Path) -> None:
    """A directory for a file; a file for a directory is made by :func:`spoilt`."""
    place.mkdir()


HARD: dict[str, Callable[[Path], None]] = {
    "denied": lambda place: place.chmod(0),
    "other kind": other_kind,
    "fifo": os.mkfifo,
    "1 GiB": huge,
    "link loop": lambda place: place.symlink_to(place.name),
}
"""What leaves nothing to read."""

_NOISE = random.Random(12).randbytes(4096)

SOFT: dict[str, Callable[[bytes], bytes | None]] = {
    "removed": lambda raw: None,
    "empty": lambda raw: b"",
    "truncated": lambda raw: raw[: len(raw) * 2 // 3],
    "noise": lambda raw: _NOISE,
    "noise after": lambda raw: raw + _NOISE,
    "NULs": lambda raw: bytes(1 << 16),
    "long line": lambda raw: b"a" * 900_000,
    "brackets": lambda raw: b"[{(\"'" * 20_000,
    "many lines": lambda raw: raw + b"\n = x\n" * 100_000,
}
"""What the bytes of a file become."""

_numbers = count()


@contextmanager
def spoilt(root: Path, place: Path, fault: str) -> Iterator[None]:
    """The place with the fault in it; afterwards as it was."""
    if fault == "denied":
        mode = place.stat().st_mode & 0o7777
        place.chmod(0)
        try:
            with unprivileged():
                yield
        finally:
            place.chmod(mode)
        return
    aside = root.parent / f"aside-{next(_numbers)}"
    folder = place.is_dir()
    mode = place.stat().st_mode & 0o7777
    content = b"" if folder else place.read_bytes()
    place.rename(aside)
    try:
        if fault in SOFT:
            changed = SOFT[fault](content)
            if changed is not None and not folder:
                place.write_bytes(changed)
                place.chmod(mode)
        elif folder and fault == "other kind":
            place.write_text("x\n")
        else:
            HARD[fault](place)
        yield
    finally:
        if place.is_dir() and not place.is_symlink():
            place.rmdir()
        else:
            place.unlink(missing_ok=True)
        aside.rename(place)


@contextmanager
def unprivileged() -> Iterator[None]:
    """Without privileges: root becomes nobody, which takes its capabilities out of effect (capabilities(7))."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


class Hint(NamedTuple):
    """A source whose loss need not make a task unknown, and why. Check and place may have ``*``."""

    check: str
    place: str
    why: str


_KUBELET = "only failSwapOn comes from it, which sets how severe active swap is; unreadable, it stays an error"
_TARGET = "only the target comes from it (role, release, proxy mode, CNI); not told, the requirement stays"

HINTS: tuple[Hint, ...] = (
    Hint("swap@*", "*/kubelet*", _KUBELET),
    Hint("swap@now", "*/systemd/system*", "it leads to the kubelet's unit: " + _KUBELET),
    *(
        Hint(f"{check}@*", "/etc/cni/net.d*", _TARGET)
        for check in (
            "kernel-*",
            "sysctl",
            "version-skew",
            "cgroup-driver",
            "command",
            "kubelet-config",
            "runtime-*",
            "mount-options",
            "path-access",
            "cgroup-version",
            "kube-proxy-mode",
            "removed-setting",
        )
    ),
    *(
        Hint(f"{check}@boot", place, "only whether the kubelet's own rules load nf_conntrack hangs on it")
        for check in ("kernel-module", "sysctl", "hostname", "firewall", "kubelet-defaults")
        for place in ("/var/lib/kubelet/kubeadm-flags.env", "/etc/default/kubelet", "/etc/sysconfig/kubelet")
    ),
    *(
        Hint(f"{check}@boot", "/var/lib/kubelet/config.yaml", "as the kubelet's flags; nf_conntrack alone is unknown")
        for check in ("kernel-module", "sysctl", "hostname", "firewall")
    ),
    Hint(
        "cgroup-driver@now",
        "/sys/fs/cgroup",
        "it tells only whether the kubelet refuses cgroup v1, and the check cgroup-version is unknown then",
    ),
    *(
        Hint(f"{check}@boot", "/etc/ufw/ufw.conf", "of a table that ufw would refuse, ufw's own scripts are not run")
        for check in ("hostname", "swap", "sysctl", "kernel-module", "service")
    ),
    Hint(
        "kubelet-config@*",
        "/var/lib/kubelet/config.yaml",
        "what is no file there the kubelet cannot read either, and that is a failure; Denied is unknown",
    ),
    Hint(
        "cni-config@*", "/etc/cni/net.d/*", "a directory in its place is no configuration to any runtime: none is there"
    ),
    Hint("cni-config@*", "/var/lib/dpkg/status", "it tells containerd's release, and each has these directories"),
    Hint("machine-id@now", "/etc/machine-id", "its first bytes tell that it is no id, whatever its size"),
    Hint("runtime-version*", "/usr/bin/containerd", "it tells only that a program is there, as of version-skew"),
    Hint("version-skew*", "/usr/bin/kube*", "it tells only that a program is there; its package tells the version"),
    Hint(
        "sysctl@boot",
        "/proc/sys/net/ipv4/ip_forward",
        "it tells only whether the kernel has the key, and what cannot be read is there",
    ),
    Hint("selinux@boot", "*-release", "it counts only where a blank stands before the value, for old libselinux"),
    Hint(
        "selinux*",
        "/sys/kernel/security/lsm",
        "the label of /proc/self/attr/current decides; this only where it can be read",
    ),
    Hint("selinux@now", "/etc/selinux/config", "/sys/fs/selinux/enforce decides; this is told beside it"),
    Hint("selinux@now", "/proc/self/attr/current", "/sys/fs/selinux/enforce decides"),
    *(
        Hint(f"{check}@boot", f"/usr/{folder}/*", "its first two bytes tell that it is no script, whatever its size")
        for check in ("swap", "sysctl", "kernel-module", "hostname", "kubelet-defaults", "service", "firewall")
        for folder in ("bin", "sbin", "lib/systemd")
    ),
    Hint("running-version@boot", "/usr/*bin/*", "its first bytes are read, so that a change shows, whatever its size"),
)

SOFT_PASSES: tuple[Hint, ...] = (
    Hint("image-identity*", "/etc/machine-id", "a root without an id is an image, and only there it is asked"),
    Hint("leftover*", "/var/lib/kubelet/config.yaml", "without it the node is yet to join, and only there it is asked"),
)
"""What becomes a pass where a source is gone or spoilt, because the real program then does what is wanted, or because
the node is in another phase."""


def excused(hints: tuple[Hint, ...], check: str, place: str) -> bool:
    return any(fnmatchcase(check, hint.check) and fnmatchcase(place, hint.place) for hint in hints)


def wrong_anyhow(tree: Tree, report: Report, place: str, took_s: float) -> Iterator[str]:
    """What no fault at all may do."""
    if took_s > SLOW_S:
        yield f"took {took_s:.1f} s of CPU"
    if report.exit_code not in (0, 1, 3) or report.run.status != "complete":
        yield f"exit code {report.exit_code}, {report.run.status}"
    before = {result.id: result for result in tree.healthy}
    for result in report:
        if result.cause is not None and result.cause.code in ("crashed", "no-evidence"):
            yield f"{result.id}: {result.cause}"
        old = before.get(result.id)
        if result.status == "pass" and (old is None or old.status != "pass"):
            if old is None and not any(item.check == result.check and item.status != "pass" for item in tree.healthy):
                continue  # the check passed as a whole before
            if not excused(SOFT_PASSES, result.id, place):
                yield f"{result.id} passes now: {result.message}"


def wrong_when_unreadable(tree: Tree, report: Report, place: str) -> Iterator[str]:
    """What must be unknown, and is not, where nothing can be read at ``place``."""
    now = {result.id: result for result in report}
    for old in tree.healthy:
        if old.status == "pass" and place in tree.evidence[old.id]:
            new = now.get(old.id)
            if new is not None and new.status == "pass" and not excused(HINTS, old.id, place):
                yield f"{old.id} still passes by it: {new.message}"
    unknown = {(result.check, result.view) for result in report if result.status == "unknown"}
    judgeable = {(result.check, result.view) for result in tree.healthy if result.status in ("pass", "fail")}
    for task in sorted(tree.readers[place] & judgeable - unknown):
        if not excused(HINTS, "@".join(task), place):
            yield f"{task[0]}@{task[1]} read it and is not unknown"


def judged_with(tree: Tree, place: str, fault: str) -> list[str]:
    """What is wrong with the verdicts while the fault is there."""
    with spoilt(tree.root, tree.root / place[1:], fault):
        started = process_time()
        report = nodecheck.run(root=tree.root, profile=tree.profile)
        wrong = list(wrong_anyhow(tree, report, place, process_time() - started))
        if fault in HARD:
            wrong += wrong_when_unreadable(tree, report, place)
    return [f"{fault} at {place}: {what}" for what in wrong]


def meets(tree: Tree, fault: str, node: str) -> list[str]:
    """The sources that meet a fault in this test."""
    places = sorted(tree.readers)
    if fault == "1 GiB":
        places = [place for place in places if not (tree.root / place[1:]).is_dir()]
    elif fault in SOFT and fault != "removed":
        places = [place for place in places if (tree.root / place[1:]).is_file()]
    start = (list(HARD) + list(SOFT)).index(fault) + list(NODES).index(node)
    return places[start % STEP :: STEP]


@pytest.mark.parametrize("fault", [*HARD, *SOFT])
@pytest.mark.parametrize("node", NODES)
def test_a_spoilt_source(trees: Callable[[str], Tree], node: str, fault: str) -> None:
    tree = trees(node)

    wrong = [what for place in meets(tree, fault, node) for what in judged_with(tree, place, fault)]

    assert wrong == []


_CNI = ("etc/cni/net.d", "etc/cni/net.d/10-flannel.conflist")
_CGROUPFS = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\ncgroupDriver: cgroupfs\n"
_RELEASES = ("etc/os-release", "etc/centos-release")
_SWAP = {
    "proc/swaps": "Filename Type Size Used Priority\n/dev/dm-1 partition 64 0 -2\n",
    "etc/fstab": "/dev/dm-1 none swap sw 0 0\n",
}
_KUBELET_PLACES = (
    "var/lib/kubelet/config.yaml",
    "etc/sysconfig/kubelet",
    "usr/lib/systemd/system/kubelet.service",
    "usr/lib/systemd/system/kubelet.service.d",
    "var/lib/kubelet/kubeadm-flags.env",
)

UNFIT: tuple[tuple[str, dict[str, str], str, tuple[str, ...]], ...] = (
    ("debian13", {"proc/sys/net/ipv4/ip_forward": "0\n"}, "sysctl@now", _CNI),
    ("debian13", {"etc/sysctl.d/zzz.conf": "net.ipv4.ip_forward=0\n"}, "sysctl@boot", _CNI),
    (
        "debian13",
        {"etc/sysctl.d/zzz.conf": "net.ipv4.ip_forward=0\n"},
        "sysctl@boot",
        ("proc/sys/net/ipv4/ip_forward",),
    ),
    ("debian13", {"etc/modprobe.d/x.conf": "install br_netfilter /bin/false\n"}, "kernel-module@boot", _CNI),
    ("debian13", {"proc/sys/kernel/osrelease": "3.2.0-1-amd64\n"}, "kernel-version", _CNI),
    ("debian13", {"var/lib/kubelet/config.yaml": _CGROUPFS, "etc/containerd/config.toml": ""}, "cgroup-driver", _CNI),
    (
        "debian13",
        {"etc/systemd/system/kubelet.service.d/z.conf": "[Service]\nEnvironment=PATH=/opt/bin\n"},
        "command",
        _CNI,
    ),
    (
        "centos7",
        {"sys/fs/selinux/enforce": "1", "proc/self/attr/current": "system_u:system_r:kernel_t:s0"},
        "selinux@now",
        ("etc/selinux/config", "proc/self/attr/current"),
    ),
    ("centos7", {"etc/selinux/config": "SELINUX= disabled\n"}, "selinux@boot", _RELEASES),
    ("centos7", {"etc/selinux/config": "SELINUX=enforcing\n"}, "selinux@boot", _RELEASES),
    ("centos7", _SWAP, "swap", _KUBELET_PLACES),
)
"""A node, what makes it unfit, what sees it, and sources of HINTS."""


@pytest.mark.parametrize(("node", "files", "select", "places"), UNFIT)
def test_no_excused_source_hides_what_is_wrong(
    tmp_path: Path, node: str, files: dict[str, str], select: str, places: tuple[str, ...]
) -> None:
    build, profile = NODES[node]
    build(tmp_path)
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)

    def worst() -> set[str]:
        report = nodecheck.run(root=tmp_path, profile=profile, select=[select], kubernetes="1.34")
        return {f"{item.status} {item.severity}" for item in report if item.status in ("fail", "unknown")}

    before = worst()
    assert any(found.startswith("fail") for found in before)
    for place in places:
        path = tmp_path / place
        path.rename(tmp_path / "aside")
        path.symlink_to(path.name)
        after = worst()
        assert after, place
        assert select != "swap" or "fail error" in after
        path.unlink()
        (tmp_path / "aside").rename(path)
