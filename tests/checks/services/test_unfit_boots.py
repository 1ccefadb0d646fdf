"""Nodes that the next boot leaves without what they need, as a whole run sees them."""

from __future__ import annotations

from pathlib import Path

import pytest

import nodecheck
from nodecheck.render.text import render
from tests.nodes import debian_node

KUBELET = "usr/lib/systemd/system/kubelet.service"
DROPIN = "etc/systemd/system/kubelet.service.d/z.conf"


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """A healthy Debian 13 that has joined a cluster."""
    return debian_node(tmp_path)


def put(root: Path, path: str, content: str) -> None:
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(content)


def judged(root: Path, *select: str, **given: str) -> dict[str, nodecheck.Result]:
    report = nodecheck.run(root=str(root), select=list(select), role="worker", kubernetes="1.34", **given)  # type: ignore[arg-type]
    return {result.id: result for result in report.results}


def test_the_node_is_fit(node: Path) -> None:
    found = judged(node, "service[kubelet]", "cgroup-driver", view="boot")
    assert {str(result.status) for result in found.values()} == {"pass"}


@pytest.mark.parametrize("kept", ["program", "configuration"])
def test_a_kubelet_without_a_unit(node: Path, kept: str) -> None:
    (node / KUBELET).unlink()
    if kept == "program":
        (node / "var/lib/kubelet/config.yaml").unlink()
    else:
        (node / "usr/bin/kubelet").unlink(missing_ok=True)
    result = judged(node, "service[kubelet]@boot")["service[kubelet]@boot"]
    assert (str(result.status), result.message) == ("fail", "there is no unit kubelet.service")


def test_what_holds_a_kubelet_needs_no_unit_of_that_name(node: Path) -> None:
    (node / KUBELET).unlink()
    put(node, "usr/lib/systemd/system/kubelet-own.service", "[Service]\nExecStart=/usr/bin/kubelet\n")
    assert "service[kubelet]@boot" not in judged(node, "service@boot")


@pytest.mark.parametrize(
    "dropin", ["[Service]\nExecStart=/usr/bin/kubelet\n", "[Service]\nEnvironmentFile=/etc/default/none\n"]
)
def test_no_two_checks_contradict_each_other_on_one_kubelet(node: Path, dropin: str) -> None:
    put(node, DROPIN, dropin)
    found = judged(node, "service[kubelet]", "cgroup-driver")
    assert str(found["service[kubelet]@boot"].status) == "fail"
    assert str(found["cgroup-driver[kubelet]"].status) == "unknown"


def test_a_kubelet_that_starts_and_refuses_its_configuration(node: Path) -> None:
    put(node, "var/lib/kubelet/config.yaml", "kind: [\n")
    found = judged(node, "service[kubelet]", "cgroup-driver")
    assert found["service[kubelet]@boot"].message == "kubelet.service starts at boot"
    assert "would not start" not in " ".join(result.message for result in found.values())


@pytest.mark.parametrize(
    ("setting", "status"),
    [
        ("[Unit]\nConditionPathExists=/none\n", "fail"),
        ("[Unit]\nConditionVirtualization=container\n", "fail"),
        ("[Service]\nUser=nobody\n", "fail"),
        ("[Service]\nExecStart=/usr/lib/systemd/systemd-sysctl\n", "fail"),  # not oneshot in this tree
        ("[Service]\nProtectKernelTunables=yes\n", "fail"),
        ("[Service]\nUser=root\nNice=5\n", "pass"),
        ("[Unit]\nConditionVirtualization=!container\n", "pass"),
    ],
)
@pytest.mark.parametrize("folder", ["systemd-sysctl.service.d", "service.d"])
def test_the_service_that_sets_sysctls(node: Path, folder: str, setting: str, status: str) -> None:
    put(node, f"etc/systemd/system/{folder}/z.conf", setting)
    (result,) = judged(node, "sysctl[net.ipv4.ip_forward]@boot").values()
    assert str(result.status) == status


@pytest.mark.parametrize(
    ("setting", "status"),
    [
        ("[Service]\nProtectKernelModules=yes\n", "fail"),
        ("[Unit]\nAssertHost=other\n", "fail"),
        ("[Service]\nDynamicUser=yes\n", "fail"),
        ("[Service]\nProtectKernelModules=no\n", "pass"),
    ],
)
def test_the_service_that_loads_modules(node: Path, setting: str, status: str) -> None:
    put(node, "etc/systemd/system/systemd-modules-load.service.d/z.conf", setting)
    (result,) = judged(node, "kernel-module[br_netfilter]@boot").values()
    assert str(result.status) == status


def test_the_share_of_results_for_a_running_node_alone_is_told(tmp_path: Path) -> None:
    put(tmp_path, "etc/os-release", "ID=debian\nVERSION_ID=13\n")
    told = render(nodecheck.run(root=str(tmp_path))).rstrip("\n").split("\n")[-1]
    assert "results are only for a running node" in told


def test_a_root_of_which_most_is_judged_says_no_more_than_the_share(node: Path) -> None:
    told = render(nodecheck.run(root=str(node), view="boot")).rstrip("\n").split("\n")[-1]
    assert told.endswith("of what applies was judged")


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("PathExists=/etc/fstab", "fail"),
        ("PathExists=//etc/./fstab", "fail"),
        ("PathExists=/nothing", "pass"),
        ("PathExistsGlob=/nothing/*", "pass"),
        ("PathExists=/etc/resolv.conf", "unknown"),  # a link into /run, which each boot fills
        ("PathExists=//run/x", "unknown"),
        ("PathExists=/etc/../run/x", "unknown"),
        ("PathExistsGlob=/etc/{fstab,x}", "unknown"),
        ("PathExistsGlob=/etc/[^x]stab", "unknown"),
        ("PathExistsGlob=/etc/[[:alpha:]]stab", "unknown"),
    ],
)
def test_a_condition_that_files_do_not_decide_takes_nothing_away(node: Path, condition: str, status: str) -> None:
    """The unit may turn swap on: only a condition that surely fails keeps it from that."""
    put(node, "etc/fstab", "")
    (node / "etc/resolv.conf").unlink(missing_ok=True)
    (node / "etc/resolv.conf").symlink_to("../run/systemd/resolve/stub-resolv.conf")
    unit = f"[Unit]\nCondition{condition}\n[Service]\nExecStart=/sbin/swapon /swapfile\n"
    put(node, "etc/systemd/system/own.service", unit)
    for folder in ("sbin", "usr/sbin"):
        put(node, f"{folder}/swapon", "\x7fELF")
        (node / folder / "swapon").chmod(0o755)
    (node / "etc/systemd/system/multi-user.target.wants").mkdir(exist_ok=True)
    (node / "etc/systemd/system/multi-user.target.wants/own.service").symlink_to("../own.service")

    assert {str(result.status) for result in judged(node, "swap@boot").values()} == {status}
