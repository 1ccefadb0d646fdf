"""How many processors there are, from what real kernels write."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.errors import Malformed, Offline
from nodecheck.facts import Processors
from nodecheck.facts.hardware.processors import ONLINE, OWN_STATUS, STATUS, allowed_in, cpu_numbers, quota_of
from nodecheck.testing import Entry, record, write_tree

REAL = """\
Name:\tsystemd
Umask:\t0000
State:\tS (sleeping)
Tgid:\t1
Seccomp:\t0
Cpus_allowed:\tffffffff,ffffffff,ffffffff,ffffffff
Cpus_allowed_list:\t0-127
Mems_allowed:\t00000000,00000001
Mems_allowed_list:\t0
"""
"""Of a virtual machine with 4 of 128 slots in use: the mask holds those that may still be plugged in."""


def found(root: Path, files: dict[str, Entry]) -> Processors:
    return Processors.read(record(write_tree(root, files)))


def test_what_is_allowed_and_online_counts(tmp_path: Path) -> None:
    assert found(tmp_path, {STATUS: REAL, ONLINE: "0-3\n"})[:4] == (4, "0-127", STATUS, "0-3")


@pytest.mark.parametrize(
    ("allowed", "online", "count"),
    [("0-127", None, 128), ("2-3", "0-7\n", 2), ("0,4", "0-3\n", 1), ("4-5", "0-1\n", 2), ("0-1", "\n", 2)],
)
def test_affinity(tmp_path: Path, allowed: str, online: str | None, count: int) -> None:
    """A container of LXC may number what is online in its own way: then the affinity alone counts."""
    files: dict[str, Entry] = {STATUS: REAL.replace("0-127", allowed)}
    assert found(tmp_path, files if online is None else {**files, ONLINE: online}).usable == count


def test_a_first_process_that_is_hidden(tmp_path: Path) -> None:
    assert found(tmp_path, {OWN_STATUS: REAL, ONLINE: "0\n"})[:3] == (1, "0-127", OWN_STATUS)


def test_an_image_has_none(tmp_path: Path) -> None:
    with pytest.raises(Offline):
        found(tmp_path, {"/etc/hostname": "x\n"})


@pytest.mark.parametrize("listed", ["", "x", "3-1", "0-", "0-99999", "0,,1", "-1", "0-3:1/2"])
def test_what_no_kernel_shows(tmp_path: Path, listed: str) -> None:
    if listed:
        with pytest.raises(Malformed):
            found(tmp_path, {STATUS: REAL.replace("0-127", listed)})
    assert found(tmp_path / "a", {STATUS: REAL, ONLINE: "0\n"}).usable == 1


def test_no_such_line(tmp_path: Path) -> None:
    assert allowed_in("Name:\tx\n") is None
    with pytest.raises(Malformed, match="Cpus_allowed_list"):
        found(tmp_path, {STATUS: "Name:\tx\n"})


def test_lists() -> None:
    assert cpu_numbers("0-1,4,6-7") == {0, 1, 4, 6, 7}


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "x\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0.5),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({}, None),
    ],
)
def test_quotas(tmp_path: Path, files: dict[str, str], quota: float | None) -> None:
    assert (
        found(tmp_path, {STATUS: REAL, **{f"/sys/fs/cgroup/{name}": text for name, text in files.items()}}).quota
        == quota
    )
    assert quota_of("0 100000") is None


def test_more_ranges_than_there_are_processors_are_refused() -> None:
    with pytest.raises(ValueError, match="ranges"):
        cpu_numbers("0-8191," * 140_000 + "0")
