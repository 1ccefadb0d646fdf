"""Kernel parameters, judged as a whole on small trees."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck.model.outcomes import Result, Status
from nodecheck.model.steps import Command, Create, Edit
from nodecheck.requirements.wanted import meets, value_for, verify_wanted
from tests.fix.apply import write

Tree = Callable[[dict[str, "str | bytes"]], Path]

FORWARD = "sysctl[net.ipv4.ip_forward]"
BRIDGE = "sysctl[net.bridge.bridge-nf-call-iptables]"
MODULE = {"etc/modules-load.d/k8s.conf": "br_netfilter\n"}


def judge(root: Path, result_id: str, **options: object) -> Result:
    return nodecheck.run(root=str(root), select=["sysctl"], **options)[result_id]  # type: ignore[arg-type]


def boot(root: Path, key: str = FORWARD, **options: object) -> Result:
    return judge(root, f"{key}@boot", **options)


def mend(root: Path, result: Result) -> None:
    """Do what a fix says to the files below ``root``; ``sysctl -w`` writes to its /proc/sys."""
    assert result.fix is not None
    for step in result.fix.steps:
        if isinstance(step, (Create, Edit)):
            write(root, step)
        elif isinstance(step, Command) and step.argv[:2] == ("sysctl", "-w"):
            key, _, value = step.argv[2].partition("=")
            path = root / "proc/sys" / key.replace(".", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(value + "\n")
        elif isinstance(step, Command) and step.argv[:2] == ("systemctl", "unmask"):
            (root / "etc/systemd/system" / step.argv[2]).unlink()


def profile(root: Path, require: str, cni: str = "") -> str:
    path = root / "profile.toml"
    told = f'cni = "{cni}"\n' if cni else ""
    head = f'schema = "nodecheck.profile/1"\nname = "t"\n{told}'
    path.write_text(f"{head}[check.sysctl]\nrequire = {{ {require} }}\n")
    return str(path)


# now


@pytest.mark.parametrize(("value", "status"), [("1\n", "pass"), ("0\n", "fail"), ("2\n", "fail")])
def test_now_is_what_proc_sys_says(tree: Tree, value: str, status: str) -> None:
    root = tree({"proc/sys/net/ipv4/ip_forward": value})
    found = judge(root, FORWARD)
    assert (found.status, found.actual, found.expected) == (status, value.strip(), "1")
    assert found.evidence[0].source == "/proc/sys/net/ipv4/ip_forward"


def test_now_is_mended(tree: Tree) -> None:
    root = tree({"proc/sys/net/ipv4/ip_forward": "0\n"})
    mend(root, judge(root, FORWARD))
    assert judge(root, FORWARD).status == "pass"


def test_now_cannot_be_told_of_an_image(tree: Tree) -> None:
    found = judge(tree({"etc/hostname": "x"}), FORWARD)
    assert found.status == "skip"
    assert found.cause is not None
    assert found.cause.code == "offline"


def test_now_a_directory_is_unknown(tree: Tree) -> None:
    found = judge(tree({"proc/sys/net/ipv4/ip_forward/x": ""}), FORWARD)
    assert found.status == "unknown"
    assert found.cause is not None
    assert found.cause.code == "malformed"


@pytest.mark.parametrize("noise", ["", "\n", "on", "1x", "\0\x7f[", "1 1"])
def test_now_what_no_kernel_shows_is_unknown(tree: Tree, noise: str) -> None:
    found = judge(tree({"proc/sys/net/ipv4/ip_forward": noise}), FORWARD)
    assert found.status == "unknown"
    assert found.cause is not None
    assert found.cause.code == "malformed"


# the reference installation


def test_sysctl_p_does_not_read_sysctl_d(tree: Tree) -> None:
    """The reference's ``sysctl -p`` leaves its own /etc/sysctl.d/kubernetes.conf unread; the next boot reads it."""
    lines = "net.bridge.bridge-nf-call-ip6tables = 1\nnet.bridge.bridge-nf-call-iptables = 1\nnet.ipv4.ip_forward = 1\n"
    root = tree({
        **MODULE,
        "etc/os-release": 'ID="centos"\nVERSION_ID="7"\n',
        "etc/sysctl.d/kubernetes.conf": lines,
        "proc/sys/net/ipv4/ip_forward": "0\n",
    })  # fmt: skip
    report = nodecheck.run(root=str(root), profile="centos7-kubeadm-1.17", select=["sysctl"])
    assert report[FORWARD].status == "fail"
    assert {r.status for r in report.results if r.view == "boot"} == {Status.PASS}
    assert report[f"{FORWARD}@boot"].evidence[0][:3] == (
        "/etc/sysctl.d/kubernetes.conf",
        "line 3",
        "net.ipv4.ip_forward = 1",
    )


