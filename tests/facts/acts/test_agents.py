"""Agents of k3s, RKE2, k0s, MicroK8s and the snap k8s prepare their node: healthy ones do not fail at boot."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import nodecheck
from tests.facts.acts.test_programs import ETC, UNITS, Files
from tests.nodes import debian_node
from tests.reference import write

FORWARD = "sysctl[net.ipv4.ip_forward]@boot"
BRIDGE = "sysctl[net.bridge.bridge-nf-call-iptables]@boot"
BRIDGE_6 = "sysctl[net.bridge.bridge-nf-call-ip6tables]@boot"
MODULE = "kernel-module[br_netfilter]@boot"
CONNTRACK = "kernel-module[nf_conntrack]@boot"
SWAP = "swap[/swap.img]@boot"

MICROK8S = "snap.microk8s.daemon-kubelite.service"
MICROK8S_FILES = {
    "var/snap/microk8s/current/args/kubelet": "--fail-swap-on=false\n",
    "var/snap/microk8s/current/args/cni-network/cni.yaml": "x",
}
K8S_FILES = {"var/snap/k8s/common/args/kubelet": "--eviction-hard=x\n--fail-swap-on=false\n"}


def agent_node(root: Path, unit: str, arguments: str, files: Files) -> Path:
    """A Debian that nobody has prepared for Kubernetes but an agent, with a swap file in fstab."""
    debian_node(root)
    for name in ("etc/kubernetes", "var/lib/kubelet", "proc", "boot/grub", "etc/cni"):
        shutil.rmtree(root / name)
    gone = ("kubelet.service", "containerd.service")
    links = [f"{ETC}/multi-user.target.wants/{name}" for name in gone]
    texts = ["etc/sysctl.d/k8s.conf", "etc/modules-load.d/k8s.conf", "usr/bin/kubelet", "etc/default/kubelet"]
    for name in (*links, *[f"{UNITS}/{name}" for name in gone], *texts):
        (root / name).unlink()
    shutil.rmtree(root / f"{UNITS}/kubelet.service.d")
    write(root, "etc/fstab", "/dev/sda1 / ext4 defaults 0 1\n/swap.img none swap sw 0 0\n")
    write(root, "usr/local/bin/agent", "x")
    (root / "usr/local/bin/agent").chmod(0o755)
    write(root, f"{ETC}/{unit}", f"[Service]\nExecStart=/usr/local/bin/agent {arguments}\n")
    (root / f"{ETC}/multi-user.target.wants/{unit}").symlink_to(f"/{ETC}/{unit}")
    for config in (root / "boot").glob("config-*"):
        config.write_text(config.read_text() + "CONFIG_NF_CONNTRACK=m\n")
    for name, content in files.items():
        write(root, name, content)
    return root


def verdicts(root: Path) -> dict[str, tuple[str, str]]:
    report = nodecheck.run(root=str(root), view="boot", select=["sysctl", "kernel-module", "swap", "service"])
    return {result.id: (str(result.status.value), str(result.severity.value)) for result in report.results}


@pytest.mark.parametrize(
    ("unit", "arguments", "files", "conntrack"),
    [
        ("k3s.service", "server", {}, True),
        ("k3s-agent.service", "agent", {"etc/rancher/k3s/config.yaml": "write-kubeconfig-mode: 644\n"}, True),
        ("rke2-agent.service", "agent", {}, True),
        ("rke2-server.service", "server", {}, True),
        ("k0sworker.service", "worker --token-file=/etc/k0s/token", {}, True),
        ("k0scontroller.service", "controller --single", {}, True),
        (MICROK8S, "x", MICROK8S_FILES, False),
    ],
)
def test_a_healthy_agents_node_passes(tmp_path: Path, unit: str, arguments: str, files: Files, conntrack: bool) -> None:
    found = verdicts(agent_node(tmp_path, unit, arguments, files))
    for result in (FORWARD, BRIDGE, BRIDGE_6, MODULE, f"service[{unit.removesuffix('.service')}]@boot"):
        assert found[result][0] == "pass", result
    assert found[SWAP] == ("fail", "info")
    assert (found[CONNTRACK][0] == "pass") is conntrack
    assert not [result for result, (status, severity) in found.items() if (status, severity) == ("fail", "error")]


@pytest.mark.parametrize(
    ("unit", "arguments", "files"),
    [
        ("k3s.service", "server --disable-agent", {}),
        ("rke2-server.service", "server", {"etc/rancher/rke2/config.yaml": "disable-agent: true\n"}),
        ("k0scontroller.service", "controller", {}),
    ],
)
def test_a_server_without_an_agent_prepares_nothing(tmp_path: Path, unit: str, arguments: str, files: Files) -> None:
    found = verdicts(agent_node(tmp_path, unit, arguments, files))
    assert (found[FORWARD][0], found[MODULE][0]) == ("fail", "fail")


def test_an_agent_that_does_not_start_prepares_nothing(tmp_path: Path) -> None:
    root = agent_node(tmp_path, "k3s.service", "server", {})
    (root / f"{ETC}/multi-user.target.wants/k3s.service").unlink()
    found = verdicts(root)
    assert (found[FORWARD][0], found[MODULE][0], found[CONNTRACK][0]) == ("fail", "fail", "fail")


def test_microk8s_forwards_only_with_its_own_cni(tmp_path: Path) -> None:
    root = agent_node(tmp_path, MICROK8S, "x", MICROK8S_FILES)
    (root / "var/snap/microk8s/current/args/cni-network/cni.yaml").unlink()
    assert verdicts(root)[FORWARD][0] == "fail"


TRUE = "kubelet-arg:\n- fail-swap-on=true\n"
CONFIG, DROPIN = "etc/rancher/k3s/config.yaml", "etc/rancher/k3s/config.yaml.d/10-swap.yaml"


@pytest.mark.parametrize(
    ("unit", "arguments", "files", "severity"),
    [
        ("k3s.service", "server", {DROPIN: TRUE}, "error"),
        ("k3s.service", "server", {CONFIG: "kubelet-arg: [fail-swap-on=true]\n"}, "error"),
        ("k3s.service", "server --kubelet-arg=fail-swap-on=true", {}, "error"),
        ("k3s.service", "server --kubelet-arg fail-swap-on=true", {}, "error"),
        ("k3s.service", "server", {CONFIG: TRUE, DROPIN: "kubelet-arg:\n- v=2\n"}, "info"),
        ("k3s.service", "server", {CONFIG: TRUE, DROPIN: "kubelet-arg+:\n- v=2\n"}, "error"),
        ("k3s.service", "server", {DROPIN.replace(".yaml", ".off"): TRUE}, "info"),
        ("k3s.service", "server --kubelet-arg=fail-swap-on=false", {DROPIN: TRUE}, "info"),
        ("rke2-agent.service", "agent", {"etc/rancher/rke2/config.yaml.d/a.yaml": TRUE}, "error"),
        ("k0sworker.service", "worker --kubelet-extra-args=--fail-swap-on=true", {}, "error"),
        ("k0sworker.service", "worker --kubelet-extra-args=--v=2", {}, "info"),
        (MICROK8S, "x", {"var/snap/microk8s/current/args/kubelet": "--fail-swap-on=true\n"}, "error"),
        (MICROK8S, "x", {"var/snap/microk8s/current/args/kubelet": "--read-only-port=0\n"}, "error"),
        ("snap.k8s.kubelet.service", "x", K8S_FILES, "info"),
    ],
)
def test_an_agents_own_arguments_say_whether_swap_is_refused(
    tmp_path: Path, unit: str, arguments: str, files: Files, severity: str
) -> None:
    found = verdicts(agent_node(tmp_path, unit, arguments, files))
    assert found[SWAP] == ("fail", severity)


@pytest.mark.parametrize(
    ("files", "status"), [({}, "pass"), ({"etc/modules-load.d/a.conf": "br_netfilter\n"}, "unknown")]
)
def test_whether_systemd_modules_load_starts_matters_only_where_it_has_something_to_load(
    tmp_path: Path, files: Files, status: str
) -> None:
    root = agent_node(tmp_path, "rke2-server.service", "server", files)
    write(root, f"{ETC}/systemd-modules-load.service.d/x.conf", "[Unit]\nConditionVirtualization=kvm\n")
    for program in ("sysctl", "modules-load"):
        write(root, f"usr/lib/systemd/systemd-{program}", "")
        (root / f"usr/lib/systemd/systemd-{program}").chmod(0o755)
    assert verdicts(root)[MODULE][0] == status


def kubelet_node(root: Path) -> Path:
    """A node that kubeadm set up, on which nobody but the kubelet loads nf_conntrack."""
    debian_node(root)
    write(root, "etc/modules-load.d/k8s.conf", "br_netfilter\n")
    (modules,) = (root / "usr/lib/modules").glob("*/modules.dep")
    path = "kernel/net/netfilter/xt_conntrack.ko.xz"
    modules.write_text(modules.read_text() + f"{path}: kernel/net/netfilter/nf_conntrack.ko.xz\n")
    write(root, str((modules.parent / path).relative_to(root)), "")
    (root / "boot" / f"config-{modules.parent.name}").write_text("CONFIG_NF_CONNTRACK=m\n")
    return root


CONFIG_YAML, FLAGS = "var/lib/kubelet/config.yaml", "var/lib/kubelet/kubeadm-flags.env"
NO_RULES = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nmakeIPTablesUtilChains: false\n"


def test_the_kubelets_own_rules_load_nf_conntrack(tmp_path: Path) -> None:
    assert verdicts(kubelet_node(tmp_path))[CONNTRACK] == ("pass", "warning")


@pytest.mark.parametrize(
    "program", ["usr/sbin/iptables", CONFIG_YAML, f"{ETC}/multi-user.target.wants/kubelet.service"]
)
def test_a_kubelet_that_makes_no_rules_loads_nothing(tmp_path: Path, program: str) -> None:
    root = kubelet_node(tmp_path)
    (root / program).unlink()
    assert verdicts(root)[CONNTRACK] == ("fail", "info")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (CONFIG_YAML, NO_RULES),
        (FLAGS, 'KUBELET_KUBEADM_ARGS="--make-iptables-util-chains=false"\n'),
        ("etc/default/kubelet", "KUBELET_EXTRA_ARGS=--v=2 --make-iptables-util-chains=false\n"),
    ],
)
def test_a_kubelet_that_is_to_make_no_rules_loads_nothing(tmp_path: Path, path: str, text: str) -> None:
    root = kubelet_node(tmp_path)
    write(root, path, text)
    assert verdicts(root)[CONNTRACK] == ("fail", "info")


def test_a_kernel_without_the_rules_match_has_no_nf_conntrack(tmp_path: Path) -> None:
    root = kubelet_node(tmp_path)
    (modules,) = (root / "usr/lib/modules").glob("*/modules.dep")
    modules.write_text("".join(line for line in modules.read_text().splitlines(True) if "xt_conntrack" not in line))
    assert verdicts(root)[CONNTRACK] == ("fail", "info")


def test_flags_of_the_kubelet_that_nobody_can_read_leave_the_other_verdicts_alone(tmp_path: Path) -> None:
    root = kubelet_node(tmp_path)
    (root / FLAGS).unlink()
    (root / FLAGS).mkdir()
    found = verdicts(root)
    assert (found[CONNTRACK][0], found[MODULE][0], found[FORWARD][0]) == ("unknown", "pass", "pass")


def test_what_an_undecided_service_would_pull_in_is_unknown(tmp_path: Path) -> None:
    root = kubelet_node(tmp_path)
    unit = "[Unit]\nConditionVirtualization=kvm\n[Service]\nType=oneshot\nExecStart=/sbin/modprobe {module}\n"
    (root / "usr/sbin/iptables").unlink()
    write(root, "usr/sbin/modprobe", "")
    (root / "usr/sbin/modprobe").chmod(0o755)
    write(root, f"{ETC}/load.service", unit.format(module="xt_conntrack"))
    (root / f"{ETC}/multi-user.target.wants/load.service").symlink_to("../load.service")
    assert verdicts(root)[CONNTRACK] == ("unknown", "warning")
    write(root, f"{ETC}/load.service", unit.format(module="overlay"))
    assert verdicts(root)[CONNTRACK] == ("fail", "info")
