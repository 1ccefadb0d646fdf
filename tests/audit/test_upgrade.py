"""Upgrades are quiet: a history that 0.1.0 recorded, audited by later versions, tells only verdicts that changed.

``history-0.1.0.sql`` is the dump of such a history, made by ``nodecheck audit --root /mnt/node`` of :func:`old_node`: a
failure, a failure under a waiver, a baseline accepted by ann, then another failure, and a run that changed nothing.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

import nodecheck
from nodecheck.audit.changes import diff
from nodecheck.audit.keep import Limits
from nodecheck.audit.lookup import lines, report_of
from nodecheck.audit.opening import NAME, opened, reading
from nodecheck.audit.past import Past
from nodecheck.audit.session import Audit, note_told, recorded, scope_of
from nodecheck.audit.standing import STEADY, Flap
from nodecheck.audit.store import Baseline, Later, accept, baseline_of
from nodecheck.cli import main
from nodecheck.model.evidence import Evidence
from nodecheck.model.outcomes import Result, Status
from nodecheck.report import Report, Source
from nodecheck.report.summary import summary_of
from tests.audit.reports import report
from tests.nodes import debian_node

DUMP = Path(__file__).parent / "history-0.1.0.sql"
SWAP, SYSCTL, CHRONY = "swap[/swap.img]@boot", "sysctl[net.ipv4.ip_forward]@boot", "service[chronyd]@boot"
WAIVER = """schema = "nodecheck.waivers/1"
[[waiver]]
select = "service[chronyd]@boot"
reason = "the hypervisor keeps the time"
owner = "ann"
expires = 2099-12-31
"""


def old_node(root: Path) -> Path:
    """The node that 0.1.0 judged: swap at boot, no chronyd at boot, and no forwarding at boot."""
    debian_node(root)
    with open(root / "etc/fstab", "a", encoding="ascii") as file:
        file.write("/swap.img none swap sw 0 0\n")
    (root / "etc/systemd/system/multi-user.target.wants/chronyd.service").unlink()
    sysctls = root / "etc/sysctl.d/k8s.conf"
    sysctls.write_text(sysctls.read_text("ascii").replace("ip_forward = 1", "ip_forward = 0"), "ascii")
    return root


@pytest.fixture
def old(state: Path) -> Path:
    """A state directory as 0.1.0 left it."""
    with sqlite3.connect(state / NAME) as db:
        db.executescript(DUMP.read_text("ascii"))
    db.close()
    return state


def last(directory: Path) -> tuple[Report, str]:
    """The last recorded report, and its scope."""
    with reading(str(directory)) as db:
        return report_of(db, lines(db, 1)[0].run)


def by(version: str, found: Report) -> Report:
    """A report as that version would have made it."""
    tool = found.tool._replace(version=version)
    return Report(tool, found.run, found.node, found.profile, found.summary, found.results)


def of(found: Report, results: Iterable[Result]) -> Report:
    """A report with other results."""
    kept = tuple(sorted(results, key=lambda result: result.id))
    return Report(found.tool, found.run, found.node, found.profile, summary_of(kept, found.run.fail_on), kept)


def told_otherwise(found: Report, why: str) -> Report:
    """The same verdicts by other evidence: every fingerprint differs."""
    return of(found, [_otherwise(result, why) for result in found.results])


def _otherwise(result: Result, why: str) -> Result:
    return result._replace(evidence=(Evidence(why, None, why),), fingerprint=f"sha256:{why}")


def audited(directory: Path, found: Report, scope: str, flap: Flap = STEADY) -> Audit:
    done = recorded(found, str(directory), scope, flap)
    assert done.recorded, done.notices
    note_told(str(directory), Limits(), done)
    return done


def news(audit: Audit) -> list[tuple[str, str]]:
    return [(change.id, change.kind) for change in audit.changes]


def drift(audit: Audit) -> list[tuple[str, str]]:
    assert audit.drift is not None
    return [(change.id, change.kind) for change in audit.drift.changes]


def stored_baseline(directory: Path, scope: str) -> Baseline:
    with reading(str(directory)) as db:
        found = baseline_of(db, scope)
    assert found is not None
    return found


def turned(found: Report, name: str, status: str, why: str) -> Report:
    """The report with another status of a result, by that evidence."""
    results = [_otherwise(one, why)._replace(status=Status(status)) if one.id == name else one for one in found.results]
    return of(found, results)


def test_the_history_is_what_0_1_0_recorded(old: Path) -> None:
    found, _ = last(old)

    assert found.tool.version == "0.1.0"
    assert [result.id for result in found.failures] == [SWAP, SYSCTL]
    assert [result.id for result in found.results if result.status == Status.WAIVED] == [CHRONY]
    with reading(str(old)) as db:
        new = {"new-failure": 1}
        assert [(line.run, line.changes) for line in lines(db)] == [(3, {}), (2, new), (1, new)]


def test_what_this_code_finds_on_the_same_node_tells_only_verdicts_that_changed(old: Path, tmp_path: Path) -> None:
    """The real check: whatever the checks of today say of that node, as a later version."""
    before, scope = last(old)
    (tmp_path / "waivers.toml").write_text(WAIVER, "ascii")
    now = nodecheck.run(root=str(old_node(tmp_path / "node")), waivers=[tmp_path / "waivers.toml"])
    now.run = now.run._replace(source=Source("root", "/mnt/node"))
    now = by("99.0", now)
    assert scope_of(now, (), (), None) == scope

    found = audited(old, now, scope)

    was = {result.id: result.status for result in before.results}
    for change in found.changes:
        assert change.kind != "evidence-changed"
        assert was.get(change.id) != (now[change.id].status if change.after is not None else None)
        assert change.id in was or change.after in ("fail", "unknown")
    assert {change.id for change in found.still} >= {SWAP, SYSCTL}
    again = audited(old, by("99.0", told_otherwise(now, "elsewhere")), scope)
    assert {change.kind for change in again.changes} == {"evidence-changed"}


def program(folder: Path, version: str) -> Path:
    """This nodecheck, with another version: it stands in one place."""
    copy = folder / "nodecheck"
    shutil.copytree(Path(nodecheck.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    place = copy / "version.py"
    old = f'__version__ = "{nodecheck.__version__}"'
    assert place.read_text("utf-8").count(old) == 1
    place.write_text(place.read_text("utf-8").replace(old, f'__version__ = "{version}"'), "utf-8")
    return folder


def audit_by(home: Path, node: Path, directory: Path) -> str:
    """What ``nodecheck audit`` of an installation prints."""
    code = "import sys; from nodecheck.cli import main; sys.exit(main())"
    words = ["audit", "--root", str(node), "--state", str(directory), "--no-color"]
    environment = {**os.environ, "PYTHONPATH": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, env=environment, check=False, timeout=120
    )
    assert done.returncode == 1, done.stderr
    return done.stdout


def test_the_command_after_an_upgrade(state: Path, tmp_path: Path) -> None:
    """The line that turns swap on is another, and with it the evidence: the same version tells it, another does not."""
    node = old_node(tmp_path / "node")
    same, later = Path(nodecheck.__file__).parents[1], program(tmp_path / "later", "99.0")
    fstab = node / "etc/fstab"
    assert "FAILS             swap[/swap.img]@boot" in audit_by(same, node, state)

    fstab.write_text(fstab.read_text().replace("swap sw", "swap sw,pri=1"))
    assert audit_by(later, node, state) == ""
    fstab.write_text(fstab.read_text().replace("pri=1", "pri=2"))
    assert "evidence changed  swap[/swap.img]@boot" in audit_by(later, node, state)
    assert last(state)[0].tool.version == "99.0"


@pytest.mark.parametrize("version", ["0.1.1", "0.2.0", "1.0.0"])
def test_another_version_by_other_evidence_is_silent_and_the_same_is_not(old: Path, version: str) -> None:
    found, scope = last(old)

    quiet = audited(old, by(version, told_otherwise(found, "b")), scope)

    assert quiet.quiet
    assert quiet.changes == ()
    assert [change.id for change in quiet.still] == [SWAP, SYSCTL]
    assert [notice.code for notice in quiet.notices] == ["nodecheck-changed"]
    assert audited(old, by(version, told_otherwise(found, "b")), scope).quiet
    loud = news(audited(old, by(version, told_otherwise(found, "c")), scope))
    assert {(SWAP, "evidence-changed"), (CHRONY, "evidence-changed")} < set(loud)
    assert {kind for _, kind in loud} == {"evidence-changed"}


def test_the_version_that_recorded_tells_other_evidence(old: Path) -> None:
    found, scope = last(old)

    loud = audited(old, told_otherwise(found, "b"), scope)

    assert {(SWAP, "evidence-changed"), (CHRONY, "evidence-changed")} < set(news(loud))


def test_verdicts_that_change_with_the_upgrade_are_told(old: Path) -> None:
    found, scope = last(old)
    now = turned(told_otherwise(found, "b"), SYSCTL, "pass", "b")
    now = turned(turned(now, CHRONY, "fail", "b"), "hostname@boot", "fail", "b")

    done = audited(old, by("0.2.0", now), scope)

    assert news(done) == [("hostname@boot", "new-failure"), (CHRONY, "unwaived"), (SYSCTL, "fixed")]
    assert done.exit_code() == 1
    fixed = done.changes[-1]
    assert (fixed.since and fixed.since.run, fixed.was) == (2, found[SYSCTL].message)


def test_what_was_fixed_and_fails_again_after_the_upgrade_is_told(old: Path) -> None:
    found, scope = last(old)
    assert news(audited(old, turned(found, SWAP, "pass", "a"), scope)) == [(SWAP, "fixed")]

    again = audited(old, by("0.2.0", told_otherwise(found, "b")), scope)

    assert news(again) == [(SWAP, "new-failure")]
    assert again.changes[0].since is not None
    assert again.changes[0].since.run == 5


def test_a_severity_that_a_version_changes_is_told(old: Path) -> None:
    found, scope = last(old)
    levels = {SWAP: nodecheck.Severity.WARNING}
    now = of(found, [one._replace(severity=levels.get(one.id, one.severity)) for one in found.results])

    done = audited(old, by("0.2.0", told_otherwise(now, "b")), scope)

    assert news(done) == [(SWAP, "severity-changed")]


def test_what_a_version_is_the_first_to_look_at_is_told_as_in_a_first_run(state: Path) -> None:
    audited(state, report({"a": "pass"}), "s", Flap(2, 3))
    more = {"a": "pass=y", "b": "pass", "c": "fail", "d": "unknown", "e": "skip", "f": "skip:offline", "g": "waived"}

    done = audited(state, by("0.2.0", report(more)), "s", Flap(2, 3))

    assert news(done) == [("c", "new-failure"), ("d", "appeared")]
    assert audited(state, by("0.2.0", report(more)), "s", Flap(2, 3)).changes == ()
    new = audited(state, by("0.2.0", report({**more, "h": "pass"})), "s")
    assert news(new) == [("h", "appeared")]


def test_evidence_of_before_the_upgrade_is_no_news_however_late_the_status_comes_back(state: Path) -> None:
    """A flap keeps a failure standing while later runs find it well: what it was judged by stays another version's."""
    flap = Flap(2, 3)
    audited(state, report({"a": "fail=x"}), "s", flap)
    for said in ("pass", "fail=y"):
        assert audited(state, by("0.2.0", report({"a": said})), "s", flap).changes == ()

    assert news(audited(state, by("0.2.0", report({"a": "fail=z"})), "s", flap)) == [("a", "evidence-changed")]


