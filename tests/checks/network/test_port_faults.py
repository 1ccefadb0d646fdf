"""Ports that a component's configuration moves, and who stands in for kube-proxy: given cases, forms, look-alikes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck.checking import Lazy, Outcome
from nodecheck.facts.cluster.component_ports import ComponentPorts
from nodecheck.facts.cluster.target import Target
from nodecheck.facts.network.listeners import ListenerRow, Listeners
from nodecheck.facts.network.processes import Process, SocketOwners
from nodecheck_checks.network.port import port

Tree = Callable[[dict[str, "str | bytes"]], Path]

PODS = "/etc/kubernetes/manifests"
KUBELET = "/var/lib/kubelet/config.yaml"
CONFIG = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
PROXY_CONFIG = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nhealthzBindAddress: {}\n"
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


CLIENTS = "--listen-client-urls"


def pod(name: str, *flags: str) -> str:
    lines = "".join(f"    - {flag}\n" for flag in (name, *flags))
    return f"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - command:\n{lines}    image: x:v1.30.2\n"


KOPS = pod("/go-runner", "--log-file=/var/log/x", "--also-stdout", "/usr/local/bin/kube-apiserver", "--secure-port=443")


def listening(**ports: int) -> dict[str, str]:
    """A captured /proc in which each of these programs listens on a port of every address."""
    rows, files = HEAD, {}
    for number, (name, where) in enumerate(ports.items(), 1):
        comm = name.replace("_", "-")
        rows += (
            f"   {number}: 00000000:{where:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 {number}\n"
        )
        files[f"/proc/{700 + number}/comm"] = f"{comm[:15]}\n"
        files[f"/proc/{700 + number}/status"] = f"Name:\t{comm[:15]}\nUid:\t0\t0\t0\t0\n"
        files[f"/proc/{700 + number}/cgroup"] = f"0::/system.slice/{comm}.service\n"
    return {"/proc/1/net/tcp": rows, **files}


def judged(tree: Tree, files: dict[str, str], **ports: int) -> dict[str | None, str]:
    root = tree({**files, **listening(**ports)})
    for number, _ in enumerate(ports, 1):
        folder = root / f"proc/{700 + number}/fd"
        folder.mkdir(exist_ok=True)
        (folder / "3").unlink(missing_ok=True)
        (folder / "3").symlink_to(f"socket:[{number}]")
    report = nodecheck.run(root=root, select=["port"], role="control-plane", kubernetes="1.30")
    return {result.subject: str(result.status) for result in report.results}


@pytest.mark.parametrize(
    ("path", "text", "usual", "moved", "component"),
    [
        # kube-vip#77, kubernetes#62314, kubeadm#2935; minikube's 8443
        (f"{PODS}/kube-apiserver.yaml", pod("kube-apiserver", "--secure-port=6444"), 6443, 6444, "kube_apiserver"),
        (f"{PODS}/kube-apiserver.yaml", pod("kube-apiserver", "--secure-port", "'8443'"), 6443, 8443, "kube_apiserver"),
        (f"{PODS}/kube-scheduler.yaml", pod("kube-scheduler", "--secure-port=11259"), 10259, 11259, "kube_scheduler"),
        (f"{PODS}/etcd.yaml", pod("etcd", f"{CLIENTS}=https://127.0.0.1:2390,https://x:2390"), 2379, 2390, "etcd"),
        (f"{PODS}/kube-apiserver.manifest", KOPS, 6443, 443, "kube_apiserver"),
        (KUBELET, CONFIG + "port: 10350\n", 10250, 10350, "kubelet"),
        ("/var/lib/kube-proxy/config.conf", PROXY_CONFIG.format("'0.0.0.0:11256'"), 10256, 11256, "kube_proxy"),
    ],
)  # fmt: skip
def test_the_port_is_the_one_that_the_component_is_told(
    tree: Tree, path: str, text: str, usual: int, moved: int, component: str
) -> None:
    """A stranger on the usual port is in nobody's way, and one on the real port is."""
    both = judged(tree, {path: text}, haproxy=usual, **{component: moved})
    assert (both.get(f"{usual}/tcp"), both[f"{moved}/tcp"]) == (None, "pass")

    assert judged(tree, {path: text}, haproxy=moved)[f"{moved}/tcp"] == "fail"