# boot: which line wins


@pytest.mark.parametrize(
    ("files", "status", "source"),
    [
        ({"etc/sysctl.d/k8s.conf": "net.ipv4.ip_forward=1"}, "pass", "/etc/sysctl.d/k8s.conf"),
        ({"etc/sysctl.d/k8s.conf": "net/ipv4/ip_forward = 1 # on"}, "pass", "/etc/sysctl.d/k8s.conf"),
        ({"etc/sysctl.d/k8s.conf": "net.ipv4.conf.all.forwarding=1"}, "pass", "/etc/sysctl.d/k8s.conf"),
        ({"etc/sysctl.d/k8s.conf": "net.ipv4.ip_f*=1"}, "pass", "/etc/sysctl.d/k8s.conf"),
        ({"etc/sysctl.d/k8s.conf": "net.ipv4.ip_forward=1x"}, "fail", "/etc/sysctl.d/k8s.conf"),
        ({"etc/sysctl.d/k8s.conf": "net.ipv4.ip_forward"}, "fail", "/etc/sysctl.d/k8s.conf"),
        ({"etc/sysctl.d/k8s.conf": "-net.ipv4.ip_forward=1"}, "pass", "/etc/sysctl.d/k8s.conf"),
        ({"etc/sysctl.d/a.conf": "net.ipv4.ip_forward=1\n-net.ipv4.ip_forward"}, "fail", "/etc/sysctl.d/a.conf"),
        ({"etc/sysctl.d/k8s": "net.ipv4.ip_forward=1"}, "fail", "/etc/sysctl.d/*.conf"),
        ({"etc/sysctl.conf": "net.ipv4.ip_forward=1"}, "fail", "/etc/sysctl.d/*.conf"),
        (
            {"etc/sysctl.d/10.conf": "net.ipv4.ip_forward=1", "usr/lib/sysctl.d/99-x.conf": "net.ipv4.ip_forward=0"},
            "fail",
            "/usr/lib/sysctl.d/99-x.conf",
        ),
        (
            {"etc/sysctl.d/x.conf": "net.ipv4.ip_forward=1", "usr/lib/sysctl.d/x.conf": "net.ipv4.ip_forward=0"},
            "pass",
            "/etc/sysctl.d/x.conf",
        ),
        (
            {"etc/sysctl.d/a.conf": "net.ipv4.ip_forward=1", "etc/sysctl.d/b.conf": "net.ipv4.*forward=0"},
            "pass",
            "/etc/sysctl.d/a.conf",
        ),
    ],
)
def test_the_line_that_wins(tree: Tree, files: dict[str, str | bytes], status: str, source: str) -> None:
    root = tree(files)
    found = boot(root)
    assert (found.status, found.evidence[0].source) == (status, source)
    if status == "fail":
        mend(root, found)
        assert boot(root).status == "pass"


def test_the_beaten_lines_are_evidence(tree: Tree) -> None:
    found = boot(tree({"etc/sysctl.d/a.conf": "net.ipv4.ip_forward=1\n\nnet.ipv4.ip_forward=0\n"}))
    assert [(e.locator, e.value) for e in found.evidence] == [
        ("line 3", "net.ipv4.ip_forward=0"),
        ("line 1", "net.ipv4.ip_forward=1"),
    ]


