"""A tree of files that stands for the running machine, with real change times and the answers of its programs."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from nodecheck.errors import Absent, FactError
from nodecheck.facts.services.this_boot import ASK
from nodecheck.host.base import Completed, Stat, Uname
from nodecheck.host.root import RootHost
from nodecheck.testing import write_tree

BEFORE_S = 1000
"""How long before this host was made its files are said to have changed last."""
UP_S = 100
"""How long before that its node booted."""
ROOT = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"


class LiveTree(RootHost):
    """The node of ``path`` as root sees it from itself. What changes in it from now on changed after its boot."""

    kind = "live"
    running = True
    whole = True
    this_machine = True

    def __init__(
        self, path: Path, words: str = "root=UUID=x ro quiet", answers: Mapping[tuple[str, ...], str] | None = None
    ) -> None:
        super().__init__(os.fspath(path))
        write_tree(path, {"run/systemd/system/.here": "", "proc/1/.here": "", "proc/self/.here": ""})
        time.sleep(0.02)  # change times are those of the last tick
        self._made_ns = time.time_ns()
        time.sleep(0.02)
        self.answers = dict(answers or {})
        self.booted_s = self._made_ns // 1_000_000_000 - UP_S
        self.told = [f"{(self.booted_s + 2) * 1_000_000}", "2000000", "30000000"]
        """When systemd began, by the clock and since the boot, and when the boot ended, in microseconds."""
        self.units: dict[str, int] = {}
        """When units became active, in microseconds since the boot."""
        self.user = 0
        write_tree(
            path,
            {
                "proc/stat": f"cpu  1 2 3\nbtime {self.booted_s}\nprocesses 1\n",
                "proc/1/mountinfo": ROOT,
                "proc/self/mountinfo": ROOT,
                "proc/cmdline": f"BOOT_IMAGE=/boot/vmlinuz {words}\n",
            },
        )

    def reader(self) -> int:
        return self.user

    def uname(self) -> Uname:
        return Uname("Linux", "node1", "6.1.0", "#1", "x86_64")

    def stat(self, path: str) -> Stat:
        found = super().stat(path)
        if found.changed_ns is not None and found.changed_ns <= self._made_ns:
            return found._replace(changed_ns=found.changed_ns - BEFORE_S * 1_000_000_000)
        return found

    def run(self, argv: tuple[str, ...], timeout_s: float = 3.0) -> Completed:
        if argv == ASK:
            return Completed(argv, 0, "".join(f"t {value}\n" for value in self.told), "")
        if argv[:2] == ("systemctl", "show") and argv not in self.answers and argv[-2] == "--":
            active = self.units.get(argv[-1], 0)
            return Completed(
                argv, 0, f"ActiveEnterTimestampMonotonic={active}\nInactiveEnterTimestampMonotonic=0\n", ""
            )
        if argv not in self.answers:
            raise Absent(argv[0])
        return Completed(argv, 0, self.answers[argv], "")

    def run_all(self, argvs: Sequence[tuple[str, ...]], timeout_s: float = 3.0) -> tuple[Completed | FactError, ...]:
        found: list[Completed | FactError] = []
        for argv in argvs:
            try:
                found.append(self.run(argv))
            except FactError as error:
                found.append(error)
        return tuple(found)
