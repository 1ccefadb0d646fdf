"""Fixes of checks that meet what an earlier plan, or a person after it, left on the node."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

import nodecheck
from nodecheck.fix import Fix
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
        (tmp_path / "etc/modules-load.d/nodecheck-br_netfilter_.conf").unlink(missing_ok=True)
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
