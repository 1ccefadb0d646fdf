"""Random configurations of the next boot: predict, reboot by the node's own boot loader, and compare with what is so.

Several are planted in one machine after another, so that what runs before a boot is not always the same kernel with the
same cgroups.
"""

from __future__ import annotations

import base64
import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from threading import Event
from typing import Any

from nodecheck.record import NamedTuple
from tests.vm.channel import VmError
from tests.vm.loader import furnish
from tests.vm.machine import end_all
from tests.vm.node import Document, Node, node
from tests.vm.plants.boots import MODULES, SYSCTLS, Configuration
from tests.vm.proof import Proof
from tests.vm.verdicts import JUDGED, Row, Verdict, rows, value_of

CHAIN = 10
"""Configurations of one machine, one after another."""

_CHECKS = (
    "cgroup-version", "cgroup-controller", "kernel-next", "module-tree", "kernel-config", "kernel-module",
    "kubelet-defaults", "sysctl", "kubelet-config", "shutdown-inhibit",
)  # fmt: skip
_BOOT_ALONE = ("kernel-next",)
"""Checks whose views ask two different questions: the guest alone tells whether the prediction was right."""

_PROFILE = "\n".join(
    [
        'schema = "nodecheck.profile/1"',
        'name = "boots"',
        'extends = "kubernetes"',
        "[check.sysctl]",
        "require = {{ {} }}".format(", ".join([f'"{key}" = "{value}"' for key, value in SYSCTLS.items()])),
        "[check.kernel-module]",
        f"require = {list(MODULES)}".replace("'", '"'),
        "",
    ]
)

_TRUTH = r"""
say() { printf '%s\t%s\n' "$1" "$2"; }
ask() { id=$1; shift; if "$@" >/dev/null 2>&1; then say "$id" pass; else say "$id" fail; fi; }
mounts() { findmnt -n -t cgroup -o FS-OPTIONS | tr , '\n' | grep -qx $1; }  # a link cpuacct is there without it too
at=/sys/fs/cgroup
case $(stat -fc %T $at) in
    cgroup2fs) version=v2 ;;
    *) if [ "$(stat -fc %T $at/unified 2>/dev/null)" = cgroup2fs ]; then version=hybrid; else version=v1; fi ;;
esac
say cgroup-version $version
for name in cpu cpuset memory pids hugetlb io; do
    if [ $version = v2 ]; then ask "cgroup-controller[$name]" grep -qw $name $at/cgroup.controllers
    else ask "cgroup-controller[$name]" mounts $(echo $name | sed s/^io/blkio/); fi
done
if [ $version = v2 ]; then ask 'cgroup-controller[freezer]' test -e $at/system.slice/cgroup.freeze
else for name in freezer devices cpuacct; do ask "cgroup-controller[$name]" mounts $name; done; fi
say kernel-next "$(uname -r)"
ask module-tree test -e "/lib/modules/$(uname -r)/modules.dep"
for key in vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops kernel.keys.root_maxkeys \
    kernel.keys.root_maxbytes; do say "kubelet-defaults[$key]" "$(cat /proc/sys/$(echo $key | tr . /))"; done
"""


def truth_script(asked_s: int) -> str:
    """What asks kernel and systemd, by other means than nodecheck does."""
    lines = [_TRUTH]
    lines += [f"say 'sysctl[{key}]' \"$(cat /proc/sys/{key.replace('.', '/')} 2>/dev/null)\"" for key in SYSCTLS]
    lines += [f"ask 'kernel-module[{name}]' test -d /sys/module/{name}" for name in MODULES]
    if asked_s:
        logind = "org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager"
        lines.append(f"granted=$(busctl get-property {logind} InhibitDelayMaxUSec | cut -d' ' -f2)")
        lines.append('[ "${#granted}" -lt 19 ] || granted=-1')  # no end, which is a negative time to the kubelet
        lines.append(f'ask shutdown-inhibit [ "$granted" -ge {asked_s}000000 ]')
        lines.append('say "# granted" "$granted"')
    return "\n".join([*lines, 'say "# words" "$(cat /proc/cmdline)"', ""])


def compared(before: Mapping[str, Any], after: Mapping[str, Any], truth: Mapping[str, str]) -> Iterator[Verdict]:
    """Each prediction made before a reboot against what is so after it, and what then fails without a prediction."""
    then, now = rows(before), rows(after)
    for name, row in then.items():
        plain = name.removesuffix("@boot")
        here = now.get(plain)
        if row["view"] == "boot":
            yield from _judged(name, row, here, truth.get(plain))
    for name, row in now.items():
        views = {f"{row['check']}@boot", f"{name}@boot"}
        if row["status"] == "fail" and row["check"] not in _BOOT_ALONE and not views & set(then):
            yield Verdict("boot", f"{name}@boot", "wrong", "nothing", "fail", row["message"])


