"""A node in another phase: one note says what that brings and takes, and nothing is lost of what fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from nodecheck.audit.document import to_dict
from nodecheck.audit.keep import Limits
from nodecheck.audit.opening import opened
from nodecheck.audit.pack import pack, unpack
from nodecheck.audit.session import Audit, note_told, recorded
from nodecheck.audit.show import Look, audit_text
from nodecheck.shipped import shipped
from tests.audit.reports import report

OUT = "skip/error:not-selected-phase"
BEFORE = {"leftover[/a]": "pass", "leftover[/b]": "fail", "swap": "pass", "reboot-pending": OUT}
AFTER = {"leftover": OUT, "swap": "pass", "reboot-pending[x]": "pass", "reboot-pending[y]": "fail/warning"}


def audited(state: Path, results: dict[str, str], phase: str | None, at: int = 0) -> Audit:
    found = report(results, at=f"2026-11-01T0{at}:00:00.000Z")
    found.profile = found.profile._replace(phase=phase)
    done = recorded(found, str(state), "s")
    note_told(str(state), Limits(), done)
    return done


@pytest.fixture
def state(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def test_a_changed_phase_is_a_note_of_one_line(state: Path) -> None:
    audited(state, BEFORE, "install")

    found = audited(state, AFTER, "steady", 1)

    (notice,) = [one for one in found.notices if one.code == "phase-changed"]
    assert notice.message == (
        "the phase is steady; that of run 1 was install: it brings reboot-pending (2 results, 1 of them failed)"
        " and takes leftover (2 results, 1 of them failed)"
    )
    assert [(one.id, one.kind) for one in found.changes] == [("reboot-pending[y]", "new-failure")]
    lines = audit_text(found, Look()).split("\n")
    assert [line for line in lines if "leftover" in line] == [f"note: {notice.message}"]
    document = to_dict(found)
    assert document["phase"] == {
        "before": "install", "after": "steady", "brings": ["reboot-pending[x]", "reboot-pending[y]"],
        "takes": ["leftover[/a]", "leftover[/b]"],
    }  # fmt: skip
    schema = json.loads(shipped("schemas/audit-1.json"))
    assert [error.message for error in Draft202012Validator(schema).iter_errors(document)] == []


def test_the_run_after_that_says_nothing(state: Path) -> None:
    audited(state, BEFORE, "install")
    audited(state, AFTER, "steady", 1)

    found = audited(state, AFTER, "steady", 2)

    assert (found.changes, found.notices, found.quiet) == ((), (), True)
    assert to_dict(found)["phase"] is None


def test_what_comes_back_is_no_repair(state: Path) -> None:
    """What failed before it was not asked fails newly once it is asked again."""
    for at, (results, phase) in enumerate(((BEFORE, "install"), (AFTER, "steady"), (BEFORE, "install"))):
        found = audited(state, results, phase, at)

    assert [(one.id, one.kind) for one in found.changes] == [("leftover[/b]", "new-failure")]


def test_a_phase_that_brings_nothing_is_told_once(state: Path) -> None:
    audited(state, {"swap": "pass"}, "steady")

    found = audited(state, {"swap": "pass"}, "upgrade", 1)

    assert [one.message for one in found.notices] == ["the phase is upgrade; that of run 1 was steady"]
    assert not found.quiet
    assert audited(state, {"swap": "pass"}, None, 2).quiet  # no check asked: that says nothing


def test_a_history_of_before_knows_no_phase(state: Path) -> None:
    audited(state, {"swap": "pass"}, "install")
    with opened(str(state), Limits()) as connection:
        (body,) = connection.execute("SELECT body FROM state").fetchone()
        kept = {key: value for key, value in unpack(body).items() if key not in ("phase", "out")}
        assert len(kept["before"]) == 6  # as earlier versions read it
        connection.execute("UPDATE state SET body = ?", (pack(kept),))

    found = audited(state, {"swap": "pass", "leftover": OUT}, "steady", 1)

    assert [one.code for one in found.notices] == []
    assert [(one.id, one.kind) for one in found.changes] == []
