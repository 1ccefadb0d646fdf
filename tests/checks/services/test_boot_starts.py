"""What does not start at the next boot does nothing there, whatever a check asks about it.

Each of these verdicts was wrong while every check had an answer of its own.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import nodecheck
from nodecheck import Result
from tests.nodes import debian_node
from tests.reference import write

UNITS = "usr/lib/systemd/system"
ETC = "etc/systemd/system"
KEY = "net.ipv4.ip_forward"
INSTALL = "[Install]\nWantedBy=multi-user.target\n"
GRUB = "boot/grub/grub.cfg"

BY_WORDS = (
    "systemd.mask={}.service",
    "systemd.mask={}",
    "systemd.unit=rescue.target",
    "rescue",
    "systemd.unit=basic.target",
)
"""Words that keep a unit of multi-user.target from starting, and systemd's early services not."""

BY_FILES = (
    "mask", "no link", "another target", "ConditionPathExists=/srv/none", "ConditionPathExists=!/etc/hostname",
    "AssertPathExists=/srv/none", "ConditionFirstBoot=yes", "BindsTo=none.service", "Requires=none.service", "conflict",
    "conflict of a target", "no timer", "socket",
)  # fmt: skip

ALL = (*BY_WORDS, *BY_FILES)


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """A healthy Debian, without the lines by which it forwards and has IPVS."""
    root = debian_node(tmp_path)
    for name, line in (("sysctl.d/k8s.conf", f"{KEY} = 1\n"), ("modules-load.d/k8s.conf", "ip_vs\n")):
        path = root / "etc" / name
        path.write_text(path.read_text().replace(line, ""))
    return root


def told(root: Path, words: str) -> None:
    """Put words on the command line of the next boot."""
    path = root / GRUB
    path.write_text(path.read_text().replace(" ro quiet", f" ro quiet {words}"))


def link(root: Path, path: str, target: str) -> None:
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


def service(root: Path, name: str, start: str, head: str = "Description=x") -> None:
    """An own service that is enabled."""
    write(root, f"{ETC}/{name}.service", f"[Unit]\n{head}\n[Service]\nType=oneshot\nExecStart={start}\n{INSTALL}")
    link(root, f"{ETC}/multi-user.target.wants/{name}.service", f"/{ETC}/{name}.service")


def stop(root: Path, name: str, how: str) -> None:
    """Keep an own service from starting."""
    text, wants = root / ETC / f"{name}.service", root / ETC / f"multi-user.target.wants/{name}.service"
    if how in BY_WORDS or how.startswith("init="):
        told(root, how.format(name))
    elif how == "mask":
        (root / UNITS / text.name).write_text(text.read_text())
        text.unlink()
        text.symlink_to("/dev/null")
    elif how in ("no link", "no timer", "socket"):
        wants.unlink()
    elif how == "another target":
        wants.unlink()
        write(root, f"{UNITS}/graphical.target", "[Unit]\nRequires=multi-user.target\n")
        link(root, f"{ETC}/graphical.target.wants/{text.name}", f"/{ETC}/{text.name}")
    elif how == "conflict":
        service(root, "rival", "/bin/true", f"Conflicts=shutdown.target {name}.service")
    elif how == "conflict of a target":
        write(root, f"{ETC}/own.target", f"[Unit]\nConflicts={name}.service\n")
        write(root, f"{ETC}/multi-user.target.d/own.conf", "[Unit]\nWants=own.target\n")
    else:
        text.write_text(text.read_text().replace("[Unit]", f"[Unit]\n{how}"))
    if how == "no timer":  # one that waits for the unit to have run before
        write(root, f"{ETC}/{name}.timer", "[Timer]\nOnUnitActiveSec=1d\n")
        link(root, f"{ETC}/timers.target.wants/{name}.timer", f"/{ETC}/{name}.timer")
    if how == "socket":  # on demand, if ever
        write(root, f"{ETC}/{name}.socket", "[Socket]\nListenStream=/run/x\n")
        link(root, f"{ETC}/sockets.target.wants/{name}.socket", f"/{ETC}/{name}.socket")


LOADED = nodecheck.Profile(extends="kubernetes", checks={"kernel-module": {"demand": "loaded"}})
"""IPVS is to be loaded by the boot: what kube-proxy would load is no question here."""


def judged(root: Path, name: str, **given: str) -> Result:
    return nodecheck.run(root=root, profile=LOADED, select=[name], **given)[name]  # type: ignore[arg-type]


def forwards(root: Path) -> str:
    return judged(root, f"sysctl[{KEY}]@boot").status.value


