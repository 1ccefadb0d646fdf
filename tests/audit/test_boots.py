"""From audit to audit over reboots: what waits is held once, what broke is not believed, and nothing is lost."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from nodecheck.audit.boots import CAUSE, MOST_HELD, Boots, BootSeen, followed
from nodecheck.audit.document import to_dict
from nodecheck.audit.opening import NAME, reading
from nodecheck.audit.session import recorded
from nodecheck.audit.settled import BootNow
from nodecheck.audit.show import Look, audit_text
from nodecheck.audit.show_boots import reboots, reboots_dict, reboots_text
from nodecheck.audit.standing import Flap
from nodecheck.report import Report
from tests.audit.rebooting import BOOTED, EARLY, HEALTHY, OVER, Node, codes
from tests.audit.reports import report, result


@pytest.fixture
def node(state: Path) -> Node:
    return Node(state)


def test_predictions_that_came_true_are_counted_and_no_news(node: Node) -> None:
    node.audit(HEALTHY)

    after = node.audit(HEALTHY, "b2")

    assert after.held is not None
    assert (after.held.kept, after.held.broken, after.held.before, after.held.run) == (2, 0, 1, 2)
    assert (after.held.booted_at, after.held.boot_id) == (BOOTED, "b2")
    assert after.quiet
    assert audit_text(after, Look()) == ""
    assert node.audit(HEALTHY, "b2").held is None


def test_a_broken_pass_is_news_and_is_not_believed(node: Node) -> None:
    node.audit(HEALTHY)

    after = node.audit({**HEALTHY, "a": "fail"}, "b2")

    doubted = after.report["a@boot"]
    assert (doubted.status, doubted.cause and doubted.cause.code, doubted.fix) == ("unknown", CAUSE, None)
    assert doubted.message == "said pass before the reboot of 2026-11-30 03:12Z, and after it: a is fail"
    assert doubted.evidence == report(HEALTHY)["a@boot"].evidence
    assert [(change.id, change.kind) for change in after.changes] == [("a", "new-failure"), ("a@boot", "coverage-lost")]
    text = audit_text(after, Look())
    assert "\nreboot of 2026-11-30 03:12Z: 1 of 2 predictions kept, 1 broken: a@boot (said pass)\n" in text
    assert "COVERAGE LOST     a@boot (error): said pass before the reboot" in text


def test_the_summary_and_the_exit_code_are_those_of_the_amended_report(node: Node) -> None:
    node.audit(HEALTHY)
    after = node.audit({**HEALTHY, "a": "fail"}, "b2")
    assert (after.report.exit_code, after.report.summary.unknown, after.report.summary.passed) == (1, 1, 2)

    mended = node.audit(HEALTHY, "b2")

    told = mended.report.summary
    assert (mended.report.exit_code, told.verdict, told.unknown, told.passed, told.coverage) == (
        3,
        "unknown",
        1,
        3,
        0.75,
    )
    assert (mended.exit_code(), [change.kind for change in mended.changes]) == (0, ["fixed"])
    assert mended.report["a@boot"].fingerprint == after.report["a@boot"].fingerprint
    assert mended.report["a@boot"].fingerprint != report(HEALTHY)["a@boot"].fingerprint
    assert node.audit(HEALTHY, "b2").quiet


def test_what_is_recorded_is_the_amended_report(node: Node) -> None:
    from nodecheck.audit.lookup import report_of

    node.audit(HEALTHY)
    after = node.audit({**HEALTHY, "a": "fail"}, "b2")

    with reading(str(node.state)) as db:
        assert report_of(db, 2)[0] == after.report


def test_it_is_believed_again_once_its_sources_change(node: Node) -> None:
    node.audit(HEALTHY)
    node.audit({**HEALTHY, "a": "fail"}, "b2")
    for boot in ("b2", "b3"):
        assert node.audit(HEALTHY, boot).report["a@boot"].status == "unknown"
    del node.digests["a@boot"]
    assert node.audit(HEALTHY, "b3").report["a@boot"].status == "unknown"
    node.digests["a@boot"] = "of a part of the sources"
    for said in ("unknown:timeout", "skip"):
        node.audit({**HEALTHY, "a@boot": said}, "b3")
    node.digests["a@boot"] = "d"
    assert node.audit(HEALTHY, "b3").report["a@boot"].cause is not None

    node.digests["a@boot"] = "e"
    again = node.audit(HEALTHY, "b3")

    assert (again.report["a@boot"].status, again.report.exit_code) == ("pass", 0)
    assert [(change.id, change.kind) for change in again.changes] == [("a@boot", "coverage-regained")]
    held = node.audit(HEALTHY, "b4").held
    assert held is not None
    assert (held.kept, held.broken) == (2, 0)


def test_its_severity_is_its_own(node: Node) -> None:
    node.audit({"a": "pass", "a@boot": "pass/warning"})

    after = node.audit({"a": "fail/warning", "a@boot": "pass/warning"}, "b2")

    assert (after.report["a@boot"].severity, after.report.exit_code) == ("warning", 0)


def test_what_fails_at_boot_is_never_made_unknown(node: Node) -> None:
    node.audit(HEALTHY)
    node.audit({**HEALTHY, "a": "fail"}, "b2")

    later = node.audit({**HEALTHY, "a@boot": "fail"}, "b2")

    assert (later.report["a@boot"].status, later.report["a@boot"].fix is not None) == ("fail", True)


def test_a_broken_prediction_says_more_than_what_is_unexplained(node: Node) -> None:
    node.audit(HEALTHY)

    after = node.audit({**HEALTHY, "a": "fail", "a@boot": "unknown:unexplained"}, "b2")

    assert after.held is not None
    assert after.held.broken == 1
    cause = after.report["a@boot"].cause
    assert cause is not None
    assert (cause.code, cause.detail) == (CAUSE, after.report["a@boot"].message)
    assert node.audit(HEALTHY, "b2").report["a@boot"].cause == cause
    other = node.audit({**HEALTHY, "a@boot": "unknown:denied"}, "b2").report["a@boot"].cause
    assert other is not None
    assert other.code == "denied"


def test_sources_of_what_was_not_got_through_prove_nothing(node: Node) -> None:
    node.audit(HEALTHY)
    node.digests["a@boot"] = "of a part of the sources"

    held = node.audit({**HEALTHY, "a": "fail", "a@boot": "unknown:timeout"}, "b2").held

    assert held is not None
    assert (held.broken, held.changed, held.not_compared, held.kept) == (0, 0, 1, 1)


def test_a_broken_fail_is_recorded_and_stays_a_fail_with_its_fix(node: Node) -> None:
    before = {**HEALTHY, "a@boot": "fail"}
    node.audit(before)

    after = node.audit(before, "b2")

    assert after.held is not None
    assert [(miss.id, miss.said, miss.found) for miss in after.held.misses] == [("a@boot", "fail", "pass")]
    assert (after.report["a@boot"].status, after.report["a@boot"].fix is not None) == ("fail", True)
    assert after.quiet  # nothing changed
    assert node.boots()[0].broken == {}
    assert "  broken   a@boot: said fail (a@boot is fail), found pass (a is pass)" in reboots_text(
        reboots(node.boots())
    )


def test_an_audit_that_comes_too_early_loses_nothing(node: Node) -> None:
    node.audit(HEALTHY)

    early = [node.audit({**HEALTHY, "a": "fail", "a@boot": "fail"}, "b2", EARLY) for _ in range(3)]

    assert [audit.held for audit in early] == [None] * 3
    assert "predictions-wait" in codes(early[0])
    assert early[0].notices[-1].message.endswith("the node booted 3 min ago, and a boot has 10")
    after = node.audit({**HEALTHY, "a": "fail"}, "b2")
    assert after.held is not None
    assert (after.held.before, after.held.kept, after.held.broken) == (1, 1, 1)
    assert "predictions-wait" not in codes(after)


def test_a_second_reboot_before_it_was_held_loses_nothing(node: Node) -> None:
    node.audit(HEALTHY)
    node.audit({"a": "pass", "a@boot": "unknown", "b": "pass", "b@boot": "fail"}, "b2", EARLY)

    after = node.audit({**HEALTHY, "a": "fail", "b": "fail"}, "b3")

    assert after.held is not None
    assert [(miss.id, miss.said) for miss in after.held.misses] == [("a@boot", "pass")]
    assert (after.held.before, after.held.kept) == (2, 1)  # the later word on b came true


@pytest.mark.parametrize("what", ["version", "profile", "role", "machine"])
def test_other_rules_and_another_machine_prove_nothing(node: Node, what: str) -> None:
    node.audit(HEALTHY)
    other = report({**HEALTHY, "a": "fail"}, boot_id="b2")
    other.tool = other.tool._replace(version="9.9") if what == "version" else other.tool
    other.profile = other.profile._replace(digest="sha256:1") if what == "profile" else other.profile
    other.profile = other.profile._replace(role="control-plane") if what == "role" else other.profile
    other.node = other.node._replace(machine_id="1" * 32) if what == "machine" else other.node

    held = recorded(other, str(node.state), "s", boot=BootSeen(node.digests, lambda: OVER)).held

    assert held is not None
    assert (held.kept, held.broken, held.changed) == (0, 0, 2)


def test_a_run_that_was_cut_short_holds_nothing(node: Node) -> None:
    node.audit(HEALTHY)
    cut = report({**HEALTHY, "a": "unknown:timeout"}, boot_id="b2")
    cut.run = cut.run._replace(status="timeout")
    done = recorded(cut, str(node.state), "s", boot=BootSeen(node.digests, lambda: OVER))

    assert (done.held, codes(done)[-1]) == (None, "predictions-wait")
    held = node.audit(HEALTHY, "b2").held
    assert held is not None
    assert held.kept == 2


def test_the_boot_is_asked_only_where_something_waits(node: Node) -> None:
    def asked() -> BootNow:
        raise AssertionError("asked")

    for _ in range(2):
        recorded(report(HEALTHY), str(node.state), "s", boot=BootSeen(node.digests, asked))


def test_a_clock_that_went_back_changes_nothing(node: Node) -> None:
    node.audit(HEALTHY, at="2026-11-30T03:00:00.000Z")

    after = node.audit({**HEALTHY, "a": "fail"}, "b2", at="2020-01-01T00:00:00.000Z")

    assert after.held is not None
    assert (after.held.kept, after.held.broken) == (1, 1)
    assert "clock-went-back" in codes(after)
    later = node.audit(HEALTHY, "b3", at="2019-01-01T00:00:00.000Z")
    assert [item.boot_id for item in reboots(node.boots()).held] == ["b3", "b2"]
    assert later.report["a@boot"].status == "unknown"


def test_a_node_that_does_not_tell_its_boot_id(node: Node) -> None:
    node.audit(HEALTHY)
    node.audit({**HEALTHY, "a": "fail"}, "b2")

    blind = node.audit(HEALTHY, boot="")

    assert (blind.held, blind.report["a@boot"].status) == (None, "unknown")
    assert node.audit(HEALTHY, "b2").held is None
    held = node.audit(HEALTHY, "b3").held
    assert held is not None
    assert held.kept == 1


def test_kinds_of_audits_are_held_apart(node: Node) -> None:
    node.audit(HEALTHY, scope="all")
    node.audit({"b": "pass", "b@boot": "pass"}, scope="only b")

    first = node.audit({**HEALTHY, "a": "fail"}, "b2", scope="all")
    second = node.audit({"b": "pass", "b@boot": "pass", "a@boot": "pass"}, "b2", scope="only b")

    assert first.held is not None
    assert second.held is not None
    assert (first.held.broken, second.held.broken, second.held.kept) == (1, 0, 1)
    assert second.report["a@boot"].status == "pass"
    text = reboots_text(reboots(node.boots()))
    assert text.startswith("2 of 3 kept at the last reboot\n")  # one reboot, and two that looked at it


def test_where_there_is_nothing_to_compare_no_reboot_is_listed(node: Node) -> None:
    node.audit({"a": "pass"})

    assert node.audit({"a": "fail"}, "b2").held is None
    assert reboots_text(reboots(node.boots())) == "no reboot was compared with what was predicted of it\n"


def test_without_a_boot_nothing_is_held_and_nothing_is_lost(node: Node) -> None:
    """As of ``--root``, and of one who records a report of elsewhere."""
    node.audit(HEALTHY)

    done = recorded(report(HEALTHY, boot_id="b2"), str(node.state), "s")

    assert done.held is None
    held = node.audit({**HEALTHY, "a": "fail"}, "b2").held
    assert held is not None
    assert (held.kept, held.broken) == (1, 1)
    assert recorded(report(HEALTHY, boot_id="b2"), str(node.state), "s").report["a@boot"].status == "unknown"


def test_what_cannot_be_recorded_is_held_all_the_same_and_again(node: Node) -> None:
    node.audit(HEALTHY)
    for _ in range(2):
        with sqlite3.connect(node.state / NAME, isolation_level=None) as other:
            other.execute("BEGIN EXCLUSIVE")
            import nodecheck.audit.opening as opening

            usual, opening.BUSY_S = opening.BUSY_S, 0.05
            try:
                found = report({**HEALTHY, "a": "fail"}, boot_id="b2")
                done = recorded(found, str(node.state), "s", boot=BootSeen(node.digests, lambda: OVER))
            finally:
                opening.BUSY_S = usual
            other.execute("ROLLBACK")
        other.close()
        assert not done.recorded
        assert done.held is not None
        assert (done.held.broken, done.held.run, done.report["a@boot"].status) == (1, None, "unknown")


def test_a_flap_does_not_hide_a_broken_pass(node: Node) -> None:
    flap = Flap(2, 3)
    node.audit(HEALTHY, flap=flap)

    after = node.audit({**HEALTHY, "a": "fail"}, "b2", flap=flap)

    assert (after.changes, after.quiet) == ((), False)
    for look in (Look(), Look(quiet=True), Look(changed_only=True)):
        assert "1 broken: a@boot (said pass)" in audit_text(after, look)


def miss_of(name: str, kind: str, found: str) -> dict[str, Any]:
    said = {"status": "pass", "message": f"{name}@boot is pass"}
    return {
        "id": f"{name}@boot",
        "kind": kind,
        "said": said,
        "found": {"status": found, "message": f"{name} is {found}"},
    }


MISS_OF_B = {
    "id": "b@boot",
    "kind": "changed",
    "said": {"status": "pass", "message": None},
    "found": {"status": "pass", "message": None},
}


def test_the_document_follows_its_schema(node: Node) -> None:
    import jsonschema

    from nodecheck.shipped import shipped

    schema = json.loads(shipped("schemas/audit-1.json"))
    node.audit(HEALTHY)
    node.digests["b@boot"] = "e"
    audits = [node.audit({**HEALTHY, "a": "fail"}, "b2"), node.audit(HEALTHY, "b2")]
    first, second = [json.loads(json.dumps(to_dict(audit))) for audit in audits]

    for document in (first, second):
        jsonschema.validate(document, schema)
    assert second["predictions"] is None
    assert first["predictions"]["misses"] == [
        miss_of("a", "broken", "fail"), MISS_OF_B,
    ]  # fmt: skip
    counts = {key: first["predictions"][key] for key in ("kept", "broken", "changed", "not_compared", "predicted_by")}
    assert counts == {"kept": 0, "broken": 1, "changed": 1, "not_compared": 0, "predicted_by": 1}


def test_the_reboots_of_a_history(node: Node) -> None:
    for number in range(5):
        broken = {"a": "fail"} if number == 2 else {}
        node.audit({**HEALTHY, **broken}, f"b{number}", at=f"2026-11-0{number + 1}T00:00:00.000Z")

    every = reboots(node.boots())

    assert [item.boot_id for item in every.held] == ["b4", "b3", "b2", "b1"]
    text = reboots_text(every)
    assert text.startswith("5 of 6 kept at the last 4 reboots\n")
    assert "a@boot is unknown until its sources change: its prediction broke at the reboot of 2026-11-30 03:12Z" in text
    assert [item.boot_id for item in reboots(node.boots(), 2).held] == ["b4", "b3"]
    assert [item.boot_id for item in reboots(node.boots(), None, "2026-11-04").held] == ["b4", "b3"]
    document = reboots_dict(reboots(node.boots(), 3))
    assert (document["kept"], document["compared"], len(document["reboots"])) == (3, 4, 3)
    assert [item["id"] for item in document["in_force"]] == ["a@boot"]


def test_changed_predictions_are_listed_where_they_were_found_otherwise(node: Node) -> None:
    node.audit(HEALTHY)
    node.digests = {"a@boot": "e", "b@boot": "e"}
    node.audit({**HEALTHY, "a": "fail"}, "b2")

    _, _, first, second = reboots_text(reboots(node.boots())).rstrip("\n").split("\n")

    assert first == "  changed  a@boot: said pass (a@boot is pass), found fail (a is fail)"
    assert second == "  changed  and found as said: b@boot"


def test_many_broken_predictions_are_named_in_part(node: Node) -> None:
    many = {f"c{number:03}": "pass" for number in range(120)}
    whole = {**many, **{f"{name}@boot": "pass" for name in many}}
    node.digests = {f"{name}@boot": "d" for name in many}
    node.audit(whole)

    after = node.audit({**whole, **dict.fromkeys(many, "fail")}, "b2")

    assert after.held is not None
    assert (after.held.broken, len(after.held.misses), after.report.summary.unknown) == (120, 100, 120)
    text = audit_text(after, Look())
    assert "0 of 120 predictions kept, 120 broken: c000@boot (said pass), c001@boot" in text
    assert " (said pass) and 112 more\n" in text
    assert reboots_text(reboots(node.boots())).count("\n  and 20 more\n") == 1


def test_only_so_many_reboots_are_remembered(node: Node) -> None:
    boots, digests = Boots(), BootSeen({"a@boot": "d"}, lambda: OVER)
    for number in range(MOST_HELD + 10):
        boots = followed(
            boots, report({"a": "pass", "a@boot": "pass"}, boot_id=f"b{number}"), number + 1, digests
        ).boots

    assert [item.boot_id for item in boots.held][:: MOST_HELD - 1] == ["b10", f"b{MOST_HELD + 9}"]


def test_a_waiver_is_not_called_needless_of_what_is_not_believed(node: Node) -> None:
    needless = result("waiver", "fail/info")._replace(actual="pass")
    waivers = [needless._replace(id=f"waiver[{select}]", subject=select) for select in ("a@boot", "b@boot")]

    def audited(boot: str, found: dict[str, str]) -> Report:
        new = report(found, boot_id=boot)
        new.results = tuple(sorted([*new.results, *waivers], key=lambda one: one.id))
        return recorded(new, str(node.state), "s", boot=BootSeen(node.digests, lambda: OVER)).report

    assert "waiver[a@boot]" in {one.id for one in audited("b1", HEALTHY)}
    after = audited("b2", {**HEALTHY, "a": "fail"})

    assert {one.id for one in after if one.check == "waiver"} == {"waiver[b@boot]"}
