"""Complaints about swap."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from nodecheck.model.steps import Create, Edit
from nodecheck.plugins import load
from nodecheck.testing import Entry, TreeFile, TreeLink
from tests.complaints.planted import Running, failed, on, plant, statuses, told
from tests.nodes import debian_node, rocky_node
from tests.reference import reference_node
from tests.requirements.faulty import CONFIG, CONTROLLERS, KUBELET, SWAPS, V1

ROOT = "UUID=0a3407de-014b-458b-b5c1-848e92a327a3 / ext4 errors=remount-ro 0 1\n"
EMPTY = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
ON_ZRAM = f"{EMPTY}/dev/zram0                              partition\t8388604\t\t0\t\t100\n"
MASKED = {"/etc/systemd/system/swap.target": TreeLink("/dev/null")}


def test_complaint_12(tmp_path: Path) -> None:
    """``swapoff -a`` made every preflight pass, and the kubelet stayed down after the next reboot (kubespray#2348,
    rook#1632, kubeadm#110): kubeadm reads /proc/swaps alone."""
    line = "/dev/mapper/vg-swap\tnone\tswap\tsw\t0\t0"
    found = told(plant(tmp_path, {"/proc/swaps": EMPTY, "/etc/fstab": f"{ROOT}{line}\n"}, on("debian-12")), "swap")

    assert {name: str(one.status) for name, one in found.items()} == {
        "swap": "pass", "swap[/dev/mapper/vg-swap]@boot": "fail"
    }  # fmt: skip
    one = found["swap[/dev/mapper/vg-swap]@boot"]
    assert (one.evidence[0].source, one.evidence[0].value) == ("/etc/fstab", line)
    assert one.fix is not None
    assert one.fix.steps == (Edit("/etc/fstab", line, f"# {line}"),)


GPT = {
    "/proc/self/mountinfo": "22 1 8:3 / / rw - ext4 /dev/sda3 rw\n",
    "/sys/dev/block/8:3": TreeLink("../../devices/block/sda/sda3"), "/sys/devices/block/sda/sda3/partition": "3\n",
    "/sys/class/block/sda/sda2/dev": "8:2\n", "/sys/class/block/sda2/dev": "8:2\n",
    "/run/udev/data/b8:2": "E:ID_PART_ENTRY_SCHEME=gpt\nE:ID_PART_ENTRY_TYPE=0657fd6d-a4ab-43c4-84e5-0933c84b4f4f\n"
    "E:ID_PART_ENTRY_NUMBER=2\n",
}  # fmt: skip
UNIT = {
    "/etc/systemd/system/dev-sdb1.swap": "[Swap]\nWhat=/dev/sdb1\n[Install]\nWantedBy=swap.target\n",
    "/etc/systemd/system/swap.target.wants/dev-sdb1.swap": TreeLink("/etc/systemd/system/dev-sdb1.swap"),
}
RESUME = {
    "/etc/initramfs-tools/conf.d/resume": "RESUME=/dev/sda2\n",
    "/proc/cmdline": "root=UUID=x ro resume=/dev/sda2\n",
}


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (GPT, {"swap[/dev/sda2]@boot": "fail"}),
        (UNIT, {"swap[/dev/sdb1]@boot": "fail"}),
        (RESUME, {"swap@boot": "pass"}),
    ],
    ids=["GPT", "a unit", "resume"],
)
def test_complaint_13(tmp_path: Path, files: Mapping[str, str], found: dict[str, str]) -> None:
    """fstab was clean, and swap came back by the GPT partition's type or by a .swap unit (deckhouse#8644, #8680): what
    edits fstab sees neither. ``resume=`` reads an image from the partition, and turns no swap on."""
    root = plant(tmp_path, {"/proc/swaps": EMPTY, "/etc/fstab": ROOT, **files}, on("debian-12"))

    assert statuses(root, "swap@boot") == found


def test_complaint_14(tmp_path: Path) -> None:
    """kubespray masked swap.target (#10587), which does nothing on CentOS 7 (#10741); and its edit of fstab failed
    where there is none, as on Fedora CoreOS (#10581)."""
    line = {"/etc/fstab": f"{ROOT}/dev/mapper/centos-swap swap swap defaults 0 0\n"}
    found = told(plant(tmp_path / "el7", {**line, **MASKED}, reference_node), "swap@boot")
    (one,) = found.values()
    assert (one.id, one.status) == ("swap[/dev/mapper/centos-swap]@boot", "fail")
    assert one.fix is not None
    assert [type(step) for step in one.fix.steps] == [Edit]  # and no mask of swap.target

    assert statuses(plant(tmp_path / "12", {**line, **MASKED}, on("debian-12")), "swap@boot") == {"swap@boot": "pass"}
    root = plant(tmp_path / "none", {}, on("debian-12"), without=("etc/fstab",))
    assert statuses(root, "swap@boot") == {"swap@boot": "pass"}


FEDORA: dict[str, Entry] = {
    "/usr/lib/systemd/system-generators/zram-generator": TreeFile("", 0o755),
    "/usr/lib/systemd/zram-generator.conf": "[zram0]\nzram-size = min(ram, 8192)\n", "/proc/swaps": ON_ZRAM,
}  # fmt: skip
TOLERANT = "failSwapOn: false\nmemorySwap: {swapBehavior: "
TOLERATED = f"{KUBELET}{TOLERANT}NoSwap}}\n"


