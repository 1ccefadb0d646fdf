"""Network namespaces for tests: made by root, entered by one thread, gone when it ends."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

T = TypeVar("T")

CLONE_NEWNET = 0x40000000


def _unshare() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def in_namespace(work: Callable[[], T], *commands: str) -> T:
    """What ``work`` gives in a thread with a network namespace of its own, made up by ``ip`` commands.

    Skips the test where the kernel or the user's rights do not allow that.
    """
    result: list[Any] = []

    def run() -> None:
        try:
            _unshare()
            set_up(*commands)
            result.append((True, work()))
        except BaseException as error:
            result.append((False, error))

    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("network namespaces need root and iproute2")
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    good, value = result[0]
    if good:
        found: T = value
        return found
    if isinstance(value, PermissionError):
        pytest.skip(f"no network namespaces here: {value}")
    raise value


def set_up(*commands: str) -> None:
    """Run ``ip`` commands in the namespace of this thread."""
    if commands:
        subprocess.run(["ip", "-batch", "-"], input="\n".join(commands), text=True, check=True, capture_output=True)


_SETRESUID = {"x86_64": 117, "aarch64": 147, "riscv64": 147, "ppc64le": 164, "s390x": 208}


def become_nobody() -> None:
    """Give up root, for this thread and those that it starts: the system call is one thread's (nptl(7))."""
    number = _SETRESUID.get(os.uname().machine)
    if number is None:
        pytest.skip("the number of setresuid() is not known for this machine")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, 65534, 65534, 65534):
        raise OSError(ctypes.get_errno(), "setresuid")
