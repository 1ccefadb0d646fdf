"""The cheap NamedTuple is typing.NamedTuple to whoever uses it."""

from __future__ import annotations

import inspect
import json
import pickle
import sys
import typing
from typing import Any

import pytest

from nodecheck.record import NamedTuple


class Cheap(NamedTuple):
    """A record."""

    path: str
    size_kib: int = 0
    tags: tuple[str, ...] = ()

    @property
    def doubled(self) -> int:
        """Twice the size."""
        return 2 * self.size_kib


class Stock(typing.NamedTuple):
    """A record."""

    path: str
    size_kib: int = 0
    tags: tuple[str, ...] = ()


KINDS: tuple[Any, ...] = (Cheap, Stock)


def test_it_is_a_named_tuple() -> None:
    for kind in KINDS:
        one = kind("/dev/sda2", tags=("a",))
        assert one == ("/dev/sda2", 0, ("a",))
        assert (one.path, one.size_kib, one.tags) == one
        assert one._replace(size_kib=3) == kind("/dev/sda2", 3, ("a",))
        assert one._asdict() == {"path": "/dev/sda2", "size_kib": 0, "tags": ("a",)}
        assert kind._fields == ("path", "size_kib", "tags")
        assert kind._field_defaults == {"size_kib": 0, "tags": ()}
        assert kind._make(["/a", 1, ()]) == kind("/a", 1)
        assert repr(one) == f"{kind.__name__}(path='/dev/sda2', size_kib=0, tags=('a',))"
        assert hash(one) == hash(tuple(one))
        assert pickle.loads(pickle.dumps(one)) == one
        assert type(pickle.loads(pickle.dumps(one))) is kind
        assert json.dumps(one) == '["/dev/sda2", 0, ["a"]]'
        assert kind.__doc__ == "A record."
        with pytest.raises(AttributeError):
            one.path = "x"
        with pytest.raises(AttributeError):
            one.other = "x"
        if sys.version_info >= (3, 10):  # whose syntax no older Python can read
            names: dict[str, Any] = {"kind": kind, "one": one}
            exec("match one:\n    case kind(path, size):\n        found = (path, size)\n", names)
            assert names["found"] == ("/dev/sda2", 0)
    assert Cheap("x", 2).doubled == 4


@pytest.mark.parametrize(
    ("values", "named"),
    [((), {}), (("a", 1, (), 2), {}), (("a",), {"path": "b"}), (("a",), {"colour": "b"}), (("a", 1), {"size_kib": 2})],
)
def test_wrong_values_are_refused(values: tuple[object, ...], named: dict[str, object]) -> None:
    for kind in KINDS:
        with pytest.raises(TypeError):
            kind(*values, **named)


def test_a_constructor_has_the_names_of_the_fields() -> None:
    if sys.version_info < (3, 14):
        assert str(inspect.signature(Cheap.__new__)) == "(_, path, size_kib=0, tags=())"
    with pytest.raises(TypeError, match="path"):
        Cheap(size_kib=3)  # type: ignore[call-arg]


@pytest.mark.parametrize("count", [0, 1, 10, 11, 40])
def test_any_number_of_fields(count: int) -> None:
    names = [f"n{number}" for number in range(count)]
    fields = "\n".join([f"    {name}: int = {number}" for number, name in enumerate(names)]) or "    pass"
    space: dict[str, Any] = {"NamedTuple": NamedTuple}
    exec(f"class Many(NamedTuple):\n{fields}\n", space)
    kind = space["Many"]

    assert kind() == tuple(range(count))
    assert kind(*range(1, count + 1)) == tuple(range(1, count + 1))
    assert kind(**{names[-1]: 7})[-1] == 7 if names else True


def test_wrong_changes_are_refused() -> None:
    for kind in KINDS:
        with pytest.raises((ValueError, TypeError)):
            kind("a")._replace(colour="b")


def test_a_changed_copy_is_made_as_copy_replace_asks_for_it() -> None:
    """``copy.replace`` is Python 3.13's, and ``__replace__`` what it calls."""
    kinds = KINDS if sys.version_info >= (3, 13) else KINDS[:1]
    for kind in kinds:
        assert kind("/dev/sda2").__replace__(size_kib=3) == kind("/dev/sda2", 3)
