"""The tasks of one step of a plan: what looks, what changes, and how a second run sees that there is nothing to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nodecheck.fix.actions import UnitCall, action_of
from nodecheck.fix.planned import Planned, PlanStep
from nodecheck.fix.text import told
from nodecheck.model.steps import DISRUPTIVE, Command, Create, Edit, Manual
from nodecheck.render.ansible_yaml import Task, literal
from nodecheck.text import printable, wellformed

if TYPE_CHECKING:
    from nodecheck.render.ansible_yaml import LiteralText


def looks(place: int, item: PlanStep) -> Iterator[Task]:
    """What a step's file must be like before anything is changed."""
    if _by_hand(item):
        return
    if isinstance(item.step, Edit):
        yield from _look_at_line(place, item.step)
    elif isinstance(item.step, Create):
        yield from _look_at_place(place, item.step)


def step_tasks(plan: Planned, place: int, item: PlanStep, state: str) -> Iterator[Task]:
    """What does a step; ``state`` is a directory of which the next boot leaves nothing."""
    tags = {"tags": ["disruptive"]} if item.safety == DISRUPTIVE else {}
    for task in _doing(plan, place, item, state):
        yield {**task, **tags}


def _doing(plan: Planned, place: int, item: PlanStep, state: str) -> Iterator[Task]:
    step = item.step
    why = _by_hand(item) or (not plan.source.is_running_node and _needs_a_running_node(item))
    if why:
        yield {
            "name": _name(place, item),
            "ansible.builtin.debug": {"msg": literal(f"{why}: {printable(_what(item))}")},
        }
    elif isinstance(step, Edit):
        yield _edit(place, item, step)
    elif isinstance(step, Create):
        yield from _create(place, item, step)
    elif isinstance(step, Command):
        yield from _command(plan, place, item, step, state)


def _what(item: PlanStep) -> str:
    return item.step.text if isinstance(item.step, Manual) else told(item.step)


def _by_hand(item: PlanStep) -> str:
    """Why a person must do a step; empty where Ansible can do it exactly."""
    step = item.step
    if isinstance(step, Manual):
        return "To be done by a person"
    if isinstance(step, (Edit, Create)) and "$" in step.path:
        return "To be done by a person, for Ansible expands $ in paths"
    return ""


def _needs_a_running_node(item: PlanStep) -> str:
    running = isinstance(item.step, Command) and action_of(item.step).probe.running
    return "Left out, for only the running node can do it" if running else ""


def _name(place: int, item: PlanStep) -> LiteralText:
    return literal(f"{place}. {printable(item.title)}: {told(item.step, 60)} (for {printable(', '.join(item.for_))})")


# A byte is a character here: a file need not be UTF-8, and Ansible 2.19 fails where a diff shows what is not.
_BYTES = "latin-1"
_CONTENT = f"(nodecheck_file_{{place}}.content | b64decode(encoding='{_BYTES}'))"
_MANY = f"({_CONTENT}.split('\\n') | select('equalto', nodecheck_before) | list | length)"
_HAS = f"(('\\n' ~ nodecheck_after ~ '\\n') in ('\\n' ~ {_CONTENT} ~ '\\n'))"
_KEEPS_CR = f"('\\r' not in {_CONTENT} or ansible_version.full is version('2.20', '<'))"


_MOST_BLANK = 65536
"""Bytes of a file that is perhaps blank."""
_SPACE = r" \t\r\n\f\v"
"""What a blank file is made of, as the script of ``nodecheck plan`` has it."""


def _bytes(text: str) -> str:
    return wellformed(text).encode().decode(_BYTES)


def _conditions(place: int, step: Edit) -> tuple[str, str]:
    """When an edit was made already, and when it can be made: as the script of ``nodecheck plan`` has it."""
    many, has = _MANY.format(place=place), _HAS.format(place=place)
    kept = step.before in step.after.split("\n")
    done = f"({has} and {many} <= {1 if kept else 0})"
    every = not kept and "\n" not in step.after
    return done, f"{many} >= 1" if every else f"{many} == 1"


