"""The node's way to others: its default route, and the links that it goes by."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.checking import Evidence, Lazy, Outcome, Results, Severity, Status, check, fail, ok, seen, skip, unknown
from nodecheck.errors import FactError
from nodecheck.facts import Addresses, KubeletConfig, Links, Routes, Target
from nodecheck.facts.network.links import IFF_LOOPBACK, IFF_LOWER_UP, IFF_UP, LinkRow, is_usable, spelt, told_link
from nodecheck.facts.network.routes import (
    AF_INET,
    AF_INET6,
    MAIN,
    RTN_UNICAST,
    Choice,
    RouteRow,
    chosen,
    hops_of,
    leads_out,
    told_route,
)
from nodecheck.fix import DISRUPTIVE, SAFE, Fix, by_hand, command
from nodecheck.record import NamedTuple
from nodecheck.requirements.table import NEWEST, Row, Table
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.kubelet.settings import KubeletSetting

_UPSTREAM = "k8s.io/apimachinery pkg/util/net/interface.go"

_NO_ROUTE = by_hand(
    "Add a default route",
    "Give the node's link a gateway where its network is configured (NetworkManager, systemd-networkd, netplan, "
    "ifcfg or interfaces), or let DHCP or router advertisements bring it",
)


@check(name="default-route", severity=Severity.ERROR, tags=["network", "netlink"], topic="network")
def default_route(routes: Routes, links: Links, kubelet: Lazy[KubeletConfig]) -> Results:
    """The node has a default route.

    ## Why it matters
    kubelet, kubeadm and the API server take the address of the link that the default route goes by for the node's own,
    unless they are told one; with none, kubeadm fails. Services' traffic to other nodes leaves by it too, and
    kube-proxy cannot reach a service's address without any route that covers it.

    ## What it looks at
    The routes by rtnetlink, IPv4 and IPv6. One of table `main` to everywhere is enough, with one hop or several of
    which the kernel marks at least one as not dead. `blackhole`, `unreachable`, `prohibit` and `throw` are no way out,
    and where one stands before every other of its family (by its metric), the kernel throws away what it covers, and
    kubeadm and the kubelet stop at it; of a higher metric it does no harm. An IPv6 route without a gateway is passed
    over by them: a node whose only one that is needs another, or `--node-ip` (then these two are warnings).
    A default route of another table does not count: Kubernetes reads `/proc/net/route`, which tells table `main` alone.
    A route whose link has lost its carrier still counts here; `interface` says what is wrong with the link.

    ## How to fix it
    Give the link a gateway where the distribution's network configuration is; `ip route add default via …` lasts until
    the next boot only.

    ## Sources
    rtnetlink(7), ip-route(8); k8s.io/apimachinery `pkg/util/net` `ChooseHostInterface` (`getIPv4DefaultRoutes`,
    `getIPv6DefaultRoutes`); kubeadm `init` without `--apiserver-advertise-address`; kubeadm#3102.
    """
    names = {link.ifindex: link.name for link in links.rows}
    told = [(route, told_route(route, names)) for route in routes.defaults]
    found = chosen(routes)
    if found.route is not None:
        good = list(dict.fromkeys(text for route, text in told if leads_out(route)))
        evidence = [seen(routes.source, text, locator="table main") for text in good]
        yield ok("; ".join(good), expected="a default route", actual=good[0], evidence=evidence)
        return
    others = list(dict.fromkeys(text for _, text in told))
    message, severity = _no_way(found, names, others, kubelet)
    evidence = [seen(routes.source, text) for text in others or ("no route to everywhere",)]
    yield fail(
        message,
        expected="a default route",
        actual="; ".join(others) or "none",
        evidence=evidence,
        fix=_fix(found, names),
        severity=severity,
    )


def _no_way(
    found: Choice, names: dict[int, str], others: list[str], kubelet: Lazy[KubeletConfig]
) -> tuple[str, Severity | None]:
    """Why no default route will do, and how bad that is where the kubelet is told the node's address."""
    if found.reject is not None:
        told = f"{told_route(found.reject, names)} stands before any default route of its family that leads out"
        if found.reject.family == AF_INET6:
            return f"{told}: the kernel throws away what goes by it", None
        other = _families(kubelet) == {AF_INET6}
        message = f"{told}: the kernel throws away what goes by it, and kubeadm, and a kubelet without --node-ip, stop"
        return f"{message} at it", Severity.WARNING if other else None
    if found.bare is not None:
        told = f"{told_route(found.bare, names)} has no gateway, and there is no other"
        message = f"{told}: kubeadm, and a kubelet without --node-ip, pass it over"
        return message, Severity.WARNING if _families(kubelet) else None
    return (f"no default route leads out: {'; '.join(others)}" if others else "there is no default route"), None


def _fix(found: Choice, names: dict[int, str]) -> Fix:
    if found.reject is None:
        return _NO_ROUTE
    told = told_route(found.reject, names)
    return by_hand(f"Take {told} away", f"Remove {told} where the network is configured, or give it a higher metric")