def test_sysctl_conf_counts_through_its_link_and_loses_to_what_sorts_after_it(tree: Tree) -> None:
    root = tree({"etc/sysctl.conf": "net.ipv4.ip_forward=1\n", "etc/sysctl.d/.keep": ""})
    (root / "etc/sysctl.d/99-sysctl.conf").symlink_to("../sysctl.conf")
    assert boot(root).status == "pass"
    (root / "etc/sysctl.d/99-zzz.conf").write_text("net.ipv4.ip_forward=0\n")
    found = boot(root)
    assert found.status == "fail"
    assert "sysctl --system would make it 1 (/etc/sysctl.conf line 1), but nothing runs it at boot" in found.message


def test_a_mask_hides(tree: Tree) -> None:
    root = tree({"usr/lib/sysctl.d/k8s.conf": "net.ipv4.ip_forward=1\n", "etc/sysctl.d/.keep": ""})
    assert boot(root).status == "pass"
    (root / "etc/sysctl.d/k8s.conf").symlink_to("/dev/null")
    assert boot(root).status == "fail"


def test_set_nowhere_is_the_default_and_told_as_such(tree: Tree) -> None:
    found = boot(tree({"etc/hostname": "x"}))
    assert found.status == "fail"
    assert "set nowhere: the kernel's default" in found.message


def test_a_value_with_a_comment_is_told(tree: Tree) -> None:
    found = boot(tree({"etc/sysctl.d/a.conf": "net.ipv4.ip_forward=1 # on"}))
    assert "'1 # on' is ignored" in found.message


def test_a_name_that_sorts_after_ours_is_beaten_by_the_fix(tree: Tree) -> None:
    root = tree({"etc/sysctl.d/~~~.conf": "net.ipv4.ip_forward=0", "etc/sysctl.d/a.conf": "net.ipv4.ip_forward=1"})
    mend(root, boot(root))
    assert boot(root).status == "pass"


def test_the_fix_beats_forwarding_that_is_turned_off_by_its_other_name(tree: Tree) -> None:
    root = tree({"etc/sysctl.d/a.conf": "net.ipv4.ip_forward=1\nnet.ipv4.conf.all.forwarding=0"})
    found = boot(root)
    assert found.status == "fail"
    mend(root, found)
    assert boot(root).status == "pass"


# boot: the command line, the credential, the service, another init


def test_the_command_line_loses_to_every_file(tree: Tree) -> None:
    root = tree({"proc/cmdline": "quiet sysctl.net.ipv4.ip_forward=1\n", "proc/sys/kernel/osrelease": "5.8.0\n"})
    found = boot(root)
    assert (found.status, found.evidence[0].source) == ("pass", "/proc/cmdline")
    (root / "etc/sysctl.d").mkdir(parents=True)
    (root / "etc/sysctl.d/a.conf").write_text("net.ipv4.ip_forward=0")
    assert boot(root).status == "fail"


def test_an_old_kernel_knows_no_sysctl_on_its_command_line(tree: Tree) -> None:
    files = {"proc/cmdline": "sysctl.net.ipv4.ip_forward=1\n", "proc/sys/kernel/osrelease": "4.18.0-553.el8\n"}
    assert boot(tree({**files})).status == "fail"


@pytest.mark.parametrize(("version", "status"), [("12", "fail"), ("11", "pass")])
def test_the_credential_beats_every_file_since_systemd_252(tree: Tree, version: str, status: str) -> None:
    root = tree({
        "etc/os-release": f"ID=debian\nVERSION_ID={version}\n",
        "etc/sysctl.d/zz.conf": "net.ipv4.ip_forward=1\n",
        "etc/credstore/sysctl.extra": "net.ipv4.ip_forward=0\n",
    })  # fmt: skip
    found = boot(root)
    assert found.status == status
    if status == "fail":
        assert found.evidence[0].source == "/etc/credstore/sysctl.extra"
        assert found.fix is not None
        assert found.fix.safety == "manual"


