"""Names in /etc/hosts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nodecheck
from nodecheck.checking import Outcome
from nodecheck.errors import Offline
from nodecheck.facts.cluster.target import SiteNodes
from nodecheck.facts.network.hostname import OwnName
from nodecheck.facts.network.hosts import Hosts, folded, parse_hosts
from nodecheck.facts.network.links import Addresses, AddressRow, spelt
from nodecheck.facts.network.nsswitch import HostsOrder, parse_hosts_order
from nodecheck.facts.network.resolver import Resolver
from nodecheck.facts.network.routes import RouteRow, Routes
from nodecheck.model.steps import Create, Edit, Manual, Step
from nodecheck_checks.network.hosts import hosts
from nodecheck_checks.network.hosts_fixes import mended

NODES = {"master": "192.0.2.1", "node1": "192.0.2.2"}
LOCALHOST = "127.0.0.1 localhost\n::1 localhost\n"
FILES_DNS = parse_hosts_order("hosts: files dns\n")
ADDRESSES = Addresses((AddressRow(2, 24, 0x80, 0, 4, "192.0.2.9"),))
ROUTES = Routes((RouteRow(2, 0, 254, 3, 1, 0, None, 4, "192.0.2.254", None, None, None),))


def judged(
    text: str,
    nodes: dict[str, str] | None = None,
    own: str | None = None,
    order: HostsOrder = FILES_DNS,
    addresses: Addresses | None = ADDRESSES,
    routes: Routes = ROUTES,
) -> dict[str | None, Outcome]:
    def rows() -> Addresses:
        if addresses is None:
            raise Offline("netlink addresses")
        return addresses

    found = hosts(OwnName(own), parse_hosts(text), order, SiteNodes(nodes or {}), rows, lambda: routes, Resolver)
    return {outcome.subject: outcome for outcome in found}


def applied(text: str, steps: tuple[Step, ...]) -> str:
    """The file after the steps, as a plan's script makes them: an edit is of every line that is its ``before``."""
    for step in steps:
        if isinstance(step, Create):
            assert text.strip("\n") == ""  # a script writes no file that holds something else by now
            text = step.content
        else:
            assert isinstance(step, Edit)
            lines = text.split("\n")
            assert lines.count(step.before) == 1 or (step.before in lines and "\n" not in step.after)
            text = "\n".join([step.after if line == step.before else line for line in lines])
    return text


def all_steps(outcomes: dict[str | None, Outcome]) -> tuple[Step, ...]:
    """The steps of all failures, each once, as the plan has them."""
    found: dict[Step, None] = {}
    for outcome in outcomes.values():
        if outcome.status == "fail" and outcome.fix is not None:
            found.update(dict.fromkeys(outcome.fix.steps))
    return tuple(found)


GOOD = LOCALHOST + "192.0.2.1 master\n192.0.2.2 node1\n"


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        LOCALHOST + "192.0.2.1\tMaster.example  MASTER # the first\r\n192.0.2.2 node1\n",
        LOCALHOST + "192.0.2.1 master node9\n192.0.2.2 node1\n2001:db8::1 master\n",
        LOCALHOST + "192.0.2.999 master\n192.0.2.1 master\n192.0.2.2 node1 node1\n",
        "192.0.2.1 master\n192.0.2.2 node1",
    ],
)
def test_the_address_given(text: str) -> None:
    assert {name: outcome.status for name, outcome in judged(text, NODES).items()} == dict.fromkeys(NODES, "pass")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "# nothing\n",
        LOCALHOST,
        LOCALHOST + "192.0.2.3 master\n192.0.2.2 node1\n",
        LOCALHOST + "192.0.2.1 master\n192.0.2.3 master\n192.0.2.2 node1\n",
        "127.0.0.1 localhost master node1\n",
        "127.0.1.1 node1 # Debian\n192.0.2.1 master",
        LOCALHOST + "192.0.2.2 master\n192.0.2.1 node1\n",
        LOCALHOST + "10.0.0.1 master node1\n10.0.0.2 master x node1 y\n",
        LOCALHOST + "10.0.0.1 master\n10.0.0.1 master\n",
        "#192.0.2.1 master\n192.0.2.2 node10\n 192.0.2.2 node1",
        "127.0.0.1 localhost\r\n10.9.9.9 node1\r\n",
    ],
)
def test_the_steps_mend(text: str) -> None:
    before = judged(text, NODES)
    assert "fail" in {outcome.status for outcome in before.values()}

    after = applied(text, all_steps(before))

    assert {outcome.status.value for outcome in judged(after, NODES).values()} == {"pass"}
    assert bool(parse_hosts(after).of("localhost")) == bool(parse_hosts(text).of("localhost"))


