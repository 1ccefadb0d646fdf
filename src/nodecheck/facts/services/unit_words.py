"""systemd's splitting of words with quotes and escapes, and its environment files."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.record import NamedTuple

BLANKS = " \t\n\r"

_SIMPLE = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "s": " ",
    "\\": "\\", '"': '"', "'": "'",
}  # fmt: skip


QUOTES = "\"'\\"


class Unbalanced(ValueError):
    """A quote that is opened and not closed; ``words`` are those before it that an old systemd takes."""

    def __init__(self, source: str, words: tuple[str, ...] = ()) -> None:
        super().__init__(source)
        self.words = words


class Variable(NamedTuple):
    """One assignment of an environment file, with the 1-based line on which it begins."""

    name: str
    value: str
    line: int


def split_words(source: str, relaxed: bool = False) -> tuple[str, ...]:
    r"""The words of a setting, as systemd splits ``ExecStart=`` and ``Environment=``.

    ``relaxed`` is the splitting of a variable's value: a backslash only protects the next character, and a quote
    that is not closed ends with the text. Raises Unbalanced for such a quote otherwise.

    >>> split_words(r'/bin/x "a b" c\x20d --e="f g"'), split_words("-a  'b c", relaxed=True)
    (('/bin/x', 'a b', 'c d', '--e=f g'), ('-a', 'b c'))
    """
    if not any(map(source.__contains__, QUOTES)):
        source = source.replace("\t", " ").replace("\n", " ").replace("\r", " ")
        return tuple([word for word in source.split(" ") if word])
    words: list[str] = []
    current: list[str] | None = None
    quote = ""
    position = 0
    while position < len(source):
        char = source[position]
        position += 1
        if char == "\\":
            piece, position = _escape(source, position, relaxed)
            current = _added(current, piece)
        elif quote:
            if char == quote:
                quote = ""
            else:
                ends = [source.find(mark, position) for mark in (quote, "\\")]
                end = min([end for end in ends if end >= 0], default=len(source))
                current = _added(current, source[position - 1 : end])
                position = end
        elif char in BLANKS:
            if current is not None:
                words.append("".join(current))
            current = None
        elif char in "'\"":
            quote, current = char, current or []
        else:
            current = _added(current, char)
    if quote and not relaxed:
        raise Unbalanced(source)
    if current is not None:
        words.append("".join(current))
    return tuple(words)


def old_words(source: str) -> tuple[str, ...]:
    r"""The words of a setting as ``split()`` of systemd 219 takes them. Raises Unbalanced.

    A quote counts at a word's beginning alone, and where a blank follows the closing one.

    >>> old_words("/bin/x --a='b c' 'd e'"), old_words("A=\"b c\"")
    (('/bin/x', "--a='b", "c'", 'd e'), ('A="b', 'c"'))
    """
    words: list[str] = []
    position = 0
    while True:
        while source[position : position + 1] in BLANKS and position < len(source):
            position += 1
        if position >= len(source):
            return tuple(words)
        quote = source[position] if source[position] in "'\"" else ""
        position += len(quote)
        end = _end(source, position, quote or BLANKS)
        if quote and (source[end : end + 1] != quote or source[end + 1 : end + 2] not in ("", *BLANKS)):
            raise Unbalanced(source, tuple(words))
        words.append(_unescaped(source[position:end]))
        position = end + len(quote)


def depends_on_release(source: str) -> bool:
    """Whether an old systemd takes other words than the present one: not so where quotes enclose whole words.

    >>> depends_on_release('"A=b c" x'), depends_on_release("--a='b'"), depends_on_release("x")
    (False, True, False)
    """
    if not any(mark in source for mark in QUOTES):
        return False
    try:
        return split_words(source) != old_words(source)
    except Unbalanced:
        return True


def _end(source: str, position: int, marks: str) -> int:
    """Where the first of the marks stands that no backslash protects."""
    while position < len(source) and source[position] not in marks:
        position += 2 if source[position] == "\\" else 1
    return min(position, len(source))


def _unescaped(word: str) -> str:
    """``cunescape`` of systemd 219, which has no escapes of Unicode."""
    found: list[str] = []
    position = 0
    while position < len(word):
        char = word[position]
        position += 1
        if char == "\\" and word[position : position + 1] not in ("u", "U", ""):
            char, position = _escape(word, position, False)
        found.append(char)
    return "".join(found)


def _added(current: list[str] | None, piece: str) -> list[str]:
    if current is None:
        return [piece]
    current.append(piece)
    return current


def _escape(source: str, position: int, relaxed: bool) -> tuple[str, int]:
    """What a backslash before ``position`` and its sequence stand for; an unknown one stays as it is."""
    char = source[position : position + 1]
    if relaxed or not char:
        return char, position + 1
    if char in _SIMPLE:
        return _SIMPLE[char], position + 1
    if char == "x":
        return _number(source, position + 1, 2, 16)
    if char in "uU":
        return _number(source, position + 1, 4 if char == "u" else 8, 16)
    if char in "01234567":
        return _number(source, position, 3, 8)
    return "\\" + char, position + 1


def _number(source: str, position: int, width: int, base: int) -> tuple[str, int]:
    digits = source[position : position + width]
    allowed = "0123456789abcdefABCDEF" if base == 16 else "01234567"
    code = int(digits, base) if len(digits) == width and all(d in allowed for d in digits) else 0
    if not 0 < code < 0x110000 or 0xD800 <= code < 0xE000:
        return "\\", position - (1 if base == 16 else 0)
    return chr(code), position + width


def environment_file(source: str) -> tuple[Variable, ...]:
    r"""The assignments of an ``EnvironmentFile=``: no expansion, quotes, ``\`` at the end of a line continues it.

    A line without ``=`` and one whose name is no name of a variable count for nothing.

    >>> environment_file('# x\nA="b c" \nexport D=e\nF=g\\\n h\n')
    (Variable(name='A', value='b c', line=2), Variable(name='F', value='g h', line=4))
    """
    return tuple(found for found in _Reader(source).variables() if is_variable(found.name))


def is_variable(name: str) -> bool:
    """Whether systemd takes an assignment to that name (``env_name_is_valid``)."""
    return name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit()


class _Reader:
    """A walk through the text of an environment file."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._line = 1

    def variables(self) -> Iterator[Variable]:
        while self._at < len(self._source):
            char = self._peek()
            if char in BLANKS:
                self._next()
            elif char in "#;":
                self._rest_of_line()
            else:
                started = self._line
                name, equals, _ = self._key().partition("=")
                if equals:
                    yield Variable(name.rstrip(BLANKS), self._value(), started)

    def _peek(self) -> str:
        return self._source[self._at]

    def _next(self) -> str:
        """The next character, which is consumed; "" at the end."""
        char = self._source[self._at : self._at + 1]
        self._at += 1
        if char == "\n":
            self._line += 1
        return char

    def _rest_of_line(self) -> None:
        end = self._source.find("\n", self._at)
        self._at = len(self._source) if end < 0 else end

    def _key(self) -> str:
        """Up to and with the ``=``, or up to the end of a line that has none."""
        begin = self._at
        while self._at < len(self._source):
            char = self._next()
            if char == "=":
                break
            if char == "\n":
                return self._source[begin : self._at - 1].replace("=", "")
        return self._source[begin : self._at]

    def _value(self) -> str:
        """What follows the ``=``: quoted parts, then one unquoted part up to the end of the line."""
        parts: list[str] = []
        while self._at < len(self._source):
            char = self._peek()
            if char in "\n\r":
                break
            if char == "'":
                self._next()
                parts.extend(self._until_quote("'"))
            elif char == '"':
                self._next()
                parts.extend(self._until_quote('"'))
            elif char in BLANKS:
                self._next()
            else:
                parts.append(self._unquoted())
                break
        return "".join(parts)

    def _until_quote(self, quote: str) -> Iterator[str]:
        while (char := self._next()) not in (quote, ""):
            if char == "\\" and quote == '"':
                following = self._next()
                if following != "\n":
                    yield following if following in '"\\`$' else "\\" + following
            else:
                yield char

    def _unquoted(self) -> str:
        """Up to the end of the line, blanks at its end left out unless a backslash protects them."""
        found: list[str] = []
        keep = 0
        while (char := self._next()) not in ("\n", "\r", ""):
            if char == "\\":
                following = self._next()
                if following != "\n":
                    found.append(following)
                keep = len(found)
            else:
                found.append(char)
                if char not in BLANKS:
                    keep = len(found)
        return "".join(found[:keep])