def test_complaint_15(tmp_path: Path) -> None:
    """Swap of zram is in no fstab: kubespray's edit left it on (#6946, #8241, #10077), on Fedora and on a Raspberry Pi.
    Who wants to keep it (fedora-coreos-tracker#859) tells the kubelet."""
    found = told(plant(tmp_path / "fedora", FEDORA, rocky_node), "swap")
    assert {(name, str(one.status), str(one.severity.value)) for name, one in found.items()} == {
        ("swap[/dev/zram0]", "fail", "error"), ("swap[/dev/zram0]@boot", "fail", "error")
    }  # fmt: skip
    assert "zram device" in found["swap[/dev/zram0]"].message
    boot = found["swap[/dev/zram0]@boot"]
    assert "zram-generator" in boot.message
    assert boot.fix is not None
    assert boot.fix.steps == (Create("/etc/systemd/zram-generator.conf", "0644", ""),)

    root = plant(tmp_path / "kept", {**FEDORA, CONFIG: TOLERATED})
    kept = told(root, "swap", "kubelet-swap", kubernetes="1.34")
    assert {one.severity.value for one in kept.values() if one.check == "swap"} == {"info"}
    assert {str(one.status) for one in kept.values() if one.check == "kubelet-swap"} == {"pass"}

    root = plant(
        tmp_path / "pi", {}, on("raspberry-pi-os-13"), without=("etc/rpi/swap.conf.d/90-disable-swap.conf",)
    )  # fmt: skip
    (pi,) = told(root, "swap@boot").values()
    assert (pi.id, pi.status, pi.message) == (
        "swap[/dev/zram0]@boot", "fail", "rpi-swap turns swap on at boot: /dev/zram0"
    )  # fmt: skip
    assert pi.fix is not None
    assert [step.path for step in pi.fix.steps if isinstance(step, Create)] == [
        "/etc/rpi/swap.conf.d/90-nodecheck.conf"
    ]
    assert len(pi.fix.steps) == 1


KEPT = (
    "/dev/mapper/vg-swan_data /data ext4 defaults 0 2", "/dev/sdc1\t/opt/swaps\text4\tdefaults\t0\t2",
    "# /dev/sdx none swap sw 0 0",
)  # fmt: skip
SWAP_LINES = ("/dev/sda5\tnone\tswap\tsw\t0\t0", "/swapfile none swap sw 0 0 # of the installer")


def test_complaint_16(tmp_path: Path) -> None:
    """Patterns over fstab missed tabs, took mounts with ``swap`` in their names (kubekey), and put ``#`` into a line's
    middle (cks-course#30, ansible#42837): the third field alone decides, and each line is edited whole."""
    fstab = "".join(f"{line}\n" for line in (ROOT.strip("\n"), *KEPT, *SWAP_LINES))
    root = plant(tmp_path, {"/etc/fstab": fstab}, on("debian-12"))
    found = told(root, "swap@boot")

    assert set(found) == {"swap[/dev/sda5]@boot", "swap[/swapfile]@boot"}
    edits = [step for one in found.values() if one.fix is not None for step in one.fix.steps]
    assert sorted(edits) == [Edit("/etc/fstab", line, f"# {line}") for line in sorted(SWAP_LINES)]
    text = fstab
    for line in SWAP_LINES:
        text = text.replace(f"{line}\n", f"# {line}\n")
    (root / "etc/fstab").write_text(text)
    assert statuses(root, "swap@boot") == {"swap@boot": "pass"}
    assert all(f"{line}\n" in text for line in KEPT)


@pytest.mark.parametrize(
    ("settings", "on_v1", "refused"),
    [
        ("", False, {"swap[/swapfile]"}),
        ("failSwapOn: false\n", False, set()),
        (f"{TOLERANT}LimitedSwap}}\n", False, set()),
        (f"{TOLERANT}LimitedSwap}}\n", True, {"swap[/swapfile]", "kubelet-swap"}),
        (f"{TOLERANT}UnlimitedSwap}}\n", False, {"swap[/swapfile]", "kubelet-swap"}),
    ],
)
def test_complaint_17(tmp_path: Path, settings: str, on_v1: bool, refused: set[str]) -> None:
    """Who ignored kubeadm's ``Swap`` got a kubelet that did not start (kubeadm#2580, #610, k/k#104854): that check
    knows nothing of failSwapOn, swapBehavior and the version of cgroups, by which the kubelet decides."""
    files = {"/proc/swaps": SWAPS, CONFIG: KUBELET + settings, **(V1 if on_v1 else {})}
    root = plant(tmp_path, files, without=(CONTROLLERS,) if on_v1 else ())

    assert failed(root, "swap@now", "kubelet-swap@now", kubernetes="1.34") == refused


def test_complaint_18(tmp_path: Path) -> None:
    """The kubelet did not start on a kernel without swap, because /proc/swaps was not there (k/k#64117, #72993)."""
    found = told(Running(plant(tmp_path / "none", {}, without=("proc/swaps",))), "swap@now")
    assert [(one.id, str(one.status), one.message) for one in found.values()] == [
        ("swap", "pass", "the kernel has no swap")
    ]
    assert failed(Running(plant(tmp_path / "swap", {"/proc/swaps": SWAPS})), "swap@now") == {"swap[/swapfile]"}


def test_complaint_19(tmp_path: Path) -> None:
    """``vm.swappiness=0`` was taken for swap that is off (AKSFlexNode#67)."""
    tuned = {"/proc/sys/vm/swappiness": "0\n", "/etc/sysctl.d/90-swap.conf": "vm.swappiness = 0\n"}
    fstab = {"/etc/fstab": f"{ROOT}/swapfile none swap sw 0 0\n"}
    root = plant(tmp_path, {**tuned, **fstab, "/proc/swaps": SWAPS}, debian_node)

    assert failed(root, "swap") == {"swap[/swapfile]", "swap[/swapfile]@boot"}
    assert "vm.swappiness" in (load().check("swap").doc or "")
