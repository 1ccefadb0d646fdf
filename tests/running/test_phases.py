"""Checks that name phases are judged in these alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nodecheck.checking import Per, Results, check, fail, ok
from nodecheck.errors import UsageError
from nodecheck.facts import Fstab
from nodecheck.host import Host
from nodecheck.model.evidence import seen
from nodecheck.model.sources import Exists, Sources
from nodecheck.record import NamedTuple
from nodecheck.requirements.asked import IMAGE, INSTALL, JOIN, PHASES, STEADY
from nodecheck.testing import (
    TreeFile,
    assert_declared,
    assert_replays,
    assert_verdicts,
    capture_of,
    judge,
    run,
    write_tree,
)
from tests.nodes import debian_node
from tests.rights import modes_hold


class Remnant(NamedTuple):
    """Whether something is at a path."""

    there: bool

    @classmethod
    def reads(cls) -> Sources:
        return (Exists("/etc/cni/net.d"), Exists("/etc/left"))

    @classmethod
    def read(cls, host: Host, subject: str) -> Remnant:
        from nodecheck.host import exists

        return cls(exists(host, subject))


JOINING = {
    "/usr/lib/systemd/system/kubelet.service": "[Service]\nExecStart=/usr/bin/kubelet"
    " --config=/var/lib/kubelet/config.yaml\n"
}
"""A kubelet that waits for its configuration, and (in the test) the kubeconfig that another cluster left."""


@check(each="require", phases=(INSTALL, JOIN))
def remnant(subject: str, found: Per[Remnant], *, require: tuple[str, ...] = ("/etc/cni/net.d",)) -> Results:
    """Nothing is left of a cluster."""
    evidence = [seen(subject, "there" if found.there else None)]
    yield fail("it is there", evidence=evidence) if found.there else ok("it is not there", evidence=evidence)


@check(phases=(IMAGE,))
def blank(fstab: Fstab) -> Results:
    """An image has no table of file systems."""
    yield fail("it has one", evidence=[seen("/etc/fstab")])


@pytest.mark.parametrize(
    ("phase", "status"),
    [(None, "skip"), ("steady", "skip"), ("install", "fail"), ("join", "fail"), ("image", "skip"), ("upgrade", "skip")],
)
def test_a_check_is_judged_in_its_phases_alone(tmp_path: Path, phase: str | None, status: str) -> None:
    node = debian_node(tmp_path)  # it has joined

    report = judge(remnant, node, phase=phase)

    assert report.profile.phase == (phase or STEADY)
    told = {"skip": "remnant", "fail": "remnant[/etc/cni/net.d]"}[status]
    assert [(result.id, result.status) for result in report] == [(told, status)]
    if status == "skip":
        (result,) = report.results
        assert result.cause is not None
        assert (result.cause.code, result.severity) == ("not-selected-phase", "error")
        assert result.message == f"is asked of a node in the phase install or join; this one is in {phase or STEADY}"
        found = [item.source for item in result.evidence]
        assert found == ([] if phase else ["/var/lib/kubelet/config.yaml"])


def test_what_the_profile_names_is_judged_in_every_phase(tmp_path: Path) -> None:
    node = write_tree(debian_node(tmp_path), {"/etc/left": ""})
    assert_verdicts(judge(remnant, node, parameters={"require": ["/etc/left"]}), {"remnant[/etc/left]": "fail"})


def test_the_phase_is_no_evidence_of_a_verdict(tmp_path: Path) -> None:
    report = judge(remnant, debian_node(tmp_path), phase="install")
    assert [item.source for item in report["remnant[/etc/cni/net.d]"].evidence] == ["/etc/cni/net.d"]


def test_a_phase_that_cannot_be_told_leaves_it_unjudged(tmp_path: Path) -> None:
    node = debian_node(tmp_path)
    (node / "var/lib/kubelet").chmod(0)
    with modes_hold():
        (result,) = judge(blank, node).results
    (node / "var/lib/kubelet").chmod(0o755)

    assert (result.status, result.cause.code if result.cause else "") == ("unknown", "denied")
    assert "nothing shows the phase of the node" in result.message


def test_a_capture_and_a_replay_give_the_same_phase(tmp_path: Path) -> None:
    image = {"/usr/lib/systemd/systemd": "", "/var/lib/dpkg/status": "", "/etc/hostname": "a\n"}
    nodes = {
        "steady": debian_node(tmp_path / "steady"),
        "image": write_tree(tmp_path / "image", image),
        "install": write_tree(
            tmp_path / "install",
            {**image, "/etc/machine-id": f"{'0' * 31}1\n", "/etc/kubernetes/kubelet.conf": "kind: Config\n", **JOINING},
        ),
    }
    for phase, node in nodes.items():
        assert run(node).profile.phase == phase
        assert run(capture_of(node)).profile.phase == phase
        assert_replays(node, select=["runtime-socket"])
        assert_declared(remnant, node)


def test_a_capture_knows_an_upgrade(tmp_path: Path) -> None:
    package = "Package: kubelet\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.33.5-1.1\n\n"
    node = write_tree(debian_node(tmp_path), {"/var/lib/dpkg/status": package})
    for host in (node, capture_of(node)):
        assert run(host, kubernetes="1.36", select=["runtime-socket"]).profile.phase == "upgrade"
        assert run(host, kubernetes="1.33", select=["runtime-socket"]).profile.phase == "steady"


def test_nothing_of_an_image_answers_at_a_socket(tmp_path: Path) -> None:
    node = ("/usr/lib/systemd/systemd", "/usr/bin/kubelet", "/usr/sbin/init", "/usr/bin/sh", "/usr/bin/mount")
    image: dict[str, str | TreeFile] = {"/var/lib/dpkg/status": "", **dict.fromkeys(node, TreeFile("", 0o755))}
    (result,) = judge("runtime-socket", write_tree(tmp_path, image), role="worker", kubernetes="1.34").results
    assert (result.id, result.status) == ("runtime-socket", "skip")
    assert_verdicts(judge("runtime-socket", tmp_path, phase="install"), {"runtime-socket": "fail"})


def test_a_phase_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="found 'boot'"):
        check(phases=("boot",))(remnant.judges["now"].function)
    with pytest.raises(UsageError, match=f"phase: expected one of {', '.join(PHASES)}"):
        run(phase="boot")


def test_the_report_has_the_phase_and_reads_it_back(tmp_path: Path) -> None:
    report = run(debian_node(tmp_path), select=["runtime-socket"])
    document = json.loads(report.to_json())
    assert document["profile"]["phase"] == "steady"
    assert type(report).from_json(report.to_json()).profile.phase == "steady"
    del document["profile"]["phase"]  # a report of before
    assert type(report).from_json(json.dumps(document)).profile.phase is None
