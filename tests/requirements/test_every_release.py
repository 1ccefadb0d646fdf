"""Every release from 1.17 to the one after the newest is taken, and judged without a crash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nodecheck.requirements.asked import release_text
from nodecheck.requirements.table import NEWEST, OLDEST
from nodecheck.testing import run
from tests.nodes import debian_node
from tests.reference import reference_node

RELEASES = [f"1.{minor}" for minor in range(OLDEST[1], NEWEST[1] + 2)]


def test_these_releases() -> None:
    assert (RELEASES[0], RELEASES[-1], len(RELEASES)) == ("1.17", "1.38", 22)
    assert [release_text(f"v{release}.1") for release in RELEASES] == [f"{release}.1" for release in RELEASES]


@pytest.mark.parametrize("make", [debian_node, reference_node])
def test_each_is_judged(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    node = make(tmp_path)
    for release in RELEASES:
        report = run(node, kubernetes=release, role="control-plane", proxy_mode="ipvs")
        assert report.profile.kubernetes == release
        crashed = [result.id for result in report if result.cause is not None and result.cause.code == "crashed"]
        assert crashed == []
        planned = [result for result in report if any(note.startswith("planned for") for note in result.notes)]
        assert {result.status for result in planned} <= {"pass", "fail"}
        assert bool(planned) is (release == RELEASES[-1] and make is reference_node)
