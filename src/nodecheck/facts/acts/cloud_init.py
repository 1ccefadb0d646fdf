"""What cloud-init does at each boot: ``bootcmd``, boot hooks, the scripts in ``per-boot``, and the node's name.

Where it has set no instance up yet, the next boot is the first: then the scripts in ``per-instance`` and ``per-once``
run, and ``runcmd``, unless the user data that it gets names another.
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import Absent
from nodecheck.facts.acts.model import HOSTNAME, LATE, NETWORK, SETS, STAYS, Act, Effect
from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.services.starts import BootStarts
from nodecheck.formats.tree import Malformation, TreeNode
from nodecheck.host import Host, exists, names_in
from nodecheck.model.evidence import seen
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import AnySource, Exists, File, Tree
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.acts.follow import Follower

PER_BOOT = "/var/lib/cloud/scripts/per-boot"
AT_FIRST = ("/var/lib/cloud/scripts/per-instance", "/var/lib/cloud/scripts/per-once")
INSTANCE = "/var/lib/cloud/instance"
DISABLED = "/etc/cloud/cloud-init.disabled"
CONFIG = "/etc/cloud/cloud.cfg"
CONFIG_DIR = "/etc/cloud/cloud.cfg.d"
INSTANCE = "/var/lib/cloud/instance"
USER_DATA = f"{INSTANCE}/cloud-config.txt"
BOOTHOOKS = f"{INSTANCE}/boothooks"
"""Parts of user data that cloud-init runs at each boot (``#cloud-boothook``), as it keeps them."""
SEEDS = ("/var/lib/cloud/seed/nocloud/user-data", "/var/lib/cloud/seed/nocloud-net/user-data")
"""User data that an image brings along, for an instance that was not set up yet."""
PREVIOUS_NAME, STATIC_NAME = "/var/lib/cloud/data/previous-hostname", "/etc/hostname"
TARGET = "cloud-init.target"

_STAGES = ("cloud-init-network.service", "cloud-init.service", "cloud-init-main.service")
_FINAL = ("cloud-final.service", "cloud-init-main.service")

Documents = tuple[tuple[str, bytes], ...]
"""The configuration, path and text, in the order in which a later one counts for more."""

SOURCES: tuple[AnySource, ...] = (
    File(CONFIG), Tree(CONFIG_DIR, "*.cfg"), File(USER_DATA), Exists(DISABLED), Tree(PER_BOOT), Tree(BOOTHOOKS),
    *map(File, SEEDS), File(PREVIOUS_NAME), File(STATIC_NAME), Exists(INSTANCE),
    *map(Tree, AT_FIRST),
)  # fmt: skip


def cloud_init(host: Host, follower: Follower, starts: BootStarts, cmdline: Lazy[BootCmdline]) -> Iterator[Act]:
    """What cloud-init runs at the next boot, where it is not turned off."""
    first = host.link(INSTANCE) is None and not exists(host, INSTANCE)
    documents = tuple(documents_of(host))
    config = documents[0][1]
    acts = [*_of_commands(follower, _commands(documents, "bootcmd"))] if _lists(config, b"bootcmd") else []
    acts += _scripts(host, follower, BOOTHOOKS, NETWORK)
    acts += _named(host, documents) if _lists(config, b"_hostname") else ()
    yield from _unless_off(host, starts, cmdline, acts, _STAGES)
    yield from _unless_off(host, starts, cmdline, [*_at_the_end(host, follower, documents, first)], _FINAL)


def _at_the_end(host: Host, follower: Follower, documents: Documents, first: bool) -> Iterator[Act]:
    """What the last stage runs: the scripts of each boot, and at an instance's first one others, and ``runcmd``."""
    from nodecheck.facts.acts.units import undecided

    config = documents[0][1]
    if _lists(config, b"scripts-per-boot") or _lists(config, b"scripts_per_boot"):
        for folder in (PER_BOOT, *(AT_FIRST if first else ())):
            yield from _scripts(host, follower, folder, LATE)
        if first and _lists(config, b"runcmd"):
            later = _commands(documents, "runcmd")
            yield from [undecided(act, "user data may name another runcmd") for act in _of_commands(follower, later)]


def _scripts(host: Host, follower: Follower, folder: str, place: int) -> Iterator[Act]:
    from nodecheck.facts.acts.hooks import acts_of, executables

    for path in executables(host, folder):
        yield from acts_of("cloud-init", follower.script(path), place, follower)


def _may_name(raw: bytes) -> bool:
    """Whether a document may have a key ``hostname`` or ``fqdn``: most speak of ``set_hostname`` alone."""
    if raw.lstrip().startswith(b"{"):
        return b"hostname" in raw or b"fqdn" in raw
    lines = raw.split(b"\n") if b"hostname" in raw or b"fqdn" in raw else []
    return any(line.lstrip(b"\"'").startswith((b"hostname", b"fqdn")) for line in lines)


def _named(host: Host, documents: Documents) -> Iterator[Act]:
    """The name that the configuration gives the node, where cloud-init sets it (cc_set_hostname, cc_update_hostname).

    It leaves a name alone that differs from the one that it set before, and any that is to be preserved.
    """
    told: dict[str, tuple[str, TreeNode]] = {}
    for path, raw in documents if any(_may_name(raw) for _, raw in documents) else ():
        if b"hostname" in raw or b"fqdn" in raw:
            told.update({key: (path, node) for key, node in keys_of(raw, path).items()})
    kept = told.get("preserve_hostname")
    path, node = told.get("hostname") or told.get("fqdn") or ("", None)
    if node is None or not isinstance(node.value, str) or (kept is not None and str(kept[1].value).lower() == "true"):
        return
    names = [str(told[key][1].value) for key in ("hostname", "fqdn") if key in told]
    present, previous = [_text(host, file).decode("utf-8", "replace").strip() for file in (STATIC_NAME, PREVIOUS_NAME)]
    changes = not exists(host, INSTANCE) or not present or present == previous
    if changes and present not in (*names, *[name.partition(".")[0] for name in names]):
        effect = Effect(HOSTNAME, "", SETS, node.value.partition(".")[0])
        yield Act("cloud-init", path, node.line, f"hostname: {node.value}", (effect,), NETWORK)


def documents_of(host: Host) -> Iterator[tuple[str, bytes]]:
    """The configuration, in the order in which a later file counts for more."""
    names = [name for name in names_in(host, CONFIG_DIR) if name.endswith(".cfg")]
    data = (USER_DATA,) if exists(host, INSTANCE) else SEEDS
    yield CONFIG, _text(host, CONFIG)
    yield from [(path, _text(host, path)) for path in (*[f"{CONFIG_DIR}/{name}" for name in names], *data)]


def keys_of(raw: bytes, path: str) -> dict[str, TreeNode]:
    """A document's keys; none of one that is no YAML, which cloud-init leaves out."""
    from nodecheck.formats.structured import load

    try:
        root = load(raw, path).root.value
    except Malformation:
        return {}
    return root if isinstance(root, dict) else {}


def _lists(config: bytes, module: bytes) -> bool:
    """Whether cloud-init runs a module; without a configuration of its own it runs all of these."""
    return not config or module in config


def _text(host: Host, path: str) -> bytes:
    try:
        return host.read(path)
    except Absent:
        return b""


def _commands(documents: Documents, key: str) -> tuple[tuple[str, int, str], ...]:
    """The commands of a key: file, line and shell text; a later file's list takes the place of an earlier one."""
    found: tuple[tuple[str, int, str], ...] = ()
    for path, raw in documents:
        if f"\n{key}:".encode() in b"\n" + raw:
            found = tuple(_of_document(raw, path, key))
    return found


def _of_document(raw: bytes, path: str, key: str) -> Iterator[tuple[str, int, str]]:
    listed = keys_of(raw, path).get(key)
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
    from nodecheck.facts.acts.hooks import acts_of

    for path, line, text in commands:
        yield from acts_of("cloud-init", follower.shell(text, path, line, text.strip(), {}), NETWORK, follower)


def _unless_off(
    host: Host, starts: BootStarts, cmdline: Lazy[BootCmdline], acts: list[Act], units: tuple[str, ...]
) -> Iterator[Act]:
    from nodecheck.facts.acts.hooks import started_by

    if not acts:
        return
    if exists(host, DISABLED):
        off = seen(DISABLED, "present")
        yield from [act._replace(state=STAYS, stops=(off,), why="cloud-init is disabled") for act in acts]
    elif "cloud-init=disabled" in cmdline().words:
        off = seen(cmdline().source or "command line", "cloud-init=disabled", line=cmdline().line)
        yield from [act._replace(state=STAYS, stops=(off,), why="cloud-init is disabled") for act in acts]
    elif unit := next((unit for unit in units if by_target(starts, unit)), ""):
        yield from [act._replace(unit=unit) for act in acts]
    else:
        yield from started_by(acts, starts, *units)


def by_target(starts: BootStarts, unit: str) -> bool:
    """Whether cloud-init's own target pulls a unit in, which its generator has the boot reach."""
    owners = [owner for owner, _ in starts.index.pulls(unit)]
    return TARGET in owners and not starts.masks(unit) and not starts.masks(TARGET)
