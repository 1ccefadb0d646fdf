"""A virtual machine: QEMU's software emulation, commands through the guest agent, real reboots, a card and no network.

KVM is left alone: where it exists it may be of a kind that runs no stock kernel, and the figures are to be the same
everywhere.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.vm.channel import Channel, VmError

MEMORY_MIB = 1536
BOOT_LIMIT_S = 600
"""Emulated boots take 17 to 60 s, more beside other work."""

KERNEL_WORDS = "root=/dev/vda rw console=ttyS0 quiet net.ifnames=0 mitigations=off random.trust_cpu=on panic=-1"
SNAPSHOT = "ready"
"""The name of the running state that is kept inside a disk."""

_ENVIRONMENT = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"]


_RUNNING: set[subprocess.Popen[bytes]] = set()
"""What ``end_all`` ends: an interrupted suite must leave no emulator behind."""


def end_all() -> None:
    """End every machine of this process; whoever waits for one gets a VmError."""
    for process in tuple(_RUNNING):
        process.kill()


class Machine:
    """A running guest of ``disk``, whose changes go there. ``boot`` holds the kernel and the initrd, by name; without
    it the disk's own boot loader starts the kernel, with the words that it has.

    What the guest flushes outlives the emulator only with ``durable``, which is slower.
    """

    def __init__(
        self,
        disk: Path,
        boot: Path | None,
        words: str = "",
        resume: bool = False,
        second_disk: Path | None = None,
        durable: bool = False,
    ) -> None:
        self._cache = "writeback" if durable else "unsafe"
        self._disk, self._boot, self._words = disk, boot, words
        self._resume, self._second = resume, second_disk
        self._folder = Path(tempfile.mkdtemp(prefix="nodecheck-vm."))
        self._process: subprocess.Popen[bytes] | None = None
        self._agent: Channel | None = None
        self._monitor: Channel | None = None

    def __enter__(self) -> Machine:
        try:
            self._launch()
            self._wait(BOOT_LIMIT_S)
            if self._resume:
                self.sh(f"date -u -s @{time.time():.3f} >/dev/null")
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def run(self, shell: str, timeout_s: float = 600) -> tuple[int, str, str]:
        """Run a shell command as root: its exit status, standard output and standard error."""
        arguments = {"path": "/bin/sh", "arg": ["-c", shell], "capture-output": True, "env": _ENVIRONMENT}
        pid = self._ask("guest-exec", arguments)["pid"]
        end, nap_s = time.monotonic() + timeout_s, 0.05
        while time.monotonic() < end:
            state = self._ask("guest-exec-status", {"pid": pid})
            if state["exited"]:
                code = state.get("exitcode", 128 + state.get("signal", 0))
                return code, _decoded(state, "out-data"), _decoded(state, "err-data")
            time.sleep(nap_s)
            nap_s = min(nap_s * 1.5, 0.5)
        raise VmError(f"{shell[:200]!r} ran longer than {timeout_s:.0f} s")

    def sh(self, shell: str, timeout_s: float = 600) -> str:
        """The standard output of a shell command that must succeed. Raises VmError."""
        code, out, err = self.run(shell, timeout_s)
        if code:
            raise VmError(f"exit {code} of {shell[:400]!r}:\n{out[-2000:]}\n{err[-2000:]}")
        return out

    def push(self, content: bytes, path: str) -> None:
        """Write a file of the guest."""
        handle = self._ask("guest-file-open", {"path": path, "mode": "w"})
        for start in range(0, len(content), 1 << 20):
            part = base64.b64encode(content[start : start + (1 << 20)]).decode()
            self._ask("guest-file-write", {"handle": handle, "buf-b64": part}, 120)
        self._ask("guest-file-close", {"handle": handle})

    def reboot(self) -> None:
        """Reboot the guest, and wait until the new boot is done."""
        before = self.sh("cat /proc/sys/kernel/random/boot_id")
        # guest-shutdown schedules through logind, which an enforcing SELinux policy refuses
        self._ask("guest-exec", {"path": "/bin/sh", "arg": ["-c", "sync; systemctl reboot || systemctl -f reboot"]})
        end = time.monotonic() + BOOT_LIMIT_S
        while time.monotonic() < end:
            time.sleep(1)
            self._wait(max(1.0, end - time.monotonic()))
            try:
                if self.run("cat /proc/sys/kernel/random/boot_id", 10)[1] not in ("", before):
                    self.settle()
                    return
            except (VmError, ValueError):
                continue
        raise VmError(f"the guest did not come back within {BOOT_LIMIT_S} s; its console ends:\n{self._console()}")

    def settle(self) -> None:
        """Wait until systemd has started all that the boot starts (or given it up)."""
        self.run("systemctl is-system-running --wait", BOOT_LIMIT_S)

    def keep(self) -> None:
        """Keep the running state inside the disk, to be resumed."""
        self.sh("sync")
        said = self._command("human-monitor-command", {"command-line": f"savevm {SNAPSHOT}"})
        if str(said.get("return", "an error")).strip():
            raise VmError(f"savevm: {said}")

    def power_off(self) -> None:
        """Shut the guest down in an orderly way."""
        assert self._process is not None
        self._ask("guest-exec", {"path": "/bin/sh", "arg": ["-c", "sync; systemctl poweroff"]})
        self._process.wait(120)

    def cut(self) -> str:
        """Cut the power, and give what the guest's console said until then."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        return (self._folder / "console").read_text(errors="replace")

    def _arguments(self) -> list[str]:
        drives = ["-drive", f"file={self._disk},if=virtio,format=qcow2,cache={self._cache},discard=unmap"]
        if self._second is not None:
            drives += ["-drive", f"file={self._second},if=virtio,format=raw,cache=unsafe"]
        words = f"{KERNEL_WORDS} {self._words}".rstrip()
        start = ["-kernel", f"{self._boot}.vmlinuz", "-initrd", f"{self._boot}.initrd", "-append", words]
        return [
            *("qemu-system-x86_64", "-nodefaults", "-display", "none", "-M", "q35", "-rtc", "base=utc"),
            *("-netdev", "hubport,id=n0,hubid=0", "-device", "virtio-net-pci,netdev=n0,romfile="),
            *("-netdev", "hubport,id=n1,hubid=0"),  # which nobody listens at: what the card sends has to go somewhere
            *("-accel", "tcg,thread=multi,tb-size=512", "-cpu", "Nehalem", "-smp", "2", "-m", str(MEMORY_MIB)),
            *(start if self._boot is not None else ()),
            *drives,
            *("-object", "rng-random,id=r0,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=r0"),
            *("-serial", f"file:{self._folder}/console", "-device", "virtio-serial-pci"),
            *("-chardev", f"socket,id=agent,server=on,wait=off,path={self._folder}/agent"),
            *("-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"),
            *("-qmp", f"unix:{self._folder}/monitor,server=on,wait=off"),
            *(("-loadvm", SNAPSHOT) if self._resume else ()),
        ]

    def _launch(self) -> None:
        with open(self._folder / "stderr", "wb") as errors:
            # A session of its own: an interrupt from the keyboard ends us first, and we end it.
            self._process = subprocess.Popen(
                self._arguments(), stdin=subprocess.DEVNULL, stderr=errors, start_new_session=True
            )
        _RUNNING.add(self._process)
        self._agent, self._monitor = self._connected("agent"), self._connected("monitor")
        self._monitor.receive(60)
        self._command("qmp_capabilities")

    def _connected(self, name: str) -> Channel:
        end = time.monotonic() + 30
        while True:
            try:
                return Channel(self._folder / name)
            except OSError:
                self._alive()
                if time.monotonic() > end:
                    raise VmError(f"qemu made no socket {name}") from None
                time.sleep(0.05)

    def _alive(self) -> None:
        if self._process is None or self._process.poll() is not None:
            told = (self._folder / "stderr").read_text(errors="replace").strip()
            raise VmError(f"qemu ended: {told[-1000:]}")

    def _command(self, name: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
        assert self._monitor is not None
        self._monitor.send({"execute": name, "arguments": arguments or {}})
        while True:
            message: dict[str, Any] = self._monitor.receive(120)
            if "return" in message or "error" in message:
                return message

    def _ask(self, name: str, arguments: dict[str, Any] | None = None, timeout_s: float = 60) -> Any:
        self._alive()
        assert self._agent is not None
        self._agent.send({"execute": name, "arguments": arguments or {}})
        message = self._agent.receive(timeout_s)
        if "error" in message:
            raise VmError(f"{name}: {message['error'].get('desc')}")
        return message["return"]

    def _wait(self, timeout_s: float) -> None:
        """Wait until the guest agent answers."""
        end, number = time.monotonic() + timeout_s, 1
        while time.monotonic() < end:
            self._alive()
            number += 1
            if self._in_step(number):
                return
        raise VmError(f"no guest agent within {timeout_s:.0f} s; the console ends:\n{self._console()}")

    def _in_step(self, number: int) -> bool:
        """Whether the agent answers within a second; the number tells this answer from an old one."""
        assert self._agent is not None
        self._agent.forget()
        try:
            # 0xff makes the agent drop half a message.
            self._agent.send({"execute": "guest-sync", "arguments": {"id": number}}, b"\xff")
            end = time.monotonic() + 1
            while time.monotonic() < end:
                try:
                    if self._agent.receive(1).get("return") == number:
                        return True
                except ValueError:
                    continue
        except (VmError, OSError):
            pass
        return False

    def _console(self) -> str:
        try:
            return (self._folder / "console").read_text(errors="replace")[-2000:]
        except OSError:
            return ""

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            _RUNNING.discard(process)
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for channel in (self._agent, self._monitor):
            if channel is not None:
                channel.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def overlay(image: Path, disk: Path) -> None:
    """Make a disk that holds only what differs from ``image``."""
    command = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", os.fspath(image), "-F", "qcow2", os.fspath(disk)]
    subprocess.run(command, check=True)


def _decoded(state: dict[str, Any], key: str) -> str:
    return base64.b64decode(state.get(key, "")).decode("utf-8", "surrogateescape")
