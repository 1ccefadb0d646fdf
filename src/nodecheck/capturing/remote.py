"""Captures over ssh: the script goes to the system's own ssh, and what the node prints comes back within bounds.

No shell here, no password, nothing written on the node. A node may be hostile: what it sends is bounded in bytes and in
time, for each host and for all that are held at once.
"""

from __future__ import annotations

import _thread
import os
import select
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from queue import SimpleQueue
from signal import SIGKILL, SIGTERM
from subprocess import PIPE, Popen, TimeoutExpired
from time import monotonic, sleep
from types import TracebackType
from typing import Union

from nodecheck.capturing.files import MIB, MOST_PACKED, read_capture, unpacked
from nodecheck.capturing.host import CaptureHost
from nodecheck.capturing.remote_script import script
from nodecheck.capturing.ssh_command import SshWay, ssh_argv, ssh_environment, ssh_version
from nodecheck.errors import CaptureError, FactError, UsageError
from nodecheck.host.programs import SEARCH_PATH, find_program
from nodecheck.record import NamedTuple
from nodecheck.report.hosts import Unreached
from nodecheck.text import decode, printable

MOST_HELD = 256 * MIB
"""Bytes of all hosts that are not judged yet. Where they are more, the host that sent the most is given up, if it sent
more than its share of them."""

MOST_WORDS = 400
"""Characters of what ssh, or sudo on the node, said that are shown."""

_CHUNK = 1 << 16
_TICK_S = 0.1
_KEPT_WORDS = 1 << 13
_END_S = 0.5
_OWN_FAILURE = 255
"""The code with which ssh ends where ssh itself failed, and not what it ran (ssh(1))."""

_UNREAD = "collector: head: "
"""How the script says that a file cannot be read: the capture tells it too, and ssh's own words count here."""


class Printed(NamedTuple):
    """What came from a host."""

    raw: bytes
    code: int
    """With which ssh ended."""
    words: tuple[str, ...]
    """The last lines that ssh, or the node, said on standard error, safe on a terminal."""


Got = Union[Printed, Unreached]


def host_of(host: str, got: Got) -> CaptureHost | Unreached:
    """The node behind what came from a host; ``ssh://HOST`` is its path. Never raises for what a host sent."""
    if isinstance(got, Unreached):
        return got
    name, why = f"ssh://{host}", ""
    try:
        text = unpacked(got.raw, name)
        if text:
            return read_capture(text, name)
    except CaptureError as error:
        why = str(error)
    last = _cause(got.words)
    if got.code == _OWN_FAILURE:
        why = "the connection broke before the end of the capture" if got.raw else ""
        told = "; ".join([part for part in (*got.words, why) if part])
        return Unreached("unreachable", told or "ssh said nothing", last or why)
    if not why:
        told = "; ".join(got.words)
        return Unreached("no-capture", told or f"nothing came, and ssh ended with code {got.code}", last)
    return Unreached("no-capture", f"{why}{_beside(got.words)}", why)


def _cause(words: tuple[str, ...]) -> str:
    """The line that says why: the last, but for those with which ssh always ends where a jump host said why.

    >>> _cause(("Welcome", "Host key verification failed.", "Connection closed by UNKNOWN port 65535"))
    'Host key verification failed.'
    """
    told = [line for line in words if not any(after in line for after in _AFTER)]
    return (told or [*words, ""])[-1]


_AFTER = ("UNKNOWN port 65535", "_exchange_identification: ", "stdio forwarding failed")


def _beside(words: tuple[str, ...]) -> str:
    return f" ({'; '.join(words)})" if words else ""


def said(raw: bytes) -> tuple[str, ...]:
    r"""The lines of standard error that are shown: the last ones, safe on a terminal.

    >>> said(b"Welcome\r\nsudo: \x1b[1mno\n\n")
    ('Welcome', 'sudo: \\x1b[1mno')
    """
    lines = [printable(line.strip()) for line in decode(raw).replace("\r", "\n").split("\n")]
    found: list[str] = []
    left = MOST_WORDS
    for line in reversed([line for line in lines if line and not line.startswith(_UNREAD)]):
        found.append(line if len(line) <= left else "…" + line[len(line) - left :])
        left -= len(line) + 2
        if left <= 0:
            break
    return tuple(found[::-1])


