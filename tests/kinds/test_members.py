"""Other members of the kinds of faults, and harmless nodes that look like them: docs/faults.md names the kinds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kinds.members import MEMBERS
from tests.kinds.test_unfit import judged
from tests.kinds.unfit import Fault, built


@pytest.mark.parametrize("name", MEMBERS)
def test_members(tmp_path: Path, name: str) -> None:
    member = MEMBERS[name]
    root = built(tmp_path, member.files)

    assert judged(root, Fault(member.select, member.files, {})) == member.status
