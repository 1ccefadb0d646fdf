"""Fixes of ``cgroup-driver``: one line of the component's own file where there is one, then its restart."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nodecheck.errors import FactError
from nodecheck.facts import Containerd, Crio, Docker, KubeletConfig, KubeletDriverLine
from nodecheck.facts.kernel.cgroups import SYSTEMD
from nodecheck.facts.runtimes.containerd_config import RUNC_V2, Effective
from nodecheck.facts.runtimes.containerd_merge import CRI_SECTIONS
from nodecheck.facts.runtimes.containerd_releases import newest_of
from nodecheck.facts.runtimes.crio import CONFIG_DIR, Value
from nodecheck.facts.runtimes.docker_options import KEY
from nodecheck.fix import MANUAL, Create, Edit, Fix, Step, by_hand, command, create, edit, manual
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.runtimes.releases import Release

DRAIN = (
    "drain the node first (kubectl drain NODE --ignore-daemonsets): pods that were started with the other driver keep "
    "their old cgroups until they are started again; change the runtime and the kubelet together"
)


def _restarting(title: str, units: tuple[str, ...], step: Step) -> Fix:
    """One step, then the restart of the component and of the kubelet beside it."""
    in_unit = isinstance(step, Edit) and "/systemd/" in step.path
    reloads = (command("systemctl", "daemon-reload"),) if in_unit else ()
    restarts = tuple(command("systemctl", "restart", "--", name) for name in dict.fromkeys(units))
    return Fix(title, (manual(DRAIN), step, *reloads, *restarts), "disruptive")


def _by_hand(title: str, text: str) -> Fix:
    return Fix(title, (manual(DRAIN), manual(text)), "manual")


def _replaced(line: str, before: str, after: str) -> str | None:
    """The line with one word replaced; None where it stands there not exactly once."""
    return line.replace(before, after) if line.count(before) == 1 else None


def _owned(path: str) -> bool:
    """Whether a file is the administrator's, so that no update of a package brings it back."""
    return path.startswith(("/etc/", "/var/lib/kubelet/"))


Releases = Callable[[str], "Release | None"]
"""The release of a runtime, where the node shows it."""


def cri_plugin(
    fact: Containerd, releases: Releases, line: str | None, path: str, wanted: str, beside: tuple[str, ...] = ()
) -> Fix:
    """containerd's CRI plugin turned on, by taking it off the list of those that are off, with the wanted driver."""
    title = "Turn containerd's CRI plugin on"
    words = [f"{quote}{name}{quote}" for name in CRI_SECTIONS for quote in "\"'"]
    named = [word for word in words if line is not None and line.count(word) == 1]
    value = _value(wanted)
    # With more than one item commas would have to go too: a person sees which.
    if line is not None and len(named) == 1 and line.count('"') + line.count("'") == 2:
        for step in _turned_on(fact, path, line, line.replace(named[0], ""), value):
            if driver_after(fact, releases, step) == wanted:
                restarts = [command("systemctl", "restart", "--", name) for name in ("containerd", *beside)]
                return Fix(title, (step, *restarts), "disruptive")
    driver = f"have SystemdCgroup = {value} in the options of its runtime (containerd config default shows where)"
    text = f"In {path} take the CRI plugin off the list disabled_plugins and {driver}, then restart containerd."
    return by_hand(title, text)


def _turned_on(fact: Containerd, path: str, line: str, after: str, value: str) -> Iterator[Step]:
    """The line alone; or the runtime's table below it too, in a file that holds nothing else, as Docker packages it."""
    yield edit(path, line, after)
    lines = next((file.source for file in fact.files if file.path == path), "").split("\n")
    others = {text for other in lines if (text := other.strip()) and not text.startswith("#") and other != line}
    if lines.count(line) == 1 and others <= {"version = 2"} and "version = 2" not in lines[lines.index(line) :]:
        table = _whole_file(value).removesuffix("\n")
        yield edit(path, line, f"{after}\n{table.removeprefix('version = 2') if others else table}")