class SshCaptures:
    """Asks hosts side by side in a thread of its own: ``with SshCaptures(hosts, way) as all: for host, got in all``.

    Each host comes in the order in which they end. One that is judged just now still counts for ``way.parallel``: so
    what is held stays bounded. On the way out nothing is left running.
    """

    def __init__(self, hosts: tuple[str, ...], way: SshWay) -> None:
        try:
            self._program = find_program("ssh", SEARCH_PATH)
        except FactError as error:
            raise UsageError(f"--ssh needs the program ssh: {error}") from error
        self._left = deque(hosts)
        self._count = len(hosts)
        self._way = way._replace(version=ssh_version(self._program))
        self._script = script().encode()
        self._running: list[_SshChild] = []
        self._ended: SimpleQueue[tuple[str, Got] | BaseException] = SimpleQueue()
        self._given = self._given_bytes = 0  # only the thread counts these
        self._judged = self._judged_bytes = 0  # and only who judges counts these
        self._stop = False
        self._over = _thread.allocate_lock()
        self._awake, self._waker = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def __enter__(self) -> SshCaptures:
        _end_with_us()
        self._over.acquire()
        _thread.start_new_thread(self._attend, ())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop = True
        self._wake()
        if self._over.acquire(timeout=4 * _END_S):
            os.close(self._awake)
            os.close(self._waker)

    def __iter__(self) -> Iterator[tuple[str, Got]]:
        for _ in range(self._count):
            ended = self._ended.get()
            if isinstance(ended, BaseException):
                raise ended
            yield ended
            self._judged_bytes += _size(ended[1])
            self._judged += 1
            self._wake()

    @property
    def running(self) -> tuple[str, ...]:
        """The hosts that are asked just now."""
        return tuple([child.host for child in tuple(self._running)])

    def _wake(self) -> None:
        with suppress(OSError):  # a full pipe wakes too
            os.write(self._waker, b"!")

    # -- what follows runs in the thread, which alone has to do with the programs

    def _attend(self) -> None:
        try:
            while not self._stop and (self._left or self._running):
                self._begin()
                self._listen()
                self._settle()
        except BaseException as error:
            self._ended.put(error)
        finally:
            for child in self._running:
                _kill(child.pid, SIGTERM)
            for child in self._running:
                child.end()
            self._over.release()

    def _begin(self) -> None:
        while self._left and len(self._running) + self._given - self._judged < self._way.parallel:
            host = self._left.popleft()
            try:
                argv = ssh_argv(self._program, host, self._way)
                self._running.append(_SshChild(argv, host, self._way.timeout_s, self._script))
            except (OSError, ValueError) as error:  # ValueError: a name that this locale cannot write
                why = getattr(error, "strerror", None) or error
                self._give(host, Unreached("unreachable", printable(f"ssh could not be started: {why}")))

    def _listen(self) -> None:
        """Read and write whatever can be, once."""
        poller = select.poll()
        poller.register(self._awake, select.POLLIN)
        owners: dict[int, _SshChild] = {}
        for child in self._running:
            for fd, event in child.waits_for():
                poller.register(fd, event)
                owners[fd] = child
        # One that closed its pipes is about to end: that is worth a closer look.
        tick = 0.01 if any(not child.open for child in self._running) else _TICK_S
        for fd, _ in poller.poll(1000 * tick):
            if fd in owners:
                owners[fd].serve(fd)
            else:
                with suppress(OSError):
                    os.read(fd, _CHUNK)

    def _settle(self) -> None:
        held = self._given_bytes - self._judged_bytes + sum([child.size for child in self._running])
        if held > MOST_HELD and self._running:
            most = max(self._running, key=lambda child: child.size)
            if most.size > MOST_HELD // self._way.parallel:  # less than its share is not given up for others
                most.give_up(
                    "too-large", f"all hosts together sent more than {MOST_HELD // MIB} MiB, and this one the most"
                )
        now = monotonic()
        for child in tuple(self._running):
            if child.is_settled(now):
                self._running.remove(child)
                got = child.result()
                child.end()
                self._give(child.host, got)

    def _give(self, host: str, got: Got) -> None:
        self._given += 1
        self._given_bytes += _size(got)
        self._ended.put((host, got))


def _size(got: Got) -> int:
    return len(got.raw) if isinstance(got, Printed) else 0


