"""Packet filters of a node without Python: what nft and iptables printed gives the verdicts that netlink gives.

Real rulesets in real kernels: each is loaded into a network namespace and read twice, by netlink and by the collector's
own script. ``NODECHECK_NFT=DIR`` takes another ``nft`` than the machine's, of an older release.
"""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.capturing.collected import MOST_JSON
from nodecheck.capturing.collector import ToCollect, script
from nodecheck.capturing.files import read_capture
from nodecheck.capturing.host import CaptureHost
from nodecheck.checking import Outcome
from nodecheck.checking.store import Facts
from nodecheck.errors import Denied, FactError, Malformed, NotCaptured, Unsupported
from nodecheck.facts.cluster.target import Target
from nodecheck.facts.security.firewall_files import UfwConf
from nodecheck.facts.security.netfilter import LegacyTables, NftTables
from nodecheck.facts.security.nft_json import parse_table, parse_tables
from nodecheck.facts.security.nft_tables import NFT_ASKED
from nodecheck.facts.services.running import Services
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host, LiveHost
from nodecheck.host.base import Completed, Question
from nodecheck.plugins import load
from nodecheck.testing import run
from nodecheck_checks.firewall.firewall import firewall
from tests.capturing.shells import HERE, LIMIT_S, text
from tests.facts.security.rulesets import BY_HAND, IPTABLES, KUBE_PROXY, NAMELESS, Drawn, table
from tests.facts.security.test_netfilter import needs
from tests.host.netlink_namespaces import become_nobody, in_namespace

SEED = os.environ.get("NODECHECK_SEED", "1")
OTHER_NFT = os.environ.get("NODECHECK_NFT", "")
RANDOM = 40

each_shell = pytest.mark.parametrize("shell", HERE, ids=lambda shell: str(shell[0]))


@cache
def kernel_script(python: bool = False) -> str:
    """The part of the collector that asks the kernel, on a node with a Python or without one."""
    whole = script(load(), ToCollect((), parts=("kernel",), spaces=()))
    programs = "for k in python3 /usr/libexec/platform-python python2 python;"
    changed = whole if python else whole.replace(programs, "for k in no-python;")
    assert python or changed != whole
    return changed.replace("PATH=/usr/local/sbin", f"PATH={OTHER_NFT}:/usr/local/sbin", 1) if OTHER_NFT else changed


def asked(shell: tuple[str, ...] = HERE[0], python: bool = False, whole: str = "") -> bytes:
    """What the script prints in this namespace."""
    done = subprocess.run(
        [*shell, "-s"],
        input=(whole or kernel_script(python)).encode(),
        capture_output=True,
        check=True,
        timeout=LIMIT_S,
    )
    return done.stdout


def nft(text: str) -> bool:
    return subprocess.run(["nft", "-f", "-"], input=text, text=True, check=False, capture_output=True).returncode == 0


def tables_of(host: Host) -> NftTables | FactError:
    try:
        return Facts(host).get(NftTables)
    except FactError as error:
        return error


def judged(found: NftTables | FactError) -> dict[str | None, Outcome]:
    """What the check of firewalls says of them, all else of the node being nothing."""

    def tables() -> NftTables:
        if isinstance(found, FactError):
            raise found
        return found

    index = UnitIndex({}, {}, {}, frozenset(), complete=False)
    outcomes = firewall(
        tables, LegacyTables, lambda: index, lambda: Services({}), UfwConf, lambda: Target(role="worker"), off=()
    )
    return {outcome.subject: outcome for outcome in outcomes}


def shown(outcomes: dict[str | None, Outcome]) -> dict[str | None, tuple[Any, ...]]:
    return {name: (one.status, one.severity, one.actual, one.message) for name, one in outcomes.items()}


def both(work: Any, shell: tuple[str, ...] = HERE[0]) -> tuple[NftTables | FactError, NftTables | FactError]:
    """The tables that something makes in a namespace, by netlink and by the script."""
    needs("nft")

    def inside() -> tuple[NftTables | FactError, bytes]:
        work()
        return tables_of(LiveHost()), asked(shell)

    by_netlink, raw = in_namespace(inside)
    return by_netlink, tables_of(read_capture(raw, "a capture"))