def test_changes_that_0_1_0_did_not_come_to_tell_are_told_by_the_later_version(old: Path) -> None:
    with sqlite3.connect(old / NAME) as db:
        db.execute("UPDATE run SET told = 0 WHERE seq = 2")
    db.close()
    found, scope = last(old)

    done = audited(old, by("0.2.0", told_otherwise(found, "b")), scope)

    assert done.changes == ()
    assert [(item.run, [change["id"] for change in item.changes]) for item in done.untold] == [(2, [SYSCTL])]
    assert audited(old, by("0.2.0", told_otherwise(found, "b")), scope).quiet


def test_the_baseline_takes_the_new_fingerprint_of_an_equal_status(old: Path) -> None:
    found, scope = last(old)
    accepted = stored_baseline(old, scope)

    first = audited(old, by("0.2.0", told_otherwise(found, "b")), scope)

    assert drift(first) == [(SYSCTL, "new-failure")]  # it passed when ann accepted
    stored = stored_baseline(old, scope)
    assert stored._replace(later=None) == accepted
    assert stored.later is not None
    assert stored.later.version == "0.2.0"
    assert {stored.later.fingerprints[name] for name in (SWAP, CHRONY)} == {"sha256:b"}
    assert SYSCTL not in stored.later.fingerprints
    # A fingerprint that it has is kept: what changes by the same version differs from what was accepted, each time.
    for _ in range(2):
        second = audited(old, by("0.2.0", turned(told_otherwise(found, "b"), SWAP, "fail", "c")), scope)
        assert drift(second) == [(SYSCTL, "new-failure"), (SWAP, "evidence-changed")]
    # What comes to its accepted status only now brings its fingerprint now.
    mended = turned(told_otherwise(found, "b"), SYSCTL, "pass", "b")
    assert drift(audited(old, by("0.2.0", mended), scope)) == []
    assert drift(audited(old, by("0.2.0", turned(mended, SYSCTL, "pass", "c")), scope)) == [
        (SYSCTL, "evidence-changed")
    ]
    # And the next version begins anew.
    assert drift(audited(old, by("0.3.0", told_otherwise(mended, "d")), scope)) == []
    newest = stored_baseline(old, scope).later
    assert newest is not None
    assert (newest.version, newest.fingerprints[SYSCTL]) == ("0.3.0", "sha256:d")


