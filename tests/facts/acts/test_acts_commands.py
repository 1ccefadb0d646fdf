"""What commands of the boot do, whoever runs them: each actor with members of its kind, and twins that do not act."""

from __future__ import annotations

from pathlib import Path

import pytest

import nodecheck
from nodecheck.facts.acts.follow import MOST_SCRIPTS
from nodecheck.facts.services.units import MOST_STEPS
from nodecheck.testing import TreeFile, TreeLink, write_tree

ETC, USR = "/etc/systemd/system", "/usr/lib/systemd/system"
WANTS = f"{ETC}/multi-user.target.wants"
KEY = "net.ipv4.ip_forward"

GENERATORS = ("fstab", "sysv", "rc-local")
PROGRAMS = (
    "/usr/lib/systemd/systemd", "/usr/lib/systemd/systemd-sysctl", "/usr/lib/systemd/systemd-udevd", "/bin/sh",
    "/sbin/sysctl", "/sbin/modprobe", "/sbin/swapon", "/sbin/swapoff", "/usr/bin/hostname", "/usr/sbin/cron",
    "/usr/bin/touch", "/usr/bin/systemctl", "/usr/sbin/ifup", "/usr/bin/cloud-init", "/usr/sbin/NetworkManager",
    "/usr/bin/ping", *[f"/usr/lib/systemd/system-generators/systemd-{name}-generator" for name in GENERATORS],
)  # fmt: skip
TARGETS = ("sysinit", "basic", "multi-user", "graphical", "timers", "paths", "sockets", "swap")


def script(*lines: str) -> TreeFile:
    return TreeFile("\n".join(("#!/bin/sh", *lines, "")), mode=0o755)


def unit(*lines: str, first: str = "") -> str:
    return "\n".join((f"[Unit]\n{first}\n[Service]\nType=oneshot", *lines, ""))


def enabled(name: str, folder: str = ETC) -> dict[str, TreeLink]:
    return {f"{WANTS}/{name}": TreeLink(f"{folder}/{name}")}


def program(name: str, command: str, on: bool = True) -> dict[str, str | TreeLink]:
    """A service of a package's, which is enabled or not."""
    return {f"{USR}/{name}": f"[Service]\nExecStart={command}\n", **(enabled(name, USR) if on else {})}


def node(base: Path, entries: dict[str, str | TreeFile | TreeLink]) -> Path:
    """A Debian with systemd's own units and some programs."""
    tree: dict[str, str | TreeFile | TreeLink] = {path: TreeFile("\x7fELF", mode=0o755) for path in PROGRAMS}
    tree.update({f"{USR}/{name}.target": "[Unit]\n" for name in TARGETS})
    tree[f"{USR}/systemd-sysctl.service"] = unit("ExecStart=/usr/lib/systemd/systemd-sysctl")
    tree[f"{USR}/sysinit.target.wants/systemd-sysctl.service"] = TreeLink("../systemd-sysctl.service")
    tree["/etc/os-release"] = 'ID=debian\nVERSION_ID="12"\n'
    tree["/etc/machine-id"] = "0123456789abcdef0123456789abcdef\n"
    tree["/etc/hostname"] = "node1\n"
    tree["/etc/fstab"] = ""
    tree.update(entries)
    return write_tree(base, tree)


def status(root: Path, select: str) -> str:
    report = nodecheck.run(root=root, role="worker", kubernetes="1.34", select=[select], view="boot")
    return "; ".join(sorted({result.status for result in report.results}))


SWAPON = "ExecStart=/sbin/swapon /s"
TIMER = {f"{ETC}/timers.target.wants/z.timer": TreeLink("../z.timer")}
CRON = "/usr/sbin/cron -f"
FINAL = "/usr/bin/cloud-init modules --mode=final"
PER_BOOT = "/var/lib/cloud/scripts/per-boot/z"

