"""Editing waivers in people's files: what was not meant stays byte for byte, and what cannot be proven is refused."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.errors import UsageError
from nodecheck.profile.waiver_edit import appended, changed, removed, waivers_in

FILE = '''\
# our waivers
schema = "nodecheck.waivers/1"  # the first of its kind

# zram: agreed with the kernel team
[[waiver]]
select = "swap[/dev/zram0]"
  expires = 2027-01-01   # "New Year", they said
reason = """
zram # is
[[waiver]]
wanted"""
"owner" = 'platform'
# the end of zram

# sysctl
[[ waiver ]]
select = "sysctl[a]"
reason = "r"
owner = "o"

expires = 2027-02-02
'''
NEW = {"select": "port", "reason": 'a "b" \\ # c\té🙂', "owner": "o", "expires": date(2027, 3, 3)}


def test_a_new_waiver_comes_last_and_nothing_else_changes() -> None:
    found = appended(FILE, NEW)

    assert found.startswith(FILE + "\n[[waiver]]\n")
    assert waivers_in(found) == [*waivers_in(FILE), NEW]
    assert appended(FILE.rstrip("\n"), NEW) == found


def test_a_value_is_replaced_where_it_stands_with_its_comment() -> None:
    found = changed(FILE, 0, {"expires": date(2028, 1, 1)})

    old, new = '  expires = 2027-01-01   # "New', '  expires = 2028-01-01   # "New'
    assert found == FILE.replace(old, new)


def test_a_value_of_several_lines_is_replaced_and_a_new_key_is_added_at_the_end_of_its_table() -> None:
    found = changed(FILE, 0, {"reason": "short", "ticket": "T-1"})

    assert found == FILE.replace('"""\nzram # is\n[[waiver]]\nwanted"""', '"short"').replace(
        "'platform'\n", "'platform'\nticket = \"T-1\"\n"
    )
    assert changed(FILE, 1, {"ticket": "T"}) == FILE + 'ticket = "T"\n'


def test_a_waiver_goes_with_the_comment_above_it() -> None:
    assert removed(FILE, 0) == (
        '# our waivers\nschema = "nodecheck.waivers/1"  # the first of its kind\n\n# the end of zram\n\n'
        + FILE[FILE.index("# sysctl") :]
    )
    assert removed(FILE, 1) == FILE[: FILE.index("# sysctl") - 1]


def test_lines_end_as_they_did() -> None:
    windows = FILE.replace("\n", "\r\n")
    for found in (appended(windows, NEW), changed(windows, 0, {"ticket": "T", "owner": "x"}), removed(windows, 1)):
        assert found.count("\n") == found.count("\r\n")


@pytest.mark.parametrize(
    "text",
    [
        'waiver = [{ select = "a", reason = "r", owner = "o", expires = 2027-01-01 }]\n',
        'waiver = [\n  { select = "a", reason = "r", owner = "o", expires = 2027-01-01 },\n]\n',
    ],
)
def test_a_list_of_inline_tables_is_left_to_people(text: str) -> None:
    with pytest.raises(UsageError, match="by hand"):
        changed(text, 0, {"owner": "x"})
    with pytest.raises(UsageError, match="by hand"):
        removed(text, 0)
    with pytest.raises(UsageError, match="by hand"):
        appended(text, NEW)


TEXTS = st.text(max_size=20)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=4), st.data())
def test_what_is_written_reads_back(pairs: list[tuple[str, str]], data: st.DataObject) -> None:
    text = 'schema = "x"\n'
    for select, reason in pairs:
        text = appended(text, {"select": select, "reason": reason, "expires": date(2027, 1, 1)})
    assert [(item["select"], item["reason"]) for item in waivers_in(text)] == pairs
    if pairs:
        place = data.draw(st.integers(0, len(pairs) - 1))
        assert waivers_in(changed(text, place, {"reason": "new"}))[place]["reason"] == "new"
        assert len(waivers_in(removed(text, place))) == len(pairs) - 1
