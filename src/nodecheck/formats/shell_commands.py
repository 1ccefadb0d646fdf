"""The simple commands of a shell script, for those who follow one without running it."""

from __future__ import annotations

from collections.abc import Iterator

_SEPARATORS = (";", "&&", "||", "|", "&", "\n")


def shell_commands(source: str) -> Iterator[tuple[int, str, str, list[str]]]:
    """Simple commands: 1-based line, that line's text, the separator before, and the words without redirections.

    Raises ValueError for a quotation that never ends.
    """
    import re
    from shlex import shlex

    for number, text, joined in _lines(source):
        if "$(" in joined or "`" in joined:
            yield number, text, "\n", _with_substitution(joined)
            continue
        joined = re.sub(r"&>>?|[0-9]*[<>]&[0-9-]+", lambda found: ">" if found[0][0] == "&" else " ", joined)
        lexer = shlex(joined, posix=True, punctuation_chars=";&|")
        lexer.whitespace_split = True
        lexer.commenters = ""
        before, words = "\n", list[str]()
        for token in _without_comment(list(lexer)):
            if token in _SEPARATORS:
                yield number, text, before, _plain(words)
                before, words = token, []
            else:
                words.append(token)
        yield number, text, before, _plain(words)


def _without_comment(tokens: list[str]) -> Iterator[str]:
    for token in tokens:
        if token.startswith("#"):
            return
        yield token


def _with_substitution(line: str) -> list[str]:
    """The words of a line with a command substitution, which stands as one word that cannot be followed."""
    words = [word for word in line.replace(";", " ; ").split(" ") if word and word != ";"]
    head = words[0] if words else ""
    if head == "for" and "modprobe" not in line:
        return [*words[:3], "$(", *(["do"] if words[-1] == "do" else [])][:4]
    if "=" in head and "modprobe" not in head:
        return [head.partition("=")[0] + "=$("]
    return [*words[:1], "$(", *(["modprobe"] if "modprobe" in line else [])]


def _plain(words: list[str]) -> list[str]:
    """The words without redirections (``>/dev/null``, ``2>&1``, ``> file``)."""
    found: list[str] = []
    skip = False
    for word in words:
        bare = word.lstrip("0123456789")
        if skip:
            skip = False
        elif bare[:1] in (">", "<"):
            skip = bare in (">", ">>", "<", ">|")
        else:
            found.append(word)
    return found


def _lines(source: str) -> Iterator[tuple[int, str, str]]:
    """Line number, the first line as it stands, and the line with its continuations."""
    pending: list[str] = []
    started, first = 0, ""
    for number, line in enumerate(source.split("\n"), 1):
        if not pending:
            started, first = number, line
        if line.endswith("\\"):
            pending.append(line[:-1])
            continue
        yield started, first, "".join([*pending, line])
        pending = []
    if pending:
        yield started, first, "".join(pending)
