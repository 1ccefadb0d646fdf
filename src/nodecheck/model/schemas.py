"""The schemas of the documents that nodecheck writes and reads."""

from __future__ import annotations

from nodecheck.errors import UsageError
from nodecheck.shipped import shipped
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

DOCUMENTS = ("report", "plan", "audit", "profile", "hosts")
"""The documents that have a schema."""


def schema(document: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one of :data:`DOCUMENTS`. Raises UsageError."""
    import json

    found: dict[str, Any] = json.loads(schema_text(document))
    return found


def schema_text(document: str) -> str:
    """The same as it is shipped."""
    if document not in DOCUMENTS:
        raise UsageError(f"there is no schema of {document!r}; expected one of {', '.join(DOCUMENTS)}")
    return shipped(f"schemas/{document}-1.json")
