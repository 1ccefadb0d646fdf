"""A node with nodecheck on it: plants faults, judges, mends, and tells by other means what is so."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nodecheck.digest import sha256_name
from tests.vm.channel import VmError
from tests.vm.machine import Machine, overlay
from tests.vm.payload import HOME, payload
from tests.vm.plant import Plant, script

Document = dict[str, Any]

_CHECK_MOST_S = 60
"""What one check may take there: an emulated processor is ten to forty times slower than those it is meant for."""
MAIN = (
    f"import sys; from nodecheck.running import engine; engine.CHECK_MOST_S = {_CHECK_MOST_S}.0; "
    "from nodecheck.cli import main; sys.exit(main())"
)
_NODECHECK = f'cd / && PYTHONPATH={HOME} python3 -c "{MAIN}"'
_PROFILE = "/srv/vm.toml"
_SECOND_DISK_MIB = 64


_IDLE = (
    "systemd-logind.service systemd-networkd.service systemd-networkd.socket serial-getty@ttyS0.service"
    " systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-binfmt.service ipvsadm.service"
    " modprobe@drm.service modprobe@fuse.service modprobe@configfs.service modprobe@efi_pstore.service"
    " sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount sys-kernel-config.mount"
    " systemd-journal-flush.service systemd-user-sessions.service"
)
"""Units that no plant is about: a third of the time of an emulated boot."""


def prepared(image: Path, cache: Path) -> Path:
    """A disk of ``image`` with the working tree's nodecheck on it, and the state of its running system inside."""
    content = payload()
    disk = cache / f"{image.stem}.with-{sha256_name(repr((content, _IDLE)))[7:17]}.qcow2"
    if disk.exists():
        return disk
    before = sorted(cache.glob(f"{image.stem}.with-*"), key=lambda path: path.stat().st_mtime)
    for old in before[:-1]:  # the newest may still be in use
        old.unlink()
    part = disk.with_suffix(".part")
    overlay(image, part)
    with Machine(part, image.with_suffix("")) as machine:
        machine.push(content, "/run/payload.tgz")
        machine.sh(f"mkdir -p {HOME} && tar -xzf /run/payload.tgz -C {HOME} && rm /run/payload.tgz")
        machine.sh(f"python3 -m compileall -q -j 2 {HOME}")
        machine.sh(f"systemctl -q mask {_IDLE}")
        machine.settle()
        machine.keep()
        machine.power_off()
    part.replace(disk)
    return disk


@contextmanager
def node(disk: Path, boot: Path | None, folder: Path, words: str = "", second_disk: bool = False) -> Iterator[Node]:
    """A fresh node: resumed in seconds, or booted where its command line or its disks differ."""
    mine, other = folder / "disk.qcow2", folder / "second.raw"
    cold = bool(words) or second_disk
    if cold:
        overlay(disk, mine)
    else:
        import shutil

        shutil.copyfile(disk, mine)  # a state that is kept inside a disk is not seen through an overlay
    if second_disk:
        with open(other, "wb") as file:
            file.truncate(_SECOND_DISK_MIB << 20)
    try:
        with Machine(mine, boot, words, resume=not cold, second_disk=other if second_disk else None) as machine:
            if cold:
                machine.settle()
            yield Node(machine)
    finally:
        mine.unlink(missing_ok=True)
        other.unlink(missing_ok=True)


