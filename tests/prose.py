"""Sentences of Markdown and of messages, and what is not plain in them: the rules of CONTRIBUTING's plain words.

python -m tests.prose            # every place that is not plain yet
python -m tests.prose --write    # writes tests/prose.txt anew: the files that are not held yet, with their counts
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / "tests/prose.txt"
MOST = 30
"""Words of a sentence."""

WORDS = {
    "report, say": r"told|tells?|telling",
    "fix": r"mend(?:s|ed|ing)?",
    "honour, follow": r"heed(?:s|ed|ing)?",
    "more severe": r"graver|gravest",
    "because": r"(?<=[,;:] )for(?= (?:it|its|they|their|there|nothing|nobody|no|none|silence|then|only|GitHub) )"
    r"|(?<=[,;:] )for(?= (?:the|a|an|this|these|those|that) [^,.;:]* (?:is|are|was|has|have|does|do|may|can|will) )",
}
HOUSE = {plain: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for plain, words in WORDS.items()}


def blocks(markdown: str) -> Iterator[str]:
    """Headings, paragraphs, items of lists and cells of tables, without code."""
    text = re.sub(r"^( *)```.*?^\1```[^\n]*$", "\n", markdown, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"(?:(?<=\n\n)|\A)(?: {4}\S[^\n]*\n)+", "\n", text)
    text = re.sub(r"`[^`]+`", "CODE", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    for part in re.split(r"\n\s*\n|\n(?=\s*(?:[-*] |\d+\. |#|\|))", text):
        if part.lstrip().startswith("|"):
            yield from [cell.strip() for cell in part.strip().strip("|").split("|")]
        else:
            yield re.sub(r"^\s*(?:[-*] |\d+\. |#+ )", "", part).replace("**", "")


def sentences(text: str) -> Iterator[str]:
    """The sentences of one block: a full stop ends one, a colon or a semicolon does not."""
    for part in re.split(r"(?<=[.!?])\s+", " ".join(text.split())):
        if part:
            yield part


def faults(text: str) -> Iterator[str]:
    """What is not plain in one block of prose."""
    for sentence in sentences(text):
        plain_list = re.sub(r"CODE(?:,? CODE)+", "CODE", sentence)  # a list of names reads as one word
        size = len([word for word in plain_list.split() if re.search(r"\w", word)])
        if size > MOST:
            yield f"{size} words: {sentence}"
        for plain, pattern in HOUSE.items():
            for found in pattern.finditer(sentence):
                yield f"{found.group()!r} ({plain}): {sentence}"


def messages(source: str) -> Iterator[str]:
    """The texts of a module that people may read: strings of three words and more that are no docstrings."""
    tree = ast.parse(source)
    inner: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inner |= {id(part) for part in ast.walk(node)} - {id(node)}
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            inner.add(id(node.value))
    for node in ast.walk(tree):
        if id(node) not in inner and (text := _text(node)) is not None and re.search(r"[a-z]+ [a-z]+ [a-z]+", text):
            yield text


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.JoinedStr):
        return "".join([str(part.value) if isinstance(part, ast.Constant) else "VALUE" for part in node.values])
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def held_files() -> list[Path]:
    """README, CONTRIBUTING, the changelog, the docs, and the modules that print."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
    return sorted([*pages, *(ROOT / "src").rglob("*.py"), *(ROOT / "checks").rglob("*.py")])


def faults_of(path: Path) -> list[str]:
    """What is not plain in a file; of the changelog only what is not released yet counts."""
    text = path.read_text()
    if path.suffix == ".py":
        parts = [block for message in messages(text) for block in blocks(message)]
    else:
        if path.name == "CHANGELOG.md":
            text = text.partition("## [Unreleased]")[2].partition("\n## [")[0]
        parts = list(blocks(text))
    return [fault for part in parts for fault in faults(part)]


def not_yet() -> dict[str, int]:
    """The files that are not plain yet, with how many places each has."""
    rows = [line.split(None, 1) for line in LIST.read_text().splitlines() if line and not line.startswith("#")]
    return {path: int(number) for number, path in rows}


def main() -> None:
    """Print, or write the list."""
    found = {path.relative_to(ROOT).as_posix(): faults_of(path) for path in held_files()}
    if "--write" in sys.argv:
        rows = [f"{len(each):4} {path}" for path, each in found.items() if each]
        head = "# Places that are not plain yet (python -m tests.prose): this list may only get shorter."
        total = sum([len(each) for each in found.values()])
        LIST.write_text("\n".join([head, f"# {total} places in {len(rows)} files", *rows]) + "\n")
        return
    for path, each in found.items():
        for fault in each:
            print(f"{path}: {fault}")


if __name__ == "__main__":
    main()
