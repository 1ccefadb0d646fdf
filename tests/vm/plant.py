"""What one plant is: the files and commands that put one fault, or one configuration, into a node."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping

from nodecheck.record import NamedTuple


class Plant(NamedTuple):
    """One configuration that is planted for real, and the results that tell of it."""

    name: str
    files: Mapping[str, str] = {}
    """Path to content; a path after ``+`` is appended to, one after ``x`` becomes executable."""
    shell: str = ""
    """Commands that follow when the files of all plants lie there and systemd has read its units again."""
    sysctls: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    swapfiles: tuple[str, ...] = ()
    """Areas to be made in ``/swap``."""
    areas: tuple[str, ...] = ()
    """Other areas that it is about."""
    words: str = ""
    """Words of the kernel's command line."""
    second_disk: bool = False
    slot: str = ""
    """Of two plants with the same slot a node can have but one."""
    upsets: bool = False
    """It decides over what other plants are about, so that a node is to have but one such."""


def script(plants: Iterable[Plant]) -> str:
    """The shell script that plants them."""
    plants = tuple(plants)
    names = [shlex.quote(name) for plant in plants for name in plant.swapfiles]
    lines = [_SYSTEMCTL, "mkdir -p /swap && cd /swap || exit 1"]
    lines += [f"fallocate -l 4M {name} && chmod 600 {name} && mkswap -q {name}" for name in names]
    lines.extend(written(plants))
    lines.append("systemctl daemon-reload")
    lines += [plant.shell for plant in plants if plant.shell]
    return "\n".join([*lines, "systemctl daemon-reload", "sync", "exit 0", ""])


_SYSTEMCTL = """
systemctl() {  # systemd reads its units again at the end, which takes seconds, and not after each command
    case " $* " in
        *" enable "* | *" disable "* | *" mask "* | *" unmask "* | *" add-wants "* | *" set-default "*)
            command systemctl --no-reload "$@" ;;
        *) command systemctl "$@" ;;
    esac
}"""


def written(plants: Iterable[Plant]) -> Iterator[str]:
    """The commands that write the plants' files."""
    for path, content in [item for plant in plants for item in plant.files.items()]:
        name = path.lstrip("+x")
        yield f"mkdir -p {shlex.quote(name.rpartition('/')[0])}"
        yield f"printf %s {shlex.quote(content)} {'>>' if path[0] == '+' else '>'} {shlex.quote(name)}"
        if path[0] == "x":
            yield f"chmod 755 {shlex.quote(name)}"
