"""Docs, help and messages are in plain words: no sentence over 30 words, and the field's words for the house's own.

Files that are not there yet stand in tests/prose.txt with a count, which must be the true one: so it only shrinks.
"""

from __future__ import annotations

import pytest

from tests.prose import MOST, ROOT, faults, faults_of, held_files, messages, not_yet, sentences

NEW = [
    "README.md", "docs/index.md", "docs/glossary.md", "docs/not-checked.md", "docs/compared.md",
    *(f"docs/for/{path.name}" for path in sorted((ROOT / "docs/for").glob("*.md"))),
]  # fmt: skip
"""Pages that no list excuses."""


@pytest.mark.parametrize("path", [path.relative_to(ROOT).as_posix() for path in held_files()])
def test_a_file_has_no_more_places_than_are_listed(path: str) -> None:
    found, listed = faults_of(ROOT / path), not_yet().get(path, 0)

    assert len(found) <= listed, "write it in plain words:\n" + "\n".join(found)
    assert len(found) == listed, "it got better: python -m tests.prose --write"


def test_the_list_names_files_that_are_there_and_none_of_the_new_pages() -> None:
    assert not_yet().keys() <= {path.relative_to(ROOT).as_posix() for path in held_files()}
    assert not not_yet().keys() & set(NEW)
    assert all(not_yet().values())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("What it is told is mended.", 2),
        ("They heed the graver one; it tells so.", 3),
        ("Left out, for only the node can do it.", 1),
        ("It prints a line, for silence is a fault there.", 1),
        ("It waits, for the units of a firewall are done when they have loaded it.", 1),
        ("The options, for all paths, and for the node that joins.", 0),
        ("It fixes what it reports because the more severe one wins.", 0),
        (" ".join(["word"] * MOST) + ". " + " ".join(["word"] * MOST) + ".", 0),
        (" ".join(["word"] * MOST) + ", word.", 1),
        (" ".join(["word"] * MOST) + ": word; word.", 1),
    ],
)
def test_what_is_not_plain_is_found(text: str, found: int) -> None:
    assert len(list(faults(text))) == found


def test_a_full_stop_inside_a_word_ends_no_sentence() -> None:
    assert list(sentences("In 1.36 a.b counts. Then (see c.d) it ends. 3 are left.")) == [
        "In 1.36 a.b counts.", "Then (see c.d) it ends.", "3 are left."
    ]  # fmt: skip


def test_messages_are_the_strings_that_are_no_docstrings() -> None:
    source = 'def f(x):\n    """A docstring is no message."""\n    return f"{x} is told to them", "two words"\n'

    assert list(messages(source)) == ["VALUE is told to them"]
