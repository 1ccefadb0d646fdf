"""A capture with other names, addresses and ids, from which the same verdicts follow."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from nodecheck.capturing.addresses import OtherAddresses
from nodecheck.capturing.image import Failure, Image, PathEntry
from nodecheck.capturing.names import FLAG, HOST_FILES, KEPT_LABELS, Names, is_person, names_of, rebuilt
from nodecheck.capturing.net_tables import table_at
from nodecheck.capturing.permute import RedactKey
from nodecheck.errors import FactError
from nodecheck.host.base import Completed, Question, Uname
from nodecheck.host.netlink.rows import AddressRow, RouteRow
from nodecheck.text import decode, encode
from nodecheck.typed import Any

_PACKAGES = (
    "/var/lib/dpkg/", "/var/lib/rpm/", "/usr/lib/sysimage/", "/lib/apk/", "/var/lib/pacman/", "/usr/lib/modules/",
    "/lib/modules/", "/etc/os-release", "/usr/lib/os-release",
)  # fmt: skip
"""Where four numbers with dots between them are a version."""

_VERSIONS = ("--version", "version", "-V", "-v", "-qa", "rpm", "dpkg-query")

_WORDS_OF_PROCESSES = re.compile(r"/proc/(?:[0-9]+|self|thread-self)/(?:cmdline|environ|comm)")


def redacted(image: Image, key: RedactKey, table: dict[str, str]) -> Image:
    """Another image; ``table`` gets what became what."""
    return _Redactor(image, key, table).image()


class _Redactor:
    def __init__(self, image: Image, key: RedactKey, table: dict[str, str]) -> None:
        self._image = image
        self._key = key
        self._table = table
        self._addresses = OtherAddresses(key, table)
        self._names = names_of(image)
        self._everywhere = _words(self._names, self._names.common)
        self._in_places = _words(self._names, frozenset())
        self._ids = _ids(self._names.ids)
        self.component = lru_cache(maxsize=1 << 16)(self.text)

    def image(self) -> Image:
        """All of it anew."""
        origin = self._image.origin
        image = Image(origin._replace(path=self.path(origin.path), redacted=True))
        for path, entry in self._image.entries.items():
            image.entries[self.path(path)] = self._entry(path, entry)
        for question, answer in self._image.answers.items():
            image.answers[self._question(question)] = self._answer(question, answer)
        return image

    # -- texts

    def text(self, text: str) -> str:
        """A text with other names and addresses."""
        return self._addresses.text(self.named(text))

    def named(self, text: str) -> str:
        """A text with other names, of the same length."""
        text = text if self._ids is None else self._ids.sub(self._id, text)
        text = text if self._everywhere is None else self._everywhere.sub(self._name, text)
        return FLAG.sub(self._flag, text) if self._names.common else text

    def path(self, path: str) -> str:
        """A path, name by name."""
        return "/".join([self.component(name) if name else name for name in path.split("/")])

    def _flag(self, found: re.Match[str]) -> str:
        return found[1] + (self._name_of(found[2]) if found[2].lower() in self._names.common else found[2])

    def _name(self, found: re.Match[str]) -> str:
        return self._name_of(found[0])

    def _name_of(self, name: str) -> str:
        """Label by label: what ends in the same domain still does."""
        labels = [label if label.lower() in KEPT_LABELS else self._key.word("name", label) for label in name.split(".")]
        return self._kept(name, ".".join(labels))

    def _id(self, found: re.Match[str]) -> str:
        text = found[0]
        if re.fullmatch("[0-9a-fA-F-]+", text):
            return self._kept(text, self._key.hexadecimal("id", text))
        return self._kept(text, self._key.word("id", text))

    def _kept(self, text: str, found: str) -> str:
        if text != found:
            self._table[text] = found
        return found

    # -- entries

    def _entry(self, path: str, entry: PathEntry) -> PathEntry:
        found = PathEntry(entry.kind)
        found.info, found.over = entry.info, entry.over
        found.tells_links, found.links = entry.tells_links, entry.links
        found.target = None if entry.target is None else self.path(entry.target)
        if entry.names is not None:
            found.names = tuple(sorted([self.component(name) for name in entry.names], key=encode))
        found.failures = {verb: self._failure(failure) for verb, failure in entry.failures.items()}
        if entry.content is not None:
            found.content = self._content(path, entry.content)
            if entry.info is not None and entry.info.size == len(entry.content):
                found.info = entry.info._replace(size=len(found.content))
        parts = [part._replace(content=self._content(path, part.content)) for part in entry.ranges]
        found.ranges = tuple([new for old, new in zip(entry.ranges, parts) if len(old.content) == len(new.content)])
        return found

    def _failure(self, failure: Failure) -> Failure:
        return failure._replace(detail=self.text(failure.detail))

    def _content(self, path: str, content: bytes) -> bytes:
        text = decode(content)
        if "\0" in text[:4096] and not _WORDS_OF_PROCESSES.fullmatch(path):
            return encode(self.named(text))
        if path in HOST_FILES and self._in_places is not None:
            text = self._in_places.sub(self._name, text)
        if path in ("/etc/passwd", "/etc/passwd-", "/etc/group"):
            text = "\n".join([self._user_line(line) for line in text.split("\n")])
        net_table = table_at(path)
        if net_table is not None:
            return encode(net_table(self.named(text), self._addresses))
        return encode(self.named(text) if path.startswith(_PACKAGES) else self.text(text))

    def _user_line(self, line: str) -> str:
        """A line of passwd(5) or group(5): names of people, what they are called, and their folders."""
        fields = line.split(":")
        if len(fields) == 4:
            fields[0] = self._user(fields[0])
            fields[3] = ",".join([self._user(name) for name in fields[3].split(",")])
        elif len(fields) > 5 and fields[2].isdigit() and is_person(int(fields[2])):
            fields[0] = self._user(fields[0])
            fields[4] = self._kept(fields[4], self._key.word("person", fields[4]))
            fields[5] = "/".join([self._user(name) for name in fields[5].split("/")])
        return ":".join(fields)

    def _user(self, name: str) -> str:
        """A name that is replaced in such places alone; the other ones are replaced everywhere."""
        known = self._names.users & self._names.common
        return self._name_of(name) if name.lower() in known else name

    # -- answers

    def _question(self, question: Question) -> Question:
        return Question(question.verb, tuple([self._value(item) for item in question.arguments]))

    def _answer(self, question: Question, answer: Any) -> Any:
        if question.verb == "run" and isinstance(answer, Completed):
            return self._completed(answer)
        if isinstance(answer, Uname):
            node = answer.node if self._in_places is None else self._in_places.sub(self._name, answer.node)
            return answer._replace(node=node)
        return self._value(answer)

    def _completed(self, answer: Completed) -> Completed:
        is_version = answer.argv[0].rpartition("/")[2] in _VERSIONS or any(
            word in _VERSIONS for word in answer.argv[1:]
        )
        text = self.named if is_version else self.text
        argv = tuple([self._value(word) for word in answer.argv])
        return answer._replace(argv=argv, stdout=text(answer.stdout), stderr=text(answer.stderr))

    def _value(self, value: Any) -> Any:
        """A part of a question or an answer."""
        if isinstance(value, str):
            return self.path(value) if value.startswith("/") else self.text(value)
        if isinstance(value, bytes):
            return encode(self.named(decode(value)))
        if isinstance(value, FactError):
            return rebuilt(value, self._value)
        if isinstance(value, (RouteRow, AddressRow)):
            return self._network(value)
        if isinstance(value, tuple):
            items = [self._value(item) for item in value]
            return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
        return value

    def _network(self, row: Any) -> Any:
        """A row whose network is named by an address and a length."""
        name = "destination" if isinstance(row, RouteRow) else "address"
        held, length, addresses = getattr(row, name), row.prefix_length, self._addresses
        changed = {field: self._value(item) for field, item in zip(row._fields, row) if field != name}
        if isinstance(held, str) and ":" in held:
            changed[name] = addresses.ipv6(held, length)
        elif isinstance(held, str):
            changed[name] = addresses.text(f"{held}/{length}").partition("/")[0]
        return row._replace(**changed)


def _words(names: Names, common: frozenset[str]) -> re.Pattern[str] | None:
    """Matches names of hosts and people by whole words, and all that ends in a domain of theirs."""
    plain = {name for name in (names.hosts | names.users) - common if name.isalpha()}
    others = (names.hosts | names.users) - common - plain
    forms = []
    if names.domains:
        forms.append(rf"(?<![A-Za-z0-9])(?:[A-Za-z0-9_-]+\.){{0,8}}(?:{_listed(names.domains)})(?![A-Za-z0-9])")
    if others:
        forms.append(rf"(?<![A-Za-z0-9])(?:{_listed(others)})(?![A-Za-z0-9])")
    if plain:  # a dash makes another word of a word: "api" is none in "kube-api-server"
        forms.append(rf"(?<![\w-])(?:{_listed(plain)})(?![\w-])")
    return re.compile("|".join(forms), re.IGNORECASE) if forms else None


def _listed(words: Iterable[str]) -> str:
    """An expression for one of these words, the longest first."""
    return "|".join([re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word))])


def _ids(words: frozenset[str]) -> re.Pattern[str] | None:
    return re.compile(f"(?<![0-9A-Za-z])(?:{_listed(words)})(?![0-9A-Za-z])", re.IGNORECASE) if words else None
