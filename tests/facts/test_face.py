"""The public face of the facts: every fact has one name there, for type checkers and at run time."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

import nodecheck.facts
from tests.facts.test_sources import all_facts

PAGE = Path(nodecheck.facts.__file__ or "").read_text()


def test_every_fact_is_in_the_face() -> None:
    public = {fact.__name__: fact.__module__ for fact in all_facts() if not fact.__name__.startswith("_")}
    homes = {name: f"nodecheck.facts.{home}" for name, home in nodecheck.facts._HOMES.items()}

    assert homes == public
    assert dict(re.findall(r"^    from (\S+) import \w+ as (\w+)$", PAGE, re.M)) != {}
    assert {name: home for home, name in re.findall(r"^    from (\S+) import \w+ as (\w+)$", PAGE, re.M)} == public


def test_a_name_is_imported_when_it_is_first_used() -> None:
    assert nodecheck.facts.Swaps is import_module("nodecheck.facts.swap.swaps").Swaps
    assert "Swaps" in dir(nodecheck.facts)
    with pytest.raises(AttributeError):
        _ = nodecheck.facts.NoSuchFact
