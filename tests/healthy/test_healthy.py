"""Healthy nodes as their makers set them up: nothing of them fails, and nothing is unknown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nodecheck import Report
from nodecheck.testing import run
from tests.healthy.nodes import entries, healthy_node
from tests.healthy.setups import SETUPS, WANTS
from tests.healthy.trees import ELF, HERE, base, read_base, write_base

BASES = ("debian-12", "debian-13", "snapd", "raspberry-pi-os")

KNOWN: dict[str, str] = {}
"""Failures above a note that are right, with who says so. Empty is the aim."""

_AT_START = "it writes its containerd's configuration when it starts, and sets the kubelet's driver nowhere"
UNTOLD = {
    "k0s: cgroup-driver[agreement]": _AT_START,
    "microk8s: cgroup-driver[agreement]": _AT_START,
}
"""What no file can tell, and why. Empty is the aim."""

RELEASE = ("removed-setting[--containerd]@boot",)
"""What is unknown while nobody says which Kubernetes is meant: MicroK8s gives its kubelet a flag that goes."""

STATUSES = ("pass", "fail", "unknown")
PASSES = {
    "cgroup-controller[memory]@boot",
    "swap@boot", "hostname@boot", "kernel-module[br_netfilter]@boot", "sysctl[net.ipv4.ip_forward]@boot",
    "sysctl[net.bridge.bridge-nf-call-iptables]@boot", "firewall[nftables]@boot", "selinux@boot",
}  # fmt: skip
"""What is judged on each node, and passes."""


@pytest.fixture(scope="module", params=sorted(SETUPS))
def node(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The name of a node and its tree."""
    return request.param, healthy_node(request.param, tmp_path_factory.mktemp(request.param))


def _wrong(name: str, report: Report) -> Iterator[tuple[str, str, str]]:
    for result in report.results:
        about = f"{name}: {result.id}"
        if result.status.value == "unknown" and about not in UNTOLD:
            yield result.id, "unknown", result.message
        elif result.status.value == "fail" and result.severity.value != "info" and about not in KNOWN:
            yield result.id, result.severity.value, result.message


def test_healthy(node: tuple[str, Path]) -> None:
    name, root = node
    setup = SETUPS[name]
    report = run(root, kubernetes=setup.kubernetes, role=setup.role, proxy_mode="iptables")
    assert list(_wrong(name, report)) == []
    by_status = {status: {found.id for found in report.results if found.status.value == status} for status in STATUSES}
    assert PASSES - by_status["pass"] == set()
    assert any(one.startswith("service[") for one in by_status["pass"])
    for status, told in (("fail", KNOWN), ("unknown", UNTOLD)):
        assert {one for one in told if one.startswith(f"{name}: ")} <= {f"{name}: {one}" for one in by_status[status]}


def test_healthy_without_being_told_anything(node: tuple[str, Path]) -> None:
    name, root = node
    known = {(told, "unknown") for told in RELEASE}
    wrong = [(told, how, why) for told, how, why in _wrong(name, run(root)) if (told, how) not in known]
    assert wrong == []


@pytest.mark.parametrize(
    ("name", "path", "text", "result"),
    [
        ("debian-12", "etc/fstab", "/swapfile none swap sw 0 0\n", "swap[/swapfile]@boot"),
        ("debian-13", "etc/sysctl.d/k8s.conf", "", "sysctl[net.ipv4.ip_forward]@boot"),
        ("k3s", "usr/local/bin/k3s", None, "service[k3s]@boot"),
        ("rke2", f"{WANTS}/rke2-server.service", None, "kernel-module[br_netfilter]@boot"),
        ("k0s", "usr/local/bin/k0s", None, "sysctl[net.ipv4.ip_forward]@boot"),
        ("microk8s", "usr/bin/snap", None, "kernel-module[br_netfilter]@boot"),
        ("raspberry-pi-os-13", "etc/rpi/swap.conf.d/90-disable-swap.conf", None, "swap[/dev/zram0]@boot"),
    ],
)
def test_one_step_less_fails(tmp_path: Path, name: str, path: str, text: str | None, result: str) -> None:
    root = healthy_node(name, tmp_path)
    if text is None:
        (root / path).unlink()
    else:
        (root / path).write_text(text)
    failed = {found.id for found in run(root, view="boot").results if found.status.value == "fail"}
    assert result in failed


def test_every_entry_has_an_origin() -> None:
    for name, setup in SETUPS.items():
        for entry in entries(setup):
            assert entry.origin, f"{name}: {entry.path}"
            assert entry.how in ("", "program", "cut")
            assert entry.how != "program" or entry.text in (ELF, b"") or entry.text.startswith(b"#!"), entry.path


@pytest.mark.parametrize("name", BASES)
def test_a_base_reads_back_what_was_written(name: str) -> None:
    kept = base(name)
    assert len({entry.path for entry in kept}) == len(kept)
    assert sorted(read_base(*write_base(kept))) == sorted(kept)


def test_every_base_is_part_of_a_node() -> None:
    assert (
        {file.stem for file in HERE.glob("*.manifest")}
        == set(BASES)
        == {name for setup in SETUPS.values() for name in setup.bases}
    )
