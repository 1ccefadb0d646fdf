"""``nodecheck capture --from`` and ``--show``: captures that are there, joined, and what they know."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck.capturing.complete import captured
from nodecheck.capturing.files import packed
from nodecheck.capturing.image import Image
from nodecheck.capturing.parse import parsed
from nodecheck.capturing.settle import settled
from nodecheck.capturing.text import dumped
from nodecheck.host import open_host
from nodecheck.plugins import load
from nodecheck.testing import write_tree
from tests.capturing.hostile import ESC, file, text
from tests.cli.conftest import Ended
from tests.nodes import debian_node

Run = Callable[..., Ended]


@pytest.fixture
def node(tmp_path: Path) -> Path:
    return debian_node(tmp_path / "node")


def image_of(root: Path) -> Image:
    return captured(open_host(str(root)), load())


def written(path: Path, image: Image) -> str:
    path.write_bytes(packed(image))
    return str(path)


def test_one_capture_stays_as_it_is(node: Path, tmp_path: Path) -> None:
    image = image_of(node)
    assert dumped(settled([written(tmp_path / "a", image)])) == dumped(image)


def test_a_second_round_fills_what_the_first_lacked(node: Path, tmp_path: Path) -> None:
    whole, first, second = image_of(node), image_of(node), image_of(node)
    for number, path in enumerate(sorted(whole.entries)):
        del (first if number % 2 else second).entries[path]
    joined = settled([written(tmp_path / "a", first), written(tmp_path / "b", second)])

    here, there = nodecheck.run(capture=packed(whole)), nodecheck.run(capture=packed(joined))
    assert [(item.id, item.status) for item in there.results] == [(item.id, item.status) for item in here.results]
    lacking = nodecheck.run(capture=str(tmp_path / "a"))
    assert sum(item.status == "unknown" for item in lacking.results) > sum(
        item.status == "unknown" for item in here.results
    )


def test_where_both_know_a_path_the_later_counts(node: Path, tmp_path: Path) -> None:
    first = written(tmp_path / "a", image_of(node))
    (node / "etc/fstab").write_text("/dev/sda2 none swap sw 0 0\n")
    second = written(tmp_path / "b", image_of(node))

    assert settled([first, second]).entries["/etc/fstab"].content == b"/dev/sda2 none swap sw 0 0\n"
    assert b"UUID=" in (settled([second, first]).entries["/etc/fstab"].content or b"")


def test_what_only_the_first_read_stays_as_long_as_nothing_changed(node: Path, tmp_path: Path) -> None:
    first, second = image_of(node), image_of(node)
    second.entries["/etc/fstab"].content = None
    paths = [written(tmp_path / "a", first), written(tmp_path / "b", second)]
    assert settled(paths).entries["/etc/fstab"].content == first.entries["/etc/fstab"].content

    info = first.entries["/etc/fstab"].info
    second.entries["/etc/fstab"].info = None if info is None else info._replace(changed_ns=1)
    written(tmp_path / "b", second)
    assert settled(paths).entries["/etc/fstab"].content is None


def test_the_time_is_that_of_the_earlier(node: Path, tmp_path: Path) -> None:
    first, second = image_of(node), image_of(node)
    second.origin = second.origin._replace(time="2001-01-01T00:00:00Z", tool="collector 1")
    paths = [written(tmp_path / "a", first), written(tmp_path / "b", second)]

    assert settled(paths).origin.time == "2001-01-01T00:00:00Z"
    assert settled(paths).origin.tool == f"{first.origin.tool}, collector 1"


@pytest.mark.parametrize("path", ["etc/machine-id", "etc/hostname"])
def test_captures_of_two_nodes_are_refused(node: Path, tmp_path: Path, path: str) -> None:
    first = written(tmp_path / "a", image_of(node))
    (node / path).write_text("f" * 32 + "\n")

    with pytest.raises(nodecheck.CaptureError, match="expected captures of one node"):
        settled([first, written(tmp_path / "b", image_of(node))])


def test_a_capture_of_sh_becomes_one_of_this_nodecheck(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"Welcome\n" + text(file(b"/etc/fstab", b"x")))
    image = settled([str(tmp_path / "a")])

    assert image.origin.tool.endswith(", collector 1")
    assert b"@sum\n" in dumped(image)
    assert dumped(parsed(dumped(image), "again")) == dumped(image)


def test_the_command(node: Path, tmp_path: Path, nodecheck_command: Run) -> None:
    first = written(tmp_path / "a", image_of(node))
    ended = nodecheck_command("capture", "--from", first, "--from", first, "-o", "b", cwd=tmp_path)

    assert ended == (0, "", "")
    assert (tmp_path / "b").read_bytes() == (tmp_path / "a").read_bytes()
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "words",
    [
        ("--from", ""), ("--from", "-", "--from", "-"), ("--from", "a", "--root", "/"), ("--show", "-o", "x"),
        ("--map", "m"), ("--redact", "--map", ""), ("--from", "none"),
    ],
)  # fmt: skip
def test_words_that_do_not_go_together(words: tuple[str, ...], tmp_path: Path, nodecheck_command: Run) -> None:
    ended = nodecheck_command("capture", *words, cwd=tmp_path)

    assert (ended.code, ended.out) == (2, "")
    assert list(tmp_path.iterdir()) == []


def test_what_a_capture_is(node: Path, tmp_path: Path, nodecheck_command: Run) -> None:
    first = written(tmp_path / "a", image_of(node))
    ended = nodecheck_command("capture", "--from", first, "--show")
    rows = dict(line.split(None, 1) for line in ended.out.splitlines())

    assert ended.code == 0
    assert (rows["of"], rows["redacted"]) == (f"the file system in {node}", "no")
    assert int(rows["paths"]) > 100


def test_what_a_capture_knows_of_a_path(tmp_path: Path, nodecheck_command: Run) -> None:
    node = write_tree(tmp_path / "node", {"/etc/fstab": "# a\tb\n/dev/sda2 none swap sw 0 0\n", "/etc/hosts": ""})
    (node / "etc/hostname").symlink_to("hosts")
    first = written(tmp_path / "a", image_of(node))

    def shown(path: str) -> str:
        ended = nodecheck_command("capture", "--from", first, "--show", path)
        assert (ended.code, ended.err) == (0, "")
        return ended.out

    assert "  a file, mode 0644, " in shown("/etc/fstab")
    assert "\n    # a\tb\n    /dev/sda2 none swap sw 0 0\n" in shown("/etc/fstab")
    assert "  a link to hosts\n  leads to /etc/hosts\n" in shown("/etc/hostname")
    assert shown("/etc/systemd/system").endswith("is not there: no such file or directory\n")
    assert shown("/somewhere/else").endswith("is not in the capture\n") or "is not there" in shown("/somewhere/else")
    assert shown("netlink neighbours") == "netlink neighbours\n  is not in the capture\n"


def test_nothing_of_it_reaches_the_terminal_as_it_is(tmp_path: Path, nodecheck_command: Run) -> None:
    odd = b"@ /etc\nL\n|" + ESC + b"\nf 644 0 0 9 " + ESC + b"\nF\n|" + ESC + b"\n"
    (tmp_path / "a").write_bytes(text(odd).replace(b"i path /", b"i path /" + ESC))
    name = "/etc/" + ESC.decode("utf-8", "surrogateescape")
    for path in ("", "/etc", name):
        ended = nodecheck_command("capture", "--from", str(tmp_path / "a"), "--show", path)
        assert ended.code == 0
        assert "\\x1b[31m\\x07" in ended.out or path == ""
        assert all(line.isprintable() for line in ended.out.splitlines())
