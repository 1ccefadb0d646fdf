"""Other programs' exit codes: what ends without a verdict is unknown to them, and they show standard output alone."""

from __future__ import annotations

from collections.abc import Callable

from nodecheck.cli.start import Unwritten, complain, write
from nodecheck.errors import NodecheckError
from nodecheck.text import printable

UNKNOWN = {"nagios": 3, "npd": 2}
"""The code for "could not be judged"."""


def guarded(codes: str | None, judge: Callable[[], int]) -> int:
    """The code that ``judge`` gives; where it gives none, by the map ``codes``, a line on standard output and unknown.

    nodecheck's own codes 2, 70 and 74 would be CRITICAL to Nagios, and 2 there means a failure of the node.
    """
    if codes not in UNKNOWN:
        return judge()
    try:
        return judge()
    except (NodecheckError, Unwritten) as error:
        message = str(error)
    except Exception as error:
        import traceback

        traceback.print_exc()
        message = f"{type(error).__name__}: {error}"
    complain(message)
    line = printable(message).replace("|", "\\x7c")
    write(f"NODECHECK UNKNOWN - {line}\n" if codes == "nagios" else f"not judged: {line}\n")
    return UNKNOWN[codes]
