"""A hostile or damaged capture is one error, or an honest report: with bounded memory, and nothing is written."""

# ruff: noqa: E501 - messages as they are
from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nodecheck
from nodecheck.capturing.complete import captured
from nodecheck.capturing.files import read_capture
from nodecheck.capturing.parse import parsed
from nodecheck.capturing.permute import RedactKey
from nodecheck.capturing.redact import redacted
from nodecheck.capturing.settle import fill
from nodecheck.capturing.show import of_path, overview
from nodecheck.capturing.text import dumped
from nodecheck.host import open_host
from nodecheck.plugins import load
from tests.capturing.hostile import HEAD, damaged, hostile, summed, text
from tests.nodes import debian_node

ROOT = Path(__file__).resolve().parents[2]
DAMAGED = 400
PARTS = 4
STATUSES = {"pass", "fail", "skip", "unknown"}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The text of a capture of a healthy node."""
    node = debian_node(tmp_path_factory.mktemp("node"))
    path = tmp_path_factory.mktemp("capture") / "node.capture"
    path.write_bytes(dumped(captured(open_host(str(node)), load())))
    return path


def judged(base: Path, first: int, last: int) -> list[dict[str, Any]]:
    """What a process with little memory says of them, a line each; it may not write to files."""
    done = subprocess.run(
        [sys.executable, "-B", "-m", "tests.capturing.hostile", str(base), str(first), str(last)],
        capture_output=True, cwd=ROOT, timeout=600,
    )  # fmt: skip
    assert (done.returncode, done.stderr.decode()) == (0, "")
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def wrong(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that are neither an error in one printable line nor an honest report."""
    return [
        item
        for item in found
        if not (
            item["error"].isprintable()
            if "error" in item
            else not item["odd"] and set(item["statuses"]) <= STATUSES and "crashed" not in item["causes"]
        )
    ]


def test_hostile_captures(base: Path) -> None:
    found = judged(base, -1, 0)

    assert len(found) == len(hostile()) >= 100
    assert wrong(found) == []
    assert sum("error" in item for item in found) > 150
    assert sum("error" not in item for item in found) > 20


@pytest.mark.parametrize("part", range(PARTS))
def test_damaged_captures(base: Path, part: int) -> None:
    size = DAMAGED // PARTS
    found = judged(base, part * size, (part + 1) * size)

    assert len(found) == size
    assert wrong(found) == []
    for item in found:  # without a new sum nothing passes that is not the capture as it was
        same = damaged(base.read_bytes(), item["case"]) == base.read_bytes()
        assert item["case"] % 3 or same == ("error" not in item)
    assert any("error" not in item for item in found)


SAID = {
    b"nodecheck capture 2\n.\n": "line 1: expected version 1 of the format: take a later nodecheck, which reads version 2",
    text(b"")[:-2]: "line 9: expected a last line '.': the capture was cut short",
    text(b"") + b"x\n": "line 11: expected a last line '.'",
    text(b"@ /etc/../root\na x\n"): "line 10: expected the absolute path of a directory, without '..'",
    b"Last login: today\n\n" + text(b"@ /etc\nZ x\n"): "line 13: expected a record of version 1 of the format, found 'Z x'",
    text(b"@answer clock\nQ\n|[]\nV\n|[]\n"): "line 10: expected an answer to the question 'clock'",
    text(b"", HEAD.replace(b"collector 1", b"nodecheck 1")): "line 10: expected the sum of the lines above",
    summed(text(b"@ /etc\na x\n")).replace(b"a x", b"a y"): "line 14: expected the sum of the lines above: the capture was changed or damaged, found 'S crc32",
}  # fmt: skip


@pytest.mark.parametrize("raw", SAID, ids=range(len(SAID)))
def test_the_message_names_file_and_line(raw: bytes, tmp_path: Path, nodecheck_command: Callable[..., Any]) -> None:
    (tmp_path / "a.capture").write_bytes(raw)
    ended = nodecheck_command("run", "--capture", "a.capture")

    assert (ended.returncode, ended.stdout) == (2, b"")
    assert ended.stderr.decode().startswith(f"nodecheck: a.capture, {SAID[raw]}")
    assert ended.stderr.count(b"\n") == 1
    assert list(tmp_path.iterdir()) == [tmp_path / "a.capture"]


@pytest.fixture
def nodecheck_command(tmp_path: Path) -> Callable[..., Any]:
    def run(*words: str) -> Any:
        return subprocess.run([sys.executable, "-B", "-m", "nodecheck", *words], capture_output=True, cwd=tmp_path)

    return run


def test_what_a_later_minor_version_adds_is_passed_over(base: Path) -> None:
    raw = base.read_bytes().replace(b"nodecheck capture 1\n", b"nodecheck capture 1.7\n", 1)
    raw = raw.replace(b"@sum\n", b"@sounds\nN 1\n|x\n@answer sound\nQ\n|[]\nV\n|1\n@sum\n")
    raw = raw.replace(b"@ /etc\n", b"@ /etc\nX of a later one\n|content\n")
    later, first = nodecheck.run(capture=summed(raw)), nodecheck.run(capture=base.read_bytes())

    assert [(item.id, item.status) for item in later.results] == [(item.id, item.status) for item in first.results]
    with pytest.raises(nodecheck.CaptureError, match=r"a (record|section) of version 1"):
        nodecheck.run(capture=summed(raw.replace(b"capture 1.7", b"capture 1", 1)))


def test_what_can_be_read_can_be_shown_redacted_and_joined(base: Path) -> None:
    """Hostile and damaged captures, as far as they are captures."""
    read = 0
    for raw in [*hostile(), *[damaged(base.read_bytes(), seed) for seed in range(60)]]:
        try:
            host = read_capture(raw, "a capture")
        except nodecheck.CaptureError:
            continue
        read += 1
        shown = overview(host.image) + "".join([of_path(host, path) for path in sorted(host.image.entries)[:20]])
        assert all(line.replace("\t", "").isprintable() for line in shown.split("\n"))
        new = redacted(host.image, RedactKey(bytes(32)), {})
        again = parsed(dumped(new), "a redacted capture")
        fill(again, new)
        assert nodecheck.run(capture=dumped(again), select=["swap"]).results
    assert read > 40


def test_a_row_with_an_odd_length_is_redacted() -> None:
    rows = b"@netlink addresses\nT AddressRow family prefix_length flags scope ifindex address\nV\n"
    rows += b'|[10,1000000,0,0,1,"fd00::1"]\n|[2,-7,0,0,1,"10.0.0.1"]\n|[10,-9,0,0,1,"x:y"]\n'
    new = dumped(redacted(parsed(text(rows), "a capture"), RedactKey(bytes(32)), {}))

    assert b'"x:y"' in new
    assert b"fd00::1" not in new
