"""What an auditor asks of a report: which files judged, who ran it, whose waivers; and what 0.1.0 wrote is still read.

``of-0.1.0/report.json`` is what nodecheck 0.1.0 wrote of a node with swap at boot and no chronyd at boot, with a waiver
that has a ticket; ``of-0.1.0/schema.json`` is what its ``nodecheck schema report`` printed.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import nodecheck
from nodecheck import ReportError
from nodecheck.audit.lookup import report_of
from nodecheck.audit.opening import NAME, reading
from nodecheck.audit.store import baselines
from nodecheck.render.outputs import BUILT_IN, SOCKETS
from nodecheck.report import User
from nodecheck.running.request import running_user
from tests.audit.test_upgrade import DUMP, old_node

OLD = Path(__file__).parent / "of-0.1.0"
CHRONY = "service[chronyd]@boot"
WAIVERS = """schema = "nodecheck.waivers/1"
[[waiver]]
select = "service[chronyd]@boot"
reason = "the hypervisor keeps the time"
owner = "ann"
expires = 2099-12-31
ticket = "OPS-7"
created = 2026-11-23
"""
SINCE_1_1 = {
    "run": ("waivers_from", "user", "select", "ignore", "view"), "profile": ("config", "phase"), "node": ("container",),
    "waiver": ("ticket", "created"), "result": ("notes",), "source": ("captured_at", "captured_from"),
}  # fmt: skip


def judged(folder: Path, **more: Any) -> nodecheck.Report:
    (folder / "node").mkdir()
    (folder / "w.toml").write_text(WAIVERS)
    root = old_node(folder / "node")
    return nodecheck.run(root=root, waivers=[folder / "w.toml"], select=["service", "swap"], **more)


def without_new_keys(document: dict[str, Any]) -> dict[str, Any]:
    """A document of today without the keys that schema 1.1 added; each of them must be there."""
    found = deepcopy(document)
    places = [(found[part], SINCE_1_1[part]) for part in ("run", "profile", "node")]
    places.append((found["run"]["source"], SINCE_1_1["source"]))
    places += [(result["waiver"], SINCE_1_1["waiver"]) for result in found["results"] if result["waiver"]]
    places += [(result, SINCE_1_1["result"]) for result in found["results"]]
    for place, keys in places:
        for key in keys:
            del place[key]
    return {**found, "schema_version": "1.0"}


def test_the_report_says_which_files_of_waivers_were_read(tmp_path: Path) -> None:
    found = judged(tmp_path)

    assert found.to_dict()["run"]["waivers_from"] == [str(tmp_path / "w.toml")]
    told = found[CHRONY].waiver
    assert told is not None
    assert (told.ticket, told.created) == ("OPS-7", "2026-11-23")
    assert nodecheck.Report.from_json(found.to_json()) == found
    assert nodecheck.run(root=tmp_path / "node", select=["swap"]).to_dict()["run"]["waivers_from"] == []


def test_a_configuration_names_them_too(tmp_path: Path) -> None:
    (tmp_path / "node").mkdir()
    (tmp_path / "w.toml").write_text(WAIVERS)
    config = tmp_path / "nodecheck.toml"
    config.write_text(f'waivers = ["{tmp_path}/w.toml", "{tmp_path}/absent.toml"]\n')

    found = nodecheck.run(root=old_node(tmp_path / "node"), config=config, select=["service", "waiver"])

    assert found.run.waivers_from == (f"{tmp_path}/w.toml",)
    assert found[CHRONY].status == "waived"
    assert found[f"waiver[{tmp_path}/absent.toml]"].status == "fail"


def test_the_report_says_who_ran_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "ann")

    user = nodecheck.run(root=tmp_path, select=["swap"]).run.user

    assert user == running_user()
    assert user is not None
    assert user.uid == os.geteuid()
    assert user.sudo_user == ("ann" if user.uid == 0 else None)


def test_only_root_has_a_user_behind_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "ann")
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000_000)

    assert running_user() == User(4_000_000_000, None, None)


def test_a_report_of_0_1_0_is_read_with_null() -> None:
    text = (OLD / "report.json").read_text()

    found = nodecheck.Report.from_json(text)

    assert json.loads(text)["schema_version"] == "1.0"
    assert (found.run.waivers_from, found.run.user, found.profile.config) == (None, None, None)
    cover = found[CHRONY].waiver
    assert cover is not None
    assert (cover.owner, cover.ticket, cover.created) == ("ann", None, None)
    assert without_new_keys(found.to_dict()) == json.loads(text)
    assert nodecheck.Report.from_json(found.to_json()) == found


@pytest.mark.parametrize("name", [name for name in BUILT_IN if name not in SOCKETS])
def test_a_report_of_0_1_0_is_shown_in_every_format(name: str) -> None:
    assert nodecheck.Report.from_json((OLD / "report.json").read_text()).render(name)


def test_a_history_and_a_baseline_of_0_1_0_are_read_with_null(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / NAME) as made:
        made.executescript(DUMP.read_text("ascii"))
    made.close()
    with reading(str(tmp_path)) as db:
        recorded, accepted = report_of(db, 2)[0], baselines(db)[0].report

    for found in (recorded, accepted):
        assert (found.run.waivers_from, found.run.user) == (None, None)
        cover = found[CHRONY].waiver
        assert cover is not None
        assert (cover.owner, cover.ticket, cover.created) == ("ann", None, None)
        assert found.to_dict()["run"]["waivers_from"] is None


def test_without_the_new_keys_a_report_of_today_is_one_of_1_0(tmp_path: Path) -> None:
    """The schema of 0.1.0 lets no unknown key pass, so it says whether a key went or changed its meaning."""
    schema = Draft202012Validator(json.loads((OLD / "schema.json").read_text()))
    document = judged(tmp_path).to_dict()

    assert [error.message for error in schema.iter_errors(without_new_keys(document))] == []
    assert [error.message for error in schema.iter_errors(document)]
    assert [error.message for error in schema.iter_errors(json.loads((OLD / "report.json").read_text()))] == []


def grown(document: Any) -> Iterator[None]:
    for inner in document.values() if isinstance(document, dict) else document if isinstance(document, list) else ():
        yield from grown(inner)
    if isinstance(document, dict):
        document["of_a_later_version"] = {"x": 1}
        yield


def test_the_shipped_schema_lets_unknown_keys_pass(tmp_path: Path) -> None:
    document = judged(tmp_path).to_dict()
    assert sum(1 for _ in grown(document)) > 10

    Draft202012Validator(nodecheck.schema("report")).validate(document)
    nodecheck.Report.from_json(json.dumps(document))


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("run", "waivers_from"), "w.toml", "run.waivers_from: expected array or null"),
        (("run", "user"), {"uid": "0", "name": None, "sudo_user": None}, "run.user.uid: expected integer"),
        (
            ("results", 0, "waiver"),
            {"select": "a", "reason": "b", "owner": None, "expires": None, "ticket": 7},
            "ticket: expected string or null",
        ),
    ],
)
def test_a_new_key_of_another_type_is_refused(tmp_path: Path, place: tuple[Any, ...], value: Any, said: str) -> None:
    document: Any = judged(tmp_path).to_dict()
    inner = document
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value

    with pytest.raises(ReportError, match=said):
        nodecheck.Report.from_json(json.dumps(document))


def test_the_report_says_what_was_left_out(tmp_path: Path) -> None:
    node = old_node(tmp_path)
    whole = nodecheck.run(root=node)
    part = nodecheck.run(root=node, select=["swap", "sysctl[net.*]"], ignore=["swap[/x]"], view="boot")

    assert (whole.run.select, whole.run.ignore, whole.run.view) == ((), (), None)
    assert (part.run.select, part.run.ignore, part.run.view) == (("swap", "sysctl[net.*]"), ("swap[/x]",), "boot")
    assert "only swap sysctl[net.*]" in part.render()
    assert "without swap[/x]" in part.render()
    assert "only the view boot" in part.render()
    assert nodecheck.Report.from_json(part.to_json()).run == part.run
