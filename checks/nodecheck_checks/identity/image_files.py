"""What of an image's files is an identity, and what the next boot keeps of its name and hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nodecheck import facts
from nodecheck.checking import Lazy, Outcome, Severity, seen, unknown
from nodecheck.errors import FactError
from nodecheck.facts import BootHostname, Hosts, IdentityFiles, OsRelease
from nodecheck.facts.distro.identity_files import (
    CLOUD_INSTANCES,
    CREDENTIAL_SECRET,
    DBUS_ID,
    LOADER_SEEDS,
    MACHINE_ID,
    RANDOM_SEED,
    SSH,
    IdentityFile,
)
from nodecheck.facts.network.hostname import STATIC
from nodecheck.facts.network.hosts import PATH as HOSTS
from nodecheck.facts.network.hosts import HostsLine
from nodecheck.fix import by_hand
from nodecheck.requirements.table import Row, Table, verdict

_IMAGES = "systemd.io/BUILDING_IMAGES"


def _row(path: str, wanted: str, reason: str, source: str = _IMAGES) -> Row:
    return Row(path, wanted, reason, source, Severity.WARNING)


OWN = Table(
    _row(MACHINE_ID, "absent, empty or uninitialized", "every node of the image would have this id", "machine-id(5)"),
    _row(
        DBUS_ID, "absent or a link", "systemd makes it the machine id of every node of the image",
        "systemd-machine-id-setup(1)",
    ),
    _row(SSH, "no host keys", "who has the image can pose as each of its nodes", "sshd(8)"),
    _row(
        CLOUD_INSTANCES, "no instance", "cloud-init may take a node for the old instance, and skip its set-up",
        "cloud-init clean",
    ),
    _row(RANDOM_SEED, "absent", "every node of the image would start from the same seed"),
    _row(CREDENTIAL_SECRET, "absent", "every node of the image would seal its credentials with the same key"),
    *[_row(path, "absent", "every node of the image would start from the same seed") for path in LOADER_SEEDS],
)  # fmt: skip

KEPT = Table(
    _row(
        STATIC, "no name of a node, or one that stays", "cloud-init gives each node the name of its instance",
        "cloud-init cc_set_hostname.py",
    ),
    _row(
        HOSTS, "no lines of its own, or some that stay", "cloud-init writes it anew at each boot, by its template",
        "cloud-init cc_update_etc_hosts.py",
    ),
)  # fmt: skip
"""What the next boot keeps, where cloud-init is in the image."""

ROWS = (*OWN, *KEPT)
"""All of them, for ``nodecheck explain``."""

_EVERY_MACHINES = ("localhost", "localhost.localdomain", "(none)")
_OF_NO_NODE = ("127.", "::1", "fe00::", "ff00::", "ff02::")
"""How addresses begin that distributions and cloud-init's templates name."""

MOST_LINES = 8
"""Lines that are shown."""

DELETE = {
    MACHINE_ID: "Empty /etc/machine-id, or write `uninitialized` into it, so that the first boot makes an id",
    DBUS_ID: "Delete /var/lib/dbus/machine-id, or make it a link to /etc/machine-id",
    SSH: "Delete /etc/ssh/ssh_host_*; the first boot makes new ones where the distribution or cloud-init does so",
    CLOUD_INSTANCES: "Run cloud-init clean in the image, or delete /var/lib/cloud/instance and what is in instances",
}


def judged(
    files: IdentityFiles,
    cloud: Lazy[facts.CloudNames],
    name: Lazy[BootHostname],
    hosts: Lazy[Hosts],
    release: Lazy[OsRelease],
) -> Iterator[Outcome]:
    """Each path by its row, then what the next boot keeps."""
    for row in OWN:
        there = files.found[row.name]
        if row.name not in LOADER_SEEDS or there.owned or there.error is not None:
            yield of_path(row, there)
    of_name, of_hosts = KEPT
    yield from kept(of_name, lambda row: _name(row, cloud(), name(), release))
    yield from kept(of_hosts, lambda row: _hosts(row, cloud(), hosts()))


