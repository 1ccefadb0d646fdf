"""Reports with hostile text in every field where the schema allows a text: each format must take them all.

``reports()`` gives whole reports, ``hostile_text()`` the text in them, ``HOSTILE`` what each kind of reader trips over.
What is drawn is valid against the report's schema, as what ``nodecheck convert`` takes is; ids are unique.
"""

from __future__ import annotations

from functools import lru_cache

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from nodecheck.checking import Cause, Evidence, Result, Severity, Status
from nodecheck.model.outcomes import Waived, result_id
from nodecheck.model.steps import Command, Create, Edit, Fix, Manual, Step
from nodecheck.report import Node, OsName, ProfileUsed, Report, Run, Source, Tool, User
from nodecheck.report.parts import PluginUsed
from nodecheck.report.summary import summary_of

HOSTILE = (
    "", " ", "  two  blanks  ", "\t", "\n", "\r\n", "a\nb", "trailing\\", "\\", "\\n", "\\\\n", '"', "'", "`",
    "``` ```", "~~~", "\x00", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x7f", "\x85", "\x9b31m", "\u2028",
    "\u2029", "\ufeff", "\u202egnp.txt", "\ud800", "\udcff", "\udce9t\udce9", "\ufffe", "\uffff", "\U0010ffff",
    "e\u0301", "节点七", "👩‍🚀", "]]>", "<![CDATA[", "<!--", "-->", "<script>alert(1)</script>", "</script>",
    "</pre></code>", "&amp;", "&#0;", "<?xml?>", "<b>", '" onmouseover="alert(1)', "javascript:alert(1)",
    "[a](javascript:alert(1))", "![x](http://host/x.png)", "<http://host/>", "| a | b |", "|", "a|b=1;2;3",
    "# heading", "#", "# SKIP", "# TODO", "ok 1 - x", "not ok 2 - y", "1..0 # SKIP all", "Bail out!",
    "Bail out! now", "  ---", "  ...", "---", "...", "pragma +strict", "::error file=x::y", "::",
    "%0A::error::x", "%", "%25", "##[error]x", "a,b=c", "::stop-commands::x", "::add-mask::a",
    "{{ lookup('pipe', 'id') }}", "{% raw %}", "{# #}", "!unsafe x", "!!python/object:os.system", "yes", "null",
    "1e3", "0x10", "2026-11-23", "- item", "* item", "key: value", "key: |", "@x", "&a", "*a", "? x",
    "%YAML 1.2", "$(id)", "`id`", "; rm -rf /", "${HOME}", "-rf", "--", "../../etc/passwd", "/etc/passwd",
    "/a b/%41/é", "file:///etc/passwd", "http://host/x", "//host/share", 'x{a="b"} 1', "# HELP x y", "# EOF",
    "+Inf", "NaN", "[", "]", "a]b", "[a]@boot", "@boot", "\x1eRS", "PRIORITY=0", "MESSAGE=x\nPRIORITY=0",
    "<13>1 - - - - - -", "x" * 5000, "é" * 3000, "\x00" * 200, "a " * 700, "_under_ *star* **bold** ~~gone~~",
    "1. list", "    code", "\\|",
)  # fmt: skip
"""Text that breaks some format where it is written as it is."""

_ANY = st.characters(exclude_categories=())


@lru_cache
def hostile_text() -> SearchStrategy[str]:
    """Any text: with control characters, lone surrogates, and the words of :data:`HOSTILE` in it."""
    words = st.sampled_from(HOSTILE)
    return st.one_of(
        words, st.text(_ANY, max_size=30), st.lists(words | st.text(_ANY, max_size=8), max_size=4).map("".join)
    )


def hostile_line() -> SearchStrategy[str]:
    """As :func:`hostile_text`, without line feeds: the schema wants none in a message."""
    return hostile_text().map(lambda text: text.replace("\n", ""))


def _maybe(strategy: SearchStrategy[str]) -> SearchStrategy[str | None]:
    return st.none() | strategy


def _seconds() -> SearchStrategy[float]:
    return st.floats(0, 1e6, allow_nan=False) | st.sampled_from((0.0, 1e-9, 0.1, 1e22, 5e-324))


def _digest() -> SearchStrategy[str]:
    return st.integers(0, 2**256 - 1).map(lambda number: f"sha256:{number:064x}")


def _time() -> SearchStrategy[str]:
    odd = ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00.123456789Z", "2026-99-99T99:99:99Z", "2024-02-29T23:59:60Z")
    return st.sampled_from(odd) | st.datetimes().map(lambda time: time.isoformat(timespec="milliseconds") + "Z")


def evidences() -> SearchStrategy[tuple[Evidence, ...]]:
    """What was read: real and hostile sources and locators."""
    source = st.sampled_from(("/etc/fstab", "/proc/swaps", "netlink route", "docker --version")) | hostile_text()
    locator = st.none() | st.integers(0, 10**12).map("line {}".format) | hostile_text()
    evidence = st.builds(Evidence, source, locator, _maybe(hostile_text()), st.booleans())
    return st.lists(evidence, min_size=1, max_size=3).map(tuple)


def _steps() -> SearchStrategy[Step]:
    text = hostile_text()
    argv = st.lists(text, min_size=1, max_size=4).map(tuple)
    create = st.builds(Create, text, st.sampled_from(("0644", "0755")), text)
    return st.one_of(st.builds(Command, argv), st.builds(Edit, text, text, text), create, st.builds(Manual, text))


