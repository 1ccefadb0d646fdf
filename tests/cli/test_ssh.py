"""``--ssh``: real sshd and the real ssh; nodes that are ordinary, bare, hostile, dying, or not there."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import nodecheck as library
from nodecheck.capturing import remote
from nodecheck.capturing.remote import Printed, SshCaptures, host_of
from nodecheck.capturing.ssh_command import SshWay, ssh_argv
from nodecheck.errors import UsageError
from nodecheck.report.hosts import Unreached
from nodecheck.testing import write_tree
from tests.cli.conftest import Command
from tests.cli.sshds import PATH, Nodes, deaf, missing

WHY_NOT = missing()
with_sshd = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
with_ssh = pytest.mark.skipif(shutil.which("ssh") is None, reason="ssh is not installed")

SWAP = {"/etc/fstab": "/swap.img none swap sw 0 0\n"}
NO_SWAP = {"/etc/fstab": "/dev/sda1 / ext4 defaults 0 1\n"}
HALF = "ForceCommand sh -s | head -c 300; kill -9 $PPID"
FLOOD = "ForceCommand yes '|xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'"
MIB = 1 << 20


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    found = Nodes(tmp_path_factory.mktemp("ssh"))
    yield found
    found.end()


@pytest.fixture(scope="module")
def canned(nodes: Nodes) -> dict[str, str]:
    """Nodes that print a capture of a tree: one that fails, and one that passes."""
    found = {}
    for name, files in (("fails", SWAP), ("passes", NO_SWAP)):
        root = write_tree(nodes.place / name, files)
        (nodes.run / f"{name}.capture").write_bytes(library.capture(root=root))
        found[name] = nodes.add(f"ForceCommand cat /run/{name}.capture")
    return found


@pytest.fixture(scope="module")
def bare(nodes: Nodes) -> str:
    """A node that has nothing but busybox."""
    return nodes.add("ChrootDirectory /run/busybox")


def hosts_of(out: str) -> dict[str, Any]:
    document = json.loads(out)
    jsonschema.validate(document, library.schema("hosts"))
    assert set(document) == {"$schema", "schema_version", "hosts"}
    found: dict[str, Any] = document["hosts"]
    return found


def _ended(error: str) -> str:
    """What stands there too where a part of the capture came before the end."""
    told = "; the connection broke before the end of the capture"
    return told if error.endswith(told) else ""


@with_sshd
def test_each_host_is_judged_and_what_becomes_of_the_others_does_not_matter(nodes: Nodes, bare: str) -> None:
    ordinary, half, flood = nodes.add(), nodes.add(HALF), nodes.add(FLOOD)
    away, process = deaf(nodes)
    hosts = [ordinary, bare, half, flood, away, "127.0.1.99"]

    done = nodes.call("run", "--json", "--timeout", "8", *[word for host in hosts for word in ("--ssh", host)])
    process.communicate()

    assert (done.code, done.err) == (1, "")  # this machine forwards nothing, and more
    found = hosts_of(done.out)
    assert list(found) == hosts
    errors = {host: (one["code"], one["error"]) for host, one in found.items() if "error" in one}
    assert errors == {
        half: ("unreachable", f"Connection to {half} closed by remote host.{_ended(found[half]['error'])}"),
        flood: ("too-large", "sent more than 64 MiB"),
        away: ("unreachable", f"ssh: connect to host {away} port 22: Connection timed out"),
        "127.0.1.99": ("unreachable", "ssh: connect to host 127.0.1.99 port 22: Connection refused"),
    }  # fmt: skip
    assert 0 < done.peak_kib < 200 * 1024
    source = found[bare]["run"]["source"]
    assert (source["kind"], source["path"], source["captured_from"]) == ("capture", f"ssh://{bare}", "live")


@with_sshd
def test_a_host_has_the_verdicts_of_its_own_capture(nodes: Nodes, bare: str) -> None:
    assert nodes.call("capture", "--ssh", bare, "-o", "own").code == 0
    own = library.run(capture=nodes.place / f"own/{bare}.capture", role="worker")

    (found,) = hosts_of(nodes.call("run", "--json", "--ssh", bare, "--role", "worker").out).values()

    report = library.Report.from_json(json.dumps(found))
    assert [(one.id, one.status) for one in report] == [(one.id, one.status) for one in own]
    assert report.profile.role == "worker"
    evidence = {item.source: item.value for item in report["os-release"].evidence}
    assert evidence["/etc/os-release"] == "VERSION_ID=3.20"


@with_sshd
def test_exit_codes(nodes: Nodes, canned: dict[str, str]) -> None:
    fails, passes = canned["fails"], canned["passes"]

    def code(*words: str) -> int:
        return nodes.call("run", "-q", "swap@boot", *words).code

    assert code("--ssh", passes) == 0
    assert code("--ssh", passes, "--ssh", "127.0.1.99") == 3
    assert code("--ssh", "127.0.1.99", "--ssh", fails, "--ssh", passes) == 1
    assert code("--ssh", "127.0.1.99", "--ssh", fails, "--exit-zero") == 0
    assert code("--ssh", fails, "--exit-map", "nagios") == 2
    assert code("--ssh", "127.0.1.99", "--exit-map", "nagios") == 3


@with_sshd
def test_the_text_has_a_line_a_host_and_then_what_is_not_well(nodes: Nodes, canned: dict[str, str]) -> None:
    fails, passes = canned["fails"], canned["passes"]
    given = f"# ours\n{fails}  # the old one\n\n{passes}\n{fails}\n"

    done = nodes.call("run", "swap@boot", "--hosts", "-", "--ssh", "127.0.1.99", given=given.encode())

    first, rest = done.out.split("\n\n", 1)
    assert first.split("\n") == [
        "127.0.1.99  UNKNOWN: ssh: connect to host 127.0.1.99 port 22: Connection refused",
        f"{fails}   FAIL: 1 error (swap[/swap.img]@boot)",
        f"{passes}   PASS: the setting that applies is fit",
    ]
    assert rest.startswith(f"{fails}  (")
    assert f"ssh://{fails}, captured" in rest
    assert "x error    swap[/swap.img]@boot: fstab turns swap on at boot" in rest
    assert done.out.endswith("\n\nFAIL: 3 hosts: 1 fail, 1 unknown, 1 pass\n")
    quiet = nodes.call("run", "-q", "swap@boot", "--ssh", passes)
    assert (quiet.code, quiet.out) == (0, "")
    assert passes not in nodes.call("run", "-q", "swap@boot", "--ssh", passes, "--ssh", fails).out
    assert "requires" in nodes.call("run", "-v", "swap@boot", "--ssh", passes).out


@with_sshd
def test_short_has_the_host_in_front_and_files_are_written(nodes: Nodes, canned: dict[str, str]) -> None:
    fails = canned["fails"]
    outputs = ["--output", "json=all.json", "--output", "text=all.txt"]

    done = nodes.call("run", "--format", "short", "swap@boot", "--ssh", fails, "--ssh", "127.0.1.99", *outputs)

    assert done.out.split("\n") == [
        f"{fails}: /etc/fstab:1: error: swap[/swap.img]@boot: fstab turns swap on at boot: /swap.img",
        "127.0.1.99: unknown: ssh: connect to host 127.0.1.99 port 22: Connection refused",
        "",
    ]
    assert list(hosts_of((nodes.place / "all.json").read_text())) == [fails, "127.0.1.99"]
    assert f"{fails}   FAIL: 1 error" in (nodes.place / "all.txt").read_text()
    assert nodes.call("run", "--json", "--ssh", fails, "--output", "json=/none/x").code == 74


@with_sshd
def test_a_plan_is_of_one_host(nodes: Nodes, canned: dict[str, str]) -> None:
    fails = canned["fails"]

    text = nodes.call("plan", "swap@boot", "--ssh", fails)
    script_ = nodes.call("plan", "--format", "sh", "swap@boot", "--ssh", fails)
    away = nodes.call("plan", "--format", "sh", "--ssh", "127.0.1.99")
    two = nodes.call("plan", "--ssh", fails, "--ssh", "127.0.1.99")

    assert (text.code, script_.code) == (1, 1)
    assert f"  nodecheck plan swap@boot --ssh {fails} --ssh-option UserKnownHostsFile=" in text.out
    assert f" -o IdentitiesOnly=yes {fails} sh -s < fix.sh\n" in text.out
    assert script_.out.startswith("#!/bin/sh\n")
    assert (away.code, away.out) == (3, "")
    assert away.err == "nodecheck: 127.0.1.99: ssh: connect to host 127.0.1.99 port 22: Connection refused\n"
    assert (two.code, two.out) == (2, "")
    assert "a plan is of one node: expected one host, found 2" in two.err


@with_sshd
def test_captures_are_written_by_host(nodes: Nodes, bare: str, canned: dict[str, str]) -> None:
    given = ["--ssh", bare, "--ssh", canned["fails"], "--ssh", "127.0.1.99"]

    done = nodes.call("capture", *given, "-o", "captures")

    folder = nodes.place / "captures"
    assert (done.code, done.out) == (3, "")
    assert done.err == "nodecheck: 127.0.1.99: ssh: connect to host 127.0.1.99 port 22: Connection refused\n"
    assert {path.name for path in folder.iterdir()} == {f"{bare}.capture", f"{canned['fails']}.capture"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    report = library.run(capture=folder / f"{canned['fails']}.capture", select=["swap@boot"])
    assert [one.id for one in report.failures] == ["swap[/swap.img]@boot"]
    assert nodes.call("capture", "--ssh", bare, "-o", f"captures/{bare}.capture").code == 2


@with_sshd
def test_what_sudo_says_is_shown(nodes: Nodes, bare: str) -> None:
    sudo = nodes.run / "busybox/bin/sudo"
    none = nodes.call("run", "--json", "--sudo", "--ssh", f"ann@{bare}")
    sudo.write_text("#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n")
    sudo.chmod(0o755)
    refused = nodes.call("run", "--json", "--sudo", "--ssh", f"ann@{bare}")
    sudo.write_text('#!/bin/sh\n[ "$1" = -n ] || exit 1\nshift\nexec "$@"\n')
    taken = nodes.call("run", "--json", "--sudo", "--ssh", f"ann@{bare}")

    assert hosts_of(none.out)[f"ann@{bare}"] == {"error": "sh: sudo: not found", "code": "no-capture"}
    assert hosts_of(refused.out)[f"ann@{bare}"] == {"error": "sudo: a password is required", "code": "no-capture"}
    assert "results" in hosts_of(taken.out)[f"ann@{bare}"]


@with_sshd
@pytest.mark.skipif(not Path("/etc/sudoers").is_file(), reason="sudo is not installed")
def test_the_real_sudo(nodes: Nodes) -> None:
    """It gives root's verdicts, or its own words; and who has none of it gets no pass that root fails."""
    node = nodes.add()
    names = (f"root@{node}", f"ann@{node}", f"bob@{node}")
    hosts = [word for name in names for word in ("--ssh", name)]

    root, ann, bob = hosts_of(nodes.call("run", "--json", "--sudo", *hosts, "--timeout", "60").out).values()
    _, plain, _ = hosts_of(nodes.call("run", "--json", *hosts, "--timeout", "60").out).values()

    def found(report: dict[str, Any]) -> dict[str, str]:
        return {one["id"]: one["status"] for one in report["results"]}

    assert bob == {"error": "sudo: a password is required", "code": "no-capture"}
    assert found(ann) == found(root)
    assert (ann["run"]["privileged"], plain["run"]["privileged"]) == (True, False)
    assert "unknown" in found(plain).values()
    assert [name for name, status in found(plain).items() if status == "pass" and found(root)[name] != "pass"] == []


