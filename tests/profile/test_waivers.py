"""Waivers' life: in force, about to end, expired, unused, no longer needed; and files of waivers."""

from __future__ import annotations

from pathlib import Path

import pytest

import nodecheck
from nodecheck.checking.selectors import Selection, parse_selector
from nodecheck.errors import ProfileError
from nodecheck.model.outcomes import Cause, Result, Severity, Status
from nodecheck.plugins import load
from nodecheck.profile.model import ResolvedProfile, Waiver
from nodecheck.profile.waiver_files import load_waivers
from nodecheck.profile.waivers import waived

TODAY = "2026-11-23"
NEVER = "2999-01-01"


def result(identity: str, status: Status = Status.FAIL, code: str | None = None) -> Result:
    selector = parse_selector(identity)
    cause = None if code is None else Cause(code, "why")
    return Result(
        identity, selector.check or "", selector.subject, selector.view or "now", status, Severity.ERROR, "Title",
        "message", None, None, cause, (), None, None, (), (), "sha256:0", 0.0,
    )  # fmt: skip


def told(
    results: list[Result], *waivers: Waiver, select: str = "", ignore: str = "", view: str | None = None, days: int = 14
) -> dict[str, str]:
    """The findings on waivers: select to severity and message."""
    profile = ResolvedProfile("p", waivers=waivers, waiver_notice_days=days)
    selection = Selection(
        tuple(parse_selector(text) for text in select.split()),
        tuple(parse_selector(text) for text in ignore.split()),
        view,
    )
    found = waived(results, profile, selection, TODAY, lambda *given: given[-1])
    return {str(item.subject): f"{item.severity} {item.message}" for item in found if item.check == "waiver"}


def test_a_waiver_that_is_needed_is_not_spoken_of() -> None:
    assert told([result("a")], Waiver("a", "wanted", "me", NEVER)) == {}


@pytest.mark.parametrize(
    ("expires", "message"),
    [
        ("2026-11-22", "warning the waiver expired on 2026-11-22: wanted (me, T-1)"),
        ("2026-11-23", "info the waiver ends on 2026-11-23: wanted (me, T-1)"),
        ("2026-12-06", "info the waiver ends on 2026-12-06: wanted (me, T-1)"),
        ("2026-12-07", None),
    ],
)
def test_the_end_of_a_waiver_is_told_14_days_before(expires: str, message: str | None) -> None:
    waiver = Waiver("a", "wanted", "me", expires, "T-1")

    assert told([result("a")], waiver).get("a") == message
    assert told([result("a")], waiver, days=0) == ({"a": message} if expires < TODAY else {})


def test_a_renewed_waiver_is_not_told_to_end() -> None:
    old, new = Waiver("a", "wanted", "me", "2026-11-30"), Waiver("a", "wanted", "me", NEVER)

    assert told([result("a")], old, new) == told([result("a")], new, old) == {}


def test_the_worst_finding_on_one_selector_counts() -> None:
    past, soon = Waiver("a", "r", "me", "2026-11-01"), Waiver("a", "r", "me", "2026-11-30")

    for waivers in ((past, soon), (soon, past)):
        assert told([result("a")], *waivers) == {"a": "warning the waiver expired on 2026-11-01: r (me)"}


NEEDLESS = {"a": "info the waiver is no longer needed: nothing that it covers fails: r (me)"}
WAIVER = Waiver("a", "r", "me", NEVER)


def test_a_waiver_of_what_passes_is_no_longer_needed() -> None:
    assert told([result("a", Status.PASS), result("a@boot", Status.PASS)], WAIVER) == NEEDLESS
    assert told([result("a", Status.PASS), result("a[x]", Status.SKIP, "not-applicable")], WAIVER) == NEEDLESS
    assert told([result("a", Status.PASS), result("a@boot")], WAIVER) == {}


@pytest.mark.parametrize(
    "other",
    [
        result("a@boot", Status.UNKNOWN, "denied"),
        result("a[x]", Status.UNKNOWN, "timeout"),
        result("a@boot", Status.SKIP, "offline"),
    ],
)
def test_what_could_not_be_judged_may_still_need_its_waiver(other: Result) -> None:
    assert told([result("a", Status.PASS), other], WAIVER) == {}