def test_a_baseline_of_the_same_version_learns_nothing(state: Path) -> None:
    audited(state, report({"a": "fail=x"}), "s")
    with opened(str(state), Limits()) as db:
        accept(db, "s", Baseline(1, "2026-11-01T00:00:00.000Z", "ann", report_of(db, 1)[0]))

    for _ in range(2):
        assert drift(audited(state, report({"a": "fail=y"}), "s")) == [("a", "evidence-changed")]
    assert stored_baseline(state, "s").later is None


def test_a_new_check_that_passes_never_differs_from_a_baseline_of_an_older_version(old: Path) -> None:
    found, scope = last(old)
    new = report({"b": "pass", "c": "fail"}).results

    for _ in range(2):
        done = audited(old, by("0.2.0", of(found, (*found.results, *new))), scope)
        assert drift(done) == [("c", "new-failure"), (SYSCTL, "new-failure")]


def test_a_damaged_note_of_a_later_version_is_a_damaged_history_and_no_crash(old: Path) -> None:
    from nodecheck.audit.pack import pack, unpack

    found, scope = last(old)
    with sqlite3.connect(old / NAME) as db:
        (body,) = db.execute("SELECT body FROM baseline").fetchone()
        db.execute("UPDATE baseline SET body = ?", (pack({**unpack(body), "later": ["0.2.0"]}),))
    db.close()

    assert [notice.code for notice in audited(old, found, scope).notices] == ["history-set-aside", "first-run"]


