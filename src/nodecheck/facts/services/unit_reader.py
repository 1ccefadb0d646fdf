"""How a node's systemd reads the words of its units: the quoting of its release, and specifiers.

Until 220 ``ExecStart=`` was split by ``split()`` of ``src/shared/util.c``, which takes a quote only at a word's
beginning, and only where a blank follows the closing one (systemd/systemd#44, #624); ``Environment=`` until 228. RHEL 7
and CentOS 7 have 219.
"""

from __future__ import annotations

import re

from nodecheck.facts.services.surroundings import NextBoot, Surroundings
from nodecheck.facts.services.unit_specifiers import HOSTNAME, MACHINE_ID, expanded
from nodecheck.facts.services.unit_words import Unbalanced, old_words, split_words
from nodecheck.host import Host
from nodecheck.model.sources import File, Sources
from nodecheck.record import NamedTuple

ENVIRONMENT_SINCE = 229
"""From this systemd on quotes count anywhere in ``Environment=``."""


class UnitReader(NamedTuple):
    """The system manager of a node, as far as the words of its units go."""

    around: Surroundings

    @classmethod
    def reads(cls) -> Sources:
        return (File(HOSTNAME), File(MACHINE_ID))

    @classmethod
    def read(cls, host: Host, boot: NextBoot) -> UnitReader:
        """Nothing is read yet."""
        return cls(boot.on(host))

    def words(self, value: str, since: int) -> tuple[str, ...]:
        """The words of a setting whose quoting is the present one from a release of systemd on.

        Raises Unbalanced for a line of which systemd takes none, as the words that come before are told by it.
        """
        init = self.around.init
        return split_words(value) if not init.is_systemd or init.at_least(since) else old_words(value)

    def assignments(self, value: str) -> tuple[str, ...]:
        """The words of ``Environment=``: an old systemd takes those before one that it cannot read."""
        try:
            return self.words(value, ENVIRONMENT_SINCE)
        except Unbalanced as error:
            return error.words

    def meant(self, value: str, unit: str) -> str | None:
        """A word with its specifiers replaced; None where one of them is not told by files.

        Of a unit that is no instance of a template ``%i`` and ``%I`` are empty.
        """
        if "@" not in unit:
            value = re.sub("%(.)", lambda found: "" if found[1] in "iI" else found[0], value)
        return expanded(self.around, value, unit)
