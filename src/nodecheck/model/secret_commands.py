"""Secrets in commands of scripts and units, and in configuration whose keys and values are parted by blanks.

What a command takes for a password only its own options tell: ``-p`` of ``mysql`` is one, ``-p`` of ``mkdir`` is none.
"""

from __future__ import annotations

import re
from functools import lru_cache

from nodecheck.text import MASK

_REST = r"[^|;&\n]{0,400}?"
_WORD = r"(\"[^\"]*\"|'[^']*'|[^\s\"';|&)]+)"


_OPTIONS = (
    ("mysql,mariadb", r"\b(?:mysql|mariadb)[\w-]*[ \t]" + _REST + r"(?<![\w-])(?-i:-p)", _WORD),
    ("login", r"\blogin\b" + _REST + r"[ \t]-p[ \t=]*", _WORD),
    ("useradd,usermod", r"\buser(?:add|mod)\b" + _REST + r"[ \t]-p[ \t]*", _WORD),
    ("redis-cli", r"\bredis-cli\b" + _REST + r"[ \t]-a[ \t]+", _WORD),
    ("ipmitool", r"\bipmitool\b" + _REST + r"[ \t](?-i:-P)[ \t]+", _WORD),
    ("k3s ,rke2 ", r"\b(?:k3s|rke2)[ \t]+(?:server|agent)\b" + _REST + r"[ \t]-t[ \t=]+", _WORD),
    ("suseconnect", r"\bSUSEConnect\b" + _REST + r"[ \t](?:-r|--regcode)[ \t=]+", _WORD),
    ("ldap", r"\bldap(?:search|modify|add|whoami|delete|passwd)\b" + _REST + r"[ \t](?-i:-w)[ \t]*", _WORD),
    ("smbclient", r"\bsmbclient\b" + _REST + r"[ \t](?-i:-U)[ \t]*[\"']?[^\s%\"']{1,100}%", r"([^\s\"']+)"),
    ("iscsiadm", r"\biscsiadm\b" + _REST + r"password[ \t]" + _REST + r"(?:-v|--value)[ \t=]+", _WORD),
    ("nmcli", r"\bnmcli\b" + _REST + r"\b(?:password|[\w.-]{0,40}psk|[\w.-]{0,40}wep-key\d)[ \t]+", _WORD),
    ("openssl passwd", r"\bopenssl[ \t]+passwd(?:[ \t]+-salt[ \t]+\S+|[ \t]+-\S+){0,8}[ \t]+", _WORD),
    ("htpasswd", r"\bhtpasswd[ \t]+-\w*b\w*[ \t]+(?:-\S+[ \t]+){0,4}\S+[ \t]+\S+[ \t]+", _WORD),
    (
        "curl,etcdctl,wget",
        r"(?:^|[\s\"'])(?:-u|--user|(?-i:-U)|--proxy-user)[ \t=]*[\"']?[\w.@\\-]{1,100}:",
        r"([^\s\"']+)",
    ),
)
"""Words of a line, of which one must be there, what stands before the secret, and what the secret consists of."""


@lru_cache(maxsize=len(_OPTIONS))
def _option(before: str, secret: str) -> re.Pattern[str]:
    """The pattern of a secret (2) and what stands before it (1), compiled where a line may hold it."""
    return re.compile(rf"({before})(?!~secret~|-){secret}", re.IGNORECASE)


@lru_cache(maxsize=1)
def _echoed() -> re.Pattern[str]:
    """What is written to a program that reads a password: ``echo secret | passwd --stdin root``."""
    reader = r"(?:--?[\w-]*stdin\b|\bsudo[ \t]+-S\b|\bcryptsetup\b|\bsmbpasswd\b|\bkinit\b)"
    begin = r"(\b(?:echo|printf)[ \t]+(?:-\w+[ \t]+){0,3}(?:[\"']%s(?:\\n)?[\"'][ \t]+)?)"
    return re.compile(begin + rf"(?!~secret~){_WORD}(?=\s{{0,64}}\|[^|\n]{{0,200}}{reader})")


_BEGIN = r"(?:^|[\"']|line \d{1,9}: )[\s#!;]{0,200}"
_END = r"(?!~secret~|:|=)([^\s\"';\\]+)(?=\\?[\"';]|[ \t]*$)"
_PAIRS = (
    (
        "auth_pass ,requirepass ,masterauth ,bindpw ,key-string ,password ,passphrase ,psk ",
        rf"(?i:({_BEGIN}(?:auth_pass|requirepass|masterauth|bindpw|rootbindpw|key-string|password|passphrase|psk)"
        rf"[ \t]+[\"']?){_END})",
    ),
    ("secret ,token ", rf"(?i:({_BEGIN}(?:secret|token)[ \t]+[\"']?)(?=[^\s\d]{{0,200}}\d|\S{{24}}){_END})"),
    (
        "password ,secret ,authentication-key ,md5 ,string ",
        rf"({_BEGIN}(?:neighbor|enable|ip|ipv6|isis|area|username|peer|key)\b[^\n]{{0,100}}?[ \t]"
        r"(?:password|secret|authentication-key|key-string|md5|string)[ \t]+(?:(?:\d|clear|md5)[ \t]+)?)" + _END,
    ),
    ("<", r"(?i:(<[\w:-]{0,60}(?:password|passwd|passphrase|secret|token|psk)>)(?!~secret~)([^<\s][^<]{0,400}))"),
    (
        "list",
        r"(\bchpasswd\b.{0,200}?\blist[\"']?[ \t]*:[ \t]*)(?![\"'\[]?~secret~)(\"[^\"]*\"|'[^']*'|\[[^\]]*\])",
    ),
)
"""Configuration: words of a line, of which one must be there (tabs are blanks), and the pattern of what stands before
the secret (1), and of the secret (2), which ends the line where blanks part them."""


def by_command(line: str) -> str:
    """Without the secrets that commands are given, and those of configuration with blanks for a mark."""
    lower = line.lower()
    for words, before, secret in _OPTIONS:
        if holds_any(lower, words):
            line = _option(before, secret).sub(_masked, line)
    if "|" in line:
        line = _echoed().sub(_masked, line)
    spaced = lower.replace("\t", " ")
    for words, pattern in _PAIRS:
        if holds_any(spaced, words) or not line.isascii():  # other letters may be those of a word in the other case
            line = re.sub(pattern, _masked, line)
    return line


def holds_any(line: str, words: str) -> bool:
    """Whether one of these words, between commas, is in a line."""
    return any(word in line for word in words.split(","))


def _masked(match: re.Match[str]) -> str:
    """The match with its quotes, and without what they hold; a variable of the shell is none."""
    secret = match[2]
    quote = secret[0] if secret[0] in "\"'" and len(secret) > 1 else ""
    inner = secret.strip(quote) if quote else secret
    if inner == MASK or re.fullmatch(r"\$(?:\w+|\{\w+\})", inner) or "pam_" in match[0]:
        return match[0]
    return f"{match[1]}{quote}{MASK}{quote}"
