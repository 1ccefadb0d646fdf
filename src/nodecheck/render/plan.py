"""The plan for people: each step with what it changes and what it is for, then what is left to a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nodecheck.model.steps import SAFE, Command, Create, Edit, Step
from nodecheck.render.details import wrapped
from nodecheck.render.steps import added, removed, shell_line
from nodecheck.render.style import Style, paint
from nodecheck.text import printable

if TYPE_CHECKING:
    from nodecheck.fix.planned import Planned, PlanStep


def render_plan(plan: Planned, style: Style) -> str:
    """The plan as text."""
    lines: list[str] = []
    if not style.quiet:
        lines += [*_head(plan, style), ""]
    for place, item in enumerate(plan.steps, 1):
        lines += [*_step(place, item, plan, style), ""]
    if plan.not_fixed:
        lines.append(paint("Not fixed by these steps", "bold", style))
        lines += _left(plan, style)
    if plan.steps and not style.quiet:
        lines += [*([""] if plan.not_fixed else []), *_as_a_script(plan, style)]
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines) + "\n" if lines else ""


def _as_a_script(plan: Planned, style: Style) -> Iterator[str]:
    """How to run it, a line a step: nothing runs before one has read it and decided."""
    words = plan.source.options if style.again is None else style.again
    again = "".join([f" {shell_line((word,))}" for word in words])
    yield "As a script. Write it, read it, and run it once you agree with it:"
    yield f"  nodecheck plan{again} --format sh > fix.sh"
    yield "  less fix.sh"
    yield f"  {_ran(plan, words)}"


def _ran(plan: Planned, words: tuple[str, ...]) -> str:
    """The line that runs the script where it belongs; over ssh as ``words`` have it."""
    if plan.source.ssh_host is not None:
        options = [part for word, value in zip(words, words[1:]) if word == "--ssh-option" for part in ("-o", value)]
        sudo = ("sudo", "-n") if "--sudo" in words else ()
        return f"{shell_line(('ssh', *options, plan.source.ssh_host, *sudo, 'sh', '-s'))} < fix.sh"
    if plan.source.is_running_node:
        return "sh fix.sh"
    where = shell_line((plan.source.path,)) if plan.source.kind == "root" else "DIR"  # where it lies, no capture says
    return f"chroot {where} sh -s < fix.sh"


def _head(plan: Planned, style: Style) -> Iterator[str]:
    mended = {name for item in plan.steps for name in item.for_}
    host = printable(plan.node.hostname or "this node")
    told = f"{_count(len(plan.steps), 'step')} for {_count(len(mended), 'failure')}" if mended else plan.nothing
    if plan.not_fixed:
        told += f"; {_count(len(plan.not_fixed), 'failure')} left to a person"
    yield from wrapped(f"{paint(host, 'bold', style)}  ", told, style, len(host) + 2)
    disruptive = [str(place) for place, item in enumerate(plan.steps, 1) if item.safety != SAFE]
    waiting = [str(place) for place, item in enumerate(plan.steps, 1) if item.reboot]
    if disruptive:
        yield from wrapped("  ", f"disruptive, something is restarted or cut: step {', '.join(disruptive)}", style)
    if waiting:
        yield from wrapped("  ", f"holds only after a reboot: step {', '.join(waiting)}", style)
    if plan.config is not None:
        yield from wrapped("  ", str(plan.config), style)
    if plan.doubt is not None:
        yield from wrapped("  ", plan.doubt, style)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _step(place: int, item: PlanStep, plan: Planned, style: Style) -> Iterator[str]:
    from nodecheck.fix.actions import action_of

    head = f"{place:>3}. "
    marks = [] if item.safety == SAFE else [item.safety]
    marks += ["reboot"] if item.reboot else []
    if plan.source.kind != "live" and isinstance(item.step, Command) and action_of(item.step).probe.running:
        marks.append("the script leaves it out: only a running node can do it")
    yield from wrapped(head, item.title + (f" ({', '.join(marks)})" if marks else ""), style)
    for line in _change(item.step, style):
        yield " " * len(head) + line
    yield from wrapped(" " * len(head) + paint("for", "dim", style) + " ", ", ".join(item.for_), style, len(head) + 4)


def _shown(text: str) -> str:
    return printable(text.replace("\t", " "))


def _change(step: Step, style: Style) -> Iterator[str]:
    if isinstance(step, Command):
        yield "$ " + shell_line(step.argv)
    elif isinstance(step, Edit):
        yield f"in {printable(step.path)}"
        yield paint(_shown(removed(step)), "fail", style)
        yield from [paint(_shown(line), "pass", style) for line in added(step).split("\n")]
    elif isinstance(step, Create):
        empty = "" if step.content else ", empty"
        yield f"write {printable(step.path)} ({printable(step.mode)}{empty})"
        if step.content:
            yield from ["| " + _shown(line) for line in step.content.removesuffix("\n").split("\n")]
    else:
        yield from wrapped("by hand: ", step.text, style._replace(width=style.width - 5))


def _left(plan: Planned, style: Style) -> Iterator[str]:
    for why, names in plan.left().items():
        yield from wrapped("  ", ", ".join(names), style)
        yield from wrapped("      ", why, style)
