"""The certificates of a node's components and the public parts of their keys, where kubeadm and the kubelet keep them.

kubeadm ``cmd/kubeadm/app/phases/certs/certlist.go`` (names and places), ``phases/certs/renewal/manager.go`` (what it
renews), ``constants.go``; the kubelet ``cmd/kubelet/app/server.go`` (``InitializeTLS``), client-go
``util/certificate/certificate_store.go`` (``kubelet-client-current.pem``, a link to the newest).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from posixpath import dirname

from nodecheck.errors import Absent, FactError, TooLarge
from nodecheck.facts.kubelet.config import KubeletConfig
from nodecheck.facts.kubelet.given import KUBEADM_CONFIGS
from nodecheck.facts.kubelet.places import KUBECONFIGS
from nodecheck.host import Host, exists, names_in
from nodecheck.host.base import text_or_none
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Call, File, Named, Sources, Tree
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.formats.kubeconfig import Kubeconfig, PemOrFile
    from nodecheck.formats.public_parts import PublicPart

KUBERNETES = "/etc/kubernetes"
PKI = f"{KUBERNETES}/pki"
"""kubeadm's ``certificatesDir`` where nothing else is said."""
API_SERVER = f"{KUBERNETES}/manifests/kube-apiserver.yaml"
CERT_DIR = "/var/lib/kubelet/pki"
"""The kubelet's ``--cert-dir`` where nothing else is said."""

API_SERVER_PAIRS = (
    ("tls-cert-file", "tls-private-key-file"), ("kubelet-client-certificate", "kubelet-client-key"),
    ("proxy-client-cert-file", "proxy-client-key-file"), ("etcd-certfile", "etcd-keyfile"), ("client-ca-file", ""),
    ("requestheader-client-ca-file", ""), ("etcd-cafile", ""),
)  # fmt: skip
"""Flags of kube-apiserver that name a certificate and its key, or an authority."""

RENEWED = {
    "apiserver.crt": ("apiserver", "ca.key"),
    "apiserver-kubelet-client.crt": ("apiserver-kubelet-client", "ca.key"),
    "apiserver-etcd-client.crt": ("apiserver-etcd-client", "etcd/ca.key"),
    "front-proxy-client.crt": ("front-proxy-client", "front-proxy-ca.key"),
    "etcd/server.crt": ("etcd-server", "etcd/ca.key"),
    "etcd/peer.crt": ("etcd-peer", "etcd/ca.key"),
    "etcd/healthcheck-client.crt": ("etcd-healthcheck-client", "etcd/ca.key"),
}
"""Below ``certificatesDir``: what ``kubeadm certs renew`` calls it, and the key by which it is signed."""
AUTHORITIES = ("ca.crt", "front-proxy-ca.crt", "etcd/ca.crt")
RENEWED_KUBECONFIGS = ("admin.conf", "super-admin.conf", "controller-manager.conf", "scheduler.conf")
SERVICE_ACCOUNTS = ("sa.pub", "sa.key")

KUBEADM = "kubeadm"
"""``kubeadm certs renew`` makes it anew."""
AUTHORITY = "authority"
CLIENT, SERVING = "kubelet client", "kubelet serving"
"""The kubelet asks for a new one itself."""
SELF_SIGNED = "self-signed"
"""The kubelet made it once, and never again."""
GIVEN = "given"
"""Named by a configuration; somebody else makes it."""
ACCOUNTS = "service accounts"
"""A public key alone, which does not expire: kube-apiserver's for the tokens of service accounts."""
EXTERNAL = "external etcd"
"""kubeadm wants it before it makes or joins a control plane."""
OTHER = "other"
"""Lies among kubeadm's, and nobody is known to read it."""

MOST_FILES = 256
"""Certificates in kubeadm's directory: it makes ten."""

CURRENT_CLIENT, CURRENT_SERVING = "kubelet-client-current.pem", "kubelet-server-current.pem"


