"""The command as a process, for the tests of captures."""

from __future__ import annotations

from tests.cli.conftest import nodecheck as nodecheck_command

__all__ = ["nodecheck_command"]