def _families(kubelet: Lazy[KubeletConfig]) -> set[int]:
    """The families of the addresses that the kubelet is told; none where it is told none, or that cannot be read."""
    try:
        setting = kubelet().node_ip
    except FactError:
        return set()
    return {AF_INET6 if ":" in reason.name else AF_INET for reason in _node_ips(setting)}


UNNUMBERED = Table(
    Row("unnumbered", "refused", "the address must be on the default route's link", _UPSTREAM, before=(1, 20)),
    Row("unnumbered", "taken", "an address of lo will do", f"{_UPSTREAM}; kubernetes#95790", since=(1, 20)),
)
"""Whether Kubernetes finds the node's address where the default route's link has none."""


class _Reason(NamedTuple):
    """Why a link is judged, and what told so."""

    name: str
    why: str
    evidence: tuple[Evidence, ...] = ()
    beside: bool = False
    """Only default routes behind the one that the node goes by lead there."""


@check(severity=Severity.ERROR, tags=["network", "netlink"], topic="network")
def interface(
    links: Links,
    addresses: Addresses,
    routes: Routes,
    kubelet: Lazy[KubeletConfig],
    target: Lazy[Target],
    *,
    require: tuple[str, ...] = (),
    minimum_mtu: int = 1280,
) -> Results:
    """The links of the default route and of the node's address are up, with addresses and a usable MTU.

    ## Why it matters
    The node's address is on one of them. A link that is down, has no carrier or lost its address takes the node out of
    the cluster; with an MTU below 1280 IPv6 does not work on it at all, and overlay networks subtract 50 bytes more.

    ## What it looks at
    By rtnetlink: the links that default routes of table `main` go by, each hop of a route with several; the link that
    has the address of the kubelet's `--node-ip`, where that is set; and those that the parameter `require` names.
    A link must be administratively up (`IFF_UP`) and have a carrier (`IFF_LOWER_UP`, with the operational state `UP`,
    or `UNKNOWN` where the driver tells none, as for `lo`, dummies and many tunnels), an address that others can reach
    (not link-local, not a failed or unfinished duplicate detection), and an MTU of at least `minimum-mtu`. A link
    without an address passes where a loopback or dummy link has the node's: unnumbered links, as of a host that speaks
    BGP with its switches (not before Kubernetes 1.20, which does not find it there). A link that only a further default
    route goes by, of a higher metric or of IPv6 beside one of IPv4, is a warning where the first one's link is well:
    the node goes by that one. A `--node-ip` that no link has is a failure of its own, named by the address.

    ## How to fix it
    `ip link set dev NAME up` lasts until the next boot; then mend the network's configuration, the cable or the switch.

    ## Sources
    rtnetlink(7), netdevice(7), RFC 2863 (operational state), RFC 8200 section 5 (1280 bytes); kubelet `--node-ip` and
    `validateNodeIP` in `pkg/kubelet/kubelet_node_status.go`.
    """
    judged: set[str] = set()
    about = _About(links, addresses, minimum_mtu, target)
    for outcome in _by_weight(list(_reasons(links, routes, require)), about):
        judged.add(outcome.subject or "")
        yield outcome
    for node_ip in _node_ips(kubelet().node_ip):
        row = addresses.holder(node_ip.name)
        link = None if row is None else links.at(row.ifindex)
        if link is None:
            yield _no_such_address(node_ip, addresses.source)
        elif link.name not in judged:
            judged.add(link.name)
            yield _judged(link, node_ip, about)
    if not judged:
        yield skip("there is no default route, and neither the kubelet nor the profile names a link")


class _About(NamedTuple):
    """What links are judged by."""

    links: Links
    addresses: Addresses
    minimum_mtu: int
    target: Lazy[Target]


def _by_weight(reasons: list[_Reason], about: _About) -> Iterator[Outcome]:
    """The outcomes; of further default routes a warning at most, where those of the first are well."""
    found = [(reason, _of(reason, about)) for reason in reasons]
    first = [outcome for reason, outcome in found if reason.why == _BY_ROUTE and not reason.beside]
    well = bool(first) and all(outcome.status is Status.PASS for outcome in first)
    for reason, outcome in found:
        lesser = well and reason.beside and outcome.status is Status.FAIL
        yield outcome._replace(severity=Severity.WARNING) if lesser else outcome


def _of(reason: _Reason, about: _About) -> Outcome:
    link = about.links.named(reason.name)
    return _missing(reason, about.links.source) if link is None else _judged(link, reason, about)


_BY_ROUTE = "the default route goes by it"


def _reasons(links: Links, routes: Routes, require: tuple[str, ...]) -> Iterator[_Reason]:
    """Each link once, with why it is judged."""
    for name in dict.fromkeys(require):
        yield _Reason(name, "the profile names it")
    first = chosen(routes).route
    ways = [route for route in routes.defaults if route.table == MAIN and route.type == RTN_UNICAST]
    done = set(require)
    for route in ways:
        for hop in hops_of(route):
            link = links.at(hop.interface)
            name = f"number {hop.interface}" if link is None else link.name
            if name not in done:
                done.add(name)
                before = [way for way in ways if hop.interface in [item.interface for item in hops_of(way)]]
                yield _Reason(name, _BY_ROUTE, beside=all(_is_behind(way, first) for way in before))


