"""Write the pages of the checks, ``docs/checks/NAME.md``, their table, the README's list and that of the site, from the
checks; the completions and the manual page from the parsers of the command line; and the schema of several hosts.

python docs/generate.py            # writes
python docs/generate.py --check    # exit 1 where something is not up to date
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill

from nodecheck import __version__
from nodecheck.cli.completion_verb import completion, verbs
from nodecheck.cli.explain_verb import page
from nodecheck.cli.start import EPILOG
from nodecheck.plugins import load
from nodecheck.shell.man import page as page_1

DOCS = Path(__file__).resolve().parent
README = DOCS.parent / "README.md"
SITE = DOCS.parent / "mkdocs.yml"
SCHEMAS = DOCS.parent / "src/nodecheck/schemas"
PEERS = DOCS / "peers.txt"
"""What other tools check of a node, with our answer: ``item | rule | answer``, below ``= tool``."""
PLANNED, NO = "planned", "no: "
MARKS = ("<!-- checks -->\n", "<!-- end of checks -->\n")
SITE_MARKS = ("      # <checks>\n", "      # </checks>\n")
DECISION_MARKS = ("      # <decisions>\n", "      # </decisions>\n")


def documents() -> dict[Path, str]:
    """Every generated file, with what it should hold."""
    checks = [check for check in load().all_checks() if check.plugin == "builtin"]
    found = {DOCS / "checks" / f"{check.name}.md": "\n".join(page(check, {})) + "\n" for check in checks}
    rows = ["# The checks", "", "| check | views | requirement |", "| --- | --- | --- |"]
    rows += [f"| [`{c.name}`]({c.name}.md) | {', '.join(c.views)} | {c.title} |" for c in checks]
    found[DOCS / "checks/README.md"] = "\n".join(rows) + "\n"
    found[DOCS / "peers.md"] = "\n".join(_peers({check.name for check in checks})) + "\n"
    found.update(_of_the_command_line())
    listed = fill(", ".join([f"`{check.name}`" for check in checks]), 116, break_on_hyphens=False)
    found[README] = _between(README.read_text(), MARKS, f"{listed}.\n")
    pages = "".join([f"      - {check.name}: checks/{check.name}.md\n" for check in checks])
    found[SCHEMAS / "hosts-1.json"] = _hosts_schema()
    decisions = "".join([f"      - adr/{path.name}\n" for path in sorted(DOCS.glob("adr/*.md"))])
    site = _between(SITE.read_text(), SITE_MARKS, pages)
    found[SITE] = _between(site, DECISION_MARKS, decisions)
    return found


def peers() -> dict[str, list[tuple[str, str, str]]]:
    """By tool, what it checks: item, rule and answer; by ``planned`` our names: what and when."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for line in PEERS.read_text().split("\n")[:-1]:
        if line.startswith("= "):
            rows = found[line[2:]] = []
        else:
            item, rule, answer = line.split(" | ")
            rows.append((item, rule, answer))
    return found


def _peers(ours: set[str]) -> Iterator[str]:
    """The page of what other tools check."""
    tools = peers()
    yield "# What other tools check of a node, and what nodecheck has for it"
    yield ""
    yield "Each item of a tool has a check here, or one that is planned, or the reason why there is none."
    for tool, rows in tools.items():
        yield f"\n## {tool.capitalize() if tool in (PLANNED, 'others') else tool}\n"
        yield "| check | what | when |" if tool == PLANNED else "| item | its rule | here |"
        yield "| --- | --- | --- |"
        for item, rule, answer in rows:
            yield f"| {_cell(item)} | {_cell(rule)} | {answer if tool == PLANNED else _answer(answer, ours)} |"


def _answer(answer: str, ours: set[str]) -> str:
    if answer.startswith(NO):
        return f"none: {answer.removeprefix(NO)}"
    return ", ".join([_named(name, ours) for name in answer.split(" ")])


def _named(name: str, ours: set[str]) -> str:
    return f"[`{name}`](checks/{name}.md)" if name in ours else f"`{name}` ({PLANNED})"


def _cell(text: str) -> str:
    return text.replace("*", "\\*").replace("_", "\\_").replace("<", "&lt;")


def _between(whole: str, marks: tuple[str, str], text: str) -> str:
    """A file's text with ``text`` between its two marks."""
    head, _, rest = whole.partition(marks[0])
    return f"{head}{marks[0]}{text}{marks[1]}{rest.partition(marks[1])[2]}"


def _hosts_schema() -> str:
    """The schema of several hosts holds that of a report, so that a validator needs one file."""
    text = "ssh's own words, or what else is wrong, in one line."
    code = "unreachable, timeout, too-large, no-capture or crashed; others may follow."
    error = {
        "type": "object",
        "properties": {
            "error": {"description": text, "type": "string"},
            "code": {"description": code, "type": "string", "pattern": "^[a-z]+(-[a-z]+)*$"},
        },
        "required": ["error", "code"],
    }
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:nodecheck:schema:hosts:1",
        "title": "The reports of hosts that were asked over ssh",
        "type": "object",
        "properties": {
            "$schema": {"const": "urn:nodecheck:schema:hosts:1"},
            "schema_version": {"type": "string", "pattern": r"^1\.[0-9]+$"},
            "hosts": {
                "description": "By the host as it was named; the report, or why there is none.",
                "type": "object",
                "additionalProperties": {
                    "anyOf": [{"$ref": "urn:nodecheck:schema:report:1"}, {"$ref": "#/$defs/error"}]
                },
            },
        },
        "required": ["$schema", "schema_version", "hosts"],
        "$defs": {"error": error, "report": json.loads((SCHEMAS / "report-1.json").read_text())},
    }
    return json.dumps(whole, indent=2) + "\n"


def _of_the_command_line() -> dict[Path, str]:
    listed = verbs()
    codes = [tuple(line.strip().split("  ", 1)) for line in EPILOG.split("\n")[1:] if line]
    return {
        DOCS.parent / "completions" / name: completion(shell)
        for shell, name in (("bash", "nodecheck"), ("zsh", "_nodecheck"), ("fish", "nodecheck.fish"))
    } | {DOCS / "nodecheck.1": page_1(listed, __version__, [(code, meaning.strip()) for code, meaning in codes])}


def main() -> int:
    """Write, or compare."""
    stale = {path: text for path, text in documents().items() if not path.exists() or path.read_text() != text}
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.name} is not up to date: run python docs/generate.py")
        return 1 if stale else 0
    for path, text in stale.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