@pytest.mark.parametrize(
    ("path", "text", "usual"),
    [
        (f"{PODS}/kube-apiserver.yaml", pod("kube-apiserver", "--advertise-address=10.0.0.1"), 6443),
        (f"{PODS}/kube-apiserver.yaml", pod("other", "--secure-port=6444"), 6443),
        (f"{PODS}/etcd.yaml", pod("etcd", "--listen-client-urls=https://127.0.0.1:2379,https://10.0.0.1:2390"), 2379),
        (f"{PODS}/kube-apiserver.yaml", "{", 6443),
    ],
)
def test_what_moves_no_port(tree: Tree, path: str, text: str, usual: int) -> None:
    assert judged(tree, {path: text}, haproxy=usual)[f"{usual}/tcp"] == "fail"


def test_a_component_that_serves_nothing_there_is_not_judged(tree: Tree) -> None:
    manifest = {f"{PODS}/kube-scheduler.yaml": pod("kube-scheduler", "--secure-port=0")}

    assert "10259/tcp" not in judged(tree, manifest, haproxy=10259)


def test_a_port_that_a_profile_names_is_judged_as_it_stands(tree: Tree, tmp_path: Path) -> None:
    profile = tmp_path / "p.toml"
    profile.write_text('schema = "nodecheck.profile/1"\nname = "p"\n[check.port]\nrequire = ["6443/tcp"]\n')
    root = tree({f"{PODS}/kube-apiserver.yaml": pod("kube-apiserver", "--secure-port=6444"), **listening(haproxy=6443)})
    (root / "proc/701/fd").mkdir()
    (root / "proc/701/fd/3").symlink_to("socket:[1]")

    assert nodecheck.run(root=root, select=["port"], profile=profile)["port[6443/tcp]"].status == "fail"


def test_a_manifest_that_cannot_be_read_is_no_evidence(tree: Tree) -> None:
    root = tree({f"{PODS}/kube-apiserver.yaml/x": "", **listening()})
    report = nodecheck.run(root=root, select=["port"], role="control-plane", kubernetes="1.30")

    assert report["port[6443/tcp]"].status == "unknown"
    assert report["port[10259/tcp]"].status == "pass"


def row(number: int, inode: int) -> ListenerRow:
    return ListenerRow(2, number, "0.0.0.0", 0, 0, inode, None)


def held(*names: str, metrics: str | None = None, mode: str | None = "iptables") -> Outcome | None:
    """The outcome of 10256, which these programs hold; ``metrics`` holds 10249."""
    rows = [row(10256, number) for number, _ in enumerate(names)]
    processes = {number: Process((name[:15],), None, "root") for number, name in enumerate(names)}
    if metrics is not None:
        rows.append(row(10249, 99))
        processes[99] = Process((metrics,), None, "root")
    target, owners = Target(role="worker", proxy_mode=mode), SocketOwners(tuple(processes.items()), False)
    found = port(Lazy(lambda: target), Listeners(tuple(rows)), Lazy(lambda: owners), Lazy(ComponentPorts))
    return next((item for item in found if item.subject == "10256/tcp"), None)


@pytest.mark.parametrize("name", ["cilium-agent", "calico-node", "ovnkube"])
def test_who_does_kube_proxys_work_answers_for_it(name: str) -> None:
    """calico#10748, #11213, cilium#10621, #20888, #27502, ovn-kubernetes#3423."""
    found = held(name)

    assert found is not None
    assert (found.status, found.actual, found.fix) == ("pass", f"held by {name}", None)
    assert "which does the work of kube-proxy" in found.message


def test_who_does_kube_proxys_work_beside_a_kube_proxy_that_runs() -> None:
    found = held("calico-node", metrics="kube-proxy")

    assert found is not None
    assert (found.status, found.severity) == ("fail", "warning")


@pytest.mark.parametrize(
    ("names", "status"), [(("haproxy",), "fail"), (("cilium-agent", "haproxy"), "fail"), (("kube-proxy",), "pass")]
)
def test_others_on_kube_proxys_port(names: tuple[str, ...], status: str) -> None:
    found = held(*names)

    assert found is not None
    assert found.status == status
