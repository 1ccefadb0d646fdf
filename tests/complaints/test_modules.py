"""Complaints about kernel modules."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.complaints.planted import MODULES, failed, plant, statuses, told

IPVS = ("ip_vs", "ip_vs_rr", "ip_vs_sh", "ip_vs_wrr")
ALL = ("br_netfilter", *IPVS, "nf_conntrack")
CONF = "etc/modules-load.d/k8s.conf"
PLACES = {
    "br_netfilter": "net/bridge", "nf_conntrack": "net/netfilter", **dict.fromkeys(IPVS, "net/netfilter/ipvs")
}  # fmt: skip


def names(*modules: str, view: str = "") -> set[str]:
    return {f"kernel-module[{name}]{view}" for name in modules}


def listing(ending: str, spelt: str = "_") -> str:
    """modules.dep, or modules.builtin, of all that is asked for."""
    return "".join(f"kernel/{PLACES[name]}/{name.replace('_', spelt)}{ending}\n" for name in ALL)


def test_complaint_01(tmp_path: Path) -> None:
    """kube-proxy read /proc/modules alone, found no line of what is built in, and fell back to iptables (k/k#63801);
    Troubleshoot's collector did not read modules.builtin either (troubleshoot#1737, embedded-cluster#1888)."""
    built_in = {
        "/proc/modules": "", f"{MODULES}/modules.dep": "", f"{MODULES}/modules.builtin": listing(".ko"),
        "/etc/modules-load.d/k8s.conf": "",
    }  # fmt: skip
    root = plant(tmp_path / "node", built_in, without=("boot/config-*",))
    found = told(root, "kernel-module", proxy_mode="ipvs")

    assert set(found) == names(*ALL) | names(*ALL, view="@boot")
    assert {str(one.status) for one in found.values()} == {"pass"}
    assert {one.actual for one in found.values()} == {"built-in"}
    bare = plant(tmp_path / "bare", {**built_in, f"{MODULES}/modules.builtin": ""}, without=("boot/config-*",))
    assert failed(bare, "kernel-module", proxy_mode="ipvs") == set(found) - names("br_netfilter")


def test_complaint_02(tmp_path: Path) -> None:
    """kubeadm called modules that load on demand missing, in a page of text (kubeadm#975), until 1.16 dropped the check
    (k/k#81791): what kube-proxy can load is right, and what nothing can load is not."""
    root = plant(
        tmp_path / "node", {"/proc/modules": "br_netfilter 32768 0 - Live 0x0\n", f"/{CONF}": "br_netfilter\n"}
    )
    found = told(root, "kernel-module", proxy_mode="ipvs")

    assert {str(one.status) for one in found.values()} == {"pass"}
    for name in names(*IPVS) | names(*IPVS, view="@boot"):
        assert found[name].actual == "can be loaded"
        assert "kube-proxy loads it when it starts" in found[name].message
    lacking = {f"{MODULES}/modules.dep": "kernel/net/bridge/br_netfilter.ko.xz:\n"}
    root = plant(tmp_path / "lacking", {**lacking, "/proc/modules": "br_netfilter 1 0 - Live 0x0\n"})
    assert names(*IPVS) <= failed(root, "kernel-module", proxy_mode="ipvs")


@pytest.mark.parametrize("ending", [".ko", ".ko.gz", ".ko.xz", ".ko.zst"])
@pytest.mark.parametrize("spelt", ["_", "-"])
def test_complaint_03(tmp_path: Path, ending: str, spelt: str) -> None:
    """Loaders that looked for NAME.ko alone missed compressed modules (sysdig#1192), and Troubleshoot's collector cuts
    one ending off: ip_vs.ko of ip_vs.ko.zst is no module's name. A hyphen in a file's name is an underscore."""
    dep = listing(f"{ending}:", spelt)
    root = plant(tmp_path, {"/proc/modules": "br_netfilter 1 0 - Live 0x0\n", f"{MODULES}/modules.dep": dep})

    assert set(statuses(root, "kernel-module", proxy_mode="ipvs").values()) == {"pass"}


HELPER = "/proc/sys/kernel/modprobe"
HARDENED = "/etc/sysctl.d/60-hardening.conf"


def test_complaint_53(tmp_path: Path) -> None:
    """``modprobe -n`` and modinfo find the file, and the kernel loads nothing: kernel.modprobe was turned off
    (CubeSandbox#1320). And kernel.modules_disabled leaves modprobe itself without effect until the next boot."""
    loaded = "br_netfilter 1 0 - Live 0x0\n"
    taken = {"/proc/modules": loaded, "/proc/sys/kernel/modules_disabled": "1\n"}
    found = told(plant(tmp_path / "disabled", taken), "kernel-module[ip_vs*]@now", proxy_mode="ipvs")
    assert {str(one.status) for one in found.values()} == {"fail"}
    for one in found.values():
        assert one.fix is not None
        assert one.fix.reboot
        assert not any("modprobe" in str(step) for step in one.fix.steps)

    usual = {
        "/proc/modules": loaded, HELPER: "/sbin/modprobe\n", "/proc/sys/kernel/modules_disabled": "0\n",
        f"/{CONF}": "br_netfilter\n",
    }  # fmt: skip
    for number, helper in enumerate(("", "/bin/false", "/usr/bin/true")):
        root = plant(
            tmp_path / str(number), {**usual, HELPER: f"{helper}\n", HARDENED: f"kernel.modprobe = {helper}\n"}
        )
        assert failed(root, "kernel-module", proxy_mode="ipvs", kubernetes="1.34") == {
            *names("ip_vs_rr", "ip_vs_wrr", "ip_vs_sh"), *names("ip_vs_rr", "ip_vs_wrr", "ip_vs_sh", view="@boot")
        }  # fmt: skip
        assert failed(root, "kernel-module", proxy_mode="ipvs", kubernetes="1.26") == set()  # it runs modprobe for each
        (now, boot) = told(root, "kernel-module[nf_conntrack]", proxy_mode="iptables").values()
        assert [(str(one.status), one.severity.value) for one in (now, boot)] == [("fail", "warning")] * 2
        assert any(item.source == HELPER for item in now.evidence)
        assert any(item.source == HARDENED for item in boot.evidence)
    root = plant(tmp_path / "usual", {**usual, HARDENED: "kernel.modprobe = /usr/sbin/modprobe\n"})
    assert failed(root, "kernel-module", proxy_mode="ipvs") == set()
