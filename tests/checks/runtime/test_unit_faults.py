"""Kinds of faults in how units are read, each with the given case, another form and a harmless look-alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck

Tree = Callable[[dict[str, "str | bytes"]], Path]

CENTOS_7 = 'ID="centos"\nVERSION_ID="7"\nID_LIKE="rhel fedora"\n'
AMAZON_2 = 'ID="amzn"\nVERSION_ID="2"\n'
BIONIC = 'ID=ubuntu\nVERSION_ID="18.04"\n'
KUBELET = "/etc/systemd/system/kubelet.service"
DOCKER = "/usr/lib/systemd/system/docker.service"
CONFIG = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
SYSTEMD = '{"exec-opts": ["native.cgroupdriver=systemd"]}'
QUOTED = "ExecStart=/usr/bin/kubelet --container-runtime=docker --config=/var/lib/kubelet/config.yaml"


def judged(root: Path) -> dict[str | None, nodecheck.Result]:
    report = nodecheck.run(root=root, select=["cgroup-driver"], kubernetes="1.17")
    return {result.subject: result for result in report.results}


@pytest.mark.parametrize(
    ("release", "unit", "status", "driver"),
    [
        # minikube#6544, kubernetes#87918: "'systemd'" is no driver that this kubelet knows
        (CENTOS_7, f"{QUOTED} --cgroup-driver='systemd'\n", "fail", "cgroupfs"),
        (AMAZON_2, f'{QUOTED} --cgroup-driver="systemd"\n', "fail", "cgroupfs"),
        # The second flag of the variable is dropped as an invalid assignment.
        (CENTOS_7, f'Environment=X="--v=2 --cgroup-driver=systemd"\n{QUOTED} $X\n', "fail", "cgroupfs"),
        # Look-alikes: a later systemd; quotes around whole words; an environment file, which is unquoted where put in.
        (BIONIC, f"{QUOTED} --cgroup-driver='systemd'\n", "pass", "systemd"),
        (CENTOS_7, f"{QUOTED} '--cgroup-driver=systemd'\n", "pass", "systemd"),
        (CENTOS_7, f'Environment="X=--v=2 --cgroup-driver=systemd"\n{QUOTED} $X\n', "pass", "systemd"),
        (CENTOS_7, f"EnvironmentFile=/etc/sysconfig/kubelet\n{QUOTED} $X\n", "pass", "systemd"),
    ],
)
def test_quotes_inside_a_word_of_a_kubelets_unit(
    tree: Tree, release: str, unit: str, status: str, driver: str | None
) -> None:
    root = tree({
        "/etc/os-release": release,
        KUBELET: f"[Service]\n{unit}",
        "/etc/sysconfig/kubelet": "X=\"--v=2 --cgroup-driver='systemd'\"\n",
        "/var/lib/kubelet/config.yaml": CONFIG,
        "/etc/docker/daemon.json": SYSTEMD,
        "/usr/bin/dockerd": "x",
    })  # fmt: skip
    found = judged(root)

    assert (found["kubelet"].status, found["kubelet"].actual) == (status, driver)
    assert found["agreement"].status == status


@pytest.mark.parametrize(
    ("release", "flag", "status"),
    [
        (CENTOS_7, "--exec-opt native.cgroupdriver='systemd'", "unknown"),
        (AMAZON_2, '--exec-opt=native.cgroupdriver="systemd"', "unknown"),
        (BIONIC, "--exec-opt native.cgroupdriver='systemd'", "pass"),
        (CENTOS_7, "--exec-opt 'native.cgroupdriver=systemd'", "pass"),
    ],
)
def test_quotes_inside_a_word_of_dockers_unit(tree: Tree, release: str, flag: str, status: str) -> None:
    root = tree({"/etc/os-release": release, DOCKER: f"[Service]\nExecStart=/usr/bin/dockerd {flag}\n"})

    assert judged(root)["docker"].status == status


@pytest.mark.parametrize(
    ("unit", "files", "status"),
    [
        # Debian's kubelet.service
        ("EnvironmentFile=-/etc/default/%p\n{exec} $DAEMON_ARGS", {"/etc/default/kubelet": "DAEMON_ARGS=FLAG"}, "pass"),
        ("Environment=A=/etc/%N.d\nEnvironmentFile=/etc/%p.%m\n{exec} $D", {"/etc/kubelet.ID": "D=FLAG"}, "pass"),
        ("EnvironmentFile=/etc/default/%H\n{exec} $D", {"/etc/default/node7": "D=FLAG"}, "pass"),
        ("EnvironmentFile=-/etc/default/%b\n{exec} $D", {}, "unknown"),
        ("EnvironmentFile=-/etc/default/%%p\n{exec} $D", {"/etc/default/kubelet": "D=FLAG"}, "fail"),
    ],
)
def test_specifiers_in_a_kubelets_unit(tree: Tree, unit: str, files: dict[str, str], status: str) -> None:
    machine = "0123456789abcdef0123456789abcdef"
    flag = "--cgroup-driver=systemd --container-runtime=docker"
    root = tree({
        KUBELET: "[Service]\n" + unit.format(exec="ExecStart=/usr/bin/kubelet") + "\n",
        "/etc/hostname": "node7\n",
        "/etc/machine-id": f"{machine}\n",
        "/etc/docker/daemon.json": SYSTEMD,
        **{path.replace("ID", machine): text.replace("FLAG", f'"{flag}"') + "\n" for path, text in files.items()},
    })  # fmt: skip

    assert judged(root)["kubelet"].status == status


@pytest.mark.parametrize(
    ("path", "text", "files", "status"),
    [
        (
            DOCKER, "ExecStart=/usr/bin/dockerd --config-file=/etc/%p/%N.json",
            {"/etc/docker/docker.json": SYSTEMD}, "pass",
        ),
        (
            "/usr/lib/systemd/system/containerd.service", "ExecStart=/usr/bin/containerd --config /etc/%p/%l.toml",
            {"/etc/containerd/node7.toml": "version = 2\n"}, "fail",
        ),
        (
            "/usr/lib/systemd/system/crio.service", "EnvironmentFile=/etc/sysconfig/%p\nExecStart=/usr/bin/crio $C",
            {"/etc/sysconfig/crio": "C=--cgroup-manager=cgroupfs --conmon-cgroup=pod\n"}, "fail",
        ),
    ],
)  # fmt: skip
def test_specifiers_in_a_runtimes_unit(tree: Tree, path: str, text: str, files: dict[str, str], status: str) -> None:
    root = tree({path: f"[Service]\n{text}\n", "/etc/hostname": "node7.example\n", **files})

    assert {str(result.status) for result in judged(root).values()} == {status}
