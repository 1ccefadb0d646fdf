"""A capture of a node on which a look never ends, as at a network file system whose server is gone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodecheck.capturing import complete
from nodecheck.capturing.files import packed, read_capture
from nodecheck.capturing.image import Image
from nodecheck.errors import FactError
from nodecheck.host.base import Question
from nodecheck.plugins import load
from nodecheck.typed import Any
from tests.live_tree import LiveTree
from tests.nodes import debian_node

DEAD_S = 60
"""What the whole may take before it counts as hung: far more than it takes."""


class Hanging(LiveTree):
    """A tree in which what lies below one directory never answers."""

    def __init__(self, root: Path, hung: str) -> None:
        super().__init__(root)
        self._hung = hung
        self.over = threading.Event()
        self.asked = 0

    def ask(self, question: Question) -> Any:
        path = str(question.arguments[0]) if question.arguments else ""
        if path == self._hung or path.startswith(f"{self._hung}/"):
            self.asked += 1
            self.over.wait()
            raise FactError(path, "the node went on")
        return super().ask(question)


@pytest.fixture(params=["/usr/local/bin", "/etc/sysctl.d", "/etc/kubernetes", "/etc/network"])
def host(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Hanging]:
    node = debian_node(tmp_path)
    (node / str(request.param).lstrip("/")).mkdir(parents=True, exist_ok=True)
    hanging = Hanging(node, request.param)
    yield hanging
    hanging.over.set()


def test_the_rest_is_captured(host: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(complete, "EACH_S", 0.3)
    found: list[Image] = []
    thread = threading.Thread(target=lambda: found.append(complete.captured(host, load(), 20.0)), daemon=True)
    thread.start()
    thread.join(DEAD_S)

    assert host.asked
    (image,) = found
    capture = read_capture(packed(image), "a capture")
    assert capture.read("/etc/os-release")
    assert capture.names("/usr/bin")
