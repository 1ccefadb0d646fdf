"""How a playbook sees that a command need not be run: what the script's probes look at, in Ansible's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nodecheck.fix.actions import Probe
from nodecheck.record import NamedTuple
from nodecheck.render.ansible_yaml import Task, literal


class LookTask(NamedTuple):
    """A task that only looks, when the command is needed after it, and the data of that expression."""

    task: Task
    needed: str
    data: dict[str, Any]


def look_at(probe: Probe, name: str) -> LookTask | None:
    """What to look at before the command of a probe; None where nothing tells."""
    words = probe.words
    if not words or words[0] not in _LOOKS or any("$" in word for word in words):
        return None
    return _LOOKS[words[0]](name, *words[1:])


def _file(name: str, path: str, needed: str, **data: str) -> LookTask:
    """A look at a file of the kernel; where it cannot be read, the command is needed."""
    task = {"ansible.builtin.slurp": {"src": literal(path)}, "register": name}
    content = f"({name}.content | default('') | b64decode)"
    return LookTask(task, needed.format(content=content), {key: literal(value) for key, value in data.items()})


def _sysctl(name: str, path: str, value: str) -> LookTask:
    return _file(name, f"/proc/sys/{path}", "{content}.split() | join(' ') != nodecheck_value", nodecheck_value=value)


def _swap(name: str, area: str) -> LookTask:
    needed = "('\\n' ~ nodecheck_area ~ ' ') in ('\\n' ~ {content})"
    return _file(name, "/proc/swaps", needed, nodecheck_area=area)


def _module(name: str, module: str) -> LookTask:
    task = {"ansible.builtin.stat": {"path": literal(f"/sys/module/{module}")}, "register": name}
    return LookTask(task, f"not ({name}.stat.exists | default(false))", {})


def _enforcing(name: str, value: str) -> LookTask:
    return _file(name, "/sys/fs/selinux/enforce", "{content} | trim != nodecheck_value", nodecheck_value=value)


def _up(name: str, link: str) -> LookTask:
    return _file(
        name, f"/sys/class/net/{link}/flags", "({content} | trim | default('0', true) | int(base=16)) % 2 == 0"
    )


def _mtu(name: str, link: str, mtu: str) -> LookTask:
    return _file(name, f"/sys/class/net/{link}/mtu", "{content} | trim != nodecheck_value", nodecheck_value=mtu)


_LOOKS: dict[str, Callable[..., LookTask]] = {
    "sysctl_is": _sysctl, "swap_is_off": _swap, "module_is_loaded": _module, "enforcing_is": _enforcing,
    "link_is_up": _up, "link_mtu_is": _mtu,
}  # fmt: skip
"""The functions of ``lib/probes.sh``, and what stands for them here."""
