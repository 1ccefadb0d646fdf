"""On a node that runs, containerd's own word decides how its files are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nodecheck.testing import judge, record, replay
from nodecheck_checks.runtime.cgroup_driver import cgroup_driver

Tree = Callable[[dict[str, "str | bytes"]], Path]

TABLE = "plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc"
FILE = f"version = 3\n[{TABLE}]\nruntime_type = 'io.containerd.runc.v2'\n[{TABLE}.options]\nSystemdCgroup = true\n"
VERSION = "containerd github.com/containerd/containerd{} {} 0123456789abcdef\n"


@pytest.mark.parametrize(
    ("told", "status"),
    [(("", "1.6.20~ds1"), "fail"), (("", "v1.7.27"), "unknown"), (("/v2", "v2.1.4"), "pass"), (None, "pass")],
)
def test_the_program_tells_its_release(tree: Tree, told: tuple[str, str] | None, status: str) -> None:
    recording = record(tree({"/etc/containerd/config.toml": FILE, "/usr/bin/containerd": "x"}))
    recording.running = True
    judge(cgroup_driver, recording)
    data = recording.to_data()
    for answer in data["answers"]:
        if answer["question"] == ["run", ["containerd", "--version"]] and told is not None:
            stdout = VERSION.format(*told)
            done = {"argv": ["/usr/bin/containerd", "--version"], "code": 0, "stdout": stdout, "stderr": ""}
            answer["answer"] = {"Completed": done}
    report = judge(cgroup_driver, replay(data))

    assert report["cgroup-driver[containerd]"].status == status
