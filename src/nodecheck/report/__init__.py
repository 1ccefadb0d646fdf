"""The report: all results of one run, its summary, its exit code and its JSON form."""

from nodecheck.report.model import Node, OsName, ProfileUsed, Report, Run, Source, Summary, Tool

__all__ = ["Node", "OsName", "ProfileUsed", "Report", "Run", "Source", "Summary", "Tool"]
