"""The check cni-config: which configuration the runtime takes, and whether its plugins are there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from nodecheck import Result
from nodecheck.capturing.files import read_capture
from nodecheck.errors import Denied
from nodecheck.facts.cluster.cni_networks import parse_cni
from nodecheck.host import RootHost
from nodecheck.testing import (
    Entry,
    TreeDirectory,
    TreeFile,
    TreeLink,
    assert_declared,
    assert_replays,
    capture_of,
    run,
    write_tree,
)
from nodecheck_checks.runtime.cni_config import cni_config
from tests.capturing.shells import HERE, collected
from tests.healthy.nodes import healthy_node
from tests.nodes import debian_node, rocky_node
from tests.reference import reference_node

NET, BIN = "/etc/cni/net.d", "/opt/cni/bin"
CONFIG = "/var/lib/kubelet/config.yaml"
KUBELET = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\ncontainerRuntimeEndpoint: "
CONTAINERD, CRIO = "unix:///run/containerd/containerd.sock\n", "unix:///var/run/crio/crio.sock\n"

FLANNEL = (
    '{"name": "cbr0", "cniVersion": "0.3.1", "plugins": [{"type": "flannel", "delegate": {"hairpinMode": true,'
    ' "isDefaultGateway": true}}, {"type": "portmap", "capabilities": {"portMappings": true}}]}\n'
)
CALICO = (
    '{"name": "k8s-pod-network", "cniVersion": "0.3.1", "plugins": [{"type": "calico", "log_level": "info",'
    ' "datastore_type": "kubernetes", "ipam": {"type": "calico-ipam"}, "policy": {"type": "k8s"},'
    ' "kubernetes": {"kubeconfig": "/etc/cni/net.d/calico-kubeconfig"}}, {"type": "portmap", "snat": true}]}\n'
)
CILIUM = '{"cniVersion": "0.3.1", "name": "cilium", "plugins": [{"type": "cilium-cni", "enable-debug": false}]}\n'
PODMAN = (
    '{"cniVersion": "0.4.0", "name": "podman", "plugins": [{"type": "bridge", "bridge": "cni-podman0", "ipam": {"type":'
    ' "host-local", "ranges": [[{"subnet": "10.88.0.0/16"}]]}}, {"type": "portmap"}, {"type": "firewall"}]}\n'
)
CRIO_BRIDGE = (
    '{"cniVersion": "1.0.0", "name": "crio", "plugins": [{"type": "bridge", "ipam": {"type": "host-local"}}]}\n'
)
LOOPBACK = '{"cniVersion": "1.0.0", "name": "loopback", "type": "loopback"}\n'
MULTUS = '{"name": "multus-cni-network", "type": "multus-shim", "cniVersion": "0.3.1"}\n'
MULTUS_HERE = (
    '{"name": "multus", "type": "multus", "delegates": [{"name": "cbr0", "plugins": [{"type": "flannel"},'
    ' {"type": "portmap"}]}]}\n'
)
"""As flannel, calico, cilium, Debian's podman, CRI-O and multus write them."""

PLUGINS = ("bridge", "host-local", "loopback", "portmap", "firewall", "flannel", "calico", "calico-ipam", "cilium-cni")
CRI = 'version = 2\n[plugins."io.containerd.grpc.v1.cri".cni]\n'
TOML = "/etc/containerd/config.toml"


def program(name: str) -> Entry:
    return TreeFile("", 0o755)


def node(confs: Mapping[str, str], endpoint: str = CONTAINERD, folder: str = BIN, **more: Entry) -> dict[str, Entry]:
    """A node of a cluster with the runtime that the kubelet uses, and all plugins."""
    runtime = "/usr/bin/crio" if endpoint == CRIO else "/usr/bin/containerd"
    return {
        runtime: TreeFile("", 0o755),
        "/usr/bin/kubelet": TreeFile("", 0o755),
        CONFIG: KUBELET + endpoint,
        **{f"{folder}/{name}": TreeFile("", 0o755) for name in (*PLUGINS, "multus", "multus-shim")},
        **{f"{NET}/{name}": text for name, text in confs.items()},
    }