@pytest.mark.parametrize(
    ("line", "version", "status"),
    [("-{}=1", "7", "fail"), ("-{}=1", "9", "pass"), ("net.ipv4.ip_f*=1", "8", "fail"), ("{}=1\n-{}", "8", "pass")],
)
def test_an_old_systemd_knows_neither_dash_nor_glob(tree: Tree, line: str, version: str, status: str) -> None:
    key = "net.ipv4.ip_forward"
    files = {"etc/os-release": f"ID=rhel\nVERSION_ID={version}\n", "etc/sysctl.d/a.conf": line.format(key, key)}
    assert boot(tree({**files})).status == status


def test_an_installed_systemd_without_the_service_applies_nothing(tree: Tree) -> None:
    root = tree({
        "usr/lib/systemd/systemd": "",
        "usr/lib/systemd/system/sysinit.target": "[Unit]\n",
        "etc/sysctl.d/a.conf": "net.ipv4.ip_forward=1\n",
    })  # fmt: skip
    found = boot(root)
    assert found.status == "fail"
    assert found.evidence[1][:3] == ("/usr/lib/systemd/system/systemd-sysctl.service", None, None)


def test_a_masked_service_applies_nothing(tree: Tree) -> None:
    root = tree({"etc/sysctl.d/a.conf": "net.ipv4.ip_forward=1\n", "etc/systemd/system/.keep": ""})
    (root / "etc/systemd/system/systemd-sysctl.service").symlink_to("/dev/null")
    found = boot(root)
    assert found.status == "fail"
    assert "systemd-sysctl.service is masked" in found.message
    mend(root, found)
    assert boot(root).status == "pass"


@pytest.mark.parametrize("words", ["systemd.mask=systemd-sysctl.service", "systemd.mask=systemd-sysctl"])
def test_a_service_masked_on_the_command_line_applies_nothing(tree: Tree, words: str) -> None:
    root = tree({"etc/sysctl.d/a.conf": "net.ipv4.ip_forward=1\n", "proc/cmdline": f"ro {words}\n"})
    found = boot(root)
    assert found.status == "fail"
    assert words in found.message
    assert found.fix is not None
    assert words in str(found.fix.steps)


def test_emergency_mode_applies_nothing_and_rescue_does(tree: Tree) -> None:
    units = "usr/lib/systemd/system"
    root = tree({
        "etc/sysctl.d/a.conf": "net.ipv4.ip_forward=1\n",
        "usr/lib/systemd/systemd": "",
        f"{units}/sysinit.target": "[Unit]\n",
        f"{units}/systemd-sysctl.service": "[Service]\nExecStart=/usr/lib/systemd/systemd-sysctl\n",
        "proc/cmdline": "rescue\n",
    })  # fmt: skip
    (root / units / "sysinit.target.wants").mkdir()
    (root / units / "sysinit.target.wants/systemd-sysctl.service").symlink_to("../systemd-sysctl.service")
    assert boot(root).status == "pass"
    (root / "proc/cmdline").write_text("emergency\n")
    assert boot(root).status == "fail"


def test_another_init_reads_sysctl_conf_last(tree: Tree) -> None:
    root = tree({
        "etc/os-release": "ID=alpine\nVERSION_ID=3.19\n",
        "etc/sysctl.d/zz.conf": "net.ipv4.ip_forward=1\n",
        "etc/sysctl.conf": " net.ipv4.ip_forward = 0 \n",
    })  # fmt: skip
    found = boot(root)
    assert (found.status, found.evidence[0].source) == ("fail", "/etc/sysctl.conf")
    mend(root, found)
    assert boot(root).status == "pass"


def test_an_init_of_its_own_kind_is_unknown(tree: Tree) -> None:
    found = boot(tree({"etc/os-release": "ID=talos\nVERSION_ID=1.8\n"}))
    assert found.status == "unknown"
    assert found.cause is not None
    assert found.cause.code == "unsupported"


