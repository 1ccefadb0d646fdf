"""The plan of a report as an Ansible playbook, of modules of ``ansible.builtin`` alone (ansible-core 2.16 or later).

It looks at every file first and changes nothing where one is no longer what was judged; ``--check`` and ``--diff`` tell
what it would do, and a second run does nothing. Text of the node is data: never a template, an expression or a pattern.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nodecheck.fix.plan import plan
from nodecheck.fix.planned import Planned
from nodecheck.fix.script import StepLinks
from nodecheck.fix.shell import shown
from nodecheck.render.ansible_steps import looks, step_tasks
from nodecheck.render.ansible_yaml import Task, literal
from nodecheck.report import Report
from nodecheck.text import printable

STATE = "/run/nodecheck"
"""Where it is remembered, until the next boot, which commands were run for this plan."""

NAMELESS = "nodecheck-node"
"""The inventory name where the node's own cannot be one."""


def render(report: Report) -> str:
    """The playbook, ASCII only."""
    return render_plan(plan(report))


def render_plan(found: Planned, state: str = STATE, keep_going: bool = False) -> str:
    """The playbook of a plan. ``keep_going``: it goes on after a step that fails, without the steps that need it."""
    head = "".join([f"# {line}".rstrip() + "\n" for line in _comment(found)])
    return f"{head}---\n" + _yaml([_play(found, state, keep_going)])


def _comment(found: Planned) -> Iterator[str]:
    yield f"Fixes for {shown(found.node.hostname or 'a node without a name')}, made by nodecheck. Read them first."
    yield "Look at what it would do: ansible-playbook --check --diff FILE"
    yield "Where the inventory has another name for the node: -e nodecheck_host=NAME"
    yield "Without what restarts or cuts something: --skip-tags disruptive"
    if not found.source.is_running_node:
        yield f"The file system in {shown(found.source.path)} was judged; this is for the machine that runs it."
    if found.not_fixed:
        yield ""
        yield "Not fixed by it:"
        yield from (f"- {shown(item.id)}: {shown(item.why)}" for item in found.not_fixed)


def _play(found: Planned, state: str, keep_going: bool) -> dict[str, Any]:
    host = found.node.hostname or ""
    return {
        "name": literal(f"Fixes for {printable(host) or 'a node without a name'}"),
        "hosts": "{{ nodecheck_host | default('" + (host if _inventory_name(host) else NAMELESS) + "') }}",
        "gather_facts": False,
        "become": "{{ nodecheck_become | default(true) | bool }}",
        "tasks": list(_tasks(found, state, keep_going)),
    }


def _inventory_name(host: str) -> bool:
    """Whether a name is one host to Ansible, and no group of all, range, pattern or expression."""
    known = host.lower() in ("all", "ungrouped")
    return host[:1].isalnum() and host.isascii() and host.replace("-", "").replace(".", "").isalnum() and not known


def _tasks(found: Planned, state: str, keep_going: bool) -> Iterator[Task]:
    yield from _guard(found)
    links = StepLinks(found.steps)
    for place, item in enumerate(found.steps, 1):
        if not keep_going:
            yield from looks(place, item)
    for place, item in enumerate(found.steps, 1):
        tasks = step_tasks(found, place, item, state)
        if keep_going:
            yield _guarded(place, links.needed(place - 1), [*looks(place, item), *tasks])
        else:
            yield from tasks
    left = [f"{printable(item.id)}: {printable(item.why)}" for item in found.not_fixed]
    waiting = [str(place) for place, item in enumerate(found.steps, 1) if item.reboot]
    if waiting:
        left.append(f"Reboot the node: what step {', '.join(waiting)} fixes holds only after that.")
    if not found.steps:
        left.insert(0, "Nothing is to be done by this playbook.")
    if left:
        yield {"name": "What is left to a person", "ansible.builtin.debug": {"msg": [literal(text) for text in left]}}
    if keep_going and found.steps:
        told = "not every step was done: see above which failed, and which were left out for that"
        failed = [f"not {FAILED.format(place)} | default(false)" for place in range(1, len(found.steps) + 1)]
        yield {
            "name": "Every step was done",
            "ansible.builtin.assert": {"that": failed, "fail_msg": told, "quiet": True},
        }


FAILED = "nodecheck_failed_{}"
"""The variable that says that a step was not done."""


def _guarded(place: int, needed: list[int], tasks: list[Task]) -> Task:
    """The tasks of a step as a block that ends nothing where one fails, and that leaves them out where a step that it
    needs was not done."""
    mark: Task = {
        "name": f"{place}. It was not done",
        "ansible.builtin.set_fact": {FAILED.format(place): True},
    }
    before = [f"not {FAILED.format(other + 1)} | default(false)" for other in needed]
    told = (
        f"it is left out, because step {', '.join(str(other + 1) for other in needed)} was not done, or not all of it"
    )
    look: list[Task] = []
    if before:
        checked = {"that": before, "fail_msg": told, "quiet": True}
        look = [{"name": f"{place}. What it needs was done", "ansible.builtin.assert": checked}]
    return {"name": f"Step {place}", "block": [*look, *tasks], "rescue": [mark]}


def _guard(found: Planned) -> Iterator[Task]:
    """The playbook must not mend another node, nor a running system after an image was judged, by mistake."""
    if not found.steps:
        return
    if not found.source.is_running_node:
        told = "a directory was judged, and this changes the running system: say -e nodecheck_any_host=true if it is it"
        yield {
            "name": "It is said that this is what was judged",
            "ansible.builtin.assert": {"that": ["nodecheck_any_host | default(false) | bool"], "fail_msg": told},
        }
    elif found.node.hostname:
        yield {
            "name": "Read the host name",
            "ansible.builtin.slurp": {"src": "/proc/sys/kernel/hostname"},
            "register": "nodecheck_name",
            "check_mode": False,
        }
        same = "(nodecheck_name.content | b64decode | trim) == nodecheck_was"
        yield {
            "name": "This is the node that was judged",
            "ansible.builtin.assert": {
                "that": [f"(nodecheck_any_host | default(false) | bool) or {same}"],
                "fail_msg": "this is not the node that was judged; -e nodecheck_any_host=true fixes it too",
            },
            "vars": {"nodecheck_was": literal(found.node.hostname)},
        }


def _yaml(document: Any) -> str:
    from nodecheck.render.ansible_yaml import dumped

    return dumped(document)