TURN_ON: dict[str, dict[str, str | TreeFile | TreeLink]] = {
    "a unit": {f"{ETC}/z.service": unit(SWAPON), **enabled("z.service")},
    "by label": {f"{ETC}/z.service": unit("ExecStart=/sbin/swapon -L x"), **enabled("z.service")},
    "by uuid": {f"{ETC}/z.service": unit("ExecStart=/sbin/swapon -p 5 -U 1-2"), **enabled("z.service")},
    "several": {f"{ETC}/z.service": unit("ExecStart=-/sbin/swapon -e /a /b"), **enabled("z.service")},
    "a variable of the unit": {
        f"{ETC}/z.service": unit("Environment=F=/s", "ExecStart=/sbin/swapon $F"), **enabled("z.service"),
    },
    "a linked unit": {
        "/opt/z.service": unit(SWAPON), f"{ETC}/z.service": TreeLink("/opt/z.service"), **enabled("z.service", "/opt"),
    },
    "an instance": {
        f"{ETC}/z@.service": unit("ExecStart=/sbin/swapon /%i"), f"{WANTS}/z@s.service": TreeLink("../z@.service"),
    },
    "a package's unit": {f"{USR}/z.service": unit(SWAPON), **enabled("z.service", USR)},
    "ExecStartPre of a package": {
        f"{USR}/z.service": unit("ExecStartPre=/sbin/swapon /s", "ExecStart=/bin/sh"), **enabled("z.service", USR),
    },
    "a timer": {f"{ETC}/z.service": unit(SWAPON), f"{ETC}/z.timer": "[Timer]\nOnBootSec=5\n", **TIMER},
    "a path": {
        f"{ETC}/z.service": unit(SWAPON), f"{ETC}/z.path": "[Path]\nPathExists=/etc/fstab\n",
        f"{ETC}/paths.target.wants/z.path": TreeLink("../z.path"),
    },
    "OnSuccess": {
        f"{ETC}/a.service": unit("ExecStart=/bin/sh", first="OnSuccess=z.service"), **enabled("a.service"),
        f"{ETC}/z.service": unit(SWAPON),
    },
    "a socket's own command": {
        f"{ETC}/z.socket": "[Socket]\nListenStream=9\nExecStartPre=/sbin/swapon /s\n",
        f"{ETC}/sockets.target.wants/z.socket": TreeLink("../z.socket"), f"{ETC}/z.service": unit("ExecStart=/bin/sh"),
    },
    "a script": {
        f"{ETC}/z.service": unit("ExecStart=/usr/sbin/own"), **enabled("z.service"),
        "/usr/sbin/own": script("swapon /s"),
    },
    "sh -ec": {f"{ETC}/z.service": unit('ExecStart=/bin/sh -ec "true; swapon /s"'), **enabled("z.service")},
    "sh -x FILE": {
        f"{ETC}/z.service": unit("ExecStart=/bin/sh -x /opt/own"), **enabled("z.service"), "/opt/own": "swapon /s\n",
    },
    "rc.local": {"/etc/rc.local": script("swapon /s")},
    "rc.local, a script": {"/etc/rc.local": script("own"), "/usr/local/bin/own": script("swapon /s")},
    "rc.local, a variable": {"/etc/rc.local": script("F=/s", 'swapon "$F"')},
    "rc.local, a continued line": {"/etc/rc.local": script("swapon \\", "  /s")},
    "rc.local, in brackets": {"/etc/rc.local": script("( swapon /s )")},
    "rc.local, behind a pipe": {"/etc/rc.local": script("true|swapon /s")},
    "rc.local, in a function": {"/etc/rc.local": script("on() {", "swapon $1", "}", "on /s", "exit 0")},
    "rc.local, behind an exit that is not taken": {
        "/etc/rc.local": script('case "$1" in', "stop)", "exit 0", ";;", "esac", "swapon /s"),
    },
    "rc.local starts a unit": {"/etc/rc.local": script("systemctl start z"), f"{ETC}/z.service": unit(SWAPON)},
    "a System V script": {"/etc/init.d/z": script("swapon /s"), "/etc/rc3.d/S01z": TreeLink("../init.d/z")},
    "cron.d": {"/etc/cron.d/z": "@reboot root /sbin/swapon /s\n", **program("cron.service", CRON)},
    "a crontab": {"/var/spool/cron/root": "@reboot /sbin/swapon /s\n", **program("cron.service", CRON)},
    "cloud-init, per-boot": {PER_BOOT: script("swapon /s"), **program("cloud-final.service", FINAL)},
    "cloud-init, bootcmd": {
        "/etc/cloud/cloud.cfg.d/z.cfg": "#cloud-config\nbootcmd:\n - [swapon, /s]\n",
        **program("cloud-init.service", "/usr/bin/cloud-init init"),
    },
    "udev, SYSTEMD_WANTS": {
        "/etc/udev/rules.d/z.rules": 'SUBSYSTEM=="mem", TAG+="systemd", ENV{SYSTEMD_WANTS}+="z.service"\n',
        f"{ETC}/z.service": unit(SWAPON), **program("systemd-udevd.service", "/usr/lib/systemd/systemd-udevd"),
    },
    "a script in another language is not read, its lines are": {
        f"{ETC}/z.service": unit("ExecStart=/opt/own"), **enabled("z.service"),
        "/opt/own": TreeFile("#!/usr/bin/python3\nrun(['swapon', '/s'])\n", mode=0o755),
        "/usr/bin/python3": TreeFile("\x7fELF", mode=0o755),
    },
}  # fmt: skip


