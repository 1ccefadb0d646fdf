"""The plan as a POSIX shell script."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nodecheck.fix.actions import PACKAGE, Probe, action_of
from nodecheck.fix.planned import Planned, PlanStep
from nodecheck.fix.setting_files import holds_settings
from nodecheck.fix.shell import Words, shown
from nodecheck.fix.text import told
from nodecheck.model.steps import SAFE, Command, Create, Edit, Manual
from nodecheck.shipped import shipped

STATE = "/run/nodecheck"
"""Where the script remembers, until the next boot, which restarts are still due."""
BACKUPS = "/var/backups/nodecheck"
"""Where the script keeps the files that it edits, as they were."""


def script(plan: Planned, state: str = STATE, backups: str = BACKUPS, keep_going: bool = False) -> str:
    """The script, in ASCII. It needs root, and refuses to run where the node is not as it was judged.

    ``keep_going``: it goes on after a step that fails, without the steps that need it.
    """
    if not plan.steps:
        return _nothing(plan)
    words = Words()
    body = [*_steps(plan, words), *_guard(plan, words), *_the_rest(plan, words)]
    library = list(_library("\n".join([*_START, *body])))
    used = set(re.findall(r"\w+", "\n".join([*body, *library])))
    own = {
        "steps": str(len(plan.steps)),
        "installs": "yes" if any(action_of(item.step).rank == PACKAGE for item in plan.steps) else "no",
        "state": words.word(state),
        "backup_home": words.word(backups),
        "keep_going": "yes" if keep_going else "no",
    }
    top = [*_head(plan, keep_going), *_PREAMBLE, *words.assignments(), *_set(own, used), ""]
    rest = [_SAME, *_set(_SETTINGS, used), "", *library, *_START]
    return "\n".join([*top, *body, *rest]) + "\n"


def _set(values: dict[str, str], used: set[str]) -> Iterator[str]:
    yield from [f"{name}={value}" for name, value in values.items() if name in used]


_PREAMBLE = (
    "# Names and lines of files are data here, never to be expanded:",
    "# shellcheck disable=SC1003,SC2016,SC2088",
    "set -eu +Cf",
    "unset IFS GREP_OPTIONS CDPATH",
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    # needrestart(1), which Ubuntu's apt calls, restarts other daemons: no step for a package says that it does.
    "LC_ALL=C DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1",
    "export PATH LC_ALL DEBIAN_FRONTEND NEEDRESTART_SUSPEND",
    "umask 022",
)

_SAME = "# From here on the same in every plan, but for what is not needed."

_SETTINGS = {
    "newline": "'\n'",
    **dict.fromkeys(("what", "ids", "new", "backups", "due", "failed"), "''"),
    **dict.fromkeys(("number", "failures", "failed_at", "problems", "done_now", "already", "left_out"), "0"),
    **dict.fromkeys(("any_host", "in_root"), "no"),
    "mode": "start",
    "after": "apply",
    "disruptive": "yes",
    "outcome": "none",
}

_START = (
    "trap ended EXIT",
    "trap 'exit 129' HUP",
    "trap 'exit 130' INT",
    "trap 'exit 143' TERM",
    'main "$@"',
)


def _offline(plan: Planned) -> bool:
    return not plan.source.is_running_node


def _where(plan: Planned) -> str:
    """The directory that was judged; of a capture nobody knows where it is here."""
    if plan.source.kind == "capture":
        return f"The file system of which {shown(plan.source.path)} is a capture"
    return f"The file system in {shown(plan.source.path)}"


def _name(plan: Planned) -> str:
    return shown(plan.node.hostname or "a node without a name")


def _head(plan: Planned, keep_going: bool) -> Iterator[str]:
    yield "#!/bin/sh"
    yield f"# Fixes for {_name(plan)}, made by nodecheck plan. Read them before you run them."
    if _offline(plan):
        yield f"# {_where(plan)} was judged: run it in a chroot of that directory."
    yield "#"
    yield "# It checks everything first, and changes nothing where a file is no longer what was judged. It keeps copies"
    ends = "goes on without what needs a step that failed" if keep_going else "stops at the first error"
    yield f"# of what it edits, {ends}, and does nothing twice. sh FILE --help tells its options."
    yield "#"
    for place, item in enumerate(plan.steps, 1):
        yield f"#  {place:>3}. {shown(_what(item))}{_marks(item)}"
    yield from _left_comments(plan)
    yield ""


def _marks(item: PlanStep) -> str:
    marks = ["disruptive"] if item.safety != SAFE else []
    marks += ["needs a reboot"] if item.reboot else []
    return f"  [{', '.join(marks)}]" if marks else ""


def _left_comments(plan: Planned) -> Iterator[str]:
    if plan.config is not None:
        yield f"# For this node by its {shown(str(plan.config))}"
    if plan.doubt is not None:
        yield f"# {plan.doubt[0].upper()}{plan.doubt[1:]}."
    if plan.not_fixed:
        yield "#"
        yield "# Not fixed by it:"
        for why, names in plan.left().items():
            yield f"#  - {shown(', '.join(names))}: {shown(why)}"


def _nothing(plan: Planned) -> str:
    words, told = Words(), plan.nothing
    lines = ["#!/bin/sh", f"# nodecheck plan of {_name(plan)}: {told}."]
    lines += [*_left_comments(plan), *_PREAMBLE[:2], "set -eu"]
    says = [f"printf '%s\\n' {words.word(text)}" for text in (told, *_left(plan))]
    return "\n".join([*lines, *words.assignments(), *says]) + "\n"


def _what(item: PlanStep) -> str:
    return told(item.step, 100)


def _steps(plan: Planned, words: Words) -> Iterator[str]:
    yield "all_steps() {"
    keys = {place: _key(item) for place, item in enumerate(plan.steps)}
    links = StepLinks(plan.steps)
    for place, item in enumerate(plan.steps):
        if place:
            yield ""
        yield f"    # {shown(item.title)}"
        safety = "safe" if item.safety == SAFE else "disruptive"
        ids = shown(", ".join(item.for_))
        yield f"    step {place + 1} {safety} {words.word(shown(_what(item)))} \\"
        yield f"        {words.word(ids)}"
        if needed := links.needed(place):
            yield f"    needs {' '.join(str(other + 1) for other in needed)}"
        due = [] if _offline(plan) else [keys[later] for later in links.due_after(place)] + item.reboot * ["reboot"]
        if due:
            yield f"    leads_to {' '.join(due)}"
        yield f"    skipped || {_action(plan, place, keys[place], links, words)}"
    yield "}"
    yield ""


def _key(item: PlanStep) -> str:
    """A name for a command by which a later run of this script, or of another plan's, knows it."""
    from nodecheck.digest import sha256_name

    return sha256_name("\0".join(item.step.argv) if isinstance(item.step, Command) else "")[7:23]


