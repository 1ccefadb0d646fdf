"""Where this process is: on the node itself, or in a container; and whether /proc and /sys are the node's."""

from __future__ import annotations

import os
from collections.abc import Iterator

from nodecheck.doctor.items import Item, missing, note, ok
from nodecheck.facts.boot.container import Container
from nodecheck.host import LiveHost

TOPIC = "place"
PART = "/sys/kernel"
"""The directory by which a /sys that is put together of parts of sysfs is told."""


def place() -> Iterator[Item]:
    """Container, proc, sys, systemd, and the node's network."""
    container = Container.read(LiveHost())
    if container.kind is not None:
        needs = "its host, for what that decides; or the host's file system by --root"
        told = f"{container.evidence[0].source} says that this is one ({container.kind}): it is judged, not its host"
        yield note(TOPIC, "container", told, needs)
    else:
        yield ok(TOPIC, "container", "no sign of one")
    yield from mounts(_text("/proc/self/mountinfo"))
    if os.path.isdir("/run/systemd/system"):
        yield ok(TOPIC, "systemd", "runs")
    else:
        yield note(TOPIC, "systemd", "does not run here: of services only the time service is told now, by its process")
    yield from _namespace("net", "network")


def mounts(mountinfo: str) -> Iterator[Item]:
    """What ``/proc/self/mountinfo`` says of /proc and /sys (proc(5))."""
    found: dict[str, str] = {}
    for line in mountinfo.split("\n"):
        head, _, tail = line.partition(" - ")
        fields, source = head.split(" "), tail.split(" ")
        if len(fields) > 5 and len(source) > 2 and fields[4] in ("/proc", "/sys", PART):
            found[fields[4]] = f"{source[0]} {fields[5]},{source[2]}"
    for path, kind in (("/proc", "proc"), ("/sys", "sysfs")):
        if path == "/sys" and not found.get(path, "").startswith("sysfs ") and found.get(PART, "").startswith("sysfs "):
            yield note(TOPIC, path, "some directories of sysfs alone, as systemd-nspawn gives them to a container")
            continue
        if not found.get(path, "").startswith(f"{kind} "):
            yield missing(TOPIC, path, f"no {kind} is mounted there", f"mount -t {kind} {kind} {path}")
            continue
        options = found[path].partition(" ")[2].split(",")
        hidden = [option for option in options if option.startswith(("hidepid=", "subset="))]
        if hidden and hidden != ["hidepid=0"] and os.geteuid() != 0:
            yield missing(TOPIC, path, f"mounted with {', '.join(hidden)}", "root, or a /proc without them")
        else:
            yield ok(TOPIC, path, ", ".join([kind, *hidden]))


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(1 << 20)
    except OSError:
        return ""


def _namespace(name: str, words: str) -> Iterator[Item]:
    try:
        same = os.readlink(f"/proc/self/ns/{name}") == os.readlink(f"/proc/1/ns/{name}")
    except OSError:
        yield note(TOPIC, words, "whether this is the node's own cannot be told", "CAP_SYS_PTRACE over process 1")
        return
    if same:
        yield ok(TOPIC, words, "as process 1 has it")
    else:
        needs = "to be started outside of the namespace (nsenter -t 1 -n)"
        yield missing(TOPIC, words, f"another {words} namespace than that of process 1", needs)
