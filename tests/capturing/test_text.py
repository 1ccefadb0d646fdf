"""The text of a capture: what was written is read again, whatever the names and contents are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nodecheck
from nodecheck import CaptureError
from nodecheck.capturing.files import packed, read_capture, unpacked
from nodecheck.capturing.image import ABSENT, LINK, Failure, Image, Origin, PathEntry, Range
from nodecheck.capturing.parse import parsed
from nodecheck.capturing.text import block, dumped
from nodecheck.errors import Absent, Denied
from nodecheck.host.base import ClockState, Completed, Question, Stat
from nodecheck.host.netlink.rows import HopRow, LinkRow, NftVerdict, RouteRow, RuleRow

ORIGIN = Origin("2026-11-30T12:00:00Z", "nodecheck 1", True, True, True, "/", ("/proc", "/sys"), ("p 1",))
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(
    lambda name: "/" not in name and "\0" not in name and name not in (".", "..")
) | st.sampled_from(["a\nb", "%25", "-x", "x y", "caf\udce9", "|", "@ etc", ".a"])
CONTENTS = st.binary(max_size=60) | st.sampled_from([b"", b"\n", b"|\n@ /x\n", b"a\n\n", b"\r\n", b"x\n.\n", b"\0\n"])


def image(*entries: tuple[str, PathEntry]) -> Image:
    made = Image(ORIGIN)
    made.entries.update(entries)
    return made


@given(st.dictionaries(NAMES, CONTENTS, max_size=6))
def test_files_are_read_as_they_were(files: dict[str, bytes]) -> None:
    made = image()
    folder = made.at("/etc")
    folder.kind, folder.names = "dir", tuple(sorted(files))
    for name, content in files.items():
        entry = made.at(f"/etc/{name}")
        entry.kind, entry.content = "file", content
        entry.info = Stat("file", 0o644, len(content), 0, 0, 1_700_000_000_000_000_001)
    found = parsed(dumped(made), "x")

    assert {name: found.entries[f"/etc/{name}"].content for name in files} == files
    assert found.entries["/etc"].names == tuple(sorted(files))
    assert dumped(found) == dumped(made)


@given(CONTENTS)
def test_a_content_is_what_sed_and_echo_make_of_a_file(content: bytes) -> None:
    lines = content.split(b"\n")
    marked = b"".join([b"|" + line + b"\n" for line in (lines[:-1] if lines[-1] == b"" else lines)])
    assert block(content) == marked + (b"\n" if content.endswith(b"\n") or not content else b"")


def test_everything_that_an_entry_can_be() -> None:
    link, gone, denied, large, parts = (
        PathEntry(LINK),
        PathEntry(ABSENT),
        PathEntry("file"),
        PathEntry("file"),
        PathEntry("file"),
    )
    link.target = "a\nb%"
    gone.failures[ABSENT] = Failure("Offline", "only a running one", None)
    denied.failures["read"] = Failure("Denied", "permission\ndenied", 13)
    denied.info = Stat("file", 0o600, 9, 0, 42, None)
    large.over = 1 << 20
    parts.ranges = (Range(0, 4, b"SQLi"), Range(4096, 10, b"\n\n|x"))
    made = image(("/a", link), ("/proc/x", gone), ("/etc/shadow", denied), ("/b", large), ("/var/rpm", parts))
    found = parsed(dumped(made), "x").entries

    assert found["/a"].target == "a\nb%"
    assert found["/proc/x"].failures == gone.failures
    assert (found["/etc/shadow"].failures, found["/etc/shadow"].info) == (denied.failures, denied.info)
    assert found["/b"].over == 1 << 20
    assert found["/var/rpm"].ranges == parts.ranges


ANSWERS = {
    Question("run", (("kubelet", "--version"),)): Completed(("/usr/bin/kubelet", "--version"), 0, "v1.36.0\n", ""),
    Question("run", (("a", "b\nc"),)): Completed(("/bin/a", "b\nc"), -9, "o\udcff", "e\n"),
    Question("run", (("docker", "version"),)): Absent("docker", "no such program"),
    Question("netlink", ("links",)): (LinkRow(1, 9, "lo", 65536, "UNKNOWN", None, None, None, None),),
    Question("netlink", ("routes",)): (
        RouteRow(2, 0, 254, 3, 1, 0, None, None, None, None, (HopRow(0, 2, "192.0.2.1"),), None),
    ),
    Question("netlink", ("nft_rules 1\0filter\0in",)): (RuleRow(1, "filter", "in", (NftVerdict("drop"),)),),
    Question("netlink", ("listeners",)): (),
    Question("netlink", ("addresses",)): Denied("netlink addresses", "operation not permitted", errno=1),
    Question("clock", ()): ClockState(0, 0, 16, 5),
    Question("reader", ()): 0,
    Question("xattr", ("/etc", "security.selinux")): b"system_u\0",
}  # fmt: skip


def test_answers_are_read_as_they_were() -> None:
    made = image()
    made.answers.update(ANSWERS)
    found = parsed(dumped(made), "x")

    assert {question: repr(answer) for question, answer in found.answers.items()} == {
        question: repr(answer) for question, answer in ANSWERS.items()
    }
    assert found.origin == ORIGIN


def test_a_column_that_is_not_known_is_passed_over_and_one_that_is_missing_is_not_captured() -> None:
    made = image()
    made.answers[Question("netlink", ("links",))] = ANSWERS[Question("netlink", ("links",))]
    made.origin = ORIGIN._replace(tool="another 1")
    raw = dumped(made).partition(b"@sum")[0] + b".\n"  # which another tool need not write
    more = raw.replace(b"T LinkRow ifindex", b"T LinkRow colour ifindex").replace(b"|[1,9", b'|["red",1,9')
    less = raw.replace(b" lower\n", b"\n").replace(b",null]", b"]")

    assert parsed(more, "x").answers == parsed(raw, "x").answers
    assert parsed(less, "x").answers == {}


def test_equal_directories_are_equal_bytes() -> None:
    texts = []
    for changed in (1, 2):
        made = image()
        entry = made.at("/etc/sysctl.d/a.conf")
        entry.kind, entry.content, entry.info = "file", b"x\n", Stat("file", 0o644, 2, 0, 0, changed)
        texts.append(dumped(made).split(b"@changed")[0])
    assert texts[0] == texts[1]


def test_packing_is_the_same_each_time_and_lines_before_the_first_are_passed_over() -> None:
    made = image(("/etc", PathEntry("dir")))
    raw = packed(made)
    assert raw == packed(made)
    noise = b"Warning: Permanently added 'n1'\n" * 60
    assert unpacked(noise + raw, "x") == dumped(made)
    for before in (noise + dumped(made), noise + raw):
        assert read_capture(before, "x").image.origin == ORIGIN
    with pytest.raises(CaptureError, match="x, line 1: expected the line 'nodecheck capture 1'"):
        read_capture(b"a\n" * 65 + dumped(made), "x")


def test_a_later_version_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "n.capture").write_bytes(b"nodecheck capture 2\n.\n")
    with pytest.raises(CaptureError, match="line 1: expected version 1 of the format"):
        nodecheck.run(capture=tmp_path / "n.capture")
