"""Nagios and node-problem-detector: one line within their limits, and exit codes by their maps."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from nodecheck.checking import Cause, Severity, Status
from nodecheck.render import nagios, npd
from nodecheck.report import Report
from nodecheck.report.summary import NAGIOS_STATES, mapped_exit_code
from nodecheck.text import printable
from tests.render.reports import hostile_report, reports
from tests.render.test_text import FAILED, report, result

PERFDATA = re.compile(r"([^='\s]+)=([0-9.]+)(s|%)?;;;0(?:;100)?")
"""``'label'=value[UOM];[warn];[crit];[min];[max]`` as the Monitoring Plugins' guidelines have it."""

WARNING = result("time-sync", Status.FAIL, severity=Severity.WARNING)
INFO = result("info", Status.FAIL, severity=Severity.INFO)
UNKNOWN = result("port", Status.UNKNOWN, cause=Cause("denied", "no"))
PASS = result("swap", Status.PASS)


def check_nagios(whole: Report) -> None:
    text = nagios.render(whole)
    assert len(text.encode()) <= 8192
    first, *rest = text[:-1].split("\n")
    assert len(first.encode()) < 1024, "NRPE cuts here"
    told, bar, perfdata = first.partition(" | ")
    assert bar
    assert not any("|" in line for line in (told, perfdata, *rest)), "a bar begins performance data"
    assert text.replace("\n", "").isprintable()
    assert told.startswith(f"NODECHECK {NAGIOS_STATES[mapped_exit_code(whole, 'nagios')]} - ")
    found = {label: float(value) for label, value, _ in PERFDATA.findall(perfdata)}
    assert PERFDATA.sub("", perfdata).strip() == ""
    counts = whole.summary
    assert [found[key] for key in ("passed", "failed", "unknown", "skipped", "waived")] == [
        counts.passed, counts.failed, counts.unknown, counts.skipped, counts.waived,
    ]  # fmt: skip
    assert all(line.startswith(("[fail] ", "[unknown] ", "... and ")) for line in rest)


def check_npd(whole: Report) -> None:
    text = npd.render(whole)
    assert text.isascii()
    assert len(text) <= 4096
    line = text[:-1]
    assert line.isprintable()
    assert line.strip()
    code = mapped_exit_code(whole, "npd")
    assert line.startswith("fit: ") == (code == 0)
    assert ("failed: " in line[:20]) == (code == 1)


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(reports())
def test_every_report_fits(whole: Report) -> None:
    check_nagios(whole)
    check_npd(whole)


def test_no_hostile_text_breaks_them() -> None:
    check_nagios(hostile_report())
    check_npd(hostile_report())


@pytest.mark.parametrize(
    ("results", "run", "for_nagios", "for_npd"),
    [
        ((PASS,), 0, 0, 0), ((FAILED,), 1, 2, 1), ((WARNING, PASS), 0, 1, 0), ((INFO,), 0, 0, 0), ((UNKNOWN,), 3, 3, 2),
        ((UNKNOWN, WARNING), 3, 3, 2), ((UNKNOWN, FAILED), 1, 2, 1), ((), 3, 3, 2),
    ],
)  # fmt: skip
def test_the_exit_maps(results: tuple[object, ...], run: int, for_nagios: int, for_npd: int) -> None:
    whole = report(*results)  # type: ignore[arg-type]

    assert mapped_exit_code(whole) == mapped_exit_code(whole, "run") == run
    assert mapped_exit_code(whole, "nagios") == for_nagios
    assert mapped_exit_code(whole, "npd") == for_npd


def test_nagios_is_told_the_worst_first() -> None:
    lines = nagios.render(report(WARNING, UNKNOWN, FAILED, PASS)).split("\n")

    assert lines[0].startswith(
        "NODECHECK CRITICAL - 2 failed, 1 unknown of 4: swap[/dev/sda2]@boot, time-sync, port | "
    )
    assert "failed=2;;;0 unknown=1;;;0" in lines[0]
    assert lines[1] == "[fail] swap[/dev/sda2]@boot (error): message of swap[/dev/sda2]@boot"


def test_the_first_80_bytes_for_npd_name_what_failed() -> None:
    assert npd.render(report(FAILED)) == "failed: swap[/dev/sda2]@boot: message of swap[/dev/sda2]@boot\n"
    many = npd.render(report(FAILED, WARNING, result("sysctl[net.ipv4.ip_forward]", Status.FAIL)))
    assert many[:80].startswith("2 failed: swap[/dev/sda2]@boot, sysctl[net.ipv4.ip_forward]; ")
    assert npd.render(report(UNKNOWN)) == "unknown: port: message of port\n"
    assert npd.render(report()) == "nothing could be judged\n"
    chinese = npd.render(report(result("swap[/dev/节点七]", Status.FAIL)))
    assert chinese.startswith("failed: swap[/dev/\\u8282\\u70b9\\u4e03]: ")


def _negate() -> str | None:
    return next((path for path in ("/usr/lib/nagios/plugins/negate", "/usr/lib64/nagios/plugins/negate")
                 if Path(path).exists()), shutil.which("negate"))  # fmt: skip


@pytest.mark.skipif(_negate() is None, reason="the monitoring plugins' negate is not installed")
@pytest.mark.parametrize(("one", "state"), [(FAILED, 2), (WARNING, 1), (UNKNOWN, 3), (PASS, 0)])
def test_a_real_caller_of_plugins_takes_text_and_state(one: object, state: int, tmp_path: Path) -> None:
    """``negate`` runs a plugin, reads its state and its text, and gives both on, here with the states changed."""
    (tmp_path / "report.json").write_text(report(one).to_json())  # type: ignore[arg-type]
    plugin = [sys.executable, "-m", "nodecheck", "convert", str(tmp_path / "report.json"), "--to", "nagios"]
    plain = subprocess.run(plugin, capture_output=True, text=True, timeout=60)
    swapped = ["-o", "CRITICAL", "-w", "UNKNOWN", "-c", "OK", "-u", "WARNING", "-s"]
    done = subprocess.run([str(_negate()), *swapped, *plugin], capture_output=True, text=True, timeout=60)

    assert plain.returncode == state
    assert done.returncode == {0: 2, 1: 3, 2: 0, 3: 1}[state]
    word, other = NAGIOS_STATES[state], NAGIOS_STATES[done.returncode]
    assert done.stdout.split("\n")[0] == plain.stdout.split("\n")[0].replace(word, other, 1)


def test_ids_with_bars_are_told_with_their_number() -> None:
    whole = report(result("swap[a|b]", Status.FAIL))

    assert "swap[a\\x7cb]" in nagios.render(whole)
    assert printable("a|b") == "a|b"
