"""The check runtime-version: its judgement by release, and the whole on trees and on answers of real programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.checking import Lazy, Outcome
from nodecheck.errors import Denied
from nodecheck.facts import (
    EmbeddedKubelet,
    Joined,
    KubeletConfig,
    KubeletRelease,
    Packages,
    RuntimeTools,
    Target,
    Traces,
)
from nodecheck.facts.kubelet.settings import KubeletSetting
from nodecheck.facts.packages.names import Package
from nodecheck.facts.packages.versions import Told, understood
from nodecheck.formats.versions import parse_package_version
from nodecheck.host import Completed
from nodecheck.model.outcomes import Result
from nodecheck.requirements.asked import Settings
from nodecheck.testing import assert_verdicts, judge, write_tree
from nodecheck_checks.packages.runtime_table import ENDS, RUNTIMES
from nodecheck_checks.packages.runtime_version import runtime_version
from tests.healthy.nodes import healthy_node
from tests.nodes import debian_node
from tests.reference import reference_node

DEBIAN_12 = "containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u1"
DEBIAN_13 = "containerd github.com/containerd/containerd/v2 1.7.24~ds1 1.7.24~ds1-6+deb13u1"
UBUNTU = "containerd github.com/containerd/containerd 1.7.12 "
DOCKERS = "containerd containerd.io 1.6.33 d2d58213f83a351ca8f528a95fbd145f5654e957"
TWO = "containerd github.com/containerd/containerd/v2 v2.2.0 1c4457e00facac03ce1d75f7b6777a7a851e5c41"
CRIO = "crio version 1.27.4\nVersion:        1.27.4\nGitCommit:      unknown\n"

DEFAULTS = (
    "1.6.20~ds1-1+deb12u1",
    "1.7.24~ds1-6+deb13u1",
    "1.7.12-0ubuntu2",
    "1.6.33-1",
    "1.7.28-0~ubuntu.24.04~noble",
)
"""Versions of packages, as Debian 12 and 13, Ubuntu 24.04 and Docker's repository have them."""


def told(component: str, *output: str) -> Told:
    return understood(component, Completed((f"/usr/bin/{component}", "--version"), 0, "\n".join(output), ""))


def package(name: str, version: str) -> Packages:
    return Packages((Package(name, version, "deb", "installed", "/var/lib/dpkg/status"),), ("/var/lib/dpkg/status",))


def outcome(
    release: str | None,
    *answers: Told,
    packages: Packages | None = None,
    own: tuple[int, ...] | None = None,
    endpoint: str | None = "unix:///run/containerd/containerd.sock",
    agent: bool = False,
    runtime: str | None = None,
) -> Outcome:
    given = None if endpoint is None else KubeletSetting(endpoint, "/var/lib/kubelet/config.yaml", 1, endpoint)
    kubelet = KubeletConfig() if agent else KubeletConfig(present=True, runtime_endpoint=given)
    (found,) = runtime_version(
        Target(kubernetes=release),
        Lazy(lambda: KubeletRelease(own)),
        kubelet,
        Lazy(lambda: EmbeddedKubelet(agent)),
        Lazy(Joined),
        Lazy(lambda: RuntimeTools(tuple(answers))),
        Lazy(lambda: packages or Packages()),
        Lazy(Traces),
        Lazy(lambda: Settings(runtime=runtime)),
    )
    return found


def by_release(*answers: Told, endpoint: str | None = "unix:///run/containerd/containerd.sock") -> dict[str, str]:
    """Where it speaks, by release, with its severity or ``note`` for what is planned."""
    found = {f"1.{minor}": outcome(f"1.{minor}", *answers, endpoint=endpoint) for minor in range(17, 39)}
    failed = {name: str(one.severity) for name, one in found.items() if one.status == "fail"}
    noted = {name: "note" for name, one in found.items() if one.status == "pass" and "planned" in "".join(one.notes)}
    return {**failed, **noted}


def test_each_release_of_containerd() -> None:
    late = dict.fromkeys(("1.35", "1.36", "1.37"), "warning")
    table = dict.fromkeys(("1.32", "1.33", "1.34"), "warning")
    assert by_release(told("containerd", DEBIAN_13)) == {"1.34": "warning", **late, "1.38": "note"}
    assert by_release(told("containerd", UBUNTU)) == {**table, **late, "1.38": "note"}
    assert by_release(told("containerd", "containerd github.com/containerd/containerd v2.1.5 x")) == {"1.36": "warning"}
    assert by_release(told("containerd", TWO)) == {}
    assert by_release(told("containerd", "containerd github.com/containerd/containerd v1.5.18 x")) == {
        f"1.{minor}": "error" for minor in range(26, 39)
    }


