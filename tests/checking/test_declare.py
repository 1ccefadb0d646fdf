"""What a check's parameters declare, on every Python."""

from __future__ import annotations

from typing import Any

import pytest

from nodecheck.checking import Results, check, ok
from nodecheck.profile.validate import Invalid, conform

Sizes = dict[str, int]


@check()
def limited(
    *, most: int | None = None, sizes: Sizes | None = None, names: dict[str, tuple[str, ...] | None] | None = None
) -> Results:
    """Types of a parameter may be joined by ``|``, which types of Python 3.9 do not have."""
    yield ok("it is so")


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [("most", 3, "3"), ("sizes", {"a": 1}, {"a": "b"}), ("names", {"a": ["b"]}, {"a": [1]})],
)
def test_a_parameter_may_be_of_one_type_or_another(name: str, good: Any, bad: Any) -> None:
    kind, default = limited.parameters[name]

    assert default is None
    conform(kind, good, ("check", "limited", name))
    with pytest.raises(Invalid):
        conform(kind, bad, ("check", "limited", name))
