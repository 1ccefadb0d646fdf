"""Fixes of checks that meet what an earlier plan, or a person after it, left on the node."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

import nodecheck
from nodecheck.model.steps import Fix
from tests.fix.apply import applied


def test_files_that_are_there_already_are_left(tmp_path: Path) -> None:
    files = ("modules-load.d/nodecheck-br_netfilter", "sysctl.d/99-nodecheck-net.ipv4.ip_forward")
    ours = [tmp_path / f"etc/{name}.conf" for name in files]
    for path in ours:
        path.parent.mkdir(parents=True)
        path.write_text("# switched off\n")
    for name in (
        "kernel-module[br_netfilter]@boot",
        "sysctl[net.ipv4.ip_forward]@boot",
        "sysctl[net.bridge.bridge-nf-call-iptables]@boot",
    ):
        for status in ("fail", "pass"):
            result = nodecheck.run(root=tmp_path, select=[name])[name]
            assert result.status == status, name
            if status == "fail":
                applied(tmp_path, result.fix)
        (tmp_path / "etc/modules-load.d/nodecheck.conf").unlink(missing_ok=True)
    assert [path.read_text() for path in ours] == ["# switched off\n"] * 2


@pytest.mark.parametrize("order", ["dns files", "dns", "dns [!UNAVAIL=return] files", "files dns"])
def test_a_name_is_added_and_the_file_is_asked_first(tmp_path: Path, order: str) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hosts").write_text("127.0.0.1 localhost\n")
    (tmp_path / "etc/nsswitch.conf").write_text(f"hosts: {order}\n")
    profile = tmp_path / "p.toml"
    profile.write_text('schema = "nodecheck.profile/1"\nname = "p"\nnodes = { n1 = "10.0.0.1", n2 = "10.0.0.2" }\n')
    options: dict[str, Any] = {"root": tmp_path, "profile": profile, "select": ["hosts"]}

    found = nodecheck.plan(nodecheck.run(**options))
    applied(tmp_path, Fix("all", tuple([item.step for item in found.steps])))

    assert len(found.steps) == (1 if order == "files dns" else 2)
    assert nodecheck.plan(nodecheck.run(**options)).steps == ()
    assert nodecheck.run(**options).exit_code == 0


def test_a_kernel_without_the_module_needs_another_whatever_forbids_it(tmp_path: Path) -> None:
    files = {"modules-load.d/a": "br_netfilter\n", "modprobe.d/b": "blacklist br_netfilter\n"}
    for name, content in files.items():
        path = tmp_path / f"etc/{name}.conf"
        path.parent.mkdir(parents=True)
        path.write_text(content)
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/config.gz").write_bytes(gzip.compress(b"CONFIG_BRIDGE=m\n# CONFIG_BRIDGE_NETFILTER is not set\n"))

    report = nodecheck.run(root=tmp_path, select=["kernel-module[br_netfilter]@boot", "sysctl[net.bridge.*]@boot"])

    assert len(report.failures) == 3
    assert nodecheck.plan(report).steps == ()


def test_a_key_that_a_rule_of_udev_sets_is_left_to_a_person(tmp_path: Path) -> None:
    rules = tmp_path / "etc/udev/rules.d/99-bridge.rules"
    rules.parent.mkdir(parents=True)
    rules.write_text(
        'ACTION=="add", SUBSYSTEM=="module", KERNEL=="br_netfilter", '
        'RUN+="/sbin/sysctl -w net.bridge.bridge-nf-call-iptables=0"\n'
    )
    key = "sysctl[net.bridge.bridge-nf-call-iptables]@boot"

    report = nodecheck.run(root=tmp_path, select=["sysctl[net.bridge.*]@boot"])
    found = nodecheck.plan(report)

    assert len(report.failures) == 2
    assert [item.id for item in found.not_fixed] == [key]
    assert "99-bridge.rules sets it when br_netfilter is loaded" in found.not_fixed[0].why
    rules.unlink()
    assert nodecheck.plan(nodecheck.run(root=tmp_path, select=[key])).not_fixed == ()


def test_a_service_that_is_not_installed_is_to_be_installed(tmp_path: Path) -> None:
    profile = tmp_path / "p.toml"
    require = '["chronyd", "docker.socket"]'
    profile.write_text(f'schema = "nodecheck.profile/1"\nname = "p"\n[check.service]\nrequire = {require}\n')

    found = nodecheck.plan(nodecheck.run(root=tmp_path, profile=profile, select=["service@boot"]))

    assert [item.why.partition(":")[0] for item in found.not_fixed] == [
        "Install chronyd.service", "Install docker.socket"
    ]  # fmt: skip


def test_selinux_is_off_on_disk_before_it_is_relaxed_now(tmp_path: Path) -> None:
    files = {"sys/fs/selinux/enforce": "1", "etc/selinux/config": "SELINUX=enforcing\nSELINUXTYPE=targeted\n"}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(content)
    profile = tmp_path / "p.toml"
    profile.write_text('schema = "nodecheck.profile/1"\nname = "p"\n[check.selinux]\nallow = ["disabled"]\n')

    found = nodecheck.plan(nodecheck.run(root=tmp_path, profile=profile, select=["selinux"]))

    assert [item.step.kind for item in found.steps] == ["edit", "command"]


GPT = {
    "proc/self/mountinfo": "22 1 8:3 / / rw - ext4 /dev/sda3 rw\n",
    "sys/class/block/sda2/dev": "8:2\n",
    "sys/class/block/sda/sda2/dev": "8:2\n",
    "sys/devices/block/sda/sda3/partition": "3\n",
    "run/udev/data/b8:2": "E:ID_PART_ENTRY_SCHEME=gpt\nE:ID_PART_ENTRY_TYPE=0657fd6d-a4ab-43c4-84e5-0933c84b4f4f\n",
}
ZRAM = "usr/lib/systemd/zram-generator.conf"
SWAPS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "a partition that systemd would turn on by itself": (
        {**GPT, "etc/fstab": "UUID=b none swap sw,pri=5 0 0\n/swap\tnone\tswap"},
        {"etc/fstab": "UUID=b none swap sw,pri=5,noauto 0 0\n/swap\tnone\tswap noauto"},
    ),
    "no such partition": ({"etc/fstab": "UUID=b none swap sw 0 0\n"}, {"etc/fstab": "# UUID=b none swap sw 0 0\n"}),
    "a line and a service for one file": (
        {
            "etc/fstab": "/var/swap none swap sw 0 0\n",
            "etc/dphys-swapfile": "",
            "usr/sbin/dphys-swapfile": "",
            "etc/systemd/system/dphys-swapfile.service": "[Service]\nExecStart=/sbin/dphys-swapfile swapon\n",
            "etc/systemd/system/multi-user.target.wants/dphys-swapfile.service": "-> ../dphys-swapfile.service",
        },
        {"etc/fstab": "# /var/swap none swap sw 0 0\n"},
    ),
    "zram of two files": ({ZRAM: "[zram0]\n", f"{ZRAM}.d/a.conf": "[zram0]\nzram-size = ram\n"}, {}),
    "zram beside a file system of zram": ({ZRAM: "[zram0]\n[zram1]\nmount-point = /var/tmp\n"}, {}),
}


@pytest.mark.parametrize("what", SWAPS)
def test_nothing_else_turns_swap_on_in_the_place_of_what_is_mended(tmp_path: Path, what: str) -> None:
    before, after = SWAPS[what]
    for name, content in {"etc/hostname": "n1\n", "usr/lib/systemd/systemd-sysctl": "", **before}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content.startswith("-> "):
            path.symlink_to(content[3:])
        else:
            path.write_text(content)
    (tmp_path / "sys/dev/block").mkdir(parents=True)
    (tmp_path / "sys/dev/block/8:3").symlink_to("../../devices/block/sda/sda3")

    found = nodecheck.plan(nodecheck.run(root=tmp_path, select=["swap@boot"]))
    applied(tmp_path, Fix("all", tuple([item.step for item in found.steps])))

    assert found.steps
    assert found.not_fixed == ()
    assert [result.id for result in nodecheck.run(root=tmp_path, select=["swap@boot"]).failures] == []
    assert {name: (tmp_path / name).read_text() for name in after} == after
    assert not (tmp_path / "etc/systemd/zram-generator.conf").exists()


def test_swap_is_left_to_a_person_where_a_command_turns_it_on_too(tmp_path: Path) -> None:
    unit = tmp_path / "etc/systemd/system/swapon.service"
    link = tmp_path / "etc/systemd/system/multi-user.target.wants/swapon.service"
    link.parent.mkdir(parents=True)
    unit.write_text("[Service]\nExecStart=/sbin/swapon /swapfile\n")
    link.symlink_to("../swapon.service")
    (tmp_path / "etc/fstab").write_text("/swapfile none swap sw 0 0\n")

    found = nodecheck.plan(nodecheck.run(root=tmp_path, select=["swap@boot"]))

    assert found.steps == ()
    assert "Comment the swap line" in found.not_fixed[0].why
    assert "Take '/sbin/swapon /swapfile' out" in found.not_fixed[0].why
