"""Scripts of the administrator's that firewalls run when they start.

ufw-framework(8): ``before.init`` and ``after.init``, where they are executable and ufw is enabled. Shorewall's
shorewall-extension_scripts(5), which it reads into its own script. csf(1): ``csfpre.sh`` and ``csfpost.sh``.
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.facts.acts.follow import Follower
from nodecheck.facts.acts.hooks import acts_of, started_by
from nodecheck.facts.acts.model import NETWORK, STAYS, Act
from nodecheck.facts.services.starts import BootStarts
from nodecheck.formats.shell_calls import Words
from nodecheck.formats.shell_settings import shell_assignments
from nodecheck.host import Host
from nodecheck.host.base import stat_or_none, text_or_none
from nodecheck.model.evidence import seen
from nodecheck.record import NamedTuple

UFW_CONF = "/etc/ufw/ufw.conf"


class FirewallHook(NamedTuple):
    """A script, the unit at whose start it runs, and how."""

    path: str
    unit: str
    arguments: Words = ()
    executed: bool = False
    """It must be executable; else a shell reads it whatever its mode."""


HOOKS = (
    FirewallHook("/etc/ufw/before.init", "ufw.service", ("start",), executed=True),
    FirewallHook("/etc/ufw/after.init", "ufw.service", ("start",), executed=True),
    *[FirewallHook(f"/etc/shorewall/{name}", "shorewall.service") for name in ("init", "start", "started")],
    *[FirewallHook(f"/etc/shorewall6/{name}", "shorewall6.service") for name in ("init", "start", "started")],
    *[FirewallHook(f"{at}/{name}", "csf.service") for at in ("/etc/csf", "/usr/local/csf/bin")
      for name in ("csfpre.sh", "csfpost.sh")],
)  # fmt: skip


def firewall_hooks(host: Host, follower: Follower, starts: BootStarts) -> Iterator[Act]:
    """What the scripts do, where their firewall starts."""
    for hook in HOOKS:
        found = stat_or_none(host, hook.path)
        if found is None or found.kind != "file" or (hook.executed and not found.executable):
            continue
        commands = follower.script(hook.path, hook.arguments, known_shell=not hook.executed)
        acts = acts_of(hook.unit.removesuffix(".service"), commands, NETWORK, follower)
        yield from _enabled(host, hook, started_by(acts, starts, hook.unit))


def _enabled(host: Host, hook: FirewallHook, acts: Iterator[Act]) -> Iterator[Act]:
    """The acts, unless ufw's own file keeps it off."""
    for act in acts:
        told = shell_assignments(text_or_none(host, UFW_CONF) or "").get("ENABLED") if "ufw" in hook.unit else None
        if "ufw" in hook.unit and (told is None or told.value not in ("yes", "YES")):
            stop = seen(UFW_CONF, None if told is None else told.text)
            yield act._replace(state=STAYS, doubt=None, stops=(stop,), why="ufw is not enabled")
        else:
            yield act
