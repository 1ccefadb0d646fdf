"""A reader of the plainest YAML, the kind that kubeadm writes, without the cost of importing PyYAML.

It reads block mappings, lists of scalars and of mappings, scalars on one line, ``{}`` and ``[]``, in printable ASCII: a
kubelet's configuration, the manifest of a static pod, a kubeconfig. At anything else it gives up, and
:func:`nodecheck.formats.structured.load_yaml` decides. What it does read, it reads as that one does.
"""

from __future__ import annotations

from nodecheck.formats.tree import Document, TreeNode, scalar
from nodecheck.record import NamedTuple
from nodecheck.typed import Any

MOST_ROWS = 6000
"""A row is three events of :func:`load_yaml` at most, which reads 20,000 of them."""

MOST_DEPTH = 20
LONGEST_KEY = 1000
"""A key of YAML may be 1024 characters away from its colon, no more. A value of a kubeconfig is longer."""

_ALLOWED = bytes(range(32, 127)) + b"\n"
_MISSING = object()
"""The value of an item that is a mapping: its first key is the next row."""


class _Row(NamedTuple):
    indent: int
    key: str | None
    """None for an item of a list."""
    value: Any
    """_MISSING where it stands in the rows that follow."""
    line: int


class _GivenUp(Exception):
    """The text is not of the plainest kind, or not YAML at all."""


def load_plain(raw: bytes, path: str) -> Document | None:
    """The document in ``raw``; None where this reader cannot tell.

    >>> load_plain(b"# x\\na:\\n  b: no\\nc:\\n- 1.5\\n", "x").root.value["a"].value["b"]
    TreeNode(value=False, path='x', line=3)
    """
    if raw.translate(None, _ALLOWED):
        return None
    reader = _YamlReader(path)
    try:
        reader.rows = _rows(raw.decode("ascii"))
        root = reader.block(0)
    except _GivenUp:
        return None
    return Document(root, reader.duplicate) if reader.at == len(reader.rows) else None


_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIGITS = frozenset("0123456789")
_KEY = _LETTERS | _DIGITS | frozenset("_./-")
_FIRST = _LETTERS | _DIGITS | frozenset("_/.")
_WORD = _FIRST | frozenset(",%@=+<>:~()-?&*;")


def _rows(source: str) -> list[_Row]:
    """The rows of a text. No regular expression: compiling one takes longer than reading a file of kubeadm's."""
    rows: list[_Row] = []
    begun = False
    for number, line in enumerate(source.split("\n"), 1):
        line = line.rstrip(" ")
        content = line.lstrip(" ")
        if not content or content[0] == "#":
            continue
        if line == "---" and not begun:
            begun = True
            continue
        begun = True
        if len(rows) >= MOST_ROWS or line.startswith(("---", "...")):
            raise _GivenUp
        indent = len(line) - len(content)
        if content.startswith("- "):
            inner = content[2:].lstrip(" ")
            if not _names_a_value(inner):
                rows.append(_Row(indent, None, _item(content[1:]), number))
                continue
            rows.append(_Row(indent, None, _MISSING, number))
            indent, content = indent + len(content) - len(inner), inner
        elif not _names_a_value(content):
            raise _GivenUp
        key, _, rest = content.partition(":")
        if len(line) - len(rest) > LONGEST_KEY:
            raise _GivenUp
        rows.append(_Row(indent, _key(key), _value(rest), number))
    return rows


def _names_a_value(content: str) -> bool:
    """Whether it begins with a plain key, and not with a word that has a colon in it."""
    key, colon, rest = content.partition(":")
    if not colon or not key or key[0] in "-./0123456789" or not _KEY.issuperset(key):
        return False
    return rest[:1] in ("", " ")


def _item(rest: str) -> Any:
    """The scalar behind a dash."""
    value = _value(rest)
    if value is _MISSING:
        raise _GivenUp
    return value


def _key(text: str) -> str:
    if not isinstance(scalar(text), str):
        raise _GivenUp
    return text


def _value(rest: str) -> Any:
    """The scalar behind a colon or a dash, up to a comment; _MISSING for none."""
    text = rest.lstrip(" ")
    if not text or (text[0] == "#" and text != rest):
        return _MISSING
    if text == rest:
        raise _GivenUp  # no blank between
    if text[0] in "\"'":
        end = text.find(text[0], 1) + 1
        if not end or (text[0] == '"' and "\\" in text[:end]):
            raise _GivenUp
        _check_end(text[end:])
        return text[1 : end - 1]
    word, _, comment = text.partition(" ")
    _check_end(" " + comment if comment else "")
    if word in ("{}", "[]"):
        return {} if word == "{}" else ()
    begins = word.lstrip("-")[:1] in _FIRST  # one of a list may be ``--option=value``
    if not begins or word[-1] == ":" or not _WORD.issuperset(word):
        raise _GivenUp
    return scalar(word)


def _check_end(text: str) -> None:
    """Nothing but a comment may follow a value."""
    if text and (text[0] != " " or text.lstrip(" ")[0] != "#"):
        raise _GivenUp


class _YamlReader:
    """Builds the tree from rows; ``at`` is the row that comes next."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.rows: list[_Row] = []
        self.at = 0
        self.duplicate: str | None = None

    def block(self, indent: int, depth: int = 0) -> TreeNode:
        """The mapping or list that begins with the next row, whose rows have this indent."""
        if self.at >= len(self.rows) or depth > MOST_DEPTH:
            raise _GivenUp
        first = self.rows[self.at]
        value = self._list(indent, depth) if first.key is None else self._mapping(indent, depth)
        if not value:
            raise _GivenUp
        return TreeNode(value, self._path, first.line)

    def _list(self, indent: int, depth: int) -> tuple[TreeNode, ...]:
        items = []
        while (row := self._next(indent)) is not None and row.key is None:
            self.at += 1
            if row.value is _MISSING:
                items.append(self.block(self.rows[self.at].indent, depth + 1))
            else:
                items.append(TreeNode(row.value, self._path, row.line))
        return tuple(items)

    def _mapping(self, indent: int, depth: int) -> dict[str, TreeNode]:
        pairs: dict[str, TreeNode] = {}
        while (row := self._next(indent)) is not None and row.key is not None:
            self.at += 1
            node = TreeNode(row.value, self._path, row.line)
            if row.value is _MISSING:
                node = self._below(indent, depth)._replace(line=row.line)
            if row.key in pairs:
                self.duplicate = self.duplicate or row.key
            pairs[row.key] = node
        return pairs

    def _below(self, indent: int, depth: int) -> TreeNode:
        """The value of a key that has none on its own line."""
        following = self.rows[self.at] if self.at < len(self.rows) else None
        if following is None or following.indent < indent or (following.indent == indent and following.key is not None):
            return TreeNode(None, self._path, 0)
        return self.block(following.indent, depth + 1)

    def _next(self, indent: int) -> _Row | None:
        """The next row if it has this indent."""
        row = self.rows[self.at] if self.at < len(self.rows) else None
        return row if row is not None and row.indent == indent else None
