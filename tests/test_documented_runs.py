"""Every command line that the docs, the README or a help text show runs on a scratch node as it stands.

A page's lines are typed one after the other, on a node of their own (tests/scratch_node.py). What cannot be typed there
stands in NOT_RUN with the reason, and a word that stands for another in STANDS_FOR.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from nodecheck.cli.verbs import VERBS
from tests.documented import PAGES, ROOT, Call, calls_of_help, calls_of_others, calls_of_page, shown
from tests.scratch_node import Ended, typed, why_not, written
from tests.test_command_lines import NOT_TYPED

NOT_RUN = {
    **{f"nodecheck {line}": reason for line, reason in NOT_TYPED.items()},
    "nodecheck explain motd": "the plugin of examples/nodecheck-motd is not installed: tests/test_example_plugin.py",
    "nodecheck run motd": "the plugin of examples/nodecheck-motd is not installed: tests/test_example_plugin.py",
    "nodecheck waive": "a sentence names the verb",
    "nodecheck plan --ssh node7 --format sh": "no such host answers: tests/cli/test_ssh.py",
    "nodecheck capture --hosts hosts.txt -o captures": "no such host answers: tests/cli/test_ssh.py",
    "nodecheck capture --ssh node7 -o captures": "no such host answers: tests/cli/test_ssh.py",
    "nodecheck capture --ssh node7 --ssh node8 -o captures": "no such host answers: tests/cli/test_ssh.py",
    "nodecheck run --capture sosreport-n1.tar.xz": "no sosreport is here: tests/capturing/test_archives.py",
    "nodecheck run --plugins /opt/nodecheck/plugins": "the reader makes it: tests/cli/test_plugin_folders.py",
    "nodecheck schedule systemd --every daily --install": "asks the systemd of a node: tests/schedule",
    "nodecheck schedule systemd --every hourly --install": "asks the systemd of a node: tests/schedule",
    "nodecheck schedule systemd --remove": "asks the systemd of a node: tests/schedule",
    "nodecheck schedule cron --install": "refuses a program that others than root can change: tests/schedule",
    "python -m venv .venv": "a package is built and installed: .ci/run does so",
    "python -m venv /opt/nodecheck": "a package is built and installed: .ci/run does so",
    "python -m pip install --no-compile --target app .": "a package is built and installed: tests/test_zipapp.py",
    "python -m pip install --target /opt/nodecheck/plugins --no-deps ./nodecheck-motd": "writes into /opt",
    "python nodecheck.pyz run": "the file that a release has: tests/test_zipapp.py",
    "python packaging/build_static.py": "compiles Python: tests/test_static.py",
    "python packaging/build_packages.py": "packs the static file: tests/test_static.py",
    "python -m pytest --quiet tests/test_static.py": "is a part of this suite",
    "python -m compileall -q -b --invalidation-mode unchecked-hash app": "needs what pip installed: "
    "tests/test_zipapp.py",
    "python -m zipapp app --main nodecheck.cli:main --python /usr/bin/env python3 --output nodecheck.pyz": "needs what "
    "pip installed: tests/test_zipapp.py",
    "pytest my-plugin": "are the tests of a plugin that the reader wrote: tests/test_reader_pages.py",
    "python -m pytest --quiet -n auto": "is this suite",
    "python -m pytest --quiet -m static": "is a part of this suite, and needs the static file",
    "python -m pytest -q tests/healthy": "is a part of this suite",
    "pytest tests/kinds/test_members.py -k [5": "is a part of this suite",
    "pytest tests/checks/WING tests/facts/WING tests/facts/test_sources.py tests/test_layers.py tests/test_names.py "
    "tests/test_reference.py tests/profile": "is a part of this suite",
    "python docs/generate.py": "writes into the repository: tests/test_site.py compares what it writes",
    "python -m tests.prose": "reads the whole repository: tests/test_readability.py does so",
    "python benchmarks/year.py": "takes minutes",
    "python -m tests.healthy.collect ROOT NAME": "writes into the repository, and needs a distribution's root",
    "python -m tests.healthy.collect COPY NAME BELOW": "writes into the repository, and needs a distribution's root",
    "python -m tests.vm": "starts virtual machines",
    "python -m tests.vm --report vm.json": "starts virtual machines",
    "python -m tests.vm --boots 60 --report boots.json": "starts virtual machines",
    "python -m tests.vm --part 1/2 --report 1.json": "starts virtual machines",
    "python -m tests.vm --part 2/2 --report 2.json": "starts virtual machines",
    "python -m tests.vm --join 1.json 2.json --report vm.json": "needs the parts that virtual machines gave",
    "python -m nodecheck": "a sentence names the program: a verb is missing",
}
"""A line, and why it is not run."""

STANDS_FOR = {
    ("explain", "NAME"): "swap",
    ("explain", "CHECK"): "swap",
    ("explain", "CHECK[SUBJECT]"): "sysctl[net.ipv4.ip_forward]",
    ("show", "NAME"): "kubernetes",
    ("validate", "FILE"): "site.toml",
    ("--format", "NAME"): "markdown",
    ("--to", "NAME"): "markdown",
    ("--format", "FORMAT"): "tap",
    ("--to", "FORMAT"): "tap",
    ("--root", "DIR"): "rootfs",
    ("--root", "TREE"): "rootfs",
    ("history", "ID"): "1",
    ("history", "812"): "1",
    ("diff", "700"): "1",
}
"""A word after another, and what is typed in its place: here one run was recorded, or two, and not 812."""

CAPTURE = "nodecheck capture 1\ni time 2026-11-30T12:00:00Z\ni tool x\ni path /\ni running 1\ni whole 1\ni own 1\n.\n"
FILES = {
    "other.toml": 'role = "worker"\nkubernetes = "1.34"\n',
    "site.toml": 'schema = "nodecheck.profile/1"\nname = "site"\nextends = "centos7-kubeadm-1.17"\n',
    "hosts.txt": "node7\nroot@node8  # the second\n",
    "node7.capture": CAPTURE,
    "node1.capture": CAPTURE,
    "node1.more": CAPTURE,
    "first.capture": CAPTURE,
    "second.capture": CAPTURE,
    "edge.toml": 'schema = "nodecheck.profile/1"\nname = "edge"\nextends = "kubernetes"\n',
}
WAIVERS = (
    'schema = "nodecheck.waivers/1"\n[[waiver]]\nselect = "port"\nreason = "x"\nowner = "x"\nexpires = 2999-01-01\n'
)
LOOKING = ("run", "plan", "list", "explain", "doctor")
RECORDED = ("audit", "history", "diff", "baseline")
"""Verbs that need what an audit recorded."""
SILENT = {"-q", "audit", "diff", "--output", "-o"}
"""What may print nothing."""


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def pages() -> dict[str, list[Call]]:
    """The lines of each page, those of the checks' pages together in three, and those of all help texts.

    What only looks at the node is typed on the first page that shows it.
    """
    shows = [(_group(path), call) for path in PAGES for call in calls_of_page(path)]
    shows += [("nodecheck VERB --help", call) for verb in VERBS for call in calls_of_help(verb)]
    found: dict[str, list[Call]] = {}
    seen: set[tuple[str, ...]] = set()
    for name, call in shows:
        if call.words not in seen or call.words[0] not in LOOKING or call.to is not None:
            found.setdefault(name, []).append(call)
        seen.add(call.words)
    return found


def _group(path: Path) -> str:
    name = relative(path)
    if not name.startswith("docs/checks/"):
        return name
    return f"docs/checks/[{'a-h' if path.name < 'i' else 'i-r' if path.name < 's' else 's-z'}]*"


def others() -> dict[str, list[Call]]:
    """The lines of Python and pytest of each page."""
    found = {
        relative(path): [call for line in shown(path.read_text()) for call in calls_of_others(line)] for path in PAGES
    }
    return {name: lines for name, lines in found.items() if lines}


LINES = pages()
OTHER_LINES = others()


def as_typed(call: Call) -> tuple[list[str], str | None]:
    words = [call.program, *call.words]
    return [STANDS_FOR.get((before, word), word) for before, word in zip(["", *words], words)], call.to


@pytest.fixture
def node(tmp_path: Path) -> Path:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    here, etc = written(tmp_path), tmp_path / "top/etc/nodecheck"
    for name, text in FILES.items():
        (here / name).write_text(text)
    shutil.copy(here / "edge.toml", etc)
    (etc / "waivers.toml").write_text(WAIVERS)
    for name in ("examples", "benchmarks"):
        (here / name).symlink_to(ROOT / name)
    return tmp_path


def reports(base: Path) -> list[tuple[list[str], str | None]]:
    """The lines that leave what other lines read: reports of this node."""
    (base / "top/var/lib/nodecheck").mkdir(parents=True, exist_ok=True)
    names = ("report.json", "node7.json", "before.json", "after.json", "/var/lib/nodecheck/report.json")
    return [(["nodecheck", "run", "--json", "swap"], name) for name in names]


def allowed(words: list[str]) -> set[int]:
    """The exit codes that the contract has for a line which is typed as it is meant."""
    if words[0] == "pytest":
        return {0, 1}
    if words[0] == "python":
        return {0, 1, 3}
    if "nagios" in words:
        return {0, 1, 2, 3}
    if "--check-config" in words or "--help" in words:
        return {0}
    codes = {"run": {0, 1, 3}, "plan": {0, 1, 3}, "audit": {0, 1, 3}, "doctor": {0, 1}, "diff": {0, 1}}
    return codes.get(words[1], {0})


def assert_ended(ended: Ended, codes: set[int]) -> None:
    told = f"{ended.line}: exit code {ended.code}\n{ended.out[-1500:]}\n{ended.err[-1500:]}"
    assert ended.code in codes, told
    assert "Traceback" not in ended.err, told
    assert "crashed" not in ended.out or " schema " in ended.line, told  # which names all causes
    assert ended.out or SILENT & set(ended.line.split()), told


def run_all(base: Path, lines: list[Call]) -> None:
    chosen = [as_typed(call) for call in lines if str(call) not in NOT_RUN]
    before = reports(base) if any(word.endswith(".json") for words, _ in chosen for word in words) else []
    if any(words[1] in RECORDED for words, _ in chosen):
        before += [(["nodecheck", "audit"], None)] * 2
    lines_of_page = [*before, *chosen]
    found = typed(base, lines_of_page)
    assert len(found) == len(lines_of_page)
    for ended, (words, _) in zip(found, lines_of_page):
        assert_ended(ended, allowed(words))


@pytest.mark.parametrize("page", LINES)
def test_the_lines_of_a_page_run(page: str, node: Path) -> None:
    run_all(node, LINES[page])


@pytest.mark.parametrize("page", [page for page in OTHER_LINES if {*map(str, OTHER_LINES[page])} - {*NOT_RUN}])
def test_the_lines_of_python_and_pytest_run(page: str, node: Path) -> None:
    run_all(node, OTHER_LINES[page])


def test_no_line_is_excused_that_is_gone() -> None:
    every = [call for lines in (*LINES.values(), *OTHER_LINES.values()) for call in lines]
    pairs = {pair for call in every for pair in zip(("", call.program, *call.words), (call.program, *call.words))}

    assert set(NOT_RUN) <= {str(call) for call in every}
    assert set(STANDS_FOR) <= pairs


def test_a_line_that_ends_otherwise_is_found(node: Path) -> None:
    found = typed(node, [(["nodecheck", "run", "swop"], None), (["nodecheck", "list", "--json"], "list.json")])

    with pytest.raises(AssertionError, match="exit code 2"):
        assert_ended(found[0], {0, 1, 3})
    assert found[1].code == 0
    assert json.loads((node / "here/list.json").read_text())


def test_what_is_typed_there_does_not_reach_the_machine(node: Path) -> None:
    line = ["nodecheck", "waive", "swap", "--reason", "x", "--owner", "x", "--until", "9d", "--file", "/etc/ours.toml"]
    (ended,) = typed(node, [(line, None)])

    assert ended.code == 0, ended.err
    assert (node / "top/etc/ours.toml").exists()
    assert not Path("/etc/ours.toml").exists()
