"""The plain assignments of a file that a shell reads (``/etc/default/NAME``)."""

from __future__ import annotations

from nodecheck.record import NamedTuple


class Assigned(NamedTuple):
    """What a file assigns to one variable, the last time it does."""

    value: str
    line: int
    text: str
    """The line as it stands."""


def shell_assignments(source: str) -> dict[str, Assigned]:
    r"""The variables that a file sets, the last line of each; what no plain assignment is is left out.

    >>> found = shell_assignments("#A=1\nexport A=2 # two\nB='/var/my swap'\n")
    >>> [(name, value, line) for name, (value, line, _) in found.items()]
    [('A', '2', 2), ('B', '/var/my swap', 3)]
    """
    found = {}
    for number, line in enumerate(source.split("\n"), 1):
        name, equals, value = line.strip(" \t\r").removeprefix("export ").partition("=")
        if equals and name.isidentifier():
            if value[:1] in ("'", '"'):
                value = value[1:].partition(value[0])[0]
            else:
                value = value.partition(" ")[0].partition(";")[0]
            found[name] = Assigned(value, number, line)
    return found
