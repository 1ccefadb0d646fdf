"""The names of nodes in /etc/hosts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nodecheck import facts
from nodecheck.checking import Evidence, Lazy, Outcome, Results, Severity, check, fail, ok, seen
from nodecheck.errors import FactError, Offline
from nodecheck.facts import Addresses, Hosts, HostsOrder, OwnName, Routes, SiteNodes
from nodecheck.facts.network import nsswitch
from nodecheck.facts.network.hosts import PATH, HostsLine, folded
from nodecheck.facts.network.links import is_usable, spelt
from nodecheck.facts.network.routes import MAIN, RTN_UNICAST, hops_of
from nodecheck.fix import Fix, Step, by_hand, edit
from nodecheck.record import NamedTuple
from nodecheck_checks.network.hosts_fixes import mended

_HARMLESS = (
    "files",
    "mymachines",
    "myhostname",
    "mdns4_minimal",
    "mdns6_minimal",
    "mdns_minimal",
    "resolve",
    "altfiles",
)
"""Services that answer before ``files`` for no node's name but this one's; systemd-resolved reads /etc/hosts itself."""

_OWN = ("myhostname", "resolve")
"""Services that know the node's own name without DNS (nss-myhostname(8), nss-resolve(8))."""


@check(severity=Severity.ERROR, tags=["network"], topic="system")
def hosts(
    own: OwnName,
    file: Hosts,
    order: HostsOrder,
    nodes: SiteNodes,
    addresses: Lazy[Addresses],
    routes: Lazy[Routes],
    resolver: Lazy[facts.Resolver],
) -> Results:
    """The node's own name and the other nodes' names resolve without DNS.

    ## Why it matters
    The reference installation's nodes find each other by `/etc/hosts`: a node that cannot resolve another's name, or
    resolves it to an old address, joins the wrong machine or none. kubeadm warns where the node's own name does not
    resolve, and the kubelet takes the node's address from it, if that is one of the node's.

    ## What it looks at
    `/etc/hosts`, as the C library reads it: comments and lines without a valid address left out, names without regard
    to case, all lines that have the name; and the line `hosts:` of `/etc/nsswitch.conf`. DNS is never asked.

    Each name of the profile's table `nodes` must have the address given there, and no other one of its family;
    without that table only the node's own name is judged, with failures as warnings: it must have an address, by
    `/etc/hosts` or by `myhostname` or `resolve` in `/etc/nsswitch.conf`, and one of this node. `dns` knows it too where
    `/etc/resolv.conf` leads to systemd-resolved's stub, 127.0.0.53, and that runs: no other server is asked. Debian's
    127.0.1.1 for the own name passes then, as the kubelet passes over loopback addresses.

    ## How to fix it
    Write the line `ADDRESS NAME` into `/etc/hosts` on every node, and take other lines of that name out.

    ## Sources
    hosts(5), nsswitch.conf(5), nss-myhostname(8), systemd-resolved.service(8), systemd/systemd#17193; glibc's
    `nss/nss_files/files-hosts.c`; kubeadm preflight `Hostname`;
    the kubelet's `pkg/kubelet/nodestatus/setters.go`.
    """
    wanted = {name: spelt(address) or address for name, address in nodes.addresses.items()}
    wrong = {name: address for name, address in wanted.items() if not _is_right(name, address, file)}
    listed = {folded(name) for name in wanted}
    alone = own.name is not None and folded(own.name) not in listed
    home = None
    local = _local(own.name, file, order, resolver) if alone and own.name is not None else None
    if alone and own.name is not None and not file.of(own.name) and local is None:
        home = _own_address(addresses, routes)
        if home is not None:
            wrong[own.name] = home
    steps = mended(file, wrong)
    for name, address in wanted.items():
        yield _judged(name, address, file, order, steps.get(name))
    if alone and own.name is not None:
        yield _own(own.name, file, order, addresses, steps.get(own.name), local)


def _same_family(lines: tuple[HostsLine, ...], address: str) -> Iterator[str]:
    for line in lines:
        found = spelt(line.address)
        if found is not None and (":" in found) == (":" in address):
            yield found


def _is_right(name: str, address: str, file: Hosts) -> bool:
    return set(_same_family(file.of(name), address)) == {address}


def _judged(name: str, address: str, file: Hosts, order: HostsOrder, steps: tuple[Step, ...] | None) -> Outcome:
    lines = file.of(name)
    evidence = [*_evidence(lines, name), *_order_evidence(order)]
    found = ", ".join(dict.fromkeys(_same_family(lines, address))) or "no address"
    if steps is not None:
        return fail(
            f"{PATH} gives {name} {found}", subject=name, expected=address, actual=found, evidence=evidence,
            fix=_naming(name, order, steps),
        )  # fmt: skip
    problem = _order_problem(name, order)
    if problem is not None:
        message = f"{name} is {address} in {PATH}, but {nsswitch.PATH} {problem.what}"
        severity = Severity.WARNING if problem.asked else Severity.ERROR
        return fail(
            message, subject=name, expected="files first", actual=" ".join(order.services or ()), evidence=evidence,
            fix=_order_fix(order), severity=severity,
        )  # fmt: skip
    return ok(f"{name} is {address}", subject=name, expected=address, actual=found, evidence=evidence)


def _naming(name: str, order: HostsOrder, steps: tuple[Step, ...]) -> Fix:
    """What names it in the file, and has the file asked where it would not be."""
    asked = () if _order_problem(name, order) is None else _order_fix(order).steps
    return Fix(f"Name {name} in {PATH}", (*steps, *asked))