class Credential(NamedTuple):
    """The certificates of one file, with the key that belongs to the first."""

    path: str
    use: str
    """One of the words above."""
    name: str = ""
    """What ``kubeadm certs renew`` calls it; "" where it does not renew it."""
    certificates: tuple[PublicPart, ...] = ()
    authorities: tuple[PublicPart, ...] = ()
    """Of a kubeconfig: by which the API server is trusted."""
    malformed: str | None = None
    """Why its components cannot read it."""
    error: FactError | None = None
    """Why it cannot be read here."""
    key_path: str = ""
    """"" where no key belongs to it, or nobody knows which."""
    key: PublicPart | None = None
    key_error: FactError | None = None
    secret: bool = False
    """It is a kubeconfig, which the capture of a collector has not."""
    signer: bool = True
    """The key of its authority is on this node, so that kubeadm can renew it here."""


class Certificates(NamedTuple):
    """The certificates that this node's components use."""

    now_s: int = 0
    """Seconds since 1970, by the node's clock."""
    found: tuple[Credential, ...] = ()
    folder: str = PKI
    """kubeadm's ``certificatesDir``."""
    hidden: tuple[FactError, ...] = ()
    """Why others could not be looked for."""

    @classmethod
    def reads(cls) -> Sources:
        return (
            Call("wall_clock"),
            *[Tree(folder, pattern) for folder in (PKI, f"{PKI}/etcd") for pattern in ("*.crt", "*.key")],
            File(f"{PKI}/{SERVICE_ACCOUNTS[0]}"),
            *[File(f"{KUBERNETES}/{name}") for name in RENEWED_KUBECONFIGS],
            *map(File, (API_SERVER, *KUBEADM_CONFIGS, *KUBECONFIGS)),
            *[File(f"{CERT_DIR}/{name}") for name in (CURRENT_CLIENT, CURRENT_SERVING, "kubelet.crt", "kubelet.key")],
            Named("flags of kube-apiserver that name certificates, or certificatesDir and etcd.external of kubeadm"),
            Named("kubeconfig, cert-dir, tlsCertFile, tlsPrivateKeyFile, clientCAFile of the kubelet"),
            Named("client-certificate, client-key, certificate-authority of kubeconfigs"),
        )

    @classmethod
    def read(cls, host: Host, kubelet: Lazy[KubeletConfig]) -> Certificates:
        """Look into each place; what cannot be read is told beside what can. Raises NotCaptured where no time is."""
        looker = _CertificateLooker(host)
        folder = looker.kubeadm()
        looker.kubelet(kubelet)
        return cls(host.wall_clock(), tuple(looker.found.values()), folder, tuple(looker.hidden))


