"""Programs with a configuration of their own act at boot, and only where the next boot starts them.

Each kind has its members and its twins: a file that looks like it and does nothing, a unit that does not start.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import nodecheck
from nodecheck import Result
from nodecheck.checking.store import Facts
from nodecheck.facts import BootSysctls
from nodecheck.host import RootHost
from tests.nodes import debian_node
from tests.reference import write

UNITS = "usr/lib/systemd/system"
ETC = "etc/systemd/system"
FORWARD = "sysctl[net.ipv4.ip_forward]@boot"
ON = "net.ipv4.ip_forward = 1\n"
UFW = {"etc/ufw/ufw.conf": "ENABLED=yes\n", "etc/default/ufw": "IPT_SYSCTL=/etc/ufw/sysctl.conf\n"}
DEBIAN_12 = {"etc/os-release": "ID=debian\nVERSION_ID=12\n"}
AZURE = "ResourceDisk.Format=y\nResourceDisk.EnableSwap=y\nResourceDisk.SwapSizeMB=2048\n"
SHOREWALL = "etc/shorewall/shorewall.conf"
RPI = "usr/lib/systemd/system-generators/rpi-swap-generator"

Files = dict[str, str]


def node(root: Path, files: Files, *started: str, forward: bool | None = True) -> Path:
    """A healthy Debian with more files, and units that it starts; ``forward``: sysctl.d says so, or says nothing."""
    debian_node(root)
    conf = root / "etc/sysctl.d/k8s.conf"
    conf.write_text(conf.read_text().replace(ON, ON if forward else ""))
    for name, content in files.items():
        write(root, name, content)
    for unit in started:
        start(root, unit)
    return root


def start(root: Path, unit: str, arguments: str = "") -> None:
    """Install a unit with its program, and enable it."""
    program = f"usr/bin/{unit.removesuffix('.service')}"
    write(root, program, "")
    (root / program).chmod(0o755)
    write(
        root, f"{UNITS}/{unit}", f"[Service]\nExecStart=/{program} {arguments}\n[Install]\nWantedBy=multi-user.target\n"
    )
    link = root / f"{ETC}/multi-user.target.wants/{unit}"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(f"/{UNITS}/{unit}")


def judged(root: Path, result: str) -> Result:
    return nodecheck.run(root=str(root), select=[result.partition("[")[0] + "@boot"])[result]


def status(root: Path, result: str = FORWARD) -> str:
    return str(judged(root, result).status.value)


def swaps(root: Path) -> dict[str, str]:
    report = nodecheck.run(root=str(root), select=["swap@boot"])
    return {result.subject or "": str(result.status.value) for result in report.results}


@pytest.mark.parametrize(
    ("files", "started", "expected"),
    [
        ({**UFW, "etc/ufw/sysctl.conf": "net/ipv4/ip_forward=0\n"}, True, "fail"),
        ({**UFW, "etc/ufw/sysctl.conf": "# x\nnet.ipv4.conf.all.forwarding = 0\n"}, True, "fail"),
        ({**UFW, "etc/default/ufw": "IPT_SYSCTL='/etc/x'\n", "etc/x": "net/ipv4/ip_forward=0\n"}, True, "fail"),
        ({**UFW, "etc/ufw/sysctl.conf": "net/ipv4/ip_forward=0\n"}, False, "pass"),
        ({**UFW, "etc/ufw/ufw.conf": "ENABLED=no\n", "etc/ufw/sysctl.conf": "net/ipv4/ip_forward=0\n"}, True, "pass"),
        ({**UFW, "etc/default/ufw": "IPT_SYSCTL=\n", "etc/ufw/sysctl.conf": "net/ipv4/ip_forward=0\n"}, True, "pass"),
        ({**UFW, "etc/ufw/sysctl.conf": "#net/ipv4/ip_forward=0\n"}, True, "pass"),
    ],
)
def test_ufw_applies_a_sysctl_file_of_its_own(tmp_path: Path, files: Files, started: bool, expected: str) -> None:
    root = node(tmp_path, files, *(["ufw.service"] if started else []))
    if not started:
        (root / f"{ETC}/multi-user.target.wants/ufw.service").unlink()
    assert status(root) == expected


def test_ufw_turns_forwarding_on_and_is_told_where_it_wins(tmp_path: Path) -> None:
    root = node(tmp_path, {**UFW, "etc/ufw/sysctl.conf": "net/ipv4/ip_forward=1\n"}, "ufw.service", forward=False)
    found = judged(root, FORWARD)
    assert (found.status.value, found.evidence[0].source) == ("pass", "/etc/ufw/sysctl.conf")
    (root / "etc/ufw/sysctl.conf").write_text("net/ipv4/ip_forward=0\n")
    found = judged(root, FORWARD)
    assert found.status.value == "fail"
    assert found.fix is not None
    assert "/etc/ufw/sysctl.conf" in str(found.fix)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"etc/tmpfiles.d/z.conf": "w /proc/sys/net/ipv4/ip_forward - - - - 0\n"}, "fail"),
        ({"usr/lib/tmpfiles.d/z.conf": "w!\t/proc/sys/net/ipv4/conf/all/forwarding\t-\t-\t-\t-\t0\n"}, "fail"),
        ({"etc/tmpfiles.d/z.conf": "f+ /proc/sys/net/ipv4/ip_forward 0644 root root - 0\n"}, "fail"),
        ({"etc/tmpfiles.d/z.conf": "w~ /proc/sys/net/ipv4/ip_forward - - - - MA==\n"}, "unknown"),
        ({"etc/tmpfiles.d/z.conf": "f /proc/sys/net/ipv4/ip_forward - - - - 0\n"}, "pass"),
        ({"etc/tmpfiles.d/z.conf": "L /proc/sys/net/ipv4/ip_forward - - - - /etc/zero\n"}, "pass"),
        ({"etc/tmpfiles.d/z.conf": "# w /proc/sys/net/ipv4/ip_forward - - - - 0\n"}, "pass"),
        ({"etc/tmpfiles.d/z": "w /proc/sys/net/ipv4/ip_forward - - - - 0\n"}, "pass"),
        (
            {
                "etc/tmpfiles.d/a.conf": "w /proc/sys/net/ipv4/ip_forward - - - - 1\n",
                "etc/tmpfiles.d/b.conf": "w /proc/sys/net/ipv4/ip_forward - - - - 0\n",
            },
            "pass",
        ),
    ],
)
def test_tmpfiles_write_below_proc_sys(tmp_path: Path, files: Files, expected: str) -> None:
    root = node(tmp_path, files)
    write(root, f"{UNITS}/systemd-tmpfiles-setup.service", "[Service]\nExecStart=/usr/bin/mount\n")
    link = root / f"{UNITS}/sysinit.target.wants/systemd-tmpfiles-setup.service"
    link.symlink_to("../systemd-tmpfiles-setup.service")
    assert status(root) == expected
    link.unlink()
    assert status(root) == "pass"


NETWORK = "etc/systemd/network/a.network"
MASQUERADE = "[Match]\nName=e*\n[Network]\nIPMasquerade=ipv4\n"


@pytest.mark.parametrize(
    ("files", "forward", "expected"),
    [
        ({"etc/systemd/networkd.conf": "[Network]\nIPv4Forwarding=no\n"}, True, "fail"),
        ({"etc/systemd/networkd.conf.d/x.conf": "[Network]\nIPv4Forwarding=yes\n"}, False, "pass"),
        ({NETWORK: MASQUERADE}, False, "pass"),
        ({"etc/systemd/networkd.conf": "[Network]\nIPv6Forwarding=no\n"}, True, "pass"),
        ({"etc/systemd/networkd.conf": "[Network]\n#IPv4Forwarding=no\n"}, True, "pass"),
        ({NETWORK: "[Network]\nIPForward=yes\n"}, False, "fail"),
        ({NETWORK: "[Match]\nName=e*\n[Network]\nIPv4Forwarding=no\n"}, True, "pass"),
        ({"etc/systemd/networkd.conf": "[Network]\nIPv4Forwarding=no\n", **DEBIAN_12}, True, "pass"),
        ({NETWORK: "[Match]\nName=e*\n[Network]\nIPForward=ipv4\n", **DEBIAN_12}, False, "pass"),
        ({NETWORK: MASQUERADE, **DEBIAN_12}, False, "pass"),
        ({NETWORK: "[Match]\nName=x7\n[Network]\nIPForward=yes\n", **DEBIAN_12}, False, "unknown"),
        ({NETWORK: "[Match]\nName=x7\n[Network]\nIPForward=yes\n", **DEBIAN_12}, True, "pass"),
        ({NETWORK: "[Match]\nName=e*\n[Network]\nIPForward=no\n", **DEBIAN_12}, True, "pass"),
        ({"etc/netplan/x.yaml": "", "etc/systemd/network/10-netplan-x7.network.d/f.conf": "[Network]\nIPForward=yes\n",
          **DEBIAN_12}, False, "unknown"),
    ],
)  # fmt: skip
def test_networkd_forwards_by_its_release(tmp_path: Path, files: Files, forward: bool, expected: str) -> None:
    root = node(tmp_path, files, "systemd-networkd.service", forward=forward)
    assert status(root) == expected
    (root / f"{ETC}/multi-user.target.wants/systemd-networkd.service").unlink()
    assert status(root) == ("pass" if forward else "fail")


VETH = "[Match]\nKind=veth\nName=ve-*\nDriver=veth\n[Network]\nIPMasquerade=both\n"


@pytest.mark.parametrize(
    ("name", "machine", "expected"),
    [
        ("80-container-ve.network", False, "fail"),
        ("80-container-ve.network", True, "unknown"),
        ("80-own.network", False, "unknown"),
    ],
)
@pytest.mark.parametrize("release", [DEBIAN_12, {"etc/os-release": "ID=debian\nVERSION_ID=13\n"}], ids=["252", "257"])
def test_links_of_containers_are_there_with_these_alone(
    tmp_path: Path, release: Files, name: str, machine: bool, expected: str
) -> None:
    files = {f"usr/lib/systemd/network/{name}": VETH, **release}
    root = node(tmp_path, files, "systemd-networkd.service", forward=False)
    if machine:
        write(root, f"{UNITS}/systemd-nspawn@.service", "[Service]\nExecStart=/usr/bin/systemd-nspawn\n")
        (root / f"{ETC}/machines.target.wants").mkdir(parents=True)
        link = root / f"{ETC}/machines.target.wants/systemd-nspawn@a.service"
        link.symlink_to(f"/{UNITS}/systemd-nspawn@.service")

    assert status(root) == expected


@pytest.mark.parametrize(
    ("unit", "files", "forward", "expected"),
    [
        ("frr.service", {"etc/frr/frr.conf": "frr version 8.4\nno ip forwarding\n!\n"}, True, "fail"),
        ("frr.service", {"etc/frr/zebra.conf": "no ip forwarding\n"}, True, "fail"),
        ("frr.service", {"etc/frr/frr.conf": "ip forwarding\n"}, False, "pass"),
        ("frr.service", {"etc/frr/frr.conf": "!no ip forwarding\n"}, True, "pass"),
        ("frr.service", {"etc/frr/frr.conf": "", "etc/frr/zebra.conf": "no ip forwarding\n"}, True, "pass"),
        ("shorewall.service", {SHOREWALL: "IP_FORWARDING=Off\n"}, True, "fail"),
        ("shorewall.service", {SHOREWALL: "STARTUP_ENABLED=Yes\n"}, False, "pass"),
        ("shorewall.service", {SHOREWALL: "IP_FORWARDING=Keep\n"}, True, "pass"),
        (
            "shorewall.service",
            {SHOREWALL: "STARTUP_ENABLED=No\nIP_FORWARDING=Off\n"},
            True,
            "pass",
        ),
    ],
)
def test_routers_and_firewalls_set_forwarding(
    tmp_path: Path, unit: str, files: Files, forward: bool, expected: str
) -> None:
    root = node(tmp_path, files, unit, forward=forward)
    assert status(root) == expected
    link = root / f"{ETC}/{unit}"
    link.symlink_to("/dev/null")
    assert status(root) == ("pass" if forward else "fail")


@pytest.mark.parametrize(
    ("unit", "settings", "expected"),
    [
        ("walinuxagent.service", AZURE, {"/mnt/resource/swapfile": "fail"}),
        ("waagent.service", AZURE + "ResourceDisk.MountPoint=/mnt\n", {"/mnt/swapfile": "fail"}),
        ("waagent.service", AZURE.replace("EnableSwap=y", "EnableSwap=Y # on"), {"/mnt/resource/swapfile": "fail"}),
        ("waagent.service", AZURE.replace("Format=y", "Format=n"), {"": "pass"}),
        ("waagent.service", AZURE.replace("EnableSwap=y", "EnableSwap=n"), {"": "pass"}),
        ("waagent.service", AZURE.replace("2048", "0"), {"": "pass"}),
        ("waagent.service", "#" + AZURE.replace("\n", "\n#"), {"": "pass"}),
        ("", AZURE, {"": "pass"}),
    ],
)
def test_the_azure_agent_makes_swap(tmp_path: Path, unit: str, settings: str, expected: dict[str, str]) -> None:
    root = node(tmp_path, {"etc/waagent.conf": settings}, *([unit] if unit else []))
    assert swaps(root) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({RPI: "x"}, {"/dev/zram0": "fail"}),
        ({RPI: "x", "etc/rpi/swap.conf": "[Main]\nMechanism=zram\n"}, {"/dev/zram0": "fail"}),
        ({RPI: "x", "etc/rpi/swap.conf.d/9.conf": "[Main]\nMechanism=swapfile\n"}, {"/var/swap": "fail"}),
        ({RPI: "x", "etc/rpi/swap.conf": "[Main]\nMechanism=swapfile\n[File]\nPath=/srv/s\n"}, {"/srv/s": "fail"}),
        ({RPI: "x", "etc/rpi/swap.conf": "[Main]\nMechanism=none\n"}, {"": "pass"}),
        (
            {
                RPI: "x",
                "etc/rpi/swap.conf": "[Main]\nMechanism=zram\n",
                "etc/rpi/swap.conf.d/90-off.conf": "[Main]\nMechanism=none\n",
            },
            {"": "pass"},
        ),
        ({RPI: "x", "etc/rpi/swap.conf": "[Main]\nMechanism=swapfile\n[File]\nFixedSizeMiB=0\n"}, {"": "pass"}),
        ({RPI: "x", "etc/systemd/system-generators/rpi-swap-generator": ""}, {"": "pass"}),
        ({"etc/rpi/swap.conf": "[Main]\nMechanism=zram\n"}, {"": "pass"}),
    ],
)
def test_the_generator_of_raspberry_pi_os_makes_swap(tmp_path: Path, files: Files, expected: dict[str, str]) -> None:
    assert swaps(node(tmp_path, files)) == expected


SWAP_CFG = "#cloud-config\nswap:\n  filename: /swap.img\n  size: 2147483648\n"
CLOUD = {"usr/lib/systemd/system-generators/cloud-init-generator": "x", f"{UNITS}/cloud-init.target": "[Unit]\n"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"etc/cloud/cloud.cfg.d/99-swap.cfg": SWAP_CFG}, {"/swap.img": "fail"}),
        ({"etc/cloud/cloud.cfg": "swap: {size: auto}\ncloud_init_modules:\n - mounts\n"}, {"/swap.img": "fail"}),
        ({"etc/cloud/cloud.cfg.d/9.cfg": "swap:\n  size: 1G\n  filename: /s\n"}, {"/s": "fail"}),
        ({"etc/cloud/cloud.cfg.d/9.cfg": SWAP_CFG, "etc/cloud/cloud-init.disabled": ""}, {"": "pass"}),
        ({"etc/cloud/cloud.cfg.d/9.cfg": SWAP_CFG, "var/lib/cloud/instance/x": ""}, {"": "pass"}),
        ({"etc/cloud/cloud.cfg.d/9.cfg": "swap:\n  size: 0\n"}, {"": "pass"}),
        ({"etc/cloud/cloud.cfg.d/9.cfg": "#swap:\n#  size: 1\n"}, {"": "pass"}),
        ({"etc/cloud/cloud.cfg.d/9.txt": SWAP_CFG}, {"": "pass"}),
    ],
)
def test_cloud_init_makes_swap_on_the_first_boot(tmp_path: Path, files: Files, expected: dict[str, str]) -> None:
    root = node(tmp_path, {**CLOUD, **files, f"{UNITS}/cloud-init.service": "[Service]\nExecStart=/usr/bin/mount\n"})
    link = root / f"{ETC}/cloud-init.target.wants/cloud-init.service"
    link.parent.mkdir()
    link.symlink_to(f"/{UNITS}/cloud-init.service")
    assert swaps(root) == expected
    write(root, "etc/systemd/system-generators/cloud-init-generator", "")
    assert swaps(root) == {"": "pass"}


@pytest.mark.parametrize(
    ("unit", "settings", "expected"),
    [
        ("armbian-zram-config", {"etc/default/armbian-zram-config": "ENABLED=true\n"}, "fail"),
        ("armbian-zram-config", {"etc/default/armbian-zram-config": "ENABLED=false\n"}, "pass"),
        ("armbian-zram-config", {"etc/default/armbian-zram-config": "ENABLED=true\nSWAP=false\n"}, "pass"),
        ("armbian-zram-config", {}, "pass"),
        ("systemd-swap", {"etc/systemd/swap.conf": "zram_enabled=1\n"}, "fail"),
        ("systemd-swap", {"etc/systemd/swap.conf": "zram_enabled=0\nswapfc_enabled=0\nswapd_auto_swapon=0\n"}, "pass"),
        (
            "systemd-swap",
            {
                "etc/systemd/swap.conf": "zram_enabled=0\nswapfc_enabled=0\nswapd_auto_swapon=0\n",
                "etc/systemd/swap.conf.d/x.conf": "swapfc_enabled=1\n",
            },
            "fail",
        ),
    ],
)
def test_services_of_zram_heed_their_switches(tmp_path: Path, unit: str, settings: Files, expected: str) -> None:
    root = node(tmp_path, settings, f"{unit}.service")
    assert set(swaps(root).values()) == {expected}


def test_swapspace_may_make_swap(tmp_path: Path) -> None:
    root = node(tmp_path, {}, "swapspace.service")
    assert swaps(root) == {"/var/lib/swapspace": "unknown"}
    (root / f"{ETC}/multi-user.target.wants/swapspace.service").unlink()
    assert swaps(root) == {"": "pass"}


def test_a_file_that_cannot_be_read_leaves_its_key_open(tmp_path: Path) -> None:
    root = node(tmp_path, {"etc/frr/frr.conf/x": ""}, "frr.service")
    assert status(root) == "unknown"
    assert status(root, "sysctl[net.bridge.bridge-nf-call-iptables]@boot") == "pass"
    assert swaps(root) == {"": "pass"}


def test_a_hidden_file_takes_no_other_verdict_along(tmp_path: Path) -> None:
    root = node(tmp_path, {f"{NETWORK}/x": "", **DEBIAN_12}, "systemd-networkd.service")
    assert status(root) == "pass"
    assert status(root, "sysctl[net.bridge.bridge-nf-call-iptables]@boot") == "pass"
    assert status(root, "kernel-module[br_netfilter]@boot") == "pass"


@pytest.mark.parametrize(
    ("own", "tmpfiles", "expected"),
    [("0", "1", "unknown"), ("1", "0", "fail"), (None, "1", "pass"), (None, "0", "fail"), ("1", "1", "pass")],
)
def test_nothing_orders_tmpfiles_and_sysctl_d(tmp_path: Path, own: str | None, tmpfiles: str, expected: str) -> None:
    """Either may be the last, as an emulated node showed: what tmpfiles breaks counts, what it makes right does not."""
    root = debian_node(tmp_path)
    (root / "etc/sysctl.d/k8s.conf").unlink()
    if own is not None:
        write(root, "etc/sysctl.d/k8s.conf", f"net.ipv4.ip_forward = {own}\n")
    write(root, "etc/tmpfiles.d/z.conf", f"w /proc/sys/net/ipv4/ip_forward - - - - {tmpfiles}\n")
    own_unit = (
        "[Unit]\nDefaultDependencies=no\nBefore=sysinit.target\n[Service]\nType=oneshot\nExecStart=/usr/bin/mount\n"
    )
    write(root, f"{UNITS}/systemd-tmpfiles-setup.service", own_unit)
    link = root / f"{UNITS}/sysinit.target.wants/systemd-tmpfiles-setup.service"
    link.symlink_to("../systemd-tmpfiles-setup.service")
    found = nodecheck.run(root=root, select=["sysctl[net.ipv4.ip_forward]@boot"])

    assert [str(result.status) for result in found.results] == [expected]


@pytest.mark.parametrize(
    ("order", "values", "expected"),
    [("", "10", "unknown"), ("", "01", "unknown"), ("", "11", "pass"), ("", "00", "fail"),
     ("After=a.service\n", "01", "pass"), ("After=a.service\n", "10", "fail")],
)  # fmt: skip
def test_two_services_that_nothing_orders(tmp_path: Path, order: str, values: str, expected: str) -> None:
    """On an emulated node the one that comes first by its name was the last."""
    root = debian_node(tmp_path)
    (root / "etc/sysctl.d/k8s.conf").unlink()
    write(root, "usr/sbin/sysctl", "#!/bin/sh\n")
    (root / "usr/sbin/sysctl").chmod(0o755)
    for name, value in zip("ab", values):
        unit = f"[Unit]\n{order if name == 'b' else ''}[Service]\nType=oneshot\n"
        unit += f"ExecStart=/usr/sbin/sysctl -w net.ipv4.ip_forward={value}\n"
        write(root, f"etc/systemd/system/{name}.service", unit)
        link = root / f"etc/systemd/system/multi-user.target.wants/{name}.service"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(f"../{name}.service")
    found = nodecheck.run(root=root, select=["sysctl[net.ipv4.ip_forward]@boot"])

    assert [str(result.status) for result in found.results] == [expected]


def test_many_services_that_nothing_orders_make_one_doubt_each(tmp_path: Path) -> None:
    """Not one for each pair: 1600 commands took half a gigabyte."""
    root = debian_node(tmp_path)
    write(root, "usr/sbin/sysctl", "#!/bin/sh\n")
    (root / "usr/sbin/sysctl").chmod(0o755)
    (root / "etc/systemd/system/multi-user.target.wants").mkdir(parents=True, exist_ok=True)
    for number in range(30):
        unit = f"[Service]\nType=oneshot\nExecStart=/usr/sbin/sysctl -w net.ipv4.ip_forward={number % 2}\n"
        write(root, f"etc/systemd/system/x{number}.service", unit)
        link = root / f"etc/systemd/system/multi-user.target.wants/x{number}.service"
        link.symlink_to(f"../x{number}.service")
    found = Facts(RootHost(str(root))).get(BootSysctls).runs

    assert len([run for run in found if run.doubt is None and run.actor.startswith("x")]) == 30
    assert len([run for run in found if run.doubt is not None and run.actor.startswith("x")]) == 30
