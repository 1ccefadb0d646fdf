"""One fault of the kernel, of the node's identity or of a release in a healthy node makes its check fail, and no other.

What only a node that runs shows is written into the tree of files. A table names what else a fault does, and why.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nodecheck import Report
from nodecheck.testing import Entry, run, write_tree
from tests.healthy.nodes import healthy_node
from tests.healthy.setups import SETUPS

RELEASE = "6.12.118+deb13-cloud-amd64"
OTHER = "6.0.0-1-cloud-amd64"
CONFIG, MENU, TREE = f"/boot/config-{RELEASE}", "/boot/grub/grub.cfg", f"/usr/lib/modules/{RELEASE}"
CONTROLLERS, RUNS, ONLINE = "/sys/fs/cgroup/cgroup.controllers", "/proc/sys/kernel/osrelease", "/proc/1/status"
KUBELET, STATUS = "/var/lib/kubelet/config.yaml", "/var/lib/dpkg/status"
WANTED = {
    "vm/overcommit_memory": "1", "vm/panic_on_oom": "0", "kernel/panic": "10", "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000", "kernel/keys/root_maxbytes": "25000000",
}  # fmt: skip
PROTECTED = {name.replace("/", "."): value for name, value in WANTED.items()}
HEALTHY: dict[str, Entry] = {
    RUNS: f"{RELEASE}\n",
    "/proc/cmdline": f"BOOT_IMAGE=/boot/vmlinuz-{RELEASE} root=UUID=x ro quiet\n",
    CONTROLLERS: "cpuset cpu io memory hugetlb pids rdma misc\n",
    "/sys/fs/cgroup/init.scope/cgroup.freeze": "0\n",
    ONLINE: "Name:\tsystemd\nCpus_allowed_list:\t0-1\n",
    "/sys/devices/system/cpu/online": "0-1\n",
    "/proc/modules": "overlay 151552 0 - Live 0x0000000000000000\n",
    "/etc/sysctl.d/90-kubelet.conf": "".join(f"{name}={value}\n" for name, value in PROTECTED.items()),
    **{f"/proc/sys/{name}": f"{value}\n" for name, value in WANTED.items()},
}
"""What the node shows that runs, beside its files; its kernel parameters are those that a kubelet protects."""


class Edited:
    """A file of the node with a text in place of another."""

    def __init__(self, before: str, after: str) -> None:
        self.before, self.after = before, after

    def of(self, text: str) -> str:
        assert self.before in text
        return text.replace(self.before, self.after)


Fault = tuple[dict[str, Any], dict[str, str], dict[str, str]]

FAULTS: dict[str, Fault] = {
    "a controller": (
        {CONTROLLERS: "cpuset cpu io hugetlb pids rdma misc\n"},
        {"cgroup-controller[memory]": "error"},
        {
            "cgroup-controller[memory]@boot": "the running kernel, which boots again, does not show it",
            "cgroup-version": "it asks for the memory controller too",
        },
    ),
    "a controller at boot": (
        {MENU: Edited(f"vmlinuz-{RELEASE}", f"vmlinuz-{RELEASE} cgroup_disable=memory")},
        {"cgroup-controller[memory]@boot": "error"},
        {"cgroup-version@boot": "it asks for the memory controller too"},
    ),
    "an option of the kernel": (
        {CONFIG: Edited("CONFIG_PID_NS=y", "# CONFIG_PID_NS is not set")},
        {"kernel-config[PID_NS]": "error", "kernel-config[PID_NS]@boot": "error"},
        {},
    ),
    "another kernel runs, whose tree is gone": (
        {RUNS: f"{OTHER}\n"},
        {"module-tree": "error", "kernel-next": "info"},
        {"kernel-module[nf_conntrack]": "nothing can load it into the running kernel"},
    ),
    "the tree of the kernel that boots": (
        {f"{TREE}/modules.dep": None},
        {"module-tree": "error", "module-tree@boot": "error"},
        {
            "kernel-module[nf_conntrack]": "without a list modprobe finds nothing",
            "kernel-module[nf_conntrack]@boot": "without a list modprobe finds nothing",
            "kernel-module[br_netfilter]@boot": "without a list modprobe finds nothing",
            "sysctl[net.bridge.bridge-nf-call-iptables]@boot": "br_netfilter brings it",
            "sysctl[net.bridge.bridge-nf-call-ip6tables]@boot": "br_netfilter brings it",
        },
    ),
    "a processor": ({"/sys/devices/system/cpu/online": "0\n"}, {"cpu-count": "error"}, {}),
    "a parameter": (
        {KUBELET: Edited("kind: K", "protectKernelDefaults: true\nkind: K"), "/proc/sys/kernel/panic": "0\n"},
        {"kubelet-defaults[kernel.panic]": "error"},
        {},
    ),
    "a parameter at boot": (
        {
            KUBELET: Edited("kind: K", "protectKernelDefaults: true\nkind: K"),
            "/etc/sysctl.d/99-x.conf": "vm.overcommit_memory=0\n",
        },
        {"kubelet-defaults[vm.overcommit_memory]@boot": "error"},
        {},
    ),
    "no id": ({"/etc/machine-id": "0" * 32 + "\n"}, {"machine-id": "error"}, {}),
    "an old runtime": (
        {STATUS: Edited("Version: 1.7.24~ds1-6", "Version: 1.5.9~ds1-6")},
        {"runtime-version[containerd]": "error"},
        {},
    ),
}
"""What is changed, which results fail and how severely, and which other errors there are, each with the reason."""


def failed(report: Report) -> dict[str, str]:
    return {one.id: str(one.severity) for one in report if str(one.status) == "fail"}


def judged(root: Path) -> Report:
    setup = SETUPS["debian-13"]
    return run(root, kubernetes=setup.kubernetes, role="control-plane", proxy_mode="iptables", timeout=300.0)


def node(place: Path, changes: dict[str, Any]) -> Path:
    """The node with what runs on it, and with the changes."""
    root = write_tree(healthy_node("debian-13", place), HEALTHY)
    for path, change in changes.items():
        here = root / path[1:]
        if change is None:
            here.unlink()
        elif isinstance(change, Edited):
            here.write_text(change.of(here.read_text()))
        else:
            write_tree(root, {path: change})
    return root


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What fails without a fault; all that a fault is put into passes."""
    report = judged(node(tmp_path_factory.mktemp("healthy"), {}))
    status = {one.id: str(one.status) for one in report}
    skipped = {name for name in status if name.startswith("kubelet-defaults")}
    ids = {name for _, fails, _ in FAULTS.values() for name in fails if not name.startswith("kubelet-defaults")}
    ids.remove("runtime-version[containerd]")  # a note: Debian's package has fixes of later releases

    assert {name: status.get(name) for name in sorted(ids)} == dict.fromkeys(sorted(ids), "pass")
    assert report["runtime-version[containerd]"].severity == "info"
    assert {status[name] for name in skipped} == {"skip"}
    return failed(report)


