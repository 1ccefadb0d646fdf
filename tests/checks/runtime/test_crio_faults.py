"""CRI-O's refusals by its release: the given cases, other forms and look-alikes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck

Tree = Callable[[dict[str, "str | bytes"]], Path]


@pytest.mark.parametrize(
    ("release", "text", "status", "driver"),
    [
        ("1.19.0", "cgroup_manager = 'cgroupfs'", "unknown", None),
        ("1.22.5", "cgroup_manager = 'systemd'\nconmon_cgroup = ''", "unknown", None),
        ("1.23.5", "conmon_cgroup = ''", "unknown", None),
        ("1.30.4", "cgroup_manager = 'cgroupfs'", "unknown", None),  # cri-o#7605, #6047
        ("1.33.0", "cgroup_manager = 'cgroupfs'\nconmon_cgroup = 'x.slice'", "unknown", None),
        (None, "conmon_cgroup = ''", "unknown", None),
        # None of the releases that start with it uses systemd.
        (None, "cgroup_manager = 'cgroupfs'", "fail", "cgroupfs"),
        ("1.18.4", "cgroup_manager = 'cgroupfs'", "fail", "cgroupfs"),
        ("1.33.0", "cgroup_manager = 'cgroupfs'", "fail", "cgroupfs"),
        ("1.17.0", "", "fail", "cgroupfs"),
        # Look-alikes
        ("1.24.0", "conmon_cgroup = ''", "pass", "systemd"),
        ("1.19.0", "conmon_cgroup = 'pod'", "pass", "systemd"),
        ("1.19.0", "", "pass", "systemd"),
        (None, "", "pass", "systemd"),
    ],
)
def test_what_a_release_starts_with(
    tree: Tree, release: str | None, text: str, status: str, driver: str | None
) -> None:
    files: dict[str, str | bytes] = {"/etc/crio/crio.conf": f"[crio.runtime]\n{text}\n"}
    if release is not None:
        package = f"Package: cri-o\nStatus: install ok installed\nArchitecture: amd64\nVersion: {release}-1\n"
        files["/var/lib/dpkg/status"] = package
    found = nodecheck.run(root=tree(files), select=["cgroup-driver"])["cgroup-driver[crio]"]

    assert (found.status, found.actual) == (status, driver)