def test_each_release_of_cri_o() -> None:
    socket = "unix:///var/run/crio/crio.sock"
    late = dict.fromkeys(("1.35", "1.36", "1.37"), "warning")
    assert by_release(told("crio", CRIO), endpoint=socket) == {**late, "1.38": "note"}
    assert by_release(told("crio", "crio version 1.28.0"), endpoint=socket) == {}


@pytest.mark.parametrize(
    ("version", "bad"),
    [
        ("19.03.15", []),
        ("18.06.3-ce", []),
        ("1.13.1", []),
        ("20.10.24+dfsg1", range(17, 21)),
        ("17.12.1-ce", range(17, 24)),
        ("24.0.7", range(17, 24)),
    ],
)
def test_docker_until_1_23(version: str, bad: list[int]) -> None:
    found = by_release(told("docker", f"Docker version {version}, build x"), endpoint="unix:///var/run/dockershim.sock")
    assert found == {f"1.{minor}": "warning" for minor in bad}


def test_what_is_planned_is_a_note_with_its_date_and_no_failure() -> None:
    found = outcome("1.38", told("containerd", DEBIAN_13))
    assert found.status == "pass"
    assert found.notes[0].startswith("planned for Kubernetes 1.38, read on 2026-11-29: containerd 2.0 or CRI-O 1.28")
    assert not any("planned" in note for note in outcome("1.37", told("containerd", DEBIAN_13)).notes)
    assert not any("planned" in note for note in outcome("1.38", told("containerd", TWO)).notes)


def test_an_end_of_life_is_a_note_of_each_line_and_in_no_verdict() -> None:
    lines = ("1.6.39", "1.7.28", "2.0.7", "2.1.5", "2.2.0", "2.3.0", "2.4.0")
    dates = []
    for line in lines:
        found = outcome("1.31", told("containerd", f"containerd github.com/containerd/containerd v{line} x"))
        assert found.status == "pass"
        assert "20" not in found.message.replace(line, "")
        dates += [note for note in found.notes if note.startswith("end of life")]
    assert dates == [f"{row.reason}: {row.wanted} ({row.source})" for row in ENDS]


@pytest.mark.parametrize("version", DEFAULTS)
def test_versions_of_distributions(version: str) -> None:
    numbers = parse_package_version(version)
    name = "containerd" if version in DEFAULTS[:3] else "containerd.io"
    found = outcome("1.36", packages=package(name, version))
    assert numbers is not None
    assert numbers.pre is None
    assert (found.status, found.severity, found.actual) == ("fail", "warning", version)
    assert found.fix is not None
    assert f"apt-cache madison {name}" in str(found.fix)


def test_a_distribution_keeps_a_line_up() -> None:
    """containerd recommends a patch release; Debian brings its fixes to the one that it has."""
    debians = outcome("1.34", told("containerd", DEBIAN_13), packages=package("containerd", "1.7.24~ds1-6+deb13u1"))
    assert (debians.status, debians.severity) == ("fail", "info")
    dockers = outcome("1.34", told("containerd", DOCKERS), packages=package("containerd.io", "1.6.33-1"))
    assert (dockers.status, dockers.severity) == ("fail", "warning")
    other = outcome("1.34", told("containerd", UBUNTU), packages=package("containerd", "1.7.24~ds1-6+deb13u1"))
    assert other.severity == "warning"
    none = outcome("1.36", told("containerd", DEBIAN_13), packages=package("containerd", "1.7.24~ds1-6+deb13u1"))
    assert none.severity == "warning"


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("containerd github.com/containerd/containerd/v2 v2.3.0-rc.1 x", "unknown"),
        ("containerd github.com/containerd/containerd/v2 v2.1.0-rc.1 x", "fail"),
        ("containerd github.com/containerd/containerd unknown x", "unknown"),
        ("what is this", "unknown"),
    ],
)
def test_a_pre_release_and_a_version_that_is_not_known(line: str, status: str) -> None:
    assert outcome("1.36", told("containerd", line)).status == status