def test_only_lines_of_the_name_change() -> None:
    text = "# site\n127.0.0.1\tlocalhost\n10.0.0.7\t node1 n1   # old\n\n192.0.2.1 master\n"
    after = applied(text, all_steps(judged(text, NODES)))

    assert after == ("# site\n127.0.0.1\tlocalhost\n10.0.0.7 n1 # old\n\n192.0.2.1 master\n192.0.2.2 node1\n")


NAMES = st.sampled_from(["master", "node1", "Master", "other", "localhost", "n2"])
IPS = st.sampled_from(["192.0.2.1", "192.0.2.2", "10.0.0.1", "127.0.1.1", "::1", "2001:db8::1", "bad", "192.0.2.01"])
BLANK = st.sampled_from([" ", "\t", "  ", " \t"])


@st.composite
def hosts_lines(draw: st.DrawFn) -> str:
    parts = [draw(st.sampled_from(["", "", " ", "# "])), draw(IPS)]
    for name in draw(st.lists(NAMES, max_size=4)):
        parts += [draw(BLANK), name]
    return "".join([*parts, draw(st.sampled_from(["", "", "\r", " # x master"]))])


@given(st.lists(hosts_lines(), max_size=6), st.sampled_from(["\n", ""]))
def test_whatever_is_there_is_mended_and_nothing_else(lines: list[str], end: str) -> None:
    text = "\n".join(lines) + end
    wanted = {**NODES, "n2": "2001:db8::2"}
    before = judged(text, wanted)
    steps = all_steps(before)
    if any(isinstance(step, Manual) for step in steps):
        kept = [line for line in text.split("\n") if line.strip(" \t\r")]
        assert all(kept.count(line) > 1 for line in kept)
        return

    after = applied(text, steps)

    assert {outcome.status.value for outcome in judged(after, wanted).values()} == {"pass"}
    for name in ("other", "localhost"):
        assert [line.address for line in parse_hosts(after).of(name)] == [
            line.address for line in parse_hosts(text + "\n").of(name)
        ]


def test_names_that_share_a_line_have_one_edit() -> None:
    file = parse_hosts(LOCALHOST + "10.0.0.1 master node1\n")

    steps = mended(file, NODES)

    assert steps["master"] == steps["node1"] or set(steps["master"]) & set(steps["node1"])


@pytest.mark.parametrize(
    ("line", "status", "severity"),
    [
        ("hosts: files dns", "pass", None),
        ("hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns", "pass", None),
        ("hosts: myhostname files", "pass", None),
        ("hosts: resolve dns", "pass", None),
        ("passwd: files", "pass", None),
        ("", "pass", None),
        ("hosts: dns files", "fail", "warning"),
        ("hosts:\tdns [!UNAVAIL=return] files # x", "fail", "error"),
        ("hosts:\tdns\t[TRYAGAIN=return]\tfiles\r", "fail", "warning"),
        ("hosts dns", "fail", "error"),
        (" hosts : files", "pass", None),
        ("hosts: mdns4_minimal [NOTFOUND=return] files dns", "pass", None),
        ("hosts: myhostname [NOTFOUND=return] files", "fail", "error"),
        ("hosts: files [SUCCESS=retrun] dns", "fail", "error"),
        ("hosts: [NOTFOUND=return] files", "fail", "error"),
        ("hosts: dns", "fail", "error"),
        ("hosts: files\nhosts: dns files", "fail", "warning"),
    ],
)
def test_the_order_of_nsswitch(line: str, status: str, severity: str | None) -> None:
    found = judged(GOOD, NODES, order=parse_hosts_order(line))["node1"]

    assert (found.status, found.severity) == (status, severity)
    if found.fix is not None:
        (step,) = found.fix.steps
        assert isinstance(step, Edit)
        assert judged(GOOD, NODES, order=parse_hosts_order(step.after))["node1"].status == "pass"


def test_the_order_is_shown_and_keeps_its_other_words_once() -> None:
    found = judged(GOOD, NODES, order=parse_hosts_order("hosts: dns files"))["node1"]

    assert (found.expected, found.actual) == ("files first", "dns files")
    assert found.fix is not None
    assert found.fix.steps == (Edit("/etc/nsswitch.conf", "hosts: dns files", "hosts: files dns"),)


