"""The report: all results of one run, its summary, its exit code and its JSON form."""

from nodecheck.report.model import Report
from nodecheck.report.parts import Node, OsName, ProfileUsed, Run, Source, Summary, Tool, User

__all__ = ["Node", "OsName", "ProfileUsed", "Report", "Run", "Source", "Summary", "Tool", "User"]
