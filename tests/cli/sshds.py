"""Real nodes to ask over ssh: several sshd on the loopback of a network namespace of their own.

All of them, and that network, end with the process that holds the namespaces. Of their users, ``ann`` is root by sudo
without a password, and of ``bob`` it wants one; some are called as their shells are.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from tests.program import PROGRAM

PROGRAMS = ("ssh", "sshd", "ssh-keygen", "unshare", "nsenter", "ip", "mount", "busybox")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

SETUP = """
set -e
ip link set lo up
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/sshd /run/busybox/bin /run/busybox/dev /run/busybox/etc/sysctl.d /run/busybox/proc
touch /run/busybox/dev/null
mount --bind /dev/null /run/busybox/dev/null
cp "$1" /run/busybox/bin/busybox
chroot /run/busybox /bin/busybox --install -s /bin
printf 'ID=alpine\\nVERSION_ID="3.20"\\nPRETTY_NAME="Alpine 3.20"\\n' > /run/busybox/etc/os-release
printf '/dev/sda2 none swap sw 0 0\\n' > /run/busybox/etc/fstab
printf 'bare\\n' > /run/busybox/etc/hostname
printf 'net.ipv4.ip_forward = 1\\n' > /run/busybox/etc/sysctl.d/k8s.conf
mount -t proc proc /run/busybox/proc
printf 'root:x:0:0:root:/:/bin/sh\\nann:x:4711:4711::/:/bin/sh\\nbob:x:4712:4712::/:/bin/sh\\n' > /run/passwd
grep '^sshd:' /etc/passwd >> /run/passwd
printf 'root:*:19000:0:99999:7:::\\nann:*:19000:0:99999:7:::\\nbob:*:19000:0:99999:7:::\\n' > /run/shadow
for name in fish zsh tcsh mksh; do
    shell=$(command -v $name) || continue
    echo "$name:x:4713:4713::/:$shell" >> /run/passwd
    echo "$name:*:19000:0:99999:7:::" >> /run/shadow
