"""The HTML page as evidence: waivers in force, the node's identity, who ran it, and the files that judged."""

from __future__ import annotations

from typing import Any

import pytest

from nodecheck.checking import Cause, Status, seen
from nodecheck.model.outcomes import Waived
from nodecheck.render.html import render
from nodecheck.render.style import Style
from nodecheck.render.text import render_text
from nodecheck.render.told import told
from nodecheck.report import Node, OsName, Report, Source, User
from nodecheck.report.parts import ConfigUsed
from tests.render.test_html import safe
from tests.render.test_text import FAILED, report, result

ZRAM = Waived("swap*", "zram is wanted", "ops", "2027-03-31", "OPS-7", "2026-11-23")
TIME = Waived("time-sync", "the host keeps it", "ann", "2026-12-24")
WAIVED = (
    result("swap[/dev/zram0]", Status.WAIVED, waiver=ZRAM),
    result("swap[/dev/zram0]@boot", Status.WAIVED, "boot", waiver=ZRAM),
    result("time-sync", Status.WAIVED, waiver=TIME),
)


def used(*results: Any, files: tuple[str, ...] | None = ("/etc/nodecheck/waivers.toml", "w.toml")) -> Report:
    found = report(*results)
    found.run = found.run._replace(
        id="3f2b", started_at="2026-11-23T01:02:03.004Z", finished_at="2026-11-23T01:02:04.004Z", privileged=True,
        source=Source("live", "/"), waivers_from=files, user=None if files is None else User(0, "root", "ann"),
    )  # fmt: skip
    found.node = Node("node1", "ab" * 16, "cd" * 16, "6.12", "x86_64", OsName("debian", "13", "Debian 13"), "lxc")
    found.profile = found.profile._replace(
        digest="sha256:" + "e" * 64, config=ConfigUsed(("/etc/n.toml", "/etc/n.d/a"))
    )
    return found


def words(element: Any) -> str:
    return "".join(element.itertext())


def facts(tree: Any) -> dict[str, list[str]]:
    """What the record says: label to its items."""
    found = {}
    for facets in tree.findall(".//section[@id='record']/dl"):
        for name, value in zip(facets.findall("dt"), facets.findall("dd")):
            found[words(name)] = [words(item) for item in value.findall("ul/li")] or [words(value)]
    return found


def test_the_waivers_in_force_are_listed_the_first_to_end_first() -> None:
    tree = safe(render(used(FAILED, *WAIVED)))

    section = tree.find(".//section[@id='waivers']")
    heads = [words(cell) for cell in section.findall(".//th[@scope='col']")]
    rows = [[words(cell) for cell in row] for row in section.findall(".//tbody/tr")]
    assert heads == ["Waiver", "Reason", "Owner", "Ticket", "Created", "Expires", "Covers"]
    assert rows == [
        ["time-sync", "the host keeps it", "ann", "–", "–", "2026-12-24", "time-sync"],
        [
            "swap*", "zram is wanted", "ops", "OPS-7", "2026-11-23", "2027-03-31",
            "swap[/dev/zram0]swap[/dev/zram0]@boot",
        ],
    ]  # fmt: skip
    labels = [cell.get("data-view") for cell in section.findall(".//tbody/tr[1]/td")]
    assert labels == heads[1:]
    assert tree.find(".//p[@class='told']/a[@href='#waivers']").text == "3 waived"


def test_what_a_waiver_covers_leads_to_its_row() -> None:
    tree = safe(render(used(*WAIVED, result("port[a b]", Status.WAIVED, waiver=ZRAM))))

    ids = {row.get("id") for row in tree.findall(".//tr[@id]")}
    links = [link.get("href") for link in tree.findall(".//table[@class='waivers']//a")]
    assert len(links) == 4
    assert {link[1:].replace("%25", "%") for link in links} == ids