@with_sshd
@pytest.mark.parametrize("shell", ["fish", "zsh", "tcsh", "mksh"])
def test_a_login_shell_that_is_no_posix_shell(nodes: Nodes, shell: str) -> None:
    if shutil.which(shell, path=PATH) is None:
        pytest.skip(f"{shell} is not installed")
    node = nodes.add()

    found = hosts_of(nodes.call("run", "--json", "swap@now", "--ssh", f"{shell}@{node}").out)

    assert [one["id"] for one in found[f"{shell}@{node}"]["results"]] == ["swap"]


@with_sshd
def test_what_ssh_says_stands_beside_the_host_and_what_a_node_says_to_all_below(nodes: Nodes) -> None:
    (nodes.run / "banner").write_text("*** For staff alone ***\nAll is logged\n")
    node = nodes.add("Banner /run/banner\nDenyUsers ann")

    done = nodes.call("run", "swap", "--ssh", f"ann@{node}", "--ssh", "127.0.1.99")

    denied = f"ann@{node}: Permission denied (publickey)."
    assert done.out.split("\n")[0] == f"ann@{node}  UNKNOWN: {denied}"
    assert f"\n\nann@{node}\n  *** For staff alone ***; All is logged; {denied}\n" in done.out
    assert done.out.count("127.0.1.99") == 2  # all of it stands in its line


