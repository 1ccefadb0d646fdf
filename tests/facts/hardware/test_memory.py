"""How much memory there is, from what real kernels write."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.errors import Denied, Malformed, Offline
from nodecheck.facts import Memory
from nodecheck.facts.hardware.memory import LIMIT_IN_BYTES, MEMINFO, MEMORY_MAX, total_in
from nodecheck.testing import Entry, TreeFile, record, write_tree
from tests.rights import modes_hold

GIB = 1 << 30


def found(root: Path, files: dict[str, Entry]) -> Memory:
    return Memory.read(record(write_tree(root, files)))


@pytest.mark.parametrize(
    ("name", "total_kib"),
    [
        ("07-proc-sys/files/ne-meminfo", 3742148),
        ("07-proc-sys/files/facter-meminfo", 4036680),
        ("09-host-roots/files/hotsos-vault", 16393172),
    ],
)
def test_files_of_real_nodes(corpus: Path, name: str, total_kib: int) -> None:
    assert Memory.read(record(corpus / name)) == Memory(total_kib)


@given(total=st.integers(0, 10**12), others=st.lists(st.integers(0, 10**9), max_size=3))
def test_it_reads_what_the_kernel_writes(total: int, others: list[int]) -> None:
    """``show_val_kib`` (fs/proc/meminfo.c) pads the number to 8 places."""
    lines = [f"MemTotal:       {total:8d} kB", *[f"MemFree:        {other:8d} kB" for other in others]]

    assert total_in("\n".join(lines) + "\n") == total


@pytest.mark.parametrize("text", ["", "MemFree: 1 kB\n", "MemTotal: 1\n", "MemTotal: -1 kB\n", "MemTotal: 1 MB\n"])
def test_what_no_kernel_shows(tmp_path: Path, text: str) -> None:
    with pytest.raises(Malformed, match="MemTotal"):
        found(tmp_path, {MEMINFO: text})


def test_an_image_has_none(tmp_path: Path) -> None:
    with pytest.raises(Offline):
        found(tmp_path, {"/etc/hostname": "x\n"})


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({MEMORY_MAX: f"{GIB}\n"}, (GIB, MEMORY_MAX)),
        ({LIMIT_IN_BYTES: f"{GIB}\n"}, (GIB, LIMIT_IN_BYTES)),
        ({MEMORY_MAX: "max\n"}, (None, MEMORY_MAX)),
        ({MEMORY_MAX: f"{8 * GIB}\n"}, (None, MEMORY_MAX)),
        ({LIMIT_IN_BYTES: "9223372036854771712\n"}, (None, MEMORY_MAX)),
        ({}, (None, MEMORY_MAX)),
    ],
)
def test_limits(tmp_path: Path, files: dict[str, str], limit: tuple[int | None, str]) -> None:
    assert found(tmp_path, {MEMINFO: f"MemTotal: {4 << 20} kB\n", **files})[1:] == limit


def test_a_meminfo_that_nobody_may_read(tmp_path: Path) -> None:
    with modes_hold(), pytest.raises(Denied):
        found(tmp_path, {MEMINFO: TreeFile("MemTotal: 1 kB\n", 0)})
