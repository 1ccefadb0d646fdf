"""``kernel-module``: what kube-proxy's mode needs, and what need not be loaded before it is needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck.model.literals import ProxyMode
from tests.checks.kernel.test_kernel_module import DEP, IPVS, MODULE_TREE, REL

Tree = Callable[[dict[str, "str | bytes"]], Path]

ROCKY = {
    release: f'ID="rocky"\nVERSION_ID="{release}"\nID_LIKE="rhel centos fedora"\n'
    for release in ("8.10", "9.6", "10.0")
}
DEBIAN = 'ID=debian\nVERSION_ID="13"\n'
NODE: dict[str, str | bytes] = {
    **MODULE_TREE, "proc/modules": "", "proc/sys/kernel/osrelease": f"{REL}\n", "etc/os-release": DEBIAN,
    "etc/modules-load.d/k8s.conf": "",
}  # fmt: skip
DEP_PATH = f"lib/modules/{REL}/modules.dep"
CONNTRACK = "nf_conntrack"


def without(name: str) -> str:
    """modules.dep without a module."""
    return "".join(line for line in DEP.splitlines(True) if f"/{name}.ko" not in line.split(":")[0])


OBSTACLES: dict[str, dict[str, str | bytes]] = {
    "no such module": {DEP_PATH: without("ip_vs_rr")},
    "an install line": {"etc/modprobe.d/x.conf": "install ip_vs_rr /bin/false\n"},
    "an install line of what it needs": {"etc/modprobe.d/x.conf": "install nf_conntrack /bin/true\n"},
    "the command line": {"proc/cmdline": "ro module_blacklist=ip_vs_rr\n"},
}  # fmt: skip


def judged(root: Path, name: str, mode: ProxyMode | None, text: str = "") -> dict[str, tuple[str, str]]:
    """Status and severity of a module in both views."""
    profile = root / "profile.toml"
    profile.write_text(f'schema = "nodecheck.profile/1"\nname = "p"\nextends = "kubernetes"\n{text}')
    report = nodecheck.run(root=root, profile=profile, select=[f"kernel-module[{name}]"], proxy_mode=mode)
    return {result.view: (result.status.value, result.severity.value) for result in report.results}


def both(status: str, severity: str) -> dict[str, tuple[str, str]]:
    return {"now": (status, severity), "boot": (status, severity)}


@pytest.mark.parametrize("mode", [None, "iptables", "nftables", "none"])
def test_ip_vs_does_not_apply_in_other_modes(tree: Tree, mode: ProxyMode | None) -> None:
    root = tree({**NODE, DEP_PATH: ""})
    report = nodecheck.run(root=root, select=["kernel-module[ip_vs*]"], proxy_mode=mode)

    assert [result.id for result in report.results] == [
        f"kernel-module[{name}]{view}" for name in sorted(IPVS) for view in ("", "@boot")
    ]
    assert {(result.status.value, result.cause and result.cause.code) for result in report.results} == {
        ("skip", "not-applicable")
    }
    assert len({result.message for result in report.results}) == 1


@pytest.mark.parametrize("mode", [None, "iptables"])
def test_a_waiver_of_ip_vs_is_neither_missed_nor_said_to_be_unneeded(tree: Tree, mode: ProxyMode | None) -> None:
    waiver = '[[waiver]]\nselect = "kernel-module[ip_vs*]"\nreason = "r"\nowner = "o"\nexpires = 2999-01-01\n'
    root = tree(NODE)
    (root / "p.toml").write_text(f'schema = "nodecheck.profile/1"\nname = "p"\nextends = "kubernetes"\n{waiver}')

    report = nodecheck.run(root=root, profile=root / "p.toml", proxy_mode=mode)
    assert [result.id for result in report.results if result.check == "waiver"] == []


@pytest.mark.parametrize("mode", [None, "iptables", "ipvs"])
def test_ip_vs_that_a_profile_names_is_to_be_loaded(tree: Tree, mode: ProxyMode | None) -> None:
    named = '[check.kernel-module]\nrequire = ["ip_vs_rr"]\n'

    assert judged(tree(NODE), "ip_vs_rr", mode, named) == both("fail", "error")


@pytest.mark.parametrize("name", [*IPVS, CONNTRACK])
def test_in_ipvs_mode_kube_proxy_loads_what_can_be_loaded(tree: Tree, name: str) -> None:
    root = tree(NODE)

    assert judged(root, name, "ipvs") == both("pass", "error")
    for result in nodecheck.run(root=root, select=[f"kernel-module[{name}]"], proxy_mode="ipvs").results:
        assert result.message.endswith("kube-proxy loads it when it starts")
        assert any(item.source == f"/{DEP_PATH}" and item.locator for item in result.evidence)


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_in_ipvs_mode_what_cannot_be_loaded_is_an_error(tree: Tree, obstacle: str) -> None:
    assert judged(tree({**NODE, **OBSTACLES[obstacle]}), "ip_vs_rr", "ipvs") == both("fail", "error")


def test_a_blacklist_is_for_aliases_and_hinders_no_load_by_name(tree: Tree) -> None:
    assert judged(tree({**NODE, "etc/modprobe.d/x.conf": "blacklist ip_vs_rr\n"}), "ip_vs_rr", "ipvs") == both(
        "pass", "error"
    )


def test_a_kernel_that_takes_no_more_modules(tree: Tree) -> None:
    assert judged(tree({**NODE, "proc/sys/kernel/modules_disabled": "1\n"}), "ip_vs", "ipvs")["now"] == (
        "fail",
        "error",
    )


@pytest.mark.parametrize("words", ["init=/bin/sh", "emergency"])
def test_a_boot_that_starts_nothing_starts_no_kube_proxy(tree: Tree, words: str) -> None:
    started = {**NODE, "usr/lib/systemd/systemd": "", "proc/cmdline": "quiet\n"}
    assert judged(tree(started), "ip_vs", "ipvs")["boot"] == ("pass", "error")

    assert judged(tree({**started, "proc/cmdline": f"{words}\n"}), "ip_vs", "ipvs")["boot"] == ("fail", "error")


def test_a_list_that_only_modprobe_reads_does_not_say_that_it_can_be_loaded(tree: Tree) -> None:
    root = tree({**NODE, DEP_PATH: "", f"{DEP_PATH}.bin": b"\xb0\x07\xf4\x57"})
    (root / DEP_PATH).unlink()

    assert judged(root, "ip_vs", "ipvs") == both("fail", "error")
    assert judged(root, CONNTRACK, "iptables") == both("fail", "warning")


def test_without_a_list_of_modules_nothing_can_be_loaded(tree: Tree) -> None:
    root = tree({**NODE, DEP_PATH: ""})
    (root / DEP_PATH).unlink()

    assert judged(root, "ip_vs", "ipvs") == both("fail", "error")
    assert judged(root, CONNTRACK, "iptables") == both("fail", "error")


@pytest.mark.parametrize("profile", ["centos7-kubeadm-1.17", "kubernetes"])
def test_the_reference_profile_keeps_its_demand(tree: Tree, profile: str) -> None:
    report = nodecheck.run(root=tree(NODE), profile=profile, proxy_mode="ipvs", select=["kernel-module[ip_vs]"])
    wanted = "fail" if profile == "centos7-kubeadm-1.17" else "pass"

    assert {result.status.value for result in report.results} == {wanted}


def test_demand_of_a_profile(tree: Tree) -> None:
    root = tree(NODE)
    demand = '[check.kernel-module]\ndemand = "loaded"\n'

    assert judged(root, "ip_vs", "ipvs", demand) == both("fail", "error")
    assert judged(root, "ip_vs", "iptables", demand)["now"][0] == "skip"


@pytest.mark.parametrize(
    ("release", "mode", "status", "severity"),
    [
        (ROCKY["9.6"], "iptables", "fail", "warning"), (ROCKY["9.6"], "nftables", "fail", "warning"),
        (ROCKY["9.6"], None, "fail", "warning"), (ROCKY["9.6"], "ipvs", "pass", "error"),
        (ROCKY["9.6"], "none", "fail", "info"), (ROCKY["8.10"], "iptables", "fail", "info"),
        (ROCKY["10.0"], "iptables", "fail", "info"), (DEBIAN, "iptables", "fail", "info"),
        (DEBIAN, None, "fail", "info"), (DEBIAN, "nftables", "fail", "info"), ("", "iptables", "fail", "info"),
    ],
)  # fmt: skip
def test_conntrack_that_can_be_loaded(
    tree: Tree, release: str, mode: ProxyMode | None, status: str, severity: str
) -> None:
    assert judged(tree({**NODE, "etc/os-release": release}), CONNTRACK, mode) == both(status, severity)


@pytest.mark.parametrize("mode", [None, "iptables", "nftables", "ipvs", "none"])
@pytest.mark.parametrize("how", ["not listed", "an install line", "built without"])
def test_conntrack_that_cannot_be_loaded(tree: Tree, how: str, mode: ProxyMode | None) -> None:
    lacking: dict[str, str | bytes] = {DEP_PATH: without(CONNTRACK)}
    changes: dict[str, dict[str, str | bytes]] = {
        "not listed": lacking,
        "an install line": {"etc/modprobe.d/x.conf": f"install {CONNTRACK} /bin/false\n"},
        "built without": {**lacking, f"boot/config-{REL}": "CONFIG_BRIDGE=m\n# CONFIG_NF_CONNTRACK is not set\n"},
    }

    severity = "info" if mode == "none" else "error"
    assert judged(tree({**NODE, **changes[how]}), CONNTRACK, mode) == both("fail", severity)
