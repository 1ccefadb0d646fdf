"""Commands that cloud-init runs at each boot: ``bootcmd``, and the scripts in ``per-boot``.

Where it has set no instance up yet, the next boot is the first: then the scripts in ``per-instance`` and ``per-once``
run, and ``runcmd``, unless the user data that it gets names another.
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import Absent
from nodecheck.facts.acts.follow import Follower
from nodecheck.facts.acts.hooks import acts_of, executables, started_by
from nodecheck.facts.acts.model import LATE, NETWORK, STAYS, Act
from nodecheck.facts.acts.units import undecided
from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.services.starts import BootStarts
from nodecheck.formats.tree import Malformation, TreeNode
from nodecheck.host import Host, exists, names_in
from nodecheck.model.evidence import seen
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import AnySource, Exists, File, Tree

PER_BOOT = "/var/lib/cloud/scripts/per-boot"
AT_FIRST = ("/var/lib/cloud/scripts/per-instance", "/var/lib/cloud/scripts/per-once")
INSTANCE = "/var/lib/cloud/instance"
DISABLED = "/etc/cloud/cloud-init.disabled"
CONFIG = "/etc/cloud/cloud.cfg"
CONFIG_DIR = "/etc/cloud/cloud.cfg.d"
USER_DATA = "/var/lib/cloud/instance/cloud-config.txt"
TARGET = "cloud-init.target"

_STAGES = ("cloud-init-network.service", "cloud-init.service", "cloud-init-main.service")
_FINAL = ("cloud-final.service", "cloud-init-main.service")

SOURCES: tuple[AnySource, ...] = (
    File(CONFIG), Tree(CONFIG_DIR, "*.cfg"), File(USER_DATA), Exists(DISABLED), Tree(PER_BOOT),
    *map(Tree, AT_FIRST), Exists(INSTANCE),
)  # fmt: skip


def cloud_init(host: Host, follower: Follower, starts: BootStarts, cmdline: Lazy[BootCmdline]) -> Iterator[Act]:
    """What cloud-init runs at the next boot, where it is not turned off."""
    first = host.link(INSTANCE) is None and not exists(host, INSTANCE)
    folders = (PER_BOOT, *(AT_FIRST if first else ()))
    scripts = [path for folder in folders for path in executables(host, folder)]
    config = _text(host, CONFIG)
    commands = tuple(_commands(host, config, "bootcmd"))
    later = tuple(_commands(host, config, "runcmd")) if first else ()
    if not scripts and not commands and not later:
        return
    acts = [*_of_commands(follower, commands)] if _lists(config, b"bootcmd") else []
    yield from _unless_off(host, starts, cmdline, acts, _STAGES)
    if _lists(config, b"scripts-per-boot") or _lists(config, b"scripts_per_boot"):
        found = [act for path in scripts for act in acts_of("cloud-init", follower.script(path), LATE, follower)]
        told = "user data may name another runcmd"
        found += [undecided(act, told) for act in _of_commands(follower, later)] if _lists(config, b"runcmd") else []
        yield from _unless_off(host, starts, cmdline, found, _FINAL)


def _lists(config: bytes, module: bytes) -> bool:
    """Whether cloud-init runs a module; without a configuration of its own it runs all of these."""
    return not config or module in config


def _text(host: Host, path: str) -> bytes:
    try:
        return host.read(path)
    except Absent:
        return b""


def _commands(host: Host, config: bytes, key: str) -> Iterator[tuple[str, int, str]]:
    """The commands of a key: file, line and shell text; a later file's list takes the place of an earlier one."""
    names = [name for name in names_in(host, CONFIG_DIR) if name.endswith(".cfg")]
    later = [(path, _text(host, path)) for path in (*[f"{CONFIG_DIR}/{name}" for name in names], USER_DATA)]
    found: tuple[tuple[str, int, str], ...] = ()
    for path, raw in ((CONFIG, config), *later):
        if f"\n{key}:".encode() in b"\n" + raw:
            found = tuple(_of_document(raw, path, key))
    yield from found


def _of_document(raw: bytes, path: str, key: str) -> Iterator[tuple[str, int, str]]:
    from nodecheck.formats.structured import load

    try:
        root = load(raw, path).root
    except Malformation:
        return  # cloud-init leaves such a file out
    listed = root.value.get(key) if isinstance(root.value, dict) else None
    for item in listed.value if listed is not None and isinstance(listed.value, tuple) else ():
        text = _shell_text(item)
        if text:
            yield path, item.line, text


def _shell_text(item: TreeNode) -> str:
    """A text is one for a shell, a list is the words of one command."""
    if isinstance(item.value, tuple):
        from shlex import quote  # a tenth of what all this costs

        return " ".join([quote(str(word.value)) for word in item.value])
    return str(item.value) if isinstance(item.value, str) else ""


def _of_commands(follower: Follower, commands: tuple[tuple[str, int, str], ...]) -> Iterator[Act]:
    for path, line, text in commands:
        yield from acts_of("cloud-init", follower.shell(text, path, line, text.strip(), {}), NETWORK, follower)


def _unless_off(
    host: Host, starts: BootStarts, cmdline: Lazy[BootCmdline], acts: list[Act], units: tuple[str, ...]
) -> Iterator[Act]:
    if not acts:
        return
    if exists(host, DISABLED):
        off = seen(DISABLED, "present")
        yield from [act._replace(state=STAYS, stops=(off,), why="cloud-init is disabled") for act in acts]
    elif "cloud-init=disabled" in cmdline().words:
        off = seen(cmdline().source or "command line", "cloud-init=disabled", line=cmdline().line)
        yield from [act._replace(state=STAYS, stops=(off,), why="cloud-init is disabled") for act in acts]
    elif any(_by_target(starts, unit) for unit in units):
        yield from acts
    else:
        yield from started_by(acts, starts, *units)


def _by_target(starts: BootStarts, unit: str) -> bool:
    """Whether cloud-init's own target pulls a unit in, which its generator has the boot reach."""
    owners = [owner for owner, _ in starts.index.pulls(unit)]
    return TARGET in owners and not starts.masks(unit) and not starts.masks(TARGET)
