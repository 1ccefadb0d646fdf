"""The distribution against the minima."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck.checking import Outcome, seen
from nodecheck.facts.distro.os_release import OsRelease
from nodecheck_checks.system.os_release import MINIMA, os_release

Tree = Callable[[dict[str, "str | bytes"]], Path]
EVIDENCE = (seen("/etc/os-release", "x"),)


def judge(identity: str | None, version: str | None, unlisted: str = "unknown", **minimum: str) -> Outcome:
    release = OsRelease(identity, version, evidence=EVIDENCE)
    (found,) = os_release(release, minimum=minimum or MINIMA, unlisted=unlisted)
    return found


@pytest.mark.parametrize(
    ("identity", "version", "status"),
    [
        ("centos", "7.5.1804", "pass"),
        ("centos", "7.10", "pass"),
        ("centos", "7.4.1708", "fail"),
        ("centos", "7", "unknown"),
        ("centos", "8", "pass"),
        ("rocky", "9.1", "pass"),
        ("rhel", "6.10", "fail"),
        ("rhel", "8.5 Beta", "pass"),
        ("rhel", "7.5-0.14", "pass"),
        ("ubuntu", "18.04", "fail"),
        ("ubuntu", "22.04", "pass"),
        ("debian", None, "unknown"),
        ("debian", "12.5", "pass"),
        ("amzn", "2018.03", "fail"),
        ("amzn", "2023", "pass"),
        ("opensuse-leap", "42.3", "fail"),
        ("arch", None, "pass"),
        ("talos", "v1.7.0", "pass"),
        ("xenenterprise", "7.5.0", "unknown"),
        ("nobara", "40", "unknown"),
        (None, None, "unknown"),
    ],
)
def test_default_profile(identity: str | None, version: str | None, status: str) -> None:
    assert judge(identity, version).status == status


def test_its_own_minimum_comes_before_that_of_the_family() -> None:
    assert judge("centos", "8.2", rhel="9", centos="8.0").status == "pass"
    assert judge("rocky", "8.2", rhel="9", centos="8.0").status == "fail"


def test_unlisted_fails_where_the_profile_says_so() -> None:
    found = judge("ubuntu", "22.04", unlisted="fail", rhel="7.5")

    assert (found.status, found.expected, found.actual) == ("fail", "one of rhel", "ubuntu 22.04")


def reference(tmp_path: Path) -> Path:
    path = tmp_path / "reference.toml"
    table = '[check.os-release]\nminimum = { rhel = "7.5" }\nunlisted = "fail"\n'
    path.write_text(f'schema = "nodecheck.profile/1"\nname = "reference"\n{table}')
    return path


def test_corpus(corpus: Path, tmp_path: Path) -> None:
    group = corpus / "01-os-release"
    profile = reference(tmp_path)
    passed = {True: "pass", False: "fail", None: "unknown"}
    wrong = []
    for item in json.loads((group / "manifest.json").read_text()):
        truth = item["truth"]["rhel"]
        if not item["truth"].get("id") and item["truth"]["rhel"]["rhel_like"] is False:
            continue  # nothing names these: unknown, and not the "not RHEL" of the corpus
        report = nodecheck.run(root=group / item["root"], profile=profile, select=["os-release"])
        listed = truth["rhel_like"] and truth.get("rhel_version_comparable") is not False
        expected = passed[truth["rhel_ge_7_5"]] if listed else "fail"
        if report["os-release"].status != expected:
            wrong.append((item["id"], report["os-release"].message))
    assert wrong == []


def test_whole(tree: Tree) -> None:
    root = tree(
        {"/etc/os-release": "ID=centos\nVERSION_ID=7\n", "/etc/centos-release": "CentOS Linux release 7.9.2009\n"}
    )

    report = nodecheck.run(root=root, select=["os-release"])

    assert report["os-release"].status == "pass"
    assert report["os-release"].actual == "centos 7.9.2009"
    assert report.node.os.version == "7.9.2009"


def test_whole_unknown(tree: Tree) -> None:
    report = nodecheck.run(root=tree({"/etc/os-release/x": ""}), select=["os-release"])

    assert report["os-release"].cause is not None
    assert report["os-release"].cause.code == "malformed"
