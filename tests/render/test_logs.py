"""journald and syslog, read back from a real journald, systemd-journal-remote and a real rsyslogd."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodecheck.cli import send as sender
from nodecheck.cli.send import send
from nodecheck.render import journald, syslog
from nodecheck.render.entries import MOST_ENTRIES, logged
from nodecheck.render.told import shown
from nodecheck.report import Report
from nodecheck.text import printable
from tests.pairs import equal_pairs
from tests.render.logs import RSYSLOGD, can_have_a_journald, journalled, rsyslog, syslogged
from tests.render.reports import hostile_report, hostile_text, reports
from tests.render.test_text import FAILED, report

REMOTE = next((p for p in ("/usr/lib/systemd/systemd-journal-remote", "/lib/systemd/systemd-journal-remote")
               if os.path.exists(p)), None)  # fmt: skip


def parsed(raw: bytes) -> list[tuple[str, bytes]]:
    """One entry as journald parses a datagram (journal-importer): text lines, or a name, a length and bytes."""
    found = []
    while raw:
        line, _, raw = raw.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            size = int.from_bytes(raw[:8], "little")
            value, end, raw = raw[8 : 8 + size], raw[8 + size : 9 + size], raw[9 + size :]
            assert end == b"\n"
        assert re.fullmatch(b"[A-Z][A-Z0-9_]{0,63}", name)
        found.append((name.decode(), value))
    return found


def check_same(whole: Report, entries: list[dict[str, Any]]) -> None:
    """The journal has the summary first, and each result that it must have."""
    run, *found = entries
    told = whole.summary
    counts = [int(run[f"NODECHECK_{name}"]) for name in ("PASS", "FAIL", "UNKNOWN", "SKIP", "WAIVED", "EXIT_CODE")]
    assert counts == [told.passed, told.failed, told.unknown, told.skipped, told.waived, whole.exit_code]
    assert run["MESSAGE_ID"] == journald.RUN_MESSAGE_ID
    expected = [(shown(one.id, journald.ID_ROOM), one.status.value, one.severity.value) for one in logged(whole)]
    assert [(one["NODECHECK_ID"], one["NODECHECK_STATUS"], one["NODECHECK_SEVERITY"]) for one in found] == expected
    for one in found:
        assert one["MESSAGE"].startswith(f"{one['NODECHECK_STATUS']} ")
        assert one["MESSAGE_ID"] == journald.RESULT_MESSAGE_ID


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(reports())
def test_journald_s_encoding_is_read_back(whole: Report) -> None:
    raw = journald.datagrams(whole)
    assert max(map(len, raw)) < 65536, "a datagram that any kernel takes"
    check_same(whole, [{name: value.decode() for name, value in parsed(one)} for one in raw])


@given(st.lists(st.tuples(st.just("FIELD"), hostile_text().map(printable) | st.just("a\nb\n")), max_size=4))
def test_any_value_has_an_encoding(fields: list[tuple[str, str]]) -> None:
    assert parsed(journald.encoded(fields)) == [(name, value.encode()) for name, value in fields]


@pytest.mark.skipif(not can_have_a_journald(), reason="no journald can be started here (systemd, root)")
def test_a_real_journal_has_what_was_sent(tmp_path: Path) -> None:
    whole = hostile_report()
    (tmp_path / "report.json").write_text(whole.to_json())
    code = (
        "import sys; from nodecheck.report import Report; from nodecheck.render.outputs import SOCKETS;"
        "from nodecheck.cli.send import send;"
        "send(Report.from_json(open(sys.argv[1]).read()), 'journald', SOCKETS['journald'])"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "report.json")]
    entries = journalled(words, MOST_ENTRIES + 1, tmp_path / "out")

    check_same(whole, entries)
    assert {entry["_TRANSPORT"] for entry in entries} == {"journal"}
    assert all(isinstance(entry["NODECHECK_DETAIL"], list) for entry in entries[1:])


@pytest.mark.skipif(REMOTE is None, reason="systemd-journal-remote is not installed")
def test_the_export_format_is_read_by_systemd(tmp_path: Path) -> None:
    whole = hostile_report()
    (tmp_path / "export").write_text(journald.render(whole))
    path = tmp_path / "remote.journal"
    subprocess.run(
        [str(REMOTE), "-o", str(path), str(tmp_path / "export")], check=True, capture_output=True, timeout=60
    )
    words = ["journalctl", f"--file={path}", "--all", "--output=json", "--no-pager"]
    out = subprocess.run(words, check=True, capture_output=True, timeout=60).stdout
    check_same(whole, [json.loads(line) for line in out.decode().split("\n") if line])


PAIR = re.compile(r' ([a-z_]+)=(?:"((?:[^"\\]|\\.)*)"|([^ "]+))')


def pairs(line: str) -> dict[str, str]:
    _, colon, rest = line.partition("nodecheck:")
    assert colon
    assert PAIR.sub("", rest) == ""
    return {key: re.sub(r"\\(.)", r"\1", quoted) + plain for key, quoted, plain in PAIR.findall(rest)}


def check_lines(whole: Report, lines: list[str]) -> None:
    run, *found = [pairs(line) for line in lines]
    told = whole.summary
    counts = [int(run[name]) for name in ("pass", "fail", "unknown", "skip", "waived", "exit_code")]
    assert counts == [told.passed, told.failed, told.unknown, told.skipped, told.waived, whole.exit_code]
    for read, one in equal_pairs(found, logged(whole)):
        assert (read["status"], read["severity"], read["view"]) == (one.status.value, one.severity.value, one.view)
        assert printable(one.id).startswith(read["id"])
        assert read["id"] == printable(one.id) or len(read["id"].encode()) > 400


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(reports())
def test_syslog_s_lines_are_read_back(whole: Report) -> None:
    for raw in syslog.datagrams(whole):
        assert len(raw) <= 1024
        assert raw.decode().isprintable()
    check_lines(whole, syslog.render(whole)[:-1].split("\n"))


@pytest.mark.skipif(RSYSLOGD is None, reason="rsyslogd is not installed")
def test_a_real_rsyslogd_has_what_was_sent(tmp_path: Path) -> None:
    whole = hostile_report()
    with rsyslog(tmp_path) as path:
        send(whole, "syslog", str(path))
        read = syslogged(tmp_path, MOST_ENTRIES + 1)

    assert {(one["program"], one["facility"]) for one in read} == {("nodecheck", "daemon")}
    assert [one["severity"] for one in read[:2]] == ["3", "3"]
    check_lines(whole, [f"nodecheck:{one['message']}" for one in read])


def test_a_syslog_that_is_a_stream_gets_entries_that_end_with_nul(tmp_path: Path) -> None:
    path = str(tmp_path / "log")
    got: list[bytes] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(path)
        server.listen()

        def read() -> None:
            with server.accept()[0] as peer:
                while raw := peer.recv(65536):
                    got.append(raw)

        reader = threading.Thread(target=read)
        reader.start()
        send(report(FAILED), "syslog", path)
        reader.join(10)

    assert b"".join(got) == b"".join(raw + b"\0" for raw in syslog.datagrams(report(FAILED)))


def test_a_stream_that_is_busy_is_asked_again(tmp_path: Path) -> None:
    """Where as many wait as its listener takes, connect(2) says EAGAIN at once."""
    path = str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server, socket.socket(socket.AF_UNIX) as first:
        server.bind(path)
        server.listen(0)
        first.connect(path)
        accepted: list[socket.socket] = []
        late = threading.Timer(0.3, lambda: accepted.extend([server.accept()[0], server.accept()[0]]))
        late.start()
        send(report(FAILED), "syslog", path)
        late.join(10)
        raw = accepted[1].recv(1 << 16)
        for peer in accepted:
            peer.close()

    assert raw.startswith(syslog.datagrams(report(FAILED))[0])


def test_a_log_that_does_not_read_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "TIMEOUT_S", 0.5)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "log"))
        begun = time.monotonic()
        with pytest.raises((TimeoutError, socket.timeout)):
            send(hostile_report(), "syslog", str(tmp_path / "log"))

    assert time.monotonic() - begun < 5


def test_no_socket_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    for name in ("none", "file"):
        with pytest.raises(OSError, match=r"refused|No such file"):
            send(report(FAILED), "journald", str(tmp_path / name))
