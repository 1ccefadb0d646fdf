"""How a line is written without a flag or a feature gate."""

from __future__ import annotations

import re

from nodecheck.facts.kubelet.given import API, GATE, GivenSetting
from nodecheck.fix import DISRUPTIVE, SAFE, Fix, Step, by_hand, command, edit

_MANIFESTS = ("/manifests/", "/pod-manifests/")


def fix_of(found: list[GivenSetting]) -> Fix:
    """Take a setting out of each line that gives it; by hand where one line cannot be written without it for sure."""
    name = found[0].name
    title = f"Take {name} out"
    if found[0].kind == API:
        text = f"Run kubeadm config migrate --old-config {found[0].path} with kubeadm 1.35 or 1.36"
        return by_hand(f"Migrate {found[0].path}", text)
    steps: dict[Step, None] = {}
    for item in found:
        after = None if item.whole is None else without(item.whole, item)
        if after is None or item.whole is None:
            places = ", ".join(f"{one.path}, line {one.line}" if one.line else one.path for one in found)
            return by_hand(title, f"Take {item.text} out of {places}")
        steps[edit(item.path, item.whole, after)] = None
    if any("/systemd/system/" in item.path for item in found):
        steps[command("systemctl", "daemon-reload")] = None
    restarts = any(part in item.path for item in found for part in _MANIFESTS)  # the kubelet sees it at once
    return Fix(title, tuple(steps), DISRUPTIVE if restarts else SAFE)


def without(line: str, item: GivenSetting) -> str | None:
    """A line without a setting; None where that cannot be done by the text alone.

    >>> flag = GivenSetting("kubelet", "flag", "--cloud-config", "--cloud-config=/etc/c", "/x", 1)
    >>> without('KUBELET_EXTRA_ARGS="--v=2 --cloud-config=/etc/c"', flag)
    'KUBELET_EXTRA_ARGS="--v=2"'
    >>> gate = GivenSetting("kubelet", "gate", "CPUManager", "CPUManager=true", "/x", 1)
    >>> without("    - --feature-gates=CPUManager=true,NodeSwap=true", gate)
    '    - --feature-gates=NodeSwap=true'
    >>> without("  CPUManager: true", gate._replace(text="CPUManager: true"))
    '#   CPUManager: true'
    """
    return _without_gate(line, item) if item.kind == GATE else _without_flag(line, item)


def _without_flag(line: str, item: GivenSetting) -> str | None:
    name, _, value = item.text.partition("=")
    dashed = "--" + name.lstrip("-")
    forms = {f"{dashed}={value}", f"{dashed} {value}", *((dashed,) if value in ("", "true") else ()), item.text}
    pattern = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    return _cut(line, f"(?<![\\w-])(?:{pattern})(?![\\w=.:/,-])")


def _without_gate(line: str, item: GivenSetting) -> str | None:
    if ": " in item.text:
        plain = re.fullmatch(rf"[ \t]+[\"']?{re.escape(item.name)}[\"']?:[ \t]*(?:true|false)[ \t\r]*", line)
        return None if plain is None else f"# {line}"
    word = re.escape(item.text)
    if re.search(rf"feature-gates[= ]{word}(?![\w,])", line) is not None:
        return _cut(line, rf"(?<![\w-])(?:--)?feature-gates[= ]{word}(?![\w,])")
    return _cut(line, rf"(?:(?<=[=, ]){word},|,{word}(?![\w]))")


def _cut(line: str, pattern: str) -> str | None:
    """The line without the one place of a pattern; a comment where nothing but a list's dash is left of it."""
    places = list(re.finditer(pattern, line))
    if len(places) != 1:
        return None
    before, after = line[: places[0].start()], line[places[0].end() :]
    if re.fullmatch(r"[ \t]*- *[\"']?", before) is not None and after.strip(" \t\r\"'") == "":
        return f"# {line}"
    if after[:1] == " " and before[-1:] in (" ", '"', "'", "="):
        after = after[1:]
    elif before[-1:] == " " and after[:1] in ("", '"', "'", "\\"):
        before = before[:-1]
    return before + after
