"""Reboots as the command meets them: the boot id and the age of the boot are files of a mount namespace."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import jsonschema
import pytest

from nodecheck.cli import main
from nodecheck.shipped import shipped
from tests.cli.conftest import BASE, Ended
from tests.program import with_plugins

SAYS = (
    BASE
    + """
import os
from typing import NamedTuple
from nodecheck.host import Host

class Setting(NamedTuple):
    text: bytes

    @classmethod
    def read(cls, host: Host):
        return cls(host.read(os.environ["SETTING"]))

def said(name):
    word = os.environ.get("SAYS_" + name, "ok")
    return (ok if word == "ok" else fail)(f"{name} is {word}", evidence=[seen("/etc/thing", word)])

@check(severity=nodecheck.Severity.ERROR)
def first():
    "First."
    yield said("first")

@first.at_boot
def first_boot(setting: Setting):
    yield said("first_boot")

@check(severity=nodecheck.Severity.WARNING)
def second():
    "Second."
    yield said("second")

@second.at_boot
def second_boot(setting: Setting):
    yield said("second_boot")

@nodecheck.hookimpl
def nodecheck_checks():
    return [first, second]
"""
)

SCRIPT = """
mount --bind "$1" /proc/sys/kernel/random/boot_id || exit 99
mount --bind "$2" /proc/uptime || exit 99
shift 2
exec "$@"
"""

Reboots = Callable[..., Ended]


@pytest.fixture
def node(plugin: Callable[..., Path], tmp_path: Path) -> Reboots:
    """Run an audit, or another verb, in a boot of this number, which began so many seconds ago."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount")
    plugins = plugin("says", SAYS)

    def run(*words: str, boot: int = 1, up: float = 7200.0, source: str = "x", **says: str) -> Ended:
        (tmp_path / "boot_id").write_text(f"{UUID(int=boot)}\n")
        (tmp_path / "uptime").write_text(f"{up:.2f} 1.00\n")
        (tmp_path / "setting").write_text(source)
        verb, *rest = words or ("audit",)
        chosen = ["--select", "first", "--select", "second"] if verb == "audit" else []
        folder = plugins if verb == "audit" else None
        command, more = with_plugins(folder, (verb, *chosen, *rest, "--state", f"{tmp_path}/state"))
        env = {
            "PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8", **more,
            "SETTING": f"{tmp_path}/setting",
            **{f"SAYS_{name}": word for name, word in says.items()},
        }  # fmt: skip
        inside = ["unshare", "-m", "sh", "-c", SCRIPT, "sh", f"{tmp_path}/boot_id", f"{tmp_path}/uptime", *command]
        done = subprocess.run(inside, capture_output=True, cwd=tmp_path, env=env, timeout=60, check=False)
        if done.returncode == 99 or b"unshare" in done.stderr:
            pytest.skip("mounting is not allowed here")
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


def test_a_reboot_that_was_predicted_is_silent_and_counted(node: Reboots) -> None:
    assert node() == (0, "", "")
    assert node(boot=2) == (0, "", "")

    listed = node("history", "--boot")
    assert listed.out.startswith("2 of 2 kept at the last reboot\n")
    assert "(predicted by run 1, compared by run 2 of " in listed.out


def test_an_audit_right_after_the_boot_leaves_it_to_a_later_one(node: Reboots) -> None:
    node()
    early = node(boot=2, up=90.0, first="off")
    assert "NEW FAILURE       first" in early.out
    assert (
        "note: what was predicted of this boot is compared later: the node booted 1 min ago, and a boot has 10"
        in early.out
    )
    assert "no reboot" in node("history", "--boot").out

    late = node(boot=2, up=700.0, first="off")

    assert late.code == 1
    assert "1 of 2 predictions kept, 1 broken: first@boot (said pass)" in late.out
    assert "COVERAGE LOST     first@boot (error): said pass before the reboot of" in late.out
    assert node(boot=2, up=800.0, first="off") == (1, "", "")


