"""Sources of facts as data: what a reader may ask a host for.

A fact has, beside ``read``, a classmethod ``reads`` that declares its sources::

    @classmethod
    def reads(cls) -> Sources:
        return (File(FSTAB), Exists("/etc"))

It gives the fact's own sources, not those of the facts that it is made of, and is called by whoever wants to know: a
run pays nothing for it. In the paths of a source ``*`` stands for any one name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from nodecheck.record import NamedTuple
from nodecheck.typed import Union


class File(NamedTuple):
    """A file's content, and whether it is there."""

    path: str


class First(NamedTuple):
    """The content of the first of some files that is there, and of all before it that tell nothing."""

    paths: tuple[str, ...]


class Tree(NamedTuple):
    """The files of one kind below a directory, their names, and the directories on the way to them."""

    path: str
    pattern: str = "*"
    """Of the last component of a path (``*.conf``)."""
    depth: int = 1
    """1: in the directory itself."""
    most: int = 1024
    """How many files somebody who collects them takes along; a node with more is an odd one."""


class Dir(NamedTuple):
    """The names in a directory and what each is: no content of any."""

    path: str
    depth: int = 1
    """1: of the directory itself; 2: of those in it too."""


class Exists(NamedTuple):
    """Whether something is at a path, what kind of thing, and where a link leads: never its content."""

    path: str


class UnitText(NamedTuple):
    """The files of a unit of systemd and its drop-ins, in whichever of systemd's directories they lie."""

    name: str
    """``kubelet.service``, or a pattern: ``*.service``."""


class Named(NamedTuple):
    """Files and directories that the content of another source names: which ones, only the node can tell."""

    by: str
    """What names them, for people: ``EnvironmentFile= of kubelet.service``."""


class Each(NamedTuple):
    """Sources for each name that a field of another fact holds."""

    fact: type
    field: str
    """Holds a text, several, None, or a mapping by text; ``a.b`` is the field ``b`` of the field ``a``."""
    forms: tuple[PathSource, ...]
    """Where ``{}`` in the path stands for the name."""


class Program(NamedTuple):
    """A program's answer. Where the node tells its path, it is started by that (``/opt/bin/dockerd-current``).

    ``*`` among its words stands for anything: the name of a unit.
    """

    argv: tuple[str, ...]
    in_capture: bool = False
    """Asked by a collector alone, where its capture cannot hold what is read elsewhere: no run starts it."""


class Netlink(NamedTuple):
    """A netlink table; ``*`` stands for anything."""

    table: str


class Call(NamedTuple):
    """What the kernel says by a call that is about no path: a verb of the host (``clock``)."""

    verb: str


PathSource = Union[File, Tree, Dir, Exists]
AnySource = Union[PathSource, First, UnitText, Named, Each, Program, Netlink, Call]
Sources = tuple[AnySource, ...]


class JudgedSetting(NamedTuple):
    """A setting by whose value something is judged. Beside ``reads``, a fact may declare them in ``judges``::

        @classmethod
        def judges(cls) -> Judges:
            return (JudgedSetting("SELINUX", ("enforcing", "permissive", "disabled")),)

    Its value is no secret, whatever its name: the filter of secrets knows those whose names sound like one's
    (``JUDGED`` of :mod:`nodecheck.model.secret_keys`), and a test holds that list to what the facts declare.
    """

    name: str
    """As the file or the command line writes it; ``*`` stands for any one part of it."""
    values: tuple[str, ...]
    """One of each kind that is told apart."""


Judges = tuple[JudgedSetting, ...]

_CONTENT = ("read", "read_at")
_NAMES = ("names", "links")
_CALLS = {"clock": "adjtimex(2)", "wall_clock": "time(2)"}


def declared(fact: type) -> Sources | None:
    """The sources that a fact declares; None where it declares none (an older plugin's)."""
    reads = getattr(fact, "reads", None)
    return None if reads is None else tuple(reads())


def judged_settings(fact: type) -> Judges:
    """The settings that a fact declares to be judged; none where it declares none."""
    judges = getattr(fact, "judges", None)
    return () if judges is None else tuple(judges())


def settled(sources: Iterable[AnySource], value_of: Callable[[type], object]) -> Sources:
    """The same without :class:`Each`: its forms for each name; ``value_of`` gives a fact, None where it is not known.

    >>> settled([Each(str, "x", (File("/boot/config-{}"),))], lambda fact: type("F", (), {"x": "6.1"}))
    (File(path='/boot/config-6.1'),)
    """
    found: list[AnySource] = []
    for source in sources:
        if isinstance(source, Each):
            names = _names(value_of(source.fact), source.field)
            found.extend(_filled(form, name) for name in names for form in source.forms)
        else:
            found.append(source)
    return tuple(found)


