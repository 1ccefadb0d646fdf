"""``kernel-module``: what is loaded or built in now, and after the next boot."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

import nodecheck
from nodecheck.checking import Lazy, Outcome, Severity
from nodecheck.facts.cluster.target import Target
from nodecheck.facts.distro.os_release import OsRelease
from nodecheck.facts.kernel.config import KernelConfig, RunningConfig
from nodecheck.facts.kernel.modprobe import Modprobe
from nodecheck.facts.kernel.modules import GenlFamilies, Listed, ModuleLoading, Modules, ModuleSigns, SysModules
from nodecheck.facts.kernel.trees import BootTree, ModuleTree, RunningTree
from nodecheck.model.outcomes import Result
from nodecheck.model.steps import Command, Create, Edit
from nodecheck_checks.kernel.kernel_module import kernel_module, module_severity
from tests.fix.apply import write
from tests.nodes import debian_node

Tree = Callable[[dict[str, "str | bytes"]], Path]

REL = "5.14.0-427.el9.x86_64"
IPVS = ("ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_sh")
ALL = ("br_netfilter", *IPVS, "nf_conntrack")

DEP = """\
kernel/net/bridge/bridge.ko.xz: kernel/net/802/stp.ko.xz kernel/net/llc/llc.ko.xz
kernel/net/bridge/br_netfilter.ko.xz: kernel/net/bridge/bridge.ko.xz kernel/net/802/stp.ko.xz kernel/net/llc/llc.ko.xz
kernel/net/802/stp.ko.xz: kernel/net/llc/llc.ko.xz
kernel/net/llc/llc.ko.xz:
kernel/net/netfilter/nf_conntrack.ko.xz: kernel/lib/libcrc32c.ko.xz
kernel/lib/libcrc32c.ko.xz:
kernel/net/netfilter/ipvs/ip_vs.ko.xz: kernel/net/netfilter/nf_conntrack.ko.xz kernel/lib/libcrc32c.ko.xz
kernel/net/netfilter/ipvs/ip_vs_rr.ko.xz: kernel/net/netfilter/ipvs/ip_vs.ko.xz kernel/net/netfilter/nf_conntrack.ko.xz
kernel/net/netfilter/ipvs/ip_vs_wrr.ko.xz: kernel/net/netfilter/ipvs/ip_vs.ko.xz
kernel/net/netfilter/ipvs/ip_vs_sh.ko.xz: kernel/net/netfilter/ipvs/ip_vs.ko.xz
"""
EL7_DEP = DEP + "kernel/net/ipv4/netfilter/nf_conntrack_ipv4.ko.xz: kernel/net/netfilter/nf_conntrack.ko.xz\n"
MODULE_TREE: dict[str, str | bytes] = {
    f"lib/modules/{REL}/modules.dep": DEP,
    f"lib/modules/{REL}/modules.builtin": "kernel/lib/crc16.ko\n",
}
CONF = "etc/modules-load.d/k8s.conf"


DEMANDING = "centos7-kubeadm-1.17"
"""The profile that asks for all of them to be loaded: its kube-proxy is in ipvs mode, and loads none itself."""


def run(
    root: Path, *names: str, view: nodecheck.View | None = None, profile: str = DEMANDING, cni: str | None = None
) -> nodecheck.Report:
    select = [f"kernel-module[{name}]" for name in names] or ["kernel-module"]
    return nodecheck.run(root=str(root), select=select, view=view, profile=profile, cni=cni)


def boot(root: Path, name: str = "br_netfilter") -> Result:
    return run(root, name, view="boot")[f"kernel-module[{name}]@boot"]


def statuses(report: nodecheck.Report, view: str = "boot") -> dict[str | None, str]:
    return {result.subject: str(result.status) for result in report.results if result.view == view}


def mend(root: Path, result: Result) -> None:
    """Do what the fix of a result says to files."""
    assert result.fix is not None
    for step in result.fix.steps:
        if step[0] == ("systemctl", "unmask", "systemd-modules-load.service"):
            (root / "etc/systemd/system/systemd-modules-load.service").unlink()
        else:
            write(root, step)


# --- the judgement: facts in, outcomes out -------------------------------------------------------------------------


def judge(
    name: str,
    modules: Modules | None = None,
    sysfs: SysModules | None = None,
    signs: ModuleSigns | None = None,
    tree: ModuleTree | None = None,
    config: str | None = None,
    families: Iterable[str] = (),
) -> Outcome:
    """The now view on a live node that has what is given, and nothing else."""
    listing = Modules({}, supported=False) if modules is None else modules
    found = kernel_module(
        name,
        Lazy(Target),
        Lazy(lambda: listing),
        Lazy(lambda: sysfs or SysModules({})),
        Lazy(lambda: signs or ModuleSigns({})),
        Lazy(lambda: RunningTree(tree or ModuleTree())),
        Lazy(lambda: BootTree(tree or ModuleTree())),
        Lazy(lambda: RunningConfig(KernelConfig("/proc/config.gz", "\n" + config) if config else KernelConfig())),
        Lazy(lambda: GenlFamilies(frozenset(families))),
        Lazy(lambda: ModuleLoading(disabled=False)),
        Lazy(Modprobe),
        Lazy(lambda: OsRelease(id="debian")),
        named=True,
    )
    return next(iter(found))


LISTED = Modules({"ip_vs": Listed("Live", 3), "ip_vs_rr": Listed("Unloading", 4)})
BRIDGE = ModuleSigns({"br_netfilter": "/proc/sys/net/bridge", "ip_vs": None, "nf_conntrack": None})


def test_a_live_module_passes() -> None:
    outcome = judge("ip_vs", LISTED)
    assert (outcome.status, outcome.evidence[0].source) == ("pass", "/proc/modules")


def test_a_module_that_is_unloading_fails() -> None:
    assert judge("ip_vs_rr", LISTED).status == "fail"


def test_sysfs_shows_what_is_built_in() -> None:
    assert judge("nf_conntrack", LISTED, SysModules({"nf_conntrack": None})).status == "pass"
    assert judge("nf_conntrack", None, SysModules({"nf_conntrack": "coming"})).status == "fail"
    assert judge("nf_conntrack", None, SysModules({"nf_conntrack": "live"})).status == "pass"


def test_the_feature_at_work_shows_it_where_there_is_no_list_and_no_tree() -> None:
    assert judge("br_netfilter", None, None, BRIDGE).status == "pass"


def test_truly_absent_where_everything_is_built_in() -> None:
    outcome = judge("ip_vs", None, None, BRIDGE, config="CONFIG_NF_CONNTRACK=y\n# CONFIG_IP_VS is not set\n")
    assert outcome.status == "fail"
    assert outcome.evidence[-1].value == "# CONFIG_IP_VS is not set"


def test_nothing_to_tell_by_is_unknown() -> None:
    outcome = judge("br_netfilter", None, None, ModuleSigns({}))
    assert outcome.status == "unknown"
    assert outcome.cause is not None
    assert outcome.cause.code == "not-found"


def test_the_generic_netlink_family_is_the_last_word() -> None:
    assert judge("ip_vs", None, None, ModuleSigns({"ip_vs": None}), families=["IPVS"]).status == "pass"
    assert judge("ip_vs", None, None, ModuleSigns({"ip_vs": None}), families=["nlctrl"]).status == "unknown"


def test_a_scheduler_of_a_built_in_ip_vs_leaves_no_trace() -> None:
    at_work = ModuleSigns({"ip_vs": "/proc/net/ip_vs"})
    assert judge("ip_vs_rr", Modules({}), None, at_work).status == "unknown"
    assert judge("ip_vs_rr", Modules({}), None, at_work, config="CONFIG_IP_VS_RR=y\n").status == "pass"
    assert judge("ip_vs_sh", LISTED, None, at_work).status == "fail"  # ip_vs is a module, so its schedulers are


def test_a_module_on_disk_is_not_loaded() -> None:
    outcome = judge("ip_vs", Modules({}), config="CONFIG_IP_VS=m\n")
    assert outcome.status == "fail"
    assert outcome.fix is not None
    assert outcome.fix.steps == ((("modprobe", "--", "ip_vs"),),)


def test_a_host_that_is_not_running_skips(tmp_path: Path) -> None:
    report = run(tmp_path, view="now")
    assert statuses(report, "now") == dict.fromkeys(ALL, "skip")
    assert {result.cause.code for result in report.results if result.cause} == {"offline"}


@pytest.mark.parametrize(
    ("name", "mode", "severity"),
    [
        ("br_netfilter", None, "error"),
        ("br_netfilter", "nftables", "error"),
        ("overlay", None, "error"),
        ("ip_vs", "ipvs", "error"),
        ("ip_vs_sh", None, "info"),
        ("ip_vs_wrr", "iptables", "info"),
        ("nf_conntrack", "ipvs", "error"),
        ("nf_conntrack", None, "warning"),
        ("nf_conntrack_ipv4", "iptables", "warning"),
        ("nf_conntrack", "none", "info"),
    ],
)
def test_severity_follows_the_proxy_mode(name: str, mode: str | None, severity: str) -> None:
    assert module_severity(name, Target(proxy_mode=mode)) is Severity(severity)


# --- the whole: now ------------------------------------------------------------------------------------------------


def test_the_live_node_is_judged() -> None:
    report = nodecheck.run(select=["kernel-module"])
    assert {result.subject for result in report.results} >= set(ALL)
    if os.path.isdir("/proc/sys/net/bridge"):
        assert report["kernel-module[br_netfilter]"].status == "pass"
    assert not any(result.cause and result.cause.code == "crashed" for result in report.results)


def test_now_where_a_capture_holds_proc(tree: Tree) -> None:
    root = tree(
        {
            "proc/modules": "br_netfilter 1 0 - Live 0x0\nip_vs 1 6 ip_vs_rr, Live 0x0\nip_vs_rr 1 6 - Loading 0x0\n",
            "proc/sys/kernel/osrelease": REL + "\n",
            f"usr/lib/modules/{REL}/modules.builtin": "kernel/net/netfilter/ipvs/ip-vs-wrr.ko\n",
            f"boot/config-{REL}": "CONFIG_NF_CONNTRACK=y\nCONFIG_IP_VS_SH=m\n",
            f"usr/lib/modules/{REL}/kernel/net/ip_vs_sh.ko.xz": "",
        }
    )
    assert statuses(run(root), "now") == {
        "br_netfilter": "pass",
        "ip_vs": "pass",
        "ip_vs_rr": "fail",
        "ip_vs_wrr": "pass",
        "ip_vs_sh": "fail",
        "nf_conntrack": "pass",
    }


def test_config_gz_of_a_capture(tree: Tree) -> None:
    config = gzip.compress(
        b"CONFIG_BRIDGE=y\nCONFIG_BRIDGE_NETFILTER=y\n# CONFIG_IP_VS is not set\nCONFIG_NF_CONNTRACK=m\n"
    )
    root = tree({"proc/config.gz": config, "proc/sys/kernel/osrelease": "6.1.0\n"})
    found = statuses(run(root), "now")
    assert (found["br_netfilter"], found["ip_vs"], found["nf_conntrack"]) == ("pass", "fail", "skip")
    found = statuses(run(root))
    assert (found["br_netfilter"], found["ip_vs"], found["nf_conntrack"]) == ("pass", "fail", "fail")


def test_what_modules_dep_lists_was_not_left_out_whatever_the_configuration_says(tree: Tree) -> None:
    files: dict[str, str | bytes] = {
        "proc/config.gz": gzip.compress(b"CONFIG_BRIDGE=m\n# CONFIG_IP_VS is not set\n"),
        "proc/modules": "br_netfilter 1 0 - Live 0x0\n",
        "proc/sys/kernel/osrelease": REL + "\n",
        f"lib/modules/{REL}/modules.dep": "extra/ip_vs.ko.xz:\n",
        f"lib/modules/{REL}/modules.builtin": "",
    }
    for view in ("now", "boot"):
        (found,) = [one for one in run(tree(files)).results if (one.subject, one.view) == ("ip_vs", view)]
        assert found.status == "fail"
        assert "built without" not in found.message, view
        assert view == "boot" or found.evidence[-1][::2] == (f"/lib/modules/{REL}/modules.dep", "extra/ip_vs.ko.xz")


@pytest.mark.parametrize(
    ("release", "apart"), [("4.18.0-193.el8.x86_64", True), ("4.18.0-240.1.1.el8_3.x86_64", False)]
)
def test_rhel_8_merged_the_two_with_8_3(tree: Tree, release: str, apart: bool) -> None:
    root = tree({"proc/modules": "nf_conntrack 1 0 - Live 0x0\n", "proc/sys/kernel/osrelease": f"{release}\n"})
    assert ("nf_conntrack_ipv4" in statuses(run(root), "now")) is apart


def test_conntrack_on_a_kernel_that_has_it_apart(tree: Tree) -> None:
    root = tree(
        {"proc/modules": "nf_conntrack 1 0 - Live 0x0\n", "proc/sys/kernel/osrelease": "3.10.0-1160.el7.x86_64\n"}
    )
    found = statuses(run(root), "now")
    assert (found["nf_conntrack"], found["nf_conntrack_ipv4"]) == ("pass", "fail")
    (root / "proc/modules").write_text(
        "nf_conntrack_ipv4 1 0 - Live 0x0\nnf_conntrack 1 1 nf_conntrack_ipv4, Live 0x0\n"
    )
    found = statuses(run(root), "now")
    assert (found["nf_conntrack"], found["nf_conntrack_ipv4"]) == ("pass", "pass")


def test_nf_conntrack_ipv4_in_a_profile_for_a_kernel_that_merged_it(tree: Tree) -> None:
    profile = 'schema = "nodecheck.profile/1"\nname = "t"\n[check.kernel-module]\nrequire = ["nf-conntrack-ipv4"]\n'
    root = tree(
        {"proc/modules": "nf_conntrack 1 0 - Live 0x0\n", "proc/sys/kernel/osrelease": REL + "\n", "p.toml": profile}
    )
    report = nodecheck.run(root=str(root), profile=str(root / "p.toml"), select=["kernel-module"])
    assert report["kernel-module[nf_conntrack_ipv4]"].status == "pass"


@pytest.mark.parametrize("cni", ["cilium", "ovn-kubernetes"])
def test_br_netfilter_does_not_apply_without_bridges(tree: Tree, cni: str) -> None:
    report = run(tree({CONF: "ip_vs\n"}), "br_netfilter", cni=cni)
    assert {str(result.status) for result in report.results} == {"skip"}
    assert {result.cause.code for result in report.results if result.cause} == {"not-applicable"}


# --- the whole: boot -----------------------------------------------------------------------------------------------


def test_named_in_modules_load_d(tree: Tree) -> None:
    root = tree({**MODULE_TREE, CONF: "# Kubernetes\nbr-netfilter\n"})
    result = boot(root)
    assert result.status == "pass"
    assert (result.evidence[0].source, result.evidence[0].locator) == ("/" + CONF, "line 2")


@pytest.mark.parametrize("folder", ["etc", "run", "usr/local/lib", "usr/lib", "lib"])
def test_every_directory_counts(tree: Tree, folder: str) -> None:
    assert boot(tree({f"{folder}/modules-load.d/a.conf": "br_netfilter\n"})).status == "pass"


def test_etc_modules_counts_only_by_its_link(tree: Tree) -> None:
    root = tree({"etc/modules": "br_netfilter\n"})
    assert boot(root).status == "fail"
    (root / "etc/modules-load.d").mkdir()
    (root / "etc/modules-load.d/modules.conf").symlink_to("../modules")
    assert boot(root).status == "pass"


@pytest.mark.parametrize(
    "line", ["br_netfilter # for Kubernetes", "br_netfilter opt=1", "#br_netfilter", ";br_netfilter", "br_netfilter.ko"]
)
def test_a_line_that_is_more_than_a_name_loads_nothing(tree: Tree, line: str) -> None:
    root = tree({**MODULE_TREE, CONF: line + "\n"})
    result = boot(root)
    assert result.status == "fail"
    mend(root, result)
    assert boot(root).status == "pass"


def test_a_mask_of_the_same_name_hides(tree: Tree) -> None:
    root = tree({"usr/lib/modules-load.d/k8s.conf": "br_netfilter\n", "etc/modules-load.d/x.txt": "br_netfilter\n"})
    assert boot(root).status == "pass"
    (root / CONF).symlink_to("/dev/null")
    result = boot(root)
    assert result.status == "fail"
    mend(root, result)
    assert boot(root).status == "pass"


def test_pulled_in_by_one_that_is_loaded(tree: Tree) -> None:
    root = tree({**MODULE_TREE, CONF: "ip_vs_rr\n"})
    found = statuses(run(root))
    assert (found["ip_vs"], found["nf_conntrack"], found["ip_vs_sh"]) == ("pass", "pass", "fail")
    root = tree({"etc/modprobe.d/k8s.conf": "softdep ip_vs_rr pre: ip-vs-wrr post: ip_vs_sh\n"})
    found = statuses(run(root))
    assert (found["ip_vs_wrr"], found["ip_vs_sh"], found["br_netfilter"]) == ("pass", "pass", "fail")


def test_a_scheduler_needs_ip_vs_also_without_a_tree(tree: Tree) -> None:
    found = statuses(run(tree({CONF: "ip_vs_rr\n"})))
    assert (found["ip_vs"], found["ip_vs_rr"], found["ip_vs_wrr"]) == ("pass", "pass", "fail")


def test_configured_without_a_tree_passes_and_says_so(tree: Tree) -> None:
    assert "no module tree" in boot(tree({CONF: "br_netfilter\n"})).message


@pytest.mark.parametrize("suffix", [".ko", ".ko.xz", ".ko.zst", ".ko.gz"])
def test_the_tree_of_the_kernel_that_will_boot_must_have_it(tree: Tree, suffix: str) -> None:
    other = DEP.replace("br_netfilter", "other")
    root = tree({**MODULE_TREE, CONF: "br_netfilter\n", f"lib/modules/{REL}/modules.dep": other})
    result = boot(root)
    assert (result.status, result.actual) == ("fail", "missing")
    (root / f"lib/modules/{REL}/modules.dep").write_text(other + f"extra/br-netfilter{suffix}:\n")
    assert boot(root).status == "pass"


def test_a_tree_without_modules_dep_is_walked_through(tree: Tree) -> None:
    """depmod writes ``modules.dep.bin`` beside it, which modprobe reads."""
    binary = {f"usr/lib/modules/{REL}/modules.dep.bin": b"\xb0\x07\xf4\x57"}
    root = tree({CONF: "br_netfilter\n", f"usr/lib/modules/{REL}/updates/x/ip-vs.ko.zst": "", **binary})
    assert boot(root).status == "fail"
    (root / f"usr/lib/modules/{REL}/updates/x/br-netfilter.ko.zst").touch()
    assert boot(root).status == "pass"


def test_without_either_list_modprobe_finds_no_module(tree: Tree) -> None:
    """A real node whose new kernel had lost its modules.dep started without what modules-load.d names."""
    root = tree({CONF: "br_netfilter\n", f"usr/lib/modules/{REL}/kernel/net/bridge/br_netfilter.ko": ""})
    result = boot(root)
    assert (result.status, result.actual) == ("fail", "missing")
    assert "has no modules.dep" in result.message


def test_depmod_was_not_run(tree: Tree) -> None:
    missing = DEP.replace("br_netfilter", "other")
    files = {
        f"lib/modules/{REL}/modules.dep": missing,
        f"lib/modules/{REL}/extra/br_netfilter.ko": "",
        CONF: "br_netfilter\n",
    }
    result = boot(tree({**MODULE_TREE, **files}))
    assert "depmod" in result.message
    assert result.fix is not None
    assert result.fix.steps == ((("depmod", "-a", "--", REL),),)


def test_built_in_needs_nothing(tree: Tree) -> None:
    built_in = f"lib/modules/{REL}/modules.builtin"
    root = tree(
        {
            **MODULE_TREE,
            built_in: "kernel/net/bridge/br_netfilter.ko\n",
            "etc/modprobe.d/x.conf": "blacklist br_netfilter\n",
        }
    )
    assert (boot(root).status, boot(root).actual) == ("pass", "built-in")


STOPS = [
    "blacklist br_netfilter",
    "blacklist br-netfilter",
    "install br_netfilter /bin/false",
    "install br_net* /bin/true",
    "install bridge /usr/bin/true",
    "alias br_netfilter off",
]


@pytest.mark.parametrize("line", STOPS)
@pytest.mark.parametrize("folder", ["etc", "run", "usr/lib", "lib"])
def test_lines_of_modprobe_d_stop_it(tree: Tree, line: str, folder: str) -> None:
    root = tree({**MODULE_TREE, CONF: "br_netfilter\n", f"{folder}/modprobe.d/cis.conf": f"# CIS\n{line}\n"})
    result = boot(root)
    assert (result.status, result.actual) == ("fail", "blocked")
    assert any(item.value == line for item in result.evidence)
    mend(root, result)
    assert boot(root).status == "pass"


@pytest.mark.parametrize("named", [{CONF: "br_netfilter\n"}, {"proc/cmdline": "quiet\n"}], ids=["named", "unnamed"])
def test_one_fix_takes_away_all_that_stops_it(tree: Tree, named: dict[str, str]) -> None:
    one = "blacklist br-netfilter\ninstall br_netfilter /bin/false\ninstall bridge /bin/true\nalias br_netfilter off\n"
    other = "blacklist br-netfilter\nblacklist br_netfilter\n"
    root = tree({**MODULE_TREE, **named, "etc/modprobe.d/cis.conf": one, "lib/modprobe.d/x.conf": other})
    mend(root, boot(root))
    assert boot(root).status == "pass"


@pytest.mark.parametrize(("words", "manual"), [("quiet", False), ("nomodule", True)])
def test_a_masked_service_and_a_blacklist_are_one_fix(tree: Tree, words: str, manual: bool) -> None:
    root = tree({**MODULE_TREE, CONF: "br_netfilter\n", "etc/modprobe.d/a.conf": "blacklist br_netfilter\n",
                 "proc/cmdline": f"{words}\n"})  # fmt: skip
    mask = root / "etc/systemd/system/systemd-modules-load.service"
    mask.parent.mkdir(parents=True)
    mask.symlink_to("/dev/null")
    fix = boot(root).fix
    assert fix is not None
    assert fix.steps[0] == Command(("systemctl", "unmask", "systemd-modules-load.service"))
    assert (fix.safety == "manual") is manual
    if not manual:
        mask.unlink()
        mend(root, boot(root))
        assert isinstance(fix.steps[1], Edit)
        assert boot(root).status == "pass"


def test_what_cannot_be_followed_below_a_blacklist_is_left_to_a_person(tree: Tree) -> None:
    lines = "blacklist br_netfilter\ninstall br_netfilter /usr/local/bin/load\n"
    fix = boot(tree({**MODULE_TREE, CONF: "br_netfilter\n", "etc/modprobe.d/a.conf": lines})).fix
    assert fix is not None
    assert fix.safety == "manual"
    assert "/usr/local/bin/load" in str(fix.steps[-1])


@pytest.mark.parametrize(
    "line", ["blacklist bridge", "blacklist br", "# blacklist br_netfilter", "options br_netfilter x=1"]
)
def test_lines_of_modprobe_d_that_do_not(tree: Tree, line: str) -> None:
    assert boot(tree({**MODULE_TREE, CONF: "br_netfilter\n", "etc/modprobe.d/a.conf": line})).status == "pass"


def test_a_blacklist_does_not_stop_a_dependency(tree: Tree) -> None:
    root = tree({**MODULE_TREE, CONF: "ip_vs_rr\n", "etc/modprobe.d/a.conf": "blacklist ip_vs\n"})
    assert boot(root, "ip_vs").status == "pass"


def test_an_install_command_that_nobody_can_follow_is_unknown(tree: Tree) -> None:
    root = tree({CONF: "br_netfilter\n", "etc/modprobe.d/a.conf": "install br_netfilter /usr/local/bin/load\n"})
    assert boot(root).status == "unknown"


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("modules_load=overlay,br-netfilter", "pass"),
        ("modules-load=br_netfilter", "pass"),
        ("rd.modules_load=br_netfilter", "pass"),
        ("modules_load=br_netfilter module_blacklist=br_netfilter", "fail"),
        ("modules_load=br_netfilter modprobe.blacklist=x,br_netfilter", "fail"),
        ("modules_load=br_netfilter nomodule", "fail"),
        ("modules_load=br_netfilter systemd.mask=systemd-modules-load.service", "fail"),
        ("modules_load=br_netfilterx", "fail"),
    ],
)
def test_the_command_line(tree: Tree, words: str, status: str) -> None:
    assert boot(tree({"proc/cmdline": f"root=/dev/sda1 {words} quiet\n"})).status == status


def test_an_initrd_without_systemd_loads_nothing_for_the_command_line(tree: Tree) -> None:
    root = tree({"proc/cmdline": "rd.modules_load=br_netfilter\n", "usr/sbin/mkinitramfs": "#!/bin/sh\n"})
    assert boot(root).status == "fail"


def test_a_masked_service_loads_nothing(tree: Tree) -> None:
    root = tree({**MODULE_TREE, CONF: "br_netfilter\n", "etc/systemd/system/x.service": ""})
    (root / "etc/systemd/system/systemd-modules-load.service").symlink_to("/dev/null")
    result = boot(root)
    assert result.status == "fail"
    mend(root, result)
    assert boot(root).status == "pass"


def test_a_service_that_nothing_starts_loads_nothing(tree: Tree) -> None:
    units = "usr/lib/systemd/system"
    names = ("sysinit.target", "systemd-modules-load.service", "systemd-sysctl.service")
    text = "[Service]\nExecStart=/usr/lib/systemd/systemd-modules-load\n"
    root = tree({**MODULE_TREE, CONF: "br_netfilter\n", **{f"{units}/{name}": text for name in names}})
    wants = root / units / "sysinit.target.wants"
    wants.mkdir()
    (wants / "systemd-sysctl.service").symlink_to("../systemd-sysctl.service")
    found = boot(root)
    assert found.status == "fail"
    assert "nothing starts systemd-modules-load.service" in found.message
    assert found.fix is not None
    assert "None" not in str(found.fix.steps)
    (wants / "systemd-modules-load.service").symlink_to("../systemd-modules-load.service")
    assert boot(root).status == "pass"
    nulled = root / "etc/systemd/system/sysinit.target.wants"
    nulled.mkdir(parents=True)
    (nulled / "systemd-modules-load.service").symlink_to("/dev/null")
    assert boot(root).status == "fail"


def test_an_enabled_service_loads_it(tree: Tree) -> None:
    unit = "[Service]\nExecStartPre=-/sbin/modprobe br_netfilter\nExecStart=/usr/local/bin/k3s\n"
    root = tree({**MODULE_TREE, "etc/systemd/system/k3s.service": unit})
    assert boot(root).status == "fail"
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir()
    (wants / "k3s.service").symlink_to("../k3s.service")
    assert boot(root).status == "pass"


IPVS_MODULES = "etc/sysconfig/modules/ipvs.modules"
SCRIPT = "#!/bin/bash\n" + "".join(f"modprobe -- {name}\n" for name in (*IPVS, "nf_conntrack_ipv4"))
EL7 = "3.10.0-862.el7.x86_64"
CENTOS7: dict[str, str | bytes] = {
    "etc/os-release": 'ID="centos"\nVERSION_ID="7"\n',
    IPVS_MODULES: SCRIPT,
    f"usr/lib/modules/{EL7}/modules.dep": EL7_DEP,
    f"usr/lib/modules/{EL7}/modules.builtin": "",
}


def test_reference_installation_ipvs_modules_works_only_with_its_exec_bit(tree: Tree) -> None:
    root = tree(CENTOS7)
    names = (*IPVS, "nf_conntrack")
    report = run(root, profile="centos7-kubeadm-1.17")
    assert {statuses(report)[name] for name in names} == {"fail"}
    assert "no execute permission" in report["kernel-module[ip_vs]@boot"].message
    (root / IPVS_MODULES).chmod(0o755)
    found = statuses(run(root, profile="centos7-kubeadm-1.17"))
    assert {found[name] for name in (*names, "nf_conntrack_ipv4")} == {"pass"}


def test_the_scripts_are_run_by_an_enabled_unit_alone(tree: Tree) -> None:
    unit = "[Service]\nExecStart=/lib/systemd/rhel-loadmodules\n"
    root = tree({**CENTOS7, "usr/lib/systemd/system/rhel-loadmodules.service": unit})
    (root / IPVS_MODULES).chmod(0o755)
    assert boot(root, "ip_vs").status == "fail"
    wants = root / "usr/lib/systemd/system/sysinit.target.wants"
    wants.mkdir()
    (wants / "rhel-loadmodules.service").symlink_to("../rhel-loadmodules.service")
    assert boot(root, "ip_vs").status == "pass"


@pytest.mark.parametrize("release", ['ID="rhel"\nVERSION_ID="9.4"\n', "ID=ubuntu\nVERSION_ID=22.04\n"])
def test_newer_distributions_do_not_run_the_scripts(tree: Tree, release: str) -> None:
    root = tree({**MODULE_TREE, IPVS_MODULES: SCRIPT, "etc/os-release": release})
    (root / IPVS_MODULES).chmod(0o755)
    result = boot(root, "ip_vs")
    assert result.status == "fail"
    assert "nothing runs it" in result.message
    mend(root, result)
    assert boot(root, "ip_vs").status == "pass"


def test_a_script_that_cannot_be_followed_is_no_evidence(tree: Tree) -> None:
    root = tree({**CENTOS7, IPVS_MODULES: "#!/bin/sh\nfor m in $(ls /ipvs); do modprobe $m; done\n"})
    (root / IPVS_MODULES).chmod(0o755)
    assert boot(root, "ip_vs").status == "unknown"


@pytest.mark.parametrize("path", ["etc/rc.d/rc.local", "etc/rc.local"])
def test_rc_local_loads_late(tree: Tree, path: str) -> None:
    root = tree({**MODULE_TREE, path: "#!/bin/sh\ntouch /var/lock/subsys/local\nmodprobe br_netfilter\n"})
    assert boot(root).status == "fail"
    (root / path).chmod(0o755)
    assert boot(root).status == "pass"
    (root / "etc/systemd/system").mkdir(parents=True)
    (root / "etc/systemd/system/rc-local.service").symlink_to("/dev/null")
    assert boot(root).status == "fail"


def test_openrc_reads_its_own_files(tree: Tree) -> None:
    root = tree(
        {
            "sbin/openrc": "",
            "etc/modules": "ip_vs conn_tab_bits=12\n",
            "etc/conf.d/modules": 'modules="br_netfilter x"\n',
        }
    )
    assert (boot(root).status, boot(root, "ip_vs").status, boot(root, "ip_vs_rr").status) == ("pass", "pass", "fail")

    (root / "etc/runlevels/boot").mkdir(parents=True)  # its service modules is in no runlevel
    assert (boot(root).status, boot(root, "ip_vs").status) == ("fail", "fail")
    (root / "etc/runlevels/boot/modules").symlink_to("/etc/init.d/modules")
    assert boot(root).status == "pass"
    (root / "etc/runlevels/boot/modules").unlink()
    (root / "etc/runlevels/sysinit").mkdir()  # where update-rc.d of Debian and Devuan puts what is of level S
    (root / "etc/runlevels/sysinit/kmod").symlink_to("/etc/init.d/kmod")
    assert boot(root, "ip_vs").status == "pass"


# --- every source in turn ------------------------------------------------------------------------------------------

SOURCES = [
    CONF,
    "etc/modules-load.d",
    "etc/modprobe.d",
    "etc/modprobe.d/a.conf",
    f"lib/modules/{REL}/modules.dep",
    f"lib/modules/{REL}/modules.builtin",
    "etc/sysconfig/modules",
    IPVS_MODULES,
    "etc/rc.local",
    "proc/modules",
    "proc/sys/kernel/osrelease",
]
FOLDERS = (
    "etc/modules-load.d",
    "etc/modprobe.d",
    "etc/sysconfig/modules",
    "sys/module/br_netfilter",
    "proc/sys/net/bridge",
)


def spoils(sources: list[str]) -> list[tuple[str, str]]:
    """Each source with each thing that may be in its place, but what is a directory anyhow."""
    hows = ("directory", "fifo", "loop", "large")
    return [(source, how) for source in sources for how in hows if how != "directory" or source not in FOLDERS]


def spoil(path: Path, how: str) -> None:
    if path.is_dir():
        path.rename(path.with_name("spare"))
    else:
        path.unlink(missing_ok=True)
    if how == "directory":
        path.mkdir()
    elif how == "fifo":
        os.mkfifo(path)
    elif how == "loop":
        path.symlink_to(path.name)
    else:
        with path.open("wb") as file:
            file.truncate(1 << 30)


@pytest.mark.parametrize(("source", "how"), spoils(SOURCES))
def test_a_source_that_cannot_be_read_never_passes(tree: Tree, source: str, how: str) -> None:
    root = tree(
        {
            **MODULE_TREE,
            CONF: "br_netfilter\n",
            "etc/modprobe.d/a.conf": "# nothing\n",
            IPVS_MODULES: SCRIPT,
            "etc/rc.local": "",
        }
    )
    for name, content in {"modules": "br_netfilter 1 0 - Live 0x0\n", "sys/kernel/osrelease": REL}.items():
        tree({f"proc/{name}": content})
    spoil(root / source, how)
    report = run(root, "br_netfilter")
    view = "now" if source == "proc/modules" else "boot"
    assert statuses(report, view)["br_netfilter"] == "unknown"


NOW_SOURCES = ["proc/modules", "sys/module/br_netfilter", "proc/sys/net/bridge", "proc/config.gz", f"boot/config-{REL}"]


@pytest.mark.parametrize(("source", "how"), spoils(NOW_SOURCES))
def test_the_source_that_would_tell_cannot_be_read(tree: Tree, source: str, how: str) -> None:
    root = tree({"proc/modules": "", "proc/sys/kernel/osrelease": REL, f"{source}.d/x": "", "sys/module/x/x": ""})
    (root / f"{source}.d/x").unlink()
    (root / f"{source}.d").rmdir()
    spoil(root / source, how)
    assert statuses(run(root, "br_netfilter"), "now")["br_netfilter"] == "unknown"


def test_a_list_of_modules_and_nothing_else(tree: Tree) -> None:
    assert statuses(run(tree({"proc/modules": ""})), "now") == dict.fromkeys(ALL, "fail")


@pytest.mark.parametrize("noise", [b"\x00\xff" * 99, b"x y z\n", b"br_netfilter 1 0"])
def test_noise_in_the_list_of_modules(tree: Tree, noise: bytes) -> None:
    assert statuses(run(tree({"proc/modules": noise})), "now")["br_netfilter"] == "unknown"


def test_truncated_files_are_what_the_real_program_would_make_of_them(tree: Tree) -> None:
    assert boot(tree({**MODULE_TREE, CONF: "overlay\nbr_netfilter"})).status == "pass"
    assert boot(tree({CONF: "overlay\nbr_netfil"})).status == "fail"


# --- real files ----------------------------------------------------------------------------------------------------


def required(tmp_path: Path, names: Iterable[str]) -> str:
    profile = tmp_path / "profile.toml"
    profile.write_text(
        f'schema = "nodecheck.profile/1"\nname = "t"\n[check.kernel-module]\nrequire = {json.dumps(sorted(names))}\n'
    )
    return str(profile)


def test_corpus(corpus: Path, tmp_path: Path) -> None:
    wrong = []
    for item in json.loads((corpus / "03-modules/manifest.json").read_text()):
        truth, root = item["truth"], corpus / "03-modules" / item["root"]
        if truth["kind"] == "lsmod":
            continue  # a program's table; no node holds it
        boots, now = set(truth.get("loaded_at_boot", ())), {*truth.get("loaded", ()), *truth.get("builtin", ())}
        names = {"br_netfilter", "ip_vs", "overlay", *boots, *now}
        report = nodecheck.run(root=str(root), profile=required(tmp_path, names), select=["kernel-module"])
        view, good = ("now", now) if truth["kind"] == "proc-modules" else ("boot", boots | now)
        expected = {name: "pass" if name in good else "fail" for name in names}
        wrong += [
            (item["id"], name) for name, status in statuses(report, view).items() if expected[str(name)] != status
        ]
    assert wrong == []


def test_corpus_hosts(corpus: Path, tmp_path: Path) -> None:
    for item in json.loads((corpus / "09-host-roots/manifest.json").read_text()):
        probe = item["truth"].get("probe_modules", {})
        if probe:
            root = corpus / "09-host-roots" / item["root"]
            report = nodecheck.run(root=str(root), profile=required(tmp_path, probe), select=["kernel-module@now"])
            assert statuses(report, "now") == {name: "pass" if there else "fail" for name, there in probe.items()}


WITHOUT = {**MODULE_TREE, f"lib/modules/{REL}/modules.dep": DEP.replace("br_netfilter", "br_other")}


def test_what_the_kernel_lacks_is_neither_named_in_a_file_nor_loaded_for_a_key(tree: Tree) -> None:
    root = tree({**WITHOUT, "proc/modules": "", "proc/sys/kernel/osrelease": REL + "\n"})
    report = nodecheck.run(root=str(root), select=["kernel-module[br_netfilter]", "sysctl[net.bridge.*]"])

    key = "sysctl[net.bridge.bridge-nf-call-iptables]@boot"
    for name in ("kernel-module[br_netfilter]", "kernel-module[br_netfilter]@boot", key):
        fix = report[name].fix
        assert report[name].status == "fail", name
        assert fix is not None, name
        assert fix.title == "Use a kernel that has the module", name
    assert nodecheck.plan(report).steps == ()


def test_a_module_that_is_barred_and_not_named_gets_both(tree: Tree) -> None:
    root = tree({**MODULE_TREE, "etc/modprobe.d/x.conf": "blacklist br_netfilter\n", "proc/cmdline": "quiet\n"})
    fix = boot(root).fix

    assert fix is not None
    assert [type(step) for step in fix.steps] == [Edit, Create]
    (root / "etc/modprobe.d/x.conf").write_text("# blacklist br_netfilter\n")
    (root / "etc/modules-load.d").mkdir()
    (root / "etc/modules-load.d/nodecheck-br_netfilter.conf").write_text("br_netfilter\n")
    assert boot(root).status == "pass"


def test_empty_directories_keep_the_service_from_nothing_that_the_fix_writes(tmp_path: Path) -> None:
    """The conditions of the service are triggers, of which one is enough: the file makes one hold."""
    node = debian_node(tmp_path)
    for file in node.glob("*/modules-load.d/*"):
        file.unlink()
    unit = node / "usr/lib/systemd/system/systemd-modules-load.service"
    folders = ("/lib", "/usr/lib", "/usr/local/lib", "/etc", "/run")
    conditions = "".join([f"ConditionDirectoryNotEmpty=|{folder}/modules-load.d\n" for folder in folders])
    unit.write_text(f"[Unit]\nDefaultDependencies=no\n{conditions}{unit.read_text()}")
    found = boot(node)
    assert found.status == "fail"
    assert found.fix is not None
    assert (found.fix.safety, [type(step) for step in found.fix.steps]) == ("safe", [Create])
    mend(node, found)

    assert boot(node).status == "pass"
