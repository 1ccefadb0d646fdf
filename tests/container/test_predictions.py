"""Audits over real restarts of a container, which systemd-nspawn gives a boot id of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.container.machine import ROOT, Machine, NoContainer, need_container

PROFILE = """
schema = "nodecheck.profile/1"
name = "plants"
extends = "kubernetes"
[check.service]
require = ["plant"]
[check.sysctl.require]
"net.ipv4.ip_forward" = "1"
"""
PLANT = "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"
GENERATOR = """#!/bin/sh
# Starts an actor that no file of /etc or /usr/lib names as a unit.
printf '[Unit]\\nAfter=multi-user.target\\n[Service]\\nType=oneshot\\nExecStart=/opt/actor\\n' > "$1/actor.service"
mkdir -p "$1/graphical.target.wants" "$1/multi-user.target.wants"
ln -s ../actor.service "$1/multi-user.target.wants/actor.service"
"""
IDLE, ACTOR = "#!/bin/sh\nexit 0\n", "#!/bin/sh\necho 0 > /proc/sys/net/ipv4/ip_forward\n"
FORWARD = "sysctl[net.ipv4.ip_forward]@boot"

CODE = """
import sys
from nodecheck.audit import settled
from nodecheck.cli import main
settled.LEAST_UP_S = float(sys.argv.pop(1))
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    need_container()
    try:
        found = Machine(tmp_path_factory.mktemp("container"))
        found.write("/srv/profile.toml", PROFILE)
        found.write("/etc/sysctl.d/90-forward.conf", "net.ipv4.ip_forward = 1\n")
        found.write("/etc/systemd/system/plant.service", PLANT)
        found.write("/etc/systemd/system-generators/actor", GENERATOR, 0o755)
        found.write("/opt/actor", IDLE, 0o755)
        found.link("/etc/systemd/system/multi-user.target.wants/plant.service", "../plant.service")
        found.boot()
    except NoContainer as error:
        pytest.skip(f"no container with systemd boots here: {str(error)[-300:]}")
    yield found
    found.remove()


def command(machine: Machine, *words: str, least_s: float = 0.0) -> dict[str, Any]:
    """What a verb prints as JSON; a boot is over after so many seconds."""
    path = f"PYTHONPATH={ROOT}/src:{ROOT}/checks"
    argv = (sys.executable, "-c", CODE, str(least_s), *words, "--json", "--state", "/srv/state")
    found: dict[str, Any] = json.loads(machine.inside("env", "-C", "/", path, "PYTHONDONTWRITEBYTECODE=1", *argv))
    return found


def audit(machine: Machine, least_s: float = 0.0) -> tuple[dict[str, Any], dict[str, Any]]:
    """The document of an audit, and its results by id."""
    words = ("audit", "--profile", "/srv/profile.toml", "--output", "json=/srv/report.json")
    document = command(machine, *words, "--select", "sysctl", "--select", "service", least_s=least_s)
    report = json.loads((machine.root / "srv/report.json").read_text())
    return document, {item["id"]: item for item in report["results"]}


def test_an_actor_that_nobody_knows_is_caught_by_one_restart(machine: Machine) -> None:
    _, said = audit(machine)
    assert (said[FORWARD]["status"], said["service[plant]@boot"]["status"]) == ("pass", "pass")

    machine.restart()
    early, _ = audit(machine, least_s=600.0)
    assert early["predictions"] is None
    assert "predictions-wait" in [notice["code"] for notice in early["notices"]]
    kept, _ = audit(machine)
    told = kept["predictions"]
    assert (told["kept"], told["broken"], told["changed"], told["predicted_by"]) == (2, 0, 0, 1), told

    machine.write("/opt/actor", ACTOR, 0o755)
    _, believed = audit(machine)
    assert believed[FORWARD]["status"] == "pass"
    machine.restart()
    caught, found = audit(machine)
    assert [(miss["id"], miss["kind"]) for miss in caught["predictions"]["misses"]] == [(FORWARD, "broken")]
    assert (found[FORWARD]["status"], found[FORWARD]["cause"]["code"]) == ("unknown", "broken-prediction")
    assert found["service[plant]@boot"]["status"] == "pass"

    machine.inside("sysctl", "-w", "net.ipv4.ip_forward=1")
    _, by_hand = audit(machine)
    assert (by_hand["sysctl[net.ipv4.ip_forward]"]["status"], by_hand[FORWARD]["status"]) == ("pass", "unknown")
    machine.write("/etc/sysctl.d/91-forward.conf", "net.ipv4.ip_forward = 1\n")
    assert audit(machine)[1][FORWARD]["status"] == "pass"
    history = command(machine, "history", "--boot")
    assert (history["kept"], history["compared"], len(history["reboots"])) == (3, 4, 2)
    assert history["in_force"] == []