def _data(step: Edit) -> dict[str, LiteralText]:
    return {"nodecheck_before": literal(_bytes(step.before)), "nodecheck_after": literal(_bytes(step.after))}


def _look_at_line(place: int, step: Edit) -> Iterator[Task]:
    done, possible = _conditions(place, step)
    yield {
        "name": literal(f"Read {printable(step.path)}"),
        "ansible.builtin.slurp": {"src": literal(step.path)},
        "register": f"nodecheck_file_{place}",
        "check_mode": False,
    }
    told = f"the line that was judged is not in {printable(step.path)} any more, or not once: {printable(step.before)}"
    yield {
        "name": literal(f"{printable(step.path)} is as it was judged"),
        "ansible.builtin.assert": {"that": [f"{done} or {possible}"], "fail_msg": literal(told), "quiet": True},
        "vars": _data(step),
    }
    yield {
        "name": literal(f"{printable(step.path)} keeps its carriage returns"),
        "ansible.builtin.assert": {
            "that": [f"{done} or {_KEEPS_CR.format(place=place)}"],
            "fail_msg": literal(
                f"from ansible-core 2.20 on, ansible.builtin.replace drops the carriage returns of all lines: "
                f"edit {printable(step.path)} with the script of nodecheck plan"
            ),
            "quiet": True,
        },
        "vars": _data(step),
    }


def _edit(place: int, item: PlanStep, step: Edit) -> Task:
    from re import escape

    return {
        "name": _name(place, item),
        "ansible.builtin.replace": {
            "path": literal(step.path),
            "regexp": literal(f"^{escape(_bytes(step.before))}$"),
            "replace": literal(_bytes(step.after).replace("\\", "\\\\")),
            "encoding": _BYTES,
            "backup": True,
        },
        "when": f"not {_conditions(place, step)[0]}",
        "vars": _data(step),
        "register": f"nodecheck_step_{place}",
    }


def _look_at_place(place: int, step: Create) -> Iterator[Task]:
    from hashlib import sha1

    name = f"nodecheck_file_{place}"
    yield {
        "name": literal(f"Look for {printable(step.path)}"),
        "ansible.builtin.stat": {"path": literal(step.path), "follow": True},
        "register": name,
        "check_mode": False,
    }
    yield {
        "name": literal(f"Read {printable(step.path)} where it is there"),
        "ansible.builtin.slurp": {"src": literal(step.path)},
        "register": f"nodecheck_text_{place}",
        "when": f"{name}.stat.isreg | default(false) and {name}.stat.size < {_MOST_BLANK}",
        "check_mode": False,
    }
    digest = sha1(wellformed(step.content).encode(), usedforsecurity=False).hexdigest()
    # What was not read is not blank: "eA==" is an x.
    content = f"nodecheck_text_{place}.content | default('eA==') | b64decode(encoding='{_BYTES}')"
    fits = f"({content} | trim('{_SPACE}')) == '' or {name}.stat.checksum | default('') == '{digest}'"
    yield {
        "name": literal(f"{printable(step.path)} is not there, or as it is to be"),
        "ansible.builtin.assert": {
            "that": [f"not {name}.stat.exists or {fits}"],
            "fail_msg": literal(f"{printable(step.path)} is there by now, with another content"),
            "quiet": True,
        },
    }


def _create(place: int, item: PlanStep, step: Create) -> Iterator[Task]:
    folder = step.path.rpartition("/")[0] or "/"
    yield {
        "name": literal(f"{place}. There is a directory {printable(folder)}"),
        "ansible.builtin.file": {"path": literal(folder), "state": "directory"},
        "register": f"nodecheck_folder_{place}",
    }
    yield {
        "name": _name(place, item),
        "ansible.builtin.copy": {
            "dest": literal(step.path),
            "content": literal(step.content),
            "mode": literal(step.mode),
            "backup": True,
        },
        # A dry run has not made the directory, and copy cannot do without.
        "when": f"not (ansible_check_mode and nodecheck_folder_{place} is changed)",
        "register": f"nodecheck_step_{place}",
    }


