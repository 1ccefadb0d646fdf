"""Errors of facts: what they say, also where they are made by others, copied or sent to another process."""

from __future__ import annotations

import copy
import pickle

import pytest

from nodecheck.errors import Absent, FactError, ParseError


class Gone(FactError):
    """As a plugin may write one."""

    code = "not-found"

    def __init__(self, name: str) -> None:
        Exception.__init__(self, f"no {name}")


def test_what_it_says() -> None:
    assert str(Absent("/a", "gone", errno=2)) == "/a: gone"
    assert str(Absent("/a")) == "/a: not-found"
    assert str(ParseError("/a", 3, "x", "a number")) == "/a: line 3: expected a number, found 'x'"
    assert (str(Gone("thing")), Gone("thing").source, Gone("thing").errno) == ("no thing", "", None)


@pytest.mark.parametrize("error", [Absent("/a", "gone", 2), ParseError("/a", 3, "x", "a number")])
def test_a_copy_says_the_same(error: FactError) -> None:
    for made in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (type(made), str(made), vars(made)) == (type(error), str(error), vars(error))