done
mount --bind /run/passwd /etc/passwd
mount --bind /run/shadow /etc/shadow
printf 'root ALL=(ALL:ALL) ALL\\nann ALL=(ALL:ALL) NOPASSWD: ALL\\nbob ALL=(ALL:ALL) ALL\\n' > /run/sudoers
chmod 440 /run/sudoers
[ ! -f /etc/sudoers ] || mount --bind /run/sudoers /etc/sudoers
touch /run/ready
exec cat
"""

CONFIG = """
ListenAddress {address}
Port 22
HostKey {keys}/host
AuthorizedKeysFile /run/user.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowTcpForwarding yes
MaxStartups 100
LogLevel QUIET
{more}
"""


def missing() -> str | None:
    """Why there can be no such nodes here; None where there can be."""
    absent = [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]
    if absent:
        return f"{', '.join(absent)} is not installed"
    if os.geteuid() != 0:
        return "only root makes network namespaces and sshd"
    tried = subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "true"], capture_output=True, text=True)
    return None if tried.returncode == 0 else f"no namespaces here: {tried.stderr.strip()}"


class Done(NamedTuple):
    """A command that ended."""

    code: int
    out: str
    err: str
    peak_kib: int
    """The most memory that its process had."""


def _as_a_shell() -> None:
    """Let a closed terminal end the program, also where nohup(1) runs these tests: that would be inherited."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _peak_kib(pid: int) -> int:
    """The most memory that a process had until now; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().split("\n")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


class Nodes:
    """A network with nodes in it. ``name`` of each leads to an address; ``call`` runs nodecheck in it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._next = 1
        for name in ("host", "user"):
            argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place / name)]
            subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)
        busybox = shutil.which("busybox", path=PATH)
        argv = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", SETUP, "sh", str(busybox)]
        self._holder = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self._pid = self._inside(self._holder.pid)
        self._until(lambda: Path(f"/proc/{self._pid}/root/run/ready").exists())
        self.run = Path(f"/proc/{self._pid}/root/run")
        """The directory /run of the nodes."""
        shutil.copy(place / "user.pub", self.run)

    @property
    def net(self) -> str:
        """Their network namespace, as a file."""
        return f"/proc/{self._pid}/ns/net"

    def _inside(self, pid: int) -> int:
        children = Path(f"/proc/{pid}/task/{pid}/children")
        self._until(lambda: bool(children.read_text().split()))
        return int(children.read_text().split()[0])

    def _until(self, there: object) -> None:
        late = time.monotonic() + 10
        while not there():  # type: ignore[operator]
            assert self._holder.poll() is None, "the namespaces could not be made"
            assert time.monotonic() < late, "too slow"
            time.sleep(0.02)

    def enter(self, *words: str) -> list[str]:
        """A command line, in the namespaces."""
        return ["nsenter", f"--target={self._pid}", "--net", "--mount", "--pid", "--", *words]

    def add(self, more: str = "") -> str:
        """Start a node with more lines of sshd_config; its address."""
        address = f"127.0.1.{self._next}"
        self._next += 1
        config = self.place / f"{address}.conf"
        config.write_text(CONFIG.format(address=address, keys=self.place, more=more))
        subprocess.run(self.enter("/usr/sbin/sshd", "-f", str(config)), check=True)
        return address

    def options(self) -> list[str]:
        """What nodecheck has to be given, so that ssh takes the keys of this place."""
        known = self.place / "known"
        key = (self.place / "host.pub").read_text()
        known.write_text("".join([f"{host} {key}" for host in ("127.0.1.*", "node*")]))
        given = [f"UserKnownHostsFile={known}", f"IdentityFile={self.place}/user", "IdentitiesOnly=yes"]
        return [word for option in given for word in ("--ssh-option", option)]

    def start(self, *words: str, extra: dict[str, str] | None = None, **more: object) -> subprocess.Popen[bytes]:
        """nodecheck in the network of the nodes; ``more`` goes to Popen."""
        argv = [*PROGRAM, *words]
        env = {"PATH": PATH, "HOME": str(self.place), "LC_ALL": "C.UTF-8", **(extra or {})}
        given: dict[str, Any] = {"stdin": subprocess.DEVNULL, **more}
        return subprocess.Popen(
            ["nsenter", f"--net={self.net}", "--", *argv],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.place, env=env, preexec_fn=_as_a_shell, **given,
        )  # fmt: skip

    def call(self, *words: str, given: bytes | None = None, env: dict[str, str] | None = None) -> Done:
        """Run nodecheck with the options of this place, and with more in its environment."""
        import threading

        process = self.start(*words, *self.options(), extra=env, stdin=subprocess.PIPE)
        said: dict[str, bytes] = {}
        readers = [
            threading.Thread(target=lambda: said.setdefault("out", process.stdout.read())),  # type: ignore[union-attr]
            threading.Thread(target=lambda: said.setdefault("err", process.stderr.read())),  # type: ignore[union-attr]
        ]
        for reader in readers:
            reader.start()
        assert process.stdin is not None
        process.stdin.write(given or b"")
        process.stdin.close()
        peak = 0
        while process.poll() is None:  # what wait4(2) says begins with the memory of who forked it
            peak = _peak_kib(process.pid) or peak
            time.sleep(0.01)
        for reader in readers:
            reader.join()
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()
        return Done(process.returncode, said["out"].decode(), said["err"].decode(), peak)

    def end(self) -> None:
        """End all of them."""
        assert self._holder.stdin is not None
        self._holder.stdin.close()
        self._holder.wait()


def deaf(nodes: Nodes) -> tuple[str, subprocess.Popen[bytes]]:
    """An address at which connections are neither taken nor refused: a queue of one that is full."""
    code = (
        "import socket, sys, time\n"
        "s = socket.socket(); s.bind(('127.0.2.1', 22)); s.listen(0)\n"
        "held = [socket.socket() for _ in range(4)]\n"
        "for one in held: one.setblocking(False); one.connect_ex(('127.0.2.1', 22))\n"
        "print('ready', flush=True); sys.stdin.read()\n"
    )
    argv = nodes.enter(sys.executable, "-I", "-S", "-c", code)
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return "127.0.2.1", process