def has_ipvs(root: Path) -> str:
    return judged(root, "kernel-module[ip_vs]@boot", proxy_mode="ipvs").status.value


def swap(root: Path) -> str:
    return nodecheck.run(root=root, select=["swap@boot"]).results[0].status.value


def tuned(root: Path, value: str) -> None:
    """TuneD, whose profile has the last word about forwarding."""
    service(root, "tuned", "/usr/sbin/tuned -l -P")
    write(root, "etc/tuned/active_profile", "k8s\n")
    write(root, "etc/tuned/tuned-main.conf", "reapply_sysctl = 0\n")
    write(root, "etc/tuned/k8s/tuned.conf", f"[main]\nsummary=x\n[sysctl]\n{KEY} = {value}\n")


@pytest.mark.parametrize("how", ALL)
def test_a_tuned_that_does_not_start_sets_nothing(node: Path, how: str) -> None:
    tuned(node, "1")
    assert forwards(node) == "pass"
    stop(node, "tuned", how)
    assert forwards(node) == "fail"


@pytest.mark.parametrize("how", ALL)
def test_a_tuned_that_does_not_start_takes_nothing_away(node: Path, how: str) -> None:
    write(node, "etc/sysctl.d/forward.conf", f"{KEY} = 1\n")
    tuned(node, "0")
    assert forwards(node) == "fail"
    stop(node, "tuned", how)
    assert forwards(node) == "pass"


@pytest.mark.parametrize("how", ALL)
@pytest.mark.parametrize("command", ["/sbin/sysctl -w {}=1", "/usr/local/sbin/forward"])
def test_a_service_that_does_not_start_sets_no_sysctl(node: Path, how: str, command: str) -> None:
    write(node, "usr/local/sbin/forward", f"#!/bin/sh\nsysctl -q {KEY}=1\n")
    (node / "usr/local/sbin/forward").chmod(0o755)
    service(node, "forward", command.format(KEY))
    assert forwards(node) == "pass"
    stop(node, "forward", how)
    assert forwards(node) == "fail"


@pytest.mark.parametrize("how", [*ALL, "init=/bin/bash", "init=/bin/sh"])
def test_a_service_that_does_not_start_loads_no_module(node: Path, how: str) -> None:
    service(node, "ipvs", "/sbin/modprobe ip_vs")
    assert has_ipvs(node) == "pass"
    stop(node, "ipvs", how)
    assert has_ipvs(node) == "fail"


def test_what_kept_a_service_from_loading_a_module_is_told(node: Path) -> None:
    service(node, "ipvs", "/sbin/modprobe ip_vs")
    stop(node, "ipvs", "systemd.mask={}.service")
    found = judged(node, "kernel-module[ip_vs]@boot", proxy_mode="ipvs")
    assert "systemd.mask=ipvs.service on the kernel command line keeps ipvs.service from starting" in found.message
    assert [item.source for item in found.evidence][:2] == [f"/{ETC}/ipvs.service", f"/{GRUB}"]


@pytest.mark.parametrize("how", [*ALL, "init=/bin/bash", "init=/usr/bin/zsh"])
def test_a_service_that_does_not_start_turns_no_swap_on(node: Path, how: str) -> None:
    service(node, "swapfile", "/sbin/swapon /swap.img")
    assert swap(node) == "fail"
    stop(node, "swapfile", how)
    assert swap(node) == "pass"


RC_LOCAL = "[Unit]\nConditionFileIsExecutable=/etc/rc.local\n[Service]\nType=forking\nExecStart=/etc/rc.local start\n"


def rc_local(root: Path, *lines: str) -> None:
    write(root, f"{UNITS}/rc-local.service", RC_LOCAL)
    write(root, "etc/rc.local", "\n".join(("#!/bin/sh", *lines, "")))
    (root / "etc/rc.local").chmod(0o755)


NO_RC_LOCAL = (
    "systemd.mask=rc-local.service", "systemd.mask=rc-local", "rescue", "systemd.unit=rescue.target", "mask",
    "conflict", "generator",
)  # fmt: skip


def no_rc_local(root: Path, how: str) -> None:
    if how == "mask":
        link(root, f"{ETC}/rc-local.service", "/dev/null")
    elif how == "generator":
        link(root, "etc/systemd/system-generators/systemd-rc-local-generator", "/dev/null")
    elif how == "conflict":
        service(root, "rival", "/bin/true", "Conflicts=rc-local.service")
    else:
        told(root, how)


