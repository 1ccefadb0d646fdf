"""The reference installation's own steps, judged as they deserve."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import nodecheck
from nodecheck import Report
from nodecheck.model.steps import Create
from tests.reference import IPVS_SCRIPT, UNITS, reference_node, write

BRIDGE = ("net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables")
IPVS = ("ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_sh")


@pytest.fixture
def node(tmp_path: Path) -> Path:
    return reference_node(tmp_path)


SITE = """schema = "nodecheck.profile/1"
name = "our-cluster"
extends = "centos7-kubeadm-1.17"
nodes = { master = "192.168.109.101", node1 = "192.168.109.102", node2 = "192.168.109.103" }
"""
PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference-installation.md"


def judged_by_site(node: Path) -> Report:
    (node / "site.toml").write_text(SITE)
    return nodecheck.run(root=node, profile=node / "site.toml")


def judged(node: Path, *select: str) -> Report:
    return nodecheck.run(root=node, profile="centos7-kubeadm-1.17", select=select)


def statuses(report: Report, ids: list[str]) -> set[str]:
    return {report[identity].status.value for identity in ids}


def test_the_installation_gets_only_this_wrong(node: Path) -> None:
    """br_netfilter is loaded by hand and named nowhere; chronyd is started and not enabled."""
    report = judged(node)

    assert {result.id for result in report.failures} == {
        "kernel-module[br_netfilter]@boot", *(f"sysctl[{key}]@boot" for key in BRIDGE), "service[chronyd]@boot",
    }  # fmt: skip
    assert all(result.severity == "error" and result.fix is not None for result in report.failures)
    assert {result.check for result in report if result.status == "unknown"} == {"version"}  # there is no rpm database


def test_what_it_gets_wrong_is_mended_by_the_fixes(node: Path) -> None:
    for result in judged(node).failures:
        assert result.fix is not None
        for step in result.fix.steps:
            if isinstance(step, Create):
                write(node, step.path, step.content)
            else:
                assert step == (("systemctl", "enable", "chronyd.service"),)
                wants = node / "etc/systemd/system/multi-user.target.wants"
                (wants / "chronyd.service").symlink_to(f"/{UNITS}/chronyd.service")

    assert judged(node).failures == ()


def test_sysctl_p_does_not_read_the_drop_in(node: Path) -> None:
    """``sysctl -p`` reads /etc/sysctl.conf alone: the values of kubernetes.conf hold only after the next boot."""
    write(node, "proc/sys/net/ipv4/ip_forward", "0\n")

    report = judged(node, "sysctl[net.ipv4.ip_forward]")

    assert report["sysctl[net.ipv4.ip_forward]"].status == "fail"
    boot = report["sysctl[net.ipv4.ip_forward]@boot"]
    assert boot.status == "pass"
    assert (boot.evidence[0].source, boot.evidence[0].locator) == ("/etc/sysctl.d/kubernetes.conf", "line 3")


def test_systemctl_start_does_not_enable(node: Path) -> None:
    report = judged(node, "service")

    assert report["service[chronyd]@boot"].status == "fail"
    assert statuses(report, ["service[docker]@boot", "service[kubelet]@boot"]) == {"pass"}


def test_ipvs_modules_works_with_its_execute_bit(node: Path) -> None:
    ids = [f"kernel-module[{name}]@boot" for name in IPVS]
    assert statuses(judged(node, "kernel-module"), ids) == {"pass"}

    (node / "etc/sysconfig/modules/ipvs.modules").chmod(0o644)

    assert statuses(judged(node, "kernel-module"), ids) == {"fail"}


def test_ipvs_modules_works_only_where_a_unit_runs_it(node: Path) -> None:
    (node / "etc/systemd/system/basic.target.wants/rhel-loadmodules.service").unlink()

    report = judged(node, "kernel-module")

    assert statuses(report, [f"kernel-module[{name}]@boot" for name in IPVS]) == {"fail"}


def test_one_scheduler_forgotten(node: Path) -> None:
    write(node, "etc/sysconfig/modules/ipvs.modules", IPVS_SCRIPT.replace("modprobe -- ip_vs_sh\n", ""))

    report = judged(node, "kernel-module")

    assert report["kernel-module[ip_vs_sh]@boot"].status == "fail"
    assert report["kernel-module[ip_vs_wrr]@boot"].status == "pass"


@pytest.mark.parametrize(
    ("name", "content", "identity"),
    [
        ("etc/fstab", "/dev/mapper/centos-swap swap swap defaults 0 0\n", "swap[/dev/mapper/centos-swap]@boot"),
        ("etc/selinux/config", "SELINUX=enforcing\n", "selinux@boot"),
        ("etc/selinux/config", "SELINUX = disabled\n", "selinux@boot"),
        ("etc/sysctl.d/zz-site.conf", "net.ipv4.ip_forward = 0\n", "sysctl[net.ipv4.ip_forward]@boot"),
        ("etc/modprobe.d/x.conf", "install ip_vs_rr /bin/false\n", "kernel-module[ip_vs_rr]@boot"),
        ("etc/docker/daemon.json", '{"exec-opts": ["native.cgroupdriver=cgroupfs"]}\n', "cgroup-driver[docker]"),
        ("etc/centos-release", "CentOS Linux release 7.4.1708 (Core)\n", "os-release"),
        ("proc/swaps", "Filename Type Size Used Priority\n/dev/dm-1 partition 64 0 -2\n", "swap[/dev/dm-1]"),
        ("proc/modules", "ip_vs 1 0 - Live 0x0\n", "kernel-module[ip_vs_rr]"),
    ],
)  # fmt: skip
def test_a_step_forgotten_or_undone(node: Path, name: str, content: str, identity: str) -> None:
    before = {result.id for result in judged(node).failures}

    write(node, name, content)

    assert identity in {result.id for result in judged(node).failures} - before


def test_sysctl_conf_comes_before_kubernetes_conf(node: Path) -> None:
    """99-sysctl.conf, the link to it, sorts before ``kubernetes.conf``, and systemd reads it nowhere else."""
    write(node, "etc/sysctl.conf", "net.ipv4.ip_forward = 0\n")

    boot = judged(node, "sysctl")["sysctl[net.ipv4.ip_forward]@boot"]

    assert boot.status == "pass"
    assert [item.source for item in boot.evidence] == ["/etc/sysctl.d/kubernetes.conf", "/etc/sysctl.d/99-sysctl.conf"]


def test_another_distribution_fails_the_reference_profile(node: Path) -> None:
    for name, content in (("etc/os-release", "ID=ubuntu\nVERSION_ID=24.04\n"), ("etc/centos-release", "")):
        write(node, name, content)
    (node / "etc/centos-release").unlink()

    assert judged(node, "os-release")["os-release"].status == "fail"
    assert nodecheck.run(root=node, select=["os-release"])["os-release"].status == "pass"


def test_the_site_names_its_nodes(node: Path) -> None:
    ids = ["hosts[master]", "hosts[node1]", "hosts[node2]"]
    assert statuses(judged_by_site(node), ids) == {"pass"}

    write(node, "etc/hosts", "127.0.0.1 localhost\n192.168.109.101 master\n192.168.109.104 node2\n")

    report = judged_by_site(node)
    assert [report[identity].status.value for identity in ids] == ["pass", "fail", "fail"]
    assert report["hosts[node2]"].actual == "192.168.109.104"


@pytest.mark.parametrize(
    ("changed", "identity"),
    [
        ("etc/hostname", "hostname@boot"),
        ("proc/sys/kernel/hostname", "hostname"),
    ],
)
def test_a_name_that_no_node_may_have(node: Path, changed: str, identity: str) -> None:
    write(node, changed, "node_1\n")  # systemd 219 lets it pass

    assert identity in {result.id for result in judged(node).failures}


def test_the_time_is_an_error_here(node: Path) -> None:
    assert judged(node)["time-sync"].severity == "error"
    assert nodecheck.run(root=node)["time-sync"].severity == "warning"


def test_the_page_names_results_that_there_are(node: Path) -> None:
    """Each id in the page's table is one of the report on a node, or (versions) of a check that judges it."""
    text = PAGE.read_text()
    rows = [line for line in text.split("\n") if line.startswith("| ") and "`" in line]
    ids = {word for row in rows for cell in row.split("|")[2:4] for word in re.findall(r"`([^`]+)`", cell)}
    report = judged_by_site(node)
    assert SITE in text
    assert len(ids) > 40
    assert ids <= {result.id for result in report}, ids - {result.id for result in report}
    named = set(re.findall(r"`([a-z-]+\[[^`]+\]@boot)`", text.partition("## What the installation")[2]))
    assert {result.id for result in report.failures} == named
