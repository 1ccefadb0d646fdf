"""Recorded questions and answers: kept, written as JSON, and given again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.errors import (
    Absent,
    Crashed,
    FactError,
    Malformed,
    NotCaptured,
    Offline,
    ParseError,
    TimedOut,
    TooLarge,
    UsageError,
)
from nodecheck.host import Completed, Host, LiveHost, RootHost
from nodecheck.host.base import ClockState, Question, Space, Stat, Uname
from nodecheck.host.netlink import rows
from nodecheck.host.questions import RECORDS, from_data, key_of, source_of, to_data
from nodecheck.host.recording import RecordingHost
from nodecheck.host.replay import ReplayHost
from tests.certificates import certificate, kubeconfig, private_key

Tree = Callable[[dict[str, "str | bytes"]], Path]

HOP = rows.HopRow(0, 2, "192.0.2.1")
ANSWERS = (
    b"", b"caf\xe9\0\n", b"caf\xc3\xa9", (), ("a", "caf\udce9", "b\n"), (("a", None), ("b", "/x")), None, "/usr/lib", 0,
    0x794C7630, "little", Stat("file", 0o644, 3, 0, 0, 1_700_000_000_000_000_001), Stat("null", 0o666, 0, 0, 0, None),
    Completed(("/usr/bin/x", "--y"), 1, "o\udcff", "e"), ClockState(0, 0x40, 16_000_000, 5),
    Space(4096, 9, 8, 7, 6, 5, 4, True), Uname("Linux", "n", "6.1", "#1", "x86_64"),
    (rows.LinkRow(1, 9, "lo", 65536, "UNKNOWN", None, None, None, None),),
    (rows.RouteRow(2, 0, 254, 3, 1, 0, None, None, None, None, (HOP, HOP), None),),
    (rows.RuleRow(1, "t", "c", (rows.NftVerdict("drop"), rows.NftVerdict("jump", "x", True))),),
    (Completed(("a",), 0, "", ""), Absent("b", "no such program", errno=2)),
)  # fmt: skip


@pytest.mark.parametrize("answer", ANSWERS, ids=repr)
def test_answers_survive_json(answer: object) -> None:
    found = from_data(json.loads(json.dumps(to_data(answer)).encode()))
    assert repr(found) == repr(answer)
    assert type(found) is type(answer)
    if not isinstance(answer, tuple) or not any(isinstance(item, FactError) for item in answer):
        assert found == answer


@given(st.recursive(st.none() | st.integers() | st.binary() | st.text(), lambda items: st.lists(items).map(tuple)))
def test_every_value_survives_json(value: object) -> None:
    assert from_data(json.loads(json.dumps(to_data(value)))) == value


@given(st.binary())
def test_names_of_any_bytes_survive_json(raw: bytes) -> None:
    name = raw.decode("utf-8", "surrogateescape")
    written = json.dumps(to_data((name,)), ensure_ascii=False).encode()  # strict UTF-8: any reader of JSON takes it
    assert from_data(json.loads(written)) == (name,)


@pytest.mark.parametrize(
    "error",
    [Absent("/x", "gone", errno=2), Malformed("/caf\udce9", "loop", errno=40), TimedOut("a b"), NotCaptured("/x"),
     Offline("/proc/swaps", "off"), FactError("/x", "input/output error", errno=5), TooLarge("/x")],
)  # fmt: skip
def test_errors_survive_json(error: FactError) -> None:
    found = from_data(json.loads(json.dumps(to_data(error))))
    assert type(found) is type(error)
    assert (found.source, found.detail, found.errno, found.code) == (
        error.source, error.detail, error.errno, error.code,
    )  # fmt: skip
    assert str(found) == str(error)


def test_an_error_of_a_kind_of_its_own_becomes_the_nearest_one() -> None:
    found = from_data(to_data(ParseError("/x", 3, "text", "a number")))
    assert type(found) is Malformed
    assert str(found) == "/x: line 3: expected a number, found 'text'"
    assert type(from_data(to_data(Crashed("X", "ValueError")))) is FactError


def test_every_row_of_netlink_is_known() -> None:
    known = {kind for kind in vars(rows).values() if isinstance(kind, type) and hasattr(kind, "_fields")}
    assert {kind for kind in known if kind._fields} <= set(RECORDS.values())


def test_a_record_of_a_later_version_is_read_without_what_is_new() -> None:
    data = to_data(Stat("file", 0o644, 3, 0, 0, None))
    data["Stat"]["flavour"] = "sweet"
    assert from_data(data) == Stat("file", 0o644, 3, 0, 0, None)


def asked(host: Host) -> list[object]:
    """What a host says to many questions, errors as they are told."""
    asks: list[Callable[[], object]] = [
        lambda: host.read("/etc/hostname"), lambda: host.read("/etc/none"), lambda: host.read("/etc/big", 10),
        lambda: host.read("/etc/big"), lambda: host.read_at("/etc/big", 5, 3), lambda: host.names("/etc"),
        lambda: host.links("/etc"), lambda: host.stat("/etc/link"), lambda: host.link("/etc/link"),
        lambda: host.link("/etc/none"), lambda: host.statvfs("/")[:2], lambda: host.statfs("/"),
        lambda: host.xattrs("/etc/hostname"), lambda: host.xattr("/etc/hostname", "user.x"),
        lambda: host.run(("true",)), lambda: host.netlink("links"), lambda: host.clock(), lambda: host.uname(),
        lambda: host.byte_order(), lambda: host.reader(), lambda: host.process_user(1),
        lambda: host.public_parts("/etc/k.pem"), lambda: host.public_parts("/etc/none"),
        lambda: host.kubeconfig("/etc/admin.conf"), lambda: host.kubeconfig("/etc/none"),
        lambda: [repr(one) for one in host.run_all([("true",), ("no-such-tool",)])],
    ]  # fmt: skip
    return [_said(ask) for ask in asks]


def _said(ask: Callable[[], object]) -> object:
    try:
        return ask()
    except FactError as error:
        return (type(error), error.source, error.detail, error.errno)


def test_a_replay_says_what_the_host_said(tree: Tree) -> None:
    config = kubeconfig(certificate(), certificate(), private_key())
    files = {"etc/k.pem": f"{certificate()}{private_key()}", "etc/admin.conf": config}
    root = tree({"etc/hostname": "n1\n", "etc/big": "x" * 100, **files})
    (root / "etc/link").symlink_to("/etc/hostname")
    recording = RecordingHost(RootHost(str(root)))
    told = asked(recording)
    assert told == asked(RootHost(str(root)))

    (root / "etc/hostname").unlink()
    assert asked(recording) == told  # what was asked once is not asked again
    assert asked(ReplayHost(json.loads(json.dumps(recording.to_data())))) == told


def test_a_replay_of_the_live_node_runs_and_is_not_this_machine() -> None:
    recording = RecordingHost(LiveHost())
    assert (recording.kind, recording.running, recording.whole, recording.this_machine) == ("live", True, True, True)
    told = (recording.uname(), recording.run(("true",)).code, recording.reader())
    host = ReplayHost(json.loads(json.dumps(recording.to_data())))
    assert (host.kind, host.path, host.running, host.whole, host.this_machine) == ("capture", "/", True, True, False)
    assert (host.uname(), host.run(("true",), 99.0).code, host.reader()) == told


def test_what_was_not_asked_is_not_captured(tree: Tree) -> None:
    recording = RecordingHost(RootHost(str(tree({"etc/hostname": "n1\n"}))))
    recording.read("/etc/hostname")
    host = ReplayHost(recording.to_data())
    for ask, source in (
        (lambda: host.read("/etc/hosts"), "/etc/hosts"),
        (lambda: host.stat("/etc/hostname"), "/etc/hostname"),
        (lambda: host.run(("kubelet", "--version")), "kubelet --version"),
        (lambda: host.netlink("nft_rules inet f\0c"), "netlink nft_rules inet f c"),
        (lambda: host.uname(), "uname"),
    ):
        with pytest.raises(NotCaptured) as caught:
            ask()
        assert (caught.value.source, caught.value.code) == (source, "not-captured")
    (answer,) = host.run_all([("kubelet", "--version")])
    assert isinstance(answer, NotCaptured)


def test_programs_that_ran_side_by_side_are_known_alone(tmp_path: Path) -> None:
    recording = RecordingHost(LiveHost())
    both = recording.run_all([("true",), ("no-such-tool",)])
    assert isinstance(both[0], Completed)
    assert recording.run(("true",)) is both[0]
    third = recording.run_all([("true",), ("false",)])
    assert third[0] is both[0]
    host = ReplayHost(recording.to_data())
    assert host.run(("false",)).code == 1
    with pytest.raises(Absent):
        host.run(("no-such-tool",))


@pytest.mark.parametrize(
    "recorded",
    [{}, {"running": True, "whole": True, "path": "/", "answers": [{"question": ["read"]}]},
     {"running": True, "whole": True, "path": "/", "answers": [{"question": ["uname"], "answer": {"Secret": {}}}]},
     {"running": True, "whole": True, "path": "/", "answers": [{"question": [], "answer": 1}]},
     {"running": True, "whole": True, "path": "/", "answers": 3}],
)  # fmt: skip
def test_what_is_no_recording(recorded: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        ReplayHost(recorded)


def test_how_questions_are_named_and_told_apart() -> None:
    assert key_of(Question("run", (("a", "b"), 1.0))) == key_of(Question("run", (("a", "b"), 9.0)))
    assert key_of(Question("read", ("/x", 1))) != key_of(Question("read", ("/x", 2)))
    assert source_of(Question("process_user", (7,))) == "process_user 7"
