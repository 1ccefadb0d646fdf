"""Whatever a node lives through: damage, older histories, and any sequence of audits and reboots."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.audit.boots import CAUSE, Boots, BootSeen, Followed, followed
from nodecheck.audit.boots_pack import packed, unpacked
from nodecheck.audit.opening import NAME
from nodecheck.audit.pack import pack, unpack
from nodecheck.audit.predictions import Prediction
from nodecheck.errors import HistoryError
from tests.audit.rebooting import EARLY, HEALTHY, OVER, Node, codes
from tests.audit.reports import report


@pytest.fixture
def node(state: Path) -> Node:
    return Node(state)


def changed_body(node: Node, change: Any) -> None:
    with sqlite3.connect(node.state / NAME) as db:
        (body,) = db.execute("SELECT body FROM state").fetchone()
        found = unpack(body)
        change(found)
        db.execute("UPDATE state SET body = ?", (pack(found),))
    db.close()


def test_a_history_of_an_older_nodecheck_is_read(node: Node) -> None:
    node.audit(HEALTHY)
    changed_body(node, lambda found: found.pop("boots"))

    after = node.audit({**HEALTHY, "a": "fail"}, "b2")

    assert (after.held, after.run, codes(after)) == (None, 2, ["rebooted"])
    held = node.audit(HEALTHY, "b3").held
    assert held is not None
    assert held.kept == 2


DAMAGES: list[tuple[str, Any]] = [
    ("boots", 7), ("boots", []), ("boots", {}), ("last", 7), ("last", {}), ("waiting", []), ("broken", []),
    ("broken", {"a@boot": ["d"]}), ("broken", {"a@boot": [1, 2, 3, 4]}), ("held", 7), ("held", [[]]),
    ("held", [["b"] * 11]),
    ("held", [["b", "t", 1, 2, "t", -1, 0, 0, 0, []]]), ("held", [["b", "t", 1, 2, "t", 1, 0, 0, 0, [["a"]]]]),
    ("held", [["b", "t", "1", 2, "t", 1, 0, 0, 0, []]]),
    ("held", [["b", "t", 1, 2, "t", 1, 0, 0, 0, [["a", "lost", "pass", "", "fail", ""]]]]),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), DAMAGES)
def test_damaged_values_are_a_damaged_history(node: Node, key: str, value: Any) -> None:
    node.audit(HEALTHY)
    changed_body(
        node, lambda found: found.update({key: value}) if key == "boots" else found["boots"].update({key: value})
    )

    assert codes(node.audit(HEALTHY))[:2] == ["history-set-aside", "first-run"]


def test_who_reads_damaged_boots_is_told_so(node: Node) -> None:
    node.audit(HEALTHY)
    changed_body(node, lambda found: found["boots"].update(held=7))

    with pytest.raises(HistoryError, match="what stands in the history is damaged: of the boots"):
        node.boots()


def test_damaged_predictions_are_a_damaged_history(node: Node) -> None:
    for damage in ({"status": 2}, {"status": "unknown"}, {"check": None}, {"digest": 3}):
        node.audit(HEALTHY)

        def change(found: Any, damage: Mapping[str, Any] = damage) -> None:
            row = found["boots"]["last"]["predictions"]["a@boot"]
            for name, value in damage.items():
                row[Prediction._fields.index(name)] = value

        changed_body(node, change)
        assert codes(node.audit(HEALTHY))[0] == "history-set-aside"


class Event(NamedTuple):
    """One audit: whether the node was rebooted before it, whether its boot is over, and what it finds."""

    reboots: bool
    over: bool
    results: dict[str, str]
    digests: dict[str, str]


NAMES = ("a", "b", "c")
EVENTS = st.lists(
    st.builds(
        Event,
        st.booleans(),
        st.booleans(),
        st.dictionaries(
            st.sampled_from([*NAMES, *[f"{name}@boot" for name in NAMES]]),
            st.sampled_from(["pass", "fail", "unknown", "unknown:unexplained", "skip", "waived"]),
        ),
        st.dictionaries(st.sampled_from([f"{name}@boot" for name in NAMES]), st.sampled_from(["d", "e"])),
    ),
    max_size=14,
)


def lived(events: list[Event]) -> list[tuple[int, Event, Followed]]:
    """Every audit with the number of its boot and what came of it; the boots go through the history's text."""
    boots, number, found = Boots(), 0, []
    for run, event in enumerate(events, 1):
        number += event.reboots
        whole = report(event.results, boot_id=f"b{number}")
        state = OVER if event.over else EARLY
        came = followed(boots, whole, run, BootSeen(event.digests, lambda state=state: state))  # type: ignore[misc]
        boots = unpacked(json.loads(json.dumps(packed(came.boots))))
        assert boots == came.boots
        found.append((number, event, came))
    return found


