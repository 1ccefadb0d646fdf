"""The plan as a POSIX shell script."""

from __future__ import annotations

from nodecheck.fix.plan import Plan


def script(plan: Plan) -> str:
    """The script."""
    return "#!/bin/sh\n"
