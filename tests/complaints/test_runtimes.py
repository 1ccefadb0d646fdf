"""Complaints about container runtimes."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.testing import Entry, TreeFile
from tests.complaints.planted import Build, failed, plant, statuses, told
from tests.nodes import debian_node, rocky_node
from tests.requirements.faulty import CONFIG, CONTAINERD, KUBELET, STATUS

TOML = "/etc/containerd/config.toml"
V2 = 'plugins."io.containerd.grpc.v1.cri"'
V3 = "plugins.'io.containerd.cri.v1.runtime'"
RUNC = "containerd.runtimes.runc"
RIGHT_V2 = (
    f'version = 2\n[{V2}.{RUNC}]\nruntime_type = "io.containerd.runc.v2"\n[{V2}.{RUNC}.options]\nSystemdCgroup = true\n'
)
ONE, TWO = "1.7.29-1", CONTAINERD
PROGRAM = TreeFile(b"\x7fELF", 0o755)


def of_containerd(version: str) -> Build:
    """The healthy node with that version of containerd's package."""

    def build(root: Path) -> Path:
        debian_node(root)
        packages = root / STATUS
        packages.write_text(packages.read_text().replace(CONTAINERD, version))
        return root

    return build


@pytest.mark.parametrize(
    ("version", "text", "counts", "told_of"),
    [
        (ONE, RIGHT_V2, True, ""),
        (ONE, RIGHT_V2.replace("version = 2\n", ""), False, "no version line"),
        (ONE, f"version = 2\n[{V2}.containerd]\nSystemdCgroup = true\n", False, "nothing reads SystemdCgroup there"),
        (ONE, f"version = 2\n[{V2}.{RUNC}]\nSystemdCgroup = true\n", False, "nothing reads SystemdCgroup there"),
        (ONE, f"version = 2\nSystemdCgroup = true\n[{V2}]\n", False, "nothing reads SystemdCgroup there"),
        (ONE, f"version = 2\n[{V2}.{RUNC}.options]\nsystemd_cgroup = true\n", False, "reads systemd_cgroup there"),
        (ONE, RIGHT_V2.replace("SystemdCgroup", "SystemDCgroup"), False, "does not read the spelling"),
        (TWO, f"version = 3\n[{V2}.{RUNC}.options]\nSystemdCgroup = true\n", False, "is of another and is not read"),
        (TWO, f"version = 3\n[{V3}.{RUNC}.options]\nSystemDCgroup = true\n", True, ""),
        (TWO, f"version = 3\n[{V3}.{RUNC}.options]\nSystemdCgroup = true\n", True, ""),
        (TWO, f"version = 3\n[{V3}.containerd]\nSystemdCgroup = true\n", False, "nothing reads SystemdCgroup there"),
    ],
)  # fmt: skip
def test_complaint_26(tmp_path: Path, version: str, text: str, counts: bool, told_of: str) -> None:
    """containerd passes over SystemdCgroup in another table, or in a section of another version, without a word
    (website#38241, #49622, containerd#10960), and odd capitals count with one library alone: kubeadm asks the socket
    only, and the pods die later. The key is named, and the table in which it would count."""
    root = plant(tmp_path, {TOML: text}, of_containerd(version))
    found = told(root, "runtime-config@now", "cgroup-driver", kubernetes="1.34")
    config, driver = found["runtime-config[containerd]"], found["cgroup-driver[containerd]"]

    assert (str(config.status), str(driver.status)) == (("pass", "pass") if counts else ("fail", "fail"))
    assert told_of in config.message
    if not counts:
        assert driver.fix is not None
        assert any(f"{RUNC}.options]" in str(step) for step in driver.fix.steps)


