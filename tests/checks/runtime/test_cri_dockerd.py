"""docker behind cri-dockerd: whose word counts, and what a change needs; the given cases, other forms, look-alikes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck.facts.packages.versions import version_line
from nodecheck.model.steps import Command

Tree = Callable[[dict[str, "str | bytes"]], Path]

KUBELET = "/var/lib/kubelet/config.yaml"
CONFIG = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
UNIT = "/usr/lib/systemd/system/cri-docker.service"
SERVICE = "[Unit]\nAfter=docker.service\n[Service]\nExecStart=/usr/bin/cri-dockerd --container-runtime-endpoint fd://\n"


def judged(
    tree: Tree, own: str | None, docker: str, shim: str | None, kubelet: str = "1.33.4", unit: str | None = UNIT
) -> dict[str | None, nodecheck.Result]:
    packages = {"kubelet": f"{kubelet}-1.1", "docker-ce": "5:28.3.3-1", **({"cri-dockerd": shim} if shim else {})}
    root: dict[str, str | bytes] = {
        "/usr/bin/dockerd": "x",
        "/usr/bin/kubelet": "x",
        "/usr/bin/cri-dockerd": "x",
        "/etc/docker/daemon.json": f'{{ "exec-opts": ["native.cgroupdriver={docker}"] }}\n',
        KUBELET: CONFIG
        + ("" if own is None else f"cgroupDriver: {own}\n")
        + "containerRuntimeEndpoint: unix:///run/cri-dockerd.sock\n",
        "/var/lib/dpkg/status": "\n".join(
            f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n"
            for name, version in packages.items()
        ),
        **({unit: SERVICE} if unit else {}),
    }
    report = nodecheck.run(root=tree(root), select=["cgroup-driver"])
    return {result.subject: result for result in report.results}


NEW, OLD = "0.3.20.3-0.ubuntu-noble", "0.3.16~3-0~debian-bookworm"


@pytest.mark.parametrize(
    ("own", "docker", "shim", "kubelet", "wanted"),
    [
        # Mirantis/cri-dockerd#222, #425
        (None, "systemd", NEW, "1.33.4", ("pass", "pass", "pass")),
        ("cgroupfs", "systemd", NEW, "1.33.4", ("pass", "pass", "pass")),
        ("systemd", "cgroupfs", NEW, "1.33.4", ("fail", "pass", "fail")),
        ("cgroupfs", "systemd", "0.4.0-3.el9", "1.31.0", ("pass", "pass", "pass")),
        ("cgroupfs", "systemd", None, "1.33.4", ("unknown", "unknown", "pass")),
        (None, "systemd", None, "1.33.4", ("unknown", "unknown", "pass")),
        # Look-alikes: a shim that does not tell it, a kubelet that does not ask, and both set alike.
        (None, "systemd", OLD, "1.33.4", ("fail", "fail", "pass")),
        ("systemd", "cgroupfs", OLD, "1.33.4", ("pass", "fail", "fail")),
        ("cgroupfs", "systemd", NEW, "1.30.4", ("fail", "fail", "pass")),
        ("systemd", "systemd", NEW, "1.33.4", ("pass", "pass", "pass")),
        ("systemd", "systemd", None, "1.33.4", ("pass", "pass", "pass")),
    ],
)
def test_whose_word_counts(
    tree: Tree, own: str | None, docker: str, shim: str | None, kubelet: str, wanted: tuple[str, ...]
) -> None:
    found = judged(tree, own, docker, shim, kubelet)

    assert tuple(str(found[name].status) for name in ("kubelet", "agreement", "docker")) == wanted


def restarts(result: nodecheck.Result) -> list[str]:
    assert result.fix is not None
    return [step.argv[-1] for step in result.fix.steps if isinstance(step, Command)]


@pytest.mark.parametrize(
    ("unit", "wanted"),
    [
        (UNIT, ["docker", "cri-docker", "kubelet"]),
        ("/etc/systemd/system/cri-dockerd.service", ["docker", "cri-dockerd", "kubelet"]),
        (None, ["docker", "kubelet"]),
    ],
)
def test_the_shim_is_restarted_between_docker_and_the_kubelet(tree: Tree, unit: str | None, wanted: list[str]) -> None:
    """It asks docker once, when it starts, and goes on with the old driver otherwise."""
    found = judged(tree, "systemd", "cgroupfs", NEW, unit=unit)

    assert restarts(found["docker"]) == wanted
    assert restarts(found["kubelet"]) == wanted


@pytest.mark.parametrize("line", ["cri-dockerd 0.3.20 (HEAD)", "cri-dockerd v0.4.0 (b7d5a8d)"])
def test_what_the_program_says(line: str) -> None:
    assert version_line("cri-dockerd", f"{line}\n")[0] == line