def test_the_difference_of_two_recorded_runs_of_two_versions(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found, scope = last(old)
    now = turned(told_otherwise(found, "b"), "hostname", "fail", "b")
    audited(old, by("0.2.0", now), scope)

    with reading(str(old)) as db:
        new, _ = report_of(db, 4)
        changes = Past(db, 3, 4).dated(diff(found, new))
    assert [(change.id, change.kind, change.since and change.since.run) for change in changes] == [
        ("hostname", "new-failure", 4), (SWAP, "still-failing", 1), (SYSCTL, "still-failing", 2),
    ]  # fmt: skip
    kinds = {change.kind for change in diff(by("0.2.0", found), new)}
    assert kinds == {"new-failure", "still-failing", "evidence-changed"}
    assert main(["diff", "3", "4", "--state", str(old)]) == 1
    said = capsys.readouterr().out
    assert "nodecheck 0.2.0 judged; 0.1.0 judged" in said
    assert "evidence" not in said


def test_later_is_read_as_it_was_written(old: Path) -> None:
    _, scope = last(old)
    found = stored_baseline(old, scope)._replace(later=Later("0.2.0", {"a": "sha256:b"}))
    with opened(str(old), Limits()) as db:
        accept(db, scope, found)

    assert stored_baseline(old, scope) == found
    assert (found.known("0.2.0"), found.known("0.3.0")) == ({"a": "sha256:b"}, {})
