"""The playbook: data stays data, a real Ansible takes it, and it mends what it says, once."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from packaging.version import Version

import nodecheck
from nodecheck.checking import Result, Status
from nodecheck.model.steps import Create, Edit, Fix, Step, command, create, edit, manual
from nodecheck.planning import Plan, plan
from nodecheck.render.ansible import render, render_plan
from nodecheck.report import Report
from tests.fix.test_one_file import Node
from tests.render.reports import HOSTILE, hostile_report, reports
from tests.render.test_text import FAILED, report

PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")


class Unsafe(str):
    """A scalar that was tagged ``!unsafe``."""


class Loader(yaml.SafeLoader):
    """As Ansible loads."""


Loader.add_constructor("!unsafe", lambda loader, node: Unsafe(loader.construct_scalar(cast("yaml.ScalarNode", node))))

Places = Iterator[tuple[tuple["str | int", ...], str]]


def texts(document: Any, *place: str | int) -> Places:
    """Each text of a document, with its place."""
    if isinstance(document, str):
        yield place, document
    elif isinstance(document, dict):
        for key, value in document.items():
            yield from texts(value, *place, key)
    elif isinstance(document, list):
        for at, value in enumerate(document):
            yield from texts(value, *place, at)


OWN = re.compile(r"[\w ().|=!<>'~\\%,/-]*")
"""What our expressions are made of: no quotes that text of the node could have closed, no braces."""


def safe(page: str) -> list[dict[str, Any]]:
    """The plays, of which only our own texts are templates or expressions."""
    assert page.isascii()
    (play,) = yaml.load(page, Loader)
    for place, text in texts(play):
        if not {"when", "that", "failed_when"}.isdisjoint(place):
            assert OWN.fullmatch(text), text
        elif place not in (("hosts",), ("become",)):
            assert isinstance(text, Unsafe) or not any(start in text for start in ("{{", "{%", "{#")), place
    modules = {key for task in play["tasks"] for key in task if "." in key}
    assert all(name.startswith("ansible.builtin.") for name in modules)
    return list(play["tasks"])


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(reports())
@example(hostile_report())
def test_any_report_makes_a_safe_playbook(whole: Report) -> None:
    safe(render(whole))
    safe(render_plan(plan(whole), keep_going=True))


@pytest.mark.parametrize("host", [*HOSTILE, "all", "web:db", "n*", "a,b", "!x", "~re", None])
def test_a_name_that_is_no_inventory_name_is_not_one(host: str | None) -> None:
    whole = report(FAILED)
    whole.node = whole.node._replace(hostname=host)

    (play,) = yaml.load(render(whole), Loader)
    assert re.fullmatch(r"\{\{ nodecheck_host \| default\('[A-Za-z0-9.-]+'\) \}\}", play["hosts"])
    assert host != "all" or "nodecheck-node" in play["hosts"]


def doing(steps: Sequence[Step]) -> Report:
    return report(FAILED._replace(fix=Fix("Mend it", tuple(steps))))


def test_known_commands_look_first() -> None:
    tasks = safe(
        render(
            doing(
                (
                    command("sysctl", "-w", "net.ipv4.ip_forward=1"), command("modprobe", "--", "ip_vs"),
                    command("swapoff", "--", "/dev/sda 2"), command("systemctl", "enable", "docker"),
                    command("systemctl", "daemon-reload"), command("systemctl", "restart", "--", "docker"),
                )
            )
        )
    )  # fmt: skip
    found = {
        task["ansible.builtin.command"]["argv"][0]: (bool(task["when"]), task.get("vars"))
        for task in tasks
        if "ansible.builtin.command" in task
    }

    assert found == {
        "sysctl": (True, {"nodecheck_value": "1"}),
        "modprobe": (True, {}),
        "swapoff": (True, {"nodecheck_area": "/dev/sda\\0402"}),
        "systemctl": (True, None),
    }
    services = [task["ansible.builtin.systemd_service"] for task in tasks if "ansible.builtin.systemd_service" in task]
    assert {"name": "docker.service", "enabled": True} in services
    assert {"daemon_reload": True} in services


def test_disruptive_steps_can_be_left_out() -> None:
    tasks = safe(render(report(FAILED._replace(fix=Fix("x", (command("reboot-it"),), "disruptive")))))

    assert all(task.get("tags") == ["disruptive"] for task in tasks if task["name"].startswith("1."))


def test_manual_steps_are_told() -> None:
    (task,) = [t for t in safe(render(doing((command("a"), manual("look {{ at }} it"))))) if "{{ at }}" in str(t)]

    assert isinstance(task["ansible.builtin.debug"]["msg"], Unsafe)


def drops_carriage_returns() -> bool:
    """Whether the ``replace`` of this ansible-core reads text with universal newlines, as it does from 2.20 on."""
    from importlib.metadata import version

    return Version(version("ansible-core")) >= Version("2.20")


needs_ansible = pytest.mark.skipif(not PLAYBOOK.exists(), reason="needs ansible-core 2.16 or later")

Run = Callable[..., "dict[str, int]"]


class Refused(Exception):
    """The playbook failed."""


@pytest.fixture
def ansible(tmp_path: Path) -> Run:
    """Run a plan's playbook on this machine, without root; its recap."""
    folder = tmp_path / "ansible"
    folder.mkdir()
    clean = {
        "PATH": f"{PLAYBOOK.parent}:{os.environ['PATH']}", "HOME": str(folder), "LC_ALL": "C.UTF-8",
        "ANSIBLE_NOCOLOR": "1", "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_LOCALHOST_WARNING": "0", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
    }  # fmt: skip

    def run(found: Plan, *words: str, keep_going: bool = False, **variables: Any) -> dict[str, int]:
        (folder / "play.yml").write_text(render_plan(found, str(folder / "state"), keep_going))
        given = {
            "nodecheck_host": "localhost", "nodecheck_become": False, "nodecheck_any_host": True,
            "ansible_python_interpreter": sys.executable, **variables,
        }  # fmt: skip
        argv = [
            str(PLAYBOOK),
            "-i",
            "localhost,",
            "-c",
            "local",
            "-e",
            json.dumps(given),
            *words,
            str(folder / "play.yml"),
        ]
        done = subprocess.run(argv, capture_output=True, text=True, env=clean, cwd=folder, timeout=120)
        if done.returncode:
            raise Refused(done.stdout + done.stderr)
        recap = re.search(r"^localhost .*$", done.stdout, re.MULTILINE)
        assert recap or "--syntax-check" in words, done.stdout
        return {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", recap[0] if recap else "")}

    return run


def moved(whole: Report, root: Path) -> Report:
    """The report, with the paths of its fixes below a directory."""
    results = tuple(_moved(found, root) for found in whole)
    return Report(whole.tool, whole.run, whole.node, whole.profile, whole.summary, results)


def _moved(found: Result, root: Path) -> Result:
    if found.fix is None:
        return found
    steps = [
        step._replace(path=f"{root}{step.path}") if isinstance(step, (Edit, Create)) else step
        for step in found.fix.steps
    ]
    return found._replace(fix=found.fix._replace(steps=tuple(steps)))


@needs_ansible
def test_it_mends_a_tree_and_then_does_nothing(tmp_path: Path, ansible: Run) -> None:
    root = tmp_path / "node"
    (root / "etc").mkdir(parents=True)
    fstab = root / "etc/fstab"
    fstab.write_bytes(b"# caf\xe9\nUUID=1 / ext4 defaults 0 1\n/swap.img none swap sw 0 0")
    select = ["swap@boot", "sysctl[net.ipv4.ip_forward]@boot"]
    before = nodecheck.run(root=root, select=select)
    found = plan(moved(before, root))

    assert {result.id for result in before.failures} == {"swap[/swap.img]@boot", "sysctl[net.ipv4.ip_forward]@boot"}
    dry = ansible(found, "--check", "--diff")
    assert dry["changed"] > 0
    assert nodecheck.run(root=root, select=select).summary == before.summary
    ansible(found)
    after = nodecheck.run(root=root, select=select)
    assert (after.failures, after.summary.unknown) == ((), 0)
    assert fstab.read_bytes() == b"# caf\xe9\nUUID=1 / ext4 defaults 0 1\n# /swap.img none swap sw 0 0"
    assert ansible(found)["changed"] == 0
    kept = [path.read_bytes() for path in (root / "etc").glob("fstab.*~")]
    assert kept == [b"# caf\xe9\nUUID=1 / ext4 defaults 0 1\n/swap.img none swap sw 0 0"]


NASTY = (
    "{{ lookup('pipe', 'touch pwned') }} {% raw %} {# gone #}", "!unsafe $HOME ~ `id` $(id) \\1 \\g<0> \\n ^.*$ a: [b",
    "\t'\" é 节点 👩\u200d🚀 # - x % \x1b[31m a\rb", "yes",
)  # fmt: skip


@needs_ansible
def test_hostile_text_is_written_as_it_is(tmp_path: Path, ansible: Run) -> None:
    folder = tmp_path / "a {{ 1 }} 'b' \"c\" é"
    folder.mkdir()
    nasty = tuple([line.replace("\r", "") for line in NASTY]) if drops_carriage_returns() else NASTY
    (folder / "edited").write_text("first\n" + "\n".join(nasty) + "\nlast\n")
    edits = [edit(str(folder / "edited"), line, f"{line}\n{line}+") for line in nasty[:3]]
    out = folder / "words"
    code = "import json, sys; open(sys.argv[1], 'a').write(json.dumps(sys.argv[2:]))"
    steps: tuple[Step, ...] = (
        *edits,
        create(str(folder / "new {{ x }}" / "made"), "\n".join(NASTY)),
        command(sys.executable, "-c", code, str(out), *NASTY),
    )
    found = plan(doing(steps))
    assert len(found.steps) == len(steps)

    ansible(found, "--diff")
    after = ["first", *(f"{line}\n{line}+" for line in nasty[:3]), "yes", "last", ""]
    assert (folder / "edited").read_bytes().decode() == "\n".join(after)
    assert (folder / "new {{ x }}" / "made").read_bytes().decode() == "\n".join(NASTY)
    assert (folder / "new {{ x }}" / "made").stat().st_mode & 0o777 == 0o644
    assert ansible(found)["changed"] == 0
    assert json.loads(out.read_text()) == list(NASTY)
    assert not list(tmp_path.rglob("pwned"))


@needs_ansible
def test_carriage_returns_of_other_lines_stay_or_nothing_is_done(tmp_path: Path, ansible: Run) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a\r\nb\nc\r\n")
    found = plan(doing((edit(str(path), "b", "# b"),)))

    if drops_carriage_returns():
        with pytest.raises(Refused, match="drops the carriage returns"):
            ansible(found)
        assert path.read_bytes() == b"a\r\nb\nc\r\n"
        path.write_bytes(b"a\r\n# b\nc\r\n")

    ansible(found)
    assert path.read_bytes() == b"a\r\n# b\nc\r\n"


@needs_ansible
def test_nothing_is_changed_where_a_file_is_not_as_it_was(tmp_path: Path, ansible: Run) -> None:
    (tmp_path / "first").write_text("a\n")
    (tmp_path / "second").write_text("was edited\n")
    (tmp_path / "third").write_text("other\n")
    first = edit(str(tmp_path / "first"), "a", "b")

    for second in (edit(str(tmp_path / "second"), "a", "b"), create(str(tmp_path / "third"), "mine\n")):
        with pytest.raises(Refused, match=r"any more|by now"):
            ansible(plan(doing((first, second))))
        assert (tmp_path / "first").read_text() == "a\n"
    assert (tmp_path / "third").read_text() == "other\n"


@needs_ansible
def test_a_blank_file_is_written_and_what_is_no_file_is_not(tmp_path: Path, ansible: Run) -> None:
    (tmp_path / "blank").write_text("\n \t\r\n")
    (tmp_path / "null").symlink_to("/dev/null")

    ansible(plan(doing((create(str(tmp_path / "blank"), "mine\n"),))))
    with pytest.raises(Refused, match="by now"):
        ansible(plan(doing((create(str(tmp_path / "null"), "mine\n"),))))

    assert (tmp_path / "blank").read_text() == "mine\n"
    assert (tmp_path / "null").is_symlink()


@needs_ansible
def test_another_node_is_refused(tmp_path: Path, ansible: Run) -> None:
    (tmp_path / "file").write_text("a\n")
    found = plan(doing((edit(str(tmp_path / "file"), "a", "b"),)))

    with pytest.raises(Refused, match="this is not the node that was judged"):
        ansible(found, nodecheck_any_host=False)
    with pytest.raises(Refused, match="a directory was judged"):
        ansible(found._replace(source=found.source._replace(kind="root")), nodecheck_any_host=False)
    here = Path("/proc/sys/kernel/hostname").read_text().strip()
    ansible(found._replace(node=found.node._replace(hostname=here)), nodecheck_any_host=False)
    assert (tmp_path / "file").read_text() == "b\n"


@needs_ansible
def test_real_ansible_takes_a_hostile_report(ansible: Run) -> None:
    ansible(plan(hostile_report()), "--syntax-check")


@needs_ansible
def test_commands_are_run_when_they_are_needed(tmp_path: Path, ansible: Run) -> None:
    """A restart follows the edit of its fix, again too; what the kernel shows to be so is not done."""
    log, conf = tmp_path / "log", tmp_path / "conf"
    conf.write_text("a\n")
    value = Path("/proc/sys/kernel/ostype").read_text().strip()
    restart = command("sh", "-c", f"echo restarted >> {log}")
    found = plan(doing((edit(str(conf), "a", "b"), restart, command("sysctl", "-w", f"kernel.ostype={value}"))))

    assert ansible(found)["changed"] >= 2
    assert ansible(found)["changed"] == 0
    conf.write_text("a\n")
    ansible(found)
    assert log.read_text() == "restarted\n" * 2


@needs_ansible
def test_it_goes_on_without_what_needs_a_step_that_failed(tmp_path: Path, ansible: Run) -> None:
    """As the script does with ``--keep-going``."""
    log, conf = tmp_path / "log", tmp_path / "conf"
    conf.write_text("a\n")
    fails, after = command("sh", "-c", f"echo broke >> {log}; exit 7"), command("sh", "-c", f"echo after >> {log}")
    broken = FAILED._replace(id="a", fix=Fix("Break", (fails, after)))
    good = FAILED._replace(id="b", fix=Fix("Edit", (edit(str(conf), "a", "b"),)))
    made = create(str(tmp_path / "made"), "x\n")
    third = FAILED._replace(id="c", fix=Fix("Write", (made, command("sh", "-c", f"echo third >> {log}"))))
    found = plan(report(broken, good, third))

    with pytest.raises(Refused):
        ansible(found)
    assert "third" not in log.read_text()

    with pytest.raises(Refused, match="not every step was done"):
        ansible(found, keep_going=True)
    assert conf.read_text() == "b\n"
    assert (tmp_path / "made").read_text() == "x\n"
    assert log.read_text() == "broke\nbroke\nthird\n"
    ansible(plan(report(good, third)), keep_going=True)
    conf.write_text("c\n")  # not what was judged: that step alone is not done
    (tmp_path / "made").unlink()
    with pytest.raises(Refused, match="not every step was done"):
        ansible(plan(report(good, third)), keep_going=True)
    assert (conf.read_text(), (tmp_path / "made").read_text()) == ("c\n", "x\n")
    conf.write_text("b\n")
    assert ansible(plan(report(good, third)), keep_going=True)["changed"] == 0


@needs_ansible
def test_files_of_settings_become_what_the_script_makes_of_them(tmp_path: Path, ansible: Run) -> None:
    there = {"etc/sysctl.d/99-nodecheck.conf": "# mine\nvm.max_map_count = 65530\nnet.ipv4.ip_forward = 0\n"}
    made = {}
    for how in ("script", "playbook"):
        (tmp_path / how).mkdir()
        node = Node(tmp_path / how, "dash", there)
        node.asks('["overlay", "ip_vs"]', vm__max_map_count=">=262144", vm__overcommit_memory="1")
        if how == "script":
            node.mend()
        else:
            found = plan(moved(node.report(), node.root))
            ansible(found)
            assert ansible(found)["changed"] == 0
            assert node.report().failures == ()
        made[how] = (
            {name: text for name, text in node.files().items() if not name.endswith("~")},
            node.files("etc/modules-load.d"),
        )

    assert made["playbook"] == made["script"]
    assert list(made["script"][0]) == ["99-nodecheck.conf"]
    assert list(made["script"][1]) == ["nodecheck.conf"]


def test_without_failures_nothing_is_done() -> None:
    (task,) = safe(render(report(FAILED._replace(status=Status.PASS))))

    assert task["ansible.builtin.debug"]["msg"] == ["Nothing is to be done by this playbook."]