def _judged(name: str, row: Row, here: Row | None, real: str | None) -> Iterator[Verdict]:
    found = "nothing" if here is None else str(here["status"])
    if row["status"] not in (*JUDGED, "skip"):
        yield Verdict("boot", name, "unknown", row["status"], real or found, row["message"])
    elif row["status"] == "skip":
        if found in JUDGED:
            yield Verdict("boot", name, "wrong", "skip", found, row["message"])
    else:
        said = _said(row)
        wrong = [] if real is None or said == real else [real]
        if row["check"] not in _BOOT_ALONE and found != row["status"] and (here is not None or real is None):
            wrong.append(f"now judges {found}")
        outcome = "wrong" if wrong else "right"
        yield Verdict("boot", name, outcome, said, "; ".join(wrong) or real or found, row["message"])


def _said(row: Row) -> str:
    """What a prediction says, in the form in which the guest tells it."""
    if row["check"] in ("sysctl", "kubelet-defaults"):
        return value_of(row)
    if row["check"] == "cgroup-version":
        return str(row["actual"]).partition(" ")[0]
    return str(row["actual"] if row["check"] == "kernel-next" else row["status"])


class Kept(NamedTuple):
    """Where the nodes are kept as they were before their reboots, to be judged again: a capture each, and what came."""

    folder: Path | None = None

    def keep(self, one: Configuration, after: Document, truth: Mapping[str, str]) -> None:
        """Write what came of a configuration beside its capture."""
        if self.folder is not None:
            told = {"name": one.name, "drawn": one.drawn, "after": after, "truth": truth}
            (self.folder / f"{one.name}.json").write_text(json.dumps(told), encoding="utf-8")

    def capture(self, one: Configuration, guest: Node) -> None:
        """Capture the node that is about to reboot."""
        if self.folder is not None:
            guest.machine.sh(f"{guest.command} capture --timeout 300 -o {_CAPTURE}", 600)
            raw = base64.b64decode(guest.machine.sh(f"base64 -w 0 {_CAPTURE}; rm {_CAPTURE}"))
            (self.folder / f"{one.name}.capture").write_bytes(raw)


_CAPTURE = "/run/node.capture"


def judged_again(folder: Path) -> Iterator[Proof]:
    """What this tree's nodecheck predicts of the nodes that are kept, against what came of them."""
    import nodecheck

    profile = folder / "boots.toml"
    profile.write_text(_PROFILE, encoding="utf-8")
    for path in sorted(folder.glob("boot *.json"), key=lambda path: int(path.stem.rpartition(".")[2])):
        told = json.loads(path.read_text(encoding="utf-8"))
        select = [f"{name}@boot" for name in _CHECKS]
        found = nodecheck.run(capture=path.with_suffix(".capture"), profile=profile, select=select, timeout=300)
        verdicts = compared(json.loads(found.to_json()), told["after"], told["truth"])
        yield Proof(told["name"], tuple(told["drawn"]), tuple(verdicts))


def boots(chosen: Iterable[Configuration], disk: Path, work: Path, jobs: int, kept: Kept) -> Iterator[Proof]:
    """The proofs of configurations, in the order in which they are done."""
    left = list(chosen)
    chains = [left[start : start + CHAIN] for start in range(0, len(left), CHAIN)]
    found: Queue[Proof | None] = Queue()
    ended = Event()
    with ThreadPoolExecutor(jobs) as pool:
        running = [pool.submit(_chain, chain, disk, work, kept, ended, found.put) for chain in chains]
        for one in running:
            one.add_done_callback(lambda done: found.put(None))
        try:
            for _ in left:
                proof = found.get()
                while proof is None:
                    for one in running:
                        if one.done():
                            one.result()
                    proof = found.get()
                yield proof
        except BaseException:
            ended.set()
            pool.shutdown(wait=False, cancel_futures=True)
            end_all()
            raise


def _chain(
    chain: list[Configuration], disk: Path, work: Path, kept: Kept, ended: Event, tell: Callable[[Proof], None]
) -> None:
    """Prove them one after another in one machine; after one that breaks it, go on in a fresh one."""
    left = list(chain)
    while left and not ended.is_set():
        start = time.monotonic()
        try:
            with (
                tempfile.TemporaryDirectory(prefix="boots.", dir=work) as folder,
                node(disk, None, Path(folder)) as guest,
            ):
                furnish(guest.machine)
                while left:
                    start = time.monotonic()
                    verdicts = tuple(_proved(left[0], guest, kept))
                    seconds = round(time.monotonic() - start)
                    tell(Proof(left[0].name, left[0].drawn, verdicts, reboots=1, seconds=seconds))
                    left.pop(0)
        except (VmError, OSError) as error:
            message = f"{type(error).__name__}: {error}"
            tell(Proof(left[0].name, left[0].drawn, error=message, seconds=round(time.monotonic() - start)))
            left.pop(0)


def _proved(one: Configuration, guest: Node, kept: Kept) -> Iterator[Verdict]:
    guest.configure(one.script, _PROFILE)
    before = guest.report(" ".join([f"--select {name}@boot" for name in _CHECKS]))
    kept.capture(one, guest)
    guest.machine.reboot()
    after = guest.report(" ".join([f"--select {name}@now" for name in _CHECKS if name != "shutdown-inhibit"]))
    truth = guest.answers(truth_script(one.asked_s))
    kept.keep(one, after, truth)
    yield from compared(before, after, truth)