def same(work: Any, shell: tuple[str, ...] = HERE[0]) -> dict[str | None, Outcome]:
    """Both say the same of what is loaded. An older nft may also say that it is not known."""
    by_netlink, by_nft = map(judged, both(work, shell))
    known = {name: one for name, one in by_nft.items() if not OTHER_NFT or one.status != "unknown"}
    assert shown(known) == {name: one for name, one in shown(by_netlink).items() if name in known}
    return by_netlink


def loaded(text: str) -> Any:
    def work() -> None:
        assert nft(text), text

    return work


@pytest.mark.parametrize("name", BY_HAND)
def test_a_ruleset_by_hand(name: str) -> None:
    same(loaded(BY_HAND[name]))


def test_the_rulesets_by_hand_are_of_each_verdict() -> None:
    """So that a parser that finds nothing, or finds everything, is none."""
    names = ("firewalld", "policy drop at forward", "an interval at forward", "all at forward", "kube-proxy", "jump")
    found = {name: {one.status for one in same(loaded(BY_HAND[name])).values()} for name in names}
    passing = ("an interval at forward", "kube-proxy")
    assert found == {name: {"pass"} if name in passing else {"fail", "pass"} for name in names}


@pytest.mark.parametrize("program", ["iptables-nft", "ip6tables-nft"])
@pytest.mark.parametrize("name", IPTABLES)
def test_rules_of_iptables(name: str, program: str) -> None:
    needs("iptables-nft", "ip6tables-nft")

    def work() -> None:
        for line in IPTABLES[name]:
            done = subprocess.run([program, *line.split(" ")], check=False, capture_output=True)
            assert done.returncode == 0 or program == "ip6tables-nft", (line, done.stderr)

    same(work)


@pytest.mark.parametrize("number", range(RANDOM))
def test_a_random_ruleset(number: int) -> None:
    drawn = Drawn(f"{SEED} {number}")
    taken: list[str] = []

    def work() -> None:
        assert nft("\n".join(drawn.tables)), drawn.tables
        taken.extend(rule for rule in drawn.rules if nft(rule))

    same(work, HERE[number % len(HERE)])
    assert len(taken) * 3 > len(drawn.rules), "most rules are none that the kernel takes"


def test_a_chain_without_a_name_is_unknown() -> None:
    """The one difference: nft prints a text for it, and no rules. What drops beside it is still found."""
    by_netlink, by_nft = map(judged, both(loaded(NAMELESS)))
    assert by_netlink["nftables"].status == "pass"
    if not OTHER_NFT:  # before 1.0 such chains have names
        assert by_nft["nftables"].status == "unknown"
        assert "is not understood" in by_nft["nftables"].message
    beside = NAMELESS + table("c type filter hook input priority 0; policy drop;", name="other")
    by_netlink, by_nft = map(judged, both(loaded(beside)))
    assert by_netlink["nftables"].status == "fail"
    if not OTHER_NFT or by_nft["nftables"].status != "unknown":  # one without `-t` knows nothing
        assert by_nft["nftables"].message == by_netlink["nftables"].message


def test_the_evidence_says_what_told() -> None:
    by_netlink, by_nft = map(judged, both(loaded(BY_HAND["jump"])))
    told = [one["nftables"].evidence for one in (by_netlink, by_nft)]
    assert [item.source for evidence in told for item in evidence or ()] == [
        "netlink nft_rules inet guard",
        "nft -j -t list table inet guard",
    ]


def test_the_whole_script_on_a_node_that_filters() -> None:
    """All facts of this machine, with rules of firewalld, iptables and an administrator."""
    programs = "for k in python3 /usr/libexec/platform-python python2 python;"
    whole = text().replace(programs, "for k in no-python;")

    def work() -> tuple[Any, bytes]:
        assert nft(BY_HAND["firewalld"] + BY_HAND["an interval at forward"] + KUBE_PROXY)
        subprocess.run(["iptables-nft", "-P", "FORWARD", "DROP"], check=True)
        return run(select=["firewall"], view="now"), asked(whole=whole)

    needs("nft", "iptables-nft")
    live, raw = in_namespace(work)
    found = run(read_capture(raw, "a capture"), select=["firewall"], view="now")
    verdicts = [(item.id, item.status, item.message, item.actual) for item in live.results]
    assert [(item.id, item.status, item.message, item.actual) for item in found.results] == verdicts
    assert {item.status for item in found.results} == {"pass", "fail"}


# -- what the script does


