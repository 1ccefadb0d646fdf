"""The HTML page: well formed whatever the node says, closed to everything else, and usable in a real browser."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from nodecheck.checking import Cause, Severity, Status, seen
from nodecheck.model.evidence import Evidence
from nodecheck.model.steps import Fix, command
from nodecheck.planning import plan
from nodecheck.render.html import render
from nodecheck.report import Report
from nodecheck.report.settings import rows
from nodecheck.text import printable
from tests.growth import steps_of
from tests.render.browser import DRIVER, Browser, browser
from tests.render.reports import HOSTILE, hostile_report, reports
from tests.render.test_text import FAILED, report, result

html5lib = pytest.importorskip("html5lib")

OURS = {
    "html", "head", "meta", "title", "link", "style", "body", "a", "header", "div", "h1", "h3", "h4", "span", "p", "dl",
    "dt", "dd", "button", "input", "output", "main", "table", "thead", "tbody", "tr", "th", "td", "details", "summary",
    "code", "ul", "li", "pre", "footer", "script", "strong", "section", "h2",
}  # fmt: skip
ATTRIBUTES = {
    "aria-hidden", "aria-label", "aria-live", "aria-pressed", "autocomplete", "charset", "class", "colspan", "content",
    "data-status", "data-view", "hidden", "href", "http-equiv", "id", "lang", "name", "open", "placeholder", "rel",
    "role", "scope", "type",
}  # fmt: skip

SAMPLE = report(
    FAILED,
    result("swap[/dev/sda2]", Status.PASS),
    result("time-sync", Status.UNKNOWN, severity=Severity.WARNING, cause=Cause("denied", "not permitted")),
    result("sysctl[vm.x]", Status.PASS, evidence=(seen("/proc/sys/vm/x", "only in the evidence"),)),
    result("port[6443/tcp]", Status.SKIP, cause=Cause("not-applicable", "no")),
    result("selinux", Status.FAIL, severity=Severity.WARNING, fix=Fix("Do", (command("echo", "a b"), command("id")))),
)


def parsed(page: str) -> Any:
    """The page's elements; raises where it is not valid."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    return parser.parse(page)


def safe(page: str) -> Any:
    """The page's elements, of which each is one that we write, and none runs or loads anything."""
    tree = parsed(page)
    for element in tree.iter():
        assert element.tag in OURS
        assert set(element.attrib) <= ATTRIBUTES
        if element.tag == "a":
            assert element.get("href").startswith(("#", "https://", "http://"))
    assert [len(tree.findall(f".//{tag}")) for tag in ("script", "style", "link", "title")] == [1, 1, 1, 1]
    assert all(char in "\n\t" or char.isprintable() for char in page)
    return tree


def test_hostile_text_stays_text() -> None:
    whole = hostile_report()
    tree = safe(render(whole))

    names = [name.text for name in tree.findall(".//th[@scope='row']/a/code")]
    assert sorted(names) == sorted(printable(found.id) for found in whole)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(reports())
def test_any_report_makes_a_safe_page(whole: Report) -> None:
    safe(render(whole))