def results(root: Path, files: Mapping[str, Entry], **options: Any) -> dict[str, Result]:
    """By id; the view at boot says the same, and a replay too."""
    tree = write_tree(root, files)
    assert_replays(tree, select=["cni-config"], **options)
    found = {one.id: one for one in run(tree, select=["cni-config"], **options).results}
    now = {name: one for name, one in found.items() if not name.endswith("@boot")}
    assert [(one.status, one.message) for one in now.values()] == [
        (found[f"{name}@boot"].status, found[f"{name}@boot"].message) for name in now
    ]
    return now


def said(root: Path, files: Mapping[str, Entry], subject: str = NET, **options: Any) -> str:
    one = results(root, files, **options).get(f"cni-config[{subject}]")
    assert one is not None
    return str(one.severity) if one.status == "fail" else str(one.status)


BOTH = pytest.mark.parametrize("endpoint", [CONTAINERD, CRIO])


@BOTH
@pytest.mark.parametrize(
    ("confs", "expected"),
    [
        ({"10-flannel.conflist": FLANNEL}, "pass"),
        ({"10-calico.conflist": CALICO}, "pass"),
        ({"05-cilium.conflist": CILIUM}, "pass"),
        ({"05-cilium.conf": '{"cniVersion": "0.3.1", "name": "cilium", "type": "cilium-cni"}'}, "pass"),
        ({"10-flannel.json": '{"name": "cbr0", "type": "flannel"}'}, "pass"),
        ({}, "error"),
        ({"10-flannel.conflist.cilium_bak": FLANNEL, "README": "x", "calico-kubeconfig": "x"}, "error"),
        ({"10-flannel.conflist": FLANNEL, "87-podman-bridge.conflist": PODMAN}, "pass"),
        ({"10-flannel.conflist": FLANNEL, "100-crio.conflist": CRIO_BRIDGE, "200-loopback.conf": LOOPBACK}, "pass"),
        ({"11-crio-ipv4-bridge.conflist": CRIO_BRIDGE, "99-loopback.conf": LOOPBACK}, "pass"),
        ({"10-flannel.conflist": FLANNEL, "10-flannel.conf": '{"name": "cbr0", "type": "flannel"}'}, "pass"),
        ({"87-podman-bridge.conflist": PODMAN}, "warning"),
        ({"10-calico.conflist": CALICO, "10-flannel.conflist": FLANNEL}, "warning"),
        ({"01-crio.conflist": CRIO_BRIDGE, "10-flannel.conflist": FLANNEL}, "warning"),
        ({"00-multus.conf": MULTUS, "10-flannel.conflist": FLANNEL}, "pass"),
        ({"00-multus.conf": MULTUS_HERE, "10-flannel.conflist": FLANNEL}, "pass"),
        ({"99-loopback.conf": LOOPBACK}, "error"),
        ({"99-loopback.conf": LOOPBACK, "calico.conflist": CALICO}, "error"),
        ({"05-x.conflist": '{"name": "x", "plugins": [{"type": "portmap"}, {"type": "firewall"}]}'}, "error"),
    ],
)  # fmt: skip
def test_which_configuration_counts(tmp_path: Path, confs: dict[str, str], expected: str, endpoint: str) -> None:
    assert said(tmp_path, node(confs, endpoint)) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("05.conflist", ""),
        ("05.conflist", "# cilium\n" + CILIUM),
        ("05.conflist", CILIUM[:-3]),
        ("05.conflist", "[]"),
        ("05.conflist", CILIUM + "{}"),
        ("05.conflist", '{"plugins": [{"type": "bridge"}]}'),
        ("05.conflist", '{"name": 5, "plugins": [{"type": "bridge"}]}'),
        ("05.conflist", '{"name": "x", "cniVersion": 1, "plugins": [{"type": "bridge"}]}'),
        ("05.conflist", '{"name": "x", "type": "cilium-cni"}'),
        ("05.conflist", '{"name": "x", "plugins": []}'),
        ("05.conflist", '{"name": "x", "plugins": 7}'),
        ("05.conflist", '{"name": "x", "plugins": {"type": "bridge"}}'),
        ("05.conflist", '{"name": "x", "plugins": ["bridge"]}'),
        ("05.conflist", '{"name": "x", "plugins": [{"type": "bridge"}, {"ipam": {}}]}'),
        ("05.conflist", '{"name": "x", "plugins": [{"type": "../bridge"}]}'),
        ("05.conf", CILIUM),
        ("05.json", "name: x\ntype: bridge\n"),
    ],
)
def test_what_libcni_does_not_take(tmp_path: Path, name: str, text: str) -> None:
    """containerd loads nothing then; CRI-O passes over it, which is an error where no other is there."""
    confs = {name: text, "10-flannel.conflist": FLANNEL}
    assert parse_cni(text.encode(), name).problem is not None
    assert said(tmp_path / "a", node(confs)) == "error"
    assert said(tmp_path / "b", node(confs, CRIO)) == "warning"
    assert said(tmp_path / "c", node({name: text}, CRIO)) == "error"