@pytest.mark.parametrize("how", TURN_ON)
def test_what_turns_swap_on(tmp_path: Path, how: str) -> None:
    expected = "unknown" if "not read" in how else "fail"

    assert status(node(tmp_path, TURN_ON[how]), "swap") == expected


TWINS: dict[str, dict[str, str | TreeFile | TreeLink]] = {
    "not enabled": {f"{ETC}/z.service": unit(SWAPON)},
    "masked": {
        f"{USR}/z.service": unit(SWAPON), f"{ETC}/z.service": TreeLink("/dev/null"), **enabled("z.service", USR),
    },
    "a condition": {f"{ETC}/z.service": unit(SWAPON, first="ConditionPathExists=/none"), **enabled("z.service")},
    "a user": {f"{ETC}/z.service": unit("User=nobody", SWAPON), **enabled("z.service")},
    "after a failure": {f"{ETC}/z.service": unit("ExecStartPre=/bin/false", SWAPON), **enabled("z.service")},
    "a timer that is not enabled": {f"{ETC}/z.service": unit(SWAPON), f"{ETC}/z.timer": "[Timer]\nOnBootSec=5\n"},
    "a linked unit that is not enabled": {
        "/opt/z.service": unit(SWAPON), f"{ETC}/z.service": TreeLink("/opt/z.service"),
    },
    "only shows": {f"{ETC}/z.service": unit("ExecStart=/sbin/swapon --show"), **enabled("z.service")},
    "rc.local is not executable": {"/etc/rc.local": "#!/bin/sh\nswapon /s\n"},
    "rc.local without an interpreter": {"/etc/rc.local": TreeFile("#!/bin/sh\r\nswapon /s\r\n", mode=0o755)},
    "a here document": {"/etc/rc.local": script("cat > /x <<E", "swapon /s", "E")},
    "a function that is not called": {"/etc/rc.local": script("on() {", "swapon /s", "}")},
    "if false": {"/etc/rc.local": script("if false; then", "swapon /s", "fi")},
    "after an exit": {"/etc/rc.local": script("exit 0", "swapon /s")},
    "echo": {"/etc/rc.local": script("echo run swapon /s yourself")},
    "a System V script of no runlevel": {"/etc/init.d/z": script("swapon /s")},
    "a unit in a script's place": {
        "/etc/init.d/z": script("swapon /s"), "/etc/rc3.d/S01z": TreeLink("../init.d/z"),
        f"{ETC}/z.service": TreeLink("/dev/null"),
    },
    "no cron": {"/etc/cron.d/z": "@reboot root /sbin/swapon /s\n", **program("cron.service", CRON, on=False)},
    "cron of a user": {"/etc/cron.d/z": "@reboot daemon /sbin/swapon /s\n", **program("cron.service", CRON)},
    "cloud-init is off": {
        PER_BOOT: script("swapon /s"), "/etc/cloud/cloud-init.disabled": "", **program("cloud-final.service", FINAL),
    },
    "cloud-init runs no such scripts": {
        PER_BOOT: script("swapon /s"), "/etc/cloud/cloud.cfg": "cloud_final_modules:\n - phone_home\n",
        **program("cloud-final.service", FINAL),
    },
    "runcmd is of the first boot": {
        "/etc/cloud/cloud.cfg.d/z.cfg": "runcmd:\n - swapon /s\n",
        **program("cloud-init.service", "/usr/bin/cloud-init init"),
    },
    "udevd may not": {
        "/etc/udev/rules.d/z.rules": 'KERNEL=="null", RUN+="/sbin/swapon /s"\n',
        f"{USR}/systemd-udevd.service": unit(
            "ExecStart=/usr/lib/systemd/systemd-udevd", "SystemCallFilter=@system-service"
        ),
        f"{USR}/sysinit.target.wants/systemd-udevd.service": TreeLink("../systemd-udevd.service"),
    },
}  # fmt: skip