class _CertificateLooker:
    """Goes through the places. A file is kept once, by its path."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.found: dict[str, Credential] = {}
        self.hidden: list[FactError] = []
        self._signs = False
        self._keys: Mapping[str, str] = {}

    def kubeadm(self) -> str:
        """Its directory, and the kubeconfigs of the control plane."""
        place = Placed()
        try:
            place = placed(self._host)
        except FactError as error:  # the usual one is judged
            self.hidden.append(error)
        self._keys = {path: key for path, key in place.pairs if key}
        try:
            self._pki(place.folder)
        except FactError as error:
            self.hidden.append(error)
        for path, key in place.pairs:
            self._file(path, GIVEN if key else AUTHORITY, key)
        for path, key in place.external:
            self._file(path, EXTERNAL, key)
        for name in RENEWED_KUBECONFIGS:
            self._kubeconfig(f"{KUBERNETES}/{name}", KUBEADM, name)
        return place.folder

    def kubelet(self, config: Lazy[KubeletConfig]) -> None:
        """Its kubeconfig, and its client's and its serving certificates."""
        try:
            found = config()
            if not found.present:
                return
            own = found.kubeconfig.value if found.kubeconfig is not None else KUBECONFIGS[0]
            bootstrap = found.bootstrap_kubeconfig
            if not self._kubeconfig(own, GIVEN) and bootstrap is not None:
                self._kubeconfig(bootstrap.value, GIVEN)
            values = {name: found.setting(name).value for name in _SETTINGS}
            self._of_kubelet({name: value for name, value in values.items() if isinstance(value, str)})
            folder = str(values["cert-dir"] or CERT_DIR).rstrip("/")
            self._file(f"{folder}/{CURRENT_CLIENT}", CLIENT, f"{folder}/{CURRENT_CLIENT}", named=False)
            if values["serverTLSBootstrap"] is True:
                self._file(f"{folder}/{CURRENT_SERVING}", SERVING, f"{folder}/{CURRENT_SERVING}", named=False)
            elif not values["tlsCertFile"]:
                self._file(f"{folder}/kubelet.crt", SELF_SIGNED, f"{folder}/kubelet.key", named=False)
        except FactError as error:
            self.hidden.append(error)

    def _of_kubelet(self, values: Mapping[str, str]) -> None:
        """Files that its configuration names."""
        served, key, trusted = [values.get(name, "") for name in _SETTINGS[:3]]
        if served.startswith("/"):
            self._file(served, GIVEN, key if key.startswith("/") else "")
        if trusted.startswith("/"):
            self._file(trusted, AUTHORITY)

    def _pki(self, folder: str) -> None:
        names = [*names_in(self._host, folder), *[f"etcd/{name}" for name in names_in(self._host, f"{folder}/etcd")]]
        self._signs = "ca.key" in names
        certificates = [name for name in names if name.endswith(".crt")]
        if len(certificates) > MOST_FILES:
            raise TooLarge(folder, f"has {len(certificates)} certificates, more than the {MOST_FILES} that are read")
        for name in certificates:
            self._of_pki(folder, name, names)
        if set(SERVICE_ACCOUNTS) <= set(names):
            public, private = [f"{folder}/{name}" for name in SERVICE_ACCOUNTS]
            self._file(public, ACCOUNTS, private)

    def _of_pki(self, folder: str, name: str, names: list[str]) -> None:
        renewed, signer = RENEWED.get(name, ("", ""))
        use = KUBEADM if renewed else AUTHORITY if name in AUTHORITIES else OTHER
        key = f"{name[:-4]}.key"
        key_path = f"{folder}/{key}" if use == KUBEADM or key in names else ""
        self._file(f"{folder}/{name}", use, key_path, renewed, signer in names)

    def _file(
        self, path: str, use: str, key_path: str = "", name: str = "", signer: bool = True, named: bool = True
    ) -> None:
        """One file, and its key: the one that kube-apiserver's manifest names with it goes first.

        What is not ``named`` by a configuration need not be there.
        """
        from nodecheck.formats.public_parts import CERTIFICATE, PUBLIC_KEY

        if path in self.found or not (named or self._is_there(path)):
            return
        found = Credential(path, use, name, key_path=self._keys.get(path, key_path), signer=signer)
        try:
            parts = self._host.public_parts(path)
        except FactError as error:
            self.found[path] = found._replace(error=error)
            return
        own = tuple([part for part in parts if part.kind == (PUBLIC_KEY if use == ACCOUNTS else CERTIFICATE)])
        self.found[path] = self._with_key(found._replace(certificates=own))

    def _is_there(self, path: str) -> bool:
        try:
            return exists(self._host, path)
        except FactError:
            return True  # the file itself says why it cannot be read

    def _with_key(self, found: Credential) -> Credential:
        """The same with the first key of its file: crypto/tls takes that."""
        if not found.key_path:
            return found
        try:
            parts = self._host.public_parts(found.key_path)
        except FactError as error:
            return found._replace(key_error=error)
        return _keyed(found, parts)

    def _kubeconfig(self, path: str, use: str, name: str = "") -> bool:
        """A kubeconfig and the files that it names; whether it is there."""
        try:
            config = self._host.kubeconfig(path)
        except Absent:
            return False
        except FactError as error:
            self.found[path] = Credential(path, use, name, error=error, secret=True)
            return True
        self._of_kubeconfig(path, use, name, config)
        return True

    def _of_kubeconfig(self, path: str, use: str, name: str, config: Kubeconfig) -> None:
        certificate, authority, key = config.certificate, config.authority, config.key
        wrong = config.malformed or certificate.malformed or authority.malformed
        found = Credential(path, use, name, certificate.parts, authority.parts, wrong, signer=self._signs)
        if certificate.parts:
            found = self._key_of(found, key)
        elif certificate.path:
            current = certificate.path.endswith(f"/{CURRENT_CLIENT}")
            self._file(certificate.path, CLIENT if current else GIVEN, key.path)
        if authority.path and not authority.parts:
            self._file(authority.path, AUTHORITY)
        if certificate.parts or authority.parts or wrong:
            self.found[path] = found

    def _key_of(self, found: Credential, key: PemOrFile) -> Credential:
        from nodecheck.formats.public_parts import PRIVATE_KEY, PublicPart

        if key.path and not key.parts and key.malformed is None:
            return self._with_key(found._replace(key_path=key.path))
        found = found._replace(key_path=found.path)
        if key.malformed is not None:
            return found._replace(key=PublicPart(PRIVATE_KEY, malformed=key.malformed))
        return _keyed(found, key.parts)