def predicted(came: Followed) -> set[str]:
    return {one.id for one in came.report.results if one.view == "boot" and one.status in ("pass", "fail", "waived")}


@given(EVENTS)
def test_whatever_happens_each_reboot_is_held_once_and_no_prediction_is_lost(events: list[Event]) -> None:
    audits = lived(events)
    held_before = 0  # the boot in which predictions were last held
    for place, (number, event, came) in enumerate(audits):
        earlier = [item for item in audits[:place] if held_before <= item[0] < number]
        last = {boot: item for boot, _, item in earlier}  # the last word of each boot since
        waiting = set().union(*map(predicted, last.values())) if last else set()
        assert came.boots.last is not None
        assert set(came.boots.last.predictions) == predicted(came)
        if event.over and last:
            held_before = number
            assert came.boots.waiting is None
            counts = (0, 0, 0, 0)
            if came.held is not None:
                counts = (came.held.kept, came.held.broken, came.held.changed, came.held.not_compared)
                assert came.held.boot_id == f"b{number}"
                assert came.boots.held[-1] == came.held
                assert sum(counts) == len(waiting)
            assert sum(counts[:3]) > 0 or came.held is None
        else:
            assert came.held is None
            assert set(came.boots.waiting.predictions if came.boots.waiting else ()) == waiting
            assert (came.waits is not None) == bool(last)
    ids = [item.boot_id for item in audits[-1][2].boots.held] if audits else []
    assert len(ids) == len(set(ids))


JUDGED = ("pass", "fail", "waived", "unknown:unexplained")


@given(EVENTS)
def test_whatever_happens_a_broken_pass_is_unknown_until_its_sources_change(events: list[Event]) -> None:
    doubted: dict[str, str] = {}
    for _, event, came in lived(events):
        seen = {name: digest for name, digest in event.digests.items() if event.results.get(name) in JUDGED}
        doubted = {name: digest for name, digest in doubted.items() if seen.get(name, digest) == digest}
        for miss in came.held.misses if came.held is not None else ():
            if miss.kind == "broken" and miss.said == "pass":
                doubted[miss.id] = event.digests[miss.id]
        assert {name: item.digest for name, item in came.boots.broken.items()} == doubted
        for one in came.report.results:
            said = event.results[one.id]
            changed = one.id in doubted and said in ("pass", "unknown:unexplained")
            assert one.status == ("unknown" if changed else said.partition(":")[0])
            assert (one.cause is not None and one.cause.code == CAUSE) == changed
        assert came.report.summary.unknown == sum(one.status == "unknown" for one in came.report.results)


def test_a_history_that_0_1_0_recorded_is_taken_on(node: Node) -> None:
    with sqlite3.connect(node.state / NAME) as db:
        db.executescript((Path(__file__).parent / "history-0.1.0.sql").read_text("ascii"))
        ((scope,),) = db.execute("SELECT name FROM state").fetchall()
    db.close()
    assert node.boots() == (Boots(),)

    first = node.audit(HEALTHY, "b1", scope=scope)
    second = node.audit({**HEALTHY, "a": "fail"}, "b2", scope=scope)

    assert (first.before is not None, first.held, first.run) == (True, None, 4)
    assert second.held is not None
    assert (second.held.before, second.held.kept, second.held.broken) == (4, 1, 1)
