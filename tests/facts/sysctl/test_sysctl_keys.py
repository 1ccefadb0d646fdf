"""Spelling of keys, and globs against the C library's."""

from __future__ import annotations

import ctypes
import random

from hypothesis import given
from hypothesis import strategies as st

from nodecheck.formats.sysctl_keys import component_matches, dotted, glob_matches, key_path, spelled

PERIOD = 1 << 2


@given(st.lists(st.text("ab.1-_", min_size=1).filter(lambda part: part.strip(".")), min_size=1, max_size=5))
def test_a_path_has_one_spelling(parts: list[str]) -> None:
    path = "/".join(["net", *parts])
    assert key_path(dotted(path)) == path
    assert spelled(spelled(path)) == spelled(path)


def test_components_match_as_fnmatch_says() -> None:
    fnmatch = ctypes.CDLL(None).fnmatch
    dice = random.Random(3)
    for _ in range(4000):
        pattern = "".join(dice.choices("ab.*?[]!^-\\c", k=dice.randint(0, 7)))
        name = "".join(dice.choices("abc.-]", k=dice.randint(1, 5)))
        truth = fnmatch(pattern.encode(), name.encode(), PERIOD) == 0
        assert component_matches(pattern, name) == truth, (pattern, name)


def test_a_pattern_longer_than_any_path_matches_nothing() -> None:
    assert not glob_matches("*" * 5000, "vm")
    assert glob_matches("*/*a*", "vm/ab")