@pytest.mark.parametrize("how", [*NO_RC_LOCAL, "init=/bin/dash"])
def test_an_rc_local_that_is_not_run_loads_no_module(node: Path, how: str) -> None:
    rc_local(node, "modprobe ip_vs")
    assert has_ipvs(node) == "pass"
    no_rc_local(node, how)
    assert has_ipvs(node) == "fail"


@pytest.mark.parametrize("how", NO_RC_LOCAL)
def test_an_rc_local_that_is_not_run_does_nothing_to_any_check(node: Path, how: str) -> None:
    write(node, "etc/sysctl.d/forward.conf", f"{KEY} = 1\n")
    rc_local(node, f"sysctl -w {KEY}=0; swapon /swap.img")
    assert (swap(node), forwards(node)) == ("fail", "fail")
    no_rc_local(node, how)
    assert (swap(node), forwards(node)) == ("pass", "pass")


def test_a_timer_of_the_boot_runs_what_no_link_enables(node: Path) -> None:
    service(node, "ipvs", "/sbin/modprobe ip_vs")
    stop(node, "ipvs", "no link")
    write(node, f"{ETC}/ipvs.timer", "[Timer]\nOnBootSec=10s\n")
    assert has_ipvs(node) == "fail"
    link(node, f"{ETC}/timers.target.wants/ipvs.timer", f"/{ETC}/ipvs.timer")
    assert has_ipvs(node) == "pass"


CHECKS = ("swap@boot", f"sysctl[{KEY}]@boot", "kernel-module[ip_vs]@boot", "service[containerd]@boot",
          "firewall[firewalld]@boot")  # fmt: skip


def all_of_them(root: Path) -> list[str]:
    """What five checks say: swap in fstab, forwarding and IPVS by files of systemd's, a runtime, and a firewall."""
    write(root, "etc/fstab", "/dev/sda2 none swap sw 0 0\n")
    write(root, "etc/sysctl.d/forward.conf", f"{KEY} = 1\n")
    write(root, "etc/modules-load.d/ipvs.conf", "ip_vs\n")
    service(root, "firewalld", "/usr/sbin/firewalld --nofork")
    return states(root)


def states(root: Path) -> list[str]:
    report = nodecheck.run(root=root, profile=LOADED, select=["swap@boot", *CHECKS[1:]], proxy_mode="ipvs")
    found = {result.check if result.check == "swap" else result.id: result.status.value for result in report.results}
    return [found["swap" if name == "swap@boot" else name] for name in CHECKS]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("quiet", ["fail", "pass", "pass", "pass", "fail"]),
        ("init=/sbin/init", ["fail", "pass", "pass", "pass", "fail"]),
        ("init=/lib/systemd/systemd", ["fail", "pass", "pass", "pass", "fail"]),
        ("init=/usr/lib/systemd/systemd", ["fail", "pass", "pass", "pass", "fail"]),
        ("init=/opt/init", ["fail", "pass", "pass", "pass", "fail"]),  # a link to it
        ("init=/nix/store/1-nixos-system/init", ["fail", "pass", "pass", "pass", "fail"]),
        ("init=/bin/sh", ["pass", "fail", "fail", "fail", "pass"]),
        ("init=/usr/bin/bash", ["pass", "fail", "fail", "fail", "pass"]),
        ("init=/bin/busybox sh", ["pass", "fail", "fail", "fail", "pass"]),
        ("emergency", ["pass", "fail", "fail", "fail", "pass"]),
        ("rescue", ["fail", "pass", "pass", "fail", "pass"]),
        ("systemd.unit=basic.target", ["fail", "pass", "pass", "fail", "pass"]),
        ("init=/opt/start.sh", ["unknown"] * 5),
        ("rdinit=/bin/sh", ["unknown"] * 5),
    ],
)
def test_all_checks_agree_on_what_the_command_line_starts(node: Path, words: str, expected: list[str]) -> None:
    link(node, "opt/init", "/sbin/init")
    assert all_of_them(node) == ["fail", "pass", "pass", "pass", "fail"]
    told(node, words)
    assert states(node) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [("quiet", "pass"), ("init=/sbin/init", "pass"), ("init=/opt/start.sh", "unknown"), ("rdinit=/x", "unknown")],
)
def test_who_names_the_node_is_not_known_of_a_program_that_cannot_be_followed(
    node: Path, words: str, expected: str
) -> None:
    write(node, "etc/hostname", "node1\n")
    told(node, words)
    assert judged(node, "hostname@boot").status == expected


