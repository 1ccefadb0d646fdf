"""The whole catalogue only reads: under strace it opens nothing for writing, makes nothing, and loads no module.

Python's own cache of compiled modules is turned off: it is written where a source is newer, whatever the program does.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from nodecheck.plugins import load
from nodecheck.requirements.asked import PHASES, PROXY_MODES, ROLES
from nodecheck.testing import run
from tests.nodes import debian_node, rocky_node
from tests.program import PROGRAM
from tests.reference import reference_node
from tests.strace import Traced, strace_or_skip, traced

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="strace is of Linux")

ASKED = [
    ("run", "--json", "--phase", phase, "--role", role, "--proxy-mode", PROXY_MODES[number % len(PROXY_MODES)])
    for number, (phase, role) in enumerate((phase, role) for phase in PHASES for role in ROLES)
] + [("run",), ("run", "-v"), ("run", "--json", "--profile", "centos7-kubeadm-1.17")]
"""Each phase and role, each proxy mode, both views always, and what people type."""
NODES = {"debian13": debian_node, "rocky9": rocky_node, "centos7": reference_node}
MAY_LOAD = {"inet_diag", "tcp_diag", "udp_diag", "unix_diag"}
"""What the kernel may load where listeners are listed: the first two, and what others ask meanwhile."""


def ran(tmp_path: Path, *words: str) -> Traced:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if "PYTHONPATH" in os.environ:
        environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
    found = traced([*PROGRAM, *words], tmp_path / "trace", environment, cwd="/")
    assert found.code in (0, 1, 3), found.stderr
    assert found.stderr == b""
    return found


def below(root: Path) -> dict[str, tuple[int, ...]]:
    """All that a folder holds, with what changes where something is written; a kernel's own files show no sizes."""
    found: dict[str, tuple[int, ...]] = {}
    for folder, folders, files in os.walk(root):
        for path in (os.path.join(folder, name) for name in (*folders, *files)):
            info = os.lstat(path)
            found[path] = (info.st_mode, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)
    return found


def modules() -> set[str]:
    """The modules that are loaded; none on a kernel that has no loader of modules."""
    try:
        return {line.split(" ")[0] for line in Path("/proc/modules").read_text().splitlines()}
    except FileNotFoundError:
        return set()


def cgroups() -> set[str]:
    return {folder for folder, _, _ in os.walk("/sys/fs/cgroup")}


def test_these_runs_ask_each_check_for_each_view(tmp_path: Path) -> None:
    root = debian_node(tmp_path)
    asked = set()
    for words in ASKED[: len(PHASES) * len(ROLES)]:
        phase, role, proxy_mode = words[3::2]
        for result in run(root, phase=phase, role=role, proxy_mode=proxy_mode):
            if result.cause is None or result.cause.code != "not-selected-phase":
                asked.add((result.check, result.view))

    assert asked == {(check.name, view) for check in load().all_checks() for view in check.views}


@pytest.mark.parametrize("words", ASKED, ids=" ".join)
def test_a_live_node(tmp_path: Path, words: tuple[str, ...]) -> None:
    strace_or_skip(tmp_path)
    for left in (2, 1, 0):  # what others make meanwhile is not ours: it is not there again each time
        before = modules(), cgroups()
        found = ran(tmp_path, *words)
        same = modules() - before[0] <= MAY_LOAD and cgroups() == before[1]
        if same or not left:
            break

    assert found.changes() == []
    assert same
    assert {call.rest.partition(", ")[0] for call in found.by_itself("socket")} <= {"AF_NETLINK", "AF_UNIX"}


@pytest.mark.parametrize(
    ("name", "words"),
    [("debian13", words) for words in ASKED] + [(name, ("run", "-v")) for name in ("rocky9", "centos7")],
    ids=lambda given: given if isinstance(given, str) else " ".join(given),
)
def test_a_root(tmp_path: Path, name: str, words: tuple[str, ...]) -> None:
    strace_or_skip(tmp_path)
    root = NODES[name](tmp_path / "node")
    before = below(root)
    found = ran(tmp_path, *words, "--root", str(root))

    assert found.changes() == []
    assert below(root) == before
    assert len(found.programs()) == 1
    assert {call.rest.partition(", ")[0] for call in found.named("socket")} <= {"AF_UNIX"}  # of getpwuid(3), for nscd


WRITES = {
    "open('{}/a', 'w')": "openat", "open('{}/a', 'a')": "openat", "os.open('{}', os.O_TMPFILE | os.O_RDWR)": "openat",
    "open('/dev/kmsg', 'r+b', buffering=0)": "openat", "os.mkdir('{}/a')": "mkdir", "os.rmdir('{}/none')": "rmdir",
    "os.rename('{}/none', '{}/b')": "rename", "os.unlink('{}/none')": "unlink", "os.symlink('a', '{}/a')": "symlink",
    "os.link('{}/none', '{}/a')": "link", "os.mkfifo('{}/a')": "mknod", "os.truncate('{}/none', 0)": "truncate",
    "os.chmod('{}', 0o700)": "chmod", "os.chown('{}', -1, -1)": "chown", "os.utime('{}')": "utimensat",
    "os.setxattr('{}', 'user.a', b'x')": "setxattr",
    "os.sched_setaffinity(0, os.sched_getaffinity(0))": "sched_setaffinity",
    "libc.mount(None, b'{}', None, 0, None)": "mount", "libc.umount2(b'{}/none', 0)": "umount2",
    "libc.swapoff(b'{}/none')": "swapoff", "libc.syscall(313 if x86 else 273, -1, b'', 0)": "finit_module",
    "libc.delete_module(b'no_such_module', 0)": "delete_module", "libc.sethostname(b'x', 65)": "sethostname",
    "socket.socket().bind(('127.0.0.1', 0))": "bind", "netlink(16)": "sendto", "netlink(18, 1)": "sendto",
    "subprocess.run(['sh', '-c', ': >{}/a'], check=True)": "openat",
}  # fmt: skip
"""What changes something, or would if it were there, and the call by which it is seen."""
READS = (
    "open('/proc/self/status').read()", "os.listdir('/')", "os.statvfs('/')", "os.open('/dev/null', os.O_RDWR)",
    "print(1)", "netlink(18, 0x301)", "subprocess.run(['sh', '-c', 'cat /dev/null >/dev/null'], check=True)",
)  # fmt: skip
BEFORE = """import ctypes, os, socket, struct, subprocess
libc, x86 = ctypes.CDLL(None), os.uname().machine == "x86_64"
def netlink(kind, flags=1):
    asked = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    asked.sendto(struct.pack("=IHHII", 32, kind, flags, 1, 0) + bytes(16), (0, 0))
try:
    {}
except OSError:
    pass
"""


def found_of(tmp_path: Path, code: str) -> list[str]:
    strace_or_skip(tmp_path)
    argv = [sys.executable, "-c", BEFORE.format(code.replace("{}", str(tmp_path)))]
    return traced(argv, tmp_path / "trace", {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}).changes()


@pytest.mark.parametrize("code", WRITES)
def test_a_change_is_seen(tmp_path: Path, code: str) -> None:
    found = found_of(tmp_path, code)

    assert [call.partition("(")[0].removesuffix("at") for call in found] == [WRITES[code].removesuffix("at")]


@pytest.mark.parametrize("code", READS)
def test_reading_is_no_change(tmp_path: Path, code: str) -> None:
    assert found_of(tmp_path, code) == []