def test_a_number_where_a_list_is_expected_is_no_list() -> None:
    raw = b'{"name": "x", "plugins": [{"type": "multus", "delegates": 7}, {"type": 5, "delegates": [1]}]}'
    assert parse_cni(raw, "05.conflist").problem == "one of its plugins has no 'type'"
    assert parse_cni(raw.replace(b"5", b'"tuning"'), "05.conflist").needs == ("multus", "tuning")


def test_a_configuration_without_a_name(tmp_path: Path) -> None:
    confs = {"10-x.conf": '{"type": "bridge"}'}
    assert (said(tmp_path / "a", node(confs)), said(tmp_path / "b", node(confs, CRIO))) == ("error", "pass")


def test_a_directory_is_no_configuration_and_a_link_that_leads_nowhere_is_a_bad_one(tmp_path: Path) -> None:
    files = node({"10-flannel.conflist": FLANNEL})
    assert said(tmp_path / "a", {**files, f"{NET}/00.conflist": TreeDirectory()}) == "pass"
    assert said(tmp_path / "b", {**files, f"{NET}/00.conflist": TreeLink("/gone")}) == "error"
    assert said(tmp_path / "c", {**files, f"{NET}/00.conflist": TreeLink("10-flannel.conflist")}) == "pass"


@pytest.mark.parametrize(
    ("confs", "wanted", "expected"),
    [
        ({"10-flannel.conflist": FLANNEL}, "flannel", "pass"),
        ({"10-flannel.conflist": FLANNEL}, "cilium", "error"),
        ({"00-loopback.conf": LOOPBACK, "10-calico.conflist": CALICO}, "calico", "error"),
        ({"10-flannel.conflist": FLANNEL, "20-cilium.conflist": CILIUM}, "cilium", "error"),
        ({"10-flannel.conflist": FLANNEL, "20-cilium.conflist": CILIUM}, "flannel", "pass"),
        ({"10-canal.conflist": CALICO}, "canal", "pass"),
        ({"00-multus.conf": MULTUS, "10-flannel.conflist": FLANNEL}, "multus", "pass"),
        ({"00-multus.conf": MULTUS, "10-flannel.conflist": FLANNEL}, "flannel", "pass"),
        ({"87-podman-bridge.conflist": PODMAN}, "flannel", "error"),
        ({"87-podman-bridge.conflist": PODMAN}, "bridge", "pass"),
    ],
)
def test_the_cni_that_is_wanted(tmp_path: Path, confs: dict[str, str], wanted: str, expected: str) -> None:
    assert said(tmp_path, node(confs), cni=wanted) == expected


def test_the_profile_names_it(tmp_path: Path) -> None:
    profile = tmp_path / "site.toml"
    profile.write_text('schema = "nodecheck.profile/1"\nname = "site"\nextends = "kubernetes"\ncni = "cilium"\n')
    assert said(tmp_path / "a", node({"10-flannel.conflist": FLANNEL}), profile=profile) == "error"


@pytest.mark.parametrize("phase", ["install", "join"])
def test_before_the_node_joins(tmp_path: Path, phase: str) -> None:
    """None is normal then, and a plugin that is not there may come with the network plugin's pod."""
    files = node({})
    (one,) = results(tmp_path / "a", files, phase=phase).values()
    assert (one.status, one.cause and one.cause.code) == ("skip", "not-found")
    lacking = {k: v for k, v in node({"10-flannel.conflist": FLANNEL}).items() if k != f"{BIN}/flannel"}
    assert said(tmp_path / "b", lacking, BIN, phase=phase) == "warning"
    assert said(tmp_path / "c", lacking, BIN, phase="upgrade") == "error"


