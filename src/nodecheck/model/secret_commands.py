"""Secrets in commands of scripts and units, and in configuration whose keys and values are parted by blanks.

What a command takes for a password only its own options tell: ``-p`` of ``mysql`` is one, ``-p`` of ``mkdir`` is none.
"""

from __future__ import annotations

import re
from functools import lru_cache

from nodecheck.text import MASK

_REST = r"[^|;&\n]{0,400}?"
_WORD = r"(\"[^\"]*\"|'[^']*'|[^\s\"';|&)]+)"


@lru_cache(maxsize=1)
def _options() -> tuple[tuple[tuple[str, ...], re.Pattern[str]], ...]:
    """Words of a line, of which one must be there, and what stands before the secret (1), and in it (2)."""

    def of(words: str, before: str, secret: str = _WORD) -> tuple[tuple[str, ...], re.Pattern[str]]:
        return tuple(words.split(",")), re.compile(rf"({before})(?!~secret~|-){secret}", re.IGNORECASE)

    return (
        of("mysql,mariadb", r"\b(?:mysql|mariadb)[\w-]*[ \t]" + _REST + r"(?<![\w-])(?-i:-p)"),
        of("login", r"\blogin\b" + _REST + r"[ \t]-p[ \t=]*"),
        of("useradd,usermod", r"\buser(?:add|mod)\b" + _REST + r"[ \t]-p[ \t]*"),
        of("redis-cli", r"\bredis-cli\b" + _REST + r"[ \t]-a[ \t]+"),
        of("ipmitool", r"\bipmitool\b" + _REST + r"[ \t](?-i:-P)[ \t]+"),
        of("k3s ,rke2 ", r"\b(?:k3s|rke2)[ \t]+(?:server|agent)\b" + _REST + r"[ \t]-t[ \t=]+"),
        of("suseconnect", r"\bSUSEConnect\b" + _REST + r"[ \t](?:-r|--regcode)[ \t=]+"),
        of("ldap", r"\bldap(?:search|modify|add|whoami|delete|passwd)\b" + _REST + r"[ \t](?-i:-w)[ \t]*"),
        of("smbclient", r"\bsmbclient\b" + _REST + r"[ \t](?-i:-U)[ \t]*[\"']?[^\s%\"']{1,100}%", r"([^\s\"']+)"),
        of("iscsiadm", r"\biscsiadm\b" + _REST + r"password[ \t]" + _REST + r"(?:-v|--value)[ \t=]+"),
        of("nmcli", r"\bnmcli\b" + _REST + r"\b(?:password|[\w.-]{0,40}psk|[\w.-]{0,40}wep-key\d)[ \t]+"),
        of("openssl passwd", r"\bopenssl[ \t]+passwd(?:[ \t]+-salt[ \t]+\S+|[ \t]+-\S+){0,8}[ \t]+"),
        of("htpasswd", r"\bhtpasswd[ \t]+-\w*b\w*[ \t]+(?:-\S+[ \t]+){0,4}\S+[ \t]+\S+[ \t]+"),
        of(
            "curl,etcdctl,wget",
            r"(?:^|[\s\"'])(?:-u|--user|(?-i:-U)|--proxy-user)[ \t=]*[\"']?[\w.@\\-]{1,100}:",
            r"([^\s\"']+)",
        ),
    )


@lru_cache(maxsize=1)
def _echoed() -> re.Pattern[str]:
    """What is written to a program that reads a password: ``echo secret | passwd --stdin root``."""
    reader = r"(?:--?[\w-]*stdin\b|\bsudo[ \t]+-S\b|\bcryptsetup\b|\bsmbpasswd\b|\bkinit\b)"
    begin = r"(\b(?:echo|printf)[ \t]+(?:-\w+[ \t]+){0,3}(?:[\"']%s(?:\\n)?[\"'][ \t]+)?)"
    return re.compile(begin + rf"(?!~secret~){_WORD}(?=\s{{0,64}}\|[^|\n]{{0,200}}{reader})")


@lru_cache(maxsize=1)
def _pairs() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Configuration: a word of the line, and what stands before the secret, which ends the line."""
    begin = r"(?:^|[\"']|line \d{1,9}: )[\s#!;]{0,200}"
    end = r"(?!~secret~|:|=)([^\s\"';\\]+)(?=\\?[\"';]|[ \t]*$)"
    last = r"(?:password|secret|authentication-key|key-string|md5|string)[ \t]+(?:(?:\d|clear|md5)[ \t]+)?"
    element = r"(<[\w:-]{0,60}(?:password|passwd|passphrase|secret|token|psk)>)(?!~secret~)([^<\s][^<]{0,400})"
    before = r"(\bchpasswd\b.{0,200}?\blist[\"']?[ \t]*:[ \t]*)(?![\"'\[]?~secret~)"
    router = r"(?:neighbor|enable|ip|ipv6|isis|area|username|peer|key)\b[^\n]{0,100}?[ \t]"
    keys = r"(?:auth_pass|requirepass|masterauth|bindpw|rootbindpw|key-string|password|passphrase|psk)"
    return (
        ("", re.compile(rf"({begin}{keys}[ \t]+[\"']?){end}", re.IGNORECASE)),
        ("", re.compile(rf"({begin}(?:secret|token)[ \t]+[\"']?)(?=[^\s\d]{{0,200}}\d|\S{{24}}){end}", re.IGNORECASE)),
        ("", re.compile(rf"({begin}{router}{last}){end}")),
        ("<", re.compile(element, re.IGNORECASE)),
        ("list", re.compile(before + r"(\"[^\"]*\"|'[^']*'|\[[^\]]*\])")),
    )  # fmt: skip


def by_command(line: str) -> str:
    """Without the secrets that commands are given, and those of configuration with blanks for a mark."""
    lower = line.lower()
    for words, pattern in _options():
        for word in words:
            if word in lower:
                line = pattern.sub(_masked, line)
                break
    if "|" in line:
        line = _echoed().sub(_masked, line)
    for word, pattern in _pairs():
        if word in lower:
            line = pattern.sub(_masked, line)
    return line


def _masked(match: re.Match[str]) -> str:
    """The match with its quotes, and without what they hold; a variable of the shell is none."""
    secret = match[2]
    quote = secret[0] if secret[0] in "\"'" and len(secret) > 1 else ""
    inner = secret.strip(quote) if quote else secret
    if inner == MASK or re.fullmatch(r"\$(?:\w+|\{\w+\})", inner) or "pam_" in match[0]:
        return match[0]
    return f"{match[1]}{quote}{MASK}{quote}"
