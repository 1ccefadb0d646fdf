"""Fixes that change the command line of the next boot, by who owns it."""

from __future__ import annotations

from nodecheck import facts
from nodecheck.checking import Lazy
from nodecheck.errors import FactError
from nodecheck.facts import BootCmdline, OsRelease
from nodecheck.facts.boot.cmdline import split_words
from nodecheck.facts.kernel.controllers import MEMORY, old_name
from nodecheck.fix import MANUAL, Fix, Step, command, edit, manual
from nodecheck.record import NamedTuple

GRUBBY = ("rhel", "centos", "rocky", "almalinux", "ol", "fedora")
"""Distributions whose boot entries grubby writes."""
_UPDATE_GRUB = ("debian", "ubuntu")
_ENABLE = "cgroup_enable=memory"
_KEYS = ("cgroup_disable", "cgroup_no_v1")


class BootOwner(NamedTuple):
    """Who owns the words of the next boot."""

    cmdline: Lazy[BootCmdline]
    grub: Lazy[facts.GrubDefaults]
    os_release: Lazy[OsRelease]

    def controller_on(self, name: str) -> Fix:
        """Turn a controller on: no word takes it away, and a Raspberry Pi is told to keep memory."""
        title = f"Turn the {name} controller on"
        try:
            cmdline, release = self.cmdline(), self.os_release().id
        except FactError:
            return _by_hand(title, name)
        steps: tuple[Step, ...] | None
        barring = _barring(cmdline.kernel_words, name)
        if (cmdline.source or "").endswith("/cmdline.txt"):
            steps = _on_raspberry(cmdline, name, barring)
        elif not barring:
            steps = None
        elif release in GRUBBY:
            steps = _by_grubby(barring, name)
        else:
            steps = self._by_update_grub(barring, name) if release in _UPDATE_GRUB else None
        return _by_hand(title, name) if not steps else Fix(title, steps, reboot=True)

    def _by_update_grub(self, barring: list[str], name: str) -> tuple[Step, ...]:
        """Edits of the lines that hold the words, all of them or none, and a new configuration made of them."""
        edits: list[Step] = []
        for word in barring:
            found = list(self.grub().without(word))
            if not found:
                return ()
            edits += [edit(line.path, line.text, _with_rest(line.text, left, word, name)) for line, left in found]
        return (*edits, command("update-grub"))


def _with_rest(line: str, left: str, word: str, name: str) -> str:
    """The line with what the word says of other controllers."""
    rest = _rest(word, name)
    return left if rest is None else line.replace(word, rest)


def _by_grubby(barring: list[str], name: str) -> tuple[Step, ...]:
    kept = [rest for word in barring if (rest := _rest(word, name)) is not None]
    given = [f"--args={' '.join(kept)}"] if kept else []
    return (command("grubby", "--update-kernel=ALL", f"--remove-args={' '.join(barring)}", *given),)


def _on_raspberry(cmdline: BootCmdline, name: str, barring: list[str]) -> tuple[Step, ...]:
    words = [word if word not in barring else _rest(word, name) for word in split_words(cmdline.text)]
    if name == MEMORY and _ENABLE not in words:
        words.append(_ENABLE)
    line = " ".join([word for word in words if word])
    if '"' in cmdline.text or line == cmdline.text or cmdline.source is None:
        return ()
    return (edit(cmdline.source, cmdline.text, line),)


def _barring(words: tuple[str, ...], name: str) -> list[str]:
    """The words that take a controller away."""
    names = {name, old_name(name)}
    told = [(word, *word.partition("=")[::2]) for word in words]
    return [word for word, key, value in told if key in _KEYS and names & set(value.split(","))]


def _rest(word: str, name: str) -> str | None:
    """What is left of a word without a controller; None: nothing.

    >>> _rest("cgroup_disable=cpu,memory", "memory"), _rest("cgroup_disable=memory", "memory")
    ('cgroup_disable=cpu', None)
    """
    key, _, value = word.partition("=")
    left = [one for one in value.split(",") if one not in (name, old_name(name))]
    return f"{key}={','.join(left)}" if left else None


def _by_hand(title: str, name: str) -> Fix:
    more = f", on a Raspberry Pi add {_ENABLE} to the one line of cmdline.txt" if name == MEMORY else ""
    text = (
        f"Take {name} out of {'= and '.join(_KEYS)}= on the kernel's command line (EL: grubby --remove-args; Debian:"
        f" /etc/default/grub and update-grub){more}, or boot a kernel that is built with the controller, and reboot"
    )
    return Fix(title, (manual(text),), MANUAL, reboot=True)
