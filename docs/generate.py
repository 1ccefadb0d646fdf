"""Write the pages of the checks, ``docs/checks/NAME.md``, their table, the README's list and that of the site, from the
checks; and the completions and the manual page from the parsers of the command line.

python docs/generate.py            # writes
python docs/generate.py --check    # exit 1 where something is not up to date
"""

from __future__ import annotations

import sys
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
MARKS = ("<!-- checks -->\n", "<!-- end of checks -->\n")
SITE_MARKS = ("      # <checks>\n", "      # </checks>\n")


def documents() -> dict[Path, str]:
    """Every generated file, with what it should hold."""
    checks = [check for check in load().all_checks() if check.plugin == "builtin"]
    found = {DOCS / "checks" / f"{check.name}.md": "\n".join(page(check, {})) + "\n" for check in checks}
    rows = ["# The checks", "", "| check | views | requirement |", "| --- | --- | --- |"]
    rows += [f"| [`{c.name}`]({c.name}.md) | {', '.join(c.views)} | {c.title} |" for c in checks]
    found[DOCS / "checks/README.md"] = "\n".join(rows) + "\n"
    found.update(_of_the_command_line())
    listed = fill(", ".join([f"`{check.name}`" for check in checks]), 116, break_on_hyphens=False)
    found[README] = _between(README, MARKS, f"{listed}.\n")
    pages = "".join([f"      - {check.name}: checks/{check.name}.md\n" for check in checks])
    found[SITE] = _between(SITE, SITE_MARKS, pages)
    return found


def _between(path: Path, marks: tuple[str, str], text: str) -> str:
    """The file with ``text`` between its two marks."""
    head, _, rest = path.read_text().partition(marks[0])
    return f"{head}{marks[0]}{text}{marks[1]}{rest.partition(marks[1])[2]}"


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
