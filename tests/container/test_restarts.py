"""What the boot view says of a container, and what is so after its real restart."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.container import plants
from tests.container.machine import Machine, NoContainer, need_container

ROUNDS = 7
SEED = 20
PROFILE = """
schema = "nodecheck.profile/1"
name = "plants"
extends = "kubernetes"
[check.service]
require = ["plant"]
[check.sysctl.require]
"net.ipv4.ip_forward" = "1"
"net.core.somaxconn" = ">=1024"
"vm.swappiness" = "7"
"""
SELECT = ("service", "sysctl", "hostname", "firewall", "swap", "selinux", "kernel-module")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    need_container()
    try:
        found = Machine(tmp_path_factory.mktemp("container"))
        found.write("/srv/profile.toml", PROFILE)
        found.boot()
    except NoContainer as error:
        pytest.skip(f"no container with systemd boots here: {str(error)[-300:]}")
    yield found
    found.remove()


def boot_view(machine: Machine) -> dict[str, Any]:
    words = [word for name in SELECT for word in ("--select", name)]
    found = machine.judge("--view", "boot", "--profile", "/srv/profile.toml", *words)
    return {item["id"]: item for item in found["results"]}


def differences(machine: Machine, said: dict[str, Any]) -> Iterator[str]:
    """Each verdict that the restart did not keep."""
    service = said["service[plant]@boot"]
    active = machine.inside("systemctl", "is-active", "plant").strip() == "active"
    if service["status"] != ("pass" if active else "fail"):
        yield f"service: {service['status']}, {service['message']}; active: {active}"
    for key in ("net.ipv4.ip_forward", "net.core.somaxconn"):
        result = said[f"sysctl[{key}]@boot"]
        value = machine.inside("cat", f"/proc/sys/{key.replace('.', '/')}").strip()
        if result["status"] != "skip" and result["actual"] != value:
            yield f"{key}: {result['status']}, {result['message']}; is {value}"
    name = machine.inside("cat", "/proc/sys/kernel/hostname").strip()
    result = said["hostname@boot"]
    if result["status"] != "skip" and result["actual"] != name:
        yield f"hostname: {result['status']}, {result['message']}; is {name}"
    drops = "policy drop" in machine.inside("nft", "list", "ruleset")
    fails = any(item["status"] == "fail" for key, item in said.items() if key.startswith("firewall"))
    if drops != fails:
        yield f"firewall: said {fails}, is {drops}"


def test_random_plants_and_real_restarts(machine: Machine) -> None:
    wrong, judged = after_restarts(machine, ROUNDS)

    assert wrong == []
    assert judged > 3 * ROUNDS


def after_restarts(machine: Machine, rounds: int) -> tuple[list[str], int]:
    """What was wrong or unknown, and how many verdicts there were: one plant of each kind a round, four times seven.
    What was set by hand before a restart must not count."""
    chance, wrong, judged = random.Random(SEED), [], 0
    for _ in range(rounds):
        plants.clear(machine)
        laid = {plant.__name__: plant(machine, chance) for plant in plants.kinds()}
        machine.inside("sysctl", "-w", f"net.ipv4.ip_forward={chance.choice('01')}")
        said = boot_view(machine)
        machine.restart()
        wrong += [f"{laid}: {told}" for told in differences(machine, said)]
        wrong += [f"{laid}: {key} is unknown" for key, item in said.items() if item["status"] == "unknown"]
        judged += sum(item["status"] in ("pass", "fail") for item in said.values())
    return wrong, judged


def test_each_condition_and_a_real_restart(machine: Machine) -> None:
    """What systemd's conditions make of a container, which only a real one tells."""
    plants.clear(machine)
    found = plants.conditions(machine)
    names = ", ".join(f'"{name}"' for name in found)
    profile = PROFILE.replace('require = ["plant"]', f"require = [{names}]")
    machine.write("/srv/conditions.toml", profile)
    words = ("--view", "boot", "--profile", "/srv/conditions.toml", "--select", "service")
    said = {item["subject"]: item["status"] for item in machine.judge(*words)["results"]}
    machine.restart()
    active = {name: machine.inside("systemctl", "is-active", name).strip() == "active" for name in found}
    for name in found:
        machine.delete(plants.UNIT.replace("plant", name))
        machine.delete(plants.WANTS.replace("plant", name))

    wrong = [
        f"{head}: {said[name]}, {active[name]}"
        for name, head in found.items()
        if (said[name] == "pass") != active[name]
    ]
    assert [line for line in wrong if ": unknown" not in line] == []
    assert [head for name, head in found.items() if said[name] == "unknown"] == []
    assert 5 < sum(active.values()) < len(found) - 5


def test_it_says_what_it_is_and_nothing_is_unknown_for_that(machine: Machine) -> None:
    plants.clear(machine)
    machine.write("/etc/hostname", "node1\n")
    machine.restart()
    found = machine.judge()
    unknown = [item["id"] for item in found["results"] if item["status"] == "unknown"]
    ours = [item for item in found["results"] if (item["cause"] or {}).get("code") == "container-host"]

    assert found["node"]["container"] == "systemd-nspawn"
    assert [name for name in unknown if name.endswith("@boot") or name in ("selinux", "time-sync", "swap")] == []
    assert {"swap@boot", "selinux@boot", "kernel-module[br_netfilter]@boot"} <= {item["id"] for item in ours}
    assert all(item["evidence"] for item in ours)


def test_a_root_of_the_same_tells_of_a_machine(machine: Machine, tmp_path: Path) -> None:
    """A directory is no container: what boots from it is not told."""
    import nodecheck

    plants.clear(machine)
    machine.write("/etc/hostname", "node1\n")
    found = nodecheck.run(root=str(machine.root), select=["swap", "hostname"], view="boot")

    assert found.node.container is None
    assert [result.cause.code for result in found.results if result.cause is not None] == []
