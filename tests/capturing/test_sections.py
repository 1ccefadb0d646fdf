"""A section that is known is not read again: what comes out is the same, the image's own, and within bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import nodecheck
from nodecheck import CaptureError
from nodecheck.capturing import parse
from nodecheck.capturing.files import packed, read_capture, unpacked
from nodecheck.capturing.image import Failure, Image
from nodecheck.capturing.parse import parsed
from nodecheck.capturing.sections import KNOWN
from nodecheck.capturing.text import dumped
from tests.capturing.test_text import ORIGIN
from tests.nodes import debian_node, rocky_node

LINES = ("time 2026-11-30T12:00:00Z", "tool collector 1", "path /", "running 1", "whole 1", "own 1")
HEAD = b"nodecheck capture 1\n" + "".join([f"i {line}\n" for line in LINES]).encode()


def text(body: bytes) -> bytes:
    return HEAD + body + b".\n"


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    KNOWN.forget()
    yield
    KNOWN.forget()


@pytest.mark.parametrize("node", [debian_node, rocky_node])
def test_a_capture_is_the_same_read_first_and_again(node: Callable[[Path], Path], tmp_path: Path) -> None:
    raw = unpacked(nodecheck.capture(root=node(tmp_path / "node")), "a capture")
    first, again = parsed(raw, "a capture"), parsed(raw, "a capture")

    assert dumped(first) == dumped(again) == raw
    assert len(first.entries) > 200


def test_what_changes_one_image_leaves_others_as_they_are(tmp_path: Path) -> None:
    raw = unpacked(nodecheck.capture(root=debian_node(tmp_path / "node")), "a capture")
    changed = parsed(raw, "a capture")
    for entry in changed.entries.values():
        entry.kind, entry.content, entry.info, entry.names, entry.target = "file", b"x", None, ("x",), "x"
        entry.failures["read"] = Failure("Denied", "x", 13)
    changed.answers.clear()

    assert dumped(parsed(raw, "a capture")) == raw


def test_one_section_in_two_directories_is_of_both() -> None:
    body = b"L\n|a\nf 644 0 0 2 a\nF\n|x\n\n"
    found = parsed(text(b"@ /b\n%b@ /c\n%b" % (body, body)), "a capture")

    assert [found.entries[path].content for path in ("/b/a", "/c/a")] == [b"x\n", b"x\n"]
    assert found.entries["/b/a"] is not found.entries["/c/a"]
    assert found.entries["/b"].names == found.entries["/c"].names == ("a",)


def test_the_root_directory_names_itself_and_no_other_does() -> None:
    body = b"d 755 0 0 4 .\n"
    assert parsed(text(b"@ /\n" + body), "a capture").entries["/"].kind == "dir"
    with pytest.raises(CaptureError, match="the name of an entry"):
        parsed(text(b"@ /a\n" + body), "a capture")


def test_a_later_version_makes_nothing_known_for_this_one() -> None:
    body = b"@ /a\nf 644 0 0 2 b\nY new\n"
    assert "/a/b" in parsed(text(body).replace(b"capture 1\n", b"capture 1.1\n"), "a capture").entries
    with pytest.raises(CaptureError, match="a record of version 1"):
        parsed(text(body), "a capture")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"@ /a\na x\n@ /a\na x\n", id="the same section"),
        pytest.param(b"@ /a%\nf 6 0 0 1 x\n@ /a%25\nf 6 0 0 1 x\n", id="the same by another spelling"),
        pytest.param(b"@ /a%\nL\n|x\n@ /a%25\nL\n|x\n", id="two listings by another spelling"),
    ],
)
def test_a_directory_stands_there_once(body: bytes) -> None:
    for _ in range(2):
        with pytest.raises(CaptureError, match=r"expected one|does not stand there already"):
            parsed(text(body), "a capture")


def test_bounds_hold_for_known_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    folders = b"".join(b"@ /%d\nL\n|a\n|b\na c\n" % number for number in range(10))
    answers = b"".join(b'@answer link\nQ\n|["/%d"]\nV\n|null\n' % number for number in range(10))
    for name, most, body in (
        ("MOST_RECORDS", 6 + 20, folders),
        ("MOST_ROWS", 20, folders),
        ("MOST_JSON", 100, answers),
        ("MOST_RECORDS", 6 + 20, answers),
    ):
        with monkeypatch.context() as patch:
            for _ in range(2):
                patch.setattr(parse, name, most)
                assert parsed(text(body), "a capture")
                patch.setattr(parse, name, most - 1)
                with pytest.raises(CaptureError, match="expected at most"):
                    parsed(text(body), "a capture")
        KNOWN.forget()


def test_what_is_known_is_bounded() -> None:
    content = b"|" + b"x" * 100_000 + b"\n"
    for number in range(80):
        parsed(text(b"@ /a\nf 644 0 0 %d b\nF\n%b" % (number, content)), "a capture")
    assert 10 < len(KNOWN._found) < 60


def test_a_section_that_is_wrong_is_never_known() -> None:
    for _ in range(3):
        with pytest.raises(CaptureError, match="line 12: expected the content of a file, once"):
            parsed(text(b"@ /a\nf 644 0 0 1 b\nF\n|x\nF\n|y\n"), "a capture")


def test_reports_are_those_of_a_first_reading(tmp_path: Path) -> None:
    raw = nodecheck.capture(root=debian_node(tmp_path / "node"))

    def told() -> list[tuple[object, ...]]:
        return [(item.id, item.status, item.message, item.evidence) for item in nodecheck.run(capture=raw).results]

    first = told()
    assert told() == first
    assert dumped(read_capture(packed(Image(ORIGIN)), "a capture").image) == dumped(Image(ORIGIN))
