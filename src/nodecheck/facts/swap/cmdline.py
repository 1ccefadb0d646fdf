"""What the kernel's command line says of swap to systemd and to zram-generator at the next boot.

kernel-command-line(7), systemd-fstab-generator(8), systemd-gpt-auto-generator(8).
Words that begin with ``rd.`` are for the initrd alone. ``noswap`` means nothing to any of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.model.sources import JudgedSetting, Judges, Sources
from nodecheck.record import NamedTuple

_TRUE = ("1", "yes", "y", "true", "t", "on")
_FALSE = ("0", "no", "n", "false", "f", "off")

SWAP_KNOWN = 246
"""systemd.swap= came with systemd 246, and systemd-gpt-auto-generator minds it since 254."""
EXTRA_KNOWN = 254
"""systemd.swap-extra= and systemd.mount-extra= came with systemd 254."""


class ExtraSwap(NamedTuple):
    """A swap area that the command line adds."""

    spec: str
    options: str
    word: str
    """The word that adds it."""


class SwapOptions(NamedTuple):
    """The command line's say; each word is that which decides, None where none does."""

    fstab_off: str | None = None
    """``fstab=no``."""
    swap_off: str | None = None
    """``systemd.swap=0``, where this systemd knows it."""
    gpt_off: str | None = None
    """``systemd.gpt_auto=0``, or ``systemd.swap=0`` where the generator minds it."""
    zram_off: str | None = None
    """``systemd.zram=0``."""
    zram_on: str | None = None
    """``systemd.zram``: zram0 also without configuration."""
    extras: tuple[ExtraSwap, ...] = ()
    source: str | None = None
    line: int | None = None
    text: str = ""

    @classmethod
    def reads(cls) -> Sources:
        return ()

    @classmethod
    def judges(cls) -> Judges:
        return (
            JudgedSetting("fstab", ("no", "yes")),
            *[JudgedSetting(f"systemd.{name}", ("0", "1")) for name in ("swap", "gpt_auto", "zram")],
            JudgedSetting("systemd.swap-extra", ("/dev/sdz:pri=5",)),
        )

    @classmethod
    def read(cls, cmdline: BootCmdline, init: InitSystem) -> SwapOptions:
        """The options in the command line of the next boot."""
        found = swap_options(cmdline.words, init)
        return found._replace(source=cmdline.source, line=cmdline.line, text=cmdline.text)


def swap_options(words: Iterable[str], init: InitSystem) -> SwapOptions:
    """The options among the words of a command line.

    >>> swap_options(["fstab=no", "noswap", "systemd.swap=0"], InitSystem(version=219))
    SwapOptions(fstab_off='fstab=no', swap_off=None, gpt_off=None, zram_off=None, zram_on=None, extras=(), \
source=None, line=None, text='')
    """
    words = tuple(words)
    swap = _switch(words, "systemd.swap") if init.at_least(SWAP_KNOWN) else None
    swap_off = swap[1] if swap is not None and not swap[0] else None
    zram = _zram(words)
    return SwapOptions(
        _off(words, "fstab"),
        swap_off,
        _off(words, "systemd.gpt_auto") or (swap_off if init.at_least(254) else None),
        None if zram is None or zram[0] else zram[1],
        zram[1] if zram is not None and zram[0] else None,
        tuple(_extras(words)) if init.at_least(EXTRA_KNOWN) else (),
    )


def _switch(words: tuple[str, ...], key: str) -> tuple[bool, str] | None:
    """The last word that sets a boolean, and its value; a bare key means yes, what is no boolean is ignored."""
    found = None
    for word in words:
        name, equals, value = word.partition("=")
        if name.replace("-", "_") == key.replace("-", "_"):
            value = value.lower()
            if not equals or value in _TRUE:
                found = (True, word)
            elif value in _FALSE:
                found = (False, word)
    return found


def _off(words: tuple[str, ...], key: str) -> str | None:
    found = _switch(words, key)
    return found[1] if found is not None and not found[0] else None


def _zram(words: tuple[str, ...]) -> tuple[bool, str] | None:
    """zram-generator's own reading (src/config.rs): the last of these spellings, case-sensitive."""
    found = None
    for word in words:
        name, equals, value = word.partition("=")
        if name == "systemd.zram":
            if not equals or value in ("1", "yes", "true", "on"):
                found = (True, word)
            elif value in ("0", "no", "false", "off"):
                found = (False, word)
    return found


def _extras(words: tuple[str, ...]) -> Iterable[ExtraSwap]:
    """Areas of ``systemd.swap-extra=WHAT[:OPTIONS]`` and of ``systemd.mount-extra=WHAT:WHERE:swap[:OPTIONS]``.

    With ``rd.`` the initrd activates them, and they stay on (swap units ignore isolation, src/core/swap.c).
    """
    for word in words:
        key, _, value = word.partition("=")
        key = key.removeprefix("rd.")
        parts = value.split(":")
        if key == "systemd.swap-extra" and 1 <= len(parts) <= 2 and parts[0]:
            yield ExtraSwap(parts[0], "".join(parts[1:]), word)
        elif key == "systemd.mount-extra" and 3 <= len(parts) <= 4 and parts[0] and parts[2] == "swap":
            yield ExtraSwap(parts[0], "".join(parts[3:]), word)