@pytest.mark.parametrize("how", TWINS)
def test_what_does_not_run_turns_nothing_on(tmp_path: Path, how: str) -> None:
    assert status(node(tmp_path, TWINS[how]), "swap") == "pass"


FSTAB = {"/etc/fstab": "/s none swap sw 0 0\n"}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("swapoff -av",), "pass"),
        (('bash -c "swapoff -a"',), "pass"),
        (("touch /x && /sbin/swapoff --all",), "pass"),
        (("swapoff /s",), "pass"),
        (("if [ -f /etc/fstab ]; then swapoff -a; fi",), "pass"),
        (("swapoff /other",), "fail"),
        (("set -e", "false", "swapoff -a"), "fail"),
        (("set -e", "/opt/none", "swapoff -a"), "fail"),
        (("cat <<E", "swapoff -a", "E"), "fail"),
        (("exec true", "swapoff -a"), "fail"),
        (("if ping -c1 x; then swapoff -a; fi",), "unknown"),
        (("ping -c1 x || exit 1", "swapoff -a"), "unknown"),
        (("while ! ping x; do sleep 1; done", "swapoff -a"), "unknown"),
        (("select x in a; do true; done", "swapoff -a"), "unknown"),
    ],
)
def test_swapoff_counts_where_it_is_shown_to_run(tmp_path: Path, lines: tuple[str, ...], expected: str) -> None:
    assert status(node(tmp_path, {**FSTAB, "/etc/rc.local": script(*lines)}), "swap") == expected


ONE = {"/etc/sysctl.d/k8s.conf": f"{KEY} = 1\n"}
UDEVD = program("systemd-udevd.service", "/usr/lib/systemd/systemd-udevd")

