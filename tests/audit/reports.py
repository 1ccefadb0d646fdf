"""Reports for tests: a few words say how each result stands."""

from __future__ import annotations

from uuid import uuid4

from nodecheck.model.evidence import Evidence
from nodecheck.model.fingerprint import fingerprint
from nodecheck.model.outcomes import Cause, Result, Severity, Status, Waived
from nodecheck.model.steps import Command, Fix
from nodecheck.report import Node, OsName, ProfileUsed, Report, Run, Source, Tool
from nodecheck.report.summary import summary_of

FIX = Fix("Mend it", (Command(("true",)),), "safe", False)


def result(name: str, said: str) -> Result:
    """A result of an id; ``said`` is ``status[/severity][=evidence][:cause]``."""
    said, _, cause = said.partition(":")
    said, _, value = said.partition("=")
    word, _, severity = said.partition("/")
    status = Status(word)
    bare, at, view = name.partition("@")
    check, bracket, subject = bare.partition("[")
    evidence = () if status in (Status.UNKNOWN, Status.SKIP) else (Evidence("/etc/thing", None, value),)
    unjudged = status in (Status.UNKNOWN, Status.SKIP)
    return Result(
        name, check, subject[:-1] if bracket else None, view if at else "now", status, Severity(severity or "error"),
        f"{check} is well", f"{name} is {word} {value}".strip(), None, None,
        Cause(cause or "denied", cause or "denied") if unjudged else None, evidence,
        FIX if status == Status.FAIL else None,
        Waived(check, "known", "ann", None) if status == Status.WAIVED else None, (), (),
        fingerprint(name, Status.FAIL if status == Status.WAIVED else status, evidence), 0.001,
    )  # fmt: skip


def report(
    results: dict[str, str],
    *,
    at: str = "2026-11-01T00:00:00.000Z",
    boot_id: str = "boot-1",
    profile: str = "kubernetes",
    digest: str = "sha256:" + "0" * 64,
    hostname: str = "node7",
) -> Report:
    """A report of these results."""
    found = tuple(sorted([result(name, said) for name, said in results.items()]))
    return Report(
        Tool("nodecheck", "0.1.0", ()),
        Run(str(uuid4()), at, at, 0.05, "complete", Source("live", "/"), True, "error"),
        Node(hostname, "0" * 32, boot_id, "6.8.0", "x86_64", OsName("ubuntu", "24.04", "Ubuntu 24.04")),
        ProfileUsed(profile, digest, "worker", "1.34", None, None),
        summary_of(found, "error"),
        found,
    )
