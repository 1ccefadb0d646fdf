"""The cheap JSON is that of the standard library."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.json_text import json_text
from nodecheck.model.evidence import seen
from nodecheck.model.outcomes import Status

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
)


@given(VALUES, st.booleans())
def test_it_is_what_the_standard_library_writes(value: object, sort_keys: bool) -> None:
    assert json_text(value) == json.dumps(value)
    short = json_text(value, separators=(",", ":"), sort_keys=sort_keys)
    assert short == json.dumps(value, separators=(",", ":"), sort_keys=sort_keys)


@pytest.mark.parametrize("value", [Status.PASS, [Status.FAIL], seen("/etc/fstab", "\udcff", line=3), {1: 2, None: 3}])
def test_records_and_words(value: object) -> None:
    assert json_text(value) == json.dumps(value)


def test_what_is_no_json() -> None:
    circle: list[object] = []
    circle.append(circle)
    for value, error in (({1}, TypeError), (circle, ValueError), ({(1,): 2}, TypeError)):
        with pytest.raises(error):
            json.dumps(value)
        with pytest.raises(error):
            json_text(value)
    assert json_text({1}, default=str) == json.dumps({1}, default=str)