SETS: dict[str, tuple[dict[str, str | TreeFile | TreeLink], str]] = {
    "a quoted pair": ({"/etc/rc.local": script(f'sysctl -w "{KEY} = 0"')}, "fail"),
    "a file by a variable": ({"/etc/rc.local": script("F=/etc/x", "sysctl -p $F"), "/etc/x": f"{KEY}=0\n"}, "fail"),
    "files by a pattern": (
        {"/etc/rc.local": script("sysctl -p /etc/x.d/*.conf"), "/etc/x.d/a.conf": f"{KEY}=0\n"}, "fail",
    ),
    "a directory": ({"/etc/rc.local": script("cd /proc/sys/net/ipv4", "echo 0 > ip_forward")}, "fail"),
    "a loop": ({"/etc/rc.local": script("for v in 1 0; do", f"sysctl -w {KEY}=$v", "done")}, "fail"),
    "a file's content": ({"/etc/rc.local": script("cat /etc/x > /proc/sys/net/ipv4/ip_forward")}, "unknown"),
    "a here document": ({"/etc/rc.local": script("sysctl -p - <<E", f"{KEY}=0", "E")}, "fail"),
    "udev, RUN": (
        {"/etc/udev/rules.d/z.rules": f'SUBSYSTEM=="net", RUN+="/sbin/sysctl -w {KEY}=0"\n', **UDEVD}, "fail",
    ),
    "udev, SYSCTL": ({"/etc/udev/rules.d/z.rules": f'SUBSYSTEM=="block", SYSCTL{{{KEY}}}="0"\n', **UDEVD}, "fail"),
    "udev, of a device that may be there": (
        {"/etc/udev/rules.d/z.rules": f'KERNEL=="eth7", RUN+="/sbin/sysctl -w {KEY}=0"\n', **UDEVD}, "unknown",
    ),
    "interfaces": (
        {"/etc/network/interfaces": f"auto e0\niface e0 inet dhcp\n  post-up sysctl -w {KEY}=0\n",
         **program("networking.service", "/usr/sbin/ifup -a")}, "fail",
    ),
    "if-up.d": (
        {"/etc/network/if-up.d/z": script(f"sysctl -w {KEY}=0"), **program("networking.service", "/usr/sbin/ifup -a")},
        "fail",
    ),
    "NetworkManager": (
        {"/etc/NetworkManager/dispatcher.d/z": script('[ "$2" = up ] || exit 0', f"sysctl -w {KEY}=0"),
         **program("NetworkManager.service", "/usr/sbin/NetworkManager")}, "fail",
    ),
    "NetworkManager, when it goes": (
        {"/etc/NetworkManager/dispatcher.d/z": script('[ "$2" = down ] || exit 0', f"sysctl -w {KEY}=0"),
         **program("NetworkManager.service", "/usr/sbin/NetworkManager")}, "pass",
    ),
    "no NetworkManager": (
        {"/etc/NetworkManager/dispatcher.d/z": script(f"sysctl -w {KEY}=0"),
         **program("NetworkManager.service", "/usr/sbin/NetworkManager", on=False)}, "pass",
    ),
    "no ifupdown": ({"/etc/network/if-up.d/z": script(f"sysctl -w {KEY}=0")}, "pass"),
    "no udevd": ({"/etc/udev/rules.d/z.rules": f'SUBSYSTEM=="net", RUN+="/sbin/sysctl -w {KEY}=0"\n'}, "pass"),
    "what may run and changes nothing": ({"/etc/rc.local": script(f"ping x && sysctl -w {KEY}=1")}, "pass"),
    "a unit that may not": (
        {f"{ETC}/z.service": unit("ProtectKernelTunables=yes", f"ExecStart=/sbin/sysctl -w {KEY}=0"),
         **enabled("z.service")}, "pass",
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", SETS)
def test_what_sets_a_sysctl_after_the_files(tmp_path: Path, how: str) -> None:
    entries, expected = SETS[how]

    assert status(node(tmp_path, {**ONE, **entries}), f"sysctl[{KEY}]") == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((f"sysctl -w {KEY}=1",), "pass"),
        ((f"echo run sysctl {KEY}=1 yourself",), "fail"),
        (("if false; then", f"sysctl -w {KEY}=1", "fi"), "fail"),
        ((f"false && sysctl -w {KEY}=1",), "fail"),
        ((f"ping x && sysctl -w {KEY}=1",), "unknown"),
    ],
)
def test_a_sysctl_passes_by_a_command_that_is_shown_to_run(
    tmp_path: Path, lines: tuple[str, ...], expected: str
) -> None:
    assert status(node(tmp_path, {"/etc/rc.local": script(*lines)}), f"sysctl[{KEY}]") == expected


@pytest.mark.parametrize(
    ("release", "path", "expected"),
    [
        ("ID=debian\nVERSION_ID=12\n", "/etc/rc.local", "pass"),
        ("ID=debian\nVERSION_ID=12\n", "/etc/rc.d/rc.local", "fail"),
        ("ID=rocky\nVERSION_ID=9.4\n", "/etc/rc.d/rc.local", "pass"),
        ("ID=rocky\nVERSION_ID=9.4\n", "/etc/rc.local", "fail"),
        ("ID=sles\nVERSION_ID=15.5\n", "/etc/init.d/boot.local", "pass"),
        ("ID=sles\nVERSION_ID=15.5\n", "/etc/rc.local", "fail"),
    ],
)
def test_each_distribution_runs_its_own_rc_local(tmp_path: Path, release: str, path: str, expected: str) -> None:
    local = script("swapoff -a", f"sysctl -w {KEY}=1", "modprobe br_netfilter")
    root = node(tmp_path, {**FSTAB, "/etc/os-release": release, path: local})

    assert {status(root, select) for select in ("swap", f"sysctl[{KEY}]", "kernel-module[br_netfilter]")} == {expected}


