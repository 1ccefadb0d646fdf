"""The report's JSON form, schema 1, both ways."""

from __future__ import annotations

from nodecheck.errors import ReportError
from nodecheck.json_text import json_string, json_text
from nodecheck.model.evidence import Evidence
from nodecheck.model.outcomes import Cause, Result, Severity, Status, Waived
from nodecheck.model.steps import Command, Create, Edit, Fix, Manual, Step
from nodecheck.report.parts import (
    SCHEMA,
    SCHEMA_VERSION,
    ConfigUsed,
    Node,
    OsName,
    PluginUsed,
    ProfileUsed,
    Run,
    Source,
    Summary,
    Tool,
    User,
)
from nodecheck.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Protocol

    class ReportLike(Protocol):
        """What a report has to tell."""

        tool: Tool
        run: Run
        node: Node
        profile: ProfileUsed
        summary: Summary
        results: tuple[Result, ...]

    Whole = tuple[Tool, Run, Node, ProfileUsed, Summary, tuple[Result, ...]]

_EVIDENCE = Evidence._fields
_SUMMARY = ("verdict", "exit_code", "pass", "fail", "unknown", "skip", "waived", "coverage")


def to_dict(report: ReportLike) -> dict[str, Any]:
    """The whole document."""
    return {**head_dict(report), "results": [result_dict(result) for result in report.results]}


def head_dict(report: ReportLike) -> dict[str, Any]:
    """What stands before the results."""
    return {
        "$schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        **header(report),
        "summary": summary_dict(report.summary),
    }


def header(report: ReportLike) -> dict[str, Any]:
    """``tool``, ``run``, ``node`` and ``profile``."""
    return {
        "tool": {**report.tool._asdict(), "plugins": [plugin._asdict() for plugin in report.tool.plugins]},
        "run": _run_dict(report.run),
        "node": {**report.node._asdict(), "os": report.node.os._asdict()},
        "profile": _profile_dict(report.profile),
    }


def _run_dict(run: Run) -> dict[str, Any]:
    return {
        **run._asdict(),
        "source": run.source._asdict(),
        "waivers_from": None if run.waivers_from is None else list(run.waivers_from),
        "user": None if run.user is None else run.user._asdict(),
        "select": None if run.select is None else list(run.select),
        "ignore": None if run.ignore is None else list(run.ignore),
    }


def _profile_dict(used: ProfileUsed) -> dict[str, Any]:
    config = used.config
    told = None if config is None else {"files": list(config.files), "unread": config.unread}
    return {**used._asdict(), "config": told}


def summary_dict(summary: Summary) -> dict[str, Any]:
    """``summary``."""
    return dict(zip(_SUMMARY, summary))


def result_dict(result: Result) -> dict[str, Any]:
    """One result."""
    found = result._asdict()
    found["status"] = result.status.value
    found["severity"] = result.severity.value
    found["cause"] = None if result.cause is None else result.cause._asdict()
    found["evidence"] = [dict(zip(_EVIDENCE, item)) for item in result.evidence]  # many: the quickest way
    found["fix"] = None if result.fix is None else fix_dict(result.fix)
    found["waiver"] = None if result.waiver is None else result.waiver._asdict()
    found["tags"] = list(result.tags)
    found["references"] = list(result.references)
    found["notes"] = list(result.notes)
    return found


def result_text(result: Result, told: dict[Any, str]) -> str:
    """One result as one line of JSON: :func:`result_dict` as :func:`json_text` writes it, at a quarter of the price.

    ``told`` keeps the text of each piece of evidence and each list: many results share one.
    """
    if result.evidence not in told:
        texts = [told.get(item) or told.setdefault(item, _evidence_text(item)) for item in result.evidence]
        told[result.evidence] = f"[{', '.join(texts)}]"
    for listed in (result.tags, result.references, result.notes):
        if listed not in told:
            told[listed] = json_text(list(listed))
    cause, fix, waiver = result.cause, result.fix, result.waiver
    members = (
        _text(result.id),
        _text(result.check),
        _text(result.subject),
        _text(result.view),
        _text(result.status.value),
        _text(result.severity.value),
        _text(result.title),
        _text(result.message),
        _text(result.expected),
        _text(result.actual),
        "null" if cause is None else json_text(cause._asdict()),
        told[result.evidence],
        "null" if fix is None else json_text(fix_dict(fix)),
        "null" if waiver is None else json_text(waiver._asdict()),
        told[result.tags],
        told[result.references],
        _text(result.fingerprint),
        json_text(result.duration_s),
        told[result.notes],
    )
    return _RESULT % members


_RESULT = "{" + ", ".join([f'"{name}": %s' for name in Result._fields]) + "}"