def _action(plan: Planned, place: int, key: str, links: StepLinks, words: Words) -> str:
    step = plan.steps[place].step
    if isinstance(step, Edit):
        mode = "insert" if step.before in step.after.split("\n") else "once" if "\n" in step.after else "every"
        return f"edit {_list((step.path, step.before, step.after), words)} {mode}"
    if isinstance(step, Create):
        import stat

        mode = stat.filemode(stat.S_IFREG | int(step.mode, 8))
        return f"create {words.word(step.path)} {step.mode} {mode} {words.word(step.content)}"
    if isinstance(step, Manual):
        return "by_hand"
    probe = action_of(step).probe
    if _offline(plan) and probe.running:
        return "node_only"
    return " || ".join([*_tests(plan, place, key, probe, links, words), f"run {_list(step.argv, words)}"])


def _tests(plan: Planned, place: int, key: str, probe: Probe, links: StepLinks, words: Words) -> Iterator[str]:
    """What shows that a command need not be run."""
    if probe.words:
        yield _list(probe.words, words)
    elif _offline(plan) or not any(links.follows(place)):
        yield f"ran_before {key}{_run_key(plan)}"
    elif not all(links.follows(place)):
        yield f"{{ ran_before {key}{_run_key(plan)} && unchanged {key}; }}"
    else:
        yield f"unchanged {key}"


def _run_key(plan: Planned) -> str:
    from nodecheck.digest import sha256_name

    return "-" + sha256_name(plan.run_id)[7:15]


def _list(texts: tuple[str, ...], words: Words) -> str:
    return " ".join([words.word(text) for text in texts])


STATIC_HOSTNAME = r"sed -n 's/^[[:space:]]*//; s/[[:space:]]*$//; /^#/d; /^$/d; p; q' /etc/hostname"
"""The first line that is no comment, as the report has it."""