def of_path(row: Row, there: IdentityFile) -> Outcome:
    """One path by its row."""
    if there.error is not None:
        return unknown(f"{row.name}: {there.error}", code=there.error.code, subject=row.name, expected=row.wanted)
    fix = by_hand(f"Take the identity at {row.name} out of the image", DELETE.get(row.name, f"Delete {row.name}"))
    return verdict(not there.owned, f"{row.name}: {there.state}", row, there.state, [seen(row.name, there.state)], fix)


def kept(row: Row, judge: Callable[[Row], Outcome | None]) -> Iterator[Outcome]:
    """What the next boot makes of a file; nothing where no cloud-init is here."""
    try:
        found = judge(row)
    except FactError as error:
        found = unknown(f"{row.name}: {error}", code=error.code, subject=row.name, expected=row.wanted)
    if found is not None:
        yield found


def _name(row: Row, cloud: facts.CloudNames, boot: BootHostname, release: Lazy[OsRelease]) -> Outcome | None:
    if not cloud.present:
        return None
    name = boot.name if boot.source == STATIC else None
    if name is None or name.lower() in (*_EVERY_MACHINES, release().id):
        told = seen(STATIC, boot.text if boot.source == STATIC else None)
        return verdict(True, f"{STATIC}: {name or 'no name'}", row, name or "no name", [told])
    evidence = [seen(STATIC, boot.text, line=boot.line)]
    why = cloud.off or cloud.keeps_name
    if why is not None:
        return verdict(True, f"{STATIC}: {name}, which cloud-init leaves there", row, name, [*evidence, why])
    if cloud.named_by is not None:
        evidence.append(cloud.named_by)
    if cloud.name == name.partition(".")[0]:
        return verdict(True, f"{STATIC}: {name}, which cloud-init sets too", row, name, evidence)
    text = "Take the name out of /etc/hostname, or write preserve_hostname: true into a file of /etc/cloud/cloud.cfg.d"
    fix = by_hand("Leave the name of a node to cloud-init, or keep this one", text)
    other = "the name of the instance" if cloud.name is None else cloud.name
    message = f"{STATIC}: {name}, and the next boot has {other}"
    return verdict(False, message, row, name, evidence, fix)


def _hosts(row: Row, cloud: facts.CloudNames, hosts: Hosts) -> Outcome | None:
    if not cloud.present:
        return None
    own = [line for line in hosts.lines if not line.address.lower().startswith(_OF_NO_NODE)]
    if not own:
        return verdict(
            True, f"{HOSTS}: no lines of its own", row, "no lines of its own", [seen(HOSTS, "no other names")]
        )
    evidence = [seen(HOSTS, line.text, line=line.line) for line in own[:MOST_LINES]]
    why = cloud.off or cloud.keeps_hosts
    if why is not None:
        message = f"{HOSTS}: {len(own)} lines of its own, which cloud-init leaves there"
        return verdict(True, message, row, "lines that stay", [*evidence, why])
    if cloud.written_by is not None:
        evidence.append(cloud.written_by)
    lost = [line for line in own if not any(_names(text, line) for text in cloud.templates)]
    if not lost:
        return verdict(True, f"{HOSTS}: its own lines are in cloud-init's template", row, "lines that stay", evidence)
    from nodecheck.facts.acts.cloud_names import TEMPLATES

    text = f"Write them into {TEMPLATES}/hosts.*.tmpl, or manage_etc_hosts: false into a file of /etc/cloud/cloud.cfg.d"
    names = ", ".join([line.names[0] for line in lost[:MOST_LINES]])
    message = f"{HOSTS}: the next boot loses its lines of {names}"
    return verdict(False, message, row, "lines that go", evidence, by_hand("Keep the lines of /etc/hosts", text))


def _names(template: str, line: HostsLine) -> bool:
    """Whether a template has a line."""
    return any(words[:1] == [line.address] and set(words) >= set(line.names) for words in _words(template))


def _words(template: str) -> Iterator[list[str]]:
    for line in template.split("\n"):
        yield line.partition("#")[0].split()
