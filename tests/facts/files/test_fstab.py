"""fstab, against the C library that systemd reads it with."""

from __future__ import annotations

import ctypes
import ctypes.util
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodecheck.facts.files.fstab import parse_fstab

TOKENS = (
    b"/dev/sda2", b"swap", b" ", b"\t", b"\n", b"none", b"#", b"\\040", b"\\134", b"\\\\", b"\r", b"\0", b",noauto",
    b"\xff", b"\\", b"x" * 2000, b"y" * 4090, b"\x0b", b"\\0401", b"defaults",
)  # fmt: skip


class _Mntent(ctypes.Structure):
    _fields_ = (
        ("fsname", ctypes.c_char_p),
        ("dir", ctypes.c_char_p),
        ("type", ctypes.c_char_p),
        ("opts", ctypes.c_char_p),
        ("freq", ctypes.c_int),
        ("passno", ctypes.c_int),
    )


def glibc(raw: bytes, path: Path) -> list[tuple[bytes, bytes, bytes, bytes]]:
    """The entries as getmntent(3) of this machine reads them."""
    libc = ctypes.CDLL(ctypes.util.find_library("c"))
    libc.setmntent.restype = ctypes.c_void_p
    libc.setmntent.argtypes = (ctypes.c_char_p, ctypes.c_char_p)
    libc.getmntent.restype = ctypes.POINTER(_Mntent)
    libc.getmntent.argtypes = (ctypes.c_void_p,)
    libc.endmntent.argtypes = (ctypes.c_void_p,)
    path.write_bytes(raw)
    stream = libc.setmntent(str(path).encode(), b"re")
    found = []
    while entry := libc.getmntent(stream):
        found.append(
            (entry.contents.fsname, entry.contents.dir, entry.contents.type, entry.contents.opts),
        )
    libc.endmntent(stream)
    return found


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(TOKENS), max_size=30))
def test_glibc_reads_the_same(tmp_path: Path, tokens: list[bytes]) -> None:
    raw = b"".join(tokens)
    entries = parse_fstab(raw.decode("utf-8", "surrogateescape")).entries
    ours = [
        tuple(field.encode("utf-8", "surrogateescape") for field in (e.spec, e.file, e.kind, e.options))
        for e in entries
    ]
    assert ours == glibc(raw, tmp_path / "fstab")


@pytest.mark.parametrize(
    ("options", "noauto"),
    [
        ("noauto", True),
        ("sw,noauto,auto", False),
        ("auto,noauto,nofail", True),
        ("noauto=1", True),
        ("x-noauto,comment=noauto,NOAUTO", False),
        ("x\\,noauto", False),
        ("", False),
    ],
)
def test_the_last_of_auto_and_noauto_counts(options: str, noauto: bool) -> None:
    (entry,) = parse_fstab(f"/dev/sda2\tnone swap {options}\n").entries
    assert entry.says("noauto", "auto") is noauto


def test_lines_are_kept_whole() -> None:
    (entry,) = parse_fstab("# swap\n\n  /swap.img\tnone\tswap\tsw\t0\t0  # mine\n").entries
    assert (entry.line, entry.text) == (3, "  /swap.img\tnone\tswap\tsw\t0\t0  # mine")
