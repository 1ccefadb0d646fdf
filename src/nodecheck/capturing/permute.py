"""Words and numbers by others of the same shape, under a key: each by one, and no two by the same."""

from __future__ import annotations

from functools import lru_cache

ROUNDS = 8
MOST_LETTERS = 48
"""Of a word that is taken as one number; longer ones are taken in parts."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"
_HEX = "0123456789abcdef"


class RedactKey:
    """A secret, and what follows from it. Who lacks it cannot go back."""

    def __init__(self, secret: bytes) -> None:
        self.secret = secret
        self.number = lru_cache(maxsize=1 << 16)(self._number)

    def _number(self, text: str) -> int:
        from hmac import digest

        return int.from_bytes(digest(self.secret, text.encode("utf-8", "surrogatepass"), "sha256"), "big")

    def permuted(self, kind: str, value: int, size: int) -> int:
        """Another number below ``size``: a Feistel network, walked until the number is small enough."""
        if size < 2:
            return value
        half = (max(2, (size - 1).bit_length()) + 1) // 2
        mask = (1 << half) - 1
        while True:
            left, right = value >> half, value & mask
            for turn in range(ROUNDS):
                left, right = right, left ^ (self.number(f"{kind}\0{size}\0{turn}\0{right}") & mask)
            value = left << half | right
            if value < size:
                return value

    def word(self, kind: str, text: str) -> str:
        """Letter for letter and digit for digit; all else, and what is upper case, stays.

        >>> found = RedactKey(b"key").word("name", "Node-01")
        >>> found != "Node-01", found[0].isupper(), found[1:4].islower(), found[4], found[5:].isdigit(), len(found)
        (True, True, True, '-', True, 7)
        """
        return "".join(self._part(kind, text[at : at + MOST_LETTERS], at) for at in range(0, len(text), MOST_LETTERS))

    def _part(self, kind: str, text: str, at: int) -> str:
        alphabets = [_alphabet(char) for char in text]
        return self._spelled(f"{kind}\0{at}\0{_shape(text)}", text, alphabets)

    def hexadecimal(self, kind: str, text: str) -> str:
        """Hexadecimal digits by others; dashes and what is upper case stay.

        >>> found = RedactKey(b"key").hexadecimal("id", "0123-4567-89ab-CDEF")
        >>> len(found), found.count("-"), found[-4:].upper() == found[-4:]
        (19, 3, True)
        """
        if len(text) > MOST_LETTERS:
            return text[:0].join(self.hexadecimal(f"{kind}{at}", text[at : at + 32]) for at in range(0, len(text), 32))
        alphabets = [_HEX if char.lower() in _HEX else "" for char in text]
        return self._spelled(f"{kind}\0{len(text)}", text, alphabets)

    def _spelled(self, kind: str, text: str, alphabets: list[str]) -> str:
        value, size = 0, 1
        for char, alphabet in zip(text, alphabets):
            if alphabet:
                value, size = value * len(alphabet) + alphabet.index(char.lower()), size * len(alphabet)
        value = self.permuted(kind, value, size)
        found: list[str] = []
        for char, alphabet in zip(text[::-1], alphabets[::-1]):
            if not alphabet:
                found.append(char)
                continue
            value, digit = divmod(value, len(alphabet))
            found.append(alphabet[digit].upper() if char.isupper() else alphabet[digit])
        return "".join(found[::-1])


def _alphabet(char: str) -> str:
    if not char.isascii():
        return ""
    return _DIGITS if char.isdigit() else _LETTERS if char.isalpha() else ""


def _shape(text: str) -> str:
    """The same for words of the same shape, upper case or not."""
    return "".join("9" if char in _DIGITS else "a" if char.lower() in _LETTERS else char for char in text)
