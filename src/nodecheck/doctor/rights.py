"""What the kernel lets this process do."""

from __future__ import annotations

import os
from collections.abc import Iterator

from nodecheck.doctor.items import Item, missing, note, ok

TOPIC = "rights"

CAPABILITIES = {
    "CAP_DAC_READ_SEARCH": ((1, 2), "files that only their owners may read"),
    "CAP_SYS_PTRACE": ((19,), "who holds a port"),
    "CAP_NET_ADMIN": ((12,), "the packet filter's rules"),
    "CAP_NET_RAW": ((13,), "the rules of iptables-legacy"),
}
"""Capability to the bits that give it (capabilities(7); CAP_DAC_OVERRIDE gives the first too), and what it is for."""


def rights() -> Iterator[Item]:
    """Root, its capabilities, and what restrains the process."""
    try:
        status = process_status()
    except OSError as error:
        yield missing(TOPIC, "/proc/self/status", error.strerror or "unreadable", "a mounted /proc")
        return
    yield from judged(status, os.geteuid())


def process_status() -> dict[str, str]:
    """The fields of ``/proc/self/status``. Raises OSError."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        return dict(line.rstrip("\n").partition(":")[::2] for line in file)


def judged(status: dict[str, str], uid: int) -> Iterator[Item]:
    """The same of what was read."""
    if uid == 0:
        yield ok(TOPIC, "root", "yes")
    else:
        yield note(TOPIC, "root", f"no, uid {uid}", "sudo; what it costs here is said below")
    held = int(status.get("CapEff", "0").strip() or "0", 16)
    for name, (bits, purpose) in CAPABILITIES.items():
        if any(held >> bit & 1 for bit in bits):
            yield ok(TOPIC, name, purpose)
        elif uid == 0:
            yield missing(
                TOPIC, name, f"root without it cannot see {purpose}", f"{name}, from whatever starts nodecheck"
            )
        else:
            yield note(TOPIC, name, f"not held: {purpose}", "root, or the capability")
    if status.get("Seccomp", "0").strip() not in ("0", ""):
        yield note(TOPIC, "seccomp", "a filter of system calls is in force")
