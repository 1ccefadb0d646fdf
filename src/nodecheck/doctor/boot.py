"""What acts at boot of this node and is not known to nodecheck."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.doctor.items import Item, note
from nodecheck.errors import FactError
from nodecheck.host import Host

TOPIC = "boot"


def boot(host: Host) -> Iterator[Item]:
    """Each generator that systemd runs at boot, and of which nodecheck does not know what it does."""
    from nodecheck.checking.store import Facts
    from nodecheck.facts.services.generators import Generators

    try:
        found = Facts(host).get(Generators)
    except FactError as error:
        yield note(TOPIC, "generators", f"which run cannot be told: {error}")
        return
    for path in found.unknown():
        yield note(TOPIC, "generator", f"{path} runs at boot, and what it does is not known")
