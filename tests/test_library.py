"""The library as a program uses it: a profile in code, progress, formats, what there is."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

import nodecheck
from nodecheck.model.outcomes import VIEWS
from nodecheck.plugins import load
from nodecheck.profile.load import load_profile
from nodecheck.requirements.asked import PHASES, PROXY_MODES, ROLES

ROOT = Path(__file__).resolve().parents[1]
Tree = Callable[[dict[str, "str | bytes"]], Path]

WHOLE: dict[str, Any] = {
    "extends": "kubernetes", "name": "whole", "role": "worker", "kubernetes": "v1.34", "proxy_mode": "ipvs",
    "cni": "flannel", "phase": "join", "fail_on": "warning", "ignore": ["port", "tag:runtime"],
    "nodes": {"n1": "10.0.0.1"},
    "severity": {"time-sync": "error"}, "checks": {"sysctl": {"require": {"vm.max_map_count": ">=262144"}}},
    "waivers": [{"select": "swap", "reason": "wanted", "owner": "us", "expires": date(2099, 1, 1)}],
    "waiver_notice_days": 3,
}  # fmt: skip
FILE = """
schema = "nodecheck.profile/1"
extends = "kubernetes"
name = "whole"
role = "worker"
kubernetes = "v1.34"
proxy-mode = "ipvs"
cni = "flannel"
phase = "join"
fail-on = "warning"
ignore = ["port", "tag:runtime"]
nodes = { n1 = "10.0.0.1" }
waiver-notice-days = 3
[severity]
time-sync = "error"
[check.sysctl]
require = { "vm.max_map_count" = ">=262144" }
[[waiver]]
select = "swap"
reason = "wanted"
owner = "us"
expires = 2099-01-01
"""


def test_a_profile_in_code_is_the_profile_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text(FILE)

    of_code, of_file = (load_profile(source, load()) for source in (nodecheck.Profile(**WHOLE), str(path)))

    assert of_code == of_file
    assert of_code.digest == of_file.digest
    assert of_code.names("sysctl", "require") == {"vm.max_map_count"}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"role": "workr"}, 'role = "workr"'),
    ({"extends": "kubernets"}, 'extends = "kubernets"'),
    ({"extends": "./none.toml"}, 'extends = "./none.toml"'),
    ({"kubernetes": 1.34}, "kubernetes = 1.34"),
    ({"kubernetes": "9"}, 'kubernetes = "9"'),
    ({"proxy_mode": "ip"}, 'proxy-mode = "ip"'),
    ({"ignore": "swap"}, 'ignore = "swap"'),
    ({"ignore": ("swop",)}, 'ignore = ["swop"]'),
    ({"fail_on": "fatal"}, 'fail-on = "fatal"'),
    ({"cni": ""}, 'cni = ""'),
    ({"phase": "joined"}, 'phase = "joined"'),
    ({"nodes": {"n": "x"}}, 'nodes = { n = "x" }'),
    ({"severity": {"swap": "bad"}}, '[severity]\nswap = "bad"'),
    ({"checks": {"sysctl": {"requir": {}}}}, "[check.sysctl]\nrequir = {}"),
    ({"checks": {"sysctl": {"require": {"vm.x": 1}}}}, '[check.sysctl]\nrequire = { "vm.x" = 1 }'),
    ({"checks": {"sysctl": {"require": {"vm.x": ">=a"}}}}, '[check.sysctl]\nrequire = { "vm.x" = ">=a" }'),
    ({"checks": {"sysctl": 3}}, "[check]\nsysctl = 3"),
    ({"checks": {"systl": {}}}, "[check.systl]"),
    ({"waivers": [{"select": "swap"}]}, '[[waiver]]\nselect = "swap"'),
    ({"waivers": [{**WHOLE["waivers"][0], "expires": "2099-01-01"}]},
     '[[waiver]]\nselect = "swap"\nreason = "wanted"\nowner = "us"\nexpires = "2099-01-01"'),
    ({"waiver_notice_days": -1}, "waiver-notice-days = -1"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "told"), WRONG)
def test_it_is_validated_as_strictly_as_a_file(tmp_path: Path, given: dict[str, Any], told: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text(f'schema = "nodecheck.profile/1"\nname = "code"\n{told}\n')

    with pytest.raises(nodecheck.ProfileError) as of_file:
        nodecheck.run(root=tmp_path, profile=path)
    with pytest.raises(nodecheck.ProfileError) as of_code:
        nodecheck.run(root=tmp_path, profile=nodecheck.Profile(**given))

    said = re.sub(r"^profile \S*p\.toml: (line \d+: )?", "profile code: ", str(of_file.value))
    assert str(of_code.value).replace(" ./none.toml:", f" {tmp_path}/./none.toml:") == said or "none.toml" in said


@pytest.mark.parametrize("given", [{"checks": {3: {}}}, {"checks": {"sysctl": {"require": {3: "1"}}}}, {"extends": 3}])
def test_what_no_file_can_hold_is_refused_too(tmp_path: Path, given: dict[str, Any]) -> None:
    with pytest.raises(nodecheck.ProfileError, match=r"profile code: .*3"):
        nodecheck.run(root=tmp_path, profile=nodecheck.Profile(**given))


def test_a_profile_extends_a_path_and_does_not_keep_what_it_was_given(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(FILE)
    require = {"vm.swappiness": "<=10"}
    profile = nodecheck.Profile(
        extends=tmp_path / "base.toml", name="kubernetes", checks={"sysctl": {"require": require}}
    )

    tables = profile.tables()
    require["vm.x"] = "1"
    assert tables["check"] == {"sysctl": {"require": {"vm.swappiness": "<=10"}}}
    found = load_profile(profile, load())
    assert set(found.checks["sysctl"]["require"]) == {"net.ipv4.ip_forward", "vm.max_map_count", *require} | {
        f"net.bridge.bridge-nf-call-ip{version}tables" for version in ("", "6")
    }
    assert found.names("sysctl", "require") == {"vm.max_map_count", *require}
    assert (found.name, found.role) == ("kubernetes", "worker")


def test_the_words_of_the_types_are_those_that_are_taken() -> None:
    assert get_args(nodecheck.Role) == ROLES
    assert get_args(nodecheck.ProxyMode) == PROXY_MODES
    assert get_args(nodecheck.Phase) == PHASES
    assert get_args(nodecheck.View) == VIEWS
    assert get_args(nodecheck.FailOn) == tuple(level.value for level in nodecheck.Severity)


def test_progress_is_told_of_each_check(tmp_path: Path) -> None:
    told: list[nodecheck.Progress] = []
    threads: set[int] = set()

    def progress(found: nodecheck.Progress) -> None:
        told.append(found)
        threads.add(threading.get_ident())

    nodecheck.run(root=tmp_path, select=["swap", "os-release"], progress=progress)

    assert [(found.check, found.view) for found in told] == [
        ("os-release", "now"), ("swap", "now"), ("swap", "boot")
    ]  # fmt: skip
    assert [(found.done, found.total) for found in told] == [(0, 3), (1, 3), (2, 3)]
    assert threading.get_ident() not in threads


class Cancelled(Exception):
    """What a program cancels a run with."""


def test_what_progress_raises_ends_the_run(tmp_path: Path) -> None:
    told: list[str] = []

    def progress(found: nodecheck.Progress) -> None:
        told.append(found.check)
        if len(told) == 2:
            raise Cancelled(found.check)

    with pytest.raises(Cancelled):
        nodecheck.run(root=tmp_path, progress=progress)
    assert len(told) == 2


INTERRUPTED = """
import os, signal, sys, time
import nodecheck