def fixes() -> SearchStrategy[Fix]:
    """Fixes with steps of each kind."""
    safety = st.sampled_from(("safe", "disruptive", "manual"))
    return st.builds(Fix, hostile_text(), st.lists(_steps(), max_size=3).map(tuple), safety, st.booleans())


@st.composite
def results(draw: st.DrawFn, names: SearchStrategy[str] | None = None) -> Result:
    """One result, with what its status needs: a cause, evidence, a waiver."""
    check = draw(names or st.sampled_from(("swap", "sysctl", "port", "plugin", "x-1")))
    subject, view = draw(_maybe(hostile_text())), draw(st.sampled_from(("now", "boot")))
    status = draw(st.sampled_from(Status))
    text, maybe, texts = hostile_text(), _maybe(hostile_text()), st.lists(hostile_text(), max_size=2).map(tuple)
    cause = waiver = None
    if status in (Status.UNKNOWN, Status.SKIP):
        cause = Cause(draw(st.sampled_from(("denied", "crashed", "not-applicable")) | text), draw(text))
    if status is Status.WAIVED:
        waiver = Waived(draw(text), draw(text), draw(maybe), draw(maybe), draw(maybe), draw(maybe))
    evidence = draw(evidences() if cause is None else st.just(()) | evidences())
    return Result(
        result_id(check, subject, view), check, subject, view, status, draw(st.sampled_from(Severity)), draw(text),
        draw(hostile_line()), draw(maybe), draw(maybe), cause, evidence, draw(st.none() | fixes()), waiver, draw(texts),
        draw(texts), draw(_digest()), draw(_seconds()),
    )  # fmt: skip


@st.composite
def reports(draw: st.DrawFn, max_results: int = 6) -> Report:
    """A whole report."""
    text, maybe = hostile_text(), _maybe(hostile_text())
    plugin = st.builds(PluginUsed, text, maybe, st.sampled_from(("loaded", "failed")), maybe)
    tool = Tool("nodecheck", draw(text), draw(st.lists(plugin, max_size=2).map(tuple)))
    source = Source(draw(st.sampled_from(("live", "root", "capture"))), draw(text))
    fail_on = draw(st.sampled_from(Severity)).value
    ended = draw(st.sampled_from(("complete", "timeout")))
    run = Run(
        str(draw(st.uuids())),
        draw(_time()),
        draw(_time()),
        draw(_seconds()),
        ended,
        source,
        draw(st.booleans()),
        fail_on,
        draw(st.none() | st.lists(text, max_size=2).map(tuple)),
        draw(st.none() | st.builds(User, st.integers(0, 2**32 - 1), maybe, maybe)),
    )
    node = Node(
        draw(maybe), draw(maybe), draw(maybe), draw(maybe), draw(maybe), OsName(draw(maybe), draw(maybe), draw(maybe))
    )
    role, mode = st.sampled_from(("control-plane", "worker", None)), st.sampled_from(("ipvs", "none", None))
    used = ProfileUsed(draw(text), draw(_digest()), draw(role), draw(maybe), draw(mode), draw(maybe))
    found = draw(st.lists(results(), max_size=max_results, unique_by=lambda result: result.id))
    found.sort(key=lambda result: result.id)
    return Report(tool, run, node, used, summary_of(tuple(found), fail_on), tuple(found))


def hostile_report() -> Report:
    """One report, always the same, that has each text of :data:`HOSTILE` in each field of some result."""
    found = [_spoiled(text, status) for text in HOSTILE for status in Status]
    text = "\x1b[31m<b>]]>\udcff\n::error::|#\\\"'\x00{{x}}节点"
    run = Run(
        "3f2b8c1e-0000-4000-8000-000000000000", "2026-11-23T01:02:03.004Z", "2026-11-23T01:02:03.104Z", 0.1, "complete",
        Source("live", "/"), True, "error", (text, text), User(0, text, text),
    )  # fmt: skip
    node = Node(text, text, text, text, text, OsName(text, text, text))
    used = ProfileUsed(text, "sha256:" + "a" * 64, "worker", text, None, text)
    tool = Tool("nodecheck", text, (PluginUsed(text, text, "failed", text),))
    unique = sorted({result.id: result for result in found}.values(), key=lambda result: result.id)
    return Report(tool, run, node, used, summary_of(tuple(unique), "error"), tuple(unique))


def _spoiled(text: str, status: Status) -> Result:
    subject, line = f"{status.value} {text}", text.replace("\n", "")
    cause = Cause(text, text) if status in (Status.UNKNOWN, Status.SKIP) else None
    waiver = Waived(text, text, text, text, text, text) if status is Status.WAIVED else None
    steps = (Command((text, text)), Edit(text, text, text), Create(text, "0644", text), Manual(text))
    evidence = (Evidence(text, text, text), Evidence("/etc/" + text, "line 3", text, True))
    return Result(
        result_id("swap", subject, "now"), "swap", subject, "now", status, Severity.ERROR, text, line, text, text,
        cause, evidence, Fix(text, steps), waiver, (text,), (text,), "sha256:" + "b" * 64, 0.001,
    )  # fmt: skip
