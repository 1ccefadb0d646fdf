"""A node that is audited again and again over reboots, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nodecheck.audit.boots import Boots, BootSeen
from nodecheck.audit.keep import Limits
from nodecheck.audit.opening import reading
from nodecheck.audit.session import Audit, note_told, recorded
from nodecheck.audit.settled import BootNow
from nodecheck.audit.standing import Flap
from nodecheck.audit.store import boots_of
from tests.audit.reports import report

BOOTED = "2026-11-30T03:12:00Z"
OVER, EARLY = BootNow(BOOTED, None), BootNow(BOOTED, "the node booted 3 min ago, and a boot has 10")
HEALTHY = {"a": "pass", "a@boot": "pass", "b": "pass", "b@boot": "pass"}


class Node:
    """A node that is audited again and again, in a state directory."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.digests = {"a@boot": "d", "b@boot": "d"}

    def audit(self, results: dict[str, str], boot: str = "b1", now: BootNow = OVER, **more: Any) -> Audit:
        scope, flap = more.pop("scope", "s"), more.pop("flap", Flap(1, 1))
        found = report(results, boot_id=boot, **more)
        done = recorded(found, str(self.state), scope, flap, boot=BootSeen(dict(self.digests), lambda: now))
        assert done.recorded, done.notices
        note_told(str(self.state), Limits(), done)
        return done

    def boots(self) -> tuple[Boots, ...]:
        with reading(str(self.state)) as db:
            return boots_of(db)


def codes(audit: Audit) -> list[str]:
    return [notice.code for notice in audit.notices]
