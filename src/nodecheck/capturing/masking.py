"""What of a file never goes into a capture: secrets. The rest stays to the letter, so that it is read as before."""

from __future__ import annotations

import re

from nodecheck.model.secrets import masked, masked_bytes

_PROCESS = re.compile(r"/proc/(?:[0-9]+|self|thread-self)/(environ|cmdline)")

_SECRET_FILE = re.compile(
    r"(?:.*\.key|.*/g?shadow-?|.*/(?:.*\.)?kubeconfig|/etc/kubernetes/(?:super-)?[a-z-]+\.conf"
    r"|.*/\.docker/config\.json|.*/\.dockercfg|/var/lib/kubelet/config\.json|.*/containers/auth\.json"
    r"|.*/\.kube/config|/sys/.*/product_uuid|/sys/.*/net/[^/]+/address)"
)
"""Files of which everything is secret: keys, hashes of passwords, kubeconfigs, what registries are logged into with,
the UUID of the machine, which only root may know, and hardware addresses, of which netlink's rows have derived ones."""


def is_secret_file(path: str) -> bool:
    """Whether nothing of a file may be kept.

    >>> is_secret_file("/etc/shadow"), is_secret_file("/etc/kubernetes/admin.conf"), is_secret_file("/etc/fstab")
    (True, True, False)
    """
    return _SECRET_FILE.fullmatch(path) is not None


def without_secrets(path: str, content: bytes) -> bytes:
    r"""The content of a file as a capture holds it.

    >>> without_secrets("/proc/1/environ", b"container=lxc\0TOKEN=x\0"), without_secrets("/etc/x", b"token: abc\n")
    (b'container=lxc\x00', b'token: ~secret~\n')
    """
    process = _PROCESS.fullmatch(path) if path.startswith("/proc/") else None
    if process is not None:
        return _environment(content) if process[1] == "environ" else _arguments(content)
    if b"\0" in content[:4096]:  # bytes of a database are no lines
        return content
    if content in _CLEAN:
        return content
    found = masked_bytes(content)
    if found is content:
        _keep(content)
    return found


MOST_CLEAN = 2 << 20
"""Bytes of contents that are known to hold no secret."""

_CLEAN: dict[bytes, None] = {}
"""Those, for who sees them again: a file is read with several bounds, and nodes have the same files."""

_room = [MOST_CLEAN]


def _keep(content: bytes) -> None:
    size = len(content) + 100
    if size <= _room[0]:
        _room[0] -= size
        _CLEAN[content] = None


def forget_clean() -> None:
    """Know no content any more."""
    _CLEAN.clear()
    _room[0] = MOST_CLEAN


def _environment(content: bytes) -> bytes:
    """The variable by which a container says what it is (systemd's CONTAINER_INTERFACE), of all that a process has."""
    return b"".join([word + b"\0" for word in content.split(b"\0") if word.startswith(b"container=")])


def _arguments(content: bytes) -> bytes:
    """The arguments of a process; its program and the first word that is no option where they hold a secret."""
    words = content.decode("utf-8", "surrogateescape").split("\0")
    line = " ".join(words)
    if masked(line) == line and not any(masked(word) != word for word in words):
        return content
    kept = words[:1] + [word for word in words[1:] if word and not word.startswith("-")][:1]
    return "".join([f"{word}\0" for word in kept if masked(word) == word]).encode("utf-8", "surrogateescape")