told = []
def progress(found):
    told.append(found.check)
    if len(told) == 2:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.3)

try:
    nodecheck.run(root=sys.argv[1], progress=progress)
except KeyboardInterrupt:
    time.sleep(0.5)
    print(len(told))
"""


def test_no_further_check_is_begun_after_an_interrupt(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED, tmp_path], capture_output=True, text=True, timeout=60)

    assert (done.returncode, done.stdout, done.stderr) == (0, "2\n", "")


def test_runs_in_several_threads_are_each_as_one_alone(tree: Tree) -> None:
    root = tree({"/etc/fstab": "/swap none swap sw 0 0\n", "/etc/hostname": "n1\n"})
    profile = nodecheck.Profile(extends="kubernetes", checks={"sysctl": {"require": {"vm.max_map_count": ">=262144"}}})
    alone = nodecheck.run(root=root, profile=profile)
    found: list[nodecheck.Report] = []
    told: list[list[nodecheck.Progress]] = [[] for _ in range(4)]
    threads = [
        threading.Thread(
            target=lambda here: found.append(nodecheck.run(root=root, profile=profile, progress=here.append)),
            args=(here,),
        )
        for here in told
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 4
    for report in found:
        assert [result._replace(duration_s=0.0) for result in report] == [
            result._replace(duration_s=0.0) for result in alone
        ]
    assert all(here == told[0] for here in told)


def test_a_report_is_rendered_in_every_format(tmp_path: Path) -> None:
    from nodecheck.render.outputs import BUILT_IN, renderer

    report = nodecheck.run(root=tmp_path, select=["swap"])
    for name in BUILT_IN:
        assert report.render(name) == renderer(name)(report)
    assert report.render() == report.render("text")
    with pytest.raises(nodecheck.UsageError, match="did you mean 'html'"):
        report.render("htm")


def test_schemas(tmp_path: Path) -> None:
    for document in ("report", "plan", "audit", "profile", "hosts"):
        jsonschema.Draft202012Validator.check_schema(nodecheck.schema(document))
    jsonschema.validate(nodecheck.run(root=tmp_path, select=["swap"]).to_dict(), nodecheck.schema("report"))
    with pytest.raises(nodecheck.UsageError, match="expected one of report, plan"):
        nodecheck.schema("reprot")


def test_the_checks_and_profiles_that_there_are() -> None:
    found = {check.name: check for check in nodecheck.checks()}

    assert set(found) == set(load().checks)
    assert found["swap"].views == VIEWS
    asked = nodecheck.Profile(ignore=["port"], checks={"os-release": {"minimum": {"debian": "11"}}})
    assert {check.name for check in nodecheck.checks(asked)} == set(found) - {"port"}
    assert {check.name: check.parameters for check in nodecheck.checks(asked)}["os-release"]["minimum"] == {
        "debian": "11"
    }
    assert set(nodecheck.profiles()) >= {"kubernetes", "centos7-kubeadm-1.17"}


def test_every_public_name_is_on_its_page() -> None:
    page = (ROOT / "docs/library.md").read_text()

    missing = [name for name in nodecheck.__all__ if not re.search(rf"(?<![a-zA-Z_]){re.escape(name)}(?![a-z_])", page)]
    assert missing == []


def test_every_argument_of_run_is_on_the_page() -> None:
    rows = re.findall(r"^\| (`.*?`) \|", (ROOT / "docs/library.md").read_text(), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}

    assert set(inspect.signature(nodecheck.run).parameters) <= named


def test_what_the_page_shows_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run = nodecheck.run
    monkeypatch.setattr(nodecheck, "run", lambda **told: run(**{**told, "root": tmp_path, "select": ["swap"]}))
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/library.md").read_text(), re.DOTALL)

    assert len(blocks) == 3
    for block in blocks:
        exec(compile(block, "docs/library.md", "exec"), {})


def test_the_example_installer(tree: Tree, tmp_path: Path) -> None:
    root = tree({"node/etc/fstab": "/swap none swap sw 0 0\n", "node/etc/hostname": "n1\n"}) / "node"
    script = ROOT / "examples/installer.py"

    done = subprocess.run(
        [sys.executable, script, "--root", root, "--out", tmp_path], capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 1, done.stderr
    assert "error: swap[/swap]@boot: fstab turns swap on at boot: /swap" in done.stdout
    assert "  1/" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "node.html").read_text().startswith("<!doctype html>")
    fix = (tmp_path / "fix.sh").read_text()
    assert fix.startswith("#!/bin/sh\n")
    assert "keep_going=yes" in fix
    assert "vm.max_map_count = 262144" in fix
    assert len(script.read_text().split("\n")) <= 65
    wrong = subprocess.run([sys.executable, script, "--root", "/none"], capture_output=True, text=True, timeout=60)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "installer: " in wrong.stderr
