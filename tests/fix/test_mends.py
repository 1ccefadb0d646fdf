"""Fixes of checks that meet what an earlier plan, or a person after it, left on the node."""

from __future__ import annotations

from pathlib import Path

import nodecheck
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
