"""Files of settings that plans write, one a topic, in ``sysctl.d`` and ``modules-load.d``."""

from __future__ import annotations

from nodecheck.model.steps import Create, Edit, create, edit
from nodecheck.record import NamedTuple
from nodecheck.text import printable
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.files.conf_dirs import OwnFile

_FOLDERS = ("/sysctl.d/", "/modules-load.d/")
_COMMENTS = ("#", ";")
MARK = "# nodecheck "
"""How a comment begins that says what the line below is for; one line of a step's own text leaves it out."""


def holds_settings(path: str) -> bool:
    """Whether each line of a file is a setting of its own, so that files of two fixes are one.

    >>> holds_settings("/etc/sysctl.d/99-nodecheck.conf"), holds_settings("/etc/docker/daemon.json")
    (True, False)
    """
    return path.endswith(".conf") and any(folder in path for folder in _FOLDERS)


def setting(line: str, why: str) -> str:
    """A setting below what it is for.

    >>> print(setting("net.ipv4.ip_forward = 1", "sysctl[net.ipv4.ip_forward]@boot: pods need it"), end="")
    # nodecheck sysctl[net.ipv4.ip_forward]@boot: pods need it
    net.ipv4.ip_forward = 1
    """
    return f"{MARK}{printable(why)}\n{line}\n"


def with_settings(path: str, own: OwnFile | None, text: str) -> Create | Edit:
    """The step that puts settings into a file: whole where it is not there, else below its last line."""
    if own is None or own.end is None:
        return create(path, text)
    return edit(path, own.end, f"{own.end}\n{text.removesuffix(chr(10))}")


class _Block(NamedTuple):
    """A setting with the comments above it; a setting of "" is the comments at the end."""

    setting: str
    comments: tuple[str, ...]


def joined_settings(old: str, new: str) -> str:
    """The settings of two texts, each once below all that is said of it.

    >>> print(joined_settings("# a\\nx\\n# b\\ny\\n", "# c\\ny\\n# d\\nz\\n"), end="")
    # a
    x
    # b
    # c
    y
    # d
    z
    """
    found: dict[str, dict[str, None]] = {}
    for block in (*_blocks(old), *_blocks(new)):
        found.setdefault(block.setting, {}).update(dict.fromkeys(block.comments))
    ends = found.pop("", {})
    lines = [line for name, comments in found.items() for line in (*comments, name)]
    text = "\n".join([*lines, *ends])
    return text + "\n" if old.endswith("\n") else text


def _blocks(text: str) -> list[_Block]:
    blocks: list[_Block] = []
    comments: list[str] = []
    for line in text.removesuffix("\n").split("\n"):
        if line.lstrip(" \t").startswith(_COMMENTS):
            comments.append(line)
        elif line.strip(" \t"):
            blocks.append(_Block(line, tuple(comments)))
            comments = []
    return [*blocks, _Block("", tuple(comments))]
