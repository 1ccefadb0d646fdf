"""The phase of a node on the command line: given, found, shown, and in every verb that takes what a node is to be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.nodes import debian_node

PACKAGE = "Package: kubelet\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.33.5-1.1\n\n"


@pytest.fixture
def node(tmp_path: Path) -> str:
    root = debian_node(tmp_path / "node")
    (root / "var/lib/dpkg").mkdir(parents=True, exist_ok=True)
    (root / "var/lib/dpkg/status").write_text(PACKAGE)
    return str(root)


@pytest.mark.parametrize(
    ("options", "phase"),
    [
        ([], "steady"),
        (["--kubernetes", "1.36"], "upgrade"),
        (["--kubernetes", "1.33"], "steady"),
        (["--kubernetes", "1.36", "--phase", "steady"], "steady"),
        (["--phase", "install"], "install"),
        (["--phase", "join"], "join"),
    ],
)
def test_it_is_found_or_given_and_shown(nodecheck: Command, node: str, options: list[str], phase: str) -> None:
    done = nodecheck("run", "--root", node, "--json", "runtime-socket", "leftover", *options)
    assert json.loads(done.out)["profile"]["phase"] == phase
    text = nodecheck("run", "--root", node, "runtime-socket", *options).out
    assert f"phase {phase}" in text


def test_the_question_of_an_upgrade(nodecheck: Command, node: str) -> None:
    """``run --kubernetes 1.36`` on a node of 1.33: what 1.36 asks is judged, and what an install asks is not."""
    found = {
        result["id"]: result
        for result in json.loads(nodecheck("run", "--root", node, "--json", "--kubernetes", "1.36").out)["results"]
    }
    assert found["leftover"]["cause"]["code"] == "not-selected-phase"
    assert found["kernel-version"]["notes"][0].startswith("by the rule of Kubernetes 1.36 (kernel: 5.4|")
    assert found["cgroup-version"]["expected"] == "v2"


def test_a_phase_that_there_is_not(nodecheck: Command, node: str) -> None:
    done = nodecheck("run", "--root", node, "--phase", "instal")
    assert done.code == 2
    assert "install" in done.err


def test_a_configuration_and_a_profile_give_one(nodecheck: Command, node: str, tmp_path: Path) -> None:
    config, profile = tmp_path / "c.toml", tmp_path / "p.toml"
    config.write_text('phase = "install"\nkubernetes = "1.36"\n')
    profile.write_text('schema = "nodecheck.profile/1"\nname = "p"\nextends = "kubernetes"\nphase = "join"\n')
    for options, phase in (
        (["--config", str(config)], "install"),
        (["--profile", str(profile)], "join"),
        (["--profile", str(profile), "--config", str(config)], "install"),
        (["--profile", str(profile), "--config", str(config), "--phase", "steady"], "steady"),
    ):
        done = nodecheck("run", "--root", node, "--json", "leftover", *options)
        assert json.loads(done.out)["profile"]["phase"] == phase


def test_a_release_of_a_configuration_is_no_upgrade(nodecheck: Command, node: str, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('kubernetes = "1.36"\n')
    done = nodecheck("run", "--root", node, "--json", "leftover", "--config", str(tmp_path / "c.toml"))
    assert json.loads(done.out)["profile"]["phase"] == "steady"


def test_the_list_of_a_phase(nodecheck: Command) -> None:
    for phase, listed in (("image", False), ("join", True), ("steady", False)):
        names = {item["name"] for item in json.loads(nodecheck("list", "--json", "--phase", phase).out)}
        assert ("leftover" in names) is listed
        assert "swap" in names
    (leftover,) = [item for item in json.loads(nodecheck("list", "--json").out) if item["name"] == "leftover"]
    assert leftover["phases"] == ["install", "join"]


def test_an_audit_in_another_phase(nodecheck: Command, node: str, tmp_path: Path) -> None:
    state = tmp_path / "state"
    options = ["audit", "--root", node, "--state", str(state), "--no-config", "--select", "leftover"]
    nodecheck(*options, "--phase", "install")
    done = nodecheck(*options)
    (note,) = [line for line in done.out.split("\n") if line.startswith("note: the phase")]
    assert note.startswith("note: the phase is steady; that of run 1 was install: it takes leftover (")
    assert "leftover[" not in done.out
    assert nodecheck(*options).out == ""
