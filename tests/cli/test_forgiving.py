"""What people type first: words as selectors, the words of other tools, and the line that is meant."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from nodecheck.cli import hints
from nodecheck.cli.hints import FILES, OPTIONS_MEANT, VALUES_MEANT, VERBS_MEANT
from nodecheck.cli.start import verb_parser
from nodecheck.cli.verbs import VERBS
from nodecheck.plugins import load
from nodecheck.profile.meant import meant
from nodecheck.testing import write_tree
from tests.cli.conftest import Command
from tests.test_old_python import interpreter
from tests.zipapps import ROOT


def hint(words: list[str]) -> str:
    return hints.hint(words, verb_parser)


@pytest.mark.parametrize(
    "line",
    [
        "run swap hostname --json",
        "run --json swap hostname",
        "run swap --json hostname",
        "run --select swap --json hostname",
        "run hostname --select swap --json",
        "run --json -- swap hostname",
        "run swap --json -- hostname",
        "run swap --view now hostname --json --view now",
    ],
)
def test_words_anywhere_are_selectors_and_add_up(nodecheck: Command, line: str, tmp_path: Path) -> None:
    done = nodecheck("run", "--root", str(tmp_path), "--exit-zero", *line.split(" ")[1:])
    assert done.code == 0, done.err
    assert {item["check"] for item in json.loads(done.out)["results"]} == {"swap", "hostname"}


def test_words_of_one_subject(nodecheck: Command) -> None:
    done = nodecheck("run", "sysctl[net.*]@now", "--json", "port[*]")
    ids = [item["id"] for item in json.loads(done.out)["results"]]
    assert "sysctl[net.ipv4.ip_forward]" in ids
    assert all(name.startswith(("sysctl[net.", "port")) and "@" not in name for name in ids)


def test_a_plan_takes_words_too(nodecheck: Command) -> None:
    done = nodecheck("plan", "swap", "--json", "hostname@boot")
    assert json.loads(done.out)["steps"] == []
    assert nodecheck("plan", "swop").code == 2


def test_an_option_among_words_that_is_none_is_an_error() -> None:
    _, parser = verb_parser("run")
    with pytest.raises(Exception, match="unrecognized arguments: --frob -x"):
        parser.parse_args(["swap", "--frob", "port", "-x"])


ANYWHERE = """
import sys
from nodecheck.cli.start import verb_parser
for verb in ("run", "plan"):
    for line in sys.argv[1:]:
        found = verb_parser(verb)[1].parse_args(line.split(" "))
        print(sorted([*found.words, *found.select]), found.format, found.view, found.quiet, found.no_config)
