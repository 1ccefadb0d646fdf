"""What a profile's lists and tables do to the defaults: what is named is judged, and nothing else changes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

import nodecheck
from nodecheck import Report
from nodecheck.checking import Check
from nodecheck.plugins import load
from nodecheck.profile.load import load_profile
from nodecheck.profile.model import ResolvedProfile
from nodecheck.profile.show import toml_value
from tests.nodes import debian_node

BRIDGE = "net.bridge.bridge-nf-call-iptables"
BRIDGE_IDS = tuple(f"sysctl[net.bridge.bridge-nf-call-{name}]" for name in ("iptables", "ip6tables"))

MERGED = {
    ("sysctl", "require"): {"vm.max_map_count": ">=1"},
    ("os-release", "minimum"): {"debian-like": "1"},
    ("version", "require"): {"runc": ">=99"},
}
"""Tables: one more key."""

ADDED = {
    ("kernel-config", "require"): ["GENEVE"],
    ("command", "require"): ["brctl"],
    ("interface", "require"): ["dummy9"],
    ("firewall", "off"): ["ufw"],
}
"""Lists that are empty by default, beside what the check looks at by itself: one item."""

REPLACED = {
    ("disk-free", "require"): ["/srv"],
    ("filesystem", "require"): ["/srv"],
    ("inodes-free", "require"): ["/srv"],
    ("kernel-module", "require"): ["br_netfilter"],
    ("mount-options", "require"): ["/srv"],
    ("path-access", "require"): ["/srv"],
    ("kubelet-defaults", "require"): {"vm.panic_on_oom": "0"},
    ("port", "require"): ["8443/tcp"],
    ("service", "require"): ["nosuch"],
    ("selinux", "allow"): ["permissive"],
}
"""Lists and tables in place of what the check looks for by default."""

UNSEEN = (("os-release", "minimum"), ("interface", "require"), ("port", "require"))
"""What this tree, which is another distribution's and has no netlink, shows nothing of."""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node whose CNI needs no bridge netfilter, with its keys off and no modules: to judge them is to fail."""
    root = debian_node(tmp_path_factory.mktemp("named") / "root")
    for name in BRIDGE_IDS:
        (root / "proc/sys" / name[7:-1].replace(".", "/")).write_text("0\n")
    (root / "proc/modules").write_text("overlay 32768 0 - Live 0x0000000000000000\n")
    (root / "etc/modules-load.d/k8s.conf").unlink()
    (root / "etc/sysctl.d/k8s.conf").unlink()
    return root


Verdict = tuple[str, str, str]
"""Status, severity and message."""


def run(node: Path, text: str, extends: str = "kubernetes", name: str = "p.toml") -> Report:
    path = node.parent / name
    path.write_text(f'schema = "nodecheck.profile/1"\nname = "mine"\nextends = "{extends}"\n{text}')
    return nodecheck.run(root=node, profile=path, cni="cilium", proxy_mode="iptables", role="worker")


def verdicts(report: Report) -> dict[str, Verdict]:
    return {result.id: (str(result.status), str(result.severity), result.message) for result in report}


def lists(check: Check) -> set[tuple[str, str]]:
    kinds = (Mapping, tuple, list)
    return {(check.name, name) for name, (_, default) in check.parameters.items() if isinstance(default, kinds)}


def test_each_list_and_table_of_a_check_is_a_member_here() -> None:
    registry = load()
    checks = [check for check in registry.all_checks() if registry.owners[check.name] == "builtin"]

    assert set().union(*map(lists, checks)) == {*MERGED, *ADDED, *REPLACED}


@pytest.mark.parametrize("extends", ["kubernetes", "centos7-kubeadm-1.17"])
@pytest.mark.parametrize("place", [*MERGED, *ADDED, *REPLACED], ids=".".join)
def test_one_more_entry_changes_no_other_verdict(node: Path, place: tuple[str, str], extends: str) -> None:
    check, parameter = place
    entry = {**MERGED, **ADDED, **REPLACED}[place]
    before = verdicts(run(node, "", extends))

    after = verdicts(run(node, f"[check.{check}]\n{parameter} = {toml_value(entry)}\n", extends))

    replaced = place in REPLACED or (place in ADDED and extends != "kubernetes")  # that one's lists are not empty

    def others(found: dict[str, Verdict]) -> dict[str, Verdict]:
        own = [check] if replaced else [f"{check}[{name}]" for name in entry]
        return {key: told for key, told in found.items() if not key.startswith(tuple(own))}

    if place == ("version", "require") and extends == "kubernetes":
        del before["version"]  # there was nothing to look at
    assert others(after) == others(before)
    assert after != before or place in UNSEEN