@pytest.mark.parametrize("command", ["sysctl -p", "sysctl --system"])
def test_a_boot_unit_that_runs_procps_has_the_last_word(tree: Tree, command: str) -> None:
    root = tree({
        "etc/sysctl.d/zz.conf": "net.ipv4.ip_forward=0\n",
        "etc/sysctl.conf": "net.ipv4.ip_forward=1\n",
        "etc/systemd/system/again.service": f"[Service]\nExecStart=/bin/sh -c '{command}'\n",
    })  # fmt: skip
    assert boot(root).status == "fail"
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir()
    (wants / "again.service").symlink_to("../again.service")
    found = boot(root)
    assert (found.status, found.evidence[0].source) == ("pass", "/etc/sysctl.conf")
    assert "of /etc/systemd/system/again.service" in found.message
    (root / "etc/sysctl.conf").write_text(" net.ipv4.ip_forward = 0\n")
    mend(root, boot(root))
    assert boot(root).status == "pass"


def test_rc_local_has_the_last_word_where_it_is_executable(tree: Tree) -> None:
    root = tree({"etc/rc.local": "#!/bin/sh\nsysctl -w net.ipv4.ip_forward=1\n"})
    assert boot(root).status == "fail"
    (root / "etc/rc.local").chmod(0o755)
    assert boot(root).evidence[0][:2] == ("/etc/rc.local", "line 2")


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("echo 1 > /proc/sys/net/ipv4/ip_forward", "pass"),
        ('  echo "1" >/proc/sys/net/ipv4/ip_forward', "pass"),
        ("echo 1 | tee /proc/sys/net/ipv4/ip_forward >/dev/null", "pass"),
        ("echo 0 > /proc/sys/net/ipv4/ip_forward", "fail"),
        ("# echo 1 > /proc/sys/net/ipv4/ip_forward", "fail"),
        ("echo 1 > /proc/sys/net/ipv4/ip_forward_use_pmtu", "fail"),
        ("cat /proc/sys/net/ipv4/ip_forward", "fail"),
    ],
)
def test_what_rc_local_writes_below_proc_sys(tree: Tree, line: str, status: str) -> None:
    root = tree({"etc/rc.local": f"#!/bin/sh\n{line}\n"})
    (root / "etc/rc.local").chmod(0o755)
    assert boot(root).status == status


LATE = "sysctl -w net.ipv4.ip_forward=0\n"


@pytest.mark.parametrize(
    "files",
    [
        {
            "usr/lib/systemd/system/containerd.service": "[Service]\nExecStart=/usr/bin/containerd\n",
            "etc/systemd/system/containerd.service.d/x.conf": f"[Service]\nExecStartPost=/sbin/{LATE}",
        },
        {
            "etc/systemd/system/containerd.service": "[Service]\nExecStart=/usr/local/bin/tune now\n",
            "usr/local/bin/tune": f"#!/bin/bash -e\n{LATE}",
        },
        {
            "etc/systemd/system/containerd.service": "[Service]\nExecStart=/bin/sh /opt/tune\n",
            "opt/tune": LATE,
        },
        {
            "etc/systemd/system/containerd.service": "[Unit]\nWants=tune.service\n[Service]\nExecStart=/bin/true\n",
            "etc/systemd/system/tune.service": f"[Service]\nExecStart=/sbin/{LATE}",
        },
    ],
    ids=["a drop-in", "a script", "a script that a shell reads", "a unit that a text names"],
)
def test_what_writes_late_in_a_unit_of_the_administrator(tree: Tree, files: dict[str, str | bytes]) -> None:
    root = tree({"etc/sysctl.d/a.conf": "net.ipv4.ip_forward=1\n", **files})
    assert boot(root).status == "pass"
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir()
    (wants / "containerd.service").symlink_to("../containerd.service")
    assert boot(root).status == "fail"


def test_a_program_that_a_unit_runs_is_not_read(tree: Tree) -> None:
    unit = "[Service]\nExecStart=/usr/local/bin/k3s server\n[Install]\nWantedBy=multi-user.target\n"
    root = tree({"etc/sysctl.d/a.conf": "net.ipv4.ip_forward=1\n", "etc/systemd/system/k3s.service": unit})
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir()
    (wants / "k3s.service").symlink_to("../k3s.service")
    tree({"usr/local/bin/k3s": b"\x7fELF" + LATE.encode()})
    assert boot(root).status == "pass"
    tree({"usr/local/bin/k3s": b"#!/bin/sh\n" + b"# " + b"x" * 70_000 + b"\n" + LATE.encode()})
    found = boot(root)
    assert (found.status, found.cause and found.cause.code) == ("unknown", "too-large")