def _command(plan: Planned, place: int, item: PlanStep, step: Command, state: str) -> Iterator[Task]:
    from nodecheck.render.ansible_probes import look_at

    action, argv = action_of(step), step.argv
    service = None if action.units is None else _service(action.units)
    name = _name(place, item)
    register = {"register": f"nodecheck_step_{place}"}
    if service is not None:
        # A service that is gone by now neither runs nor starts.
        off = service.get("state") == "stopped" or service.get("enabled") is False
        gone = f"'Could not find the requested service' not in nodecheck_step_{place}.msg | default('')"
        failed = {"failed_when": [f"nodecheck_step_{place} is failed", gone]} if off else {}
        yield {"name": name, "ansible.builtin.systemd_service": service, **register, **failed}
        return
    look = look_at(action.probe, f"nodecheck_look_{place}")
    if look is None:
        yield from _once(plan, place, item, argv, state)
        return
    yield {"name": literal(f"{place}. Look whether that is needed"), **look.task, **_QUIET}
    yield {"name": name, **_run(argv), "when": look.needed, "vars": look.data, **register}


_QUIET: Task = {"check_mode": False, "changed_when": False, "failed_when": False}

_UNITS: dict[str, dict[str, Any]] = {
    "enable": {"enabled": True}, "disable": {"enabled": False}, "mask": {"masked": True}, "unmask": {"masked": False},
    "start": {"state": "started"}, "stop": {"state": "stopped"},
}  # fmt: skip


def _service(called: UnitCall) -> dict[str, Any] | None:
    """What systemd_service does as exactly; None where it is not the same."""
    verb, units, now = called
    if (verb, units) == ("daemon-reload", ()):
        return {"daemon_reload": True}
    if verb not in _UNITS or len(units) != 1 or (now and verb not in ("enable", "disable")):
        return None
    state = {"state": "started" if verb == "enable" else "stopped"} if now else {}
    return {"name": literal(units[0]), **_UNITS[verb], **state}


def _run(argv: tuple[str, ...]) -> Task:
    words = [literal(word) for word in argv]
    return {"ansible.builtin.command": {"argv": words, "expand_argument_vars": False}}


def _once(plan: Planned, place: int, item: PlanStep, argv: tuple[str, ...], state: str) -> Iterator[Task]:
    """A command that leaves nothing to look at: once for this plan and boot, and again after what it follows."""
    from nodecheck.digest import sha256_name

    mark = f"{state}/ansible-{sha256_name(chr(0).join((plan.run_id, *argv)))[7:31]}"
    found, done = f"nodecheck_look_{place}", f"nodecheck_step_{place}"
    before = [at for at, other in enumerate(plan.steps[: place - 1], 1) if not set(other.for_).isdisjoint(item.for_)]
    changed = "".join([f" or nodecheck_step_{at} is changed" for at in before if not _by_hand(plan.steps[at - 1])])
    yield {
        "name": literal(f"{place}. Look whether that was done"),
        "ansible.builtin.stat": {"path": mark},
        "register": found,
        "check_mode": False,
    }
    yield {"name": _name(place, item), **_run(argv), "when": f"not {found}.stat.exists{changed}", "register": done}
    yield {
        "name": literal(f"{place}. There is a directory for what was done"),
        "ansible.builtin.file": {"path": state, "state": "directory", "mode": "0755"},
        "when": f"{done} is changed",
    }
    yield {
        "name": literal(f"{place}. Remember that it was done"),
        "ansible.builtin.copy": {"dest": mark, "content": "", "mode": "0644"},
        "when": f"{done} is changed",
    }
