"""What cloud-init makes of a node's name and of ``/etc/hosts`` where it sets up a new instance.

Sources: cloud-init ``cc_set_hostname.py``, ``cc_update_hostname.py``, ``cc_update_etc_hosts.py``, ``get_hostname_fqdn``
of ``util.py`` (what names a node), ``read_conf_with_confd`` (a later file's key takes the place of an earlier one's).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nodecheck.facts.acts.cloud_init import (
    CONFIG,
    CONFIG_DIR,
    DISABLED,
    INSTANCE,
    PREVIOUS_NAME,
    SEEDS,
    STATIC_NAME,
    USER_DATA,
    by_target,
    documents_of,
    keys_of,
)
from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.services.starts import BootStarts
from nodecheck.formats.tree import TreeNode
from nodecheck.host import Host, exists, names_in
from nodecheck.host.base import text_or_none
from nodecheck.model.evidence import Evidence, seen
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Exists, File, Sources, Tree
from nodecheck.record import NamedTuple

TEMPLATES = "/etc/cloud/templates"
TEMPLATE = "hosts.*.tmpl"
SEED_DATA = tuple([f"{seed.rpartition('/')[0]}/meta-data" for seed in SEEDS])
"""What names the instance of an image that brings its own data along."""
LISTS = ("cloud_init_modules", "cloud_config_modules", "cloud_final_modules")
NAMING, RENAMING, HOSTS = "set_hostname", "update_hostname", "update_etc_hosts"
UNITS = ("cloud-init-main.service", "cloud-init-network.service", "cloud-init.service", "cloud-init-local.service")
_TRUE = ("true", "1", "on", "yes")


class CloudNames(NamedTuple):
    """What cloud-init does to the name and to ``/etc/hosts`` when it meets a new instance."""

    present: bool = False
    """Its configuration is here."""
    off: Evidence | None = None
    """Why it does nothing at all at the next boot."""
    keeps_name: Evidence | None = None
    """Why it leaves the name alone; None: it sets one."""
    name: str | None = None
    """The name that it sets by what is in the image; None: that of the instance, which its cloud tells."""
    named_by: Evidence | None = None
    """What says that name."""
    keeps_hosts: Evidence | None = None
    """Why it leaves what is in ``/etc/hosts`` there; None: it writes the file anew."""
    written_by: Evidence | None = None
    """What has it write the file anew."""
    templates: tuple[str, ...] = ()
    """The texts that it may write."""

    @classmethod
    def reads(cls) -> Sources:
        files = (CONFIG, USER_DATA, PREVIOUS_NAME, STATIC_NAME, *SEEDS, *SEED_DATA)
        return (
            *map(File, files),
            Tree(CONFIG_DIR, "*.cfg"),
            Tree(TEMPLATES, TEMPLATE),
            *map(Exists, (DISABLED, INSTANCE)),
        )

    @classmethod
    def read(cls, host: Host, starts: BootStarts, cmdline: Lazy[BootCmdline]) -> CloudNames:
        """Read its configuration; none where cloud-init is not here. Raises what the host raises except Absent."""
        if not exists(host, CONFIG):
            return cls()
        keys = _merged(host)
        name, named_by = _name(host, keys)
        written = _writes_hosts(keys)
        return cls(
            True,
            _off(host, starts, cmdline),
            _preserved(keys) or _unnamed(host, keys),
            name,
            named_by,
            _unlisted(keys, (HOSTS,)) or (None if written is not None else seen(CONFIG)),
            written,
            tuple([text_or_none(host, f"{TEMPLATES}/{name}") or "" for name in _templates(host)]),
        )


def _merged(host: Host) -> Mapping[str, TreeNode]:
    found: dict[str, TreeNode] = {}
    for path, raw in documents_of(host):
        found.update(keys_of(raw, path))
    return found


def _templates(host: Host) -> Iterator[str]:
    for name in names_in(host, TEMPLATES):
        if name.startswith("hosts.") and name.endswith(".tmpl"):
            yield name


def _told(key: str, node: TreeNode) -> Evidence:
    value = node.value if isinstance(node.value, (str, bool)) else getattr(node.value, "text", "")
    return seen(node.path, f"{key}: {str(value).lower() if isinstance(value, bool) else value}", line=node.line or None)


def _is_true(node: TreeNode | None) -> bool:
    """``translate_bool`` of cloud-init's util.py."""
    value = None if node is None else getattr(node.value, "text", node.value)
    return str(value).lower().strip(" ") in _TRUE


def _preserved(keys: Mapping[str, TreeNode]) -> Evidence | None:
    kept = keys.get("preserve_hostname")
    return _told("preserve_hostname", kept) if kept is not None and _is_true(kept) else None


def _unlisted(keys: Mapping[str, TreeNode], modules: tuple[str, ...]) -> Evidence | None:
    """The evidence that none of some modules is run; None where one is."""
    for name in LISTS:
        listed = keys.get(name)
        for item in listed.value if listed is not None and isinstance(listed.value, tuple) else ():
            if _module(item) in modules:
                return None
    at = next((keys[name] for name in LISTS if name in keys), None)
    return seen(CONFIG if at is None else at.path, f"no {' or '.join(modules)}", line=at.line if at else None)


def _unnamed(host: Host, keys: Mapping[str, TreeNode]) -> Evidence | None:
    """The same of the modules that set a name. ``update_hostname`` alone changes one that cloud-init itself set."""
    found = _unlisted(keys, (NAMING,))
    if found is None or _unlisted(keys, (RENAMING,)) is not None:
        return found
    present, previous = [(text_or_none(host, path) or "").strip() for path in (STATIC_NAME, PREVIOUS_NAME)]
    return found if present and present != previous else None


def _module(item: TreeNode) -> str:
    """The name of a module; a list has how often it runs behind it."""
    value = item.value[0].value if isinstance(item.value, tuple) and item.value else item.value
    return str(value).replace("-", "_").removeprefix("cc_")


def _name(host: Host, keys: Mapping[str, TreeNode]) -> tuple[str | None, Evidence | None]:
    for key in ("hostname", "fqdn"):
        node = keys.get(key)
        if node is not None and isinstance(node.value, str):
            return node.value.partition(".")[0], _told(key, node)
    for path in SEED_DATA:
        raw = text_or_none(host, path)
        node = None if raw is None else keys_of(raw.encode("utf-8", "surrogateescape"), path).get("local-hostname")
        if node is not None and isinstance(node.value, str):
            return node.value.partition(".")[0], _told("local-hostname", node)
    return None, None


def _writes_hosts(keys: Mapping[str, TreeNode]) -> Evidence | None:
    """What has ``/etc/hosts`` written by a template; ``localhost`` adds one line and keeps the others."""
    node = keys.get("manage_etc_hosts")
    if node is None or not (_is_true(node) or node.value == "template"):
        return None
    return _told("manage_etc_hosts", node)


def _off(host: Host, starts: BootStarts, cmdline: Lazy[BootCmdline]) -> Evidence | None:
    if exists(host, DISABLED):
        return seen(DISABLED, "there")
    if cmdline().has("cloud-init=disabled"):
        return seen(cmdline().source or "command line", "cloud-init=disabled", line=cmdline().line)
    for unit in UNITS:
        if starts.index.exists(unit) and (by_target(starts, unit) or not starts.of(unit).stays):
            return None
    there = next((unit for unit in UNITS if starts.index.exists(unit)), UNITS[2])
    return seen(there, "not started" if starts.index.exists(there) else None)
