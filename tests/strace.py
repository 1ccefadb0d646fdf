"""What a program does to the system, by strace: each call that could change something, load a module or reach out."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

OPENS = ("open", "openat", "openat2", "creat")
CHANGES = (
    "mkdir", "mkdirat", "rmdir", "rename", "renameat", "renameat2", "unlink", "unlinkat", "link", "linkat", "symlink",
    "symlinkat", "mknod", "mknodat", "truncate", "ftruncate", "fallocate", "chmod", "fchmod", "fchmodat", "fchmodat2",
    "chown", "fchown", "lchown", "fchownat", "utime", "utimes", "futimesat", "utimensat", "setxattr", "lsetxattr",
    "fsetxattr", "removexattr", "lremovexattr", "fremovexattr", "sendfile", "copy_file_range", "splice",
    "mount", "umount", "umount2", "move_mount", "fsmount", "mount_setattr", "pivot_root", "chroot", "swapon", "swapoff",
    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "bpf",
    "sethostname", "setdomainname", "settimeofday", "clock_settime", "quotactl", "acct", "syslog", "add_key", "keyctl",
    "unshare", "setns", "iopl", "ioperm", "sched_setaffinity", "setpriority", "mq_open", "shmget", "semget", "msgget",
    "bind", "listen",
)  # fmt: skip
"""Calls that nothing has to make that only looks."""
SENDS = ("sendto", "sendmsg", "sendmmsg")
FORKS = ("clone", "clone3", "fork", "vfork")
ASKED = ("execve", "execveat", "socket", "connect", "adjtimex", "clock_adjtime", "ioctl", "write", "writev", "pwrite64")

_CALL = re.compile(r"^(\d+) +(\w+)\((.*)", re.DOTALL)
_FORK = re.compile(r"^(\d+) +(?:<\.\.\. )?(?:clone3?|v?fork)\b.* = (\d+)")
_WRITES = re.compile(r"\b(O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|O_TMPFILE)\b")
_SCRATCH = re.compile(r'"/dev/(null|tty)"')
_NETLINK = re.compile(r"nlmsg_type=([^,]*), nlmsg_flags=([^,]*)")
_DUMPS = {
    "RTM_GETLINK", "RTM_GETADDR", "RTM_GETROUTE", "SOCK_DIAG_BY_FAMILY", "nlctrl",
    "0x12", "0x16", "0x1a", "0x14", "0x10", "0xa04", "0xa07", "NFNL_SUBSYS_NFTABLES<<8|NFT_MSG_GETCHAIN",
    "NFNL_SUBSYS_NFTABLES<<8|NFT_MSG_GETRULE",
}  # fmt: skip
"""What is asked of the kernel by netlink, as strace spells it with and without the socket's protocol."""
_SETS = re.compile(
    r"\b(SIOCS\w+|FS_IOC_SET\w+|FS_IOC_FSSETXATTR|FIFREEZE|FITHAW|BLKRRPART|LOOP_\w+|RTC_SET\w+|TUNSETIFF)"
)


class Call(NamedTuple):
    """One call as strace prints it."""

    pid: int
    name: str
    rest: str

    def __str__(self) -> str:
        return f"{self.name}({self.rest}"[:300]


class Traced(NamedTuple):
    """What a program printed, and its calls."""

    code: int
    stdout: bytes
    stderr: bytes
    calls: tuple[Call, ...]
    parents: Mapping[int, int]
    """Who made each process and thread."""

    def changes(self) -> list[str]:
        """The calls that change something, or that could."""
        return [str(call) for call in self.calls if _changes(call)]

    def named(self, *names: str) -> list[Call]:
        """The calls of these names."""
        return [call for call in self.calls if call.name in names]

    def by_itself(self, *names: str) -> list[Call]:
        """The calls of these names by the program and its threads, without those of programs that it started."""
        started = self.named("execve", "execveat")
        others = {call.pid for call in started} - {started[0].pid}
        return [call for call in self.named(*names) if others.isdisjoint(self._above(call.pid))]

    def _above(self, pid: int | None) -> Iterator[int]:
        while pid is not None:
            yield pid
            pid = self.parents.get(pid)

    def programs(self) -> list[str]:
        """The programs that were started, the traced one first."""
        return [call.rest.split('"')[1] for call in self.named("execve", "execveat") if call.rest.count('"') > 1]


def _changes(call: Call) -> bool:
    name, rest = call.name, call.rest
    if name in OPENS:
        return name == "creat" or (_WRITES.search(rest) is not None and _SCRATCH.search(rest) is None)
    if name in ("adjtimex", "clock_adjtime"):
        return "modes=0," not in rest
    if name in SENDS:
        return any(not _dumps(*asked) for asked in _NETLINK.findall(rest))
    if name == "ioctl":
        return _SETS.search(rest) is not None
    if name in ("write", "writev", "pwrite64"):  # the file is told by -y: <pipe:[1]>, </proc/sys/...>
        return re.match(r"\d+<(/(?!dev/(null|tty|pts/))[^>]*)>", rest) is not None
    return name in CHANGES


def _dumps(kind: str, flags: str) -> bool:
    return kind.split(" ")[0] in _DUMPS and ("NLM_F_DUMP" in flags or "0x300" in flags)


def strace_or_skip(tmp_path: Path) -> None:
    """Skip the test where there is no strace, or where it may not trace."""
    if shutil.which("strace") is None:
        pytest.skip("there is no strace")
    done = subprocess.run(["strace", "-f", "-o", str(tmp_path / "probe"), "true"], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"strace may not trace here: {done.stderr.decode(errors='replace').strip()[:200]}")


def traced(argv: Sequence[str], trace: Path, env: Mapping[str, str], **given: object) -> Traced:
    """Run a program and its children under strace. What it prints goes through pipes, so no file is its output."""
    watched = "trace=" + ",".join(f"?{name}" for name in (*OPENS, *CHANGES, *SENDS, *FORKS, *ASKED))
    strace = ["strace", "-f", "-y", "-qq", "-s", "400", "-e", "signal=none", "-o", str(trace), "-e", watched]
    done = subprocess.run(  # type: ignore[call-overload]
        [*strace, *argv],
        env=dict(env), capture_output=True, check=False, timeout=300, **given,
    )  # fmt: skip
    lines = trace.read_text("utf-8", "surrogateescape").split("\n")
    calls = tuple(Call(int(call[1]), call[2], call[3]) for call in map(_CALL.match, lines) if call is not None)
    assert calls, done.stderr
    parents = {int(fork[2]): int(fork[1]) for fork in map(_FORK.match, lines) if fork is not None}
    return Traced(done.returncode, done.stdout, done.stderr, calls, parents)