@pytest.mark.parametrize(
    ("confs", "lacking"),
    [
        (FLANNEL, "flannel"), (FLANNEL, "bridge"), (FLANNEL, "host-local"), (FLANNEL, "portmap"), (FLANNEL, "loopback"),
        (CALICO, "calico"), (CALICO, "calico-ipam"), (CILIUM, "cilium-cni"), (PODMAN, "firewall"),
        (MULTUS_HERE, None),
    ],
)  # fmt: skip
def test_a_plugin_that_is_not_there(tmp_path: Path, confs: str, lacking: str | None) -> None:
    name = "10-x.conf" if lacking is None else "10-x.conflist"
    lacking = lacking or "host-local"
    files = node({name: confs})
    assert said(tmp_path / "a", files, BIN) == "pass"
    missing = results(tmp_path / "b", {k: v for k, v in files.items() if k != f"{BIN}/{lacking}"})
    one = missing[f"cni-config[{BIN}]"]
    assert (one.status, one.severity, one.actual) == ("fail", "error", "absent")
    assert lacking in one.message
    assert said(tmp_path / "c", {**files, f"{BIN}/{lacking}": TreeDirectory()}, BIN) == "error"
    assert said(tmp_path / "d", {**files, f"{BIN}/{lacking}": TreeFile("", 0o644)}, BIN) == "error"


def test_cri_o_starts_no_loopback_and_passes_over_what_names_a_plugin_that_is_gone(tmp_path: Path) -> None:
    files = node({"10-flannel.conflist": FLANNEL, "20-crio.conflist": CRIO_BRIDGE}, CRIO)
    without = {k: v for k, v in files.items() if k != f"{BIN}/loopback"}
    assert said(tmp_path / "a", without, BIN) == "pass"
    gone = {k: v for k, v in files.items() if k != f"{BIN}/flannel"}
    one = results(tmp_path / "b", gone)[f"cni-config[{NET}]"]
    assert (one.status, one.severity, one.actual) == ("fail", "warning", "bridge")
    assert "flannel is not there" in one.message
    none = {k: v for k, v in gone.items() if "crio.conflist" not in k}
    assert said(tmp_path / "c", none) == "error"


@pytest.mark.parametrize(
    ("source", "path"),
    [
        (f'{CRI}conf_dir = "/srv/net"\n', TOML),
        ('[plugins.cri.cni]\nconf_dir = "/srv/net"\n', TOML),
        ("version = 3\n[plugins.'io.containerd.cri.v1.runtime'.cni]\nconf_dir = '/srv/net/'\n", TOML),
    ],
)
def test_containerd_is_set_to_another_directory(tmp_path: Path, source: str, path: str) -> None:
    files = {**node({"10-cilium.conflist": CILIUM}), path: source, "/srv/net/10-flannel.conflist": FLANNEL}
    found = results(tmp_path, files)
    assert found["cni-config[/srv/net]"].actual == "flannel"


@pytest.mark.parametrize(
    ("source", "folder", "status"),
    [
        (f'{CRI}bin_dir = "/usr/lib/cni"\n', "/usr/lib/cni", "pass"),
        (f'{CRI}bin_dir = "/usr/lib/cni"\n', BIN, None),
        ("version = 3\n[plugins.'io.containerd.cri.v1.runtime'.cni]\nbin_dirs = ['/a', '/b']\n", "/b", "unknown"),
        ("version = 4\n[plugins.'io.containerd.cri.v1.runtime'.cni]\nbin_dirs = ['/a', '/b']\n", "/b", "pass"),
        (f'{CRI}bin_dirs = ["/a"]\nbin_dir = "/b"\n', "/b", "unknown"),
        (f'{CRI}bin_dir = "lib/cni"\n', "/lib/cni", "unknown"),
    ],
)  # fmt: skip
def test_containerd_looks_for_plugins_elsewhere(tmp_path: Path, source: str, folder: str, status: str | None) -> None:
    """2.0 does not know ``bin_dirs``, and 2.2 does: no release is shown here."""
    found = results(tmp_path, {**node({"10-flannel.conflist": FLANNEL}, folder=folder), TOML: source})
    statuses = {str(one.status) for one in found.values()}
    assert statuses == {status or "fail"} | ({"pass"} if status is None else set())