def test_a_program_that_cannot_be_followed_is_named_with_its_cause(node: Path) -> None:
    told(node, "init=/opt/start.sh")
    for name in CHECKS[1:]:
        found = judged(node, name, proxy_mode="ipvs")
        assert found.cause is not None
        assert found.cause.code == "unsupported"
        assert "init=/opt/start.sh" in found.message


def test_what_is_built_in_needs_no_init(node: Path) -> None:
    (node / "lib/modules/6.1.0").mkdir(parents=True, exist_ok=True)
    for tree in node.glob("*/modules/*"), node.glob("usr/lib/modules/*"):
        for folder in tree:
            (folder / "modules.builtin").write_text("kernel/net/bridge/br_netfilter.ko\n")
    told(node, "rdinit=/opt/start")
    assert judged(node, "kernel-module[br_netfilter]@boot").status == "pass"


def test_a_time_service_that_cannot_be_told_is_a_warning(node: Path) -> None:
    told(node, "init=/opt/start.sh")
    found = judged(node, "service[chronyd]@boot")
    assert (found.status, found.severity) == ("unknown", "warning")


@pytest.mark.parametrize("how", [*ALL, "init=/bin/sh"])
def test_a_firewall_that_does_not_start_is_off(node: Path, how: str) -> None:
    service(node, "firewalld", "/usr/sbin/firewalld")
    assert judged(node, "firewall[firewalld]@boot").status == "fail"
    stop(node, "firewalld", how if how != "socket" else "no link")
    assert judged(node, "firewall[firewalld]@boot").status == "pass"


@pytest.mark.parametrize("how", [*(how for how in ALL if how != "socket"), "init=/bin/sh"])
def test_a_service_that_does_not_start_fails(node: Path, how: str) -> None:
    (node / ETC / "multi-user.target.wants/containerd.service").unlink()
    service(node, "containerd", "/usr/bin/containerd")
    assert judged(node, "service[containerd]@boot").status == "pass"
    stop(node, "containerd", how)
    found = judged(node, "service[containerd]@boot")
    assert (found.status, bool(found.evidence), bool(found.fix)) == ("fail", True, True)


def test_turning_one_firewall_off_starts_no_other_one(node: Path) -> None:
    """iptables.service does not start beside firewalld, which conflicts with it; without firewalld it would."""
    write(node, "etc/sysconfig/iptables", "*filter\n:INPUT DROP [0:0]\nCOMMIT\n")
    service(node, "iptables", "/usr/libexec/iptables/iptables.init start")
    service(node, "firewalld", "/usr/sbin/firewalld", "Conflicts=iptables.service ip6tables.service")
    profile = node / "p.toml"
    profile.write_text(
        'schema = "nodecheck.profile/1"\nname = "t"\n[check.firewall]\noff = ["firewalld", "iptables"]\n'
    )
    report = nodecheck.run(root=node, profile=profile, select=["firewall@boot"])

    assert report["firewall[iptables]@boot"].status == "pass"
    assert report["firewall[iptables]@boot"].evidence[0].value == "Conflicts=iptables.service ip6tables.service"
    fix = report["firewall[firewalld]@boot"].fix
    assert fix is not None
    assert [step[0] for step in fix.steps] == [
        ("systemctl", "disable", "firewalld.service"),
        ("systemctl", "disable", "iptables.service"),
    ]


@pytest.mark.parametrize("how", ["each other", "required"])
def test_what_nobody_can_tell_is_unknown_to_every_check(node: Path, how: str) -> None:
    """Two units that exclude each other are both enabled, or one of them is required by something else."""
    tuned(node, "1")
    service(node, "ipvs", "/sbin/modprobe ip_vs")
    service(node, "swapfile", "/sbin/swapon /swap.img")
    names = ("tuned", "ipvs", "swapfile", "containerd")
    assert (forwards(node), has_ipvs(node), swap(node)) == ("pass", "pass", "fail")

    service(node, "rival", "/bin/true", f"Conflicts={' '.join(f'{name}.service' for name in names)}")
    for name in names:
        if how == "each other":
            write(node, f"{ETC}/{name}.service.d/own.conf", "[Unit]\nConflicts=rival.service\n")
        else:
            link(node, f"{ETC}/multi-user.target.requires/{name}.service", f"/{ETC}/{name}.service")

    assert (forwards(node), has_ipvs(node), swap(node)) == ("unknown", "unknown", "unknown")
    found = judged(node, "service[containerd]@boot")
    assert (found.status, found.cause and found.cause.code) == ("unknown", "unsupported")
    assert "rival.service" in judged(node, f"sysctl[{KEY}]@boot").message
