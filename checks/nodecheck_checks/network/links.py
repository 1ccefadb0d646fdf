"""The node's way to others: its default route, and the links that it goes by."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.checking import Evidence, Lazy, Outcome, Results, Severity, check, fail, ok, seen, skip, unknown
from nodecheck.facts import Addresses, KubeletConfig, Links, Routes
from nodecheck.facts.kubelet.settings import KubeletSetting
from nodecheck.facts.network.links import IFF_LOOPBACK, IFF_LOWER_UP, IFF_UP, LinkRow, is_usable, spelt, told_link
from nodecheck.facts.network.routes import MAIN, RTN_UNICAST, hops_of, leads_out, told_route
from nodecheck.fix import DISRUPTIVE, SAFE, Fix, by_hand, command
from nodecheck.record import NamedTuple

_NO_ROUTE = by_hand(
    "Add a default route",
    "Give the node's link a gateway where its network is configured (NetworkManager, systemd-networkd, netplan, "
    "ifcfg or interfaces), or let DHCP or router advertisements bring it",
)


@check(name="default-route", severity=Severity.ERROR, tags=["network", "netlink"], topic="network")
def default_route(routes: Routes, links: Links) -> Results:
    """The node has a default route.

    ## Why it matters
    kubelet, kubeadm and the API server take the address of the link that the default route goes by for the node's own,
    unless they are told one; with none, kubeadm fails. Services' traffic to other nodes leaves by it too, and
    kube-proxy cannot reach a service's address without any route that covers it.

    ## What it looks at
    The routes by rtnetlink, IPv4 and IPv6. One of table `main` to everywhere is enough, with one hop or several of
    which the kernel marks at least one as not dead. `blackhole`, `unreachable`, `prohibit` and `throw` are no way out.
    A default route of another table does not count: Kubernetes reads `/proc/net/route`, which tells table `main` alone.
    A route whose link has lost its carrier still counts here; `interface` says what is wrong with the link.

    ## How to fix it
    Give the link a gateway where the distribution's network configuration is; `ip route add default via …` lasts until
    the next boot only.

    ## Sources
    rtnetlink(7), ip-route(8); k8s.io/apimachinery `pkg/util/net` `ChooseHostInterface`; kubeadm `init` without
    `--apiserver-advertise-address`.
    """
    names = {link.ifindex: link.name for link in links.rows}
    told = [(route, told_route(route, names)) for route in routes.defaults]
    good = list(dict.fromkeys(text for route, text in told if leads_out(route)))
    if good:
        evidence = [seen("netlink routes", text, locator="table main") for text in good]
        yield ok("; ".join(good), expected="a default route", actual=good[0], evidence=evidence)
        return
    others = list(dict.fromkeys(text for _, text in told))
    message = "there is no default route"
    if others:
        message = f"no default route leads out: {'; '.join(others)}"
    evidence = [seen("netlink routes", text) for text in others or ("no route to everywhere",)]
    yield fail(
        message, expected="a default route", actual="; ".join(others) or "none", evidence=evidence, fix=_NO_ROUTE
    )


class _Reason(NamedTuple):
    """Why a link is judged, and what told so."""

    name: str
    why: str
    evidence: tuple[Evidence, ...] = ()


@check(severity=Severity.ERROR, tags=["network", "netlink"], topic="network")
def interface(
    links: Links,
    addresses: Addresses,
    routes: Routes,
    kubelet: Lazy[KubeletConfig],
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
    BGP with its switches. A `--node-ip` that no link has is a failure of its own, named by the address.

    ## How to fix it
    `ip link set dev NAME up` lasts until the next boot; then mend the network's configuration, the cable or the switch.

    ## Sources
    rtnetlink(7), netdevice(7), RFC 2863 (operational state), RFC 8200 section 5 (1280 bytes); kubelet `--node-ip` and
    `validateNodeIP` in `pkg/kubelet/kubelet_node_status.go`.
    """
    judged: set[str] = set()
    for reason in _reasons(links, routes, require):
        judged.add(reason.name)
        link = links.named(reason.name)
        yield _missing(reason) if link is None else _judged(link, reason, links, addresses, minimum_mtu)
    for node_ip in _node_ips(kubelet().node_ip):
        row = addresses.holder(node_ip.name)
        link = None if row is None else links.at(row.ifindex)
        if link is None:
            yield _no_such_address(node_ip)
        elif link.name not in judged:
            judged.add(link.name)
            yield _judged(link, node_ip, links, addresses, minimum_mtu)
    if not judged:
        yield skip("there is no default route, and neither the kubelet nor the profile names a link")


def _reasons(links: Links, routes: Routes, require: tuple[str, ...]) -> Iterator[_Reason]:
    """Each link once, with why it is judged."""
    names = dict.fromkeys(require, "the profile names it")
    for route in routes.defaults:
        if route.table == MAIN and route.type == RTN_UNICAST:
            for hop in hops_of(route):
                link = links.at(hop.interface)
                name = f"number {hop.interface}" if link is None else link.name
                names.setdefault(name, "the default route goes by it")
    for name, why in names.items():
        yield _Reason(name, why)


def _node_ips(setting: KubeletSetting | None) -> Iterator[_Reason]:
    """The addresses of ``--node-ip``; ``0.0.0.0`` and ``::`` only choose a family."""
    for text in [] if setting is None else setting.value.split(","):
        address = spelt(text.strip())
        if setting is not None and address not in (None, "0.0.0.0", "::"):  # noqa: S104 - nothing is bound
            evidence = seen(setting.source, setting.text, line=setting.line)
            yield _Reason(address or "", "it has the kubelet's --node-ip", (evidence,))


def _no_such_address(reason: _Reason) -> Outcome:
    return fail(
        f"no link has the kubelet's --node-ip {reason.name}",
        subject=reason.name,
        expected="an address of this node",
        actual="absent",
        evidence=[*reason.evidence, seen("netlink addresses", f"no {reason.name}")],
        fix=by_hand(f"Give the node {reason.name}", f"Add {reason.name} to a link, or correct --node-ip"),
    )


def _missing(reason: _Reason) -> Outcome:
    evidence = [seen("netlink links", f"no link {reason.name}")]
    if reason.name.startswith("number "):
        message = f"{reason.why}, and it is gone: the links changed while they were read"
        return unknown(message, code="not-found", subject=reason.name, evidence=evidence)
    message = f"there is no link {reason.name} ({reason.why})"
    fix = by_hand(f"Bring {reason.name} into being", f"Configure {reason.name}, or name another link in the profile")
    return fail(message, subject=reason.name, expected="up", actual="absent", evidence=evidence, fix=fix)


def _judged(link: LinkRow, reason: _Reason, links: Links, addresses: Addresses, minimum_mtu: int) -> Outcome:
    own = [row for row in addresses.of(link.ifindex) if is_usable(row)]
    told = ", ".join(f"{row.address}/{row.prefix_length}" for row in own) or "no address"
    evidence = [
        *reason.evidence,
        seen("netlink links", told_link(link)),
        seen("netlink addresses", f"{link.name}: {told}"),
    ]
    expected = f"up, with an address and an MTU of {minimum_mtu} or more"
    elsewhere = None if own else _elsewhere(links, addresses)
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