def driver_after(fact: Containerd, releases: Releases, step: Step) -> str | None:
    """The driver that containerd would use after a step; None where it cannot be told or CRI is off."""
    if not isinstance(step, (Create, Edit)):
        return None
    source = next((file.source for file in fact.files if file.path == step.path), "")
    if isinstance(step, Edit):
        source = "\n".join([step.after if line == step.before else line for line in source.split("\n")])
    try:
        then = fact.rewritten(step.path, step.content if isinstance(step, Create) else source)
    except FactError:
        return None
    found = then.decided(lambda: releases("containerd")).found
    return None if found is None or not found.cri else found.driver


def otherwise_restarted(fix: Fix) -> Fix:
    """The same where systemd is not the init: what systemctl would do is left to a person."""
    from nodecheck.fix.actions import action_of

    if all(action_of(step).units is None for step in fix.steps):
        return fix
    steps: list[Step] = []
    for step in fix.steps:
        call = action_of(step).units
        if call is None:
            steps.append(step)
        elif call.verb == "restart":
            name = call.units[-1].removesuffix(".service")
            steps.append(manual(f"restart {name} by this system's init (with OpenRC: rc-service {name} restart)"))
    return fix._replace(steps=tuple(steps), safety=MANUAL)


def _value(wanted: str) -> str:
    return "true" if wanted == SYSTEMD else "false"


def containerd(
    fact: Containerd, found: Effective, releases: Releases, wanted: str, beside: tuple[str, ...] = ()
) -> Fix:
    """``SystemdCgroup`` of the handler that decides; ``beside`` are units to be restarted too."""
    value = _value(wanted)
    title = f"Set SystemdCgroup = {value} for containerd's runtime {found.handler}"
    later = [file for file in fact.files if file.version > newest_of(found.reader)]
    if later:
        known = f"version {newest_of(found.reader)}, which this containerd knows (containerd config default writes it)"
        text = f"write {later[0].path} anew in {known}, with SystemdCgroup = {value}, or install containerd 2"
        return _by_hand(title, f"{text}; then restart containerd")
    step = _containerd_step(fact, found, value)
    if step is not None and driver_after(fact, releases, step) == wanted:
        return _restarting(title, ("containerd", *beside), step)
    name = ".".join(part if part.replace("_", "").isalnum() else f'"{part}"' for part in found.keys[:-1])
    text = f"in {fact.place(found)[0]} set {found.keys[-1]} = {value} in the table [{name}]"
    if found.keys[-2] == "options" and fact.place(found, (*found.keys[:-2], "runtime_type"))[2] is None:
        text += f' (and runtime_type = "{RUNC_V2}" in the table above it, for containerd 1.x)'
    if len(fact.files) > 1:
        text += "; of a section in several files containerd 1.x takes the last one's alone, and 2 merges them"
    return _by_hand(title, f"{text}; then restart containerd")


def _containerd_step(fact: Containerd, found: Effective, value: str) -> Step | None:
    """The line that is changed or added, or the whole file where there is none."""
    path, _, line = fact.place(found)
    source = next((file.source for file in fact.files if file.path == path), "")
    lines = source.split("\n")
    if line is not None:
        other = _replaced(line, "false" if value == "true" else "true", value)
        return edit(path, line, other) if other is not None and lines.count(line) == 1 else None
    if not source.strip():
        return create(path, _whole_file(value))
    if found.keys[-1] == "SystemdCgroup" and fact.version >= 2 and len(fact.files) == 1:
        return _inserted(path, lines, found, value)
    return None


def _whole_file(value: str) -> str:
    """A file that containerd 1.3 and every later one reads."""
    table = 'plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc'
    return (
        f'version = 2\n\n[{table}]\n  runtime_type = "{RUNC_V2}"\n\n  [{table}.options]\n    SystemdCgroup = {value}\n'
    )


def _inserted(path: str, lines: list[str], found: Effective, value: str) -> Step | None:
    """An edit that sets the key in the handler's table of options, or adds that table before the handler's own."""
    handler, plugin = found.handler, found.keys[1]  # a section of another version's plugin is not read
    lines = [line for line in lines if f'"{plugin}"' in line or f"'{plugin}'" in line]
    for name in (f".containerd.runtimes.{handler}.options]", f".containerd.runtimes.{handler}]"):
        headers = [line for line in lines if line.strip().startswith("[plugins") and line.rstrip(" \t").endswith(name)]
        if len(headers) != 1:
            continue
        header = headers[0]
        indent = header[: len(header) - len(header.lstrip())]
        if name.endswith(".options]"):
            return edit(path, header, f"{header}\n{indent}  SystemdCgroup = {value}")
        if any(f".runtimes.{handler}.options" in line for line in lines):
            return None
        table = header.strip()[:-1] + ".options]"
        return edit(path, header, f"{indent}{table}\n{indent}  SystemdCgroup = {value}\n{header}")
    return None