"""


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.11", "3.12", "3.13"])
def test_each_python_takes_words_anywhere(version: str) -> None:
    """Their argparse differ, above all where options exclude each other."""
    path, env = interpreter(version)
    env["PYTHONPATH"] = f"{ROOT / 'src'}:{ROOT / 'checks'}"
    lines = [
        "swap port -q --no-config --json --view now", "-q swap --json port --view now --no-config",
        "--json --view now --no-config -q swap port", "swap --json --no-config --view now -q -- port",
        "--select swap --no-config --view now port -q --json", "-q --view=now --no-config --format json -- swap port",
    ]  # fmt: skip
    done = subprocess.run([path, "-c", ANYWHERE, *lines], env=env, capture_output=True, text=True, check=False)

    assert done.stdout.split("\n")[:-1] == ["['port', 'swap'] json now True True"] * 2 * len(lines), done.stderr


HINTS = {
    "fix": "plan",
    "apply": "plan",
    "apply -f fix.yml": "plan",
    "fix swap": "plan swap",
    "check": "run",
    "check swap --json": "run swap --json",
    "check --only swap -o json": "run swap --format json",
    "swap": "run swap",
    "net.ipv4.ip_forward": "run 'sysctl[net.ipv4.ip_forward]'",
    "lisst": "list",
    "--json": "run --json",
    "--role worker run": "run --role worker",
    "run -o json": "run --format json",
    "run -ojson": "run --format json",
    "run -o=json": "run --format json",
    "run --output json": "run --format json",
    "run --output=html": "run --format html",
    "run --output report.json": "run --output json=report.json",
    "plan -o sh": "plan --format sh",
    "plan --output fix.sh": "plan --output sh=fix.sh",
    "run --format jsn": "run --format json",
    "run --only swap": "run swap",
    "run --only=swap": "run swap",
    "run --check swap --check port": "run swap port",
    "run --check swap,port": "run swap port",
    "run swap,port": "run swap port",
    "run swap, port": "run swap port",
    "run --select swap,port --json": "run swap port --json",
    "run --skip port": "run --ignore port",
    "run --ignore swap,port": "run --ignore swap --ignore port",
    "audit --only swap": "audit --select swap",
    "audit swap": "audit --select swap",
    "run master": "run --role control-plane",
    "plan worker --json": "plan --role worker --json",
    "run --role master": "run --role control-plane",
    "run --role=master swap": "run --role control-plane swap",
    "doctor --role node": "doctor --role worker",
    "doctor --root /mnt/image": "run -v --root /mnt/image",
    "doctor --root=/mnt/image --role worker": "run -v --root /mnt/image --role worker",
    "run --fail-on warn": "run --fail-on warning",
    "run --proxy-mode ip_vs": "run --proxy-mode ipvs",
    "run --k8s 1.34": "run --kubernetes 1.34",
    "run --selekt swap": "run swap",
    "run net.ipv4.ip_forward": "run 'sysctl[net.ipv4.ip_forward]'",
    "run net/ipv4/ip_forward": "run 'sysctl[net.ipv4.ip_forward]'",
    "run net.ipv4.ip_forward@boot": "run 'sysctl[net.ipv4.ip_forward]@boot'",
    "run --select net.bridge.*": "run 'sysctl[net.bridge.*]'",
    "run --ignore br-netfilter": "run --ignore 'kernel-module[br_netfilter]'",
    "run 6443": "run 'port[6443/tcp]'",
    "run 6443/tcp": "run 'port[6443/tcp]'",
    "plan ip_vs": "plan 'kernel-module[ip_vs]'",
    "explain net.ipv4.ip_forward": "explain 'sysctl[net.ipv4.ip_forward]'",
    "explain swop": "explain swap",
    "history swop": "history swap",
    "help fix": "help plan",
    "help lisst": "help list",
    "fix --help": "plan --help",
    "run 'swap port'": "run swap port",
    "run 'sysctl[net.*], swap'": "run 'sysctl[net.*]' swap",
    "waive net.ipv4.ip_forward --until 30d": "waive 'sysctl[net.ipv4.ip_forward]' --until 30d",
}


@pytest.mark.parametrize("typed", HINTS)
def test_the_line_that_is_meant(typed: str) -> None:
    assert hint(shlex.split(typed)) == f"nodecheck {HINTS[typed]}"


NO_LINE = (
    "frob", "run frob", "run foo.bar", "run --frob", "run --no", "plan --yes", "run -o yaml", "run --format yaml",
    "run kubelet", "run os", "run 99999", "run 8080", "run vm.swappiness", "run swap[", "run --timeout x", "run --root",
    "run --role king", "run --profile nosuch", "run x/../y", "audit --format html", "run --output x.bin", "help frob",
    "run \x1b[31m", "run \udc80", "", "run ''", "--frob", "convert --only swap", "run --json=yes",
    "run --only --json", "waive ip_vs,6443", "run " + "swap," * 300,
)  # fmt: skip


@pytest.mark.parametrize("typed", NO_LINE)
def test_where_nothing_is_known_no_line_is_made_up(typed: str) -> None:
    assert hint(shlex.split(typed)) == ""


@pytest.mark.parametrize("typed", [line for line in HINTS if not line.startswith(("explain", "fix --help"))])
def test_each_line_is_taken_as_it_stands(typed: str) -> None:
    """A hint that fails again would be worse than none."""
    verb, *words = shlex.split(HINTS[typed])
    verb_parser(verb)[1].parse_args(words)
    assert hint([verb, *words]) == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fix",), "there is no verb 'fix'. Type: nodecheck plan"),
        (("run", "--role", "master"), "Type: nodecheck run --role control-plane"),
        (
            ("run", "net.ipv4.ip_forward"),
            "did you mean 'sysctl[net.ipv4.ip_forward]'? Type: nodecheck run 'sysctl[net.ipv4.ip_forward]'",
        ),
        (("run", "-o", "json"), "unrecognized arguments: -o. Type: nodecheck run --format json"),
        (("run", "--only", "swap"), "unrecognized arguments: --only. Type: nodecheck run swap"),
        (("run", "kubelet"), "or 'tag:kubelet'?"),
        (("run", "foo.bar"), "there is no check 'foo.bar'\n"),
        (("run", "--onl", "swap"), "unrecognized arguments: --onl\n"),
    ],
)
def test_the_exit_code_stays_2_and_one_line_says_it(nodecheck: Command, words: tuple[str, ...], said: str) -> None:
    done = nodecheck(*words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    if "Type:" in said:
        assert done.err.count("\n") == 1  # no usage in the way


def test_a_hint_is_hostile_to_nobody(nodecheck: Command) -> None:
    done = nodecheck("run", "--only", "swap\x1b[31m\n")
    assert done.code == 2
    assert "\x1b" not in done.err


def test_words_of_others_are_no_words_of_ours() -> None:
    assert not VERBS_MEANT.keys() & VERBS.keys()
    assert set(VERBS_MEANT.values()) <= VERBS.keys()
    options = {name for action in verb_parser("run")[1]._actions for name in action.option_strings}
    assert not (OPTIONS_MEANT.keys() - {"-o"}) & options
    assert set(OPTIONS_MEANT.values()) <= options
    assert set(VALUES_MEANT.values()) == {"control-plane", "worker"}
    assert set(FILES.values()) - {"sh"} <= {"json", "jsonl", "html", "markdown", "sarif", "text", "openmetrics"}


def test_what_is_meant_is_what_a_check_looks_at() -> None:
    registry = load()
    assert meant("docker", registry) == ("runtime-version[docker]",)
    assert meant("podman", registry) == ()
    assert meant("mount", registry) == ("command[mount]",)
    assert meant("/var/log/", registry) == ("disk-free[/var/log]", "inodes-free[/var/log]")
    assert meant("vm.panic_on_oom@now", registry) == ("kubelet-defaults[vm.panic_on_oom]@now",)
    assert meant("x" * 100_000, registry) == meant("*" * 300, registry) == meant("@boot", registry) == ()


def test_help_and_version_are_verbs(nodecheck: Command) -> None:
    assert nodecheck("help") == nodecheck("--help")
    assert nodecheck("version") == nodecheck("--version")
    assert nodecheck("help", "run") == nodecheck("run", "--help")
    assert nodecheck("help", "frob").code == 2
    assert nodecheck("version", "--help").code == 0


def test_the_version_is_followed_by_those_of_all_parts_where_that_is_asked_for(nodecheck: Command) -> None:
    done = nodecheck("--version", "-v")

    assert (done.code, done.err) == (0, "")
    lines = done.out.split("\n")[:-1]
    assert [line.partition(" ")[0] for line in lines if not line.startswith(("tomli ", "psutil "))] == [
        "nodecheck", "Python", "packaging", "pluggy", "pyroute2", "PyYAML", "SQLite", "zlib",
    ]  # fmt: skip
    assert all(re.search(r" [0-9]+\.[0-9.]+", line) for line in lines)
    assert done == nodecheck("version", "-v") == nodecheck("-V", "-v") == nodecheck("-v", "--version")


def test_explain_without_a_word_lists(nodecheck: Command) -> None:
    done = nodecheck("explain")
    assert (done.code, done.err) == (0, "")
    assert done.out.split("\n")[0].split() == ["CHECK", "NOW", "BOOT", "SEVERITY", "REQUIREMENT"]
    assert done.out in nodecheck("list", "--no-config").out


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        (
            "sysctl[net.ipv4.ip_forward]",
            ("wants it: 1.", "must forward the packets of its pods", "kubeadm preflight"),
        ),
        ("sysctl[net/ipv4/ip_forward]@boot", ("# sysctl[net.ipv4.ip_forward]\n",)),
        ("kernel-module[ip-vs-rr]", ("# kernel-module[ip_vs_rr]", "kube-proxy's ipvs mode needs it")),
        ("port[6443]", ("# port[6443/tcp]", "on a control-plane", "kubelets and clients reach the cluster there")),
        ("command[conntrack]", ("from Kubernetes 1.18 on, before Kubernetes 1.32", "removed stale connections")),
        ("kubelet-defaults[vm.panic_on_oom]", ("finds on the node", "take the node down")),
        ("sysctl[vm.swappiness]", ("nothing looks at it", '[check.sysctl] require = { "vm.swappiness" = "…" }')),
        ("service[chrony]", ("finds on the node what is needed", '[check.service] require = ["chronyd"]')),
        ("swap[/dev/zram0]", ("# swap: No swap area is active",)),
    ],
)
def test_explain_a_subject(nodecheck: Command, subject: str, said: tuple[str, ...]) -> None:
    done = nodecheck("explain", subject)
    assert (done.code, done.err) == (0, "")
    for text in said:
        assert text in done.out
    for line in re.findall("^nodecheck run (.*?)    ", done.out, re.MULTILINE):
        assert hint(["run", *shlex.split(line)]) == ""
        verb_parser("run")[1].parse_args(shlex.split(line))


def test_explain_a_subject_of_a_profile(nodecheck: Command, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(
        'schema = "nodecheck.profile/1"\nname = "p"\nextends = "kubernetes"\n[check.sysctl]\n'
        'require = { "vm.swappiness" = "<=10" }\n'
    )
    done = nodecheck("explain", "sysctl[vm.swappiness]", "--profile", "p.toml")
    assert "The profile p wants it: <=10." in done.out


def test_every_subject_of_a_row_is_explained() -> None:
    from nodecheck.cli.explained_subject import subject_page
    from nodecheck.profile.load import load_profile

    registry = load()
    profile = load_profile("kubernetes", registry)
    for check in registry.all_checks():
        for row in check.rows:
            page = "\n".join(subject_page(check, row.name, profile))
            assert row.reason in page
            assert row.source in page
            assert "\n\n\n" not in page, check.name


def test_history_takes_selectors(nodecheck: Command, tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "state"))
    assert nodecheck("audit", "--select", "swap", "--select", "sysctl", "--exit-zero", *state).code == 0

    several = nodecheck("history", "sysctl[net.*]@boot", *state)
    names = [line for line in several.out.split("\n") if line and not line.startswith(" ")]
    assert "sysctl[net.ipv4.ip_forward]@boot" in names
    assert all(name.startswith("sysctl[net.") and name.endswith("@boot") for name in names)
    document = json.loads(nodecheck("history", "sysctl", "--json", *state).out)
    assert len(document["results"]) >= 6
    assert {frozenset(item) for item in document["results"]} == {frozenset({"id", "intervals"})}
    one = json.loads(nodecheck("history", "sysctl[net.ipv4.ip_forward]", "--json", *state).out)
    assert one["id"] == "sysctl[net.ipv4.ip_forward]"
    assert nodecheck("history", "port", *state).code == 2
    assert nodecheck("history", "--result", "sysctl", *state).code == 2
    assert nodecheck("history", "tag:kubelet", *state).code == 2
    key = nodecheck("history", "net.ipv4.ip_forward", *state)
    assert key.code == 2
    assert key.err.endswith("Type: nodecheck history 'sysctl[net.ipv4.ip_forward]' --state " + state[1] + "\n")


def test_a_pass_without_subject_hides_no_failure_of_one(nodecheck: Command, tmp_path: Path) -> None:
    root = write_tree(tmp_path / "root", {"/etc/fstab": "# none\n", "/etc/hostname": "node1\n"})
    state = ("--state", str(tmp_path / "state"))
    audit = ("audit", "--root", str(root), "--select", "swap@boot", "--exit-zero", *state)
    nodecheck(*audit)
    write_tree(root, {"/etc/fstab": "/dev/sdb1 none swap sw 0 0\n"})
    nodecheck(*audit)

    told = nodecheck("history", "swap@boot", *state).out
    assert "swap[/dev/sdb1]@boot" in told
    assert "nothing turns swap on at boot" in told
    assert json.loads(nodecheck("history", "swap@boot", "--json", *state).out)["id"] == "swap@boot"
    assert "sdb1" not in nodecheck("history", "--result", "swap@boot", *state).out


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    for line in ("explain", "help", "version", "list", "explain 'sysctl[net.ipv4.ip_forward]'"):
        shell = f"{{ sleep 0.2; {sys.executable} -m nodecheck {line}; echo $? >&2; }} | true"
        done = subprocess.run(["bash", "-c", shell], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.stderr == "74\n", line