@with_sshd
def test_a_node_that_floods_what_it_says_of_errors(nodes: Nodes) -> None:
    node = nodes.add(f"{FLOOD} >&2")

    done = nodes.call("run", "--json", "--ssh", node)

    assert hosts_of(done.out)[node] == {"error": "sent more than 64 MiB", "code": "too-large"}
    assert 0 < done.peak_kib < 100 * 1024


@with_sshd
def test_no_host_is_given_up_where_others_sent_too_much(
    nodes: Nodes, canned: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one sent is held, and nearly all that there may be; the other sends little, and later."""
    monkeypatch.setattr(remote, "MOST_HELD", MIB)
    (nodes.run / "much").write_bytes(os.urandom(MIB - 100))
    much = nodes.add("ForceCommand cat /run/much")
    late = nodes.add("ForceCommand sleep 2; cat /run/passes.capture")
    options = [option for option in nodes.options() if option != "--ssh-option"]
    proxy = f"ProxyCommand=nsenter --net={nodes.net} busybox nc %h %p"

    with SshCaptures((much, late), SshWay(30.0, (proxy, *options))) as asked:
        time.sleep(4)  # nothing is judged meanwhile
        found = {host: host_of(host, got) for host, got in asked}

    assert not isinstance(found[late], Unreached)


@with_sshd
def test_nobody_is_asked_for_a_password_on_the_way_either(nodes: Nodes, tmp_path: Path) -> None:
    """The ssh that goes to a jump host has no BatchMode: it must not open a window. It does not know the host's key."""
    ask = tmp_path / "ask"
    ask.write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\necho yes\n")
    ask.chmod(0o755)
    jump = f"ProxyJump=127.0.1.1,nobody@{nodes.add()}"
    seen = f"ProxyCommand=sh -c 'env > {nodes.place}/environment; false'"
    window = {"DISPLAY": ":0", "SSH_ASKPASS": str(ask)}

    done = nodes.call("run", "--json", "swap", "--ssh", "127.0.1.98", "--ssh-option", jump, env=window)
    nodes.call("run", "--json", "swap", "--ssh", "127.0.1.98", "--ssh-option", seen, env=window)

    assert hosts_of(done.out)["127.0.1.98"]["code"] == "unreachable"
    assert not (tmp_path / "asked").exists()
    handed_on = (nodes.place / "environment").read_text().split("\n")
    assert "SSH_ASKPASS_REQUIRE=never" in handed_on
    assert not [line for line in handed_on if line.startswith(("DISPLAY=", "SSH_ASKPASS="))]


@with_sshd
def test_a_connection_that_is_shared_and_stays(nodes: Nodes, canned: dict[str, str]) -> None:
    """A configuration may say so: who holds the connection is another's child, and is not waited for."""
    shared = [f"ControlPath={nodes.place}/%h", "ControlMaster=auto", "ControlPersist=60"]
    words = [word for option in shared for word in ("--ssh-option", option)]
    began = time.monotonic()

    codes = [nodes.call("run", "-q", "swap@boot", "--ssh", canned["passes"], *words).code for _ in range(2)]

    assert codes == [0, 0]
    assert time.monotonic() - began < 30
    argv = ["ssh", "-O", "exit", "-o", shared[0], canned["passes"]]
    assert subprocess.run(argv, capture_output=True, check=False).returncode == 0


@with_sshd
def test_a_directory_that_cannot_be_written_is_said_before_a_host_is_asked(nodes: Nodes) -> None:
    mounted = nodes.enter("sh", "-c", 'mkdir -p /run/fixed; mount -t tmpfs -o ro tmpfs /run/fixed; exec "$@"', "sh")
    argv = [*mounted, sys.executable, "-m", "nodecheck", "capture", "--ssh", "a", "-o", "/run/fixed"]

    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd="/")

    assert (done.returncode, done.stdout) == (2, "")
    assert "--output: nothing can be written into '/run/fixed'" in done.stderr


