"""The names of nodes in /etc/hosts."""

from nodecheck.checking import Evidence, Outcome, Results, Severity, check, fail, ok, seen
from nodecheck.facts.hostname import OwnName
from nodecheck.facts.hosts import PATH, Hosts, HostsLine
from nodecheck.facts.links import spelt
from nodecheck.facts.target import SiteNodes
from nodecheck.fix import Fix, Step, by_hand, create, edit


@check(severity=Severity.ERROR, tags=["network"])
def hosts(own: OwnName, file: Hosts, nodes: SiteNodes) -> Results:
    """The node's own name and the other nodes' names resolve without DNS.

    ## Why it matters
    The reference installation's nodes find each other by `/etc/hosts`: a node that cannot resolve another's name, or
    resolves it to an old address, joins the wrong machine or none. kubeadm warns where the node's own name does not
    resolve.

    ## What it looks at
    `/etc/hosts`, as the C library reads it: comments and lines without a valid address left out, names without regard
    to case, all lines that have the name. Each name of the profile's table `nodes` must have the address given there,
    and no other one of its family. DNS is never asked.

    ## How to fix it
    Write the line `ADDRESS NAME` into `/etc/hosts` on every node.

    ## Sources
    hosts(5), nsswitch.conf(5); kubeadm preflight `Hostname`.
    """
    for name, address in nodes.addresses.items():
        yield _judged(name, address, file)
    if own.name is not None and own.name.lower() not in {name.lower() for name in nodes.addresses}:
        yield _own(own, file)


def _judged(name: str, address: str, file: Hosts) -> Outcome:
    wanted = spelt(address) or address
    lines = file.of(name)
    found = [line for line in lines if spelt(line.address) == wanted]
    others = [line for line in lines if (":" in line.address) == (":" in wanted) and line not in found]
    evidence = _evidence(lines)
    if found and not others:
        return ok(f"{name} is {address}", subject=name, expected=address, actual=address, evidence=evidence)
    actual = ", ".join(dict.fromkeys(line.address for line in lines)) or "no address"
    message = f"{PATH} gives {name} " + (actual if lines else "no address")
    return fail(message, subject=name, expected=address, actual=actual, evidence=evidence, fix=_fix(name, wanted, file))


def _own(own: OwnName, file: Hosts) -> Outcome:
    name = own.name or ""
    lines = file.of(name)
    if lines:
        actual = lines[0].address
        return ok(f"{name} is {actual}", subject=name, actual=actual, evidence=_evidence(lines))
    fix = by_hand(f"Name {name} in {PATH}", f"Add the line ADDRESS {name} to {PATH}, with the node's address.")
    return fail(
        f"{PATH} does not name this node, {name}", subject=name, expected="an address", actual="no address",
        evidence=_evidence(lines), fix=fix, severity=Severity.WARNING,
    )  # fmt: skip


def _evidence(lines: tuple[HostsLine, ...]) -> list[Evidence]:
    return [seen(PATH, line.text, line=line.line) for line in lines] or [seen(PATH)]


def _fix(name: str, address: str, file: Hosts) -> Fix:
    steps: list[Step] = []
    if not file.lines:
        steps.append(create(PATH, f"{address} {name}\n"))
    else:
        last = file.lines[-1].text
        steps.append(edit(PATH, last, f"{last}\n{address} {name}"))
    return Fix(f"Name {name} in {PATH}", tuple(steps))
