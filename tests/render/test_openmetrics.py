"""Metrics, read by both of Prometheus's parsers, by promtool, and by a real node_exporter."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from nodecheck.audit.boots import Boots, BrokenPrediction, RebootHeld
from nodecheck.audit.session import Audit
from nodecheck.checking import Cause, Severity, Status
from nodecheck.render.openmetrics import MOST_CHECKS, MOST_RESULTS, render, render_audit
from nodecheck.report import Report
from tests.render.reports import hostile_report, reports
from tests.render.test_text import FAILED, report, result

parsers = pytest.importorskip("prometheus_client.parser")
openmetrics = pytest.importorskip("prometheus_client.openmetrics.parser")

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def series(text: str) -> Series:
    """All samples; both parsers must read the same."""
    read = []
    for parser in (parsers, openmetrics):
        found: Series = {}
        for family in parser.text_string_to_metric_families(text):
            for sample in family.samples:
                assert sample.timestamp is None
                key = (sample.name, frozenset(sample.labels.items()))
                assert key not in found, "the textfile collector refuses two samples that are alike"
                found[key] = sample.value
        read.append(found)
    assert read[0] == read[1]
    return read[0]


def one(found: Series, name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


def check_same(whole: Report) -> None:
    found = series(render(whole))
    told = whole.summary
    counts = {
        "pass": told.passed,
        "fail": told.failed,
        "unknown": told.unknown,
        "skip": told.skipped,
        "waived": told.waived,
    }
    for status, count in counts.items():
        assert one(found, "nodecheck_results", status=status) == count
    assert one(found, "nodecheck_exit_code") == whole.exit_code
    assert one(found, "nodecheck_coverage_ratio") == told.coverage
    assert one(found, "nodecheck_run_duration_seconds") == whole.run.duration_s
    listed = [dict(labels) for name, labels in found if name == "nodecheck_result"]
    assert len(listed) + one(found, "nodecheck_results_not_listed") == told.failed + told.unknown
    expected = Counter((r.check, r.view, r.severity.value, r.status.value) for r in whole if r.status in BAD)
    assert not Counter((r["check"], r["view"], r["severity"], r["status"]) for r in listed) - expected


BAD = (Status.FAIL, Status.UNKNOWN)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(reports())
def test_both_parsers_read_what_was_written(whole: Report) -> None:
    check_same(whole)


def test_no_hostile_text_breaks_it() -> None:
    check_same(hostile_report())


def test_the_number_of_series_is_bounded() -> None:
    many = [
        result(f"check-{number}[{number:0300}]", Status.UNKNOWN, cause=Cause("denied", ""))
        for number in range(MOST_CHECKS + 50)
    ]
    found = series(render(report(*many)))

    assert len(found) <= 2 * MOST_CHECKS + MOST_RESULTS + 20
    assert one(found, "nodecheck_results_not_listed") == len(many) - sum(
        name == "nodecheck_result" for name, _ in found
    )
    assert max(len(value) for _, labels in found for _, value in labels) <= 200


def test_the_worst_are_listed() -> None:
    mild = [result(f"sysctl[{number:03}]", Status.FAIL, severity=Severity.INFO) for number in range(MOST_RESULTS)]
    found = series(render(report(*mild, result("zone", Status.FAIL))))

    labels = {"check": "zone", "subject": "", "view": "now", "severity": "error", "status": "fail"}
    # An empty label is no label to Prometheus, but the parsers show it.
    assert one(found, "nodecheck_result", **labels) == 1
    assert one(found, "nodecheck_results_not_listed") == 1


def audit_of(whole: Report, held: tuple[RebootHeld, ...], broken: Mapping[str, BrokenPrediction]) -> Audit:
    return Audit(whole, 1, None, (), (), None, (), (), Boots(held=held, broken=broken))


HELD = RebootHeld("b1", "2026-11-30T03:12:00Z", 41, 43, "2026-11-30T04:00:00.000Z", 57, 2, 3, 4, ())
BROKEN = {"swap@boot": BrokenPrediction("d", "2026-11-30T03:12:00Z", "said", "found")}


def test_an_audit_counts_the_predictions_of_the_last_reboot() -> None:
    whole = report(FAILED)
    found = series(render_audit(audit_of(whole, (HELD._replace(kept=1), HELD), BROKEN)))

    outcomes = {"kept": 57, "broken": 2, "changed": 3, "not_compared": 4}
    assert {name: one(found, "nodecheck_predictions", outcome=name) for name in outcomes} == outcomes
    assert one(found, "nodecheck_predicted_boot_timestamp_seconds") == 1796008320
    assert one(found, "nodecheck_broken_predictions") == 1
    assert found.items() > series(render(whole)).items()


def test_an_audit_of_a_node_that_was_not_rebooted_tells_what_a_run_does() -> None:
    whole = report(FAILED)

    assert render_audit(audit_of(whole, (), {})) == render(whole)


def test_a_time_that_is_none_is_left_out() -> None:
    whole = report(FAILED)  # its times are "a" and "b"

    assert not any(name == "nodecheck_last_run_timestamp_seconds" for name, _ in series(render(whole)))


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_finds_nothing_to_complain_of() -> None:
    for whole in (hostile_report(), report(FAILED), report()):
        raw = render(whole).encode()
        done = subprocess.run(["promtool", "check", "metrics"], input=raw, capture_output=True, timeout=30)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    raw = render_audit(audit_of(report(FAILED), (HELD,), BROKEN)).encode()
    done = subprocess.run(["promtool", "check", "metrics"], input=raw, capture_output=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _exporter() -> str | None:
    return shutil.which("prometheus-node-exporter") or shutil.which("node_exporter")


@pytest.mark.skipif(_exporter() is None, reason="node_exporter is not installed")
def test_node_exporter_serves_them(tmp_path: Path) -> None:
    from nodecheck.writing import write_atomically

    whole = hostile_report()
    write_atomically(str(tmp_path / "nodecheck.prom"), render(whole))
    port = _free_port()
    words = [
        str(_exporter()), "--collector.disable-defaults", "--collector.textfile",
        f"--collector.textfile.directory={tmp_path}", f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log)
        try:
            served = _scraped(port)
        finally:
            os.kill(process.pid, signal.SIGTERM)
            process.wait(10)
    lines = served.split("\n")
    assert "node_textfile_scrape_error 0" in lines
    ours = "\n".join([line for line in lines if "nodecheck_" in line and "node_textfile" not in line]) + "\n# EOF\n"
    assert series(ours) == series(render(whole))


def _scraped(port: int) -> str:
    end = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