LOADS = "ExecStart=/sbin/modprobe br_netfilter"


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ({f"{ETC}/z.service": unit(LOADS), **enabled("z.service")}, "pass"),
        ({f"{ETC}/z.service": unit(LOADS), f"{ETC}/z.timer": "[Timer]\nOnBootSec=5\n", **TIMER}, "pass"),
        ({"/etc/rc.local": script("lsmod | grep -q br_netfilter || modprobe br_netfilter")}, "pass"),
        ({"/etc/rc.local": script("load() {", "modprobe br_netfilter", "}")}, "fail"),
        ({f"{ETC}/z.service": unit(LOADS, first="ConditionPathExists=!/etc/fstab"), **enabled("z.service")}, "fail"),
        ({f"{ETC}/z.service": unit("User=nobody", LOADS), **enabled("z.service")}, "fail"),
        (
            {"/etc/rc.local": script("modprobe br_netfilter"), "/etc/sysctl.d/z.conf": "kernel.modules_disabled = 1\n"},
            "fail",
        ),
        ({"/etc/rc.local": script("ping x && modprobe br_netfilter")}, "unknown"),
    ],
)
def test_what_loads_a_module(tmp_path: Path, entries: dict[str, str | TreeFile | TreeLink], expected: str) -> None:
    assert status(node(tmp_path, entries), "kernel-module[br_netfilter]") == expected


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ({"/etc/rc.local": script("hostname node9")}, "unknown"),
        ({f"{ETC}/z.service": unit("ExecStart=hostnamectl set-hostname n9"), **enabled("z.service")}, "unknown"),
        ({"/etc/sysctl.d/z.conf": "kernel.hostname = node_9\n"}, "fail"),
        ({"/etc/sysctl.d/z.conf": "kernel.hostname = node9\n"}, "pass"),
        ({"/etc/rc.local": script("hostname node1")}, "pass"),
        ({"/etc/rc.local": script("echo $(hostname -f) > /etc/issue")}, "pass"),
        ({f"{ETC}/z.service": unit("ExecStart=hostnamectl set-hostname node9")}, "pass"),
    ],
)
def test_what_gives_the_node_another_name(
    tmp_path: Path, entries: dict[str, str | TreeFile | TreeLink], expected: str
) -> None:
    assert status(node(tmp_path, entries), "hostname") == expected


@pytest.mark.parametrize(("deep", "expected"), [(1, "fail"), (2, "fail"), (3, "unknown"), (5, "unknown")])
def test_a_script_beyond_what_is_followed_is_undecided(tmp_path: Path, deep: int, expected: str) -> None:
    tree: dict[str, str | TreeFile | TreeLink] = {**enabled("own.service")}
    tree[f"{ETC}/own.service"] = unit("ExecStart=/usr/local/bin/s1")
    tree.update({f"/usr/local/bin/s{n}": script(f"/usr/local/bin/s{n + 1}") for n in range(1, deep)})
    tree[f"/usr/local/bin/s{deep}"] = script("swapon /s")

    assert status(node(tmp_path, tree), "swap") == expected


def test_more_scripts_than_are_followed_are_undecided(tmp_path: Path) -> None:
    many = [f"/usr/local/bin/s{number}" for number in range(MOST_SCRIPTS)]
    tree: dict[str, str | TreeFile | TreeLink] = {**enabled("own.service"), **enabled("zlate.service")}
    tree[f"{ETC}/own.service"] = unit(*[f"ExecStart={path}" for path in many])
    tree[f"{ETC}/zlate.service"] = unit("ExecStart=/usr/local/bin/late")
    tree.update({path: script("true") for path in many})
    tree["/usr/local/bin/late"] = script("swapon /s")

    assert status(node(tmp_path, tree), "swap") == "unknown"


SHARED = "/usr/local/bin/shared"
CASE = script('case "$1" in', "start) swapon /s;;", "esac")


@pytest.mark.parametrize(
    "entries",
    [
        {SHARED: script("swapon /s"), f"{ETC}/a.service": unit(f"ExecStart={SHARED}")},
        {SHARED: CASE, f"{ETC}/a.service": unit(f"ExecStart={SHARED} stop"), **enabled("a.service")},
        {SHARED: CASE, f"{ETC}/a.service": unit(f"ExecStart={SHARED} stop", f"ExecStart={SHARED} start")},
        {SHARED: script('case "$1" in', '"") /usr/local/bin/shared start;;', "start) swapon /s;;", "esac")},
    ],
    ids=("a unit that does not start", "another argument", "both in a unit that does not start", "by itself"),
)
def test_a_script_that_was_followed_for_another_command_is_followed_again(
    tmp_path: Path, entries: dict[str, str | TreeFile | TreeLink]
) -> None:
    arguments = "" if "a.service" not in " ".join(entries) else " start"
    last: dict[str, str | TreeFile | TreeLink] = {
        f"{ETC}/b.service": unit(f"ExecStart={SHARED}{arguments}"),
        **enabled("b.service"),
    }

    assert status(node(tmp_path, {**entries, **last}), "swap") == "fail"