def test_it_is_unknown_in_every_output_until_its_sources_change(node: Reboots, tmp_path: Path) -> None:
    node()
    node(boot=2, first="off")
    outputs = [f"--output={name}={tmp_path}/{name}" for name in ("json", "openmetrics", "text")]

    ended = node("audit", *outputs, boot=2)

    assert (ended.code, ended.out.split("\n")[1][:6]) == (3, "fixed ")
    report = json.loads((tmp_path / "json").read_text())
    (found,) = [item for item in report["results"] if item["id"] == "first@boot"]
    assert (found["status"], found["cause"]["code"], found["fix"]) == ("unknown", "broken-prediction", None)
    assert (report["summary"]["exit_code"], report["summary"]["unknown"]) == (3, 1)
    metrics = (tmp_path / "openmetrics").read_text().split("\n")
    assert 'nodecheck_results{status="unknown"} 1' in metrics
    assert 'nodecheck_predictions{outcome="broken"} 1' in metrics
    assert "nodecheck_broken_predictions 1" in metrics
    assert "said pass before the reboot of" in (tmp_path / "text").read_text()
    assert "said pass before the reboot of" in node("history", "last", boot=2).out

    again = node(boot=2, source="y")
    assert (again.code, again.out.split("\n")[1][:12]) == (0, "judged again")


def test_the_severity_is_that_of_the_profile(node: Reboots, tmp_path: Path) -> None:
    profile = tmp_path / "p.toml"
    profile.write_text('schema = "nodecheck.profile/1"\nname = "p"\n[severity]\n"first@boot" = "info"\n')
    use = ("audit", "--profile", str(profile))
    node(*use)
    assert node(*use, boot=2, first="off").code == 1

    assert node(*use, boot=2).code == 0


def test_other_sources_are_no_broken_prediction(node: Reboots) -> None:
    node()
    ended = node(boot=2, source="y", first="off")

    assert "no prediction could be compared, 2 changed since" in ended.out
    assert json.loads(node("history", "--boot", "--json").out)["in_force"] == []


def test_the_documents(node: Reboots) -> None:
    schema = json.loads(shipped("schemas/audit-1.json"))
    node(second_boot="off")
    broke = json.loads(node("audit", "--json", boot=2, first="off", second_boot="off").out)
    later = json.loads(node("audit", "--json", boot=2, second_boot="off").out)
    for document in (broke, later):
        jsonschema.validate(document, schema)

    told = broke["predictions"]
    assert (told["kept"], told["broken"], told["changed"], told["not_compared"]) == (0, 2, 0, 0)
    assert [(miss["id"], miss["said"]["status"], miss["found"]["status"]) for miss in told["misses"]] == [
        ("first@boot", "pass", "fail"), ("second@boot", "fail", "pass"),
    ]  # fmt: skip
    assert (later["predictions"], later["schema_version"]) == (None, "1.1")
    listed = json.loads(node("history", "--boot", "--json").out)
    assert (listed["kept"], listed["compared"], listed["reboots"]) == (0, 2, [told])
    assert [item["id"] for item in listed["in_force"]] == ["first@boot"]


def test_history_boot_takes_limit_and_since(node: Reboots) -> None:
    for boot in (1, 2, 3, 4):
        node(boot=boot)

    assert len(json.loads(node("history", "--boot", "--json", "--limit", "2").out)["reboots"]) == 2
    assert len(json.loads(node("history", "--boot", "--json", "--limit", "0").out)["reboots"]) == 3
    assert json.loads(node("history", "--boot", "--json", "--since", "2999-01-01").out)["reboots"] == []
    assert node("history", "--boot", "--limit", "2").out.startswith("4 of 4 kept at the last 2 reboots\n")
    refused = node("history", "--boot", "--result", "first")
    assert (refused.code, "only one at a time" in refused.err) == (2, True)
    assert node("history", "--boot", "--format", "html").code == 2
    assert node("history", "--boot", "last").code == 2


def test_a_directory_has_no_reboots(node: Reboots, tmp_path: Path) -> None:
    (tmp_path / "root/proc/sys/kernel/random").mkdir(parents=True)
    (tmp_path / "root/etc").mkdir()
    for boot in (1, 2):
        (tmp_path / "root/proc/sys/kernel/random/boot_id").write_text(f"{UUID(int=boot)}\n")
        ended = node("audit", "--root", f"{tmp_path}/root", "--json", first="ok" if boot == 1 else "off")
        assert json.loads(ended.out)["predictions"] is None

    assert node("history", "--boot").out == "no reboot was compared with what was predicted of it\n"


def test_a_history_without_a_reboot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "--boot", "--state", str(tmp_path)]) == 2
    assert "nothing was recorded yet" in capsys.readouterr().err
