"""Where in its life a node is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nodecheck.checking.store import Facts, Given
from nodecheck.errors import Denied
from nodecheck.facts import NodePhase
from nodecheck.host import RootHost
from nodecheck.requirements.asked import Settings
from nodecheck.testing import record, replay, write_tree
from tests.healthy.nodes import healthy_node
from tests.healthy.setups import SETUPS
from tests.nodes import debian_node, rocky_node
from tests.rights import modes_hold

Tree = Callable[[dict[str, "str | bytes"]], Path]

UNITS = "usr/lib/systemd/system"
SYSTEM: dict[str, str | bytes] = {"usr/lib/systemd/systemd": "", "var/lib/dpkg/status": ""}
"""An init and a package database."""
KUBELET: dict[str, str | bytes] = {
    f"{UNITS}/kubelet.service": "[Service]\nExecStart=/usr/bin/kubelet\n",
    f"{UNITS}/kubelet.service.d/10-kubeadm.conf": '[Service]\nEnvironment="KUBELET_CONFIG_ARGS=--config=/var/lib/'
    'kubelet/config.yaml"\nExecStart=\nExecStart=/usr/bin/kubelet $KUBELET_CONFIG_ARGS\n',
    "usr/bin/kubelet": "",
}
"""kubeadm's packages as they are installed."""
ID = "0123456789abcdef0123456789abcdef\n"


def found(root: Path, given: Settings = Settings()) -> NodePhase:  # noqa: B008
    return Facts(RootHost(str(root)), [Given(Settings, given)]).get(NodePhase)


@pytest.mark.parametrize("machine_id", [None, "", "\n", "uninitialized\n"])
@pytest.mark.parametrize("database", ["var/lib/dpkg/status", "usr/lib/sysimage/rpm/rpmdb.sqlite", "var/lib/rpm/x"])
def test_a_root_that_never_booted_is_an_image(tree: Tree, machine_id: str | None, database: str) -> None:
    files = {"usr/lib/systemd/systemd": "", database: "", **KUBELET}
    root = tree(files if machine_id is None else {**files, "etc/machine-id": machine_id})

    phase = found(root)

    assert (phase.name, phase.evidence[0].source) == ("image", "/etc/machine-id")
    assert phase.evidence[0].value == (None if machine_id is None else machine_id.strip())


def test_an_image_may_hold_the_agent_of_its_nodes(tree: Tree) -> None:
    agent = {"etc/systemd/system/k3s.service": "[Service]\nExecStart=/usr/local/bin/k3s server\n"}
    assert found(tree({**SYSTEM, **agent, "var/lib/kubelet/config.yaml": ""})).name == "image"


@pytest.mark.parametrize(
    "files",
    [
        {**SYSTEM, "etc/machine-id": ID},  # it booted
        {"usr/lib/systemd/systemd": ""},  # a part of a root: no package database
        {"var/lib/dpkg/status": ""},  # a container's image: no init
        {"etc/hostname": "a\n"},
        {**SYSTEM, "sbin/openrc": "", "sbin/init": "", "etc/inittab": "::sysinit:/sbin/openrc\n"},
        {**SYSTEM, "etc/machine-id": ID, **KUBELET, "etc/default/kubelet": "KUBELET_EXTRA_ARGS=\n"},
        {**SYSTEM, "etc/machine-id": ID, "etc/kubernetes/kubelet.conf": "kind: Config\n"},  # a leftover
        {**SYSTEM, "etc/machine-id": ID, "var/lib/rancher/k3s/agent/x": ""},  # what an agent left
        {**SYSTEM, "etc/machine-id": ID, "etc/rancher/k3s/config.yaml": "token: x\n"},  # before k3s is installed
    ],
)
def test_else_a_node_that_has_no_kubelet_to_run_is_to_be_installed(tree: Tree, files: dict[str, str | bytes]) -> None:
    assert found(tree(files)).name == "install"


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("var/lib/kubelet/config.yaml", "kind: KubeletConfiguration\n"),
        ("etc/kubernetes/kubelet/config.json", "{}"),
        ("etc/kubernetes/kubelet.conf", "kind: KubeletConfiguration\n"),
        ("var/snap/microk8s/current/args/kubelet", "--fail-swap-on=false\n"),
        ("etc/systemd/system/k3s.service", "[Service]\nExecStart=/usr/local/bin/k3s server\n"),
        ("usr/local/lib/systemd/system/rke2-agent.service", "[Service]\nExecStart=/usr/local/bin/rke2 agent\n"),
        ("etc/systemd/system/k0sworker.service", "[Service]\nExecStart=/usr/local/bin/k0s worker\n"),
        ("etc/systemd/system/snap.microk8s.daemon-kubelite.service", "[Service]\nExecStart=/usr/bin/snap run x\n"),
        ("etc/systemd/system/snap.k8s.kubelet.service", "[Service]\nExecStart=/usr/bin/snap run x\n"),
        ("etc/init.d/k3s", "#!/sbin/openrc-run\n"),
    ],
)
def test_a_node_with_a_kubelet_configuration_or_an_agent_is_steady(tree: Tree, path: str, content: str) -> None:
    phase = found(tree({**SYSTEM, "etc/machine-id": ID, path: content}))

    assert (phase.name, [item.source for item in phase.evidence]) == ("steady", [f"/{path}"])