@with_sshd
def test_what_a_hostile_node_sends_is_a_hostile_capture(nodes: Nodes, canned: dict[str, str]) -> None:
    whole = (nodes.run / "passes.capture").read_bytes()
    raw = {
        "greeting": b"Welcome to the node\nEnjoy\n" + whole,
        "bomb": gzip.compress(bytes(200 * MIB), 1),
        "noise": os.urandom(MIB),
        "cut": whole[:-9],
        "late": whole + b"more",
        "nothing": b"",
        "plain": gzip.decompress(whole),
    }
    hosts = {}
    for name, content in raw.items():
        (nodes.run / name).write_bytes(content)
        hosts[name] = nodes.add(f"ForceCommand cat /run/{name}")

    done = nodes.call("run", "--json", "swap@boot", *[word for host in hosts.values() for word in ("--ssh", host)])

    found = {name: hosts_of(done.out)[host] for name, host in hosts.items()}
    assert {name for name, one in found.items() if "results" in one} == {"greeting", "plain"}
    assert {one["code"] for one in found.values() if "error" in one} == {"no-capture"}
    assert "expected at most 64 MiB of text, found more" in found["bomb"]["error"]
    assert all(one["error"].isprintable() and len(one["error"]) < 600 for one in found.values() if "error" in one)
    assert 0 < done.peak_kib < 300 * 1024


