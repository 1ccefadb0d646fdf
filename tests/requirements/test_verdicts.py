"""What each release of Kubernetes makes of each fault: a table that is stored here, and the rows that were read."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path

import pytest

from nodecheck import Result
from nodecheck.testing import run
from tests.requirements.faulty import FAULTY

RELEASES = [f"1.{minor}" for minor in range(17, 39)]
SWAP = "swap[/swapfile]"
FLAG = "removed-setting[--pod-infra-container-image]@boot"
GATE = "removed-setting[SidecarContainers]@boot"
POD = "static-pod[/etc/kubernetes/manifests/web.yaml]"

TABLE: dict[str, dict[str, tuple[str, ...]]] = {
    "v1": {"cgroup-version": ("1.17 pass", "1.31 warning", "1.35 error")},
    "hybrid": {"cgroup-version": ("1.17 pass", "1.31 warning", "1.35 error")},
    "pi without the memory controller": {"cgroup-controller[memory]": ("1.17 error",)},
    "swap": {SWAP: ("1.17 error",), "kubelet-swap": ("1.17 skip",)},
    "swap tolerated, LimitedSwap": {SWAP: ("1.17 info",), "kubelet-swap": ("1.17 pass",)},
    "swap tolerated, UnlimitedSwap": {SWAP: ("1.17 info", "1.30 error"), "kubelet-swap": ("1.17 pass", "1.30 error")},
    "swap tolerated, NoSwap": {
        SWAP: ("1.17 info", "1.22 error", "1.30 info"),
        "kubelet-swap": ("1.17 pass", "1.22 error", "1.30 pass"),
    },
    "removed flag": {"removed-setting@boot": ("1.17 pass", "1.35 -"), FLAG: ("1.17 -", "1.35 error")},
    "removed gate": {"removed-setting@boot": ("1.17 pass", "1.37 -"), GATE: ("1.17 -", "1.37 error")},
    "containerd 1.7": {"runtime-version[containerd]": ("1.17 pass", "1.35 warning", "1.38 pass")},
    "ipvs": {"kube-proxy-mode": ("1.17 pass", "1.35 info")},
    "static pod": {POD: ("1.17 pass", "1.34 error")},
}
"""By fault and result: from which release on it is what. ``-``: no result of that name."""

READ = {
    ("v1", "cgroup-version"): ("cgroup", "cgroup-version"),
    ("hybrid", "cgroup-version"): ("cgroup", "cgroup-version"),
    ("pi without the memory controller", "cgroup-controller[memory]"): ("cgroup-controller", "memory"),
    ("swap", SWAP): ("swap", "failSwapOn"),
    ("removed flag", FLAG): ("kubelet-flag", "--pod-infra-container-image"),
    ("removed gate", GATE): ("feature-gate", "SidecarContainers"),
    ("containerd 1.7", "runtime-version[containerd]"): ("runtime", "runtime-config-rpc"),
    ("ipvs", "kube-proxy-mode"): ("kube-proxy", "mode-ipvs"),
    ("static pod", POD): ("static-pod", "API references"),
}
"""The rows that a result goes by, where one topic and key hold them."""

ROWS = [json.loads(line) for line in (Path(__file__).parent / "rows.jsonl").read_text().split("\n")[:-1]]


def _said(result: Result) -> str:
    return result.severity.value if result.status == "fail" else result.status.value


@pytest.mark.parametrize("name", FAULTY)
def test_the_table_is_what_each_release_makes_of_it(name: str, tmp_path: Path) -> None:
    fault = FAULTY[name]
    said: dict[str, dict[str, str]] = {}
    for release in RELEASES:
        report = run(fault.lay(tmp_path / release, release), kubernetes=release, select=fault.results, **fault.options)
        for result in report.results:
            said.setdefault(result.id, {})[release] = _said(result)
    found = {
        about: tuple([f"{next(of)} {told}" for told, of in groupby(RELEASES, key=lambda one: by.get(one, "-"))])
        for about, by in said.items()
    }
    assert found == TABLE[name]


def _at(cells: tuple[str, ...], release: str) -> str:
    return [cell.split(" ")[1] for cell in cells if _number(cell.split(" ")[0]) <= _number(release)][-1]


def _number(release: str) -> tuple[int, ...]:
    return tuple([int(part) for part in release.split(".")])


@pytest.mark.parametrize(("fault", "about"), READ)
def test_the_table_is_what_was_read(fault: str, about: str) -> None:
    """Cell by cell: where a row judges a release, its severity; where none does, the fault is none."""
    topic, key = READ[fault, about]
    rows = [row for row in ROWS if (row["topic"], row["key"]) == (topic, key) and row["status"] != "planned"]
    assert rows
    for release in RELEASES:
        judging = [
            row["severity"]
            for row in rows
            if _number(row["from_release"] or "1.0") <= _number(release) <= _number(row["to_release"] or "1.99")
        ]
        told = _at(TABLE[fault][about], release)
        assert told in (judging[-1:] or ("pass", "-")), (release, told, judging)
