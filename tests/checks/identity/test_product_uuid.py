"""The UUID that the firmware gives the machine, which no report and no capture holds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from nodecheck.capturing.host import CaptureHost
from nodecheck.capturing.masking import is_secret_file
from nodecheck.capturing.text import dumped
from nodecheck.errors import Denied
from nodecheck.facts.distro.identity import derived_id
from nodecheck.facts.distro.product_uuid import PLACEHOLDERS, PRODUCT_UUID
from nodecheck.host import RootHost
from nodecheck.testing import Entry, TreeLink, assert_declared, capture_of, judge, record, replay, run, write_tree
from nodecheck_checks.identity.product_uuid import product_uuid
from tests.nodes import debian_node

UUID = "4c4c4544-0051-3410-8051-b5c04f375931"
PLACE = "/sys/devices/virtual/dmi/id"


def node(content: str | bytes) -> dict[str, Entry]:
    """sysfs as the kernel lays it out."""
    return {"/sys/class/dmi/id": TreeLink("../../devices/virtual/dmi/id"), f"{PLACE}/product_uuid": content}


class Running(RootHost):
    """A tree that stands for a running node."""

    running = True


def found(root: Path, files: Mapping[str, Entry]) -> tuple[str, str | None]:
    recording = record(Running(str(write_tree(root, files))))
    (first,) = judge(product_uuid, recording)
    (again,) = judge(product_uuid, replay(recording.to_data()))

    assert (first.status, first.fingerprint, first.message) == (again.status, again.fingerprint, again.message)
    assert UUID not in repr(first).lower()
    return first.status.value, first.actual


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (f"{UUID}\n", "pass"),
        (f"{UUID.upper()}\n", "pass"),
        *[(f"{one}\n", "fail") for one in PLACEHOLDERS],
        (f"{PLACEHOLDERS[0].upper()}\n", "fail"),
        ("00000000-0000-0000-0000-000000000000\n", "fail"),
        ("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF\n", "fail"),
        ("Not Settable\n", "fail"),
        (f"{UUID.replace('-', '')}\n", "fail"),
        (f"{UUID[:-1]}\n", "fail"),
        (b"\xff\n", "fail"),
        ("", "fail"),
    ],
)
def test_values(tmp_path: Path, content: str | bytes, expected: str) -> None:
    assert found(tmp_path, node(content))[0] == expected


def test_equal_ids_give_equal_values(tmp_path: Path) -> None:
    first = found(tmp_path / "a", node(f"{UUID}\n"))
    assert first == found(tmp_path / "b", node(f"{UUID.upper()}\n"))
    assert first != found(tmp_path / "c", node(f"{UUID[:-1]}2\n"))


def test_a_board_without_smbios_is_skipped(tmp_path: Path) -> None:
    (result,) = judge(product_uuid, Running(str(write_tree(tmp_path, {"/sys/class/net/lo/mtu": "65536\n"}))))
    assert result.status == "skip"


def test_a_root_is_skipped(tmp_path: Path) -> None:
    (result,) = judge(product_uuid, write_tree(tmp_path, node(f"{UUID}\n")))
    assert (result.status, result.cause and result.cause.code) == ("skip", "offline")


def test_who_is_not_root_does_not_know(tmp_path: Path) -> None:
    class Refusing(Running):
        def read_at(self, path: str, offset: int, size: int) -> bytes:
            raise Denied(path, "permission denied")

    (result,) = judge(product_uuid, Refusing(str(write_tree(tmp_path, node(f"{UUID}\n")))))
    assert (result.status, result.cause and result.cause.code) == ("unknown", "denied")


def test_a_capture_leaves_it_out(tmp_path: Path) -> None:
    assert is_secret_file(f"{PLACE}/product_uuid")
    assert is_secret_file(PRODUCT_UUID)
    capture = capture_of(Running(str(write_tree(tmp_path, node(f"{UUID}\n")))))
    (result,) = judge(product_uuid, capture)

    assert (result.status, result.cause and result.cause.code) == ("skip", "not-captured")
    assert isinstance(capture, CaptureHost)
    text = dumped(capture.image).decode("utf-8", "replace").lower()
    assert PLACE in text
    assert UUID not in text


def test_the_fix_makes_it_pass(tmp_path: Path) -> None:
    (before,) = judge(product_uuid, Running(str(write_tree(tmp_path, node(f"{PLACEHOLDERS[0]}\n")))))
    assert before.fix is not None
    assert [step.kind for step in before.fix.steps] == ["manual"]
    (tmp_path / PLACE[1:] / "product_uuid").write_text(f"{UUID}\n")

    assert found(tmp_path, {})[0] == "pass"


def test_what_is_asked_is_declared(tmp_path: Path) -> None:
    assert_declared(product_uuid, Running(str(write_tree(tmp_path, node(f"{UUID}\n")))))


def test_one_fault_in_a_healthy_node_fails_this_check_alone(tmp_path: Path) -> None:
    def errors(name: str, content: str) -> set[str]:
        tree = write_tree(debian_node(tmp_path / name), node(content))
        return {one.id for one in run(Running(str(tree))).results if one.status == "fail" and one.severity == "error"}

    assert errors("a", f"{PLACEHOLDERS[0]}\n") - errors("b", f"{UUID}\n") == {"product-uuid"}


@pytest.mark.skipif(not os.path.exists(PRODUCT_UUID) or os.geteuid() != 0, reason="no SMBIOS here, or no root")
def test_the_kernels_own_file() -> None:
    """What the kernel prints is read as a UUID, or as one that many machines have."""
    (result,) = run(select=["product-uuid"]).results
    told = Path(PRODUCT_UUID).read_text().strip().lower()
    digits = told.replace("-", "")
    many = told in PLACEHOLDERS or len(set(digits)) == 1
    assert (str(result.status), result.actual) == (("fail", told) if many else ("pass", derived_id(digits)))
    assert many or told not in repr(result)
