"""The site of docs/: it builds strictly, every page is in it, and nothing in it is loaded from another host."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from nodecheck.plugins import load

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PEOPLE = {
    "compliance-officer", "image-builder", "installer-author", "platform-engineer", "plugin-author", "sre",
    "support-engineer",
}  # fmt: skip

LOADED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed|object)\b[^>]*\b(?:src|data)\s*=\s*["']?(?:https?:)?//[^\s>]*"""
    r"""|<link\b[^>]*\bhref\s*=\s*["']?(?:https?:)?//[^\s>]*"""
    r"""|url\(\s*["']?(?:https?:)?//[^)]*|@import\s+["'](?:https?:)?//[^"']*"""
)
"""What a browser fetches by itself; links that a reader follows are not among it."""


def test_each_page_is_in_the_navigation_once() -> None:
    listed = re.findall(r"([\w/.-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)

    assert len(listed) == len(set(listed))
    assert set(listed) == {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    assert {Path(path).stem for path in listed if path.startswith("for/")} == PEOPLE


@pytest.mark.parametrize("page", ["index.md", "not-checked.md", "compared.md", *(f"for/{one}.md" for one in PEOPLE)])
def test_a_page_for_people_says_first_what_to_type(page: str) -> None:
    before, fence, block = (DOCS / page).read_text().partition("```")

    assert fence, "nothing to type"
    assert len(before.split()) < 60, "what to type comes too late"
    assert "nodecheck" in block.partition("```")[0]


def test_a_check_s_page_says_first_what_to_type_and_then_the_specification() -> None:
    pages = [path for path in sorted((DOCS / "checks").glob("*.md")) if path.name != "README.md"]
    assert len(pages) >= 25
    for path in pages:
        headings = re.findall(r"^## (.*)$", path.read_text(), re.MULTILINE)
        assert headings[:4] == ["What to type", "Why it matters", "How to fix it", "What it looks at"], path.name
        assert f"    nodecheck run {path.stem} " in path.read_text()


def test_each_check_has_a_row_in_the_table_against_other_programs() -> None:
    """So the table, and what is not checked, are looked at where a check is new."""
    page = (DOCS / "compared.md").read_text()
    assert [c.name for c in load().all_checks() if c.plugin == "builtin" and f"(checks/{c.name}.md)" not in page] == []


def loaded(text: str) -> list[str]:
    """The addresses on other hosts that a browser would fetch."""
    return LOADED.findall(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('<script src="https://cdn.example/x.js">', True),
        ('<link rel="stylesheet" href="//fonts.example/css">', True),
        ("@font-face{src:url(https://fonts.example/a.woff2)}", True),
        ('<a href="https://example.org/">a link</a>', False),
        ('<script src="assets/x.js">', False),
    ],
)
def test_what_is_fetched_is_found(text: str, found: bool) -> None:
    assert bool(loaded(text)) is found


@pytest.mark.skipif(find_spec("mkdocs") is None, reason="needs the extra docs (mkdocs)")
def test_it_builds_strictly_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    """Not --quiet: mkdocs counts only the warnings that it prints, and a broken link would pass."""
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr

    site = tmp_path / "site"
    for page in DOCS.rglob("*.md"):
        name = page.relative_to(DOCS).with_suffix(".html").as_posix().replace("README.html", "index.html")
        assert (site / name).is_file(), name
    for path in [*site.rglob("*.html"), *site.rglob("*.css")]:
        text = path.read_text()
        assert loaded(text) == [], path.name
        assert 'class="mermaid"' not in text, "the theme fetches mermaid from elsewhere"
    assert not (site / "generate.py").exists()
