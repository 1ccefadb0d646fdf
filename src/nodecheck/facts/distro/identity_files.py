"""The files by which one machine is told from another, as an image must not have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nodecheck.errors import Absent, FactError
from nodecheck.host import Host
from nodecheck.host.base import names_in, stat_or_none
from nodecheck.model.sources import Dir, Exists, File, Sources
from nodecheck.record import NamedTuple

MACHINE_ID = "/etc/machine-id"
DBUS_ID = "/var/lib/dbus/machine-id"
SSH = "/etc/ssh"
CLOUD_INSTANCE, CLOUD_INSTANCES = "/var/lib/cloud/instance", "/var/lib/cloud/instances"
RANDOM_SEED, CREDENTIAL_SECRET = "/var/lib/systemd/random-seed", "/var/lib/systemd/credential.secret"
LOADER_SEEDS = tuple([f"{place}/loader/random-seed" for place in ("/efi", "/boot/efi", "/boot")])
SECRETS = (RANDOM_SEED, CREDENTIAL_SECRET, *LOADER_SEEDS)

UNINITIALIZED = "uninitialized"
AN_ID = "an id"


class IdentityFile(NamedTuple):
    """What is at a path, in words that do not tell the id itself."""

    state: str = "absent"
    owned: bool = False
    """It belongs to one machine."""
    error: FactError | None = None
    """Why it cannot be told."""


class IdentityFiles(NamedTuple):
    """What is at each of the paths that tell a machine from its copies."""

    found: Mapping[str, IdentityFile]

    @classmethod
    def reads(cls) -> Sources:
        looked_at = map(Exists, (DBUS_ID, CLOUD_INSTANCE, *SECRETS))
        return (File(MACHINE_ID), *looked_at, Dir(SSH), Dir(CLOUD_INSTANCES))

    @classmethod
    def read(cls, host: Host) -> IdentityFiles:
        """Look at each: one that cannot be looked at hides no other."""
        looks = {MACHINE_ID: _machine_id, DBUS_ID: _dbus_id, SSH: _host_keys, CLOUD_INSTANCES: _instances}
        return cls({path: _looked_at(host, path, looks.get(path, _secret)) for path in (*looks, *SECRETS)})


def _looked_at(host: Host, path: str, look: Callable[[Host, str], IdentityFile]) -> IdentityFile:
    try:
        return look(host, path)
    except FactError as error:
        return IdentityFile(error=error)


def _machine_id(host: Host, path: str) -> IdentityFile:
    """Read as a part of a file: of such nothing is kept as evidence."""
    try:
        return parse_image_id(host.read_at(path, 0, 64))
    except Absent:
        return IdentityFile()


def parse_image_id(content: bytes) -> IdentityFile:
    r"""What ``/etc/machine-id`` holds (machine-id(5)); systemd makes a new one where it is no id.

    >>> parse_image_id(b"uninitialized\n"), parse_image_id(b"\n").state
    (IdentityFile(state='uninitialized', owned=False, error=None), 'empty')
    """
    told = content.decode("ascii", "replace").strip(" \t\r\n")
    if told in ("", UNINITIALIZED):
        return IdentityFile(told or "empty")
    is_id = len(told.replace("-", "")) == 32 and not set(told.lower()) - set("0123456789abcdef-")
    return IdentityFile(AN_ID, owned=True) if is_id else IdentityFile("no id")


def _dbus_id(host: Host, path: str) -> IdentityFile:
    """A link is what D-Bus and systemd make of it; its content is not read."""
    if host.link(path) is not None:
        return IdentityFile("a link")
    found = stat_or_none(host, path)
    if found is None:
        return IdentityFile()
    return IdentityFile(AN_ID, owned=True) if found.size else IdentityFile("empty")


def _host_keys(host: Host, path: str) -> IdentityFile:
    keys = [name for name in names_in(host, path) if name.startswith("ssh_host_") and name.endswith("_key")]
    return IdentityFile(", ".join(keys), owned=True) if keys else IdentityFile("no host keys")


def _instances(host: Host, path: str) -> IdentityFile:
    """cloud-init's folder of each instance that the disk was, and the link to the last."""
    if names_in(host, path) or host.link(CLOUD_INSTANCE) is not None:
        return IdentityFile("there", owned=True)
    return IdentityFile("no instance")


def _secret(host: Host, path: str) -> IdentityFile:
    return IdentityFile("there", owned=True) if stat_or_none(host, path) is not None else IdentityFile()