def test_a_subject_may_hide_behind_a_check_that_could_not_be_judged() -> None:
    dark = result("a", Status.UNKNOWN, "denied")

    assert told([result("a[x]", Status.PASS), dark], Waiver("a[*]", "r", "me", NEVER)) == {}
    assert told([dark], Waiver("a[x]", "r", "me", NEVER)) == {}


def test_a_run_of_a_part_does_not_say_that_a_waiver_is_needless() -> None:
    passes = [result("a", Status.PASS)]

    assert told(passes, WAIVER, view="now") == told(passes, WAIVER, ignore="a@boot") == told(passes, WAIVER, select="b")
    assert told(passes, WAIVER, ignore="tag:x") == told(passes, WAIVER, view="now") == {}
    assert told(passes, Waiver("a@now", "r", "me", NEVER), view="now") == {"a@now": NEEDLESS["a"]}
    assert told(passes, WAIVER, ignore="b a[x]@boot") == {}
    assert told(passes, WAIVER, ignore="b") == NEEDLESS


FILE = """schema = "nodecheck.waivers/1"

[[waiver]]
select = "swap[/dev/zram0]"  # all of it
reason = "zram is wanted here"
owner = "platform"
ticket = "OPS-7"
created = 2026-11-01
expires = 2999-03-31
"""


def test_a_file_of_waivers(tmp_path: Path) -> None:
    path = tmp_path / "waivers.toml"
    path.write_text(FILE)

    assert load_waivers(str(path), load()) == (
        Waiver(
            "swap[/dev/zram0]", "zram is wanted here", "platform", "2999-03-31", "OPS-7", "2026-11-01", str(path)
        ),
    )  # fmt: skip


def test_a_run_with_a_file_of_waivers(tmp_path: Path) -> None:
    node = tmp_path / "node"
    (node / "etc").mkdir(parents=True)
    (node / "etc/fstab").write_text("/dev/sda2 none swap sw 0 0\n")
    path = tmp_path / "waivers.toml"
    path.write_text(FILE.replace("/dev/zram0", "/dev/sda2"))

    report = nodecheck.run(root=node, select=["swap[/dev/sda2]"])
    with_waivers = nodecheck.run(root=node, select=["swap[/dev/sda2]"], waivers=[path])

    assert report["swap[/dev/sda2]@boot"].status == "fail"
    result = with_waivers["swap[/dev/sda2]@boot"]
    assert result.status == "waived"
    assert result.waiver is not None
    assert result.waiver.reason == "zram is wanted here"
    assert (report.exit_code, with_waivers.exit_code) == (1, 0)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('schema = "nodecheck.waivers/1"', "", ["schema: missing", "nodecheck.waivers/1"]),
        ("waivers/1", "waivers/2", ["line 1", "'nodecheck.waivers/1'", "'nodecheck.waivers/2'"]),
        ("[[waiver]]", "[[waivers]]", ["line 3", "'waiver'"]),
        ("owner", "ovner", ["line 6", "'owner'"]),
        ('owner = "platform"', "", ["line 3", "must have 'owner'"]),
        ('"OPS-7"', "7", ["line 7", "the number 7"]),
        ("created = 2026-11-01", "created = 2999-04-01", ["line 8", "2999-03-31"]),
        ("created = 2026-11-01", "created = 2026-11-01T00:00:00Z", ["line 8", "expected a date"]),
        ("swap[/dev", "swop[/dev", ["line 4", "'swap'"]),
        ("[[waiver]]", "[waiver]", ["line 3", "expected a list"]),
        ("expires = 2999-03-31", "expires = 2999-02-31", ["line 9"]),
    ],
)
def test_errors_in_a_file_of_waivers(tmp_path: Path, old: str, new: str, words: list[str]) -> None:
    path = tmp_path / "w"
    assert old in FILE
    path.write_text(FILE.replace(old, new))

    with pytest.raises(ProfileError) as error:
        nodecheck.run(root=tmp_path, waivers=[path])

    for word in (f"waivers {path}: ", *words):
        assert word in str(error.value)


def test_a_file_of_waivers_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(ProfileError):
            load_waivers(str(path), load())
