"""Fixtures that several tests share."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from nodecheck.testing import write_tree

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"

settings.register_profile("nodecheck", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("nodecheck")  # a busy machine fails no test: how long one takes is for benchmarks/

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a shell's `&` ignores it, and children would inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def corpus() -> Path:
    """The corpus of real files with upstream truth, which lies beside the repository."""
    if not CORPUS.is_dir():
        pytest.skip("the corpus of real files is not beside this checkout")
    return CORPUS


@pytest.fixture
def tree(tmp_path: Path) -> Callable[[dict[str, str | bytes]], Path]:
    """Make a node's tree of a few files: path (below the root) to content."""

    def make(files: dict[str, str | bytes]) -> Path:
        return write_tree(tmp_path, files)

    return make