@pytest.mark.parametrize(
    ("text", "order", "addresses", "status"),
    [
        ("192.0.2.9 me\n", "files dns", ADDRESSES, "pass"),
        ("127.0.1.1 me.example me\n", "files dns", ADDRESSES, "pass"),
        ("192.0.2.8 me\n", "files dns", ADDRESSES, "fail"),
        ("192.0.2.8 me\n", "files dns", None, "pass"),  # offline
        (LOCALHOST, "files dns", ADDRESSES, "fail"),
        (LOCALHOST, "files dns", None, "fail"),
        (LOCALHOST, "files myhostname dns", ADDRESSES, "pass"),
        (LOCALHOST, "resolve dns", ADDRESSES, "pass"),
        ("192.0.2.9 me\n", "dns", ADDRESSES, "fail"),
        ("192.0.2.9 me\n", "dns [NOTFOUND=return] files", ADDRESSES, "fail"),
        ("192.0.2.9 me\n", "dns files", ADDRESSES, "pass"),
    ],
)
def test_the_own_name(text: str, order: str, addresses: Addresses | None, status: str) -> None:
    found = judged(text, own="me", order=parse_hosts_order(f"hosts: {order}"), addresses=addresses)["me"]

    assert found.status == status
    assert status == "pass" or found.severity == "warning"


def test_the_own_name_gets_the_address_of_the_default_route() -> None:
    found = judged(LOCALHOST, own="me")

    assert applied(LOCALHOST, all_steps(found)) == "127.0.0.1 localhost\n::1 localhost\n192.0.2.9 me\n"


def test_the_own_name_gets_no_address_of_another_table_s_route_or_of_none() -> None:
    (row,) = ROUTES.rows
    for other in (row._replace(table=100), row._replace(type=7)):
        (step,) = all_steps(judged(LOCALHOST, own="me", routes=Routes((other,))))
        assert isinstance(step, Manual)


def test_the_own_name_gets_the_address_that_the_site_gave_it() -> None:
    found = judged(LOCALHOST, {"node1": "192.0.2.2"}, own="node1")

    assert applied(LOCALHOST, all_steps(found)) == LOCALHOST + "192.0.2.2 node1\n"


def test_the_own_name_of_the_file_where_the_node_itself_answers() -> None:
    found = judged("192.0.2.9 me\n", own="me", order=parse_hosts_order("hosts: dns myhostname"))["me"]

    assert found.status == "pass"


def test_the_own_name_among_the_nodes_needs_its_address() -> None:
    found = judged(LOCALHOST + "127.0.1.1 node1\n192.0.2.1 master\n", NODES, own="NODE1")

    assert set(found) == {"master", "node1"}
    assert (found["node1"].status, found["node1"].severity) == ("fail", None)


def test_mdns_answers_for_names_in_local_before_the_file_does() -> None:
    text, order = "192.0.2.7 node7.local\n", parse_hosts_order("hosts: mdns4_minimal [NOTFOUND=return] files")

    assert judged(text, {"node7.local": "192.0.2.7"}, order=order)["node7.local"].severity == "error"
    assert judged(text, {"node7.local": "192.0.2.7"})["node7.local"].status == "pass"


SITE = """schema = "nodecheck.profile/1"
name = "site"
extends = "kubernetes"
nodes = { master = "192.0.2.1", node1 = "192.0.2.2" }
"""


def test_the_whole(tree: Callable[[dict[str, str | bytes]], Path]) -> None:
    node = tree({"etc/hosts": GOOD, "etc/hostname": "node1\n", "p.toml": SITE})

    report = nodecheck.run(root=node, profile=node / "p.toml", select=["hosts"])

    assert {result.id: result.status for result in report} == {"hosts[master]": "pass", "hosts[node1]": "pass"}
    assert report["hosts[node1]"].evidence[0] == ("/etc/hosts", "line 4", "192.0.2.2 node1", False)


def test_a_hosts_file_that_cannot_be_read_is_unknown(tree: Callable[[dict[str, str | bytes]], Path]) -> None:
    node = tree({"etc/hosts/x": "", "etc/hostname": "node1\n", "p.toml": SITE})

    report = nodecheck.run(root=node, profile=node / "p.toml", select=["hosts"])

    assert {(result.status.value, result.cause and result.cause.code) for result in report} == {
        ("unknown", "malformed")
    }


def test_spelling() -> None:
    assert parse_hosts("FD00:0::2 a\n").of("A")[0].address == "FD00:0::2"
    assert spelt("FD00:0::2") == "fd00::2"
    assert folded("Ärger") == "Ärger"
    assert Hosts().of("x") == ()