def _guard(plan: Planned, words: Words) -> Iterator[str]:
    yield "guard() {"
    yield f"    other_root {words.word(shown(plan.source.path) if _offline(plan) else '')}"
    found = '"$(uname -n)"'
    if _offline(plan):
        found = f'"$({STATIC_HOSTNAME} 2>/dev/null)"'
    if not plan.node.hostname:
        found = "''"
    names = _list((plan.node.hostname or "", *_new_names(plan)), words)
    yield f"    same_host {words.word(_name(plan))} {found} {names}"
    yield "}"
    yield ""


def _new_names(plan: Planned) -> Iterator[str]:
    """The names that the host has once the plan was run: so that it can be run again."""
    for item in plan.steps:
        if isinstance(item.step, Edit) and item.step.path == "/etc/hostname":
            yield item.step.after
        yield from [goal.value for goal in action_of(item.step).goals if goal.kind == "hostname"]


def _left(plan: Planned) -> Iterator[str]:
    """What is left to a person."""
    by_hand = [item for item in plan.steps if isinstance(item.step, Manual)]
    if by_hand or plan.not_fixed:
        yield "Left to a person:"
    for step in by_hand:
        yield f"  - {shown(_what(step))}  (for {shown(', '.join(step.for_))})"
    for why, names in plan.left().items():
        yield f"  - {shown(', '.join(names))}: {shown(why)}"
    if plan.doubt is not None:
        yield f"{plan.doubt[0].upper()}{plan.doubt[1:]}."


def _the_rest(plan: Planned, words: Words) -> Iterator[str]:
    yield "the_rest() {"
    lines = list(_left(plan))
    waiting = [str(place) for place, item in enumerate(plan.steps, 1) if item.reboot]
    if waiting and _offline(plan):
        lines.append(f"What step {', '.join(waiting)} fixes holds only after that system has booted.")
    yield from [f"    say {words.word(line)}" for line in lines] or ["    :"]
    if waiting and not _offline(plan):
        told = f"Reboot this node: what step {', '.join(waiting)} fixes holds only after that."
        yield f"    unchanged reboot || say {words.word(told)}"
    yield "}"
    yield ""


def _library(used: str) -> Iterator[str]:
    """The functions that are used, and those that they use."""
    chunks: list[tuple[str, str]] = []
    for part in ("run", "files", "probes"):
        text = shipped(f"fix/lib/{part}.sh")
        chunks += re.findall(r"^#: (\w+)\n(.*?)(?=^#: |\Z)", text, re.MULTILINE | re.DOTALL)
    wanted: set[str] = set()
    while True:
        words = set(re.findall(r"\w+", used))
        more = [name for name, _ in chunks if name in words and name not in wanted]
        if not more:
            break
        wanted.update(more)
        used = "\n".join([text for name, text in chunks if name in more])
    for name, text in chunks:
        if name in wanted:
            yield from (text.rstrip("\n"), "")


def _holds_settings(item: PlanStep) -> bool:
    return isinstance(item.step, (Create, Edit)) and holds_settings(item.step.path)


class StepLinks:
    """The links between the steps of a plan; a place is a step's index."""

    def __init__(self, steps: tuple[PlanStep, ...]) -> None:
        self._steps = steps
        self._first: dict[str, int] = {}
        self._restarts: dict[str, list[int]] = {}
        self._needed: list[list[int]] = []
        last: dict[str, tuple[int, ...]] = {}
        for place, item in enumerate(steps):
            free = _holds_settings(item) and not all(name in last for name in item.for_)
            self._needed.append([] if free else sorted({at for name in item.for_ for at in last.get(name, ())}))
            last.update({name: (*(last.get(name, ()) if free else ()), place) for name in item.for_})
            if isinstance(item.step, Manual):
                continue
            blind = isinstance(item.step, Command) and not action_of(item.step).probe.words
            for name in item.for_:
                self._first.setdefault(name, place)
                if blind:
                    self._restarts.setdefault(name, []).append(place)

    def needed(self, place: int) -> list[int]:
        """The steps right before it in the fixes that it is a part of: where one was not done, it is not done.

        A file of settings is written for those findings that need nothing before it: what it has for the others does
        no harm.
        """
        return self._needed[place]

    def due_after(self, place: int) -> list[int]:
        """The later commands of the same fixes that leave nothing to look at, such as restarts."""
        if isinstance(self._steps[place].step, Manual):
            return []
        found = {later for name in self._steps[place].for_ for later in self._restarts.get(name, ()) if later > place}
        return sorted(found)

    def follows(self, place: int) -> list[bool]:
        """For each result that a step is for, whether its fix changes something before that step."""
        return [self._first[name] < place for name in self._steps[place].for_]
