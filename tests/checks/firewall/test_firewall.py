"""Firewalls: what filters now, and what the next boot starts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck import Report, Result
from nodecheck.checking import Evidence
from nodecheck.errors import Denied, FactError, Offline
from nodecheck.facts.cluster.target import Target
from nodecheck.facts.security.filter_tables import FilterChain, FilterTable, NftVerdict, parse_saved
from nodecheck.facts.security.firewall_files import UfwConf
from nodecheck.facts.security.netfilter import LegacyTables, NftTables
from nodecheck.facts.services.running import Services, ServiceState
from nodecheck.facts.services.units import Entry, UnitIndex
from nodecheck.model.steps import Command
from nodecheck_checks.firewall.firewall import firewall
from nodecheck_checks.firewall.ports import needed_ports
from nodecheck_checks.firewall.wanted import firewall_text
from tests.facts.security.test_netfilter import SAVED, needs
from tests.fix.apply import applied
from tests.host.netlink_namespaces import become_nobody, in_namespace

Tree = Callable[[dict[str, "str | bytes"]], Path]

UNITS = "/usr/lib/systemd/system"
NAMES = ("firewalld", "iptables", "nftables", "ufw")
ZONE = "[Service]\nExecStart=/usr/sbin/firewalld\n[Install]\nWantedBy=multi-user.target\n"


def index_of(*units: str) -> UnitIndex:
    return UnitIndex({unit: (Entry(f"{UNITS}/{unit}", None),) for unit in units}, {}, {}, frozenset(), complete=False)


def raising(error: FactError) -> Callable[[], object]:
    def get() -> object:
        raise error

    return get


def judged(
    *tables: FilterTable,
    units: tuple[str, ...] = (),
    state: str | None = None,
    hidden: FactError | None = None,
    conf: UfwConf = UfwConf(),  # noqa: B008 - immutable
    off: tuple[str, ...] = (),
    loaded: bool = True,
) -> dict[str | None, nodecheck.checking.Outcome]:
    states = {unit: ServiceState("loaded", state or "inactive", "dead") for unit in units if loaded}
    found = firewall(
        raising(hidden) if hidden else lambda: NftTables(tables),
        raising(hidden) if hidden else LegacyTables,
        lambda: index_of(*units),
        lambda: Services(states),
        lambda: conf,
        lambda: Target(role="worker", kubernetes="1.34", cni="flannel"),
        off=off,
    )
    return {outcome.subject: outcome for outcome in found}


def table(name: str, *rules: str, family: str = "inet", policy: str = "accept") -> FilterTable:
    chain = FilterChain("input", "input", policy, tuple(NftVerdict(rule) for rule in rules))
    return FilterTable(family, name, (chain,), f"netlink nft_rules {family} {name}")


def iptables_table() -> FilterTable:
    return next(table for table in parse_saved(SAVED, "ip", "netlink nft_rules ip filter") if table.name == "filter")


def test_nothing_filters() -> None:
    assert {name: found.status for name, found in judged().items()} == dict.fromkeys(NAMES, "pass")


def test_a_warning_names_the_ports() -> None:
    found = judged(table("guard", "drop"))["nftables"]

    assert (found.status, found.severity) == ("fail", "warning")
    assert "10250/tcp, 10256/tcp, 30000-32767/tcp, 30000-32767/udp, 8472/udp" in found.message
    assert found.fix is not None
    assert found.fix.safety == "manual"


def test_what_is_not_understood_is_unknown_where_nothing_else_drops() -> None:
    doubtful = table("guard", "accept", "unknown x")

    assert {name: found.status for name, found in judged(doubtful).items()} == {
        **dict.fromkeys(NAMES, "pass"),
        "nftables": "unknown",
    }
    assert "not understood: x" in judged(doubtful)["nftables"].message
    assert judged(doubtful, table("other", "drop"))["nftables"].status == "fail"
    assert judged(table("guard", "unknown x", "drop"))["nftables"].status == "fail"


def test_firewalld_that_runs_fails_whatever_hides_its_rules() -> None:
    problem = FactError("netlink nft_chains", "no buffer space available")
    found = judged(units=("firewalld.service",), state="active", hidden=problem)

    assert {name: one.status for name, one in found.items()} == {
        **dict.fromkeys(NAMES, "unknown"),
        "firewalld": "fail",
    }
    assert "only root" not in found["ufw"].message


def test_an_error_where_the_profile_wants_it_off() -> None:
    found = judged(iptables_table(), units=("iptables.service",), off=("iptables",))["iptables"]

    assert (found.status, found.severity, "ports" in found.message) == ("fail", "error", False)
    assert found.fix is not None
    assert (found.fix.safety, found.fix.steps) == (
        "disruptive",
        (Command(("systemctl", "stop", "iptables.service")),),
    )


def test_each_family_of_iptables_has_its_own_service() -> None:
    six = iptables_table()._replace(family="ip6")
    units = ("iptables.service", "ip6tables.service")

    both = judged(iptables_table(), six, units=units, off=("iptables",))["iptables"].fix
    one = judged(six, units=units[:1], off=("ip6tables",))["iptables"].fix

    assert both is not None
    assert one is not None
    assert both.steps == tuple(Command(("systemctl", "stop", unit)) for unit in units)
    assert one.safety == "manual"


def test_both_services_of_iptables_are_disabled(tree: Tree) -> None:
    root = tree(
        {
            **FILES["iptables"],
            f"{UNITS}/ip6tables.service": ZONE,
            "/etc/sysconfig/ip6tables": SAVED,
        }
    )
    for unit in ("iptables.service", "ip6tables.service"):
        enable(root, unit)
    found = boot(root, "iptables", strict=True)
    assert found.status == "fail"

    applied(root, found.fix)

    assert boot(root, "iptables", strict=True).status == "pass"


def test_a_table_of_nft_is_deleted_alone_and_twice_if_need_be() -> None:
    found = judged(table("guard", "drop"), table("mine", "accept"), off=("nftables",))["nftables"]

    assert found.fix is not None
    assert found.fix.steps == (
        Command(("nft", "add", "table", "inet", "guard")),
        Command(("nft", "delete", "table", "inet", "guard")),
    )


@pytest.mark.parametrize("name", ["a b", 'a"b', "-x", "1x", "ü"])
def test_a_table_whose_name_nft_does_not_take_is_not_named_to_it(name: str) -> None:
    found = judged(table(name, "drop"), off=("nftables",))["nftables"]

    assert found.fix is not None
    assert found.fix.safety == "manual"


@pytest.mark.parametrize(("state", "status"), [("active", "fail"), ("activating", "fail"), ("inactive", "pass")])
def test_firewalld_is_what_systemd_says(state: str, status: str) -> None:
    found = judged(units=("firewalld.service",), state=state)["firewalld"]

    assert found.status == status


def test_firewalld_that_systemd_has_not_loaded_is_off() -> None:
    found = judged(units=("firewalld.service",), loaded=False)["firewalld"]

    assert (found.status, found.actual) == ("pass", "off")


def test_what_a_pass_rests_on() -> None:
    units = ("nftables.service",)
    assert judged(units=units)["nftables"].evidence == (Evidence("netlink nft_chains", None, "no table of nftables"),)
    harmless = judged(table("mine", "accept"), units=units)["nftables"]
    assert [item.value for item in harmless.evidence] == ["table inet mine keeps nothing out"]
    absent = judged()["nftables"]
    assert (harmless.actual, absent.actual) == ("off", "not installed")
    assert absent.evidence[-1] == Evidence(f"{UNITS}/nftables.service")


def test_rules_that_firewalld_left_count() -> None:
    found = judged(table("firewalld", "reject"), units=("firewalld.service",))["firewalld"]

    assert found.status == "fail"


def test_a_unit_that_is_done_proves_nothing() -> None:
    found = judged(units=("nftables.service", "ufw.service", "iptables.service"), state="active")

    assert {name: outcome.status for name, outcome in found.items()} == dict.fromkeys(NAMES, "pass")


@pytest.mark.parametrize("units", [(), ("nftables.service", "ufw.service", "firewalld.service", "iptables.service")])
@pytest.mark.parametrize(
    "conf", [UfwConf(), UfwConf(True, False, "no", 1, "ENABLED=no"), UfwConf(True, True, "yes", 1)]
)
def test_without_root_rules_that_cannot_be_read_are_unknown(units: tuple[str, ...], conf: UfwConf) -> None:
    """Rules are there without a unit, and outlive one that was stopped or disabled."""
    found = judged(units=units, hidden=Denied("netlink nft_chains", "operation not permitted"), conf=conf)

    assert {name: outcome.status for name, outcome in found.items()} == dict.fromkeys(NAMES, "unknown")
    assert {outcome.cause.code for outcome in found.values() if outcome.cause is not None} == {"denied"}


def test_without_root_a_firewalld_that_runs_fails() -> None:
    denied = Denied("netlink nft_chains", "operation not permitted")

    assert judged(units=("firewalld.service",), hidden=denied, state="active")["firewalld"].status == "fail"


DROPS = "table ip mine { chain in { type filter hook input priority 0; policy drop; } }"
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all")


def told_to_nobody() -> str:
    """Drop everything in a network namespace, and say what a user without rights is told of it."""
    subprocess.run(["nft", "-f", "-"], input=DROPS, text=True, check=True)
    run = [sys.executable, "-m", "nodecheck", "run", "--json", "--select", "firewall@now"]
    done = subprocess.run([*NOBODY, *run], capture_output=True, text=True, check=False)
    return done.stdout or done.stderr


@pytest.mark.skipif(shutil.which("nft") is None, reason="nft(8) is not installed")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv(1) is not installed")
def test_a_user_without_rights_is_not_told_that_nothing_filters() -> None:
    told = in_namespace(told_to_nobody)
    if not told.startswith("{"):
        pytest.skip(f"nobody cannot run nodecheck here: {told.strip()[-200:]}")

    statuses = {item["subject"]: item["status"] for item in json.loads(told)["results"] if item["check"] == "firewall"}
    assert set(statuses) == set(NAMES)
    assert set(statuses.values()) == {"unknown"}


def test_a_host_that_does_not_run_is_skipped() -> None:
    found = judged(hidden=Offline("netlink nft_chains", "only the running kernel can tell"))

    assert {outcome.status for outcome in found.values()} == {"skip"}


# --- the next boot ------------------------------------------------------------------------------------------------


def enable(root: Path, unit: str) -> None:
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    (wants / unit).symlink_to(f"{UNITS}/{unit}")


def run(root: Path, *, strict: bool = False) -> Report:
    (root / "p.toml").write_text(
        'schema = "nodecheck.profile/1"\nname = "t"\nextends = "kubernetes"\n'
        + ('[check.firewall]\noff = ["firewalld", "ip6tables", "nftables", "ufw"]\n' if strict else "")
    )
    return nodecheck.run(root=root, profile=root / "p.toml", select=["firewall"])


def boot(root: Path, name: str, *, strict: bool = False) -> Result:
    return run(root, strict=strict)[f"firewall[{name}]@boot"]


DROPS = "table inet f {\n chain i {\n  type filter hook input priority 0; policy drop;\n }\n}\n"
FILES = {
    "firewalld": {f"{UNITS}/firewalld.service": ZONE},
    "iptables": {f"{UNITS}/iptables.service": ZONE, "/etc/sysconfig/iptables": SAVED},
    "nftables": {
        f"{UNITS}/nftables.service": "[Service]\nExecStart=/usr/sbin/nft -f /etc/nftables.conf\n",
        "/etc/nftables.conf": 'flush ruleset\ninclude "/etc/nftables.d/*.nft"\n',
        "/etc/nftables.d/a.nft": DROPS,
    },
    "ufw": {f"{UNITS}/ufw.service": ZONE, "/etc/ufw/ufw.conf": "# x\nENABLED=yes\nLOGLEVEL=low\n"},
}


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_enabled_at_boot_and_its_fix(tree: Tree, name: str) -> None:
    root = tree(FILES[name])  # type: ignore[arg-type]
    assert boot(root, name, strict=True).status == "pass"
    enable(root, f"{name}.service")
    found = boot(root, name, strict=True)
    assert (found.status, found.severity) == ("fail", "error")
    assert found.fix is not None
    assert found.fix.safety == "disruptive"
    assert boot(root, name).severity == "warning"

    applied(root, found.fix)

    assert boot(root, name, strict=True).status == "pass"


def test_what_the_text_of_another_unit_pulls_in_is_masked(tree: Tree) -> None:
    root = tree(
        {
            f"{UNITS}/firewalld.service": "[Service]\nExecStart=/x\n",
            f"{UNITS}/guard.service": "[Unit]\nWants=firewalld.service\n[Service]\nExecStart=/x\n",
        }
    )
    enable(root, "guard.service")
    found = boot(root, "firewalld", strict=True)
    assert (found.status, found.evidence[0].source) == ("fail", f"{UNITS}/guard.service")

    applied(root, found.fix)

    assert boot(root, "firewalld", strict=True).status == "pass"


def test_an_absent_unit_passes_and_says_what_was_looked_for(tree: Tree, name: str) -> None:
    found = boot(tree({"/usr/lib/systemd/system/sysinit.target": ""}), name)

    assert found.status == "pass"
    assert found.evidence[-1].value is None


def test_a_root_without_any_unit_tells_nothing(tree: Tree, name: str) -> None:
    """As a mount point to which nothing is mounted."""
    found = boot(tree({}), name)

    assert (found.status, found.cause and found.cause.code) == ("unknown", "not-found")


@pytest.mark.parametrize("by", ["a link of the system's own", "the text of another unit"])
def test_what_disabling_would_not_turn_off_is_masked(tree: Tree, by: str) -> None:
    root = tree(FILES["firewalld"])  # type: ignore[arg-type]
    enable(root, "firewalld.service")
    assert boot(root, "firewalld", strict=True).fix.steps == (Command(("systemctl", "disable", "firewalld.service")),)  # type: ignore[union-attr]

    if by == "the text of another unit":
        (root / UNITS.lstrip("/") / "x.service").write_text(
            "[Unit]\nWants=firewalld.service\n[Service]\nExecStart=/x\n"
        )
        enable(root, "x.service")
    else:
        wants = root / f"{UNITS.lstrip('/')}/multi-user.target.wants"
        wants.mkdir()
        (wants / "firewalld.service").symlink_to("../firewalld.service")

    assert boot(root, "firewalld", strict=True).fix.steps == (Command(("systemctl", "mask", "firewalld.service")),)  # type: ignore[union-attr]

    (root / UNITS.lstrip("/") / "firewalld.service").rename(root / "etc/systemd/system/firewalld.service")
    assert boot(root, "firewalld", strict=True).fix.safety == "manual"  # type: ignore[union-attr]


def test_the_dbus_alias_is_the_same_unit(tree: Tree) -> None:
    root = tree(FILES["firewalld"])  # type: ignore[arg-type]
    alias = root / "etc/systemd/system/dbus-org.fedoraproject.FirewallD1.service"
    alias.parent.mkdir(parents=True)
    alias.symlink_to(f"{UNITS}/firewalld.service")
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir()
    (wants / alias.name).symlink_to(f"../{alias.name}")

    assert boot(root, "firewalld").status == "fail"


@pytest.mark.parametrize(
    ("name", "path", "content", "strict_status"),
    [
        ("ufw", "/etc/ufw/ufw.conf", "ENABLED=yes\nENABLED=no\n", "pass"),
        ("ufw", "/etc/ufw/ufw.conf", "ENABLED=Yes\n", "pass"),
        ("iptables", "/etc/sysconfig/iptables", "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n", "fail"),
        ("nftables", "/etc/nftables.conf", "flush ruleset\n", "pass"),
        ("nftables", "/etc/nftables.conf", DROPS + 'include "/etc/no-such-file.nft"\n', "pass"),
    ],
)
def test_enabled_and_without_effect(tree: Tree, name: str, path: str, content: str, strict_status: str) -> None:
    root = tree({**FILES[name], path: content})
    enable(root, f"{name}.service")

    assert boot(root, name).status == "pass"
    assert boot(root, name, strict=True).status == strict_status


def test_a_link_beside_a_service_that_starts_turns_it_on(tree: Tree) -> None:
    root = tree({**FILES["firewalld"], f"{UNITS}/guard.service": "[Service]\nExecStart=/x\n"})
    wants = root / "etc/systemd/system/guard.service.wants"
    wants.mkdir(parents=True)
    (wants / "firewalld.service").symlink_to(f"{UNITS}/firewalld.service")
    assert boot(root, "firewalld", strict=True).status == "pass"

    enable(root, "guard.service")
    found = boot(root, "firewalld", strict=True)

    assert (found.status, found.evidence[0].source) == (
        "fail",
        "/etc/systemd/system/guard.service.wants/firewalld.service",
    )


def test_what_a_service_that_does_nothing_would_load_is_told(tree: Tree) -> None:
    root = tree({**FILES["nftables"], "/etc/nftables.conf": 'include "/etc/none.nft"\n', "/etc/ufw/ufw.conf": ""})
    enable(root, "nftables.service")

    assert "includes /etc/none.nft, which is not there" in str(boot(root, "nftables").evidence)
    assert boot(root, "nftables", strict=True).actual == "enabled, without effect"


def test_a_service_without_a_file_to_load_does_nothing(tree: Tree) -> None:
    root = tree({f"{UNITS}/iptables.service": ZONE})
    enable(root, "iptables.service")

    found = boot(root, "iptables", strict=True)

    assert found.status == "pass"
    assert Evidence("/etc/sysconfig/iptables") in found.evidence


def test_debian_restores_its_rules_by_another_service(tree: Tree) -> None:
    root = tree({f"{UNITS}/netfilter-persistent.service": ZONE, "/etc/iptables/rules.v6": SAVED})
    enable(root, "netfilter-persistent.service")

    found = boot(root, "iptables")

    assert (found.status, "/etc/iptables/rules.v6" in found.message) == ("fail", True)


@pytest.mark.parametrize("words", ["systemd.mask=firewalld.service", "rescue", "systemd.unit=emergency.target"])
def test_the_command_line_keeps_it_off(tree: Tree, words: str) -> None:
    root = tree({**FILES["firewalld"], "/proc/cmdline": f"ro {words}\n"})
    enable(root, "firewalld.service")

    assert boot(root, "firewalld").status == "pass"


def test_the_command_line_turns_it_on(tree: Tree) -> None:
    root = tree({**FILES["firewalld"], "/proc/cmdline": "ro systemd.wants=firewalld\n"})

    assert boot(root, "firewalld").status == "fail"


def test_openrc(tree: Tree) -> None:
    root = tree({"/etc/runlevels/default/iptables": "", "/sbin/openrc": "", "/etc/runlevels/boot/x": ""})

    found = boot(root, "iptables", strict=True)

    assert found.status == "fail"
    assert found.fix is not None
    assert found.fix.steps == (Command(("rc-update", "del", "iptables", "default")),)
    assert boot(root, "ufw").status == "pass"


def test_a_link_enables_where_the_root_does_not_hold_the_unit(tree: Tree) -> None:
    root = tree({"/etc/ufw/ufw.conf": "ENABLED=yes\n"})
    enable(root, "ufw.service")
    assert boot(root, "ufw").status == "fail"

    tree({f"{UNITS}/sysinit.target": "[Unit]\n"})  # now the root holds units, and ufw's is not among them

    assert boot(root, "ufw").status == "pass"


@pytest.mark.parametrize("init", ["", "/sbin/upstart"])
@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("firewalld", {"/etc/firewalld/firewalld.conf": "DefaultZone=public\n"}),
        ("iptables", {"/etc/sysconfig/iptables": SAVED}),
        ("nftables", {"/etc/nftables.conf": DROPS}),
        ("ufw", {"/etc/ufw/ufw.conf": "ENABLED=yes\n"}),
    ],
)
def test_a_configuration_without_any_unit_is_unknown(tree: Tree, name: str, files: dict[str, str], init: str) -> None:
    root = tree({**files, **({init: ""} if init else {})})

    status = {other: boot(root, other).status.value for other in NAMES}

    others = "pass" if init else "unknown"  # of systemd's a root without any unit tells nothing
    assert status == {**dict.fromkeys(NAMES, others), name: "unknown"}
    assert "belongs to this node" in boot(root, name).message


@pytest.mark.parametrize("path", ["/etc/ufw/ufw.conf", "/etc/sysconfig/iptables", "/etc/nftables.conf"])
@pytest.mark.parametrize("fault", ["directory", "fifo", "loop"])
def test_a_file_that_cannot_be_read_is_unknown_for_its_firewall_alone(tree: Tree, path: str, fault: str) -> None:
    root = tree({key: content for files in FILES.values() for key, content in files.items()})
    for name in NAMES:
        enable(root, f"{name}.service")
    place = root / path.lstrip("/")
    place.unlink()
    if fault == "directory":
        place.mkdir()
    elif fault == "fifo":
        os.mkfifo(place)
    else:
        place.symlink_to(place.name)

    status = {name: boot(root, name).status for name in NAMES}

    assert sorted(status.values()) == ["fail", "fail", "fail", "unknown"]


def test_the_running_rules_are_skipped_in_a_root(tree: Tree, name: str) -> None:
    assert run(tree({}))[f"firewall[{name}]"].status == "skip"


def test_names() -> None:
    assert [firewall_text(text) for text in ("ufw", "ip6tables", "firewalld.service")] == [
        "ufw",
        "iptables",
        "firewalld",
    ]
    with pytest.raises(ValueError, match="expected one of"):
        firewall_text("pf")


def test_ports_by_role_and_plugin() -> None:
    assert needed_ports(Target(role="control-plane", proxy_mode="none", cni="cilium")) == (
        "6443/tcp", "2379/tcp", "2380/tcp", "10250/tcp", "8472/udp", "4240/tcp",
    )  # fmt: skip


# --- a real kernel ------------------------------------------------------------------------------------------------


def live() -> dict[str, str]:
    report = nodecheck.run(select=["firewall@now"])
    return {result.subject or "": result.status.value for result in report}


def test_real_rules_are_judged_and_the_fix_takes_them_away() -> None:
    needs("nft", "iptables-nft")

    def work() -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
        before = live()
        subprocess.run(["nft", "-f", "-"], input=DROPS, text=True, check=True)
        subprocess.run(["iptables-nft", "-A", "INPUT", "-j", "REJECT"], check=True)
        during = live()
        for argv in (("nft", "add", "table", "inet", "f"), ("nft", "delete", "table", "inet", "f")):
            subprocess.run(argv, check=True)
        return before, during, live()

    before, during, after = in_namespace(work)

    assert before["nftables"] == before["iptables"] == "pass"
    assert during["nftables"] == during["iptables"] == "fail"
    assert (after["nftables"], after["iptables"]) == ("pass", "fail")


def test_whoever_is_not_root_is_told_so() -> None:
    needs("nft")

    def work() -> Report:
        subprocess.run(["nft", "-f", "-"], input=DROPS, text=True, check=True)
        become_nobody()
        return nodecheck.run(select=["firewall@now"])

    report = in_namespace(work)

    assert not any(result.status == "fail" for result in report)
    assert {result.cause.code for result in report if result.cause is not None} <= {"denied"}
    if shutil.which("nft") and Path(f"{UNITS}/nftables.service").exists():
        assert report["firewall[nftables]"].status == "unknown"
