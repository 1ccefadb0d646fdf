"""What a profile wants of a value: ``1``, ``>=262144``, ``!=0``, ``0|1|2``."""

from __future__ import annotations

from collections.abc import Callable

_COMPARE: dict[str, Callable[[int, int], bool]] = {
    ">=": lambda have, want: have >= want,
    "<=": lambda have, want: have <= want,
    "!=": lambda have, want: have != want,
    "==": lambda have, want: have == want,
    ">": lambda have, want: have > want,
    "<": lambda have, want: have < want,
}
"""Longer operators first, so that ``>=`` is not read as ``>``."""


def split_wanted(wanted: str) -> tuple[str, str]:
    """Operator (``==`` where none is written) and operand.

    >>> split_wanted(">= 262144"), split_wanted("1")
    (('>=', '262144'), ('==', '1'))
    """
    for operator in _COMPARE:
        if wanted.startswith(operator):
            return operator, wanted[len(operator) :].strip(" \t")
    return "==", wanted.strip(" \t")


def whole_number(text: str) -> int | None:
    """The decimal number that a text is; None where it is none.

    >>> whole_number("-3"), whole_number("1_0"), whole_number("")
    (-3, None, None)
    """
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) <= 40:
        return int(text)
    return None


def verify_wanted(wanted: str) -> None:
    """Raise ValueError for what :func:`meets` cannot judge, and for what would be a line of its own in a file."""
    if "\n" in wanted or "\r" in wanted or "\0" in wanted:
        raise ValueError(f"expected a value of one line, found {wanted!r}")
    for part in wanted.split("|"):
        operator, operand = split_wanted(part)
        if not operand:
            raise ValueError(f"expected a value or a comparison such as >=262144, found {wanted!r}")
        if operator not in ("==", "!=") and whole_number(operand) is None:
            raise ValueError(f"expected a number after {operator}, found {operand!r}")


def meets(value: str, wanted: str) -> bool:
    """Whether a value is what is wanted; ``|`` separates alternatives, blanks between words are one.

    >>> meets("262144", ">=65530"), meets("2", "0|1"), meets("4096\\t131072", "4096 131072"), meets("01", "1")
    (True, False, True, True)
    """
    return any(_meets(value, part) for part in wanted.split("|"))


def _meets(value: str, part: str) -> bool:
    operator, operand = split_wanted(part)
    have, want = whole_number(value), whole_number(operand)
    if have is not None and want is not None:
        return _COMPARE[operator](have, want)
    same = _words(value) == _words(operand)
    return same if operator == "==" else operator == "!=" and not same


def _words(text: str) -> list[str]:
    return [word for word in text.replace("\t", " ").split(" ") if word]


def value_for(wanted: str) -> str | None:
    """A value that meets what is wanted, the nearest; None where that takes a person.

    >>> value_for(">=262144"), value_for("<3"), value_for("0|1"), value_for("!=0")
    ('262144', '2', '0', None)
    """
    operator, operand = split_wanted(wanted.split("|")[0])
    if operator == "!=":
        return None
    number = whole_number(operand)
    if operator in (">", "<") and number is not None:
        return str(number + 1 if operator == ">" else number - 1)
    return operand
