"""A capture reads each fact once for all profiles and roles, and asks no less than if each run read its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from nodecheck.capturing import complete
from nodecheck.capturing.complete import ask_all
from nodecheck.capturing.image import Origin
from nodecheck.capturing.masking import forget_clean, without_secrets
from nodecheck.capturing.recorder import ImageRecorder
from nodecheck.capturing.text import dumped
from nodecheck.host import open_host
from nodecheck.plugins import load
from nodecheck.running.engine import run
from nodecheck.testing import write_tree
from tests.nodes import debian_node, rocky_node

ORIGIN = Origin("2026-11-30T12:00:00Z", "a test", False, False, False, "/", ())


def asked(root: Path) -> bytes:
    recorder = ImageRecorder(open_host(str(root)), ORIGIN)
    ask_all(recorder, load(), monotonic() + 60)
    return dumped(recorder.finished())


def empty(root: Path) -> Path:
    return write_tree(root, {"etc/fstab": ""})


@pytest.mark.parametrize("node", [debian_node, rocky_node, empty])
def test_runs_that_share_facts_ask_what_runs_of_their_own_do(
    node: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = node(tmp_path / "node")
    shared = asked(root)

    def alone(host: Any, registry: Any, request: Any, _: Any) -> Any:
        return run(host, registry, request)

    monkeypatch.setattr(complete, "run", alone)
    assert asked(root) == shared


def test_content_that_was_seen_before_is_told_from_what_only_looks_like_it() -> None:
    forget_clean()
    clean, secret = b"a: b\nPATH=/bin\n", b"a: b\ntoken: abcdefgh\n"
    for _ in range(2):
        assert without_secrets("/etc/a", clean) == clean
        assert without_secrets("/etc/a", secret) == b"a: b\ntoken: ~secret~\n"
        assert without_secrets("/proc/1/environ", clean) == b""


def test_what_is_known_to_be_clean_is_bounded() -> None:
    from nodecheck.capturing import masking

    forget_clean()
    for number in range(40):
        content = b"%d" % number * 100_000
        assert without_secrets("/etc/a", content) == content
    assert 0 < sum(map(len, masking._CLEAN)) <= masking.MOST_CLEAN
    forget_clean()
