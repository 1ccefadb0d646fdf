"""Each question of a host, on the live node and in a root: what is asked of file systems, of the kernel, of users."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from time import time

import pytest

from nodecheck.errors import Absent, Denied, FactError, Malformed, Offline, Unsupported
from nodecheck.host import Host, LiveHost, RootHost
from nodecheck.host.base import Question
from nodecheck.host.record import EXCERPT, Recorder
from tests.certificates import certificate, kubeconfig, private_key

VERBS = tuple(
    name
    for name, value in vars(Host).items()
    if inspect.isfunction(value) and not name.startswith("_") and name != "ask"
)
LABEL = "user.nodecheck"
OVERLAY, PROC, TMPFS, EXT4, XFS, BTRFS = 0x794C7630, 0x9FA0, 0x01021994, 0xEF53, 0x58465342, 0x9123683E


def both(root: Path) -> list[tuple[Host, str]]:
    """The live host and a root, each with the prefix under which it has the files of ``root``."""
    return [(LiveHost(), str(root)), (RootHost(str(root)), "")]


@pytest.mark.parametrize("kind", [LiveHost, RootHost])
@pytest.mark.parametrize("verb", VERBS)
def test_a_host_that_reads_has_a_method_of_its_own_for_each_verb(kind: type[Host], verb: str) -> None:
    assert getattr(kind, verb) is not getattr(Host, verb)


@pytest.mark.parametrize("verb", VERBS)
def test_a_host_that_asks_another_one_asks_every_verb(verb: str) -> None:
    class Told(Host):
        kind, path, running, whole, this_machine = "root", "/", False, False, False

        def ask(self, question: Question) -> object:
            return question

    parameters = list(inspect.signature(getattr(Host, verb)).parameters.values())[1:]
    given = [("a", "b") if one.name == "argvs" else one.name for one in parameters if one.default is one.empty]
    defaults = [one.default for one in parameters if one.default is not one.empty]
    asked = Question(verb, (*given, *defaults))
    assert getattr(Told(), verb)(*given) == (True if verb == "is_real" else asked)


def test_what_a_host_is(tmp_path: Path) -> None:
    live, root = LiveHost(), RootHost(str(tmp_path))

    assert (live.running, live.whole, live.this_machine) == (True, True, True)
    assert (root.running, root.whole, root.this_machine) == (False, False, False)
    for host in (live, root):
        seen = Recorder(host)
        assert (seen.kind, seen.path, seen.running) == (host.kind, host.path, host.running)
        assert (seen.whole, seen.this_machine) == (host.whole, host.this_machine)


def test_room_on_a_file_system(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/")
    for host, prefix in both(tmp_path):
        found = host.statvfs(f"{prefix}/")
        raw = os.statvfs(tmp_path)
        assert (found.fragment_bytes, found.blocks, found.inodes) == (raw.f_frsize, raw.f_blocks, raw.f_files)
        assert found.size_bytes == raw.f_frsize * raw.f_blocks
        assert 0 <= found.available_bytes <= found.size_bytes
        assert found.read_only == bool(raw.f_flag & os.ST_RDONLY)
        with pytest.raises(Absent):
            host.statvfs(f"{prefix}/none")
    assert RootHost(str(tmp_path)).statvfs("/link").blocks == os.statvfs(tmp_path).f_blocks


@pytest.mark.skipif(not os.path.ismount("/proc"), reason="needs a mounted /proc")
def test_the_magic_number_of_a_file_system(tmp_path: Path) -> None:
    assert LiveHost().statfs("/proc") == PROC
    assert RootHost("/proc").statfs("/") == PROC
    for host, prefix in both(tmp_path):
        assert host.statfs(f"{prefix}/") in (OVERLAY, TMPFS, EXT4, XFS, BTRFS)
        with pytest.raises(Absent) as caught:
            host.statfs(f"{prefix}/none")
        assert caught.value.source == f"{prefix}/none"


def test_no_link_leads_out_of_a_root_for_its_file_system(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("/proc/self")
    with pytest.raises(Absent):
        RootHost(str(tmp_path)).statfs("/out")


def labelled(path: Path, value: bytes) -> None:
    """Give a file an extended attribute, or skip the test."""
    try:
        os.setxattr(path, LABEL, value)
    except OSError as error:
        pytest.skip(f"no extended attributes here: {error.strerror}")


def test_extended_attributes(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "plain").write_text("x")
    (tmp_path / "link").symlink_to("/file")
    labelled(tmp_path / "file", b"a\xff")
    for host, prefix in both(tmp_path):
        assert host.xattr(f"{prefix}/file", LABEL) == b"a\xff"
        assert LABEL in host.xattrs(f"{prefix}/file")
        assert host.xattr(f"{prefix}/plain", LABEL) is None
        assert LABEL not in host.xattrs(f"{prefix}/plain")
        with pytest.raises(Absent):
            host.xattr(f"{prefix}/none", LABEL)
    assert RootHost(str(tmp_path)).xattr("/link", LABEL) == b"a\xff"  # by the link of the node, inside the root
    with pytest.raises(Absent):
        LiveHost().xattrs(f"{tmp_path}/link")


def test_no_extended_attribute_of_a_file_outside_of_a_root(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    labelled(tmp_path / "file", b"outside")
    root = tmp_path / "root"
    root.mkdir()
    (root / "up").symlink_to("../file")
    (root / "absolute").symlink_to(tmp_path / "file")
    for path in ("/up", "/absolute", "/../file"):
        with pytest.raises(Absent):
            RootHost(str(root)).xattr(path, LABEL)


def test_the_time_at_which_an_inode_changed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    os.utime(tmp_path / "file", (1, 1))  # sets the time of modification back, and not this one
    for host, prefix in both(tmp_path):
        assert host.stat(f"{prefix}/file").changed_ns == (tmp_path / "file").stat().st_ctime_ns
    assert LiveHost().stat(f"{tmp_path}/file").changed_ns != 1_000_000_000
    (tmp_path / "null").symlink_to("/dev/null")
    assert RootHost(str(tmp_path)).stat("/null").changed_ns is None


@pytest.mark.parametrize(
    "ask", [lambda host: host.statvfs("/null"), lambda host: host.statfs("/null"), lambda host: host.xattrs("/null")]
)
def test_a_device_that_a_root_need_not_have(tmp_path: Path, ask: Callable[[Host], object]) -> None:
    (tmp_path / "null").symlink_to("/dev/null")
    with pytest.raises(Unsupported):
        ask(RootHost(str(tmp_path)))


def test_the_running_kernel(tmp_path: Path) -> None:
    assert tuple(LiveHost().uname()) == tuple(os.uname())
    with pytest.raises(Offline):
        RootHost(str(tmp_path)).uname()


def test_who_reads_and_whose_processes_run(tmp_path: Path) -> None:
    import pwd

    for host in (LiveHost(), RootHost(str(tmp_path))):
        assert host.reader() == os.geteuid()
        assert host.byte_order() == sys.byteorder
    assert LiveHost().process_user(os.getpid()) == pwd.getpwuid(os.getuid()).pw_name
    assert LiveHost().process_user(1 << 22 | 1) is None
    with pytest.raises(Offline):
        RootHost(str(tmp_path)).process_user(1)


def test_what_is_public_of_keys(tmp_path: Path) -> None:
    """No link leads out of a root for it, and nothing of it is secret."""
    (tmp_path / "both.pem").write_text(f"{certificate()}{private_key()}")
    (tmp_path / "out").symlink_to("/etc/passwd")
    (tmp_path / "admin.conf").write_text(kubeconfig(certificate(seed=2), certificate(), "/k"))
    for host, prefix in both(tmp_path):
        own, key = host.public_parts(f"{prefix}/both.pem")
        assert own.public_sha256 == key.public_sha256 is not None
        assert host.kubeconfig(f"{prefix}/admin.conf").certificate.parts == (own,)
        assert host.kubeconfig(f"{prefix}/admin.conf").key.path == "/k"
        for ask in (host.public_parts, host.kubeconfig):
            with pytest.raises(Absent):
                ask(f"{prefix}/none")
            with pytest.raises(Malformed, match="is a directory"):
                ask(f"{prefix}/")
    with pytest.raises(Absent):
        RootHost(str(tmp_path)).public_parts("/out")


def test_the_time(tmp_path: Path) -> None:
    before = int(time())
    assert before <= LiveHost().wall_clock() <= RootHost(str(tmp_path)).wall_clock() <= time()


def test_errors_are_by_the_path_that_was_asked(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/loop").symlink_to("/b")
    (tmp_path / "b").symlink_to("/a/loop")
    told: list[FactError] = []
    for host, prefix in both(tmp_path):
        for path in ("/b", "/a/loop", "/a/loop/x"):
            if not prefix:
                with pytest.raises(Malformed) as caught:
                    host.read(path)
                assert (caught.value.source, caught.value.detail) == (path, "too many levels of symbolic links")
                told.append(caught.value)
    assert [type(error) for error in told] == [Malformed] * 3


def test_what_answers_leave_as_evidence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    recorder = Recorder(RootHost(str(tmp_path)))
    recorder.statvfs("/file")
    magic = recorder.statfs("/file")
    for ask in (recorder.statvfs, recorder.statfs, recorder.xattrs):
        with pytest.raises(Absent):
            ask("/none")
    assert [tuple(item)[:3] for item in recorder.seen] == [
        ("/file", "statvfs(3)", ""),
        ("/file", "statfs(2)", hex(magic)),
        *[("/none", None, None)] * 3,
    ]


def test_what_a_program_says_is_cut_and_says_so() -> None:
    recorder = Recorder(LiveHost())
    recorder.run(("seq", "3"))
    recorder.run_all((("seq", "1000"), ("seq", "2")))
    first, long, last = recorder.seen

    assert (first.value, first.truncated) == ("1\n2\n3", False)
    assert (last.value, last.truncated) == ("1\n2", False)
    assert (long.value, long.truncated) == ("\n".join(map(str, range(1, 1001)))[:EXCERPT], True)
    assert long.source.endswith("seq 1000")


def test_an_extended_attribute_is_evidence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    labelled(tmp_path / "file", b"a\0")
    recorder = Recorder(RootHost(str(tmp_path)))
    assert recorder.xattr("/file", LABEL) == b"a\0"
    assert recorder.xattr("/file", "user.none") is None
    assert [tuple(item)[:3] for item in recorder.seen] == [("/file", LABEL, "a"), ("/file", "user.none", None)]


def test_a_refusal_is_told_of_the_path(tmp_path: Path) -> None:
    from tests.rights import modes_hold

    (tmp_path / "shut").mkdir(mode=0)
    with modes_hold(), pytest.raises(Denied) as caught:
        RootHost(str(tmp_path)).statvfs("/shut/file")
    assert caught.value.source == "/shut/file"
