"""What a check writes its fix with, and what makes a plan of the fixes of a report."""

from nodecheck.model.steps import (
    DISRUPTIVE,
    MANUAL,
    SAFE,
    Command,
    Create,
    Edit,
    Fix,
    Manual,
    Step,
    by_hand,
    command,
    create,
    edit,
    manual,
)

__all__ = [
    "DISRUPTIVE",
    "MANUAL",
    "SAFE",
    "Command",
    "Create",
    "Edit",
    "Fix",
    "Manual",
    "Step",
    "by_hand",
    "command",
    "create",
    "edit",
    "manual",
]