@with_sshd
def test_of_large_captures_one_is_held_at_a_time(nodes: Nodes) -> None:
    """Each is as large as may be, unpacked, and small on the way: no bound of bytes that came holds them."""
    head = "nodecheck capture 1\ni time 2026-11-30T10:00:00Z\ni tool collector 1\ni path /\n"
    head += "i running 1\ni whole 1\ni own 1\n"
    content = "|kernel.x=1\n" * (7 * MIB // 11)
    files = [f"g /etc/sysctl.d/{number}.conf\n{content}\n+ {7 * MIB // 11 * 11}\n" for number in range(7)]
    text = "".join([head, "@collected\nr 0\n", *files, ".\n"])
    (nodes.run / "large").write_bytes(gzip.compress(text.encode(), 1))
    node = nodes.add("ForceCommand cat /run/large")
    # One node under several addresses: each is a host of its own.
    hosts = [word for number in range(6) for word in ("--ssh", f"127.0.1.{200 + number}")]
    proxy = ["--ssh-option", f"ProxyCommand=busybox nc {node} 22"]

    done = nodes.call("run", "--format", "short", *hosts, *proxy, "--timeout", "60")

    assert done.code == 3
    assert done.out.count(": is not in the capture ssh://127.0.1.205") > 10
    assert 0 < done.peak_kib < 350 * 1024


@with_sshd
def test_a_node_that_hangs_takes_its_time_and_no_more(nodes: Nodes, canned: dict[str, str]) -> None:
    hangs = nodes.add("ForceCommand echo 'disk on fire' >&2; sleep 60")
    began = time.monotonic()

    done = nodes.call("run", "--json", "swap@boot", "--timeout", "3", "--ssh", hangs, "--ssh", canned["passes"])

    found = hosts_of(done.out)
    assert found[hangs] == {"error": "did not end within the 3 s of --timeout (disk on fire)", "code": "timeout"}
    assert found[canned["passes"]]["summary"]["exit_code"] == 0
    assert time.monotonic() - began < 30


@with_sshd
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_a_signal_ends_all_children(nodes: Nodes, number: signal.Signals, code: int) -> None:
    hangs = nodes.add("ForceCommand sleep 60")
    words = ["run", *nodes.options(), "--ssh", hangs, "--ssh", f"ann@{hangs}"]
    process = nodes.start(*words)
    children = waited_for(process.pid, 2)

    process.send_signal(number)
    out, err = process.communicate(timeout=20)

    assert (process.returncode, out, err) == (code, b"", b"")
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def waited_for(parent: int, count: int) -> list[int]:
    """The children of a process, once there are so many."""
    late = time.monotonic() + 20
    while time.monotonic() < late:
        found = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        tasks = [path.read_text().split() for path in Path(f"/proc/{parent}/task").glob("*/children")]
        found = [pid for task in tasks for pid in task]
        if len(found) >= count:
            time.sleep(0.3)
            return [int(pid) for pid in found]
        time.sleep(0.02)
    raise AssertionError("no children")


@with_sshd
def test_a_closed_pipe(nodes: Nodes, canned: dict[str, str]) -> None:
    process = nodes.start("run", "--json", *nodes.options(), "--ssh", canned["passes"])
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    process.stderr.close()

    assert (process.wait(), err) == (74, b"")


# -- without a node


@with_ssh
def test_what_ssh_says_is_bounded_and_safe_on_a_terminal(nodecheck: Command) -> None:
    proxy = r"""ProxyCommand=sh -c 'yes | head -c 9000 >&2; printf "\033[31mred\n" >&2; exit 1'"""

    done = nodecheck("run", "--json", "--ssh", "node1", "--ssh-option", proxy)

    error = hosts_of(done.out)["node1"]["error"]
    assert (done.code, done.err) == (3, "")
    assert "\\x1b[31mred" in error
    assert error.isprintable()
    assert len(error) < 450


@with_ssh
def test_no_more_hosts_at_once_than_asked_for(nodecheck: Command, tmp_path: Path) -> None:
    log = tmp_path / "log"
    proxy = f"ProxyCommand=sh -c 'echo + >> {log}; sleep 0.3; echo - >> {log}; exit 1'"
    hosts = [word for number in range(7) for word in ("--ssh", f"node{number}")]

    done = nodecheck("run", *hosts, "--ssh-option", proxy, "--parallel", "3")

    now = most = 0
    for line in log.read_text().split():
        now += 1 if line == "+" else -1
        most = max(most, now)
    assert (done.code, most, now) == (3, 3, 0)
    assert done.out.count("UNKNOWN: ") == 8


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("node1\n-oProxyCommand=x\n", "hosts, line 2: expected [USER@]HOST, found '-oProxyCommand=x'"),
        ("node1\nroot@-x\n", "hosts, line 2: "),
        ("node1\n\nnode 2\n", "hosts, line 3: expected [USER@]HOST without blanks and control characters"),
        ("node1\tnode2\n", "hosts, line 1: "),
        ("node\x1b[31m\n", "hosts, line 1: expected [USER@]HOST without blanks and control characters"),
        ("node1\r\n", "found 'node1\\x0d': the line ends as on Windows; dos2unix(1) changes that"),
        ("\ufeffnode1\n", "found '\\xef\\xbb\\xbfnode1': the file begins with a byte order mark"),
        ("node1\x00\n", "hosts, line 1: "),
        ("a/../../b\n", "hosts, line 1: expected [USER@]HOST without /"),
        ("$(reboot)\n", "hosts, line 1: expected [USER@]HOST without $"),
        ("@node\n", "hosts, line 1: "),
        ("x" * 231, "hosts, line 1: expected [USER@]HOST of at most 230 characters"),
        ("ü" * 116, "hosts, line 1: expected [USER@]HOST of at most 230 characters"),
        ("# nothing\n\n", "expected a host a line, found none in hosts"),
        ("".join([f"n{number}\n" for number in range(10_001)]), "expected at most 10000 hosts, found 10001"),
        ("#" * (1 << 22), "expected at most 10000 hosts, found a larger file: hosts"),
    ],
    ids=range(16),
)
def test_a_file_that_names_no_hosts(nodecheck: Command, tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "hosts").write_bytes(content.encode())

    done = nodecheck("run", "--hosts", "hosts", "--ssh-option", "ProxyCommand=touch asked")

    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run", "--ssh=-x"], "--ssh: expected [USER@]HOST, found '-x'"),
        (["run", "--ssh", "a b"], "--ssh: expected [USER@]HOST without blanks"),
        (["run", "--ssh", ""], "--ssh: expected [USER@]HOST, found ''"),
        (["run", "--ssh", "a", "--root", "/"], "expected one of --ssh and --root, found both"),
        (["plan", "--ssh", "a", "--capture", "x"], "expected one of --ssh and --capture, found both"),
        (["capture", "--ssh", "a", "--root", "/"], "expected one of --ssh and --root, found both"),
        (["run", "--hosts", "none"], "--hosts: none cannot be read: No such file or directory"),
        (["run", "--hosts", "/"], "--hosts: / cannot be read: Is a directory"),
        (["run", "--hosts", ""], "--hosts: expected a file, found nothing"),
        (["run", "--sudo"], "--ssh-option, --sudo and --parallel go with --ssh or --hosts"),
        (["capture", "--parallel", "3"], "--ssh-option, --sudo and --parallel go with --ssh or --hosts"),
        (["run", "--ssh", "a", "--parallel", "0"], "--parallel: expected a number from 1 to 256, found 0"),
        (["run", "--ssh", "a", "--timeout", "nan"], "--timeout: expected seconds"),
        (["run", "--ssh", "a", "--format", "html"], "--format: of hosts over ssh expected one of text, json, short"),
        (["run", "--ssh", "a", "--output", "junit=x"], "--output: of hosts over ssh expected one of text, json, short"),
        (["run", "--ssh", "a", "--ssh-option", ""], "--ssh-option: expected an option of ssh"),
        (["run", "--ssh", "a", "swop"], "swop"),
        (["run", "--ssh", "a", "--profile", "none"], "none"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_asked(nodecheck: Command, tmp_path: Path, words: list[str], told: str) -> None:
    done = nodecheck(*words)

    assert (done.code, done.out) == (2, "")
    assert told in done.err


@pytest.mark.parametrize(
    ("got", "code", "text"),
    [
        (Printed(b"", 255, ("Welcome", "ssh: no route")), "unreachable", "Welcome; ssh: no route"),
        (Printed(b"", 255, ()), "unreachable", "ssh said nothing"),
        (Printed(b"nodecheck", 255, ()), "unreachable", "the connection broke before the end of the capture"),
        (Printed(gzip.compress(b""), 0, ("sudo: no",)), "no-capture", "sudo: no"),
        (Printed(b"", 127, ()), "no-capture", "nothing came, and ssh ended with code 127"),
        (Printed(b"\x1f\x8b", 0, ("denied",)), "no-capture",
         "ssh://node7: the capture was cut short: its gzip stream has no end (denied)"),
    ],
    ids=range(6),
)  # fmt: skip
def test_why_there_is_no_report(got: Printed, code: str, text: str) -> None:
    found = host_of("node7", got)
    assert isinstance(found, Unreached)
    assert (found.code, found.text) == (code, text)
    assert found.line in text
    assert "Welcome" not in found.line


def test_the_command_line_of_ssh() -> None:
    argv = ssh_argv("/usr/bin/ssh", "ann@node7", SshWay(5.0, ("Port=2222", "ConnectTimeout=1", "BatchMode=no")))

    assert argv[argv.index("--") + 1] == "ann@node7"
    assert len(argv) == argv.index("--") + 3
    assert {"-T", "-a", "-k", "-x"} < set(argv)
    given = [argv[place + 1] for place, word in enumerate(argv) if word == "-o"]
    assert given[0] == "BatchMode=yes"  # ssh takes the first
    assert given.index("ConnectTimeout=1") < given.index("ConnectTimeout=2")


@pytest.mark.parametrize(
    ("version", "known", "unknown"),
    [
        ((7, 4), "BatchMode=yes", "RemoteCommand=none"),
        ((8, 6), "RemoteCommand=none", "StdinNull=no"),
        ((9, 2), "StdinNull=no", ""),
    ],
)
def test_an_option_that_an_older_ssh_does_not_know(version: tuple[int, int], known: str, unknown: str) -> None:
    argv = ssh_argv("/usr/bin/ssh", "node7", SshWay(5.0, version=version))

    assert known in argv
    assert unknown not in argv


@with_sshd
def test_what_a_configuration_asks_for_others_does_not_count(nodes: Nodes) -> None:
    """It may tunnel, say nothing to the node, or run a program of its own: ssh takes the first that it is told."""
    asked = ("StdinNull=yes", "SessionType=none", "ForkAfterAuthentication=yes", "RemoteCommand=id", "RequestTTY=force")
    words = [word for option in asked for word in ("--ssh-option", option)]
    cat = nodes.add("ForceCommand cat")  # it sends the script back: so it came there

    done = nodes.call("run", "--json", "swap", "--ssh", cat, *words)

    assert "expected the line 'nodecheck capture 1'" in hosts_of(done.out)[cat]["error"]
    assert "#!/bin/sh" in hosts_of(done.out)[cat]["error"]


def test_without_ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "SEARCH_PATH", ("/none",))

    with pytest.raises(UsageError, match="--ssh needs the program ssh: ssh: no such program in /none"):
        SshCaptures(("node7",), SshWay(1.0))


def test_the_configuration_of_this_machine_does_not_count(nodecheck: Command, tmp_path: Path) -> None:
    """Only one that is named: a profile that is not there is refused before a host is asked."""
    (tmp_path / "own.toml").write_text('profile = "/none.toml"\n')

    done = nodecheck("run", "--ssh", "a", "--config", "own.toml", "--ssh-option", "ProxyCommand=touch asked")

    assert done.code == 2
    assert "/none.toml" in done.err
    assert not (tmp_path / "asked").exists()
