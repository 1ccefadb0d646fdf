"""Nodes that are unfit after the next boot fail, and their twins, whose actor does not start, pass."""

from __future__ import annotations

from pathlib import Path

import pytest

import nodecheck
from tests.kinds.unfit import FAULTS, FORWARD, KUBELET, SWAP, Fault, built


def judged(root: Path, fault: Fault) -> str:
    view = {"view": fault.view} if fault.view else {}
    report = nodecheck.run(root=root, role="worker", kubernetes="1.34", select=[fault.select], **view)  # type: ignore[arg-type]
    return "; ".join(sorted({str(result.status.value) for result in report.results if result.id.endswith("@boot")}))


@pytest.mark.parametrize("select", [SWAP, FORWARD, KUBELET])
def test_the_node_without_a_fault_is_fit(tmp_path: Path, select: str) -> None:
    assert judged(built(tmp_path), Fault(select, {}, {})) == "pass"


@pytest.mark.parametrize("name", FAULTS)
def test_an_unfit_node_does_not_pass(tmp_path: Path, name: str) -> None:
    fault = FAULTS[name]

    assert judged(built(tmp_path, fault.files), fault) == fault.status


@pytest.mark.parametrize("name", FAULTS)
def test_the_twin_whose_actor_does_not_start_passes(tmp_path: Path, name: str) -> None:
    fault = FAULTS[name]

    assert judged(built(tmp_path, fault.files, fault.twin), fault) == "pass"


def test_at_most_one_in_ten_is_unknown() -> None:
    unknown = [name for name, fault in FAULTS.items() if fault.status == "unknown"]

    assert len(unknown) * 10 <= len(FAULTS)