def test_a_configuration_that_a_flag_names(tree: Tree) -> None:
    unit = {f"{UNITS}/kubelet.service": "[Service]\nExecStart=/opt/bin/kubelet --config=/srv/k.yaml\n"}
    node: dict[str, str | bytes] = {**SYSTEM, "etc/machine-id": ID, **unit, "opt/bin/kubelet": ""}
    assert found(tree(node)).name == "install"
    kept = tree({**node, "srv/k.yaml": "kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\n"})
    assert found(kept).evidence[0].source == "/srv/k.yaml"


def test_a_masked_agent_is_none(tree: Tree) -> None:
    root = tree({**SYSTEM, "etc/machine-id": ID})
    (root / "etc/systemd/system").mkdir(parents=True)
    (root / "etc/systemd/system/k3s.service").symlink_to("/dev/null")
    assert found(root).name == "install"


PACKAGE = "Package: kubelet\nStatus: install ok installed\nArchitecture: amd64\nVersion: {}\n\n"


@pytest.mark.parametrize(
    ("package", "asked", "by_caller", "phase"),
    [
        ("1.33.5-1.1", "1.36", True, "upgrade"),
        ("1.33.5-1.1", "1.33.6", True, "upgrade"),
        ("1.33.5-1.1", "1.33", True, "steady"),
        ("1.33.5-1.1", "1.33.5", True, "steady"),
        ("1.33.5-1.1", "1.32", True, "steady"),
        ("1.33.5-1.1", "1.36", False, "steady"),  # a profile says so
    ],
)
def test_a_newer_release_that_is_given_is_an_upgrade(
    tmp_path: Path, package: str, asked: str, by_caller: bool, phase: str
) -> None:
    root = debian_node(tmp_path)
    write_tree(root, {"var/lib/dpkg/status": PACKAGE.format(package)})

    told = found(root, Settings(kubernetes=asked, by_caller=by_caller))

    assert told.name == phase
    assert [item.value for item in told.evidence] == (["there", "1.33.5"] if phase == "upgrade" else ["there"])


def test_what_is_to_be_installed_is_no_upgrade(tree: Tree) -> None:
    root = tree({**SYSTEM, **KUBELET, "etc/machine-id": ID, "var/lib/dpkg/status": PACKAGE.format("1.33.5-1.1")})
    assert found(root, Settings(kubernetes="1.36", by_caller=True)).name == "install"


def test_a_given_phase_counts_and_nothing_is_looked_at(tree: Tree) -> None:
    host = record(tree({**SYSTEM, "etc/machine-id": ID}))
    assert Facts(host, [Given(Settings, Settings(phase="join"))]).get(NodePhase) == NodePhase("join")
    assert host.to_data()["answers"] == []


def test_what_cannot_be_read_hides_the_phase(tree: Tree) -> None:
    root = tree({**SYSTEM, "etc/machine-id": ID, "var/lib/kubelet/config.yaml": ""})
    (root / "var/lib/kubelet").chmod(0)
    with modes_hold():
        phase = found(root)
    (root / "var/lib/kubelet").chmod(0o755)

    assert phase.name is None
    assert isinstance(phase.hidden, Denied)


@pytest.mark.parametrize("name", sorted(SETUPS))
def test_healthy_nodes_are_steady(tmp_path: Path, name: str) -> None:
    assert found(healthy_node(name, tmp_path)).name == "steady"


def test_nodes_of_today_are_steady_and_a_replay_says_so_too(tmp_path: Path) -> None:
    for make in (debian_node, rocky_node):
        recording = record(make(tmp_path / make.__name__))
        first = Facts(recording, [Given(Settings, Settings())]).get(NodePhase)
        again = Facts(replay(recording.to_data()), [Given(Settings, Settings())]).get(NodePhase)
        assert first == again
        assert first.name == "steady"