def test_complaint_26_the_plugin_ends(tmp_path: Path) -> None:
    """systemd_cgroup of the CRI section itself keeps the plugin from loading (containerd#4203, #4574, kubeadm#2449)."""
    text = f"version = 2\n[{V2}]\nsystemd_cgroup = true\n"
    (one,) = told(plant(tmp_path / "on", {TOML: text}, of_containerd(ONE)), "runtime-config@now").values()
    assert (str(one.status), one.severity.value) == ("fail", "error")
    assert "does not load" in one.message

    default = plant(tmp_path / "off", {TOML: text.replace("true", "false")}, of_containerd(ONE))
    assert statuses(default, "runtime-config@now") == {"runtime-config[containerd]": "pass"}


CRIO_SOCKET = f"{KUBELET}containerRuntimeEndpoint: unix:///run/crio/crio.sock\n"


@pytest.mark.parametrize(
    ("version", "files", "name", "message"),
    [
        (ONE, {TOML: 'disabled_plugins = ["cri"]\n'}, "runtime-config[containerd]", "its CRI plugin is off"),
        ("1.5.11-1", {TOML: RIGHT_V2}, "runtime-version[containerd]", "the kubelet asks for the CRI's version 1"),
        (TWO, {CONFIG: CRIO_SOCKET}, "runtime-socket", "nothing is there"),
    ],
    ids=["off", "old", "another socket"],
)
def test_complaint_27(tmp_path: Path, version: str, files: dict[str, Entry], name: str, message: str) -> None:
    """One message, "unknown service runtime.v1.RuntimeService", stands for three causes (containerd#8139, #12552): the
    plugin is off, as Docker's package ships it, the runtime is too old, or the socket is another's. Each is named."""
    asked = ("runtime-config@now", "runtime-version", "runtime-socket")
    root = plant(tmp_path, files, of_containerd(version))
    found = told(root, *asked, kubernetes="1.34")

    assert failed(root, *asked, kubernetes="1.34") == {name}
    assert found[name].severity.value == "error"
    assert message in found[name].message
    assert found[name].fix is not None


DOCKER: dict[str, Entry] = {
    "/usr/bin/dockerd": PROGRAM, "/usr/bin/docker": PROGRAM,
    "/etc/docker/daemon.json": '{"exec-opts": ["native.cgroupdriver=cgroupfs"]}',
    "/usr/lib/systemd/system/docker.service": "[Service]\nExecStart=/usr/bin/dockerd\n[Install]\n",
}  # fmt: skip


def test_complaint_28(tmp_path: Path) -> None:
    """kubeadm probed Docker because it is there, although the kubelet was to use CRI-O (kubeadm#2319, #285): only the
    runtime that the kubelet is pointed at is judged, and another is at most information."""
    asked = ("cgroup-driver", "runtime-config", "runtime-socket", "runtime-version", "service")
    root = plant(tmp_path / "beside", DOCKER, rocky_node)
    assert failed(root, *asked, kubernetes="1.34") == set()
    found = told(root, *asked, kubernetes="1.34")
    assert found["runtime-config[crio]"].status == "pass"
    assert {one.severity.value for one in found.values() if one.subject == "docker"} == {"info"}

    crio = {"/etc/crio/crio.conf.d/99.conf": '[crio.runtime]\ncgroup_manager = "cgroupfs"\nconmon_cgroup = "pod"\n'}
    assert "cgroup-driver[crio]" in failed(plant(tmp_path / "crio", crio, rocky_node), *asked, kubernetes="1.34")


def test_complaint_29(tmp_path: Path) -> None:
    """Preflight warned "docker version is not on the list of validated versions" without saying whose list it is, and
    that nothing follows (k/k#82326, #93010, kubespray#3076). From 1.24 on no version of Docker is judged."""
    packages = "Package: docker-ce\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5:28.5.1-1\n\n"

    def node(root: Path) -> Path:
        debian_node(root)
        (root / STATUS).write_text((root / STATUS).read_text() + packages)
        return root

    root = plant(tmp_path, DOCKER, node)
    found = told(root, "runtime-version", "version", kubernetes="1.34")
    assert [name for name, one in found.items() if "docker" in name or "docker" in one.message.lower()] == []
    assert statuses(root, "runtime-version", kubernetes="1.34") == {"runtime-version[containerd]": "pass"}
