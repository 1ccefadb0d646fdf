"""The audit: a run that is recorded, compared with what was recorded before, and quiet where nothing changed."""