def test_many_findings_of_a_waiver_are_folded() -> None:
    many = [result(f"port[{number}/tcp]", Status.WAIVED, waiver=ZRAM) for number in range(6)]

    few = safe(render(used(*many[:5]))).find(".//table[@class='waivers']")
    folded = safe(render(used(*many))).find(".//table[@class='waivers']")

    assert few.find(".//details") is None
    assert words(folded.find(".//details/summary")) == "6 results"
    assert len(folded.findall(".//details/ul/li")) == 6


def test_a_report_without_waivers_says_so() -> None:
    tree = safe(render(used(FAILED)))

    assert tree.find(".//table[@class='waivers']") is None
    assert words(tree.find(".//section[@id='waivers']/p")) == "No waiver covers a finding of this report."
    assert tree.find(".//p[@class='told']/a") is None


def test_the_node_the_run_and_the_rules_are_named() -> None:
    assert facts(safe(render(used(FAILED)))) == {
        "Host name": ["node1"], "Machine id": ["ab" * 16], "Boot id": ["cd" * 16], "System": ["Debian 13"],
        "Kernel": ["6.12 x86_64"], "Container": ["lxc"], "Run by": ["ann, by sudo as root (uid 0)"],
        "Read as root": ["yes"], "Source": ["live /"], "Began": ["2026-11-23T01:02:03.004Z"],
        "Ended": ["2026-11-23T01:02:04.004Z"], "Run id": ["3f2b"], "Tool": ["nodecheck 0"], "Plugins": ["none"],
        "Profile": ["kubernetes"], "Digest": ["sha256:" + "e" * 64], "Configuration": ["/etc/n.toml", "/etc/n.d/a"],
        "Waiver files": ["/etc/nodecheck/waivers.toml", "w.toml"], "Fails on": ["error"],
        "Only": ["not recorded: the report is of schema 1.0"], "View": ["both"],
        "Without": ["not recorded: the report is of schema 1.0"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("files", "read", "user"),
    [
        ((), "none", "ann, by sudo as root (uid 0)"),
        (None, "not recorded: the report is of schema 1.0", "not recorded: the report is of schema 1.0"),
    ],
)
def test_none_and_not_recorded_are_told_apart(files: tuple[str, ...] | None, read: str, user: str) -> None:
    whole = used(FAILED, files=files)
    whole.profile = whole.profile._replace(config=None)
    found = facts(safe(render(whole)))

    assert (found["Waiver files"], found["Run by"], found["Configuration"]) == ([read], [user], [read])


def test_a_configuration_that_could_not_be_read_is_named() -> None:
    whole = used(FAILED)
    whole.profile = whole.profile._replace(config=ConfigUsed((), "/etc/n.toml: Permission denied"))

    assert facts(safe(render(whole)))["Configuration"] == ["not read: /etc/n.toml: Permission denied"]


def test_the_evidence_of_what_does_not_apply_is_folded_beside_a_failure_too() -> None:
    absent = tuple(seen(f"/opt/{number}") for number in range(24))
    skipped = result("swap[/dev/sda2]", Status.SKIP, cause=Cause("offline", "no"), evidence=absent)
    tree = safe(render(used(FAILED, skipped)))

    boxes = tree.findall(".//tr[@id='r-swap[/dev/sda2]']//div[@class='one']")
    folds = [box.find(".//details") for box in boxes]
    assert [words(box.find("h3")) for box in boxes] == ["Now – skip", "After a reboot ✗ FAIL"]
    assert (words(folds[0].find("summary")), folds[0].get("open")) == ("24 sources", None)
    assert len(folds[0].findall(".//span[@class='source']")) == 24
    assert folds[1] is None


def test_text_and_junit_name_the_ticket_too() -> None:
    whole = used(*WAIVED)

    assert "zram is wanted (ops, OPS-7 until 2027-03-31)" in render_text(whole, Style(verbose=True))
    assert "waived: zram is wanted (ops, OPS-7 until 2027-03-31)" in told(WAIVED[0])
    assert "waived: the host keeps it (ann until 2026-12-24)" in told(WAIVED[2])
