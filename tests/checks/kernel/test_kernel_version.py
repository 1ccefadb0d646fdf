"""The running kernel against the minima of each Kubernetes release."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck.checking import Outcome
from nodecheck.facts.boot.next_boot import RunningKernel
from nodecheck.facts.cluster.target import Target
from nodecheck.facts.distro.os_release import leading_numbers
from nodecheck_checks.kernel.kernel_version import kernel_version


def judge(release: str, kubernetes: str | None = None, minimum: str = "", proxy_mode: str | None = None) -> Outcome:
    target = Target(kubernetes=kubernetes, proxy_mode=proxy_mode)
    (found,) = kernel_version(RunningKernel(release, "/proc/sys/kernel/osrelease"), target, minimum=minimum)
    return found


@pytest.mark.parametrize(
    ("release", "kubernetes", "status"),
    [
        ("3.10.0-1160.el7.x86_64", "1.17.4", "pass"),
        ("3.9.0", "1.17.4", "fail"),
        ("3.10.0-1160.el7.x86_64", "1.32", "fail"),
        ("4.18.0-553.el8_10.x86_64", "1.31", "pass"),
        ("4.18.0-553.el8_10.x86_64", "1.34", "pass"),
        ("4.18.0", "1.33", "fail"),
        ("4.19.0-27-amd64", "1.33", "pass"),
        ("5.14.0-427.el9.x86_64", "1.34", "pass"),
        ("5.14.21-150500.55-default", "1.34", "pass"),
        ("5.12.3", "1.34", "fail"),
        ("5.13.0-52-generic", "1.34", "pass"),
        ("6.12-amd64", "1.34", "pass"),
        ("6.8.0-50-generic", None, "pass"),
        ("3.10.0-1160.el7.x86_64", None, "unknown"),
        ("2.6.32", None, "fail"),
        ("", "1.34", "unknown"),
        ("noise", "1.34", "unknown"),
    ],
)
def test_by_release(release: str, kubernetes: str | None, status: str) -> None:
    assert judge(release, kubernetes).status == status


def test_upstream_table(corpus: Path) -> None:
    table = json.loads((corpus / "10-upstream-tables/sysval-kernel-version.json").read_text())
    for case in table["cases"]:
        assert (judge(case["input"], "1.34").status == "fail") is case["expected"]["error"], case["input"]


def test_versions_of_real_releases(corpus: Path) -> None:
    cases = json.loads((corpus / "08-versions/uname-r.json").read_text())["cases"]
    for case in cases:
        wanted = tuple(case["expected"]["version"])
        assert leading_numbers(case["input"])[: len(wanted)] in (wanted, wanted[:2]), case["input"]
        judged = judge(case["input"], "1.34")
        if case["expected"]["kubeadm_regex_ok"]:
            assert judged.status == "pass", case["input"]


def test_severity_is_that_of_kubeadm() -> None:
    assert judge("4.18.0", "1.33").severity is None  # the check's own: an error
    assert judge("4.18.0", "1.34").severity == "warning"


def test_minimum_wins() -> None:
    assert judge("3.10.0", "1.34", minimum="3.10").status == "pass"
    assert judge("4.18.0-553.el8.x86_64", "1.17", minimum="4.19").status == "fail"


def test_nftables_mode_asks_for_more() -> None:
    assert judge("5.10.0-8-amd64", "1.34", proxy_mode="nftables").status == "fail"
    assert judge("5.14.0-427.el9.x86_64", "1.34", proxy_mode="nftables").status == "pass"


def test_whole(tree: Callable[[dict[str, str | bytes]], Path]) -> None:
    root = tree({"/proc/sys/kernel/osrelease": "6.1.0-9-amd64\n"})

    assert nodecheck.run(root=root, select=["kernel-version"], kubernetes="1.34")["kernel-version"].status == "pass"


def test_whole_offline(tmp_path: Path) -> None:
    found = nodecheck.run(root=tmp_path, select=["kernel-version"])["kernel-version"]

    assert found.status == "skip"
    assert found.cause is not None
    assert found.cause.code == "offline"


@pytest.mark.parametrize(
    ("release", "kubernetes", "wanted"),
    [
        # kubernetes#129462, kubespray#11885: system-validators 1.9.x refuses 4.18 by its number
        ("4.18.0-553.16.1.el8_10.x86_64", "1.32", ("fail", "warning")),
        ("4.18.0-372.el8.x86_64", "1.33", ("fail", "warning")),
        ("4.18.0-553.el8_10.x86_64", "1.34", ("pass", None)),
        ("4.18.0-553.el8_10.x86_64", "1.31", ("pass", None)),
        ("5.14.0-427.el9.x86_64", "1.32", ("pass", None)),
        ("4.18.0-custom", "1.32", ("fail", None)),
    ],
)
def test_a_vendors_kernel_that_kubeadm_refuses(release: str, kubernetes: str, wanted: tuple[str, str | None]) -> None:
    found = judge(release, kubernetes)

    assert (str(found.status), None if found.severity is None else str(found.severity)) == wanted