class _OrderProblem(NamedTuple):
    what: str
    asked: bool
    """Whether /etc/hosts is asked in the end."""


def _order_problem(name: str, order: HostsOrder) -> _OrderProblem | None:
    """What is asked for a name before /etc/hosts, or in its place; None where that comes first."""
    services = order.services
    if services is None:
        return None
    if "files" not in services:
        return None if "resolve" in services else _OrderProblem("does not ask it", asked=False)
    for service in services[: services.index("files")]:
        if service in order.last and service != "resolve" and (not service.startswith("mdns") or _is_mdns(name)):
            return _OrderProblem(f"does not ask it for what {service} does not know", asked=False)
        if service not in _HARMLESS:
            return _OrderProblem(f"asks {service} before it", asked=True)
    return None


def _is_mdns(name: str) -> bool:
    """Whether a name is one that ``mdns4_minimal`` asks the network for: two labels, the second ``local``."""
    labels = folded(name).removesuffix(".").split(".")
    return len(labels) == 2 and labels[1] == "local"


def _order_fix(order: HostsOrder) -> Fix:
    before = order.text or ""
    head = before.index("hosts") + len("hosts")
    words = re.split(r"[ \t]+", before[head + 1 :].strip(" \t"))
    kept = words if order.services else ()  # a line that the C library cannot read is written anew
    after = " ".join((f"{before[:head]}:", "files", *[word for word in kept if word not in ("files", ":")]))
    return Fix(f"Ask {PATH} first", (edit(nsswitch.PATH, before, after),))


class _Local(NamedTuple):
    """Who knows the node's own name besides /etc/hosts."""

    service: str
    evidence: tuple[Evidence, ...] = ()


def _local(name: str, file: Hosts, order: HostsOrder, resolver: Lazy[facts.Resolver]) -> _Local | None:
    """The service that knows it: one of systemd's, or ``dns`` by way of systemd-resolved's stub."""
    if file.of(name):
        return None
    for service in order.services if order.services is not None else ("dns",):
        if service in _OWN:
            return _Local(service)
        if service == "dns":
            found = resolver()
            if found.stub:
                from nodecheck.facts.network.resolver import PATH as RESOLV_CONF

                return _Local("systemd-resolved", (seen(RESOLV_CONF, found.text, line=found.line),))
        if service in order.last and (not service.startswith("mdns") or _is_mdns(name)):
            break
    return next((_Local(service) for service in order.services or () if service in _OWN), None)


def _own(
    name: str,
    file: Hosts,
    order: HostsOrder,
    addresses: Lazy[Addresses],
    steps: tuple[Step, ...] | None,
    local: _Local | None,
) -> Outcome:
    lines = file.of(name)
    evidence = [*_evidence(lines, name), *_order_evidence(order)]
    if lines:
        found = tuple(dict.fromkeys(spelt(line.address) or "" for line in lines))
        actual = ", ".join(found)
        problem = _order_problem(name, order)
        if problem is not None and not problem.asked and not any(service in _OWN for service in order.services or ()):
            message = f"{name} is {actual} in {PATH}, but {nsswitch.PATH} {problem.what}"
            return fail(
                message, subject=name, expected="files first", actual=" ".join(order.services or ()),
                evidence=evidence, fix=_order_fix(order), severity=Severity.WARNING,
            )  # fmt: skip
        if _is_ours(found, addresses):
            return ok(f"{name} is {actual}", subject=name, actual=actual, evidence=evidence)
        message = f"{PATH} gives {name} {actual}, which no link of this node has"
        fix = by_hand(f"Name {name} in {PATH}", f"Give {name} the node's own address in {PATH}")
        return fail(
            message, subject=name, expected="an address of this node", actual=actual, evidence=evidence, fix=fix,
            severity=Severity.WARNING,
        )  # fmt: skip
    if local is not None:
        told = [*evidence, *local.evidence]
        return ok(
            f"{name} is resolved by {local.service}", subject=name, expected="an address", actual=local.service,
            evidence=told,
        )  # fmt: skip
    by_person = by_hand(f"Name {name} in {PATH}", f"Add the line ADDRESS {name} to {PATH}, with the node's address")
    fix = _naming(name, order, steps) if steps is not None else by_person
    return fail(
        f"{PATH} does not name this node, {name}", subject=name, expected="an address", actual="no address",
        evidence=evidence, fix=fix, severity=Severity.WARNING,
    )  # fmt: skip


def _is_ours(found: tuple[str, ...], addresses: Lazy[Addresses]) -> bool:
    """Whether one of the addresses is this node's: a loopback one, or one of its links'; offline that is not known."""
    if any(address == "::1" or address.startswith("127.") for address in found):
        return True
    try:
        rows = addresses()
    except Offline:
        return True
    return any(rows.holder(address) is not None for address in found)


def _own_address(addresses: Lazy[Addresses], routes: Lazy[Routes]) -> str | None:
    """The address by which others reach this node: one of the default route's link; None where that is not told."""
    try:
        defaults = [route for route in routes().defaults if route.table == MAIN and route.type == RTN_UNICAST]
        for route in defaults:
            for hop in hops_of(route):
                for row in addresses().of(hop.interface):
                    if row.address is not None and row.family == route.family and is_usable(row):
                        return row.address
    except FactError:
        return None  # only the fix is then left to a person
    return None


def _evidence(lines: tuple[HostsLine, ...], name: str) -> list[Evidence]:
    return [seen(PATH, line.text, line=line.line) for line in lines] or [seen(PATH, locator=name)]


def _order_evidence(order: HostsOrder) -> list[Evidence]:
    return [] if order.text is None else [seen(nsswitch.PATH, order.text, line=order.line)]