@pytest.mark.parametrize("name", FAULTS)
def test_one_fault_fails_its_check_and_no_other(tmp_path: Path, before: dict[str, str], name: str) -> None:
    changes, expected, others = FAULTS[name]
    found = {one: how for one, how in failed(judged(node(tmp_path, changes))).items() if before.get(one) != how}

    assert {one: found.get(one) for one in expected} == expected
    errors = {one for one, how in found.items() if how == "error"}
    assert errors - set(expected) == set(others)


def test_protected_parameters_pass_where_they_are_as_they_should_be(tmp_path: Path) -> None:
    root = node(tmp_path, {KUBELET: Edited("kind: K", "protectKernelDefaults: true\nkind: K")})
    report = run(root, select=["kubelet-defaults"])

    assert {one.id for one in report} == {
        f"kubelet-defaults[{name}]{view}" for name in PROTECTED for view in ("", "@boot")
    }
    assert {str(one.status) for one in report} == {"pass"}


@pytest.mark.parametrize("path", ["/etc/kubernetes/manifests/kube-apiserver.yaml", "/var/lib/etcd/member/x"])
def test_what_another_cluster_left(tmp_path: Path, path: str) -> None:
    """Only a node that is to become one asks: then it fails, and no other of error severity."""
    setup, root = SETUPS["debian-13"], node(tmp_path, {})

    def errors() -> set[str]:
        report = run(
            root,
            kubernetes=setup.kubernetes,
            role="control-plane",
            proxy_mode="iptables",
            phase="install",
            timeout=300.0,
        )
        return {name for name, how in failed(report).items() if how == "error"}

    healthy = errors()
    write_tree(
        root, {path: "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}\n"}
    )
    left = path.replace("/member/x", "")

    assert errors() - healthy == {f"leftover[{left}]"}
