"""The audit as cron meets it: silent, one at a time, recorded, and telling what changed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jsonschema
import pytest

from tests.cli.conftest import BASE, Command, Ended
from tests.cli.test_run import closed
from tests.program import with_plugins

SAYS = (
    BASE
    + """
import os

def said(outcome, name):
    word = os.environ.get("SAYS_" + name, "ok")
    if word == "hang":
        open(os.environ["HERE"], "w").close()
        time.sleep(30)
    if word == "hostile":
        return fail("\\x1b[31mred\\nNEW FAILURE forged", evidence=[seen("/etc/thing", "\\x1b]0;title\\x07")])
    if word == "unknown":
        return unknown("nobody may look", code="denied")
    return (ok if word == "ok" else fail)(f"{name} is {word}", evidence=[seen("/etc/thing", word)])

@check(severity=nodecheck.Severity.ERROR)
def first():
    "First."
    yield said(ok, "first")

@check(severity=nodecheck.Severity.WARNING)
def second():
    "Second."
    yield said(ok, "second")

@nodecheck.hookimpl
def nodecheck_checks():
    return [first, second]
"""
)

Audit = Callable[..., Ended]


@pytest.fixture
def plugins(plugin: Callable[..., Path]) -> Path:
    return plugin("says", SAYS)


@pytest.fixture
def audit(nodecheck: Command, plugins: Path, tmp_path: Path) -> Audit:
    """Run an audit of two checks, of which each says what it is told."""

    def run(*words: str, verb: str = "audit", **says: str) -> Ended:
        env = {f"SAYS_{name}": word for name, word in says.items()}
        select = ("--select", "first", "--select", "second") if verb == "audit" else ()
        state = () if "--state" in words else ("--state", str(tmp_path / "state"))
        return nodecheck(verb, *select, *words, *state, plugins=plugins, **env)

    return run


def test_it_is_silent_until_something_changes(audit: Audit) -> None:
    first = audit(second="bad")
    assert (first.code, first.err) == (0, "")
    assert first.out.split("\n")[1].startswith("FAILS             second (warning): second is bad")
    assert audit(second="bad") == (0, "", "")

    worse = audit(first="bad", second="bad")
    assert worse.code == 1
    lines = worse.out.split("\n")
    assert re.fullmatch(r".*: run 3, FAIL: 1 error, 1 warning", lines[0])
    assert lines[1] == "NEW FAILURE       first (error): first is bad"
    assert re.fullmatch(r"still failing     second \(warning\): second is bad; failing since .* \(run 1\)", lines[2])
    assert audit(first="bad", second="bad") == (1, "", "")

    blind = audit(first="unknown", second="bad")
    assert (blind.code, blind.out.split("\n")[1][:13]) == (3, "COVERAGE LOST")
    mended = audit(second="bad")
    assert (mended.code, mended.out.split("\n")[1][:6]) == (0, "fixed ")


def test_changed_only_exits_by_the_changes(audit: Audit) -> None:
    assert audit("--changed-only", first="bad").code == 1
    assert audit("--changed-only", first="bad") == (0, "", "")
    assert audit("--changed-only", first="unknown").code == 3
    assert audit("--changed-only", first="unknown").code == 0
    assert audit("--changed-only", second="bad").code == 0
    again = audit("--changed-only", first="bad", second="bad")
    assert (again.code, "still failing" in again.out) == (1, False)
    assert audit("--changed-only", "--exit-zero").code == 0


def test_exit_codes_of_other_programs(audit: Audit, tmp_path: Path) -> None:
    nagios, npd = ("--exit-map", "nagios"), ("--exit-map", "npd")
    assert [audit(*codes, first="bad|x=1").code for codes in (nagios, npd, ("--exit-map", "run"))] == [2, 1, 1]
    quiet = audit("-q", *nagios, first="bad|x=1")
    assert quiet.out.startswith(quiet.out.partition(":")[0] + ": run 4, FAIL: 1 error")  # silence would be a fault
    changed = audit(*nagios, first="bad|x=2")
    assert "bad\\x7cx=2" in changed.out  # what follows a bar would be numbers
    assert "|" not in changed.out
    assert [audit("--changed-only", *codes, first="bad|x=2").code for codes in (nagios, npd)] == [0, 0]
    assert [audit(*codes, first="unknown").code for codes in (nagios, npd)] == [3, 2]
    assert audit("--changed-only", *nagios, first="unknown", second="bad").code == 1
    refused = audit(*nagios, "--select", "swop")
    assert (refused.code, refused.out[:26]) == (3, "NODECHECK UNKNOWN - select")


def test_the_configuration_in_force_as_json(audit: Audit, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("[audit]\nflap = '2/3'\n[[output]]\nformat = 'syslog'\n")

    shown = audit("--config", f"{tmp_path}/x.toml", "--check-config", "--json", "--role", "worker")

    document = json.loads(shown.out)
    assert (shown.code, document["files"], document["output"]) == (0, [f"{tmp_path}/x.toml"], [{"format": "syslog"}])
    assert (document["audit"]["flap"], document["history"]["keep-days"]) == ("2/3", 400)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[audit]\nprofile = 'nosuch'\n", "there is no profile 'nosuch'"),
        ("[audit]\nprofile = 'BAD'\n", "unknown key"),
        ("[audit]\nwaivers = ['BAD']\n", "unknown key"),
        ("[[output]]\nformat = 'json'\npath = '/x'\n[[output]]\nformat = 'text'\npath = '/x'\n", "asked for twice"),
    ],
)
def test_what_the_audit_would_refuse_is_no_valid_configuration(
    nodecheck: Command, tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "bad.toml").write_text("nonsense = 1\n")
    (tmp_path / "x.toml").write_text(text.replace("BAD", f"{tmp_path}/bad.toml"))

    ended = nodecheck("audit", "--config", f"{tmp_path}/x.toml", "--check-config")

    assert (ended.code, ended.out, told in ended.err) == (2, "", True), ended.err


def test_quiet_tells_only_what_got_worse(audit: Audit) -> None:
    audit("-q", first="bad")
    assert audit("-q") == (0, "", "")
    assert audit("-q", second="bad") == (0, "", "")
    assert "NEW FAILURE" in audit("-q", first="bad").out


def test_the_document_follows_its_schema(audit: Audit, nodecheck: Command) -> None:
    schema = json.loads(nodecheck("schema", "audit").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    audit(first="bad")
    audit("accept", verb="baseline")
    for says in ({"first": "bad"}, {"first": "unknown", "second": "bad"}, {}):
        document = json.loads(audit("--json", **says).out)
        jsonschema.validate(document, closed(schema))
    assert [change["kind"] for change in document["changes"]] == ["fixed", "fixed"]
    assert document["baseline"]["run"] == 1
    compared = audit("1", "last", "--json", verb="diff")
    jsonschema.validate(json.loads(compared.out), schema)


def test_outputs_of_the_configuration_and_of_the_command_line(audit: Audit, tmp_path: Path) -> None:
    config = tmp_path / "nodecheck.toml"
    config.write_text(f"[audit]\nselect = ['first']\n[[output]]\nformat = 'json'\npath = '{tmp_path}/a.json'\n")
    assert audit("--config", str(config), "--output", f"text={tmp_path}/b.txt").code == 0

    assert json.loads((tmp_path / "a.json").read_text())["results"][0]["id"] == "first"
    assert "PASS" in (tmp_path / "b.txt").read_text()
    failed = audit("--config", str(config), "--output", f"text={tmp_path}/none/b.txt", first="bad")
    assert (failed.code, "NEW FAILURE" in failed.out) == (74, True)


def test_the_configuration_says_what_the_options_leave_out(audit: Audit, nodecheck: Command, tmp_path: Path) -> None:
    config = tmp_path / "nodecheck.toml"
    config.write_text("[audit]\nchanged-only = true\nflap = '2/2'\nfail-on = 'warning'\nnice = 3\n")
    assert 'flap = "2/2"' in nodecheck("audit", "--check-config", "--config", str(config)).out

    use = ("--config", str(config))
    assert audit(*use) == (0, "", "")
    assert audit(*use, second="bad") == (0, "", "")
    assert audit(*use, second="bad").code == 1
    config.write_text("[audit]\nflop = '2/2'\n")
    assert audit(*use) == (
        2,
        "",
        f"nodecheck: config {config}: line 2: audit.flop: unknown key; did you mean 'flap'?\n",
    )


@pytest.mark.parametrize("words", [("--format", "html"), ("--timeout", "0"), ("--select", "none"), ("--state", "")])
def test_bad_usage(nodecheck: Command, words: tuple[str, ...], tmp_path: Path) -> None:
    assert nodecheck("audit", "--state", str(tmp_path / "s"), *words).code == 2


def started(plugins: Path, tmp_path: Path, *words: str, **env: str) -> subprocess.Popen[bytes]:
    argv, more = with_plugins(plugins, ("audit", "--select", "first", "--state", f"{tmp_path}/state", *words))
    here = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "HERE": f"{tmp_path}/here", **more}
    return subprocess.Popen(argv, env={**here, **env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path)


def until(path: Path) -> None:
    for _ in range(600):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} never came")


def test_of_twenty_at_once_one_runs_and_the_others_exit_75(audit: Audit, plugins: Path, tmp_path: Path) -> None:
    holder = started(plugins, tmp_path, SAYS_first="hang")
    until(tmp_path / "here")
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda _: audit(), range(19)))
    holder.kill()
    holder.communicate()

    assert {one.code for one in ended} == {75}
    assert all(f"(process {holder.pid})" in one.err and one.out == "" for one in ended)
    assert audit().code == 0  # the kernel freed the lock of the killed one


def test_sigterm_ends_it_cleanly(audit: Audit, plugins: Path, tmp_path: Path) -> None:
    assert audit().code == 0
    running = started(plugins, tmp_path, SAYS_first="hang")
    until(tmp_path / "here")
    running.send_signal(signal.SIGTERM)
    out, err = running.communicate(timeout=30)

    assert (running.returncode, out, err) == (143, b"", b"")
    assert audit() == (0, "", "")
    assert len(json.loads(audit("--json", verb="history").out)["runs"]) == 2


def test_a_hang_in_a_check_is_cut_by_the_runs_own_deadline(plugins: Path, tmp_path: Path) -> None:
    running = started(plugins, tmp_path, "--timeout", "1", SAYS_first="hang")
    out, _ = running.communicate(timeout=30)

    assert running.returncode == 3
    assert b"UNKNOWN           first" in out


def test_a_hang_in_an_output_is_cut_by_the_alarm(audit: Audit, plugins: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    code = "import nodecheck.cli.audit_verb as verb; verb.GRACE_S = 1.0; from nodecheck.cli import main; main()"
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(plugins)}
    words = ["audit", "--select", "first", "--state", f"{tmp_path}/state", "--timeout", "1", "--output", "text=pipe"]
    done = subprocess.run([sys.executable, "-c", code, *words], env=env, cwd=tmp_path, capture_output=True, timeout=30)

    assert done.returncode == 3
    assert b"the audit did not end within 2 seconds" in done.stderr
    assert audit("--select", "first").code == 0


def test_a_disk_that_is_full_or_read_only_does_not_take_the_verdict(audit: Audit, tmp_path: Path) -> None:
    audit()
    (tmp_path / "state" / "history.sqlite3").rename(tmp_path / "kept")
    (tmp_path / "state" / "lock").unlink()
    (tmp_path / "state").rmdir()
    (tmp_path / "state").symlink_to("/proc/self")  # where nobody can make a file

    ended = audit(first="bad")

    assert ended.code == 74
    assert "FAILS             first (error): first is bad" in ended.out
    assert "this run was not recorded" in ended.err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_a_real_disk_that_is_full_or_read_only(nodecheck: Command, plugins: Path, tmp_path: Path) -> None:
    script = """
    mount -t tmpfs -o size=2m,mode=0755 x "$1" || exit 99
    audit() { SAYS_first=$1 "$PYTHON" -m nodecheck audit --select first --state "$0" 2>&1; echo "exit $?"; }
    set -- "$1/state" ok; BASH_ARGV0=$1
    audit ok
    dd if=/dev/zero of="$0/../fill" bs=4k 2>/dev/null
    audit bad
    "$PYTHON" -m nodecheck history --state "$0" --json; echo "exit $?"
    rm "$0/../fill"
    audit bad
    mount -o remount,ro "$0/.."
    audit ok
    """
    (tmp_path / "disk").mkdir()
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(plugins), "PYTHON": sys.executable}
    words = ["unshare", "-m", "bash", "-c", script, "bash", str(tmp_path / "disk")]
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode == 99 or "unshare" in done.stderr:
        pytest.skip("mounting is not allowed here")
    began, full, read, back, read_only = re.split(r"(?<=exit \d)\n|(?<=exit \d\d)\n", done.stdout.strip())

    assert began == "exit 0"
    assert "is full" in full
    assert "NEW FAILURE       first" in full  # told against what was recorded before the disk was full
    assert full.endswith("exit 74")
    assert read.endswith("exit 0")
    assert len(json.loads(read[: -len("exit 0")])["runs"]) == 1
    assert "NEW FAILURE       first" in back
    assert back.endswith("exit 1")
    assert "is read-only" in read_only
    assert "fixed             first" in read_only
    assert read_only.endswith("exit 74")


def test_a_damaged_history_is_told_and_begun_anew(audit: Audit, tmp_path: Path) -> None:
    audit()
    (tmp_path / "state" / "history.sqlite3").write_bytes(b"noise" * 1000)

    ended = audit()

    assert ended.code == 0
    for text in (ended.out, ended.err):
        assert "the history was damaged" in text
        assert "history.sqlite3.corrupt-" in text
    assert audit() == (0, "", "")


def test_hostile_text_never_reaches_the_terminal(audit: Audit) -> None:
    told = audit(first="hostile").out
    shown = audit("last", verb="history").out + audit("--result", "first", verb="history").out
    shown += audit("show", verb="baseline").out + audit(verb="history").out + audit("1", "1", verb="diff").out

    assert "red" in told
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", told + shown)
    assert "\nNEW FAILURE forged" not in told


def test_a_complaint_shows_no_hostile_text_of_a_file(nodecheck: Command, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text('"k\\u001b[31m\\nnodecheck: forged" = 2\n')

    ended = nodecheck("audit", "--config", f"{tmp_path}/x.toml")

    assert (ended.code, ended.err.count("\n"), "\x1b" in ended.err) == (2, 1, False)


def test_readers_read_while_audits_write(audit: Audit) -> None:
    audit()
    with ThreadPoolExecutor(3) as pool:
        reads = [pool.submit(audit, "--json", verb="history") for _ in range(6)]
        for number in range(5):
            assert audit(first="bad" if number % 2 else "ok").code in (0, 1)
        ended = [read.result() for read in reads]

    assert [(one.code, one.err) for one in ended] == [(0, "")] * 6
    assert all(json.loads(one.out)["runs"] for one in ended)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_user_reads_roots_history_where_permissions_allow(audit: Audit, tmp_path: Path) -> None:
    state = Path("/dev/shm") / f"nodecheck-test-{os.getpid()}"
    audit("--state", str(state))
    # Read once as root, so that all is imported that nobody may not import, and then as nobody.
    code = (
        "import contextlib, io, os, sys\nfrom nodecheck.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()): main(sys.argv[1:])\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\nsys.exit(main(sys.argv[1:]))\n"
    )
    words = [sys.executable, "-c", code, "history", "--state", str(state), "--json"]
    try:
        closed = subprocess.run(words, capture_output=True, cwd="/", check=False)
        state.chmod(0o755)
        (state / "history.sqlite3").chmod(0o644)
        before = sorted(os.listdir(state))
        opened = subprocess.run(words, capture_output=True, cwd="/", check=False)
        assert (closed.returncode, closed.stdout) == (2, b"")
        assert b"Permission denied" in closed.stderr
        assert (opened.returncode, opened.stderr) == (0, b"")
        assert len(json.loads(opened.stdout)["runs"]) == 1
        assert sorted(os.listdir(state)) == before
    finally:
        for path in state.iterdir():
            path.unlink()
        state.rmdir()


def test_history_diff_and_baseline(audit: Audit, tmp_path: Path) -> None:
    for says in ({}, {"first": "bad"}, {"first": "bad"}, {}):
        audit("--output", f"json={tmp_path}/{says.get('first', 'ok')}.json", **says)

    listed = audit(verb="history").out.split("\n")
    assert [line.split()[0] for line in listed if line] == ["RUN", "4", "3", "2", "1"]
    assert "1 fixed" in listed[1]
    assert audit("--limit", "1", "--since", "2020-01-01", verb="history").out.count("\n") == 2
    assert "first is bad" in audit("last~1", verb="history").out
    assert json.loads(audit("2", "--json", verb="history").out)["results"][0]["status"] == "fail"
    assert "fail (error)" in audit("first", verb="history").out
    assert audit("nothing", verb="history").code == 2

    assert (audit("1", "2", verb="diff").code, audit("2", "1", verb="diff").code) == (1, 0)
    files = audit(f"{tmp_path}/ok.json", f"{tmp_path}/bad.json", verb="diff")
    assert (files.code, files.out.split("\n")[-2]) == (1, "NEW FAILURE       first (error): first is bad")
    assert audit("1", "1", verb="diff") == (0, "", "")
    assert "failing since" not in audit(f"{tmp_path}/bad.json", f"{tmp_path}/bad.json", verb="diff").out
    assert re.search(r"still failing .*; failing since .* \(run 2\)", audit("3", "3", verb="diff").out)
    document = json.loads(audit("3", "last", "--json", verb="diff").out)
    assert (document["before"]["run"], document["run"]["run"]) == (3, 4)
    assert [(item["kind"], item["since"]["run"]) for item in document["changes"]] == [("fixed", 2)]
    assert audit("1", "77", verb="diff").code == 2
    assert audit("1", f"{tmp_path}/none.json", verb="diff").code == 2

    assert audit("show", verb="baseline").code == 2
    assert audit("accept", "1", verb="baseline").code == 0
    assert "run 1" in audit("show", verb="baseline").out
    assert audit("baseline", "2", verb="diff").code == 1
    assert "against the baseline (run 1" in audit(first="bad").out
    assert audit("--changed-only", first="bad") == (1, "", "")  # it fails, and the baseline does not
    assert audit("accept", verb="baseline").code == 0
    assert audit("--changed-only", first="bad") == (0, "", "")


def test_it_is_a_good_guest(audit: Audit, plugins: Path, tmp_path: Path) -> None:
    running = started(plugins, tmp_path, SAYS_first="hang")
    until(tmp_path / "here")
    try:
        fields = Path(f"/proc/{running.pid}/stat").read_text().rpartition(")")[2].split()
        assert int(fields[16]) >= 10
        limits = Path(f"/proc/{running.pid}/limits").read_text()
        assert re.search(r"Max data size +536870912 ", limits)
        priority = subprocess.run(["ionice", "-p", str(running.pid)], capture_output=True, text=True, check=False)
        assert priority.stdout.strip() in ("idle", "")
    finally:
        running.kill()
        running.communicate()