def docker(fact: Docker, wanted: str, beside: tuple[str, ...] = ()) -> Fix:
    """``native.cgroupdriver`` in ``daemon.json``, or where it is set now."""
    title = f"Set {KEY}={wanted} for docker"
    option = fact.options[0] if len(fact.options) == 1 else None
    if option is not None and _owned(option.path):
        other = _replaced(option.text, option.value, wanted)
        if other is not None:
            return _restarting(title, ("docker", *beside), edit(option.path, option.text, other))
    if fact.options:
        places = ", ".join(dict.fromkeys(item.path for item in fact.options))
        return _by_hand(title, f"set --exec-opt {KEY}={wanted}, once, in place of what {places} has; restart docker")
    entry = f'"exec-opts": ["{KEY}={wanted}"]'
    if not fact.has_file:
        return _restarting(title, ("docker", *beside), create(fact.path, f"{{\n  {entry}\n}}\n"))
    if fact.listed is not None:
        if fact.list_line is None:
            return _by_hand(title, f'in {fact.path} add "{KEY}={wanted}" to "exec-opts", then restart docker')
        head, name, rest = fact.list_line.partition('"exec-opts"')
        before, bracket, after = rest.partition("[")
        comma = "" if not fact.listed else ", " if after.strip() else ","
        line = f'{head}{name}{before}{bracket}"{KEY}={wanted}"{comma}{after}'
        return _restarting(title, ("docker", *beside), edit(fact.path, fact.list_line, line))
    if fact.opening is not None and fact.opening.count("{") >= 1 and not fact.empty:
        before, brace, after = fact.opening.partition("{")
        gap = "\n" if not after.strip() else " "
        return _restarting(
            title, ("docker", *beside), edit(fact.path, fact.opening, f"{before}{brace}{gap}  {entry},{after}")
        )
    return _by_hand(title, f"in {fact.path} add {entry}, then restart docker")


def crio(fact: Crio, wanted: str, beside: tuple[str, ...] = ()) -> Fix:
    """``cgroup_manager`` where it is set, else in a file of its own."""
    title = f'Set cgroup_manager = "{wanted}" for CRI-O'
    found: Value | None = fact.cgroup_manager
    if found is None:
        content = f'[crio.runtime]\ncgroup_manager = "{wanted}"\nconmon_cgroup = "pod"\n'
        return _restarting(title, ("crio", *beside), create(f"{CONFIG_DIR}/99-cgroup-manager.conf", content))
    other = _replaced(found.text, found.value, wanted) if found.line is not None and _owned(found.path) else None
    if other is not None and (
        wanted == SYSTEMD or (fact.conmon_cgroup is not None and fact.conmon_cgroup.value == "pod")
    ):
        return _restarting(title, ("crio", *beside), edit(found.path, found.text, other))
    return _by_hand(title, f'set cgroup_manager = "{wanted}" and conmon_cgroup = "pod" in {found.path}; restart crio')


def kubelet(fact: KubeletConfig, lines: KubeletDriverLine, wanted: str) -> Fix:
    """``cgroupDriver`` where it is set, else in the kubelet's file."""
    title = f"Set cgroupDriver: {wanted} for the kubelet"
    setting = fact.cgroup_driver
    if setting is not None and _owned(setting.source) and lines.driver is not None:
        other = _replaced(lines.driver, setting.value, wanted)
        if other is not None:
            return _restarting(title, ("kubelet",), edit(setting.source, lines.driver, other))
    if setting is None and fact.config is not None and lines.kind is not None:
        return _restarting(title, ("kubelet",), edit(fact.config, lines.kind, f"{lines.kind}\ncgroupDriver: {wanted}"))
    place = setting.source if setting is not None else fact.config or "the kubelet's configuration file"
    return _by_hand(title, f"set cgroupDriver: {wanted} in {place}, then restart the kubelet")


__all__ = ["containerd", "crio", "docker", "kubelet"]
