"""``zip(strict=True)`` for Python 3.9, which does not have it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def equal_pairs(ones: Iterable[A], others: Iterable[B]) -> list[tuple[A, B]]:
    """The pairs of two lists, which must be equally long."""
    left, right = list(ones), list(others)
    assert len(left) == len(right), (left, right)
    return list(zip(left, right))
