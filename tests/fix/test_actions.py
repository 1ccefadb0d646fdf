"""What a step does, read back from it: one recogniser, for the order, the conflicts, the scripts and the owners."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nodecheck.fix.actions import (
    COMMAND,
    FILE,
    KUBELET,
    LAST,
    MODPROBE,
    MODULE_FILE,
    PACKAGE,
    RELOAD,
    SERVICE,
    SYSCTL,
    SYSCTL_FILE,
    UNIT_FILE,
    Goal,
    action_of,
)
from nodecheck.fix.script import script
from nodecheck.model.outcomes import Severity
from nodecheck.model.steps import Command, Create, Edit, Fix, Manual, Step, command
from nodecheck.planning import plan
from nodecheck.render.plan import render_plan
from nodecheck.render.style import Style
from nodecheck.report import Source
from tests.fix.reports import failing, report_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("line", "rank", "expected", "probe", "lasts"),
    [
        ("sysctl -w vm.a=1", SYSCTL, ["sysctl vm/a 1"], "sysctl_is vm/a 1", False),
        ("sysctl -qw -- net.ipv4.conf.eth0/1.x=2", SYSCTL, ["sysctl net/ipv4/conf/eth0.1/x 2"],
         "sysctl_is net/ipv4/conf/eth0.1/x 2", False),
        ("sysctl --system", SYSCTL, [], "", False),
        ("swapoff -- /dev/sda2", COMMAND, ["swap /dev/sda2 off"], "swap_is_off /dev/sda2", False),
        ("swapoff -a", COMMAND, [], "", False),
        ("modprobe -- br-netfilter", MODPROBE, ["module br_netfilter loaded"], "module_is_loaded br_netfilter", False),
        ("modprobe -i -- ip_vs", MODPROBE, [], "module_is_loaded ip_vs", False),
        ("modprobe -r ip_vs", MODPROBE, [], "", False),
        ("setenforce 1", COMMAND, ["selinux enforcing 1"], "enforcing_is 1", False),
        ("ip link set dev eth0 up", COMMAND, ["link eth0 up"], "link_is_up eth0", False),
        ("ip link set dev eth0 mtu 1450", COMMAND, ["mtu eth0 1450"], "link_mtu_is eth0 1450", False),
        ("ip link set dev eth0 promisc on", COMMAND, [], "", False),
        ("apt-get update", PACKAGE, ["package lists apt fetched"], "apt_has_lists", True),
        ("apt-get install -y -- ipset", PACKAGE, ["package ipset installed"], "package_is_installed ipset", True),
        ("rpm-ostree install ipset", PACKAGE, [], "", True),
        ("chmod -- +x /usr/sbin/ipset", COMMAND, ["executable /usr/sbin/ipset yes"],
         "is_executable /usr/sbin/ipset", True),
        ("hostnamectl set-hostname n1", COMMAND, ["hostname  n1"], "host_is n1", True),
        ("hostname n1", COMMAND, ["hostname  n1"], "sysctl_is kernel/hostname n1", True),
        ("rc-update add sysctl boot", UNIT_FILE, ["runlevel boot/sysctl yes"], "is_in_runlevel sysctl boot", True),
        ("rc-update del swap boot default", UNIT_FILE, ["runlevel boot/swap no", "runlevel default/swap no"],
         "is_in_no_runlevel swap boot default", True),
        ("systemctl enable -- chronyd", UNIT_FILE, ["enabled chronyd.service yes"], "unit_is enabled chronyd.service",
         True),
        ("systemctl disable --now x.timer", SERVICE, ["enabled x.timer no", "running x.timer no"],
         "unit_is_off x.timer", True),
        ("systemctl mask dev-sda2.swap", UNIT_FILE, ["enabled dev-sda2.swap no", "masked dev-sda2.swap yes"],
         "unit_is masked dev-sda2.swap", True),
        ("systemctl unmask --runtime x", SERVICE, [], "", True),
        ("systemctl start kubelet", KUBELET, ["running kubelet.service yes"], "unit_is active kubelet.service", False),
        ("systemctl restart crio", SERVICE, ["running crio.service yes"], "", False),
        ("systemctl daemon-reload", RELOAD, [], "", True),
        ("/sbin/modprobe ip_vs", MODPROBE, [], "", True),
        ("depmod -a", MODULE_FILE, [], "", True),
        ("true", COMMAND, [], "", True),
    ],
)  # fmt: skip
def test_commands(line: str, rank: int, expected: list[str], probe: str, lasts: bool) -> None:
    found = action_of(Command(tuple(line.split(" "))))

    assert [" ".join(goal) for goal in found.goals] == expected
    assert (found.rank, " ".join(found.probe.words), found.lasts) == (rank, probe, lasts)
    assert all(goal.what == (goal.kind, goal.name) for goal in found.goals)


def test_a_probe_is_a_function_of_the_scripts_library() -> None:
    library = (ROOT / "src/nodecheck/fix/lib/probes.sh").read_text("ascii")
    known = set(re.findall(r"^#: (\w+)$", library, re.MULTILINE))
    source = (ROOT / "src/nodecheck/fix/actions.py").read_text("ascii")
    named = set(re.findall(r'"((?:\w+_)?(?:is|has)_\w+|\w+_is)"', source))

    assert len(named) > 10
    assert named <= known


@pytest.mark.parametrize(
    ("step", "rank", "lowers"),
    [
        (Create("/etc/modules-load.d/x.conf", "0644", "ip_vs\n"), MODULE_FILE, False),
        (Edit("/etc/modprobe.d/x.conf", "blacklist ip_vs", "# blacklist ip_vs"), MODULE_FILE, False),
        (Edit("/etc/sysctl.conf", "a = 0", "a = 1"), SYSCTL_FILE, False),
        (Edit("/etc/selinux/config", "SELINUX=enforcing", "SELINUX=disabled"), FILE, True),
        (Create("/etc/ufw/ufw.conf", "0644", "ENABLED=no\n"), FILE, True),
        (Manual("drain the node"), LAST, False),
        (command("setenforce", "0"), COMMAND, True),
        (command("setenforce", "1"), COMMAND, False),
        (command("ufw", "disable"), COMMAND, True),
        (command("systemctl", "stop", "--", "ufw.service"), SERVICE, True),
        (command("systemctl", "start", "ufw.service"), SERVICE, False),
    ],
)  # fmt: skip
def test_ranks_and_what_lowers_a_guard(step: Step, rank: int, lowers: bool) -> None:
    assert (action_of(step).rank, action_of(step).lowers_guard) == (rank, lowers)


def test_files_tell_what_they_set_at_each_boot() -> None:
    sysctls = "# why = not\nnet.ipv4.conf.eth0/1.x = 2\n\nvm.a=1\n"

    assert action_of(Create("/etc/sysctl.d/x.conf", "0644", sysctls)).persists == (
        Goal("sysctl", "net/ipv4/conf/eth0.1/x", "2"), Goal("sysctl", "vm/a", "1"),
    )  # fmt: skip
    modules = action_of(Create("/etc/modules-load.d/x.conf", "0644", "# ipvs\nip_vs\n"))
    assert modules.persists == (Goal("module", "ip_vs", "loaded"),)
    assert action_of(Create("/etc/hosts", "0644", "a = 1\n")).persists is None
    assert action_of(Edit("/etc/sysctl.d/x.conf", "a = 0", "a = 1")).persists is None


@pytest.mark.parametrize(
    ("line", "running"),
    [
        ("sysctl --system", True), ("sysctl -p", True), ("/sbin/modprobe ip_vs", True), ("service motd reload", True),
        ("rc-service motd restart", True), ("nft flush ruleset", True), ("mount -a", True), ("pkill -HUP motd", True),
        ("systemctl reload motd", True), ("swapon -a", True), ("crictl info", True),
        ("systemctl enable motd", False), ("update-grub", False), ("depmod -a", False), ("update-initramfs -u", False),
    ],
)  # fmt: skip
def test_what_only_a_running_node_can_do_is_known(line: str, running: bool) -> None:
    """In the chroot of an image it would change the machine that builds it."""
    step = Command(tuple(line.split(" ")))
    made = plan(report_of(failing("a", Fix(line, (step,)))))._replace(source=Source("root", "/mnt/image"))

    assert action_of(step).probe.running is running
    assert ("skipped || node_only" in script(made)) is running
    assert ("only a running node can do it" in render_plan(made, Style())) is running


def test_a_command_without_words_does_nothing() -> None:
    assert action_of(Command(())).goals == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ip link set dev eth0 mtu 1450", "ip link set dev eth0 mtu 9000"),
        ("setenforce 0", "setenforce 1"),
        ("hostname a", "hostnamectl set-hostname b"),
        ("rc-update add x boot", "rc-update del x boot"),
        ("systemctl enable x", "systemctl mask x"),
        ("sysctl -w a.b=1", "sysctl -w a/b=2"),
    ],
)
def test_contrary_commands_are_not_both_planned(one: str, other: str) -> None:
    fixes = [Fix(line, (Command(tuple(line.split(" "))),)) for line in (one, other)]
    found = plan(report_of(failing("a", fixes[0]), failing("b", fixes[1], Severity.WARNING)))

    assert [item.for_ for item in found.steps] == [("a",)]
    assert [(item.id, "does the contrary" in item.why) for item in found.not_fixed] == [("b", True)]


def test_the_words_of_a_command_are_read_in_one_place() -> None:
    folders = ("src/nodecheck/fix", "src/nodecheck/render", "src/nodecheck/checking", "checks")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    readers = {path.name for path in files if re.search(r"\bargv\[", path.read_text("utf-8"))}

    assert len(files) > 80
    assert readers == {"actions.py", "merge.py"}  # which only asks whether there is a program at all