@pytest.mark.parametrize("shell", [HERE[0], HERE[-1]], ids=lambda shell: str(shell[0]))
def test_tables_of_others_are_not_asked_for(shell: tuple[str, ...]) -> None:
    """kube-proxy has 100,000 rules of them; by Python's netlink they do not come either."""
    chains = "".join(f"chain s{n} {{ }}\n" for n in range(20_000))
    large = f"table ip kube-more {{\n{chains}}}\n" + "".join(
        f"add rule ip kube-more s{n // 5} ip daddr 10.96.{n >> 8 & 255}.{n & 255} drop\n" for n in range(100_000)
    )
    large += KUBE_PROXY + BY_HAND["jump"]

    def work() -> tuple[Any, bytes, bytes]:
        assert nft(large)
        return tables_of(LiveHost()), asked(shell), asked(shell, python=True)

    needs("nft", "python3")
    live, by_nft, by_python = in_namespace(work)
    assert max(len(by_nft), len(by_python)) < 1 << 17
    expected = shown(judged(live))
    assert expected["nftables"][0] == "fail"
    for raw in (by_nft, by_python):
        assert shown(judged(tables_of(read_capture(raw, "a capture")))) == expected
        assert b"kube-proxy" not in raw.replace(b"|table ip kube-proxy {\n", b"")


@each_shell
def test_no_comment_and_no_prefix_is_said(shell: tuple[str, ...]) -> None:
    rules = "c type filter hook input priority 0;" + "".join(
        f'tcp dport {number} log prefix "{word}-p" accept comment "{word}-c"\n'
        for number, word in enumerate(("plain", "a }b", "x: {y", "password=abc", "a, 'b'"), start=1)
    )

    def work() -> tuple[Any, bytes]:
        assert nft(table(rules))
        return tables_of(LiveHost()), asked(shell)

    needs("nft")
    live, raw = in_namespace(work)
    assert shown(judged(tables_of(read_capture(raw, "a capture")))) == shown(judged(live))
    assert not [word for word in (b"plain", b"}b", b"{y", b"abc", b"'b'") if word in raw]


def test_what_is_too_large_is_unknown() -> None:
    """Each table has its part of the bound; one that is cut is no JSON."""
    rules = "\n".join(f"ip saddr 10.{n >> 16}.{n >> 8 & 255}.{n & 255} tcp dport 1-9 accept" for n in range(9_000))
    text = table(f"c type filter hook input priority 0; {rules}") + table(
        "d type filter hook input priority 0; drop", name="x"
    )

    def work() -> bytes:
        assert nft(text)
        return asked()

    needs("nft")
    raw = in_namespace(work)
    assert len(raw) < MOST_JSON * 3 // 2
    found = judged(tables_of(read_capture(raw, "a capture")))
    assert [found[name].status for name in ("nftables", "iptables")] == ["fail", "unknown"], shown(found)


def test_nothing_is_changed_and_nothing_is_made() -> None:
    def listed() -> bytes:
        return subprocess.run(["nft", "list", "ruleset"], check=True, capture_output=True).stdout

    def work() -> tuple[bytes, bytes, bytes]:
        before = listed()
        asked()
        assert nft(BY_HAND["firewalld"])
        return before, listed(), (asked() and listed())

    needs("nft")
    before, then, after = in_namespace(work)
    assert (before, then) == (b"", after)


def test_another_user_than_root_knows_nothing() -> None:
    def work() -> tuple[bytes, bytes]:
        become_nobody()
        return asked(), b""

    needs("nft")
    found = judged(tables_of(read_capture(in_namespace(work)[0], "a capture")))
    assert {one.status for one in found.values()} == {"unknown"}
    assert all("only root can tell" in one.message for one in found.values())


# -- where nft does not tell


def without(raw: bytes, *names: str) -> CaptureHost:
    """A capture of a node that has not these programs."""
    host = read_capture(raw, "a capture")
    for question in list(host.image.answers):
        if question.verb == "run" and question.arguments[0][0].rpartition("/")[2] in names:
            host.image.answers[question] = FactError("x", "not there")
    return host


