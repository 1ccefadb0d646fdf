"""Looking at the likely lines alone takes out what looking at each line does: on real files, canaries and any text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.model.secret_forms import _lines, _pem
from nodecheck.model.secret_lines import Likely, Searched
from nodecheck.model.secret_quotes import may_go_on, over_lines
from nodecheck.model.secrets import _COMMANDS, _MARKS, _PROXIES, _STDIN, _WORDS, masked, may_hold
from nodecheck.text import lowered
from tests.capturing.test_canaries import LINES
from tests.secrets import FILES, HARMLESS

WORDS = Searched(_WORDS, _COMMANDS, _STDIN, _PROXIES, _MARKS)
CANARIES = (*[file.text for file in FILES], *HARMLESS, LINES.format("canary0001x"))
FOLDERS = (Path(__file__).parents[1], Path("/etc"), Path("/usr/lib/systemd"), Path("/usr/lib/udev"), Path("/usr/sbin"))
MOST_FILES, MOST_BYTES = 150, 1 << 19


def line_by_line(text: str) -> str:
    """The text as it is without any search of the whole but the first."""
    if not may_hold(text):
        return text
    text = _pem(text) if "PRIVATE KEY" in text else text
    text = over_lines(text) if "\n" in text else text
    return _lines(text, range(text.count("\n") + 1), may_hold)


def check(text: str) -> None:
    """All that the short way rests on, and that it ends where the long one does."""
    likely = Likely(text, WORDS)
    worth = {number for number, line in enumerate(text.split("\n")) if may_hold(line)}
    assert worth <= set(likely.numbers())
    assert may_go_on(text, likely.keys) or over_lines(text) == text
    assert masked(text) == line_by_line(text)


def real_files() -> Iterator[Path]:
    """Files of this machine and of this project, as many of each directory."""
    for folder in FOLDERS:
        files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
        yield from files[:: len(files) // MOST_FILES + 1]
    yield from Path("/var/lib/dpkg").glob("status")
    yield from Path("/usr/lib/modules").glob("*/modules.dep")


@pytest.mark.parametrize("text", CANARIES)
def test_canaries(text: str) -> None:
    check(text)
    check(f"\n# a line before\n\n{text}\nand one after\n")


def test_canaries_among_each_other() -> None:
    check("\n".join(CANARIES))
    check("\n".join(reversed(CANARIES)))


def test_real_files() -> None:
    looked_at = held = 0
    for path in real_files():
        try:
            raw = path.read_bytes()
        except OSError:
            continue
        if b"\0" not in raw[:4096] and len(raw) < MOST_BYTES:
            text = raw.decode("utf-8", "surrogateescape")
            check(text)
            looked_at += 1
            held += masked(text) != text
    assert looked_at > 200
    assert held > 10


PIECES = (
    "key", "KEY", "\u212aey", "privat\u0130", "to\u212aen", "\u0130", "\udc80", " -", "|", "@", "://", ":", ": ", "=",
    " ",
    '"', "'", "\\", '"""', "'''", "auth=", "$6$", "$2", ".", "abcdef.0123456789abcdef", "…", "sig", "proxy", "@tcp(",
    "iscsi:", "mysql -p", "echo a|kinit", "microk8s join a/0123456789abcdef0123", "eyJ", "K10", "glpat-", "H4sI",
    "db_pw",
    "chpasswd:", "list: |", "- ", "password: |", "token:", "private/key: ", "\t", "é", "0", "http",
    "-----BEGIN PRIVATE KEY-----",
    "-----END PRIVATE KEY-----",
)  # fmt: skip
"""What searches look for, in their forms and in letters that become them in lower case."""

LINE = st.one_of(
    st.sampled_from([line for text in CANARIES for line in text.split("\n")]),
    st.lists(st.sampled_from(PIECES), max_size=6).map("".join),
    st.text(st.characters(codec="utf-8"), max_size=20),
)
INDENTED = st.tuples(st.sampled_from(["", "", "  ", "    ", "\t"]), LINE).map("".join)


@given(st.lists(INDENTED, max_size=20).map("\n".join))
def test_any_text(text: str) -> None:
    check(text)


@given(st.text(max_size=50))
def test_words_are_found_in_lower_case_as_python_has_it(text: str) -> None:
    """Letters beyond ASCII stay as they are: no search asks for them."""
    plain = "".join(char for char in text.lower() if char.isascii())
    assert "".join(char for char in lowered(text) if char.isascii()) == plain
