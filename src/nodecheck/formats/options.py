"""The options of a command's words, as getopt_long(3) takes them."""

from __future__ import annotations

from nodecheck.formats.shell_calls import Words


class Options:
    """The words of a command taken apart as getopt_long(3) does."""

    def __init__(self, words: Words, with_word: str, long_with_word: tuple[str, ...] = ()) -> None:
        self.flags: list[str] = []
        self.values: list[tuple[str, str | None]] = []
        """Options with their words."""
        self.plain: list[str | None] = []
        rest = list(words)
        while rest:
            word = rest.pop(0)
            if word is None or word == "-" or not word.startswith("-"):
                self.plain.append(word)
            elif word == "--":
                self.plain += rest
                return
            elif word.startswith("--"):
                self._long(word, long_with_word, rest)
            else:
                self._short(word, with_word, rest)

    def _long(self, word: str, with_word: tuple[str, ...], rest: list[str | None]) -> None:
        name, equals, value = word.partition("=")
        if equals:
            self.values.append((name, value))
        elif name in with_word:
            self.values.append((name, rest.pop(0) if rest else None))
        else:
            self.flags.append(name)

    def _short(self, word: str, with_word: str, rest: list[str | None]) -> None:
        for at in range(1, len(word)):
            if word[at] in with_word:
                value = word[at + 1 :] or (rest.pop(0) if rest else None)
                self.values.append((f"-{word[at]}", value))
                return
            self.flags.append(f"-{word[at]}")

    def has(self, *flags: str) -> bool:
        """Whether one of some options is given."""
        return any(flag in self.flags for flag in flags)

    def of(self, *names: str) -> list[str | None]:
        """The words of some options."""
        return [value for name, value in self.values if name in names]