def test_max_conf_num_and_the_internal_loopback(tmp_path: Path) -> None:
    confs = {"10-flannel.conflist": FLANNEL, "20-cilium.conflist": CILIUM}
    for number, most in enumerate((0, 2)):
        files = {**node(confs), TOML: f"{CRI}max_conf_num = {most}\n"}
        found = results(tmp_path / f"a{number}", files)
        assert str(found[f"cni-config[{NET}]"].status) == "pass"
        gone = {k: v for k, v in files.items() if k != f"{BIN}/cilium-cni"}
        assert said(tmp_path / f"b{number}", gone, BIN) == "error"
    bad = {**node({**confs, "30-x.conf": "x"}), TOML: f"{CRI}max_conf_num = 0\n"}
    assert said(tmp_path / "c", bad) == "error"
    own = "version = 4\n[plugins.'io.containerd.cri.v1.runtime'.cni]\nuse_internal_loopback = true\n"
    files = {k: v for k, v in node(confs).items() if k != f"{BIN}/loopback"}
    assert said(tmp_path / "d", {**files, TOML: own}, BIN) == "pass"


def test_a_template_is_written_by_containerd(tmp_path: Path) -> None:
    files = {**node({}), TOML: f'{CRI}conf_template = "/etc/containerd/cni.template"\n'}
    (one,) = results(tmp_path, files).values()
    assert one.status == "skip"
    assert "template" in one.message


CRIO_CONF = "/etc/crio/crio.conf.d/10-net.conf"


@pytest.mark.parametrize(
    ("network", "confs", "expected"),
    [
        ('cni_default_network = "crio"', {"10-flannel.conflist": FLANNEL, "99-crio.conflist": CRIO_BRIDGE}, "warning"),
        ('cni_default_network = "cbr0"', {"01-crio.conflist": CRIO_BRIDGE, "10-flannel.conflist": FLANNEL}, "pass"),
        ('cni_default_network = "gone"', {"10-flannel.conflist": FLANNEL}, "error"),
        ('plugin_dirs = ["/gone"]', {"10-flannel.conflist": FLANNEL}, "error"),
        ('plugin_dirs = ["/gone", "/opt/cni/bin/"]', {"10-flannel.conflist": FLANNEL}, "pass"),
        ('plugin_dir = "/gone"', {"10-flannel.conflist": FLANNEL}, "pass"),
        ("plugin_dirs = []", {"10-flannel.conflist": FLANNEL}, "pass"),
        ('network_dir = ""', {"10-flannel.conflist": FLANNEL}, "pass"),
    ],
)
def test_what_cri_o_is_set_to(tmp_path: Path, network: str, confs: dict[str, str], expected: str) -> None:
    files = {**node(confs, CRIO), CRIO_CONF: f"[crio.network]\n{network}\n"}
    assert said(tmp_path, files) == expected


def test_why_one_wins_is_said(tmp_path: Path) -> None:
    files = node({"10-flannel.conflist": FLANNEL, "99-crio.conflist": CRIO_BRIDGE}, CRIO)
    named = {**files, CRIO_CONF: '[crio.network]\ncni_default_network = "crio"\n'}
    assert "cni_default_network names it" in results(tmp_path / "a", named)[f"cni-config[{NET}]"].message
    two = node({"10-calico.conflist": CALICO, "10-flannel.conflist": FLANNEL})
    one = results(tmp_path / "b", two)[f"cni-config[{NET}]"]
    assert one.message == (
        f"{NET}/10-calico.conflist (calico) wins over {NET}/10-flannel.conflist (flannel): the first by name counts"
    )


