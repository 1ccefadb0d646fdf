"""The configuration of a node, as run, plan, list, doctor and audit take it: whole processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nodecheck as library
from nodecheck.text import printable, wellformed
from tests.cli.conftest import Command, Ended

DEFAULT = "/etc/nodecheck/nodecheck.toml"
ALONE = ("unshare", "--mount", "--propagation", "private")
NAMESPACES = pytest.mark.skipif(
    os.geteuid() != 0
    or shutil.which("unshare") is None
    or subprocess.run([*ALONE, "true"], capture_output=True).returncode != 0,
    reason="needs root and mount namespaces",
)

WORKER = """
role = "worker"
kubernetes = "1.34"
proxy-mode = "iptables"
cni = "flannel"
"""

Alone = Callable[..., Ended]


@pytest.fixture
def alone(tmp_path: Path) -> Alone:
    """Run a script with an /etc/nodecheck of its own, which holds these files (below it) and is the directory."""

    def run(script: str, **files: str) -> Ended:
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        head = "set -e; mkdir -p /etc/nodecheck; mount -t tmpfs -o mode=755 tmpfs /etc/nodecheck; cd /etc/nodecheck; "
        head += "".join([f"cp {tmp_path}/{name} {name.replace('_toml', '.toml')}; " for name in files])
        head += f'set +e; nodecheck() {{ {sys.executable} -m nodecheck "$@"; }}\n'
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
        done = subprocess.run([*ALONE, "sh", "-c", head + script], capture_output=True, env=env, timeout=120)
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


def target(document: str) -> tuple[Any, ...]:
    used = json.loads(document)["profile"]
    return used["name"], used["role"], used["kubernetes"], used["proxy_mode"], used["cni"]


@NAMESPACES
def test_run_takes_what_the_node_is_to_be(alone: Alone) -> None:
    done = alone("nodecheck run swap --json", nodecheck_toml=WORKER)

    assert target(done.out) == ("kubernetes", "worker", "1.34", "iptables", "flannel")
    assert json.loads(done.out)["profile"]["config"] == {"files": [DEFAULT], "unread": None}
    assert json.loads(done.out)["schema_version"] == "1.1"


@NAMESPACES
def test_the_header_says_that_it_counted_and_options_win(alone: Alone) -> None:
    done = alone("nodecheck run swap --role control-plane --kubernetes 1.33", nodecheck_toml=WORKER)
    head = " ".join(done.out.split("\n")[:4])

    assert f"configuration {DEFAULT}" in head
    assert "role control-plane" in head
    assert "1.33" in head
    assert "iptables" in head


@NAMESPACES
def test_whoever_the_audit_calls_plans_for_the_same_node(alone: Alone) -> None:
    """A configuration of before, with all of it under [audit]."""
    waivers = (
        'schema = "nodecheck.waivers/1"\n[[waiver]]\nselect = "runtime-socket"\nreason = "r"\nowner = "o"\n'
        "expires = 2999-01-01\n"
    )
    config = f"[audit]\n{WORKER}waivers = ['/etc/nodecheck/w.toml']\nselect = ['runtime-socket']\n"
    script = (
        "nodecheck audit --state /etc/nodecheck/state --output json=/etc/nodecheck/a.json >&2; cat a.json; echo -----;"
        "nodecheck run --select runtime-socket --json; echo -----; nodecheck plan --select runtime-socket --json"
    )
    done = alone(script, nodecheck_toml=config, w_toml=waivers)
    audited, judged, planned = done.out.split("-----\n")

    assert target(audited) == target(judged) == ("kubernetes", "worker", "1.34", "iptables", "flannel")
    for document in (audited, judged):
        assert {item["id"]: item["status"] for item in json.loads(document)["results"]} == {"runtime-socket": "waived"}
    assert json.loads(planned)["not_fixed"] == []


@NAMESPACES
def test_the_audits_own_keys_do_not_count_for_run(alone: Alone) -> None:
    done = alone("nodecheck run swap --json", nodecheck_toml="[audit]\nselect = ['port']\nignore = ['swap']\n")

    assert {item["check"] for item in json.loads(done.out)["results"]} == {"swap"}


@NAMESPACES
def test_severities_count_for_every_verb(alone: Alone) -> None:
    config = '[severity]\n"time-sync" = "info"\n'
    done = alone("nodecheck list --json; nodecheck list; nodecheck run time-sync --json", nodecheck_toml=config)
    listed, end = json.JSONDecoder().raw_decode(done.out)
    text, _, document = done.out[end:].partition("{")

    assert {item["severity"] for item in listed if item["name"] == "time-sync"} == {"info"}
    assert text.split("\n")[1] == f"profile kubernetes, configuration {DEFAULT}"
    assert ["time-sync", "now", "-", "info"] in [line.split()[:4] for line in text.split("\n")]
    assert {item["severity"] for item in json.loads("{" + document)["results"]} == {"info"}


@NAMESPACES
@pytest.mark.parametrize("verb", ["run swap", "plan swap", "list", "doctor", "audit --check-config"])
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("echo 'roel = 3' > nodecheck.toml", "line 1: roel: unknown key; did you mean 'role'?"),
        ("chmod 666 nodecheck.toml", "others can write it (mode 0666): refused, as nodecheck runs as root"),
        ("chown 65534 nodecheck.toml", "owned by uid 65534: refused"),
        ("rm nodecheck.toml; mkfifo nodecheck.toml", "not a regular file"),
        ("ln -sf nowhere nodecheck.toml", "a link that leads nowhere"),
        ("printf '\\377\\033[31m' > nodecheck.toml", "expected"),
        ("mkdir nodecheck.toml.d; chmod 777 nodecheck.toml.d", "others can write /etc/nodecheck/nodecheck.toml.d"),
        ("echo 'waivers = [\"/etc/nodecheck/w.toml\"]' >> nodecheck.toml; echo x > w.toml", "w.toml: "),
        ("echo 'waivers = [\"/etc/nodecheck/w.toml\"]' >> nodecheck.toml; mkdir w.toml", "w.toml: not a regular"),
        ("echo 'profile = \"/etc/nodecheck/p.toml\"' >> nodecheck.toml; echo x > p.toml", "p.toml: "),
        ("echo 'profile = \"no-such\"' >> nodecheck.toml", "there is no profile 'no-such'"),
    ],
)
def test_what_is_wrong_or_not_to_be_trusted_ends_it_and_names_the_way_out(
    alone: Alone, verb: str, wrong: str, said: str
) -> None:
    if verb == "list" and said == "w.toml: ":
        said = ""  # it takes no waivers, and so looks into none
    done = alone(f"{wrong}; nodecheck {verb}", nodecheck_toml=WORKER)

    if said:
        assert (done.code, done.out) == (2, "")
        assert said in done.err
        assert "--no-config" in done.err
        assert done.err.isprintable() or done.err.removesuffix("\n").isprintable()


@NAMESPACES
def test_without_root_what_cannot_be_read_is_a_note(alone: Alone) -> None:
    user = f"setpriv --reuid 65534 --regid 65534 --clear-groups {sys.executable} -I -m nodecheck"
    script = (
        f'chmod 600 nodecheck.toml; nodecheck() {{ {user} "$@"; }}; nodecheck run swap; nodecheck run swap --json;'
        "nodecheck plan swap > /dev/null; nodecheck list | head -n 1;"
        "nodecheck run --config /etc/nodecheck/nodecheck.toml; echo $?;"
        "chmod 644 nodecheck.toml; nodecheck run swap --json; chmod 700 /etc/nodecheck; nodecheck run swap"
    )
    if subprocess.run(["sh", "-c", f"cd /; {user} --version"]).returncode:
        pytest.skip("another user cannot run this nodecheck")
    done = alone(script, nodecheck_toml=WORKER)

    denied = f"configuration not read: {DEFAULT}: Permission denied"
    text, first, rest = done.out.split("\n{\n", 2)
    assert denied in text
    assert '"unread": "/etc/nodecheck/nodecheck.toml: Permission denied"' in first
    assert '"role": null' in first
    assert denied in first.rpartition("}")[2]  # list
    assert first.endswith("\n2")
    assert '"role": "worker"' in rest
    assert denied in rest.rpartition("}")[2]  # the directory is closed
    assert f"nodecheck: {denied}" in done.err  # plan, on standard error


@NAMESPACES
def test_never_with_a_root_or_without(alone: Alone) -> None:
    script = (
        "mkdir root; nodecheck run swap --root root --json > a.json; nodecheck run swap --no-config --json > b.json;"
        "nodecheck run swap --root root --config nodecheck.toml --json > c.json;"
        "nodecheck convert b.json --to json > d.json; cat a.json b.json d.json c.json"
    )
    done = alone(script, nodecheck_toml=WORKER)
    parts = done.out.split("\n}\n")
    *without, named = [json.loads(part + "}")["profile"] for part in parts[:4]]

    assert [used["config"] for used in without] == [None, None, None]
    assert {used["role"] for used in without} == {None}
    assert (named["role"], named["config"]["files"]) == ("worker", ["nodecheck.toml"])


@NAMESPACES
@pytest.mark.parametrize("verb", ["run", "audit --state /etc/nodecheck/state"])
def test_a_file_of_waivers_that_is_not_there_is_a_finding(alone: Alone, verb: str) -> None:
    script = f"nodecheck {verb} --output json=/etc/nodecheck/report > /dev/null; cat report"
    done = alone(script, nodecheck_toml="waivers = ['/etc/nodecheck/w.toml']\n")
    (found,) = [item for item in json.loads(done.out)["results"] if item["check"] == "waiver"]

    assert (found["id"], found["status"], found["severity"]) == ("waiver[/etc/nodecheck/w.toml]", "fail", "warning")
    assert found["fix"]["safety"] == "manual"
    assert "/etc/nodecheck/w.toml" in found["fix"]["steps"][0]["text"]
    assert found["evidence"] == [
        {"source": "/etc/nodecheck/w.toml", "locator": None, "value": None, "truncated": False}
    ]  # fmt: skip


def test_waivers_of_the_command_line_must_be_there(nodecheck: Command, tmp_path: Path) -> None:
    config = tmp_path / "n.toml"
    config.write_text(f"waivers = ['{tmp_path}/none.toml']\n")
    done = nodecheck("run", "--config", "n.toml", "--waivers", "none.toml")
    assert (done.code, done.out) == (2, "")
    assert "none.toml" in done.err
    assert "--no-config" not in done.err


def test_an_absent_file_of_waivers_is_no_verdict_on_the_node(nodecheck: Command, tmp_path: Path) -> None:
    """It must not turn a run that judged nothing into a pass."""
    (tmp_path / "n.toml").write_text(f"waivers = ['{tmp_path}/none.toml']\n[severity]\nwaiver = 'error'\n")
    use = ("run", "--config", "n.toml", "--json")
    nothing = nodecheck(*use, "sysctl[no.such.key]")
    assert (nothing.code, json.loads(nothing.out)["results"]) == (3, [])
    alone = nodecheck(*use, "waiver")
    assert (alone.code, [item["severity"] for item in json.loads(alone.out)["results"]]) == (1, ["error"])
    assert nodecheck(*use, "waiver", "--ignore", "waiver[*none.toml]").code == 3


@pytest.mark.parametrize("name", ["n.toml", "x\n$(touch owned)\n.toml", "\x1b[31m`touch owned`'\".toml", "-rf \udcff"])
def test_every_form_says_that_it_counted_whatever_its_name(nodecheck: Command, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(WORKER)
    use = (f"--config={path}", "swap")
    shown = printable(str(path))

    assert shown in nodecheck("run", *use, COLUMNS="400").out
    assert shown in nodecheck("plan", *use, COLUMNS="400").out
    script = nodecheck("plan", *use, "--format", "sh").out
    assert f"# For this node by its configuration {shown}\n" in script
    done = subprocess.run(["sh", "-s", "--", "--dry-run"], input=script, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, (tmp_path / "owned").exists()) == (0, False)
    (told,) = json.loads(nodecheck("run", *use, "--json").out)["profile"]["config"]["files"]
    assert told == wellformed(str(path))
    assert "<dt>Configuration</dt>" in nodecheck("run", *use, "--format", "html").out
    assert "configuration" in nodecheck("run", *use, "--format", "markdown").out


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    (tmp_path / "n.toml").write_text(WORKER)
    shell = f"({sys.executable} -m nodecheck list --config n.toml; echo $? >&2) | true"
    done = subprocess.run(["bash", "-c", shell], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stderr in ("74\n", "0\n")


def test_the_library_reads_it_where_it_is_given(tmp_path: Path) -> None:
    path = tmp_path / "n.toml"
    path.write_text(WORKER + "[severity]\nswap = 'info'\n")

    report = library.run(select=["swap"], config=path, role="control-plane")

    assert report.profile[2:6] == ("control-plane", "1.34", "iptables", "flannel")
    assert report.profile.config is not None
    assert report.profile.config.files == (str(path),)
    assert {result.severity for result in report} == {"info"}
    assert library.Report.from_json(report.to_json()) == report
    assert library.run(select=["swap"]).profile.config is None
    with pytest.raises(library.UsageError, match="there is no such file"):
        library.run(config=tmp_path / "none.toml")


def test_a_report_of_schema_1_0_is_read(tmp_path: Path) -> None:
    document = library.run(root=tmp_path, select=["swap"]).to_dict()
    del document["profile"]["config"]
    document["schema_version"] = "1.0"

    assert library.Report.from_json(json.dumps(document)).profile.config is None


ACCEPTED = """
schema = "nodecheck.waivers/1"
[[waiver]]
select = "{select}"
reason = "wanted"
owner = "platform"
expires = 2999-12-31
"""


@NAMESPACES
def test_waive_list_shows_what_run_takes(alone: Alone) -> None:
    """The files that the configuration names, and not the default one alone."""
    config = 'waivers = ["/etc/nodecheck/ours.toml", "/etc/nodecheck/none.toml"]\n'
    files = {
        "nodecheck_toml": config, "ours_toml": ACCEPTED.format(select="swap"),
        "waivers_toml": ACCEPTED.format(select="port"), "other_toml": ACCEPTED.format(select="hosts"),
    }  # fmt: skip
    ended = alone("nodecheck waive --list", **files)
    assert (ended.code, ended.err) == (0, "")
    lines = [line for line in ended.out.split("\n") if "wanted" not in line]
    assert lines[0] == "/etc/nodecheck/ours.toml"
    assert lines[1].startswith("  swap: until 2999-12-31")
    assert lines[2] == "/etc/nodecheck/none.toml: not there; run reports it as waiver[/etc/nodecheck/none.toml]"
    assert lines[3] == "/etc/nodecheck/waivers.toml: not used, because no configuration names it"
    assert lines[4].startswith("  port: until 2999-12-31")

    listed = json.loads(alone("nodecheck waive --list --json", **files).out)
    assert [(item["select"], item["file"].rpartition("/")[2], item["used"]) for item in listed] == [
        ("swap", "ours.toml", True), ("port", "waivers.toml", False),
    ]  # fmt: skip
    named = alone("nodecheck waive --list --waivers other.toml", **files).out
    assert named.startswith("other.toml\n  hosts: until")
    assert "ours.toml" not in named
    assert "ours.toml" not in alone("nodecheck waive --list --no-config", **files).out
    assert alone("nodecheck waive --list --file other.toml", **files).out.startswith("hosts: until")
    assert alone("nodecheck waive --list --file other.toml --no-config", **files).code == 2
    assert alone("nodecheck waive swap --remove --waivers other.toml", **files).code == 2


@NAMESPACES
def test_waive_list_shows_the_waivers_of_the_profile(alone: Alone) -> None:
    profile = ACCEPTED.format(select="swap").replace('nodecheck.waivers/1"', 'nodecheck.profile/1"\nname = "edge"')
    files = {"nodecheck_toml": 'profile = "/etc/nodecheck/edge.toml"\n', "edge_toml": profile}
    ended = alone("nodecheck waive --list", **files)
    assert ended.out.startswith("profile /etc/nodecheck/edge.toml\n  swap: until 2999-12-31"), ended.err
    none = alone("nodecheck waive --list")
    assert none.out == (
        "no waivers: neither the profile nor the configuration has any, and /etc/nodecheck/waivers.toml is not there\n"
    )