def test_only_the_pages_own_script_and_style_may_run() -> None:
    page = render(SAMPLE)
    tree = parsed(page)
    policy = tree.find(".//meta[@http-equiv='Content-Security-Policy']").get("content")

    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        from base64 import b64encode
        from hashlib import sha256

        digest = b64encode(sha256(tree.find(f".//{tag}").text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}';" in policy
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_failures_come_first_and_open() -> None:
    tree = parsed(render(SAMPLE))
    bodies = tree.findall(".//tbody")
    first = bodies[0].findall("tr")

    assert first[0].find("th").text == "Needs attention"
    assert [row.find("th/a/code").text for row in first[1:]] == ["swap[/dev/sda2]", "selinux", "time-sync"]
    assert all(row.find(".//details").get("open") is not None for row in first[1:])
    rest = [row for body in bodies[1:] for row in body.findall("tr[@data-status]")]
    assert {row.find("th/a/code").text for row in rest} == {"sysctl[vm.x]", "port[6443/tcp]"}
    assert all(row.find(".//details").get("open") is None for row in rest)


def test_a_row_has_both_views() -> None:
    row = parsed(render(SAMPLE)).find(".//tr[@id='r-swap[/dev/sda2]']")

    assert row.get("data-status") == "pass fail"
    assert [cell.get("data-view") for cell in row.findall("td[@data-view]")] == ["Now", "After reboot"]
    assert ["".join(cell.itertext()) for cell in row.findall("td[@data-view]")] == ["✓ pass", "✗ FAIL"]


def test_links_lead_nowhere_but_to_the_web() -> None:
    page = render(report(FAILED._replace(references=("javascript:alert(1)", "https://example.org/a?b=1&c=2"))))

    links = [link.get("href") for link in parsed(page).findall(".//p[@class='about']/a")]
    assert links == ["https://example.org/a?b=1&c=2"]


def test_the_whole_plan_is_there_as_a_script() -> None:
    words = [word for word in HOSTILE if "\0" not in word and "\ud800" not in word]
    hostile = report(FAILED._replace(fix=Fix("Do", tuple(command("echo", word) for word in words))))

    for some in (SAMPLE, hostile):
        script = parsed(render(some)).find(".//section[@id='plan']//pre").text
        assert script == plan(some).to_script()
    assert parsed(render(report())).find(".//section[@id='plan']") is None


def test_many_sources_that_are_not_there_are_one_item() -> None:
    absent = tuple(seen(f"/opt/{number}") for number in range(9))
    page = parsed(render(report(FAILED._replace(evidence=(*absent, seen("/etc/x", "found"))))))

    items = ["".join(item.itertext()) for item in page.findall(".//dl[@class='facets']//li")]
    assert items == ["/etc/x: found", "not there: " + ", ".join(f"/opt/{number}" for number in range(9))]


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_colour_can_be_read() -> None:
    """WCAG 2.1, 1.4.3: a contrast of at least 4.5."""
    style = parsed(render(SAMPLE)).find(".//style").text
    themes = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    assert len(themes) == 2
    for theme in themes:
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", theme))
        pairs = [(name, f"{name}-back") for name in colours if f"{name}-back" in colours]
        assert len(pairs) == 7
        pairs += [(name, back) for name in ("text", "muted", "link", "fail", "pass") for back in ("back", "soft")]
        for fore, back in pairs:
            light, dark = sorted((luminance(colours[fore]), luminance(colours[back])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (fore, back)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if DRIVER is None:
        pytest.skip("needs chromedriver and Chromium")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, browser(Path(folder)) as found:
        yield found


SHOWN = (
    "return [...document.querySelectorAll('tr[data-status]')].filter(r => r.checkVisibility()).map(r => r.id.slice(2))"
)


def shown(chromium: Browser, whole: Report, folder: Path) -> None:
    (folder / "page.html").write_text(render(whole), encoding="utf-8")
    chromium.screen(1280, 900)
    chromium.open(folder / "page.html")


def test_the_filter(chromium: Browser, tmp_path: Path) -> None:
    shown(chromium, SAMPLE, tmp_path)
    press = "document.querySelector(`button[data-status=${arguments[0]}]`).click()"
    search = """const input = document.querySelector("input[type=search]"); input.value = arguments[0];
        input.dispatchEvent(new Event("input")); return new Promise(done => setTimeout(done, 120));"""

    assert len(chromium.js(SHOWN)) == 5
    chromium.js(press, "fail")
    assert chromium.js(SHOWN) == ["swap[/dev/sda2]", "selinux"]
    assert chromium.js("return document.querySelector('output').textContent") == "2 of 5 shown"
    chromium.js(press, "unknown")
    assert chromium.js(SHOWN) == ["swap[/dev/sda2]", "selinux", "time-sync"]
    chromium.js(press, "fail")
    chromium.js(press, "unknown")
    chromium.js(search, "ONLY evidence")
    assert chromium.js(SHOWN) == ["sysctl[vm.x]"]
    heads = "return [...document.querySelectorAll('tr.head')].filter(r => r.checkVisibility()).length"
    assert chromium.js(heads) == 1
    chromium.js(search, "")
    assert len(chromium.js(SHOWN)) == 5
    assert chromium.log("browser") == []
    assert chromium.requested() == set()


def test_fixes_can_be_copied(chromium: Browser, tmp_path: Path) -> None:
    shown(chromium, SAMPLE, tmp_path)
    chromium.cdp("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])

    label = chromium.js(
        """const button = document.querySelector("[id='r-selinux'] .copied button"); button.focus(); button.click();
        return new Promise(done => setTimeout(() => done(button.textContent), 300));"""
    )

    assert label == "Copied"
    assert chromium.js("return navigator.clipboard.readText()") == "echo 'a b'\nid"


def test_a_link_opens_its_row(chromium: Browser, tmp_path: Path) -> None:
    odd = result("port[a b/ü%41]", Status.PASS)
    shown(chromium, report(odd), tmp_path)

    chromium.js("document.querySelector('th[scope=row] a').click()")
    opened = "return [document.querySelector('details').open, document.querySelector(':target') !== null]"
    assert chromium.js(f"return new Promise(done => setTimeout(() => done((() => {{ {opened} }})()), 100))") == [
        True,
        True,
    ]


@pytest.mark.parametrize("dark", [False, True])
def test_a_hostile_report_fits_a_phone(chromium: Browser, tmp_path: Path, dark: bool) -> None:
    (tmp_path / "page.html").write_text(render(hostile_report()), encoding="utf-8")
    chromium.screen(360, 800, dark=dark)
    chromium.open(tmp_path / "page.html")

    assert chromium.js("return document.documentElement.scrollWidth") == 360
    back = chromium.js("return getComputedStyle(document.body).backgroundColor")
    assert back == ("rgb(15, 19, 24)" if dark else "rgb(255, 255, 255)")
    assert chromium.log("browser") == []
    assert chromium.requested() == set()


OPENED = """return Object.fromEntries([...document.querySelectorAll("tr[data-status]")].map(row => [row.id.slice(2),
    [...row.querySelectorAll(".one")].every(one => one.checkVisibility({contentVisibilityAuto: true}))]))"""


def test_print_shows_what_needs_attention_and_the_rest_in_a_line(chromium: Browser, tmp_path: Path) -> None:
    shown(chromium, SAMPLE, tmp_path)
    chromium.screen(1280, 900, media="print")

    attention = {"fail", "unknown", "waived"}
    wanted = {
        row.name: bool(attention & {r.status.value for r in (row.now, row.boot) if r}) for row in rows(SAMPLE.results)
    }
    assert set(wanted.values()) == {True, False}
    assert chromium.js(OPENED) == wanted
    assert chromium.js(
        "return [...document.querySelectorAll('.finding > details > summary')].every(one => one.checkVisibility())"
    )
    chromium.js("document.getElementById('all').click()")
    assert all(chromium.js(OPENED).values())
    chromium.js("document.getElementById('all').click()")
    apart = """return [...document.querySelectorAll("tr td.view")].every(cell =>
        cell.firstElementChild.getBoundingClientRect().right <= cell.nextElementSibling.getBoundingClientRect().left)"""
    assert chromium.js(apart)  # "? unknown" and what stands beside it
    assert not chromium.js("return document.getElementById('bar').checkVisibility()")
    assert chromium.pdf().startswith(b"%PDF")


def test_two_thousand_results_are_filtered_at_once(chromium: Browser, tmp_path: Path) -> None:
    many = [result(f"sysctl[net.x{number}]", Status.PASS if number % 3 else Status.FAIL) for number in range(2000)]
    shown(chromium, report(*many), tmp_path)

    took = chromium.js(
        "const start = performance.now(); document.querySelector('button').click(); "
        "document.body.offsetHeight; return performance.now() - start"
    )
    assert len(chromium.js(SHOWN)) == 667
    assert took < 2000


def test_without_script_all_is_there(chromium: Browser, tmp_path: Path) -> None:
    chromium.cdp("Emulation.setScriptExecutionDisabled", value=True)
    try:
        shown(chromium, SAMPLE, tmp_path)
    finally:
        chromium.cdp("Emulation.setScriptExecutionDisabled", value=False)

    assert len(chromium.js(SHOWN)) == 5
    assert not chromium.js("return document.getElementById('bar').checkVisibility()")


def test_twice_the_results_are_twice_the_work() -> None:
    def work(many: int) -> int:
        odd = "".join(HOSTILE[:40])
        found = [
            result(
                f"sysctl[{number} {odd}]", Status.FAIL, message=odd.replace("\n", ""),
                evidence=(Evidence(odd, odd, odd),), fix=Fix(odd, (command("sysctl", "-w", f"{number}={odd}"),)),
            )
            for number in range(many)
        ]  # fmt: skip
        whole = report(*found)
        return steps_of(lambda: render(whole))

    few, many = work(50), work(200)

    assert many < 4.6 * few