@pytest.mark.parametrize(
    "files",
    [
        {CRIO_CONF: '[crio.network]\nnetwork_dir = "/srv/net/"\n'},
        {"/etc/systemd/system/crio.service": "[Service]\nExecStart=/usr/bin/crio --cni-config-dir /srv/net\n"},
        {
            "/etc/systemd/system/crio.service": "[Service]\nEnvironment=CONTAINER_CNI_CONFIG_DIR=/srv/net\n"
            "ExecStart=/usr/bin/crio\n"
        },
    ],
)
def test_cri_o_has_another_directory(tmp_path: Path, files: dict[str, Entry]) -> None:
    tree = {**node({"10-cilium.conflist": CILIUM}, CRIO), **files, "/srv/net/10-flannel.conflist": FLANNEL}
    assert results(tmp_path, tree)["cni-config[/srv/net]"].actual == "flannel"


DROPIN = "/etc/systemd/system/kubelet.service.d/a.conf"
FLAGS = "/var/lib/kubelet/kubeadm-flags.env"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("--network-plugin=cni", {f"cni-config[{NET}]": "pass", f"cni-config[{BIN}]": "pass"}),
        ("--network-plugin=kubenet", {"cni-config": "skip"}),
        ("--v=2", {"cni-config": "skip"}),
        ("--network-plugin=cni --cni-conf-dir=/gone", {"cni-config[/gone]": "fail"}),
        ("--network-plugin=cni --cni-bin-dir=/gone", {f"cni-config[{NET}]": "fail"}),
        (
            "--network-plugin=cni --cni-bin-dir=/gone,/opt/cni/bin",
            {f"cni-config[{NET}]": "pass", "cni-config[/gone]": "pass"},
        ),
    ],
)  # fmt: skip
def test_a_kubelet_with_dockershim(tmp_path: Path, arguments: str, expected: dict[str, str]) -> None:
    root = write_tree(reference_node(tmp_path), {FLAGS: f'KUBELET_KUBEADM_ARGS="{arguments}"\n'})
    found = run(root, profile="centos7-kubeadm-1.17", select=["cni-config"], view="now").results
    assert {one.id: str(one.status) for one in found} == expected


def test_cri_dockerd(tmp_path: Path) -> None:
    unit = "[Service]\nExecStart=/usr/bin/cri-dockerd --cni-conf-dir=/srv/net\n"
    files: dict[str, Entry] = {
        **node({}, "unix:///run/cri-dockerd.sock\n"),
        "/etc/systemd/system/cri-docker.service": unit,
        "/srv/net/10-flannel.conflist": FLANNEL,
    }
    assert said(tmp_path / "a", files, "/srv/net") == "pass"
    files["/etc/systemd/system/cri-docker.service"] = unit.replace(
        "--cni-conf-dir", "--network-plugin=x --cni-conf-dir"
    )
    assert [str(one.status) for one in results(tmp_path / "b", files).values()] == ["skip"]


def test_the_owner_of_the_directory_of_plugins(tmp_path: Path) -> None:
    """Cilium's own pod may not write there where another user owns it (kubespray#13378)."""
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    cilium = write_tree(tmp_path / "a", node({"05-cilium.conflist": CILIUM}))
    flannel = write_tree(tmp_path / "b", node({"10-flannel.conflist": FLANNEL}))
    for root in (cilium, flannel):
        os.chown(root / BIN[1:], 998, 0)
    one = run(cilium, select=["cni-config"], view="now").results[1]
    assert (one.id, one.status, one.severity, one.actual) == (f"cni-config[{BIN}]", "fail", "error", "user 998")
    assert {str(one.status) for one in run(flannel, select=["cni-config"]).results} == {"pass"}
    assert said(tmp_path / "b", {}, BIN, cni="flannel") == "pass"

    assert one.fix is not None
    assert [step.argv for step in one.fix.steps] == [("chown", "root:root", BIN)]  # type: ignore[union-attr]
    os.chown(cilium / BIN[1:], 0, 0)
    assert said(tmp_path / "a", {}, BIN) == "pass"


def test_a_tree_that_somebody_unpacked_is_the_nodes(tmp_path: Path) -> None:
    root = write_tree(tmp_path, node({"05-cilium.conflist": CILIUM}))
    if os.geteuid() == 0:
        for path in (root, root / BIN[1:]):
            os.chown(path, 1000, 1000)
    assert said(root, {}, BIN) == "pass"