class _SshChild:
    """One ssh that runs, in a session of its own: it has no terminal to ask on, and ends with all that it started."""

    def __init__(self, argv: tuple[str, ...], host: str, timeout_s: float, script: bytes) -> None:
        self.host = host
        self.size = 0
        """Bytes of it that are held."""
        self._heard = 0
        self._failure: Unreached | None = None
        self._timeout_s = timeout_s
        self._deadline = monotonic() + timeout_s
        self._said = bytearray()
        self._words = bytearray()
        self._left = memoryview(script)
        self._process = Popen(  # noqa: S603 - no shell, and no host is an option (host_names)
            argv, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=ssh_environment(), start_new_session=True, bufsize=0,
        )  # fmt: skip
        self.pid = self._process.pid
        _ACTIVE.add(self.pid)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._stdin, self._stdout, self._stderr = self._process.stdin, self._process.stdout, self._process.stderr
        self.open = {self._stdout.fileno(), self._stderr.fileno()}
        for stream in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(stream.fileno(), False)

    def waits_for(self) -> list[tuple[int, int]]:
        """Its descriptors, and what each can be polled for."""
        found = [(fd, int(select.POLLIN)) for fd in self.open]
        return found if self._stdin.closed else [*found, (self._stdin.fileno(), int(select.POLLOUT))]

    def serve(self, fd: int) -> None:
        """Write or read once."""
        if not self._stdin.closed and fd == self._stdin.fileno():
            self._feed()
        else:
            self._take(fd)

    def _feed(self) -> None:
        try:
            self._left = self._left[os.write(self._stdin.fileno(), self._left) :]
        except BlockingIOError:
            return
        except OSError:  # it has ended, and says why on its standard error
            self._left = self._left[:0]
        if not self._left:
            self._stdin.close()

    def _take(self, fd: int) -> bool:
        """Read once; whether there may be more."""
        try:
            chunk = os.read(fd, _CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            chunk = b""
        self._heard += len(chunk)
        if not chunk:
            self.open.discard(fd)
        elif fd == self._stderr.fileno():
            self._words += chunk
            del self._words[:-_KEPT_WORDS]
        else:
            self._said += chunk
            self.size = len(self._said)
        if self._heard > MOST_PACKED:
            self.give_up("too-large", f"sent more than {MOST_PACKED // MIB} MiB")
        return bool(chunk) and self._failure is None

    def give_up(self, code: str, text: str, words: tuple[str, ...] = ()) -> None:
        """Say why no more of it is read."""
        self._failure = self._failure or Unreached(code, f"{text}{_beside(words)}", text)

    def is_settled(self, now: float) -> bool:
        """Whether all is known that will be: it has ended and all is read, it is too late, or it was given up."""
        if self._failure is not None:
            return True
        if self._has_ended():
            for fd in tuple(self.open):  # a descendant that holds a pipe open is not waited for
                while self._take(fd):
                    pass
            return True
        if now >= self._deadline:
            text = f"did not end within the {self._timeout_s:g} s of --timeout"
            self.give_up("timeout", text, said(bytes(self._words)))
        return self._failure is not None

    def _has_ended(self) -> bool:
        """Whether ssh has ended, without reaping it: what it started is killed first, under its number."""
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:  # where SIGCHLD is ignored nobody has to reap
            return True

    def result(self) -> Got:
        """What it printed, or why that is nothing."""
        if self._failure is not None:
            return self._failure
        _kill(self.pid, SIGKILL)  # what it left behind, before it is reaped and its number can be another's
        return Printed(bytes(self._said), self._process.wait(), said(bytes(self._words)))

    def end(self) -> None:
        """End what is left of it, close the pipes, leave no zombie."""
        self._said = bytearray()
        for stream in (self._stdin, self._stdout, self._stderr):
            with suppress(OSError):
                stream.close()
        if self._process.returncode is None:
            _kill(self.pid, SIGTERM)  # ssh then ends what it shares with others of its kind
            late = monotonic() + _END_S
            while not self._has_ended() and monotonic() < late:
                sleep(0.01)
            _kill(self.pid, SIGKILL)
            with suppress(TimeoutExpired):
                self._process.wait(_END_S)
        _ACTIVE.discard(self.pid)


_ACTIVE: set[int] = set()
"""Those that run, so that none outlives this process where it has to leave at once."""


def _end_with_us() -> None:
    import atexit

    atexit.unregister(_kill_active)
    atexit.register(_kill_active)


def _kill_active() -> None:
    for pid in tuple(_ACTIVE):
        _kill(pid, SIGKILL)


def _kill(pid: int, number: int) -> None:
    """Send a signal to a program and what it started in its process group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