@pytest.mark.parametrize("lines", [IPTABLES["ufw"], IPTABLES["kube-proxy"], ("-A FORWARD -j REJECT",)])
def test_iptables_alone_fails_and_never_passes(lines: tuple[str, ...]) -> None:
    """It shows no table of nft(8): those may drop."""

    def work() -> tuple[Any, bytes]:
        for line in lines:
            subprocess.run(["iptables-nft", *line.split(" ")], check=True)
        return tables_of(LiveHost()), asked()

    needs("nft", "iptables-nft")
    live, raw = in_namespace(work)
    expected = {name: one if one[0] == "fail" else ("unknown",) for name, one in shown(judged(live)).items()}
    found = judged(tables_of(without(raw, "nft")))
    assert {name: one if one[0] == "fail" else one[:1] for name, one in shown(found).items()} == expected
    for one in found.values():
        if one.status == "fail":
            assert [item.source for item in one.evidence or ()] == ["iptables-nft-save -t filter"]
    nothing = judged(tables_of(without(raw, "nft", "iptables-nft-save", "ip6tables-nft-save")))
    assert {one.status for one in nothing.values()} == {"unknown"}


ABOUT = '{"metainfo": {"version": "1.0.6", "json_schema_version": 1}}'


@pytest.mark.parametrize(
    ("code", "stdout", "stderr"),
    [
        (1, "", "/usr/sbin/nft: invalid option -- 'j'\n"),  # 0.8
        (1, "", "/usr/sbin/nft: invalid option -- 't'\n"),  # 0.9.0
        (1, "", "Error: JSON support not compiled-in\n"),
        (139, "", ""),
        (0, "", ""),
        (0, "table inet guard {\n}\n", ""),
        (0, "[]", ""),
        (0, '{"nftables": 5}', ""),
        (0, '{"nftables": []}', ""),
        (0, '{"nftables": [{"metainfo": {"json_schema_version": 2}}]}', ""),
        (0, '{"nftables": [{"metainfo": {"version": "x"}}]}', ""),
        (0, '{"nftables": ' * 2000, ""),
        (0, "[" * 100_000, ""),
        (0, f'{{"nftables": [{ABOUT}]}}', "netlink: Error: unknown expression type 'new'\n"),
        (0, f'warning: stmt ops queue have no json callback\n{{"nftables": [{ABOUT}]}}', ""),
    ],
)  # fmt: skip
def test_an_nft_that_prints_something_else_is_unknown(code: int, stdout: str, stderr: str) -> None:
    """Of the table that drops, and of the others: what is not shown may be anybody's."""
    needs("nft")
    host = read_capture(in_namespace(lambda: (nft(BY_HAND["jump"]), asked())[1]), "a capture")
    argv = ("nft", "-j", "-t", "list", "table", "inet", "guard")
    assert judged(tables_of(host))["nftables"].status == "fail" or OTHER_NFT
    host.image.answers[Question("run", (argv,))] = Completed(argv, code, stdout, stderr)
    assert {one.status for one in judged(tables_of(host)).values()} == {"unknown"}


def test_a_listing_of_tables_that_failed_is_no_empty_one() -> None:
    needs("nft")
    host = read_capture(in_namespace(asked), "a capture")
    assert {one.status for one in judged(tables_of(host)).values()} == {"pass"}
    argv = ("nft", "list", "flowtables")
    for answer in (
        Completed(argv, 1, "", "Error: x"), Completed(argv, 0, "", "netlink: x"), Completed(argv, 0, "list of x\n", ""),
        Completed(argv, 1, "", "Operation not permitted"), Completed(argv, 0, "table inet guard {\n}\n", ""),
        Completed(argv, 0, "table inet guard\n", ""), Denied("nft"),
    ):  # fmt: skip
        host.image.answers[Question("run", (argv,))] = answer
        assert {one.status for one in judged(tables_of(host)).values()} == {"unknown"}


def test_a_capture_in_which_nobody_was_asked_is_not_captured() -> None:
    host = read_capture(in_namespace(asked), "a capture")
    for argv in NFT_ASKED:
        host.image.answers.pop(Question("run", (argv,)), None)
    assert isinstance(tables_of(host), NotCaptured)


def test_another_byte_order_is_no_kernel_without_nf_tables() -> None:
    """The kernel's own answer is an errno; without one it did not say that there are no tables."""
    needs("python3", "nft")
    raw = in_namespace(lambda: (nft(BY_HAND["jump"]), asked(python=True))[1])
    assert judged(tables_of(read_capture(raw, "a capture")))["nftables"].status == "fail"
    other = raw.replace(b"\ny 1\n", b"\ny 256\n")
    assert other != raw
    assert isinstance(tables_of(read_capture(other, "a capture")), Unsupported)


