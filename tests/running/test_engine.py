"""The engine: it always speaks, keeps the first law, and ends on time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple

import pytest

from nodecheck.checking import Check, Lazy, Results, Severity, Status, check, fail, ok, seen, skip
from nodecheck.errors import Denied
from nodecheck.host import Host, RootHost
from nodecheck.model.outcomes import Cause, Outcome
from nodecheck.model.steps import Fix, command, create
from nodecheck.plugins import Registry
from nodecheck.profile.model import ResolvedProfile, Waiver
from nodecheck.report import Report
from nodecheck.requirements.asked import Settings
from nodecheck.running.engine import run
from nodecheck.running.request import Request, selection_of

HUNG = Event()


class Motd(NamedTuple):
    text: str

    @classmethod
    def read(cls, host: Host) -> Motd:
        return cls(host.read("/etc/motd").decode())


class Secret(NamedTuple):
    @classmethod
    def read(cls, host: Host) -> Secret:
        raise Denied("/etc/secret", "permission denied")


class Hangs(NamedTuple):
    @classmethod
    def read(cls, host: Host) -> Hangs:
        HUNG.wait(60)
        return cls()


class Combined(NamedTuple):
    size: int

    @classmethod
    def read(cls, host: Host, motd: Motd, secret: Lazy[Secret]) -> Combined:
        return cls(len(motd.text))


class Circle(NamedTuple):
    @classmethod
    def read(cls, circle: Circle) -> Circle:
        return cls()


def judged(tmp_path: Path, *checks: Check, timeout_s: float = 30.0, **options: Any) -> Report:
    (tmp_path / "etc").mkdir(exist_ok=True)
    (tmp_path / "etc/motd").write_text("welcome")
    registry = Registry()
    for item in checks:
        registry.checks[item.name] = item
    selection = selection_of(registry, options.pop("select", ()), options.pop("ignore", ()), options.pop("view", None))
    profile = ResolvedProfile("test", **options)
    return run(RootHost(str(tmp_path)), registry, Request(profile, Settings(), selection, "error", timeout_s))


def test_pass_carries_what_was_read(tmp_path: Path) -> None:
    @check()
    def motd(motd: Motd) -> Results:
        """There is a message."""
        yield ok("it says something")

    result = judged(tmp_path, motd)["motd"]

    assert result.status == "pass"
    assert result.evidence == (seen("/etc/motd", "welcome"),)
    assert result.title == "There is a message"


def test_no_evidence_no_pass(tmp_path: Path) -> None:
    @check()
    def blind() -> Results:
        """Says so without looking."""
        yield ok("all is well")

    result = judged(tmp_path, blind)["blind"]

    assert result.status == "unknown"
    assert result.cause is not None
    assert result.cause.code == "no-evidence"


def test_an_unreadable_source_makes_every_check_that_needs_it_unknown(tmp_path: Path) -> None:
    @check()
    def first(secret: Secret) -> Results:
        """One."""
        yield ok("never")

    @check()
    def second(motd: Motd, secret: Lazy[Secret]) -> Results:
        """Two."""
        yield ok("before", subject="a", evidence=[seen("x", "y")])
        secret()

    report = judged(tmp_path, first, second)

    for identity in ("first", "second"):
        cause = report[identity].cause
        assert cause is not None
        assert (report[identity].status, cause.code) == ("unknown", "denied")
    assert report["second[a]"].status == "pass"


def test_a_check_that_raises_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    @check()
    def breaks(motd: Motd) -> Results:
        """Breaks."""
        yield ok("so far", subject="a")
        raise ValueError("nobody expected this")

    @check()
    def works(motd: Motd) -> Results:
        """Works."""
        yield ok("fine")

    report = judged(tmp_path, breaks, works)

    cause = report["breaks"].cause
    assert cause is not None
    assert cause.code == "crashed"
    assert "nobody expected this" in cause.detail
    assert "test_engine.py" in cause.detail
    assert report["works"].status == "pass"
    assert report.exit_code == 3


def test_a_check_that_never_ends_is_named_and_the_run_ends_on_time(tmp_path: Path) -> None:
    @check(each="require")
    def hangs(subject: str, *, require: tuple[str, ...] = ("a", "b", "c")) -> Results:
        """Hangs at its second subject."""
        if subject == "b":
            HUNG.wait(60)
        yield ok("fine", evidence=[seen("x", "y")])

    @check()
    def later(motd: Motd) -> Results:
        """Comes later."""
        yield ok("fine")

    started = time.monotonic()
    report = judged(tmp_path, hangs, later, timeout_s=1.5)

    assert time.monotonic() - started < 1.4
    assert [result.status for result in report] == ["pass", "unknown", "unknown", "pass"]
    assert report["hangs[b]"].cause == ("timeout", "not judged within 0.5 s")
    assert report.run.status == "complete"


def test_a_check_that_finds_its_own_subjects_speaks_where_the_time_is_over(tmp_path: Path) -> None:
    def found(hangs: Hangs) -> Results:
        yield fail("never")

    @check(each="require", otherwise=found)
    def finds(subject: str, *, require: tuple[str, ...] = ()) -> Results:
        """Finds its subjects by itself, and that hangs."""
        yield ok("never")

    @check()
    def works(motd: Motd) -> Results:
        """Works."""
        yield ok("fine")

    report = judged(tmp_path, finds, works, timeout_s=1.0)

    assert {result.id: result.status.value for result in report} == {"finds": "unknown", "works": "pass"}
    assert report.exit_code == 3
    assert len(judged(tmp_path, finds, works, timeout_s=1.0, select=["works"])) == 1


def test_a_hung_fact_is_waited_for_once(tmp_path: Path) -> None:
    checks = []
    for name in ("a", "b", "c", "d", "e"):

        @check(name=name)
        def hung(hangs: Hangs) -> Results:
            """Needs what hangs."""
            yield ok("never")

        checks.append(hung)

    started = time.monotonic()
    report = judged(tmp_path, *checks, timeout_s=1.5)

    assert time.monotonic() - started < 1.0
    assert {result.cause.code for result in report if result.cause} == {"timeout"}
    assert len(report) == 5


def test_the_whole_run_ends_at_its_timeout(tmp_path: Path) -> None:
    checks = []
    for name in ("a", "b", "c", "d", "e", "f"):

        @check(name=name)
        def hung() -> Results:
            """Hangs."""
            HUNG.wait(60)
            yield ok("never")

        checks.append(hung)

    started = time.monotonic()
    report = judged(tmp_path, *checks, timeout_s=0.9)

    assert 0.8 < time.monotonic() - started < 1.5
    assert report.run.status == "timeout"
    assert [result.status for result in report] == ["unknown"] * 6
    assert report.summary.coverage == 0.0


def test_offline_facts_are_skipped(tmp_path: Path) -> None:
    class Swaps(NamedTuple):
        @classmethod
        def read(cls, host: Host) -> Swaps:
            host.read("/proc/swaps")
            return cls()

    @check(name="swap")
    def judge(swaps: Any) -> Results:
        """Swap."""
        yield ok("never")

    judge.judges["now"] = judge.judges["now"]._replace(needs=(judge.judges["now"].needs[0]._replace(kind=Swaps),))

    result = judged(tmp_path, judge)["swap"]

    assert result.status == "skip"
    assert result.cause is not None
    assert result.cause.code == "offline"


def test_facts_of_facts_give_their_evidence_too(tmp_path: Path) -> None:
    @check()
    def size(combined: Combined) -> Results:
        """Size."""
        yield fail(f"{combined.size} characters")

    assert judged(tmp_path, size)["size"].evidence == (seen("/etc/motd", "welcome"),)


def test_a_fact_that_needs_itself_crashes_alone(tmp_path: Path) -> None:
    @check()
    def circle(circle: Circle) -> Results:
        """Circle."""
        yield ok("never")

    cause = judged(tmp_path, circle)["circle"].cause
    assert cause is not None
    assert cause.code == "crashed"


def test_views_subjects_and_selectors(tmp_path: Path) -> None:
    @check(each="require", spell=str.lower, tags=["net"])
    def thing(subject: str, wanted: str, *, require: dict[str, str] = {"A": "1", "B": "2"}) -> Results:  # noqa: B006
        """Thing."""
        yield ok(wanted, evidence=[seen("x", wanted)])

    @thing.at_boot
    def thing_boot(subject: str) -> Results:
        yield fail("no", evidence=[seen("x", "y")])

    def ids(**options: Any) -> list[str]:
        return [result.id for result in judged(tmp_path, thing, **options)]

    assert ids() == ["thing[a]", "thing[a]@boot", "thing[b]", "thing[b]@boot"]
    assert ids(select=["thing[a]"]) == ["thing[a]", "thing[a]@boot"]
    assert ids(select=["thing[?]@boot"]) == ["thing[a]@boot", "thing[b]@boot"]
    assert ids(select=["tag:net"], ignore=["thing[b]"], view="now") == ["thing[a]"]
    assert ids(select=["th*@now"], ignore=["thing[[a]]"]) == ["thing[a]", "thing[b]"]
    assert ids(select=["thing[z]"]) == []
    assert judged(tmp_path, thing, select=["thing[z]"]).exit_code == 3


def test_a_check_may_ask_whether_the_profile_names_a_subject(tmp_path: Path) -> None:
    def severity(subject: str | None, named: bool) -> Severity:
        return Severity.ERROR if named else Severity.INFO

    @check(each="require", severity=severity, spell=str.lower)
    def thing(subject: str, motd: Motd, named: bool, *, require: dict[str, str] = {"a": "1", "b": "2"}) -> Results:  # noqa: B006
        """Thing."""
        yield fail("named" if named else "by default")

    def told(require: dict[str, str], names: set[str]) -> dict[str, str]:
        named = {"thing": {"require": frozenset(names)}}
        report = judged(tmp_path, thing, checks={"thing": {"require": require}}, named=named)
        return {f"{result.subject}": f"{result.message} {result.severity}" for result in report}

    default, own = "by default info", "named error"
    assert told({"a": "1", "b": "2"}, set()) == {"a": default, "b": default}
    assert told({"a": "1", "b": "2", "c": "3"}, {"a", "c"}) == {"a": own, "b": default, "c": own}
    assert told({"a": "9", "b": "2"}, set()) == {"a": own, "b": default}  # a built-in profile's, and no default
    assert told({"a": "1", "A": "2"}, {"A"}) == {"a": own}
    assert told({"A": "2", "a": "1"}, {"A"}) == {"a": own}


def test_a_fact_may_be_called_named(tmp_path: Path) -> None:
    @check(each="require")
    def thing(subject: str, named: Motd, *, require: tuple[str, ...] = ("a",)) -> Results:
        """Thing."""
        yield ok(named.text)

    assert judged(tmp_path, thing)["thing[a]"].message == "welcome"


def test_nothing_to_look_at_is_one_skip(tmp_path: Path) -> None:
    @check(each="require")
    def nothing(subject: str, *, require: tuple[str, ...] = ()) -> Results:
        """Nothing."""
        yield ok("never")

    @check()
    def silent(motd: Motd) -> Results:
        """Silent."""
        return ()

    report = judged(tmp_path, nothing, silent)

    assert [(result.id, result.status) for result in report] == [("nothing", "skip"), ("silent", "skip")]
    assert {result.cause.code for result in report if result.cause} == {"not-applicable"}


def test_output_is_bounded(tmp_path: Path) -> None:
    @check()
    def floods(motd: Motd) -> Results:
        """Floods."""
        for number in range(10**9):
            yield fail("x", subject=str(number))

    report = judged(tmp_path, floods)

    assert len(report) == 257
    cause = report["floods"].cause
    assert cause is not None
    assert cause.code == "too-large"


def test_severity_by_rule_by_outcome_and_by_profile(tmp_path: Path) -> None:
    def by_size(subject: str | None, motd: Motd) -> Severity:
        return Severity.WARNING if subject == "a" else Severity.INFO

    @check(severity=by_size)
    def level(motd: Motd) -> Results:
        """Level."""
        yield fail("x", subject="a")
        yield fail("x", subject="b")
        yield fail("x", subject="c", severity=Severity.ERROR)

    def levels(**options: Any) -> list[str]:
        return [result.severity.value for result in judged(tmp_path, level, **options)]

    assert levels() == ["warning", "info", "error"]
    assert levels(severity={"level[a]": "info", "level[c]@now": "warning"}) == ["info", "info", "warning"]


def test_waivers(tmp_path: Path) -> None:
    @check()
    def swap(motd: Motd) -> Results:
        """Swap."""
        yield fail("zram", subject="/dev/zram0")
        yield fail("disk", subject="/dev/sda2")

    waivers = (
        Waiver("swap[/dev/zram*]", "wanted", "platform", "2999-01-01", "OPS-7", "2026-11-01"),
        Waiver("swap[/dev/sda2]", "old", "platform", "2020-01-01"),
        Waiver("swap[/dev/sdb]", "gone", "platform", "2999-01-01"),
    )
    report = judged(tmp_path, swap, waivers=waivers)

    assert report["swap[/dev/zram0]"].status == Status.WAIVED
    assert report["swap[/dev/zram0]"].waiver == (
        "swap[/dev/zram*]", "wanted", "platform", "2999-01-01", "OPS-7", "2026-11-01",
    )  # fmt: skip
    assert report["swap[/dev/sda2]"].status == Status.FAIL
    for select in ("swap[/dev/sda2]", "swap[/dev/sdb]"):
        finding = report[f"waiver[{select}]"]
        assert (finding.status, finding.severity) == ("fail", "warning")
    assert report.summary.exit_code == 1
    narrowed = judged(tmp_path, swap, waivers=waivers, select=["swap[/dev/zram0]"])
    assert [result.id for result in narrowed] == ["swap[/dev/zram0]"]
    assert narrowed.ok


def test_findings_on_waivers_are_true_of_what_was_looked_at(tmp_path: Path) -> None:
    @check()
    def swap(motd: Motd) -> Results:
        """Swap."""
        yield fail("zram", subject="/dev/zram0")

    @check()
    def dark(secret: Secret) -> Results:
        """Dark."""
        yield ok("not reached")

    waivers = (
        Waiver("swap[/dev/zram0]", "wanted", "platform", "2999-01-01"),
        Waiver("swap[/dev/sdb]", "gone", "platform", "2999-01-01"),
        Waiver("swap[/dev/sdb]", "gone twice", "platform", "2999-01-01"),
        Waiver("dark[x]", "nobody could look", "platform", "2999-01-01"),
    )

    def ids(**options: Any) -> list[str]:
        return [result.id for result in judged(tmp_path, swap, dark, waivers=waivers, **options)]

    gone = "waiver[swap[/dev/sdb]]"
    assert ids() == ["dark", "swap[/dev/zram0]", gone]
    for select in ("waiver", "swap[/dev/sdb]", gone.replace("/dev", "*")):
        assert ids(select=[select]) == [gone]
    assert ids(select=["s*"]) == ["swap[/dev/zram0]", gone]
    assert ids(select=["dark"]) == ids(ignore=["swap"]) == ["dark"]
    assert ids(select=["waiver"], ignore=["waiver"]) == []
    severe = judged(tmp_path, swap, waivers=waivers, severity={"waiver": "error"})
    assert severe[gone].severity == "error"


def test_a_waiver_holds_through_its_last_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @check()
    def swap(motd: Motd) -> Results:
        """Swap."""
        yield fail("zram")

    waivers = (Waiver("swap", "wanted", "platform", "2027-03-31"),)
    for second, status in ((1_806_537_599.9, "waived"), (1_806_537_600.0, "fail")):  # 2027-03-31T23:59:59.9Z
        monkeypatch.setattr("nodecheck.running.engine.time", lambda second=second: second)
        assert judged(tmp_path, swap, waivers=waivers)["swap"].status == status


def test_values_are_cut_at_4_kib_as_they_are_shown(tmp_path: Path) -> None:
    @check()
    def raw(motd: Motd) -> Results:
        """Raw."""
        yield ok("noise", evidence=[seen("/etc/motd", "\udcff" * 4000)])

    evidence = judged(tmp_path, raw)["raw"].evidence[0]

    assert evidence.truncated
    assert len(evidence.value or "") == 4096


def test_hostile_names_are_made_printable(tmp_path: Path) -> None:
    @check()
    def hostile(motd: Motd) -> Results:
        """Hostile."""
        yield skip("a\x1b[2Jb\n\udcff", subject="\x1b]0;x\x07\udcfe")

    result = judged(tmp_path, hostile).results[0]

    assert result.subject == "\\x1b]0;x\\x07\\xfe"
    assert result.message == "a\\x1b[2Jb\\x0a\\xff"
    assert result.id == "hostile[\\x1b]0;x\\x07\\xfe]"


def test_fingerprint_follows_the_finding_not_its_place(tmp_path: Path) -> None:
    def report_of(line: int, value: str) -> str:
        @check()
        def thing(motd: Motd) -> Results:
            """Thing."""
            yield fail(f"on line {line}", evidence=[seen("/etc/fstab", value, line=line)])

        return judged(tmp_path, thing)["thing"].fingerprint

    assert report_of(3, "a  b") == report_of(7, "a b")
    assert report_of(3, "a b") != report_of(3, "a c")


def test_runs_in_threads_do_not_meet(tmp_path: Path) -> None:
    @check()
    def motd(motd: Motd) -> Results:
        """There is a message."""
        yield ok("fine")

    reports: list[Report] = []
    threads = [Thread(target=lambda: reports.append(judged(tmp_path, motd))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [report.summary.passed for report in reports] == [1] * 8


@pytest.mark.parametrize("view", ["now", "boot"])
def test_a_view_that_a_check_lacks_is_not_judged(tmp_path: Path, view: str) -> None:
    @check(view="boot")
    def later(motd: Motd) -> Results:
        """Later."""
        yield ok("fine")

    assert len(judged(tmp_path, later, view=view)) == (1 if view == "boot" else 0)


def test_a_worker_that_was_given_up_cannot_fail_the_run() -> None:
    from nodecheck.checking.workers import Schedule

    late, told = Event(), Event()

    def work(index: int, sink: list[int]) -> None:
        if index == 0:
            late.wait(10)
            told.set()
            raise RuntimeError("too late")
        late.set()
        told.wait(10)
        time.sleep(0.1)
        sink.append(index)

    overrun: list[int] = []
    schedule = Schedule(2, work, lambda index, over: overrun.append(index))
    schedule.run(0.5, time.monotonic() + 20)

    assert overrun == [0]
    assert schedule.sinks == [[], [1]]


def _raises(*_: object) -> Severity:
    raise ValueError("a rule of its own")


def odd_checks() -> dict[str, Check]:
    """Mistakes of who writes a plugin, beside what a check itself may raise."""

    @check(severity=_raises)
    def severity(motd: Motd) -> Results:
        """A rule that raises."""
        yield fail("it fails", evidence=[seen("/etc/motd", "x")])

    @check()
    def text(motd: Motd) -> Results:
        """No outcome."""
        yield "a text"  # type: ignore[misc]

    @check()
    def fix(motd: Motd) -> Results:
        """No fix."""
        yield fail("it fails", evidence=[seen("/etc/motd", "x")], fix="run this")  # type: ignore[arg-type]

    @check()
    def evidence(motd: Motd) -> Results:
        """No evidence."""
        yield fail("it fails", evidence="abc")  # type: ignore[arg-type]

    @check()
    def message(motd: Motd) -> Results:
        """No message."""
        yield fail(5, evidence=[seen("/etc/motd", "x")])  # type: ignore[arg-type]

    return {item.name: item for item in (severity, text, fix, evidence, message, *ill_made())}


def ill_made() -> Iterator[Check]:
    """Checks that each yield an outcome with one field that no report can hold."""
    read = seen("/etc/motd", "x")
    whole = fail("it fails", evidence=[read], fix=Fix("Mend it", (command("true"),)))
    fields: dict[str, Any] = {
        "status": "fail",
        "subject": b"x",
        "expected": 5,
        "severity": "error",
        "cause": Cause({1}, "a set"),  # type: ignore[arg-type]
        "evidence": (read._replace(source=5),),  # type: ignore[arg-type]
        "evidence-locator": (read._replace(locator={5}),),  # type: ignore[arg-type]
        "fix-title": Fix(None, ()),  # type: ignore[arg-type]
        "fix-steps": Fix("Mend it", (read,)),  # type: ignore[arg-type]
        "fix-argv": Fix("Mend it", (command("true", 5),)),  # type: ignore[arg-type]
        "fix-content": Fix("Mend it", (create("/etc/a", b"content"),)),  # type: ignore[arg-type]
    }
    for name, value in fields.items():
        yield yielding(f"ill-{name}", whole._replace(**{name.partition("-")[0]: value}))


def yielding(name: str, outcome: Outcome) -> Check:
    @check(name=name)
    def ill(motd: Motd) -> Results:
        """Ill made."""
        yield outcome

    return ill


@pytest.mark.parametrize("name", odd_checks())
def test_a_mistake_of_a_plugin_is_that_checks_own(tmp_path: Path, name: str) -> None:
    @check()
    def well(motd: Motd) -> Results:
        """Another check."""
        yield ok("it says something")

    report = judged(tmp_path, odd_checks()[name], well)

    cause = report[name].cause
    assert cause is not None
    assert (report[name].status.value, cause.code) == ("unknown", "crashed")
    assert report["well"].status == "pass"
    assert Report.from_json(report.to_json()) == report


def test_each_names_a_parameter(tmp_path: Path) -> None:
    @check(each="requir")
    def misspelt(subject: str, motd: Motd, *, require: tuple[str, ...] = ()) -> Results:
        """Misspelt."""
        yield ok("never")

    @check(each="require")
    def number(subject: str, motd: Motd, *, require: int = 5) -> Results:
        """No list."""
        yield ok("never")

    for bad in (misspelt, number):
        found = judged(tmp_path, bad)[bad.name]
        assert found.status == "unknown"
        assert bad.name in found.message
