"""How a line of the kubelet's configuration is put out of force: then the default holds."""

from __future__ import annotations

import re

from nodecheck.checking import Lazy
from nodecheck.facts import KubeletLines
from nodecheck.facts.kubelet.given import FLAG, KUBELET, GivenSetting
from nodecheck.facts.kubelet.settings import Problem
from nodecheck.fix import SAFE, Fix, Step, by_hand, command, edit
from nodecheck.record import NamedTuple


class SettingLine(NamedTuple):
    """A line that sets something."""

    path: str
    line: int | None
    text: str
    """As written there: ``maxPods: -5``, ``--max-pods=-5``."""
    is_flag: bool = False


def corrected(problem: Problem, detail: str) -> Fix:
    """What the kubelet refuses as a whole, a person corrects."""
    at = problem.source + (f", line {problem.line}" if problem.line else "")
    return by_hand("Give the kubelet a configuration that it takes", f"Correct {at}: {detail[:200]}; then restart it")


def fix_of(title: str, places: tuple[SettingLine, ...], lines: Lazy[KubeletLines] | None) -> Fix:
    """Take one line out where it can be written without the setting for sure; else a person's task."""
    if len(places) == 1 and lines is not None:
        steps = _steps(places[0], lines())
        if steps:
            return Fix(title, steps, SAFE)
    told = " or ".join([f"{place.text[:80]} in {place.path}{_at(place)}" for place in places])
    return by_hand(title, f"Change {told or 'the setting'}, and restart the kubelet")


def _at(place: SettingLine) -> str:
    return f", line {place.line}" if place.line else ""


def _steps(place: SettingLine, lines: KubeletLines) -> tuple[Step, ...]:
    here = lines.at(place.path, place.line)
    is_json = any(line.lstrip(" \t").startswith("{") for line in lines.at(place.path, 1))
    after = without(here, place) if here and (place.is_flag or not is_json) else None
    if after is None:
        return ()
    step = edit(place.path, here[0], after)
    return (step, command("systemctl", "daemon-reload")) if "/systemd/system/" in place.path else (step,)


def without(lines: tuple[str, ...], place: SettingLine) -> str | None:
    """The first of the lines without the setting; None where that cannot be done by the text alone.

    >>> without(("maxPods: -5", "port: 1"), SettingLine("/x", 1, "maxPods: -5"))
    '# maxPods: -5'
    >>> without(("A='--max-pods=-5 --v=2'",), SettingLine("/x", 1, "--max-pods=-5", True))
    "A='--v=2'"
    """
    if place.is_flag:
        from nodecheck_checks.kubelet.removed_fixes import without as without_flag

        name = place.text.partition("=")[0]
        return without_flag(lines[0], GivenSetting(KUBELET, FLAG, name, place.text, place.path, place.line))
    key = place.text.partition(":")[0]
    found = re.match(rf"([ \t]*)[\"']?{re.escape(key)}[\"']?:[ \t]+[^ \t\r|>&#\[{{]", lines[0])
    inside = re.match("[ \t]*", lines[1]) if len(lines) > 1 and lines[1].strip() else None
    if (
        found is None
        or lines[0].rstrip(" \t\r").endswith(",")
        or (inside is not None and len(inside[0]) > len(found[1]))
    ):
        return None
    return f"# {lines[0]}"