def test_a_key_of_sysctl_keeps_the_skips_of_the_others(node: Path) -> None:
    report = run(node, '[check.sysctl.require]\n"vm.max_map_count" = ">=262144"\n')

    for name in BRIDGE_IDS:
        assert (report[name].status, report[f"{name}@boot"].status) == ("skip", "skip")
    assert report["sysctl[vm.max_map_count]@boot"].status in ("fail", "unknown")


@pytest.mark.parametrize("key", [BRIDGE, BRIDGE.replace(".", "/")])
def test_a_key_that_the_profile_names_is_judged_even_with_the_default_value(node: Path, key: str) -> None:
    report = run(node, f'[check.sysctl.require]\n"{key}" = "1"\n')

    assert [report[name].status for name in BRIDGE_IDS] == ["fail", "skip"]
    assert [report[f"{name}@boot"].status for name in BRIDGE_IDS] == ["fail", "skip"]


def test_the_profiles_own_spelling_of_a_key_beats_the_defaults(node: Path) -> None:
    report = run(node, '[check.sysctl.require]\n"net/ipv4/ip_forward" = "0"\n')

    assert report["sysctl[net.ipv4.ip_forward]"].expected == "0"


def test_what_a_profile_in_between_names_is_judged(node: Path) -> None:
    run(node, f'[check.sysctl.require]\n"{BRIDGE}" = "1"\n', name="base.toml")

    report = run(node, '[check.sysctl.require]\n"vm.max_map_count" = ">=1"\n', extends="./base.toml")

    assert [report[name].status for name in BRIDGE_IDS] == ["fail", "skip"]


def test_the_same_keys_of_a_built_in_profile_are_left_to_the_defaults(node: Path) -> None:
    direct = nodecheck.run(root=node, profile="centos7-kubeadm-1.17", cni="cilium")
    report = run(node, '[check.sysctl.require]\n"vm.max_map_count" = ">=1"\n', "centos7-kubeadm-1.17")

    for name in BRIDGE_IDS:
        assert direct[name].status == report[name].status == "skip"
    for name in ("service[chronyd]", "command[ipset]", "firewall[firewalld]"):
        assert direct[name].severity == report[name].severity == "error"


def test_modules_that_the_profile_lists_are_judged_as_errors(node: Path) -> None:
    usual = run(node, "")
    listed = run(node, '[check.kernel-module]\nrequire = ["br-netfilter", "ip_vs"]\n')

    assert [usual[f"kernel-module[{name}]"].status for name in ("br_netfilter", "ip_vs")] == ["skip", "skip"]
    for name, now in (("br_netfilter", "pass"), ("ip_vs", "fail")):  # what a bridge's keys show is at work
        for view, status in (("", now), ("@boot", "fail")):
            result = listed[f"kernel-module[{name}]{view}"]
            assert (result.status, result.severity) == (status, "error")
    assert "kernel-module[ip_vs_rr]" not in verdicts(listed)


def test_the_profiles_severity_counts_for_what_it_names_and_for_no_other(node: Path) -> None:
    severity = '[severity]\n"sysctl[vm.max_map_count]" = "info"\n"kernel-module[ip_vs]" = "warning"\n'
    named = '[check.sysctl.require]\n"vm.max_map_count" = ">=1"\n[check.kernel-module]\nrequire = ["ip_vs"]\n'

    report = run(node, severity + named)

    assert report["kernel-module[ip_vs]"].severity == "warning"
    assert report["sysctl[vm.max_map_count]@boot"].severity == "info"
    assert report["sysctl[net.ipv4.ip_forward]"].severity == "error"


def test_a_profile_made_by_hand_names_all_that_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text('schema = "nodecheck.profile/1"\nname = "p"\nextends = "kubernetes"\n'
                    '[check.sysctl]\nrequire = { a = "1" }\n[check.port]\nrequire = ["1/tcp"]\n')  # fmt: skip
    loaded, made = load_profile(str(path), load()), ResolvedProfile("p", checks={"port": {"require": ("1/tcp",)}})

    assert loaded.names("sysctl", "require") == {"a"}
    assert loaded.names("port", "require") == made.names("port", "require") == {"1/tcp"}
    assert loaded.names("command", "require") == made.names("command", "require") == frozenset()