# -- the parser


def listing(*expressions: Any, hook: str = "input", family: str = "inet") -> str:
    place = {"family": family, "table": "t"}
    chain = {**place, "name": "c", "type": "filter", "hook": hook, "prio": 0, "policy": "accept"}
    rule = {**place, "chain": "c", "expr": list(expressions)}
    about = json.loads(ABOUT)
    return json.dumps({"nftables": [about, {"chain": chain}, {"rule": rule}]})


DROP = {"drop": None}


@pytest.mark.parametrize(
    ("expressions", "hook", "blocks", "doubt"),
    [
        (({"xt": None}, DROP), "input", True, None),  # before 1.0.6
        (({"xt": None}, DROP), "forward", False, True),
        (({"xt": None},), "input", False, True),
        (({"reject": None},), "input", True, True),
        (({"reject": None},), "forward", False, True),
        (({"later": {}},), "output", False, True),
        (("jump {\n drop\n}",), "forward", False, True),
        (({"jump": {"target": "__chain0"}},), "forward", False, True),
        (({"accept": None, "drop": None},), "input", False, True),
        (({"map": {"key": {"ct": {"key": "state"}}, "data": {"set": []}}},), "input", False, True),  # 1.0.2
        (({"map": {"op": "add", "elem": 1, "data": 2, "map": "@m"}}, DROP), "forward", False, False),
        (({"set": {"op": "add", "elem": 1, "set": "@s"}}, DROP), "forward", False, False),
        (({"match": {}}, {"queue": {"num": 0}}), "input", True, False),
        (({"match": {}}, {"queue": {"num": 0}}), "forward", False, False),
        (({"last": {"used": 1}}, DROP), "forward", True, False),
        (({"flow": {"op": "add"}}, DROP), "forward", False, False),
    ],
)
def test_what_older_and_later_ones_print(
    expressions: tuple[Any, ...], hook: str, blocks: bool, doubt: bool | None
) -> None:
    found = parse_table(listing(*expressions, hook=hook), "inet", "t", "x")
    assert found.blocks() is not None if blocks else found.blocks() is None
    assert doubt is None or (found.doubt() is not None) == doubt


def test_an_old_nft_may_leave_a_statement_out() -> None:
    """At forward the rule may be for some packets only; at input it keeps some out, however many."""
    for version, hook, blocks in (("1.0.3", "forward", True), ("1.0.2", "forward", False), ("0.9.3", "input", True)):
        text = listing({"counter": None}, DROP, hook=hook).replace('"1.0.6"', f'"{version}"')
        found = parse_table(text, "inet", "t", "x")
        assert ((found.blocks() is not None) == blocks, (found.blocks() or found.doubt()) is not None) == (True, True)


KNOWN = st.sampled_from((
    {"match": {}}, {"counter": None}, {"counter": "x"}, {"accept": None}, DROP, {"log": None}, {"limit": {}},
    {"xt": {"type": "match", "name": "comment"}}, {"xt": {"type": "target", "name": "REJECT"}}, {"return": None},
    {"reject": {"type": "tcp reset"}}, {"vmap": {"key": 1, "data": "@x"}},
))  # fmt: skip


@given(st.lists(KNOWN, min_size=1, max_size=5), st.integers(0, 4), st.sampled_from(("input", "forward")))
def test_a_statement_that_is_not_known_never_makes_a_pass(expressions: list[Any], place: int, hook: str) -> None:
    """Put in the place of any other, which may have been the one that drops, it fails or leaves it open."""
    expressions[place % len(expressions)] = {"new": {"x": 1}}
    found = parse_table(listing(*expressions, hook=hook), "inet", "t", "x")
    assert (found.blocks() or found.doubt()) is not None


WORDS = (
    "nftables", "metainfo", "json_schema_version", "chain", "rule", "expr", "family", "table", "name", "hook", "type",
    "policy", "jump", "target", "xt", "reject", "drop",
)  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.sampled_from(("ip", "t", "c", "accept")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=20,
)


@given(st.text(max_size=200) | ANYTHING.map(lambda value: f'{{"nftables": [{ABOUT}, {json.dumps(value)}]}}'))
def test_no_text_crashes_it(text: str) -> None:
    for parse in (lambda: parse_table(text, "ip", "t", "x"), lambda: parse_tables(text, "x")):
        try:
            parse()
        except Malformed:
            continue