def test_a_script_that_calls_itself_without_end_is_unknown(tmp_path: Path) -> None:
    tree: dict[str, str | TreeFile | TreeLink] = {f"{ETC}/a.service": unit(f"ExecStart={SHARED}")}
    tree.update({SHARED: script(f'{SHARED} "$1"x'), **enabled("a.service")})

    assert status(node(tmp_path, tree), "swap") == "unknown"


def test_more_units_than_are_walked_leave_the_boot_unknown(tmp_path: Path) -> None:
    wanted = " ".join([f"a@{number}.service" for number in range(MOST_STEPS)])
    tree: dict[str, str | TreeFile | TreeLink] = {f"{USR}/a@.service": "[Service]\n", **enabled("y.service")}
    tree.update({f"{ETC}/y.service": f"[Unit]\nWants={wanted}\nWants=z.service\n[Service]\nExecStart=/bin/true\n"})
    tree.update({f"{ETC}/z.service": unit(SWAPON)})

    assert status(node(tmp_path, tree), "swap") == "unknown"


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (("@system-service",), "pass"),
        (("@system-service", "bpf", "~@mount"), "pass"),
        (("@system-service", "@swap"), "unknown"),
        (("@system-service swapon",), "unknown"),
        (("~@mount",), "fail"),
        ((), "fail"),
    ],
)
def test_the_filter_of_udevd_says_whether_a_rule_turns_swap_on(
    tmp_path: Path, filters: tuple[str, ...], expected: str
) -> None:
    udevd = "/usr/lib/systemd/systemd-udevd"
    tree: dict[str, str | TreeFile | TreeLink] = {
        "/etc/udev/rules.d/z.rules": 'SUBSYSTEM=="net", RUN+="/sbin/swapon /s"\n'
    }
    tree[f"{USR}/systemd-udevd.service"] = unit(f"ExecStart={udevd}", *[f"SystemCallFilter={one}" for one in filters])
    tree[f"{USR}/sysinit.target.wants/systemd-udevd.service"] = TreeLink("../systemd-udevd.service")

    assert status(node(tmp_path, tree), "swap") == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (('CMD="$(command -v swapon)"', "$CMD /s"), "fail"),
        (("SW=`which swapon`", '"$SW" /s'), "fail"),
        (("$(type -p swapon) /s",), "fail"),
        (('CMD="$(command -v swapoff)"', "$CMD /s"), "pass"),
        (('trap "swapon /s" EXIT', "true"), "unknown"),
        (("trap 'swapon /s' TERM INT",), "unknown"),
        (("trap - EXIT", "trap '' HUP"), "pass"),
    ],
)
def test_a_program_that_is_looked_for_and_a_trap(tmp_path: Path, lines: tuple[str, ...], expected: str) -> None:
    tree: dict[str, str | TreeFile | TreeLink] = {f"{ETC}/a.service": unit(f"ExecStart={SHARED}")}
    tree.update({SHARED: script(*lines), **enabled("a.service")})

    assert status(node(tmp_path, tree), "swap") == expected


@pytest.mark.parametrize(("alias", "expected"), [("other.service", "fail"), ("absent.service", "pass")])
def test_a_timer_may_name_its_service_by_an_alias(tmp_path: Path, alias: str, expected: str) -> None:
    tree: dict[str, str | TreeFile | TreeLink] = {
        f"{ETC}/z.service": unit(SWAPON),
        f"{ETC}/other.service": TreeLink("z.service"),
        f"{ETC}/y.timer": f"[Timer]\nOnBootSec=1\nUnit={alias}\n",
        f"{ETC}/timers.target.wants/y.timer": TreeLink("../y.timer"),
        f"{USR}/basic.target.wants/timers.target": TreeLink("../timers.target"),
    }

    assert status(node(tmp_path, tree), "swap") == expected


@pytest.mark.parametrize("target", ["/nowhere", "/etc/fstab"])
def test_a_dropin_that_dangles_leaves_the_unit(tmp_path: Path, target: str) -> None:
    tree: dict[str, str | TreeFile | TreeLink] = {
        f"{USR}/z.service": unit(SWAPON),
        f"{ETC}/z.service.d/a.conf": TreeLink(target),
        **enabled("z.service", USR),
    }

    assert status(node(tmp_path, tree), "swap") == "fail"
