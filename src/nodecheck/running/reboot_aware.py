"""What a reboot that is due changes: the checks whose boot view says another thing than the present."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.model.outcomes import BOOT, NOW, Result, Status, result_id

MOST_TOLD = 5
"""Results that the message names."""

_JUDGED = (Status.PASS, Status.FAIL)


def pointing(results: list[Result], check: str = "reboot-pending") -> list[Result]:
    """The results; those of ``check`` that fail now name the results that differ at the next boot."""
    names = tuple(differing([result for result in results if result.check != check]))
    if not names:
        return results
    more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
    told = f"the boot view differs in {', '.join(names[:MOST_TOLD])}{more}"
    return [
        result._replace(message=f"{result.message}; {told}")
        if (result.check, result.view, result.status) == (check, NOW, Status.FAIL)
        else result
        for result in results
    ]


def differing(results: Iterable[Result]) -> Iterator[str]:
    """The ids of the boot view whose verdict is another one than that of now, each once.

    A boot view of a check as a whole (``swap@boot``) is held against all that is judged of it now.
    """
    judged = [result for result in results if result.status in _JUDGED]
    now = {result.id: result.status for result in judged if result.view == NOW}
    failing = {result.check for result in judged if result.view == NOW and result.status == Status.FAIL}
    known = {result.check for result in judged if result.view == NOW}
    for result in sorted(judged, key=lambda result: result.id):
        if result.view != BOOT or result.check not in known:
            continue
        present = now.get(result_id(result.check, result.subject, NOW))
        if present is None and result.subject is None:
            present = Status.FAIL if result.check in failing else Status.PASS
        if present is not None and present != result.status:
            yield result.id
