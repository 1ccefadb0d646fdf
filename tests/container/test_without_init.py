"""A container whose first process is no init system: its restart starts that program, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.container import plants
from tests.container.machine import Machine, NoContainer, need_container
from tests.container.test_restarts import PROFILE


@pytest.fixture(scope="module", params=["/.dockerenv", "/run/.containerenv"])
def machine(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Machine]:
    need_container()
    try:
        found = Machine(tmp_path_factory.mktemp("alone"))
        found.write("/srv/profile.toml", PROFILE)
        found.write(plants.UNIT, plants.SLEEPS)
        found.write(plants.FORWARD, "net.ipv4.ip_forward = 1\n")
        found.write("/etc/hostname", "node1\n")
        plants.link(found, plants.WANTS, plants.UNIT)
        found.run_alone("sleep", "1000")
        found.inside("touch", request.param)
    except NoContainer as error:
        pytest.skip(f"no container starts here: {str(error)[-300:]}")
    yield found
    found.remove()


@pytest.fixture(scope="module")
def report(machine: Machine) -> dict[str, Any]:
    return machine.judge("--profile", "/srv/profile.toml")


def test_nothing_starts_and_nobody_guesses(report: dict[str, Any]) -> None:
    said = {item["id"]: item for item in report["results"]}
    service = said["service[plant]@boot"]

    assert report["node"]["container"] in ("docker", "podman")
    assert service["status"] == "fail"
    assert "sleep, no init system" in service["message"]
    assert service["evidence"][0]["source"] == "/proc/1/cmdline"
    for name in ("hostname@boot", "sysctl[net.ipv4.ip_forward]@boot", "sysctl[vm.swappiness]@boot", "swap@boot"):
        assert (name, said[name]["status"], said[name]["cause"]["code"]) == (name, "skip", "container-host")
    assert [name for name, item in said.items() if item["status"] == "unknown" and name.endswith("@boot")] == []


def test_it_is_so(machine: Machine) -> None:
    assert Path(f"/proc/{machine.leader}/comm").read_text() == "sleep\n"
    assert machine.inside("pgrep", "-fc", "sleep 1000").strip() == "1"


def test_of_its_kernel_it_says_what_the_host_has_to_do(report: dict[str, Any]) -> None:
    fixes = {item["id"]: item["fix"] for item in report["results"] if item["fix"] is not None}
    steps = [step["text"] for name, fix in fixes.items() if name == "sysctl[vm.swappiness]" for step in fix["steps"]]

    assert steps
    assert all(text.startswith("On the host of this container: ") for text in steps)
