"""The verbs, each with a line of help."""

from __future__ import annotations

VERBS = {
    "run": "check this node",
    "plan": "print the fixes for what fails",
    "audit": "check, record, and tell what changed: for cron and timers",
    "capture": "write all that is read of a node to one file, to be judged elsewhere",
    "collector": "print a script of sh that captures a node without Python",
    "history": "the recorded audits, and since when something is as it is",
    "diff": "what changed between two reports",
    "baseline": "accept a recorded run as what the node is to be",
    "schedule": "a systemd timer or a cron entry for the audit",
    "waive": "accept a failure for a while, with a reason and an owner",
    "convert": "show a report in another format",
    "list": "the checks of a profile",
    "explain": "what a check looks at and why",
    "doctor": "what this nodecheck can and cannot see here",
    "plugins": "what is loaded, from where",
    "profile": "list the profiles, show one, validate a file",
    "completion": "print the completion script of a shell",
    "help": "what the verbs do, or the options of one",
    "version": "print the version",
    "schema": "print the JSON Schema of a report, a plan, an audit, a profile, or of hosts",
}