_SETTINGS = (
    "tlsCertFile", "tlsPrivateKeyFile", "authentication.x509.clientCAFile", "cert-dir", "serverTLSBootstrap",
)  # fmt: skip


def _keyed(found: Credential, parts: tuple[PublicPart, ...]) -> Credential:
    from nodecheck.formats.public_parts import PRIVATE_KEY, PublicPart

    keys = [part for part in parts if part.kind == PRIVATE_KEY]
    return found._replace(key=keys[0] if keys else PublicPart(PRIVATE_KEY, malformed="holds no private key in PEM"))


class Placed(NamedTuple):
    """Where kubeadm's certificates are said to be."""

    folder: str = PKI
    pairs: tuple[tuple[str, str], ...] = ()
    """Certificates and their keys that kube-apiserver's manifest names; no key: an authority."""
    external: tuple[tuple[str, str], ...] = ()
    """The same of an external etcd, by a ClusterConfiguration."""


def placed(host: Host) -> Placed:
    """By the manifest of kube-apiserver, else by a ClusterConfiguration. Raises what the host raises for files that are
    there."""
    manifest = text_or_none(host, API_SERVER)
    if manifest is not None:
        return placed_by_manifest(manifest)
    for path in KUBEADM_CONFIGS:
        source = text_or_none(host, path)
        found = None if source is None else placed_by_configuration(source, path)
        if found is not None:
            return found
    return Placed()


def placed_by_manifest(manifest: str) -> Placed:
    """The directory is that of ``--tls-cert-file``.

    >>> placed_by_manifest("spec: {containers: [{command: [kube-apiserver, --tls-cert-file=/srv/pki/x.crt]}]}").folder
    '/srv/pki'
    """
    from nodecheck.facts.cluster.component_ports import flags_of_manifest

    names = [name for pair in API_SERVER_PAIRS for name in pair if name]
    flags = flags_of_manifest(manifest, API_SERVER, "kube-apiserver", names)
    own = flags.get(API_SERVER_PAIRS[0][0], "")
    pairs = [(flags.get(certificate, ""), flags.get(key, "")) for certificate, key in API_SERVER_PAIRS]
    return Placed(dirname(own) if own.startswith("/") else PKI, _absolute(pairs))


def _absolute(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple([(path, key if key.startswith("/") else "") for path, key in pairs if path.startswith("/")])


def placed_by_configuration(source: str, path: str) -> Placed | None:
    """``certificatesDir`` and ``etcd.external`` of a ClusterConfiguration; None where the text holds none.

    >>> placed_by_configuration("kind: ClusterConfiguration\\ncertificatesDir: /srv/pki/\\n", "x").folder
    '/srv/pki'
    """
    if "ClusterConfiguration" not in source:
        return None
    from nodecheck.facts.kubelet.given import documents_in
    from nodecheck.formats.tree import object_of, text_of

    for tree in documents_in(source, path):
        if text_of(tree, "kind") == "ClusterConfiguration":
            folder = text_of(tree, "certificatesDir")
            etcd = object_of(object_of(tree, "etcd"), "external")
            pairs = [(text_of(etcd, "certFile"), text_of(etcd, "keyFile")), (text_of(etcd, "caFile"), "")]
            return Placed((folder.rstrip("/") or "/") if folder.startswith("/") else PKI, (), _absolute(pairs))
    return None
