"""nodecheck: is this Linux node fit to run Kubernetes, now and after its next reboot?

>>> import nodecheck
>>> report = nodecheck.run(select=["swap"])
"""

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the 8 ms that importing typing costs

if TYPE_CHECKING:
    from nodecheck.api import capture as capture
    from nodecheck.api import run as run
    from nodecheck.audit.changes import Change as Change
    from nodecheck.audit.changes import diff as diff
    from nodecheck.errors import CaptureError as CaptureError
    from nodecheck.errors import FactError as FactError
    from nodecheck.errors import NodecheckError as NodecheckError
    from nodecheck.errors import ProfileError as ProfileError
    from nodecheck.errors import ReportError as ReportError
    from nodecheck.errors import SelectorError as SelectorError
    from nodecheck.errors import UsageError as UsageError
    from nodecheck.hookspecs import hookimpl as hookimpl
    from nodecheck.hookspecs import hookspec as hookspec
    from nodecheck.model.evidence import Evidence as Evidence
    from nodecheck.model.literals import FailOn as FailOn
    from nodecheck.model.literals import Phase as Phase
    from nodecheck.model.literals import ProxyMode as ProxyMode
    from nodecheck.model.literals import Role as Role
    from nodecheck.model.literals import View as View
    from nodecheck.model.outcomes import Result as Result
    from nodecheck.model.outcomes import Severity as Severity
    from nodecheck.model.outcomes import Status as Status
    from nodecheck.model.schemas import schema as schema
    from nodecheck.model.steps import Command as Command
    from nodecheck.model.steps import Create as Create
    from nodecheck.model.steps import Edit as Edit
    from nodecheck.model.steps import Fix as Fix
    from nodecheck.model.steps import Manual as Manual
    from nodecheck.model.steps import Step as Step
    from nodecheck.planning import Plan as Plan
    from nodecheck.planning import plan as plan
    from nodecheck.profile.model import Profile as Profile
    from nodecheck.report import Report as Report
    from nodecheck.running.catalogue import CheckInfo as CheckInfo
    from nodecheck.running.catalogue import checks as checks
    from nodecheck.running.catalogue import profiles as profiles
    from nodecheck.running.request import Progress as Progress
    from nodecheck.version import __version__ as __version__

_HOMES = {
    "CaptureError": "errors",
    "Change": "audit.changes",
    "CheckInfo": "running.catalogue",
    "Command": "model.steps",
    "Create": "model.steps",
    "Edit": "model.steps",
    "Evidence": "model.evidence",
    "FactError": "errors",
    "FailOn": "model.literals",
    "Fix": "model.steps",
    "Manual": "model.steps",
    "NodecheckError": "errors",
    "Plan": "planning",
    "Profile": "profile.model",
    "ProfileError": "errors",
    "Progress": "running.request",
    "Phase": "model.literals",
    "ProxyMode": "model.literals",
    "Report": "report",
    "ReportError": "errors",
    "Result": "checking",
    "Role": "model.literals",
    "SelectorError": "errors",
    "Severity": "checking",
    "Status": "checking",
    "Step": "model.steps",
    "UsageError": "errors",
    "View": "model.literals",
    "__version__": "version",
    "capture": "api",
    "checks": "running.catalogue",
    "diff": "audit.changes",
    "hookimpl": "hookspecs",
    "hookspec": "hookspecs",
    "plan": "planning",
    "profiles": "running.catalogue",
    "run": "api",
    "schema": "model.schemas",
}

__all__ = list(_HOMES) + ["__version__"]  # noqa: RUF005 - Python 2.7 parses this file too: see nodecheck/cli


def __getattr__(name):
    # type: (str) -> object
    """Import a public name when it is first used (PEP 562): importing nodecheck costs nothing else."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError("module {!r} has no attribute {!r}".format(__name__, name))  # noqa: UP032
    from importlib import import_module

    value = globals()[name] = getattr(import_module(__name__ + "." + home), name)
    return value


def __dir__():
    # type: () -> list[str]
    return sorted(__all__)