class Node:
    """What the suite does on a node."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def plant(self, plants: Iterable[Plant], profile: str) -> None:
        """Plant the faults, and write the profile by which the node is judged."""
        self._script(script(plants), "plant.sh")
        self.machine.push(profile.encode(), _PROFILE)

    def configure(self, shell: str, profile: str) -> None:
        """Run a script of one's own, and write the profile by which the node is judged."""
        self._script(shell, "plant.sh")
        self.machine.push(profile.encode(), _PROFILE)

    def _script(self, text: str, name: str) -> None:
        self.machine.push(text.encode("utf-8", "surrogateescape"), f"/run/{name}")
        self.machine.sh(f"sh /run/{name} 2>&1")

    command = _NODECHECK
    """nodecheck, as a shell starts it."""

    def report(self, options: str = "") -> Document:
        """nodecheck's report."""
        code, out, err = self.machine.run(f"{_NODECHECK} run --json --timeout 300 --profile {_PROFILE} {options}")
        try:
            report: Document = json.loads(out)
        except ValueError:
            raise VmError(f"no report: exit {code}\n{out[-2000:]}\n{err[-3000:]}") from None
        if report["summary"]["exit_code"] != code or err:
            raise VmError(f"exit {code}, the report says {report['summary']}: {err[-2000:]}")
        return report

    def plan(self) -> Document:
        """nodecheck's plan; the script of it lies in ``/srv/fix.sh`` afterwards."""
        command = f"{_NODECHECK} plan --format json --output sh=/srv/fix.sh --timeout 300 --profile {_PROFILE}"
        code, out, err = self.machine.run(command)
        try:
            plan: Document = json.loads(out)
        except ValueError:
            raise VmError(f"no plan: exit {code}\n{err[-3000:]}") from None
        return plan

    def mend(self) -> tuple[int, str]:
        """Run the plan's script: its exit status, and what it printed."""
        code, out, err = self.machine.run("sh /srv/fix.sh", 900)
        return code, out + err

    def wait_for_clock(self) -> None:
        """Wait until chronyd, where it runs, follows the node's clock source; a minute at most."""
        self.machine.run("systemctl -q is-active chrony && chronyc -n waitsync 60 0 0 1")

    def footprint(self) -> list[str]:
        """What a run of the script must not change the second time: files, sysctls, modules, swap, units."""
        self.machine.push(_FOOTPRINT.encode(), "/run/footprint.sh")
        return self.machine.sh("sh /run/footprint.sh").split("\n")

    def truth(self, sysctls: Iterable[str], modules: Iterable[str], services: Iterable[str]) -> dict[str, str]:
        """What kernel and systemd say: id of a result to a value, or to ``pass`` or ``fail``."""
        return self.answers("".join(_questions(sysctls, modules, services)))

    def answers(self, script: str) -> dict[str, str]:
        """The lines that a script prints: a name, a tab, and what is so."""
        self.machine.push(script.encode(), "/run/truth.sh")
        lines = self.machine.sh("sh -f /run/truth.sh").split("\n")
        return {name: value for name, _, value in (line.partition("\t") for line in lines) if name}

    def swaps(self) -> frozenset[str]:
        """The areas of ``/proc/swaps``."""
        import re

        lines = self.machine.sh("cat /proc/swaps").split("\n")[1:]
        names = [line.split(" ")[0] for line in lines if line]
        return frozenset(re.sub(r"\\(\d{3})", lambda found: chr(int(found[1], 8)), name) for name in names)

    def device(self, spec: str) -> str:
        """The area that an fstab line's first field names."""
        for lead, option in (("LABEL=", "-L"), ("UUID=", "-U")):
            if spec.startswith(lead):
                return self.machine.run(f"blkid {option} {shlex.quote(spec.removeprefix(lead))}")[1].strip() or spec
        return self.machine.sh(f"readlink -f -- {shlex.quote(spec)} || echo").strip() if "/disk/by-" in spec else spec


def _questions(sysctls: Iterable[str], modules: Iterable[str], services: Iterable[str]) -> Iterator[str]:
    yield _ASKING
    for key in sysctls:
        path = key.replace(".", "\0").replace("/", ".").replace("\0", "/")
        yield f"value 'sysctl[{key}]' /proc/sys/{path}\n"
    for module in modules:
        name = module.replace("-", "_")
        yield f"ask 'kernel-module[{name}]' test -d /sys/module/{name}\n"
    for service in services:
        # One of the two is enough: a service whose socket listens starts on demand.
        yield f"ask 'service[{service}]' systemctl is-active {service}.service {service}.socket\n"
    yield _OTHERS


_ASKING = r"""
ask() { id=$1; shift; if "$@" >/dev/null 2>&1; then r=pass; else r=fail; fi; printf '%s\t%s\n' "$id" $r; }
value() { printf '%s\t%s\n' "$1" "$(cat "$2" 2>/dev/null | tr '\t' ' ' || :)"; }
not() { ! "$@"; }
drops() {
    nft list ruleset |
        awk -v own="$1" '/^table/ {mine = $3 ~ own} mine && /policy drop|drop$|reject/ {n = 1} END {exit !n}'
}
"""

_OTHERS = r"""
value selinux /sys/fs/selinux/enforce
ask 'firewall[firewalld]' not systemctl is-active firewalld
ask 'firewall[ufw]' not sh -c 'iptables -S INPUT | grep -q ufw-'
ask 'firewall[nftables]' not drops '^planted'
ask 'hostname' sh -c 'uname -n | grep -Eq "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"'
"""

_FOOTPRINT = r"""
find /etc /usr/lib /usr/local /usr/sbin /usr/bin /opt /var/lib/kubelet /root /srv -xdev -name __pycache__ -prune -o \
    -printf 'file %p %y %m %U %G %s %T@ %C@ %l\n' 2>/dev/null
counters='kernel\.(random|ns_last_pid|pty\.nr)|fs\.(dentry|inode|file-nr|quota|aio-nr)|net\..*count|vm\.stat'
sysctl -a 2>/dev/null | grep -Ev "^($counters)" | sed 's/^/sysctl /'
sed 's/^\([^ ]*\).*/module \1/' /proc/modules | sort
sed 's/^\([^ ]*\).*/swap \1/' /proc/swaps
kinds='*.service *.socket *.swap *.target'
set -f
systemctl show -p Id,ActiveState,SubState,UnitFileState,ActiveEnterTimestampMonotonic $kinds |
    grep -v '^$' | paste -sd ' ' | sed 's/ Id=/\nId=/g' | grep -v '^Id=systemd-hostnamed' | sort | sed 's/^/unit /'
"""
