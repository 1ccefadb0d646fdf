"""JUnit XML: a suite a check, a case a result; valid by Ant's schema and by that of Jenkins' xUnit plugin.

Ant's (github.com/windyroad/JUnit-Schema) wants ``properties``, ``system-out`` and ``system-err`` in each suite and no
attributes on ``testsuites``, times without a zone, decimals without exponents, and ``skipped`` with a message alone;
Jenkins' (junit-10.xsd) allows that, and wants at most three decimals in a suite's time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.model.outcomes import Result, Status
from nodecheck.render.told import shown, told, unix_seconds
from nodecheck.report import Report
from nodecheck.text import printable


def render(report: Report) -> str:
    """The document. A failure of any severity is a ``failure`` whose type is the severity, ``unknown`` an ``error``."""
    suites: dict[str, list[Result]] = {}
    for result in report.results:
        suites.setdefault(result.check, []).append(result)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>"]
    for number, (check, results) in enumerate(suites.items()):
        lines.extend(_suite(report, number, check, results))
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _suite(report: Report, number: int, check: str, results: list[Result]) -> Iterator[str]:
    statuses = [result.status for result in results]
    attributes = {
        "name": printable(check) or "check",
        "package": "nodecheck",
        "id": str(number),
        "hostname": printable(report.node.hostname or "").strip(" ") or "localhost",
        "timestamp": _second(report.run.started_at),
        "tests": str(len(results)),
        "failures": str(statuses.count(Status.FAIL)),
        "errors": str(statuses.count(Status.UNKNOWN)),
        "skipped": str(statuses.count(Status.SKIP) + statuses.count(Status.WAIVED)),
        "time": f"{sum([result.duration_s for result in results]):.3f}",
    }
    yield f"  <testsuite{_attributes(attributes)}>"
    yield "    <properties>"
    for name, value in _properties(report):
        yield f"      <property{_attributes({'name': name, 'value': printable(value)})}/>"
    yield "    </properties>"
    for result in results:
        yield from _case(result)
    passed = [f"{printable(r.id)}: {shown(r.message)}" for r in results if r.status == Status.PASS]
    yield f"    <system-out>{_text(passed)}</system-out>"
    yield "    <system-err></system-err>"
    yield "  </testsuite>"


def _second(time: str) -> str:
    """A time without fraction and zone; a leap second, which XML's times have not, is the second after it."""
    from time import gmtime

    year, month, day, hour, minute, second, *_ = gmtime(int(unix_seconds(time) or 0))
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"


def _properties(report: Report) -> Iterator[tuple[str, str]]:
    used, node, run = report.profile, report.node, report.run
    found: dict[str, str | None] = {
        "nodecheck.version": report.tool.version, "nodecheck.run": run.id, "nodecheck.source": run.source.path,
        "nodecheck.profile": used.name, "nodecheck.profile.digest": used.digest, "nodecheck.role": used.role,
        "nodecheck.kubernetes": used.kubernetes, "nodecheck.fail-on": run.fail_on, "node.id": node.machine_id,
        "node.kernel": node.kernel, "node.os": node.os.pretty_name,
    }  # fmt: skip
    return ((name, value) for name, value in found.items() if value)


def _case(result: Result) -> Iterator[str]:
    attributes = {
        "classname": f"nodecheck.{printable(result.check)}",
        "name": printable(result.id),
        "time": f"{result.duration_s:.6f}",
    }
    verdict = _verdict(result)
    if verdict is None:
        yield f"    <testcase{_attributes(attributes)}/>"
        return
    element, about = verdict
    body = _text([shown(result.title), *told(result)])
    yield f"    <testcase{_attributes(attributes)}>"
    yield f"      <{element}{_attributes(about)}>{body}</{element}>"
    yield "    </testcase>"


def _verdict(result: Result) -> tuple[str, dict[str, str]] | None:
    """Element and attributes; None for a pass."""
    message, cause = shown(result.message), shown(result.cause.code) if result.cause is not None else ""
    if result.status == Status.FAIL:
        return "failure", {"type": result.severity.value, "message": message}
    if result.status == Status.UNKNOWN:
        return "error", {"type": cause, "message": message}
    if result.status == Status.SKIP:
        return "skipped", {"message": f"{cause}: {message}"}
    if result.status == Status.WAIVED:
        reason = shown(result.waiver.reason) if result.waiver is not None else ""
        return "skipped", {"message": f"waived: {reason}: {message}"}
    return None


def _attributes(found: dict[str, str]) -> str:
    return "".join([f' {name}="{_escaped(value)}"' for name, value in found.items()])


def _text(lines: Iterable[str]) -> str:
    return _escaped("\n".join(lines))


def _escaped(text: str) -> str:
    """XML's text of what is printable already: no character is left that XML 1.0 has not."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