@pytest.mark.parametrize("agent", ["k3s", "rke2", "k0s", "microk8s"])
def test_agents_bring_their_own(tmp_path: Path, agent: str) -> None:
    assert [str(one.status) for one in results(healthy_node(agent, tmp_path), {}).values()] == ["skip"]


def test_no_node_and_no_runtime(tmp_path: Path) -> None:
    (one,) = results(tmp_path / "a", {f"{NET}/10-flannel.conflist": FLANNEL}).values()
    assert one.status == "skip"
    (one,) = results(tmp_path / "b", {CONFIG: KUBELET + CONTAINERD, "/usr/bin/kubelet": TreeFile("", 0o755)}).values()
    assert (one.status, "no container runtime" in one.message) == ("skip", True)


def test_what_is_below_run_is_written_at_each_boot(tmp_path: Path) -> None:
    files = {**node({}), TOML: f'{CRI}conf_dir = "/run/cni"\n', "/run/cni/10-flannel.conflist": FLANNEL}
    tree = write_tree(tmp_path, files)
    found = {one.id: str(one.status) for one in run(tree, select=["cni-config"]).results}
    both = {f"cni-config[{BIN}]": "pass", f"cni-config[{BIN}]@boot": "pass"}
    assert found == {**both, "cni-config[/run/cni]": "pass", "cni-config[/run/cni]@boot": "skip"}


@pytest.mark.parametrize("path", [NET, f"{NET}/10-flannel.conflist", f"{BIN}/flannel", TOML, CONFIG])
def test_what_cannot_be_read_is_unknown(tmp_path: Path, path: str) -> None:
    class Refusing(RootHost):
        def _refuse(self, asked: str) -> None:
            if asked == path:
                raise Denied(asked, "permission denied")

        def read(self, asked: str, limit: int = 1 << 20) -> bytes:
            self._refuse(asked)
            return super().read(asked, limit)

        def links(self, asked: str) -> tuple[tuple[str, str | None], ...]:
            self._refuse(asked)
            return super().links(asked)

        def stat(self, asked: str) -> Any:
            if asked.startswith(BIN):
                self._refuse(asked)
            return super().stat(asked)

    root = write_tree(tmp_path, {**node({"10-flannel.conflist": FLANNEL}), TOML: CRI})
    assert {str(one.status) for one in run(Refusing(str(root)), select=["cni-config"]).results} == {"unknown"}


def test_a_file_after_the_one_that_counts_may_be_hidden(tmp_path: Path) -> None:
    root = write_tree(tmp_path, node({"10-flannel.conflist": FLANNEL}))
    os.mkfifo(root / NET[1:] / "20-x.conf")
    assert said(root, {}) == "pass"
    os.mkfifo(root / NET[1:] / "00-x.conf")
    assert said(root, {}) == "unknown"


SOURCES: tuple[tuple[dict[str, Entry | None], str, str], ...] = (
    ({f"{NET}/10-flannel.conflist": None}, NET, "absent"),
    ({f"{NET}/10-flannel.conflist": CALICO}, NET, "calico"),
    ({f"{BIN}/flannel": None}, BIN, "absent"),
    ({f"{BIN}/flannel": TreeFile("", 0o644)}, BIN, "not executable"),
    ({TOML: f'{CRI}conf_dir = "/srv/net"\n', "/srv/net/1.conflist": CRIO_BRIDGE}, "/srv/net", "bridge"),
    ({TOML: f'{CRI}bin_dir = "/srv/bin"\n'}, "/srv/bin", "absent"),
)  # fmt: skip


@pytest.mark.parametrize(("changes", "subject", "actual"), SOURCES)
def test_each_source_counts(tmp_path: Path, changes: dict[str, Entry | None], subject: str, actual: str) -> None:
    before = results(tmp_path / "a", node({"10-flannel.conflist": FLANNEL}))
    assert {one.actual for one in before.values()} == {"flannel", "there"}
    files = {**node({"10-flannel.conflist": FLANNEL}), **changes}
    after = results(tmp_path / "b", {k: v for k, v in files.items() if v is not None})
    assert after[f"cni-config[{subject}]"].actual == actual


