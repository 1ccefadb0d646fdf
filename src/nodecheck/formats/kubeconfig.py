"""The certificates and keys of a kubeconfig, without anything that is secret.

client-go ``tools/clientcmd``: what stands in the file goes before the file that it names, relative paths are those of
its directory, and the current context says which cluster and which user count.
"""

from __future__ import annotations

from collections.abc import Mapping
from posixpath import dirname, join

from nodecheck.formats.tree import TreeNode, text_of
from nodecheck.record import NamedTuple
from nodecheck.text import MASK
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.formats.public_parts import PublicPart

Object = Mapping[str, TreeNode]


class PemOrFile(NamedTuple):
    """What a kubeconfig gives as text, or by the path of a file."""

    parts: tuple[PublicPart, ...] = ()
    path: str = ""
    """The file; "" where there is none."""
    malformed: str | None = None
    """Why the text cannot be read."""

    @property
    def given(self) -> bool:
        """Whether anything is."""
        return bool(self.parts or self.path or self.malformed)


class Kubeconfig(NamedTuple):
    """What counts of a kubeconfig."""

    authority: PemOrFile = PemOrFile()
    """By which the API server is trusted."""
    certificate: PemOrFile = PemOrFile()
    """Of the user. Who has a token or a plugin has none."""
    key: PemOrFile = PemOrFile()
    malformed: str | None = None
    """Why nothing of it can be read; nothing of the text is in it."""


def kubeconfig_of(raw: bytes, path: str) -> Kubeconfig:
    """A kubeconfig, without its secrets. A file of another kind has nothing."""
    from nodecheck.formats.public_parts import CERTIFICATE, PRIVATE_KEY
    from nodecheck.formats.structured import load
    from nodecheck.formats.tree import Malformation

    try:
        root = load(raw, path).root.value
    except Malformation as error:  # its words may quote the text
        return Kubeconfig(malformed=f"is not YAML{f' (line {error.line})' if error.line else ''}")
    if not isinstance(root, Mapping) or text_of(root, "kind") not in ("Config", ""):
        return Kubeconfig()
    context = _named(root, "contexts", "context", text_of(root, "current-context"))
    cluster = _named(root, "clusters", "cluster", text_of(context, "cluster"))
    user = _named(root, "users", "user", text_of(context, "user"))
    folder = dirname(path)
    return Kubeconfig(
        _given(cluster, "certificate-authority", folder, CERTIFICATE),
        _given(user, "client-certificate", folder, CERTIFICATE),
        _given(user, "client-key", folder, PRIVATE_KEY),
    )


def _named(root: Object, several: str, one: str, name: str) -> Object:
    """The entry of that name in a list; {} where there is none."""
    from nodecheck.formats.structured import mappings

    for item in mappings(root.get(several)):
        if name and text_of(item, "name") == name:
            found = item.get(one)
            return found.value if found is not None and isinstance(found.value, Mapping) else {}
    return {}


def _given(tree: Object, key: str, folder: str, kind: str) -> PemOrFile:
    """What of one kind is given; crypto/tls passes over the others that stand beside it."""
    from nodecheck.formats.der import NotDer
    from nodecheck.formats.public_parts import PublicPart, plain_base64, public_parts_of

    text = text_of(tree, f"{key}-data")
    if text == MASK:
        return PemOrFile((PublicPart(kind, left_out=True),))
    if text:
        try:
            parts = public_parts_of(plain_base64(text.encode("utf-8", "surrogateescape")))
        except NotDer as error:
            return PemOrFile(malformed=f"{key}-data {error}")
        own = tuple([part for part in parts if part.kind == kind])
        return PemOrFile(own, malformed=None if own else f"{key}-data holds no {kind} in PEM")
    path = text_of(tree, key)
    return PemOrFile(path=join(folder, path) if path else "")
