"""What is absent is None; what cannot be looked at is still an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.errors import Malformed, TooLarge
from nodecheck.host import RootHost, exists
from nodecheck.host.base import stat_or_none, text_or_none, texts


@pytest.fixture
def host(tmp_path: Path) -> RootHost:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/a").write_bytes(b"one \xff\n")
    (tmp_path / "etc/b").write_text("two\n")
    (tmp_path / "etc/loop").symlink_to("loop")
    return RootHost(str(tmp_path))


def test_a_text_or_none(host: RootHost) -> None:
    assert (text_or_none(host, "/etc/a"), text_or_none(host, "/etc/none"), text_or_none(host, "/no/such")) == (
        "one \udcff\n", None, None,
    )  # fmt: skip
    with pytest.raises(TooLarge):
        text_or_none(host, "/etc/a", 3)
    with pytest.raises(Malformed):
        text_or_none(host, "/etc")


def test_the_texts_that_are_there_in_order(host: RootHost) -> None:
    assert list(texts(host, ("/etc/b", "/etc/none", "/etc/a"))) == [("/etc/b", "two\n"), ("/etc/a", "one \udcff\n")]
    found = texts(host, ("/etc/a", "/etc/loop"))
    assert next(found)[0] == "/etc/a"
    with pytest.raises(Malformed):
        next(found)


def test_what_is_at_a_path_or_none(host: RootHost) -> None:
    there = stat_or_none(host, "/etc")

    assert there is not None
    assert (there.kind, stat_or_none(host, "/etc/none"), exists(host, "/etc/none")) == ("dir", None, False)
    for look in (stat_or_none, exists):
        with pytest.raises(Malformed):
            look(host, "/etc/loop")
