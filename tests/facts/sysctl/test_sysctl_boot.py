"""What the next boot writes to /proc/sys: the corpus, and the real programs where they are installed."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from nodecheck.checking.store import Facts, Given
from nodecheck.facts.boot.next_boot import BootCmdline, KernelRelease
from nodecheck.facts.services.init_system import InitSystem, UnitIndex
from nodecheck.facts.sysctl.at_boot import BootSysctls
from nodecheck.facts.sysctl.conf import procps_writes, systemd_writes
from nodecheck.formats.sysctl_keys import is_glob, key_path
from nodecheck.host.root import RootHost
from tests.facts.sysctl import sysctl_oracle as oracle
from tests.pairs import equal_pairs

BEFORE = {
    "vm/swappiness": "60", "vm/overcommit_memory": "0", "vm/dirty_ratio": "20", "vm/dirty_background_ratio": "10",
    "kernel/panic": "0", "kernel/panic_on_oops": "0", "kernel/sysrq": "16", "net/ipv4/ip_forward": "0",
}  # fmt: skip
"""The values in the fake /proc/sys of the corpus before (its README)."""


def sysctls(root: Path, cmdline: BootCmdline | None = None, init: InitSystem | None = None) -> BootSysctls:
    given: tuple[tuple[type, object], ...] = (
        (UnitIndex, UnitIndex({}, {}, {}, frozenset(), False)),
        (InitSystem, init or InitSystem()),
        (BootCmdline, cmdline or BootCmdline()),
        (KernelRelease, KernelRelease(None, "6.1.0")),
    )
    return Facts(RootHost(str(root)), [Given(*fact) for fact in given]).get(BootSysctls)


def last_written(sysctls: BootSysctls, key: str, procps: bool = False) -> str | None:
    """The text that is written last to a key; no kernel looks at it."""
    told = procps_writes(sysctls.procps, (key,)) if procps else systemd_writes(sysctls.settings, (key,))
    writes = list(told)
    return writes[-1].setting.value if writes else None


def corpus_items(corpus: Path, kind: str) -> list[tuple[Path, dict[str, Any]]]:
    folder = corpus / "04-sysctl"
    items = json.loads((folder / "manifest.json").read_text())
    return [(folder, item) for item in items if item["truth"]["kind"] == kind]


def built(folder: Path, item: dict[str, Any], root: Path) -> Path:
    for name in item["files"]:
        path = root / item["id"] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((folder / item["root"] / name).read_bytes())
    for name, target in item.get("symlinks", {}).items():
        path = root / item["id"] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)
    return root / str(item["id"])


@pytest.mark.parametrize("program", ["systemd_sysctl", "procps_sysctl_system"])
def test_the_corpus_changes_the_same_keys(corpus: Path, tmp_path: Path, program: str) -> None:
    items = corpus_items(corpus, "sysctl-boot")
    assert len(items) >= 18
    for folder, item in items:
        found = sysctls(built(folder, item, tmp_path))
        truth = item["truth"][f"changed_by_{program}"]
        named = {setting.path for setting in (*found.settings, *found.procps)}
        interfaces = ("all", "default", "lo", "eth0", "eth1.200")
        keys = {path for path in named if "*" not in path} | {
            f"net/ipv4/conf/{interface}/{name}" for interface in interfaces for name in ("rp_filter", "forwarding")
        }
        changed = {}
        for key in keys:
            value = last_written(found, key, program.startswith("procps"))
            before = BEFORE.get(key, "0" if key.startswith(("net/ipv4/conf/", "net/bridge/")) else None)
            if value is not None and value != before:
                changed[key.replace("/", ".")] = value
        known = {key: value for key, value in changed.items() if key in truth or key.replace(".", "/") in BEFORE}
        assert known == truth, item["id"]


def test_the_corpus_normalises_keys_the_same(corpus: Path) -> None:
    items = corpus_items(corpus, "sysctl-normalize")
    assert items
    for _, item in items:
        assert key_path(item["truth"]["input"]) == item["truth"]["path_under_proc_sys"], item["id"]


NAMES = ("ip_forward", "conf.all.rp_filter", "conf.default.rp_filter", "conf.eth0.rp_filter", "conf.eth1/200.rp_filter",
         "conf.*.rp_filter", "conf.eth?.rp_filter", "conf.[!ad]*.rp_filter", "conf.all.forwarding", "*.all.forwarding",
         "conf.*.*")  # fmt: skip
OTHERS = ("vm.swappiness", "vm/swappiness", "vm//swappiness", "vm.*", "kernel.panic", "kernel/panic*", "/vm/swappiness",
          "vm..overcommit_memory", "net.bridge.bridge-nf-call-*", "net.bridge.bridge-nf-call-iptables", "*", "*.panic",
          "kernel.panic_on_oops", "vm.sw[i-p]*", "/proc/sys/vm/swappiness", "vm/./swappiness", "k[e]rnel.panic",
          "vm.swappiness/", "vm.[!a-n]*", "vm.overcommit?memory", "kernel.p\\anic", "ke*.panic_on_oop[s]")  # fmt: skip


ODD = ("//", "/./", "..", "./.", "swappiness/", "\\")
"""Spellings that are another name of the same file, which procps compares by their text."""


def random_line(dice: random.Random, procps: bool = False) -> str:
    line = _random_line(dice)
    odd = any(part in line for part in ODD) or line.lstrip("- ").startswith(("/", "."))
    excluded = "=" not in line and is_glob(line)  # by pattern since procps 4.0.5 only
    return "" if procps and (odd or excluded) else line


def _random_line(dice: random.Random) -> str:
    if dice.random() < 0.08:
        return dice.choice(
            ("# vm.swappiness=9", "; x", "", "nonsense", "=5", "vm.swappiness", "  ", "-", "a=b=c", "\0")
        )
    key = "net.ipv4." + dice.choice(NAMES) if dice.random() < 0.6 else dice.choice(OTHERS)
    if dice.random() < 0.1:
        key = key.replace("/", "#").replace(".", "/").replace("#", ".")
    if dice.random() < 0.2:
        key = dice.choice(("-", "- ", "--", " ")) + key
        if dice.random() < 0.4:
            return key + dice.choice(("", " ", "\t"))
    value = dice.choice(("0", "1", "2", "1 # x", "", "a=b", "1\t", " 2", "x\v"))
    return key + dice.choice(("=", " = ", "\t=", "= ")) + value


def random_case(dice: random.Random, procps: bool) -> dict[str, Any]:
    files: dict[str, str] = {}
    links: dict[str, str] = {}
    for _ in range(dice.randint(1, 6)):
        name = dice.choice(("10-a", "50-x", "99-sysctl", "99-z", "K", "a", "k8s", "zz", ".dot")) + dice.choice(
            (".conf", ".conf", ".conf", ".conf", ".cfg", ".conf~")
        )
        path = f"{dice.choice(oracle.FOLDERS)}/{name}"
        if dice.random() < 0.12:
            links[path] = dice.choice(("/dev/null", "../sysctl.conf", "/etc/sysctl.conf", "nowhere"))
        else:
            end = dice.choice(("\n", "\n", "\n", "\r\n", "\r"))
            lines = [random_line(dice, procps) for _ in range(dice.randint(0, 7))]
            files[path] = end.join(lines) + dice.choice(("", end))
    if dice.random() < 0.5:
        files["/etc/sysctl.conf"] = "\n".join(random_line(dice, procps) for _ in range(4)) + "\n"
    return {"files": {path: content for path, content in files.items() if path not in links}, "links": links}


def compare(tmp_path: Path, seed: int, count: int, procps: bool) -> list[str]:
    """The cases, as text, in which we and the real program disagree."""
    reason = oracle.unusable()
    if reason:
        pytest.skip(reason)
    dice = random.Random(seed)
    cases = [random_case(dice, procps) for _ in range(count)]
    program = ["/sbin/sysctl", "--system"] if procps else [oracle.systemd_sysctl() or ""]
    wrong: list[str] = []
    for number, (case, truth) in enumerate(equal_pairs(cases, oracle.run_cases(cases, program))):
        root = tmp_path / str(number)
        for path, content in case["files"].items():
            (root / path[1:]).parent.mkdir(parents=True, exist_ok=True)
            (root / path[1:]).write_bytes(content.encode())
        for path, target in case["links"].items():
            (root / path[1:]).parent.mkdir(parents=True, exist_ok=True)
            (root / path[1:]).symlink_to(target)
        root.mkdir(exist_ok=True)
        found = sysctls(root)
        ours = {key: value for key in oracle.KEYS if (value := last_written(found, key, procps)) is not None}
        wrong.extend(
            f"{key}: real {truth.get(key)!r}, ours {ours.get(key)!r}: {json.dumps(case)}"
            for key in sorted({*truth, *ours})
            if (truth.get(key) or None) != (ours.get(key) or None)  # an empty value is not written if it is there
        )
    return wrong


def test_the_real_systemd_sysctl_agrees(tmp_path: Path) -> None:
    assert compare(tmp_path, 20, 120, procps=False) == []


def test_the_real_procps_agrees(tmp_path: Path) -> None:
    assert compare(tmp_path, 21, 60, procps=True) == []