def _evidence_text(item: Evidence) -> str:
    members = (_text(item.source), _text(item.locator), _text(item.value), "true" if item.truncated else "false")
    return _ONE % members


_ONE = "{" + ", ".join([f'"{name}": %s' for name in Evidence._fields]) + "}"


def _text(text: str | None) -> str:
    return "null" if text is None else json_string(text)


def fix_dict(fix: Fix) -> dict[str, Any]:
    """One fix."""
    steps = [step_dict(step) for step in fix.steps]
    return {"title": fix.title, "safety": fix.safety, "reboot": fix.reboot, "steps": steps}


def step_dict(step: Step) -> dict[str, Any]:
    """One step of a fix."""
    fields = {"argv": list(step.argv)} if isinstance(step, Command) else step._asdict()
    return {"kind": step.kind, **fields}


def to_json(report: ReportLike, indent: int | None = None) -> str:
    """The document as text, ASCII only."""
    import json

    return json.dumps(to_dict(report), indent=indent)


def from_json(text: str | bytes) -> Whole:
    """The parts of a document's report; raises ReportError that says what is wrong with it."""
    import json

    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReportError(f"not a JSON document: {error}") from error
    if not isinstance(document, dict) or document.get("$schema") != SCHEMA:
        raise ReportError(f"not a nodecheck report: expected $schema {SCHEMA!r}")
    from nodecheck.report.shape import check_shape

    check_shape(document)
    return from_document(document)


def from_document(document: dict[str, Any]) -> Whole:
    """The parts of the report of a document's dictionaries; raises ReportError that says what is wrong with it."""
    try:
        return _whole(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReportError(f"not a complete report: {type(error).__name__}: {error}") from error


def result_from(found: dict[str, Any]) -> Result:
    """The result of a document's dictionary; raises ReportError that says what is wrong with it."""
    try:
        return _result(found)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReportError(f"not a complete result: {type(error).__name__}: {error}") from error


def _whole(document: dict[str, Any]) -> Whole:
    tool, run, node = document["tool"], document["run"], document["node"]
    return (
        Tool(tool["name"], tool["version"], tuple(PluginUsed(**_known(PluginUsed, item)) for item in tool["plugins"])),
        _run(run),
        Node(**{**_known(Node, node), "os": OsName(**_known(OsName, node["os"]))}),
        ProfileUsed(**{**_known(ProfileUsed, document["profile"]), "config": _config(document["profile"])}),
        Summary(*(document["summary"][key] for key in _SUMMARY)),
        tuple(_result(result) for result in document["results"]),
    )


def _run(found: dict[str, Any]) -> Run:
    files, user = found.get("waivers_from"), found.get("user")  # schema 1.0 has none of these
    select, ignore = found.get("select"), found.get("ignore")
    source = Source(**_known(Source, found["source"]))
    run = Run(**{**_known(Run, found), "source": source})
    return run._replace(
        waivers_from=None if files is None else tuple(files),
        user=None if user is None else User(**_known(User, user)),
        select=None if select is None else tuple(select),
        ignore=None if ignore is None else tuple(ignore),
    )


def _config(found: dict[str, Any]) -> ConfigUsed | None:
    config = found.get("config")  # schema 1.0 has none
    return None if config is None else ConfigUsed(tuple(config["files"]), config["unread"])


def _known(kind: Any, found: dict[str, Any]) -> dict[str, Any]:
    """The keys that this version knows: a later minor version of the schema may have more."""
    return {key: value for key, value in found.items() if key in kind._fields}


def _result(found: dict[str, Any]) -> Result:
    return Result(
        **{
            **_known(Result, found),
            "status": Status(found["status"]),
            "severity": Severity(found["severity"]),
            "cause": None if found["cause"] is None else Cause(**_known(Cause, found["cause"])),
            "evidence": tuple(Evidence(**_known(Evidence, item)) for item in found["evidence"]),
            "fix": None if found["fix"] is None else _fix(found["fix"]),
            "waiver": None if found["waiver"] is None else Waived(**_known(Waived, found["waiver"])),
            "tags": tuple(found["tags"]),
            "references": tuple(found["references"]),
            "notes": tuple(found.get("notes", ())),  # schema 1.0 has none
        }
    )


def _fix(found: dict[str, Any]) -> Fix:
    return Fix(found["title"], tuple(_step(step) for step in found["steps"]), found["safety"], found["reboot"])


def _step(found: dict[str, Any]) -> Step:
    kind = found["kind"]
    if kind == "command":
        return Command(tuple(found["argv"]))
    if kind == "edit":
        return Edit(found["path"], found["before"], found["after"])
    if kind == "create":
        return Create(found["path"], found["mode"], found["content"])
    if kind == "manual":
        return Manual(found["text"])
    raise ValueError(f"unknown kind of step {kind!r}")
