"""What YAML and JSON become: a tree whose values know their lines."""

from __future__ import annotations

from collections.abc import Mapping

from nodecheck.record import NamedTuple
from nodecheck.text import is_digits
from nodecheck.typed import Any


class Number:
    """A number, as written. It is no record: what looks for a list (a tuple) must not find one in it.

    >>> Number("1.5"), Number("7") == Number("7"), Number("7") == Number("7.0")
    (Number(text='1.5'), True, False)
    """

    __slots__ = ("of_yaml", "text")

    def __init__(self, text: str, of_yaml: bool = False) -> None:
        self.text = text
        self.of_yaml = of_yaml

    @property
    def json(self) -> str:
        """As JSON has it: sigs.k8s.io/yaml makes JSON of YAML before anything is decoded.

        go-yaml 2 reads whole numbers as ``strconv.ParseInt`` with base 0 does, underscores left out, and the others as
        floats; ``encoding/json`` writes a float without a fraction as a whole number (up to 1e21).

        >>> [Number(text, of_yaml=True).json for text in ("110", "1e+06", "110.0", "0x6e", "1_000", "+5", "010", "0.5")]
        ['110', '1000000', '110', '110', '1000', '5', '8', '0.5']
        >>> Number("110.0").json
        '110.0'
        """
        if not self.of_yaml or (is_digits(self.text) and self.text[0] != "0"):
            return self.text
        return _json_of(self.text.replace("_", ""))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Number) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Number(text={self.text!r})"


class TreeNode(NamedTuple):
    """A value and where it is."""

    value: Any
    """None, bool, str, Number, a dict of Nodes by key, or a tuple of Nodes."""
    path: str
    line: int
    """1-based; of a value of a mapping it is the key's. 0 where nobody asked for it."""


def text_of(tree: Mapping[str, TreeNode], key: str) -> str:
    """The string at a key; "" where there is none, or something else."""
    node = tree.get(key)
    return node.value if node is not None and isinstance(node.value, str) else ""


def object_of(tree: Mapping[str, TreeNode], key: str) -> Mapping[str, TreeNode]:
    """The mapping at a key; {} where there is none, or something else."""
    node = tree.get(key)
    return node.value if node is not None and isinstance(node.value, dict) else {}


class Document(NamedTuple):
    """A text that was read."""

    root: TreeNode
    duplicate: str | None = None
    """A key that one mapping has twice."""


class Malformation(Exception):
    """The text is not JSON, or not YAML; ``line`` is 1-based."""

    def __init__(self, detail: str, line: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.line = line


_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
}


def scalar(text: str, plain: bool = True, tag: str | None = None) -> bool | str | Number | None:
    """A scalar as go-yaml 2 resolves it: what is quoted is a string.

    >>> scalar("no"), scalar("no", plain=False), scalar("1.5"), scalar("10s"), scalar("5", tag="tag:yaml.org,2002:str")
    (False, 'no', Number(text='1.5'), '10s', '5')
    """
    explicit = (tag or "").rpartition(":")[2]
    if (not plain and not explicit) or explicit in ("str", "!"):
        return text
    if text in _WORDS:
        return _WORDS[text]
    return Number(text, of_yaml=True) if text[:1] in "+-.0123456789" and _is_number(text) else text


def _is_number(text: str) -> bool:
    body = text.lstrip("+-").replace("_", "")
    if body[:2].lower() in ("0x", "0o", "0b"):
        return len(body) > 2 and all(char in "0123456789abcdefABCDEF" for char in body[2:])
    if body.lower() in (".inf", ".nan"):
        return True
    mantissa, power, exponent = body.replace("E", "e").partition("e")
    if power and not is_digits(exponent[exponent[:1] in ("+", "-") :]):
        return False
    whole, _, rest = mantissa.partition(".")
    return is_digits(whole + rest)


def _json_of(text: str) -> str:
    octal = text.lstrip("+-")[:1] == "0" and is_digits(text.lstrip("+-"))
    try:
        return str(int(text, 8 if octal else 0))
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:  # .inf and .nan, which are no JSON
        return text
    return str(int(number)) if abs(number) < 1e21 and number == int(number) else repr(number)