# boot: the bridge's keys and their module


def test_without_the_module_there_is_no_bridge_key(tree: Tree) -> None:
    root = tree({"etc/sysctl.d/a.conf": "net.bridge.bridge-nf-call-iptables=1\n"})
    found = boot(root, BRIDGE)
    assert found.status == "fail"
    assert "br_netfilter" in found.message
    mend(root, found)
    assert boot(root, BRIDGE).status == "pass"


def test_only_what_is_missing_is_written(tree: Tree) -> None:
    named = {"etc/modules-load.d/k8s.conf": "br_netfilter\n", "etc/modprobe.d/a.conf": "blacklist br_netfilter\n"}
    root = tree({**named, "etc/sysctl.d/a.conf": "net.bridge.bridge-nf-call-iptables=1\n"})
    found = boot(root, BRIDGE)
    assert found.fix is not None
    assert found.fix.steps == (Edit("/etc/modprobe.d/a.conf", "blacklist br_netfilter", "# blacklist br_netfilter"),)
    mend(root, found)
    assert boot(root, BRIDGE).status == "pass"


def test_the_module_brings_its_default(tree: Tree) -> None:
    found = boot(tree({**MODULE}), BRIDGE)
    assert found.status == "pass"
    assert "the kernel's default" in found.message


def test_a_file_turns_the_bridge_off(tree: Tree) -> None:
    root = tree({**MODULE, "usr/lib/sysctl.d/00-system.conf": "net.bridge.bridge-nf-call-iptables = 0\n"})
    found = boot(root, BRIDGE)
    assert (found.status, found.evidence[0].source) == ("fail", "/usr/lib/sysctl.d/00-system.conf")
    mend(root, found)
    assert boot(root, BRIDGE).status == "pass"


EL7_SCRIPT = {
    "etc/os-release": 'ID="centos"\nVERSION_ID="7"\n',
    "etc/sysconfig/modules/br.modules": "#!/bin/sh\nmodprobe -- br_netfilter\n",
}


@pytest.mark.parametrize("value", ["0", "1"])
def test_a_late_module_loses_what_the_file_sets(tree: Tree, value: str) -> None:
    root = tree({**EL7_SCRIPT, "etc/sysctl.d/a.conf": f"net.bridge.bridge-nf-call-iptables={value}\n"})
    (root / "etc/sysconfig/modules/br.modules").chmod(0o755)
    found = boot(root, BRIDGE)
    assert found.status == "pass"
    assert "is loaded after the files are applied" in found.message


def test_a_udev_rule_applies_the_file_to_a_late_module(tree: Tree) -> None:
    when = 'ACTION=="add", SUBSYSTEM=="module", KERNEL=="br_netfilter", \\\n'
    rule = when + '  RUN+="/lib/systemd/systemd-sysctl --prefix={}"\n'
    root = tree({**EL7_SCRIPT, "etc/sysctl.d/a.conf": "net.bridge.bridge-nf-call-iptables=0\n"})
    (root / "etc/sysconfig/modules/br.modules").chmod(0o755)
    rules = root / "etc/udev/rules.d/99-bridge.rules"
    rules.parent.mkdir(parents=True)
    rules.write_text(rule.format("/net/bridge"))
    assert boot(root, BRIDGE).status == "fail"
    rules.write_text(rule.format("/net/ipv4"))
    assert boot(root, BRIDGE).status == "pass"


def test_a_cni_without_bridge_netfilter_skips_the_default_keys(tree: Tree) -> None:
    root = tree({"etc/hostname": "x"})
    report = nodecheck.run(root=str(root), select=["sysctl"], cni="cilium")
    assert report[BRIDGE].status == report[f"{BRIDGE}@boot"].status == "skip"
    assert report[f"{FORWARD}@boot"].status == "fail"


