"""A nodecheck plugin: a fact, a check of it, a profile that asks for it, and an output format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import nodecheck
from nodecheck.checking import Check, Results, Severity, check, fail, ok, seen
from nodecheck.errors import Absent
from nodecheck.fix import Fix, Step, create, edit, manual
from nodecheck.host import Host
from nodecheck.model.sources import File, Sources


class Motd(NamedTuple):
    """The message of the day; None where there is no file."""

    text: str | None

    @classmethod
    def reads(cls) -> Sources:
        """All that ``read`` may ask a host for."""
        return (File("/etc/motd"),)

    @classmethod
    def read(cls, host: Host) -> Motd:
        """Read ``/etc/motd``."""
        try:
            return cls(host.read("/etc/motd").decode("utf-8", "surrogateescape"))
        except Absent:
            return cls(None)


@check(severity=Severity.WARNING, tags=["people"])
def motd(motd: Motd, *, owner: str = "platform") -> Results:
    """The message of the day says whose node this is.

    ## Why it matters
    Whoever logs in at three in the morning wants to know whom to call.

    ## How to fix it
    Write the owner into ``/etc/motd``.

    ## Sources
    motd(5).
    """
    expected = f"Owner: {owner}"
    for number, line in enumerate((motd.text or "").split("\n"), 1):
        if line.strip() == expected:
            yield ok(f"the message names {owner}", evidence=[seen("/etc/motd", line, line=number)])
            return
    fix = Fix("Name the owner", (_added(motd.text, f"{expected}\n"),))
    evidence = [seen("/etc/motd", motd.text)]
    yield fail(f"the message does not name {owner}", expected=expected, evidence=evidence, fix=fix)


def _added(text: str | None, line: str) -> Step:
    """A file that is not there is written; one that is gets the line before its first, and keeps the others."""
    if not text:
        return create("/etc/motd", line)
    first = text.partition("\n")[0]
    if first and text.split("\n").count(first) == 1:
        return edit("/etc/motd", first, line + first)
    return manual(f"add to /etc/motd: {line}")


def as_words(report: nodecheck.Report) -> str:
    """One word a result: for eyes that want no more."""
    return " ".join(result.status.value for result in report.results) + "\n"


@nodecheck.hookimpl
def nodecheck_checks() -> list[Check]:
    """This plugin's checks."""
    return [motd]


@nodecheck.hookimpl
def nodecheck_profiles() -> list[dict[str, Any]]:
    """A profile of its own."""
    return [
        {
            "schema": "nodecheck.profile/1",
            "name": "owned",
            "extends": "kubernetes",
            "check": {"motd": {"owner": "storage"}},
        }
    ]


@nodecheck.hookimpl
def nodecheck_renderers() -> Mapping[str, Callable[[nodecheck.Report], str]]:
    """A format of its own: ``--format words``."""
    return {"words": as_words}
