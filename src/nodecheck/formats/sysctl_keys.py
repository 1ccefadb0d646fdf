"""Names of sysctls: paths below ``/proc/sys``, their dotted spelling, and globs over them (sysctl.d(5))."""

from __future__ import annotations

MOST_CHARS = 4096
"""No path of the kernel is longer (``PATH_MAX``), and so no pattern that is matches one."""


def key_path(key: str) -> str:
    """The path below ``/proc/sys`` that a key in either spelling stands for.

    As systemd's ``sysctl_normalize``: if the first separator is a slash the key is a path already; if it is a dot,
    dots and slashes change places. Repeated and outer slashes are dropped.

    >>> key_path("net.ipv4.conf.enp3s0/200.forwarding"), key_path("a/b.c/d"), key_path("a...b...c")
    ('net/ipv4/conf/enp3s0.200/forwarding', 'a/b.c/d', 'a/b/c')
    """
    dot, slash = key.find("."), key.find("/")
    if dot >= 0 and (slash < 0 or dot < slash):
        key = key.translate(_SWAP)
    if "//" in key or "/./" in key or key.startswith(("/", "./")) or key.endswith(("/", "/.")):
        key = "/".join([part for part in key.split("/") if part not in ("", ".")])
    return key


_SWAP = {ord("."): "/", ord("/"): "."}


def dotted(path: str) -> str:
    """The one spelling of a key: dotted, dots inside a component as ``/``.

    >>> dotted("net/ipv4/conf/eth1.200/forwarding")
    'net.ipv4.conf.eth1/200.forwarding'
    """
    return path.translate(_SWAP)


def spelled(key: str) -> str:
    """The one spelling of a key that a profile gives in either. Raises ValueError for what no key can be.

    >>> spelled("net/ipv4/ip_forward"), spelled("net.ipv4.ip_forward")
    ('net.ipv4.ip_forward', 'net.ipv4.ip_forward')
    """
    if not is_key(key_path(key)) or len(dotted(key_path(key))) != len(key):
        raise ValueError(f"no sysctl can have the name {key!r}; expected one such as net.ipv4.ip_forward")
    return dotted(key_path(key))


def is_key(path: str) -> bool:
    """Whether a path can be that of a key: it stays below ``/proc/sys``, and no component is empty.

    Blanks and control characters stand in no name of the kernel's, nor in that of an interface (``dev_valid_name``).

    >>> is_key("net/ipv4/conf/eth0.200/forwarding"), is_key("net/../../../etc/shadow"), is_key("net//ipv4")
    (True, False, False)
    """
    return not any(char <= " " or char == "\x7f" for char in path) and not _NO_NAMES.intersection(path.split("/"))


_NO_NAMES = frozenset(("", ".", ".."))


def is_glob(path: str) -> bool:
    """Whether a key is a pattern (systemd's ``string_is_glob``)."""
    return "*" in path or "?" in path or "[" in path


def glob_matches(pattern: str, path: str) -> bool:
    """Whether glob(3) would expand ``pattern`` to ``path``: by component, no wildcard matching a leading dot.

    >>> glob_matches("net/ipv4/conf/*/rp_filter", "net/ipv4/conf/eth0/rp_filter"), glob_matches("net/*", "net/a/b")
    (True, False)
    """
    if len(pattern) > MOST_CHARS:
        return False
    patterns, names = pattern.split("/"), path.split("/")
    return len(patterns) == len(names) and all(map(component_matches, patterns, names))


def component_matches(pattern: str, name: str) -> bool:
    """Whether one component of a path matches, as fnmatch(3) with ``FNM_PERIOD`` says, in linear space.

    >>> component_matches("e[!a-c]h?", "eth0"), component_matches("*", ".hidden"), component_matches("[a", "[a")
    (True, False, True)
    """
    tokens = _tokens(pattern)
    if name.startswith(".") and (not tokens or tokens[0] != (".", False)):
        return False
    at = star = mark = 0
    starred = False
    for_name = 0
    while for_name < len(name):
        if at < len(tokens) and tokens[at] == ("*", True):
            starred, star, mark = True, at, for_name
            at += 1
        elif at < len(tokens) and _takes(tokens[at], name[for_name]):
            at, for_name = at + 1, for_name + 1
        elif starred:
            mark += 1
            at, for_name = star + 1, mark
        else:
            return False
    return all(token == ("*", True) for token in tokens[at:])


Token = tuple[str, bool]
"""A literal character (False), or a wildcard (True): ``*``, ``?``, or a bracket expression with its brackets."""


def _tokens(pattern: str) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "[" and (end := _bracket_end(pattern, at)):
            tokens.append((pattern[at:end], True))
            at = end
            continue
        if char == "\\" and at + 1 < len(pattern):
            at += 1
            tokens.append((pattern[at], False))
        elif char != "*" or not tokens or tokens[-1] != ("*", True):
            tokens.append((char, char in "*?"))
        at += 1
    return tokens


def _bracket_end(pattern: str, at: int) -> int:
    """The place after the bracket expression that starts at ``at``; 0 where it is never closed."""
    first = at + 2 if pattern[at + 1 : at + 2] in ("!", "^") else at + 1
    close = pattern.find("]", first + 1)
    return close + 1


def _takes(token: Token, char: str) -> bool:
    text, wild = token
    if not wild:
        return text == char
    return text == "?" or (text[0] == "[" and _in_bracket(text[1:-1], char))


def _in_bracket(body: str, char: str) -> bool:
    negated = body[:1] in ("!", "^")
    items = body[1:] if negated else body
    at = 0
    while at < len(items):
        if items[at + 1 : at + 2] == "-" and at + 2 < len(items):
            if items[at] <= char <= items[at + 2]:
                return not negated
            at += 3
        else:
            if items[at] == char:
                return not negated
            at += 1
    return negated