def _is_behind(route: RouteRow, first: RouteRow | None) -> bool:
    """Whether a route comes after the one that the node goes by: of the other family, or of a higher metric."""
    if first is None or route is first:
        return False
    return route.family != first.family or (route.priority or 0) > (first.priority or 0)


def _node_ips(setting: KubeletSetting | None) -> Iterator[_Reason]:
    """The addresses of ``--node-ip``; ``0.0.0.0`` and ``::`` only choose a family."""
    for text in [] if setting is None else setting.value.split(","):
        address = spelt(text.strip())
        if setting is not None and address not in (None, "0.0.0.0", "::"):  # noqa: S104 - nothing is bound
            evidence = seen(setting.source, setting.text, line=setting.line)
            yield _Reason(address or "", "it has the kubelet's --node-ip", (evidence,))


def _no_such_address(reason: _Reason, source: str) -> Outcome:
    return fail(
        f"no link has the kubelet's --node-ip {reason.name}",
        subject=reason.name,
        expected="an address of this node",
        actual="absent",
        evidence=[*reason.evidence, seen(source, f"no {reason.name}")],
        fix=by_hand(f"Give the node {reason.name}", f"Add {reason.name} to a link, or correct --node-ip"),
    )


def _missing(reason: _Reason, source: str) -> Outcome:
    evidence = [seen(source, f"no link {reason.name}")]
    if reason.name.startswith("number "):
        message = f"{reason.why}, and it is gone: the links changed while they were read"
        return unknown(message, code="not-found", subject=reason.name, evidence=evidence)
    message = f"there is no link {reason.name} ({reason.why})"
    fix = by_hand(f"Bring {reason.name} into being", f"Configure {reason.name}, or name another link in the profile")
    return fail(message, subject=reason.name, expected="up", actual="absent", evidence=evidence, fix=fix)


def _judged(link: LinkRow, reason: _Reason, about: _About) -> Outcome:
    links, addresses, minimum_mtu, target = about
    own = [row for row in addresses.of(link.ifindex) if is_usable(row)]
    told = ", ".join(f"{row.address}/{row.prefix_length}" for row in own) or "no address"
    evidence = [
        *reason.evidence,
        seen(links.source, told_link(link)),
        seen(addresses.source, f"{link.name}: {told}"),
    ]
    expected = f"up, with an address and an MTU of {minimum_mtu} or more"
    elsewhere = None if own else _elsewhere(links, addresses)
    if elsewhere is not None and UNNUMBERED.at("unnumbered", target().release or NEWEST).wanted == "refused":
        elsewhere = None
    problem = _problem(link, minimum_mtu, bool(own) or elsewhere is not None)
    if problem is None:
        message = f"{link.name} is up with {told}, MTU {link.mtu}"
        if elsewhere is not None:
            message += f" (unnumbered: the node's address is {elsewhere})"
        return ok(message, subject=link.name, expected=expected, actual=f"up, MTU {link.mtu}", evidence=evidence)
    fault, fix = problem
    return fail(
        f"{link.name} {fault} ({reason.why})",
        subject=link.name,
        expected=expected,
        actual=fault,
        evidence=evidence,
        fix=fix,
    )


def _elsewhere(links: Links, addresses: Addresses) -> str | None:
    """An address that others can reach on a loopback or dummy link, as unnumbered links leave it."""
    for link in links.rows:
        if link.flags & IFF_LOOPBACK or link.kind == "dummy":
            for row in addresses.of(link.ifindex):
                if is_usable(row):
                    return row.address
    return None


def _problem(link: LinkRow, minimum_mtu: int, has_address: bool) -> tuple[str, Fix] | None:
    if not link.flags & IFF_UP:
        step = command("ip", "link", "set", "dev", link.name, "up")
        return "is down", Fix(f"Bring {link.name} up", (step,), SAFE)
    if not link.flags & IFF_LOWER_UP or link.operstate not in ("UP", "UNKNOWN", None):
        state = "no carrier" if not link.flags & IFF_LOWER_UP else f"the operational state {link.operstate}"
        return f"has {state}", by_hand(f"Give {link.name} a carrier", "Look at the cable, the switch port, the bond")
    if not has_address:
        text = f"Give {link.name} an address where the network is configured, or see why DHCP brings none"
        return "has no address that others can reach", by_hand(f"Give {link.name} an address", text)
    if link.mtu is not None and link.mtu < minimum_mtu:
        step = command("ip", "link", "set", "dev", link.name, "mtu", str(minimum_mtu))
        return f"has an MTU of {link.mtu}", Fix(f"Raise the MTU of {link.name}", (step,), DISRUPTIVE)
    return None