def test_a_list_of_the_profiles_own_is_always_judged(tree: Tree) -> None:
    root = tree({"etc/hostname": "x"})
    told = profile(root, '"net.bridge.bridge-nf-call-iptables" = "1"', cni="cilium")
    assert boot(root, BRIDGE, profile=told).status == "fail"


# sources that cannot be read


@pytest.mark.parametrize("name", ["etc/sysctl.d", "etc/sysctl.d/a.conf/x", "usr/lib/sysctl.d", "etc/systemd/system"])
def test_what_cannot_be_read_is_unknown(tree: Tree, name: str) -> None:
    root = tree({name: "", "run/sysctl.d/zz.conf": "net.ipv4.ip_forward=1\n"})
    assert boot(root).status == "unknown"


def test_a_large_file_is_unknown(tree: Tree) -> None:
    root = tree({"etc/sysctl.d/a.conf": ""})
    with (root / "etc/sysctl.d/a.conf").open("r+b") as file:
        file.truncate(1 << 30)
    found = boot(root)
    assert found.status == "unknown"
    assert found.cause is not None
    assert found.cause.code == "too-large"


def test_hostile_lines_end_soon(tree: Tree) -> None:
    root = tree({
        **EL7_SCRIPT,
        "etc/sysctl.d/a.conf": "[" * 500_000 + "=1\n" + "net.ipv4." + "*a" * 200_000 + "=" + "x" * 100_000 + "\n",
        "etc/sysctl.d/b.conf": "net.ipv4.ip_forward=" + "1" * 900_000,
        "etc/udev/rules.d/a.rules": "sysctl RUN " + "A" * 900_000,
    })  # fmt: skip
    (root / "etc/sysconfig/modules/br.modules").chmod(0o755)
    found = boot(root)
    assert (found.status, found.actual) == ("fail", "0")
    assert len(found.message) < 1000
    assert boot(root, BRIDGE).status == "pass"


# requirements


def test_a_profile_compares(tree: Tree) -> None:
    root = tree({"etc/sysctl.d/a.conf": "vm.max_map_count=262144\n", "proc/sys/vm/max_map_count": "65530\n"})
    told = profile(root, '"vm/max_map_count" = ">=262144"')
    report = nodecheck.run(root=str(root), select=["sysctl"], profile=told)
    assert report["sysctl[vm.max_map_count]"].status == "fail"
    assert report["sysctl[vm.max_map_count]@boot"].status == "pass"
    mend(root, report["sysctl[vm.max_map_count]"])
    assert judge(root, "sysctl[vm.max_map_count]", profile=told).status == "pass"


def test_a_key_whose_default_is_not_known_is_unknown(tree: Tree) -> None:
    root = tree({"etc/hostname": "x"})
    assert boot(root, "sysctl[fs.aio-max-nr]", profile=profile(root, '"fs.aio-max-nr" = "1"')).status == "unknown"


@pytest.mark.parametrize("wanted", ["", ">=x", "1|", ">"])
def test_a_wish_that_cannot_be_judged_is_refused(wanted: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        verify_wanted(wanted)


@pytest.mark.parametrize("wanted", ["1", ">=5", "<=-3", ">0", "<9", "0|1", "a b", "==7"])
def test_the_value_of_a_fix_is_what_is_wanted(wanted: str) -> None:
    verify_wanted(wanted)
    value = value_for(wanted)
    assert value is not None
    assert meets(value, wanted)


@pytest.mark.parametrize(
    ("level", "service", "status"),
    [("boot", "sysctl", "pass"), ("sysinit", "procps", "pass"), ("default", "sshd", "fail")],
)
def test_what_openrc_has_read_the_files(tree: Tree, level: str, service: str, status: str) -> None:
    """Debian's init script is procps, which its update-rc.d puts into OpenRC's sysinit."""
    root = tree({"/sbin/openrc": "x", "/etc/sysctl.conf": "net.ipv4.ip_forward = 1\n"})
    (root / "etc/runlevels" / level).mkdir(parents=True)
    (root / "etc/runlevels/.keep").touch()  # of no runlevel
    (root / "etc/runlevels" / level / service).symlink_to(f"/etc/init.d/{service}")

    assert boot(root).status == status