def _names(value: object, field: str) -> Iterator[str]:
    for part in field.split("."):
        value = getattr(value, part, None)
    if isinstance(value, str):
        yield value
    elif isinstance(value, (Mapping, tuple, frozenset)):
        yield from (name for name in value if isinstance(name, str))


def _filled(form: PathSource, name: str) -> PathSource:
    return form._replace(path=form.path.replace("{}", name))


def covers(source: AnySource, verb: str, subject: object) -> bool:
    """Whether a question to a host is within a source: a verb of the host, and its path, argv or table.

    What is only asked of a path itself (``stat``, ``link`` …) is within all that says more of it. An :class:`Each`
    covers nothing before it is :func:`settled`.

    >>> covers(Tree("/etc/sysctl.d", "*.conf"), "read", "/etc/sysctl.d/a.conf")
    True
    >>> covers(Exists("/etc/fstab"), "read", "/etc/fstab")
    False
    """
    if isinstance(source, Program):
        return verb == "run" and isinstance(subject, tuple) and _is_command(source.argv, subject)
    if isinstance(source, Netlink):
        return verb == "netlink" and _matches(str(subject), source.table)
    if isinstance(source, Call):
        return verb == source.verb
    if isinstance(source, Each) or not isinstance(subject, str) or verb in (*_CALLS, "netlink"):
        return False
    return isinstance(source, Named) or _has_path(source, verb, _parts(subject))


def _is_command(argv: tuple[str, ...], asked: tuple[str, ...]) -> bool:
    folder, _, program = asked[0].rpartition("/")
    same = len(argv) == len(asked) and all(map(_matches, asked[1:], argv[1:]))
    return same and (program == argv[0] or (folder != "" and program.startswith(f"{argv[0]}-")))


def _has_path(source: AnySource, verb: str, parts: list[str]) -> bool:
    if isinstance(source, (Dir, Tree)):
        return _is_below(source, verb, parts)
    if verb in _NAMES or (isinstance(source, Exists) and verb in _CONTENT):
        return False
    if isinstance(source, UnitText):
        return "systemd" in parts[:-2] and _is_of_unit(source.name, *parts[-2:])
    paths = source.paths if isinstance(source, First) else (source.path,) if isinstance(source, (File, Exists)) else ()
    return any(_all_match(parts, _parts(path)) for path in paths)


def _is_below(source: Dir | Tree, verb: str, parts: list[str]) -> bool:
    top = _parts(source.path)
    below = len(parts) - len(top)
    if not 0 <= below <= source.depth or not _all_match(parts[: len(top)], top):
        return False
    if verb in _NAMES:
        return below < source.depth
    return verb not in _CONTENT or (isinstance(source, Tree) and below > 0 and _matches(parts[-1], source.pattern))


def _is_of_unit(unit: str, folder: str, name: str) -> bool:
    if folder.endswith(".d"):
        return name.endswith(".conf") and _matches(folder[:-2], unit)
    return _matches(name, unit)


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def _all_match(parts: list[str], patterns: list[str]) -> bool:
    return len(parts) == len(patterns) and all(map(_matches, parts, patterns))


def _matches(name: str, pattern: str) -> bool:
    from fnmatch import fnmatchcase

    return name == pattern or ("*" in pattern and fnmatchcase(name, pattern))


def plain_forms(source: AnySource) -> tuple[AnySource, ...]:
    """A source without :class:`Each`: its forms with ``…`` for a name.

    >>> plain_forms(Each(str, "x", (File("/boot/config-{}"),)))
    (File(path='/boot/config-…'),)
    """
    return tuple([_filled(form, "…") for form in source.forms]) if isinstance(source, Each) else (source,)


def told(source: AnySource) -> tuple[str, ...]:
    """A source for people: paths, patterns and commands as they would be typed.

    >>> told(Tree("/etc/sysctl.d", "*.conf")), told(Program(("kubelet", "--version"))), told(Netlink("links"))
    (('/etc/sysctl.d/*.conf',), ('kubelet --version',), ('netlink links',))
    """
    if isinstance(source, Each):
        return tuple([text for form in plain_forms(source) for text in told(form)])
    if isinstance(source, First):
        return source.paths
    return () if isinstance(source, Program) and source.in_capture else (_text(source),)


def _text(source: File | Tree | Dir | Exists | UnitText | Named | Program | Netlink | Call) -> str:
    if isinstance(source, Program):
        return " ".join(source.argv)
    if isinstance(source, Netlink):
        return f"netlink {source.table}"
    if isinstance(source, Call):
        return _CALLS.get(source.verb, source.verb)
    if isinstance(source, UnitText):
        return source.name
    if isinstance(source, Named):
        return source.by
    below = "/**" if isinstance(source, (Tree, Dir)) and source.depth > 1 else ""
    return f"{source.path}{below}{f'/{source.pattern}' if isinstance(source, Tree) else ''}"
