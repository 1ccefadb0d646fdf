"""The doctor: what it says of rights, mounts and verdicts, and that what is missing makes its exit code."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from nodecheck.config import load as config_load
from nodecheck.doctor.files import files
from nodecheck.doctor.items import Item, State
from nodecheck.doctor.place import mounts
from nodecheck.doctor.rights import judged
from nodecheck.doctor.sources import verdicts
from nodecheck.model.outcomes import Cause, Result, Severity, Status
from nodecheck.report.summary import summary_of
from tests.cli.conftest import Command


def states(items: object) -> dict[str, str]:
    assert isinstance(items, (list, tuple)) or hasattr(items, "__iter__")
    return {item.name: item.state.value for item in items}


def test_root_with_all_capabilities() -> None:
    assert set(states(judged({"CapEff": "\t000001ffffffffff", "Seccomp": "\t0"}, 0)).values()) == {"ok"}


def test_root_in_a_container() -> None:
    found = states(judged({"CapEff": "\t00000000a80425fb", "Seccomp": "\t2"}, 0))  # what docker leaves

    assert found == {
        "root": "ok", "CAP_DAC_READ_SEARCH": "ok", "CAP_SYS_PTRACE": "missing", "CAP_NET_ADMIN": "missing",
        "CAP_NET_RAW": "ok", "seccomp": "note",
    }  # fmt: skip


def test_a_user_lacks_nothing_by_being_one() -> None:
    found = states(judged({"CapEff": "\t0000000000000000"}, 1000))

    assert set(found.values()) == {"note"}


PROC = "22 28 0:21 / /proc rw,nosuid - proc proc rw{}"
SYS = "\n21 28 0:20 / /sys rw,nosuid - sysfs sysfs rw\n"


def test_mounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert states(mounts(PROC.format("") + SYS)) == {"/proc": "ok", "/sys": "ok"}
    assert states(mounts(PROC.format(",hidepid=invisible") + SYS)) == {"/proc": "missing", "/sys": "ok"}
    assert states(mounts(PROC.format(",hidepid=0") + SYS)) == {"/proc": "ok", "/sys": "ok"}
    assert states(mounts("9 8 0:5 / /proc rw - tmpfs tmpfs rw")) == {"/proc": "missing", "/sys": "missing"}
    assert states(mounts("")) == {"/proc": "missing", "/sys": "missing"}

    parts = "\n21 28 0:20 / /sys ro - tmpfs tmpfs ro\n23 21 0:21 /kernel /sys/kernel ro - sysfs sysfs ro\n"
    assert states(mounts(PROC.format("") + parts)) == {"/proc": "ok", "/sys": "note"}


def result(identity: str, status: Status, code: str | None = None, detail: str = "x") -> Result:
    cause = None if code is None else Cause(code, detail)
    return Result(
        identity,
        "a",
        None,
        "now",
        status,
        Severity.ERROR,
        "T",
        "m",
        None,
        None,
        cause,
        (),
        None,
        None,
        (),
        (),
        "s",
        0.0,
    )


def test_what_could_not_be_judged_is_grouped_by_cause(tmp_path: Path) -> None:
    import nodecheck as library

    report = library.run(root=tmp_path, select=["swap"])
    report.results = (
        result("a", Status.PASS),
        result("b", Status.SKIP, "not-applicable"),
        result("c", Status.UNKNOWN, "denied", "/etc/x: permission denied"),
        result("d", Status.SKIP, "offline"),
        result("e", Status.UNKNOWN, "denied", "/etc/x: permission denied"),
    )
    report.summary = summary_of(report.results, "error")

    ok, first, second = verdicts(report)

    assert (ok.state, ok.detail) == (State.OK, "1 results, 33% of what applies")
    assert (first.name, first.detail, first.results) == ("denied", "/etc/x: permission denied", ("c", "e"))
    assert (second.name, second.results) == ("offline", ("d",))


def test_an_invalid_configuration_or_waiver_file_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "nodecheck.toml"
    monkeypatch.setattr(config_load, "DEFAULT_PATH", str(path))
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    tmp_path.chmod(0o700)

    def found() -> list[Item]:
        return [item for item in files() if item.state == State.MISSING]

    assert found() == []
    path.write_text("nonsense = 1\n")
    path.chmod(0o600)
    assert len(found()) == 1
    tmp_path.chmod(0o777)
    assert "others can write it" in found()[-1].detail


def test_the_command(nodecheck: Command) -> None:
    done = nodecheck("doctor", "--json", "--role", "worker")

    items = json.loads(done.out)
    lacking = [item for item in items if item["state"] == "missing"]
    assert done.code == (1 if lacking else 0)
    assert {item["topic"] for item in items} == {
        "program", "plugins", "rights", "place", "tools", "files", "verdicts",
    }  # fmt: skip
    assert all(item["needs"] for item in lacking)
    assert {item["state"] for item in items} <= {"ok", "note", "missing"}


@pytest.mark.parametrize("columns", [60, 100])
def test_it_fits_the_terminal(nodecheck: Command, columns: int) -> None:
    done = nodecheck("doctor", COLUMNS=str(columns))

    assert done.out.endswith(" missing\n")
    assert max(len(line) for line in done.out.split("\n")) <= columns