def test_without_a_release_the_kubelet_s_own_counts() -> None:
    assert outcome(None, told("containerd", DEBIAN_13), own=(1, 33, 1)).status == "pass"
    assert outcome(None, told("containerd", DEBIAN_13), own=(1, 36, 1)).status == "fail"
    assert outcome(None, told("containerd", DEBIAN_13)).status == "unknown"
    assert outcome(None, told("containerd", TWO)).status == "pass"


def test_only_the_runtime_that_the_kubelet_uses() -> None:
    """Complaint 28: docker was asked although CRI-O was used."""
    both = (told("crio", "crio version 1.34.0"), told("docker", "Docker version 17.12.1-ce, build x"))
    assert outcome("1.23", *both, endpoint="unix:///var/run/crio/crio.sock").status == "pass"
    assert outcome("1.36", *both, endpoint="unix:///run/cri-dockerd.sock").status == "skip"
    assert outcome("1.36", *both, endpoint="unix:///run/other.sock").status == "skip"
    assert outcome("1.36", *both).status == "skip"


def test_docker_beside_containerd_before_the_node_joins() -> None:
    beside = (told("docker", "Docker version 26.1.4, build x"), told("containerd", DOCKERS))
    assert outcome("1.23", *beside, endpoint=None).subject == "docker"
    assert outcome("1.36", *beside, endpoint=None).subject == "containerd"


def test_agents_bring_their_own() -> None:
    for given in (outcome("1.36", agent=True), outcome("1.36", told("containerd", DEBIAN_12), runtime="embedded")):
        assert given.status == "skip"
        assert "its release is the agent's" in given.message


def test_whole_nodes(tmp_path: Path) -> None:
    debian = debian_node(tmp_path / "debian")
    assert_verdicts(judge("runtime-version", debian, kubernetes="1.34"), {"runtime-version[containerd]": "pass"})
    assert_verdicts(judge("runtime-version", debian, kubernetes="1.36"), {"runtime-version[containerd]": "fail"})
    reference = reference_node(tmp_path / "reference")
    assert_verdicts(judge("runtime-version", reference, kubernetes="1.17"), {"runtime-version[docker]": "skip"})
    empty = write_tree(tmp_path / "empty", {"/etc/hostname": "a\n"})
    assert_verdicts(judge("runtime-version", empty), {"runtime-version": "skip"})


def test_the_fix_makes_it_pass(tmp_path: Path) -> None:
    node = healthy_node("debian-13", tmp_path)
    (before,) = judge("runtime-version", node, kubernetes="1.36").results
    assert before.status == "fail"
    status = node / "var/lib/dpkg/status"
    status.write_text(status.read_text().replace("1.7.24~ds1-6+deb13u1", "2.2.1-1"))
    assert_verdicts(judge("runtime-version", node, kubernetes="1.36"), {"runtime-version[containerd]": "pass"})


def test_each_source_counts(tmp_path: Path) -> None:
    node = debian_node(tmp_path)

    def found() -> Result:
        (result,) = judge("runtime-version", node, kubernetes="1.34").results
        return result

    assert found().status == "pass"
    config, status = node / "var/lib/kubelet/config.yaml", node / "var/lib/dpkg/status"
    texts = config.read_text(), status.read_text()
    config.write_text(texts[0].replace("containerd/containerd.sock", "crio/crio.sock"))
    assert found().status == "skip"
    config.write_text(texts[0])
    status.write_text(texts[1].replace("2.1.4-1", "2.1.2-1"))
    assert (found().status, found().actual) == ("fail", "2.1.2-1~debian.13~trixie")
    status.write_text("")
    assert found().status == "skip"  # the program is there, and is not run for a root
    status.write_text(texts[1].replace("2.1.4-1", "none-"))
    assert found().status == "unknown"


def test_databases_that_cannot_be_read() -> None:
    def refused() -> Packages:
        raise Denied("/var/lib/dpkg/status")

    kubelet = KubeletConfig(
        present=True, runtime_endpoint=KubeletSetting("/run/containerd/containerd.sock", "x", 1, "x")
    )
    (found,) = runtime_version(
        Target(kubernetes="1.36"), Lazy(KubeletRelease), kubelet, Lazy(EmbeddedKubelet), Lazy(Joined),
        Lazy(RuntimeTools), Lazy(refused), Lazy(Traces), Lazy(Settings),
    )  # fmt: skip
    assert found.status == "unknown"


def test_the_page_has_every_row() -> None:
    page = runtime_version.doc
    for row in RUNTIMES:
        for part in row.wanted.split(", ") if row.name == "containerd" else ():
            assert part.rstrip("+").removesuffix(".0") in page, part