FAULTS: dict[str, tuple[dict[str, Entry], set[str]]] = {
    "no plugin": ({f"{BIN}/flannel": TreeLink("/gone")}, {BIN}),
    "not valid": ({f"{NET}/00-x.conf": "{"}, {NET}),
    "of nobody": ({f"{NET}/10-flannel.conflist": TreeLink("/dev/null")}, {NET}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_one_fault_in_a_healthy_node_fails_this_check_alone(tmp_path: Path, name: str) -> None:
    def bad(root: Path) -> set[str]:
        return {one.id for one in run(root) if one.status == "fail" and one.severity == "error"}

    files, subjects = FAULTS[name]
    expected = {f"cni-config[{subject}]{view}" for subject in subjects for view in ("", "@boot")}
    root = debian_node(tmp_path)
    before = bad(root)
    for path in files:
        (root / path[1:]).unlink(missing_ok=True)
    assert bad(write_tree(root, files)) - before == expected


@pytest.mark.parametrize("name", ["debian-12", "debian-13", "raspberry-pi-os-13"])
def test_a_healthy_node(tmp_path: Path, name: str) -> None:
    """Debian 13's containerd looks for plugins in /usr/lib/cni."""
    found = results(healthy_node(name, tmp_path), {})
    folder = BIN if name == "debian-12" else "/usr/lib/cni"
    assert {name: str(one.status) for name, one in found.items()} == {
        f"cni-config[{NET}]": "pass", f"cni-config[{folder}]": "pass",
    }  # fmt: skip


@BOTH
def test_what_is_asked_is_declared_and_a_capture_gives_the_same(tmp_path: Path, endpoint: str) -> None:
    root = (debian_node if endpoint == CONTAINERD else rocky_node)(tmp_path)
    assert_declared(cni_config, root)
    assert [(one.id, one.status, one.message) for one in run(root, select=["cni-config"]).results] == [
        (one.id, one.status, one.message) for one in run(capture_of(root), select=["cni-config"]).results
    ]


ELSEWHERE: dict[str, dict[str, Entry]] = {
    "containerd": {
        **node({"10-cilium.conflist": CILIUM}, folder="/srv/bin"),
        TOML: f'{CRI}conf_dir = "/srv/net"\nbin_dir = "/srv/bin"\n',
    },
    "containerd 2": {
        **node({}, folder="/srv/bin"),
        TOML: "version = 4\n[plugins.'io.containerd.cri.v1.runtime'.cni]\nbin_dirs = ['/srv/none', '/srv/bin']\n"
        "conf_dir = '/srv/net'\n",
    },
    "cri-o": {
        **node({}, CRIO, folder="/srv/bin"),
        CRIO_CONF: '[crio.network]\nnetwork_dir = "/srv/net"\nplugin_dirs = [\n\t"/srv/none",\n\t"/srv/bin",\n]\n',
    },
}


@pytest.mark.parametrize("shell", HERE, ids=lambda shell: str(shell[0]))
@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_script_brings_what_the_runtime_is_set_to(tmp_path: Path, name: str, shell: tuple[str, ...]) -> None:
    root = write_tree(tmp_path, {**ELSEWHERE[name], "/srv/net/10-flannel.conflist": FLANNEL})
    capture = read_capture(collected(root, shell).stdout, "a capture")
    own = run(root, select=["cni-config"]).results

    assert {str(one.status) for one in own} == {"pass"}
    assert [(one.id, one.status, one.message, one.fingerprint) for one in own] == [
        (one.id, one.status, one.message, one.fingerprint) for one in run(capture, select=["cni-config"]).results
    ]


def test_the_fix_makes_it_pass(tmp_path: Path) -> None:
    files = {**node({"10-flannel.conflist": FLANNEL}), f"{BIN}/flannel": TreeFile("", 0o644)}
    one = results(tmp_path, files)[f"cni-config[{BIN}]"]
    assert one.fix is not None
    (step,) = one.fix.steps
    assert step.argv == ("chmod", "a+x", f"{BIN}/flannel")  # type: ignore[union-attr]
    (tmp_path / BIN[1:] / "flannel").chmod(0o755)
    assert said(tmp_path, {}, BIN) == "pass"
