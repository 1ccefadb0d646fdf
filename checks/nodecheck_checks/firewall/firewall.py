"""Firewalls of the distribution: what filters packets now, and what will after the next boot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from nodecheck import facts
from nodecheck.checking import Evidence, Lazy, Outcome, Results, Severity, check, fail, ok, seen, skip, unknown
from nodecheck.errors import Denied, FactError, Offline, Unsupported
from nodecheck.facts import BootStarts, LegacyTables, NftTables, Services, Target
from nodecheck.facts.security.firewall_units import UFW_CONF
from nodecheck.facts.security.netfilter import all_tables
from nodecheck.facts.services.init_system import UnitIndex
from nodecheck.typed import TYPE_CHECKING
from nodecheck_checks.firewall.at_boot import AtBoot, Loads, judged_at_boot
from nodecheck_checks.firewall.wanted import EXPECTED, FIREWALLS, UNITS, Wanted, firewall_text

if TYPE_CHECKING:
    from nodecheck.facts.security.filter_tables import FilterTable


@check(
    severity=Severity.WARNING, tags=["network", "netlink", "systemd"], topic="firewall", verify={"off": firewall_text}
)
def firewall(
    nft: Lazy[NftTables],
    legacy: Lazy[LegacyTables],
    index: Lazy[UnitIndex],
    services: Lazy[Services],
    ufw: Lazy[facts.UfwConf],
    target: Lazy[Target],
    *,
    off: tuple[str, ...] = (),
) -> Results:
    """No firewall of the distribution is in the way of the node's components.

    ## Why it matters
    A firewall that nobody told of Kubernetes drops what nodes send to each other: the API server does not reach the
    kubelet, pods do not reach pods, and nothing says why. It also replaces or flushes rules that kube-proxy and the
    network plugin wrote. The reference installation turns firewalld and iptables off.

    ## What it looks at
    Now: the rules in the kernel, for the units of iptables, nftables and ufw are done when they have loaded them
    (``active (exited)``), and rules outlive them. Those of nf_tables by netlink (``iptables-nft``'s too), those of
    ``iptables-legacy`` by its own program; both need root, and without it what is not shown to be on is unknown.
    In a capture of a node without Python those of nf_tables are what ``nft -j`` printed; where that is not
    all, what ``iptables-nft-save`` printed can fail too.
    firewalld is also asked for by ``systemctl``.
    Only what keeps traffic out counts: a policy ``drop``; at input a rule that drops or rejects, elsewhere (forward,
    output) one that does so with every packet, for a node may shield a single address from its pods. Tables and
    chains of kube-proxy, network plugins, container runtimes, libvirt and fail2ban do not count, and no rule is changed
    by looking. Where nf_tables is not loaded it is not asked, for asking loads it.

    Boot: firewalld enabled; iptables (``iptables.service``, ``ip6tables.service``, ``netfilter-persistent.service``,
    ``iptables-restore.service`` of Flatcar and Gentoo) and ``nftables.service`` enabled with a file whose rules keep
    traffic out; ``ufw.service`` enabled with ``ENABLED=yes`` in ``/etc/ufw/ufw.conf``. Shorewall, ferm, CSF, Arno's
    firewall and SuSEfirewall2 count as iptables, where they are enabled and no file of theirs keeps them off. Masks,
    aliases, conditions, other units that conflict and the kernel's command line count, and of an image that was not
    booted yet (no ``/etc/machine-id``, or ``uninitialized`` in it) systemd's presets.
    Besides, the rules that any command of the boot loads: ``iptables``, ``iptables-restore``, ``nft`` and
    ``ufw enable`` in rc.local, own units, cron, hooks of the network's programs and scripts that those call, in their
    order; and ``systemctl start`` and ``stop`` of a firewall there.

    ``off`` lists those that must be off: for them any failure is an error, and for iptables and nftables a unit that
    is enabled is one whatever its file holds. For the others a firewall that is on is a warning, which names the ports
    that must be open for this role, release and network plugin.

    ## How to fix it
    Turn it off (``systemctl disable --now firewalld``, ``ufw disable``), where another firewall guards the node; else
    open the ports that the message names.

    ## Sources
    https://kubernetes.io/docs/reference/networking/ports-and-protocols/
    kubeadm's ``FirewalldCheck``; ufw-framework(8), nft(8), iptables-restore(8), firewalld(1).
    """
    wanted = Wanted(off, target)
    now = _Now(nft, legacy, index, services, ufw, wanted)
    for name in FIREWALLS:
        yield from guarded(name, wanted, partial(now.judged, name))


def guarded(name: str, wanted: Wanted, judge: Callable[[], Outcome]) -> Iterator[Outcome]:
    """What a source that cannot be had makes of one firewall, and of no other."""
    severity = wanted.severity(name)
    try:
        yield judge()._replace(subject=name, severity=severity, expected=EXPECTED)
    except Offline as error:
        yield skip(str(error), code=error.code, subject=name)._replace(severity=severity)
    except FactError as error:
        yield unknown(str(error), code=error.code, subject=name, expected=EXPECTED, severity=severity)


class _Now:
    """The firewalls as they are."""

    def __init__(
        self,
        nft: Lazy[NftTables],
        legacy: Lazy[LegacyTables],
        index: Lazy[UnitIndex],
        services: Lazy[Services],
        ufw: Lazy[facts.UfwConf],
        wanted: Wanted,
    ) -> None:
        self._nft, self._legacy, self._index, self._services, self._ufw = nft, legacy, index, services, ufw
        self._wanted = wanted

    def judged(self, name: str) -> Outcome:
        """One firewall: what its rules show, then its service."""
        hidden: FactError | None = None
        tables: list[FilterTable] = []
        try:
            tables.extend(table for table in all_tables(self._nft, self._legacy) if table.owner == name)
        except Offline:
            raise
        except FactError as error:
            hidden = error
        for table in tables:
            why = table.blocks()
            if why is not None:
                return self._on(name, f"{name} is on: table {table.family} {table.name}: {why}", why, table, tables)
        unit = self._unit(name)
        if name == "firewalld" and unit is not None:
            state = self._services().units.get(unit)
            if state is not None and state.active in ("active", "activating", "reloading", "deactivating"):
                shown = f"{state.active} ({state.sub})"
                evidence = [seen("systemctl list-units", shown, locator=unit)]
                return self._failed(name, f"firewalld is {shown}", shown, evidence, tables)
        if hidden is not None and not isinstance(hidden, Denied):
            raise hidden
        if hidden is not None:
            message = f"whether rules of {name} are loaded only root can tell: {hidden}"
            return unknown(message, code=hidden.code, evidence=self._service_seen(name, unit))
        for table in tables:
            doubt = table.doubt()
            if doubt is not None:
                raise Unsupported(table.source, doubt)
        return self._off(name, unit, tables)

    def _unit(self, name: str) -> str | None:
        return next((unit for unit in UNITS[name] if self._index().exists(unit)), None)

    def _service_seen(self, name: str, unit: str | None) -> list[Evidence]:
        """What anyone can see: a service that is off or not there proves nothing, as rules outlive it."""
        if unit is None:
            return _no_units(name)
        if name == "ufw" and self._ufw().present:
            return [seen(UFW_CONF, f"ENABLED={self._ufw().value}", line=self._ufw().line)]
        return []

    def _off(self, name: str, unit: str | None, tables: list[FilterTable]) -> Outcome:
        evidence = [seen(table.source, f"table {table.family} {table.name} keeps nothing out") for table in tables]
        if not tables:
            evidence += [*self._nft().evidence, *self._legacy().evidence]
            evidence = evidence or [seen("netlink nft_chains", f"no table of {name}")]
        if unit is None:
            evidence += _no_units(name)
            return ok(
                f"{name} is not installed as a service, and has no rules", actual="not installed", evidence=evidence
            )
        return ok(f"{name} keeps no traffic out", actual="off", evidence=evidence)

    def _on(self, name: str, message: str, why: str, table: FilterTable, tables: list[FilterTable]) -> Outcome:
        evidence = [seen(table.source, why, locator=f"table {table.family} {table.name}")]
        return self._failed(name, message, "on", evidence, tables)

    def _failed(
        self, name: str, message: str, actual: str, evidence: list[Evidence], tables: list[FilterTable]
    ) -> Outcome:
        from nodecheck_checks.firewall.fixes import now_fix

        units = tuple([unit for unit in UNITS[name] if self._index().exists(unit)])
        fix = now_fix(name, units, tables, None if self._wanted.strict(name) else self._wanted.ports())
        return fail(message + self._wanted.note(name, message), actual=actual, evidence=evidence, fix=fix)


def _no_units(name: str) -> list[Evidence]:
    return [seen(f"/usr/lib/systemd/system/{candidate}") for candidate in UNITS[name]]


@firewall.at_boot
def firewall_boot(
    starts: BootStarts,
    runlevels: Lazy[facts.Runlevels],
    ufw: Lazy[facts.UfwConf],
    saved: Lazy[facts.SavedRules],
    script: Lazy[facts.NftFile],
    firewalld: Lazy[facts.FirewalldTrace],
    switches: Lazy[facts.FirewallSwitches],
    rules: Lazy[facts.BootRules],
    target: Lazy[Target],
    *,
    off: tuple[str, ...] = (),
) -> Results:
    """No firewall is started at the next boot."""
    wanted = Wanted(off, target)
    boot = AtBoot(starts, runlevels, ufw, firewalld, Loads(saved, script, switches, rules))
    for name in FIREWALLS:
        yield from guarded(name, wanted, partial(judged_at_boot, boot, name, UNITS[name], wanted))
