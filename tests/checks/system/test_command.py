"""Programs that a node needs, found as a service finds them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck import Report, Result
from nodecheck.facts.cluster.target import Target
from nodecheck.model.steps import Command
from nodecheck_checks.system.command_table import INSTALL, KNOWN_TO, NEEDS, needs_of, package_of

Tree = Callable[[dict[str, "str | bytes"]], Path]

UNIT = "/usr/lib/systemd/system/kubelet.service"


def program(root: Path, path: str, mode: int = 0o755) -> None:
    place = root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("#!/bin/sh\n")
    place.chmod(mode)


@pytest.fixture
def node(tree: Tree) -> Path:
    root = tree({"/etc/os-release": "ID=debian\nVERSION_ID=13\n"})
    for path in ("/usr/bin/sh", "/usr/bin/mount", "/usr/bin/nsenter", "/usr/bin/cp", "/usr/bin/losetup"):
        program(root, path)
    return root


def run(root: Path, require: str = '"ipset"', kubernetes: str = "1.34", proxy: nodecheck.ProxyMode = "ipvs") -> Report:
    (root / "p.toml").write_text(
        f'schema = "nodecheck.profile/1"\nname = "t"\n[check.command]\nrequire = [{require}]\n'
    )
    return nodecheck.run(
        root=root, profile=root / "p.toml", select=["command"], kubernetes=kubernetes, proxy_mode=proxy, role="worker"
    )


def ipset(root: Path) -> Result:
    return run(root)["command[ipset]"]


DPKG = "Package: kubelet\nStatus: install ok installed\nArchitecture: amd64\nVersion: {}\n\n"


@pytest.mark.parametrize(
    ("version", "needed"),
    [
        ("1.17.1-00", {"ip", "iptables", "nsenter", "socat", "ebtables", "ethtool", "tc"}),
        ("1.30.2-1.1", {"ip", "iptables", "nsenter", "conntrack", "crictl", "ethtool", "tc"}),
        ("1.34.0-1.1", {"cp", "iptables", "losetup"}),
    ],
)
def test_before_a_node_joins_its_kubelet_tells_the_release(node: Path, version: str, needed: set[str]) -> None:
    (node / "var/lib/dpkg").mkdir(parents=True)
    (node / "var/lib/dpkg/status").write_text(DPKG.format(version))

    report = nodecheck.run(root=node, select=["command"])

    assert {result.subject for result in report} == {"mount", *needed}


def test_packages_that_cannot_be_read_hide_the_release(node: Path) -> None:
    (node / "var/lib/dpkg/status").mkdir(parents=True)

    report = nodecheck.run(root=node, select=["command"])

    assert report["command"].status == "unknown"
    assert report["command[mount]"].status == "pass"


def test_what_is_required_is_always_judged_and_the_others_by_the_release(node: Path) -> None:
    report = run(node)

    assert {result.id: (result.status, result.severity) for result in report} == {
        "command[cp]": ("pass", "error"),
        "command[ipset]": ("fail", "error"),
        "command[iptables]": ("fail", "warning"),
        "command[losetup]": ("pass", "error"),
        "command[mount]": ("pass", "error"),
    }


@pytest.mark.parametrize(
    ("release", "proxy", "errors", "warnings"),
    [
        ("1.17", "ipvs", "ip iptables mount nsenter", "ebtables ethtool socat tc"),
        ("1.18", None, "conntrack ip iptables mount nsenter", "ebtables ethtool socat tc"),
        ("1.24", None, "conntrack crictl ip iptables mount nsenter", "ebtables ethtool socat tc"),
        ("1.30", None, "conntrack crictl ip iptables mount nsenter", "ethtool tc"),
        ("1.31", None, "conntrack ip iptables mount nsenter", "crictl ethtool tc"),
        ("1.32", None, "ip iptables mount nsenter", "ethtool tc"),
        ("1.33", "iptables", "cp losetup mount", "iptables"),
        ("1.37", "nftables", "cp losetup mount", ""),
        (None, None, "cp losetup mount", "iptables"),
    ],
)
def test_the_table(release: str | None, proxy: str | None, errors: str, warnings: str) -> None:
    needs = needs_of(Target(kubernetes=release, proxy_mode=proxy))

    assert sorted(need.name for need in needs if need.severity == "error") == errors.split()
    assert sorted(need.name for need in needs if need.severity == "warning") == warnings.split()


@pytest.mark.parametrize("folder", ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"])
def test_the_folders_of_systemds_default_path(node: Path, folder: str) -> None:
    assert ipset(node).status == "fail"

    program(node, f"{folder}/ipset")

    assert (ipset(node).status, ipset(node).actual) == ("pass", f"{folder}/ipset")


def test_the_path_of_the_kubelets_unit(node: Path, tree: Tree) -> None:
    program(node, "/opt/bin/ipset")
    assert ipset(node).status == "fail"

    tree({UNIT: "[Service]\nEnvironment=PATH=/opt/bin:/usr/bin\nExecStart=/usr/bin/kubelet\n"})

    assert ipset(node).status == "pass"
    assert run(node, '"brctl"')["command[brctl]"].evidence[0].source == UNIT


def test_a_distribution_that_brings_its_own_programs(node: Path, tree: Tree) -> None:
    tree({"/etc/systemd/system/k3s.service": "[Service]\nExecStart=/usr/local/bin/k3s server\n"})

    assert {result.subject for result in run(node, kubernetes="1.28")} == {"ipset", "mount"}


def test_a_path_that_holds_nothing_is_judged_all_the_same(node: Path, tree: Tree) -> None:
    tree({UNIT: "[Service]\nEnvironment=PATH=/nowhere\nExecStart=/usr/bin/kubelet\n"})

    assert run(node)["command[mount]"].status == "fail"


def test_an_earlier_file_that_cannot_be_executed_is_passed_over(node: Path) -> None:
    program(node, "/usr/local/bin/ipset", 0o644)
    found = ipset(node)
    assert (found.status, found.actual) == ("fail", "not executable")
    assert found.fix is not None
    assert found.fix.steps == (Command(("chmod", "--", "+x", "/usr/local/bin/ipset")),)

    program(node, "/usr/bin/ipset")

    assert ipset(node).actual == "/usr/bin/ipset"


def test_a_directory_is_no_program(node: Path) -> None:
    (node / "usr/bin/ipset").mkdir()

    assert ipset(node).status == "fail"


def test_links_stay_inside_the_root(node: Path) -> None:
    program(node, "/usr/sbin/xtables-nft-multi")
    (node / "usr/sbin/iptables").symlink_to("/etc/alternatives/iptables")
    (node / "etc/alternatives").mkdir()
    (node / "etc/alternatives/iptables").symlink_to("/usr/sbin/iptables-nft")
    (node / "usr/sbin/iptables-nft").symlink_to("xtables-nft-multi")

    found = run(node)["command[iptables]"]

    assert (found.status, found.message) == ("pass", "iptables is /usr/sbin/iptables (nf_tables)")
    assert found.evidence[0].value == (
        "/etc/alternatives/iptables -> /usr/sbin/iptables-nft -> /usr/sbin/xtables-nft-multi"
    )


def test_a_dangling_link_is_none(node: Path) -> None:
    (node / "usr/bin/ipset").symlink_to("/bin/sh-of-the-host")

    assert ipset(node).actual == "not found"


@pytest.mark.parametrize("name", ["ipset", "frobnicate"])
def test_a_link_loop_is_unknown(node: Path, name: str) -> None:
    (node / "usr/bin" / name).symlink_to(name)

    found = run(node, f'"{name}"')[f"command[{name}]"]

    assert found.status == "unknown"
    assert found.cause is not None
    assert found.cause.code == "malformed"


def test_a_program_that_no_table_knows(node: Path) -> None:
    found = run(node, '"frobnicate"')["command[frobnicate]"]
    assert found.status == "fail"
    assert found.fix is not None
    assert found.fix.safety == "manual"

    program(node, "/usr/bin/frobnicate")

    assert run(node, '"frobnicate"')["command[frobnicate]"].status == "pass"


def test_a_root_without_programs_is_skipped(tree: Tree) -> None:
    report = run(tree({"/etc/os-release": "ID=debian\n"}))

    assert {result.status for result in report} == {"skip"}


@pytest.mark.parametrize("fault", ["fifo", "file"])
def test_a_folder_that_is_none(node: Path, fault: str) -> None:
    place = node / "usr/sbin"
    if fault == "fifo":
        os.mkfifo(place)
    else:
        place.write_text("")

    assert ipset(node).status == "unknown"


@pytest.mark.parametrize(("names", "first"), [(("lock", "partial"), True), (("d.example_main_Packages.lz4",), False)])
def test_an_image_without_lists_of_packages_fetches_them_first(node: Path, names: tuple[str, ...], first: bool) -> None:
    """As cloud images of Debian and Ubuntu come: apt-get install finds no package there."""
    for name in names:
        program(node, f"/var/lib/apt/lists/{name}")

    steps = nodecheck.plan(run(node, '"ipset", "socat"')).steps

    argvs = [item.step.argv for item in steps if isinstance(item.step, Command)]
    assert [argv[1] for argv in argvs] == ["update"] * first + ["install"] * 3


@pytest.mark.parametrize(
    ("release", "argv"),
    [
        ("ID=centos\nVERSION_ID=7\n", ("yum", "install", "-y", "--", "ipset")),
        ("ID=rocky\nVERSION_ID=9.6\n", ("dnf", "install", "-y", "ipset")),
        ("ID=ubuntu\nVERSION_ID=24.04\n", ("apt-get", "install", "-y", "--", "ipset")),
        ("ID=linuxmint\nID_LIKE=ubuntu\n", ("apt-get", "install", "-y", "--", "ipset")),
        ("ID=opensuse-leap\nID_LIKE='suse opensuse'\n", ("zypper", "--non-interactive", "install", "--", "ipset")),
        ("ID=alpine\n", ("apk", "add", "--", "ipset")),
        ("ID=amzn\nVERSION_ID=2\n", ("yum", "install", "-y", "--", "ipset")),
        ("ID=azurelinux\nVERSION_ID=3.0\n", ("tdnf", "install", "-y", "ipset")),
        ("ID=photon\nVERSION_ID=5.0\n", None),
        ("ID=flatcar\nID_LIKE=coreos\n", None),
        ("ID=talos\n", None),
        ("ID=frobnix\n", None),
        ("", None),
    ],
)
def test_the_fix_is_the_distributions(node: Path, release: str, argv: tuple[str, ...] | None) -> None:
    (node / "etc/os-release").write_text(release)

    fix = ipset(node).fix

    assert fix is not None
    if argv is None:
        assert fix.safety == "manual"
    else:
        assert (fix.safety, fix.steps) == ("safe", (Command(argv),))


@pytest.mark.parametrize(
    ("release", "safety"),
    [("ID=centos\nVERSION_ID=7\n", "safe"), ("ID=rocky\nVERSION_ID=9.6\n", "manual"), ("ID=fedora\n", "safe")],
)
def test_no_plan_installs_what_the_distribution_does_not_have(node: Path, release: str, safety: str) -> None:
    (node / "etc/os-release").write_text(release)

    fix = run(node, '"brctl"')["command[brctl]"].fix

    assert fix is not None
    assert fix.safety == safety


def test_every_need_has_a_package_everywhere() -> None:
    missing = [
        (need.name, manager)
        for need in NEEDS
        for manager in INSTALL
        if package_of(need.name, manager) is None and need.name not in KNOWN_TO
    ]

    assert missing == []
