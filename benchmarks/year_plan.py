"""What happens in the simulated year of year.py, and what a node would report at each of its hours."""

from __future__ import annotations

import random
import time
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from nodecheck.checking import Evidence, Status
from nodecheck.model.fingerprint import fingerprint
from nodecheck.report import Report

CHECKS = 80
SPACE = UUID("0f3f6b8e-2f0e-4a39-9d0a-7a3f5a6c1b11")
BEGAN = 1_767_225_600.0  # 2026-01-01
REST = 60
"""Hours between two changes of one result: more than a full disk and killed runs can hide."""

KIND = {
    ("pass", "fail"): "new-failure", ("pass", "unknown"): "coverage-lost", ("pass", "pass"): "evidence-changed",
    ("pass", None): "gone", ("fail", "pass"): "fixed", ("fail", "unknown"): "coverage-lost",
    ("fail", "fail"): "evidence-changed", ("fail", "waived"): "waived", ("fail", None): "gone",
    ("waived", "fail"): "unwaived", ("waived", "pass"): "fixed", (None, "pass"): "appeared",
    (None, "fail"): "new-failure",
}  # fmt: skip
BACK = {("pass", "pass"): "coverage-regained", ("pass", "fail"): "new-failure", ("fail", "fail"): "coverage-regained",
        ("fail", "pass"): "fixed"}  # fmt: skip
"""What a result that could not be judged becomes: by what it was before, and what it is now."""


class State(NamedTuple):
    """How one result stands: status (None: not there), which evidence, and what it was while it could be judged."""

    status: str | None = "pass"
    version: int = 0
    judged: str = "pass"


class Planted(NamedTuple):
    """A change that was planted at an hour."""

    hour: int
    id: str
    kind: str


class Year:
    """What happens when: a function of the seed alone."""

    def __init__(self, runs: int, seed: int) -> None:
        self.runs = runs
        self._random = random.Random(seed)
        self.planted: list[Planted] = []
        self.states: list[dict[int, State]] = []
        self.full = range(runs // 3, runs // 3 + 24)
        self.back = runs // 2
        self.ahead = range(runs * 2 // 3, runs * 2 // 3 + 24)
        self.reboots = sorted(self._random.sample(range(1, runs), max(runs // 700, 2)))
        self._plan()

    def _plan(self) -> None:
        states = {number: State() for number in range(CHECKS)}
        rested = dict.fromkeys(states, -REST)
        for hour in range(self.runs):
            ready = [number for number in states if hour - rested[number] >= REST]
            if hour and ready and self._random.random() < 0.06:
                number = self._random.choice(ready)
                states[number], kind = self._changed(states[number])
                rested[number] = hour
                self.planted.append(Planted(hour, name(number), kind))
            self.states.append(dict(states))

    def _changed(self, old: State) -> tuple[State, str]:
        if old.status == "unknown":
            judged = self._random.choice(["pass", "fail"])
            return State(judged, old.version, judged), BACK[old.judged, judged]
        status: str | None = self._random.choice([after for before, after in KIND if before == old.status])
        version = old.version + 1 if status == old.status else old.version
        judged = {"waived": "fail", "unknown": old.judged, None: "pass"}.get(status, status or "pass")
        return State(status, version, judged), KIND[old.status, status]

    def clock(self, hour: int) -> float:
        """Seconds since 1970, as the node's clock has it."""
        jumped = 10 * 365 * 86_400 if hour in self.ahead else 0
        return BEGAN + hour * 3600 - (3600 if hour >= self.back else 0) + jumped

    def report(self, hour: int) -> Report:
        """The report of an hour."""
        results = [result(number, state) for number, state in self.states[hour].items() if state.status is not None]
        results.sort(key=lambda item: str(item["id"]))
        for item in results:
            item["duration_s"] = random.Random(f"{hour}{item['id']}").randrange(20, 900) / 1e6
        at, boot = stamp(self.clock(hour)), sum(hour >= reboot for reboot in self.reboots)
        failed = sum(item["status"] == "fail" for item in results)
        return Report.from_document(
            {
                "tool": {"name": "nodecheck", "version": "0.1.0", "plugins": []},
                "run": {
                    "id": str(uuid5(SPACE, str(hour))), "started_at": at, "finished_at": at, "duration_s": 0.05,
                    "status": "complete", "source": {"kind": "live", "path": "/"}, "privileged": True,
                    "fail_on": "error",
                },
                "node": {
                    "hostname": "node7", "machine_id": "0" * 32, "boot_id": str(uuid5(SPACE, f"boot {boot}")),
                    "kernel": "6.8.0-79-generic", "arch": "x86_64",
                    "os": {"id": "ubuntu", "version": "24.04", "pretty_name": "Ubuntu 24.04.3 LTS"},
                },
                "profile": {
                    "name": "kubernetes", "digest": "sha256:" + "0" * 64, "role": "worker", "kubernetes": "1.34",
                    "proxy_mode": "ipvs", "cni": "flannel",
                },
                "summary": {
                    "verdict": "fail" if failed else "pass", "exit_code": int(failed > 0), "pass": 0, "fail": failed,
                    "unknown": 0, "skip": 0, "waived": 0, "coverage": 1.0,
                },
                "results": results,
            }
        )  # fmt: skip


def name(number: int) -> str:
    """The id of a result."""
    return f"sysctl[net.example.key{number:02}]" + ("@boot" if number % 2 else "")


def result(number: int, state: State) -> dict[str, Any]:
    """One result as the report's JSON has it."""
    value = f"net.example.key{number:02} = {state.version}, {state.judged}"
    item = Evidence(f"/etc/sysctl.d/{number:02}-example.conf", "line 3", value)
    unknown = state.status == "unknown"
    step = {"kind": "create", "path": "/etc/sysctl.d/zz.conf", "mode": "0644", "content": "x = 1\n"}
    fix = {"title": "Set the key", "safety": "safe", "reboot": False, "steps": [step]}
    waiver = {"select": "sysctl", "reason": "known", "owner": "platform", "expires": "2099-01-01"}
    counted = Status("fail" if state.status == "waived" else state.status or "pass")
    return {
        "id": name(number), "check": "sysctl", "subject": f"net.example.key{number:02}",
        "view": "boot" if number % 2 else "now", "status": state.status, "severity": "error",
        "title": "Kernel parameters have the values that Kubernetes needs, now and after the next boot",
        "message": f"net.example.key{number:02} is as version {state.version} has it", "expected": "1",
        "actual": str(state.version), "cause": {"code": "denied", "detail": "permission denied"} if unknown else None,
        "evidence": [] if unknown else [item._asdict()], "fix": fix if state.status == "fail" else None,
        "waiver": waiver if state.status == "waived" else None, "tags": ["kubelet"],
        "references": ["https://www.kernel.org/doc/html/latest/networking/ip-sysctl.html"],
        "fingerprint": fingerprint(name(number), counted, () if unknown else (item,)), "duration_s": 0.0,
    }  # fmt: skip


def stamp(seconds: float) -> str:
    """RFC 3339."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))
