"""The node's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck.checking import Lazy, Outcome
from nodecheck.errors import FactError, Offline, Unsupported
from nodecheck.facts.acts.at_boot import BootActs
from nodecheck.facts.cluster.joined import Joined
from nodecheck.facts.cluster.node_name import NodeName
from nodecheck.facts.kubelet.settings import KubeletSetting
from nodecheck.facts.network.hostname import BootHostname, KernelHostname, parse_hostname
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.running import Services
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.sysctl.at_boot import BootSysctls, Writer
from nodecheck.model.steps import Command, Edit
from nodecheck_checks.network.hostname import hostname, hostname_boot

Tree = Callable[[dict[str, "str | bytes"]], Path]
OVERRIDE = "/var/lib/kubelet/kubeadm-flags.env"


@pytest.mark.parametrize(("size", "k0s", "status"), [(54, True, "pass"), (55, True, "fail"), (63, False, "pass")])
def test_a_controller_of_k0s_has_room_for_less(size: int, k0s: bool, status: str) -> None:
    (found,) = hostname(KernelHostname("n" * size), NodeName(None, k0s), InitSystem(), Lazy(lambda: Services({})))

    assert found.status == status


def test_what_shows_a_controller_of_k0s(tree: Tree) -> None:
    files: dict[str, str | bytes] = {"proc/sys/kernel/hostname": "n" * 60 + "\n"}
    plain = nodecheck.run(root=tree(files), select=["hostname"], view="now")
    files["etc/systemd/system/k0scontroller.service"] = "[Service]\nExecStart=/usr/local/bin/k0s controller\n"
    controller = nodecheck.run(root=tree(files), select=["hostname"], view="now")

    assert (plain["hostname"].status, controller["hostname"].status) == ("pass", "fail")


def now(name: str, given: str | None = None, error: FactError | None = None) -> Outcome:
    def services() -> Services:
        if error is not None:
            raise error
        return Services({})

    setting = None if given is None else KubeletSetting(given, OVERRIDE, 1, f"--hostname-override={given}")
    (found,) = hostname(KernelHostname(name), NodeName(setting), InitSystem(), services)
    return found


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (None, ("hostnamectl", "set-hostname")),
        (Offline("systemctl"), ("hostnamectl", "set-hostname")),
        (Unsupported("/run/systemd/system"), ("hostname",)),
    ],
)
def test_hostnamectl_is_for_a_running_systemd(error: FactError | None, words: tuple[str, ...]) -> None:
    fix = now("Node1", error=error).fix
    assert fix is not None
    assert fix.steps == (Command((*words, "node1")),)


def boot(text: str, present: str, joined: str | None = "/etc/kubernetes/kubelet.conf") -> Outcome:
    (found,) = hostname_boot(
        parse_hostname(text), NodeName(), Lazy(lambda: KernelHostname(present)), Lazy(lambda: Joined(joined)),
        InitSystem(), Lazy(lambda: BootSysctls(Writer(None))), Lazy(BootActs), nobody_asks,
    )  # fmt: skip
    return found


def nobody_asks() -> BootStarts:
    raise AssertionError("which services start makes no difference here")


@pytest.mark.parametrize(
    ("files", "status", "actual"),
    [
        ({"etc/sysctl.d/x.conf": "kernel.hostname=node1.int.example.com\n"}, "pass", "node1.int.example.com"),
        ({"usr/lib/sysctl.d/x.conf": "kernel/hostname = node_9\n"}, "fail", "node_9"),
        ({"etc/hostname": "", "etc/sysctl.d/x.conf": "kernel.hostname=node2\n"}, "pass", "node2"),
        ({"etc/sysctl.d/x.conf": "#kernel.hostname=node_9\n"}, "pass", "node1"),
        ({"etc/sysctl.d/x.conf": "kernel.domainname=node_9\n"}, "pass", "node1"),
    ],
)
def test_a_sysctl_names_the_node_after_its_file(
    tree: Tree, files: dict[str, str | bytes], status: str, actual: str
) -> None:
    root = tree({"etc/hostname": "node1\n", "etc/os-release": "ID=debian\nVERSION_ID=12\n", **files})
    result = nodecheck.run(root=str(root), select=["hostname"])["hostname@boot"]
    assert (result.status, result.actual) == (status, actual)


MANAGER = "etc/systemd/system/multi-user.target.wants/NetworkManager.service"


@pytest.mark.parametrize(
    ("release", "name", "manager", "status"),
    [
        ("ID=rocky\nVERSION_ID=8.10\n", "localhost.localdomain", True, "unknown"),
        ("ID=centos\nVERSION_ID=7\n", "localhost", True, "unknown"),
        ("ID=rocky\nVERSION_ID=8.10\n", "localhost.localdomain", False, "fail"),
        ("ID=rocky\nVERSION_ID=9.4\n", "localhost.localdomain", True, "fail"),
        ("ID=rocky\nVERSION_ID=8.10\n", "node1", True, "pass"),
    ],
)
def test_localhost_is_passed_over_by_older_systemd(
    tree: Tree, release: str, name: str, manager: bool, status: str
) -> None:
    root = tree({"etc/hostname": f"{name}\n", "etc/os-release": release})
    if manager:
        (root / MANAGER).parent.mkdir(parents=True)
        (root / MANAGER).symlink_to("/usr/lib/systemd/system/NetworkManager.service")
    assert nodecheck.run(root=str(root), select=["hostname"])["hostname@boot"].status == status


@pytest.mark.parametrize(
    ("name", "status", "severity"),
    [
        ("node1", "pass", None),
        ("node1.example.com", "pass", None),
        ("0", "pass", None),
        ("n" * 63, "pass", None),
        ("n" * 64, "fail", None),
        ("Node1", "fail", "warning"),
        ("node_1", "fail", None),
        ("-node", "fail", None),
        ("node-.example", "fail", None),
        ("node..example", "fail", None),
        ("node1.", "fail", None),
        ("n\u00f6de", "fail", None),
        ("", "fail", None),
        ("(none)", "fail", None),
        ("localhost", "fail", None),
        ("LOCALHOST.localdomain", "fail", None),
    ],
)
def test_names(name: str, status: str, severity: str | None) -> None:
    found = now(name)

    assert (found.status, found.severity) == (status, severity)
    assert found.fix is not None or status == "pass"


@pytest.mark.parametrize(
    ("given", "status"), [("node1", "pass"), ("Node1", "pass"), ("node_1", "fail"), ("a." * 50 + "b", "pass")]
)
def test_the_name_that_the_kubelet_is_told(given: str, status: str) -> None:
    assert now("node_9", given).status == status


@pytest.mark.parametrize(
    ("text", "present", "joined", "status", "severity"),
    [
        ("node1\n", "node1", "x", "pass", None),
        ("# node2\n\n\tnode1 \n", "node1", "x", "pass", None),
        ("node2\n", "node1", "x", "fail", "error"),
        ("node2\n", "node1", None, "fail", "warning"),
        ("Node1\n", "node1", "x", "fail", "warning"),
        ("node1\n", "Node1", "x", "pass", None),
        ("localhost\n", "node1", "x", "fail", None),
        ("", "node1", "x", "unknown", "warning"),
        ("_\n", "node1", "x", "unknown", "warning"),
    ],
)
def test_the_next_boot(text: str, present: str, joined: str | None, status: str, severity: str | None) -> None:
    found = boot(text, present, joined)

    assert (found.status, found.severity) == (status, severity)
    if severity is not None and status == "fail" and found.fix is not None:
        (step,) = found.fix.steps
        assert isinstance(step, Edit)
        mended = text.replace(step.before, step.after)
        assert boot(mended, "node1", joined).status == "pass"


def status_of(node: Path) -> tuple[str, str | None, str]:
    found = nodecheck.run(root=node, select=["hostname"])["hostname@boot"]
    return found.status.value, found.actual, found.evidence[0].source


def test_a_root_without_a_running_kernel(tree: Tree) -> None:
    report = nodecheck.run(root=tree({"etc/hostname": "node1\n"}), select=["hostname"])

    assert [(item.id, item.status) for item in report] == [("hostname", "skip"), ("hostname@boot", "pass")]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"proc/cmdline": "ro systemd.hostname=other\n"}, ("pass", "other", "/proc/cmdline")),
        ({"proc/cmdline": "ro systemd.hostname=o_ther\n"}, ("pass", "node1", "/etc/hostname")),
        ({"proc/cmdline": "ro hostname=other\n"}, ("pass", "node1", "/etc/hostname")),
        ({"proc/cmdline": "ro hostname=other\n", "etc/hostname": ""}, ("pass", "other", "/proc/cmdline")),
        ({"etc/hostname": "node_1\n"}, ("pass", "node1", "/etc/hostname")),
        (
            {"etc/hostname": "node_1\n", "etc/os-release": "ID=centos\nVERSION_ID=7\n"},
            ("fail", "node_1", "/etc/hostname"),
        ),
        (
            {"proc/cmdline": "systemd.hostname=other\n", "etc/os-release": "ID=centos\nVERSION_ID=7\n"},
            ("pass", "node1", "/etc/hostname"),
        ),
        (
            {"etc/hostname": "", "etc/runlevels/boot/x": "", "etc/conf.d/hostname": '# x\nhostname="gentoo"\n'},
            ("pass", "gentoo", "/etc/conf.d/hostname"),
        ),
        ({"etc/rancher/k3s/config.yaml": "node-name: Edge_1\n"}, ("fail", "Edge_1", "/etc/rancher/k3s/config.yaml")),
        (
            {"var/lib/kubelet/kubeadm-flags.env": 'KUBELET_KUBEADM_ARGS="--hostname-override=edge1"\n'},
            ("pass", "edge1", "/var/lib/kubelet/kubeadm-flags.env"),
        ),
    ],
)
def test_where_the_name_comes_from(tree: Tree, files: dict[str, str], expected: tuple[str, str, str]) -> None:
    contents: dict[str, str | bytes] = {"etc/hostname": "node1\n", **files}

    assert status_of(tree(contents)) == expected


@pytest.mark.parametrize(
    ("present", "status"), [("node-92a9", "pass"), ("Node-92a9", "unknown"), ("node", "unknown"), (None, "unknown")]
)
def test_the_machines_id_completes_a_name_since_systemd_258(tree: Tree, present: str | None, status: str) -> None:
    release = "ID=fedora\nVERSION_ID=43\n"
    files: dict[str, str | bytes] = {"/etc/hostname": "node-????\n", "/etc/os-release": release}
    if present is not None:
        files["/proc/sys/kernel/hostname"] = present

    assert status_of(tree(files))[0] == status
    (node := tree({**files, "/etc/os-release": "ID=debian\nVERSION_ID=13\n"}))
    assert (status_of(node)[0] == "pass") == (present in (None, "node"))


def test_a_file_that_cannot_be_read_is_unknown(tree: Tree) -> None:
    assert status_of(tree({"etc/hostname/x": ""}))[0] == "unknown"


def test_nothing_on_disk() -> None:
    assert BootHostname().name is None
    assert boot("#\n", "node1").status == "unknown"
