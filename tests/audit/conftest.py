"""Where the tests of the history keep theirs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def state() -> Iterator[Path]:
    """A state directory, in memory where there is such a file system: a thousand times waiting for a disk is long."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="nodecheck-test-", dir=memory) as folder:
        yield Path(folder)
