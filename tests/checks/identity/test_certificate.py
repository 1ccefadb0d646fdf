"""Certificates of a node, and whether their keys are theirs."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from nodecheck import Report
from nodecheck.api import captured_image
from nodecheck.capturing.collector import script
from nodecheck.capturing.files import packed, read_capture
from nodecheck.capturing.host import CaptureHost
from nodecheck.capturing.more import lacking
from nodecheck.capturing.settle import fill
from nodecheck.errors import Denied
from nodecheck.facts.cluster.certificates import API_SERVER, CERT_DIR, MOST_FILES, PKI, RENEWED, RENEWED_KUBECONFIGS
from nodecheck.formats.der import LARGEST, SEQUENCE, encoded
from nodecheck.formats.public_keys import EC
from nodecheck.host.root import RootHost
from nodecheck.model.sources import File
from nodecheck.model.steps import Command
from nodecheck.plugins import load
from nodecheck.testing import (
    Entry,
    TreeLink,
    assert_declared,
    assert_verdicts,
    comparable,
    record,
    replay,
    run,
    write_tree,
)
from nodecheck.text import MASK
from nodecheck_checks.identity.certificate import certificate as check
from tests.certificates import DAY_S, NOW, certificate, embedded, kubeconfig, pem, pkcs8, private_key, public_key, sec1

KUBERNETES = "/etc/kubernetes"
CONFIG = "/var/lib/kubelet/config.yaml"
KIND = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nrotateCertificates: true\n"
CURRENT = f"{CERT_DIR}/kubelet-client-current.pem"
NEWEST = f"{CERT_DIR}/kubelet-client-2026-06-01-10-00-00.pem"
OLDER = f"{CERT_DIR}/kubelet-client-2025-06-01-10-00-00.pem"
APISERVER = f"{PKI}/apiserver.crt"
ADMIN = f"{KUBERNETES}/admin.conf"
TREES = ("ca", "front-proxy-ca", "etcd/ca", *[name[:-4] for name in RENEWED])


def control_plane(**files: Entry) -> dict[str, Entry]:
    """What kubeadm and the kubelet leave on a control plane; ``files`` by their names in Python's spelling."""
    tree: dict[str, Entry] = {
        "/usr/bin/kubelet": "",
        CONFIG: KIND,
        f"{PKI}/sa.key": private_key(90),
        f"{PKI}/sa.pub": pem("PUBLIC KEY", public_key(90)),
        f"{KUBERNETES}/kubelet.conf": kubeconfig(certificate(3000, seed=0), CURRENT, CURRENT),
        NEWEST: f"{certificate(seed=80)}{private_key(80)}",
        OLDER: f"{certificate(-5, seed=81, since=370)}{private_key(81)}",
        CURRENT: TreeLink(NEWEST),
        f"{CERT_DIR}/kubelet.crt": certificate(seed=82),
        f"{CERT_DIR}/kubelet.key": private_key(82),
    }
    for seed, name in enumerate(TREES):
        tree[f"{PKI}/{name}.crt"] = certificate(3000 if name.endswith("ca") else 300, seed=seed)
        tree[f"{PKI}/{name}.key"] = private_key(seed)
    for seed, name in enumerate(RENEWED_KUBECONFIGS, 70):
        tree[f"{KUBERNETES}/{name}"] = kubeconfig(certificate(3000, seed=0), certificate(seed=seed), private_key(seed))
    return {**tree, **files}


CERTIFICATES = (
    *[f"{PKI}/{name}.crt" for name in TREES],
    *[f"{KUBERNETES}/{name}" for name in RENEWED_KUBECONFIGS],
    CURRENT,
    f"{CERT_DIR}/kubelet.crt",
)
ALL = {
    **{f"certificate[{path}]": "pass" for path in CERTIFICATES},
    **{f"certificate[{path}#key]": "pass" for path in (*CERTIFICATES, f"{PKI}/sa.pub")},
    f"certificate[{KUBERNETES}/kubelet.conf]": "pass",
}


def judged(root: Path, files: dict[str, Entry], **options: Any) -> Report:
    return run(write_tree(root, files), select=["certificate"], **options)


def told(report: Report) -> dict[str, str]:
    """The status of each, with the severity of failures."""
    return {
        one.id: f"{one.status}/{one.severity}" if one.status == "fail" else str(one.status) for one in report.results
    }


def changed(root: Path, **files: Entry) -> dict[str, str]:
    """What differs from the passing node: files are named by keyword or by path."""
    found = told(judged(root, control_plane(**files)))
    return {name: status for name, status in found.items() if ALL.get(name) != status} | {
        name: "gone" for name in ALL if name not in found
    }


def test_a_control_plane_passes(tmp_path: Path) -> None:
    report = judged(tmp_path, control_plane())

    assert_verdicts(report, ALL)
    assert {one.id for one in report.results} == set(ALL)
    assert report.summary.exit_code == 0


def test_a_worker_passes(tmp_path: Path) -> None:
    keep = (CONFIG, "/usr/bin/kubelet", f"{KUBERNETES}/kubelet.conf", CERT_DIR, f"{PKI}/ca.crt")
    tree = {path: entry for path, entry in control_plane().items() if path.startswith(keep)}
    expected = {name for name in ALL if CERT_DIR in name or "kubelet.conf" in name or name.endswith("pki/ca.crt]")}

    assert told(judged(tmp_path, tree)) == dict.fromkeys(expected, "pass")


def test_a_node_without_kubernetes_is_skipped(tmp_path: Path) -> None:
    (result,) = judged(tmp_path, {"/etc/hostname": "n1\n"}).results
    assert (result.id, str(result.status), result.cause and result.cause.code) == ("certificate", "skip", "not-found")


# -- what fails


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        (APISERVER, certificate(-1, seed=3, since=366), "fail/error"),
        (APISERVER, certificate(300, seed=3, since=-1), "fail/error"),
        (APISERVER, certificate(29, seed=3), "fail/warning"),
        (APISERVER, certificate(31, seed=3), None),
        (APISERVER, certificate(seed=3) + certificate(-1, seed=0, since=366), "fail/error"),
        (APISERVER, "not a certificate\n", "fail/error"),
        (APISERVER, pem("CERTIFICATE", b"x"), "fail/error"),
        (APISERVER, "", "fail/error"),
        (f"{PKI}/ca.crt", certificate(-1, seed=0, since=3650), "fail/error"),
        (f"{PKI}/ca.crt", certificate(20, seed=0), "fail/warning"),
        (f"{PKI}/ca.crt", certificate(20, seed=0) + certificate(3000, seed=9), None),
        (f"{PKI}/etcd/server.crt", certificate(-1, seed=7, since=366), "fail/error"),
        (ADMIN, kubeconfig(certificate(3000), certificate(-1, seed=70, since=366), private_key(70)), "fail/error"),
        (ADMIN, kubeconfig(certificate(-1, since=3650), certificate(seed=70), private_key(70)), "fail/error"),
        (ADMIN, kubeconfig(certificate(3000), certificate(5, seed=70), private_key(70)), "fail/warning"),
        (ADMIN, "users: [\n\t", "fail/error"),
        (f"{CERT_DIR}/kubelet.crt", certificate(-1, seed=82, since=366), "fail/warning"),
    ],
)
def test_validity(tmp_path: Path, path: str, content: str, expected: str | None) -> None:
    found = changed(tmp_path, **{path: content})
    found.pop(f"certificate[{path}#key]", None)

    assert found == ({} if expected is None else {f"certificate[{path}]": expected})


@pytest.mark.parametrize(
    ("days", "since", "expected"),
    [(300, 65, None), (29, 336, "fail/warning"), (40, 325, None), (0.5, 0.5, None), (0.05, 0.95, "fail/warning"),
     (-1, 366, "fail/error")],
)  # fmt: skip
def test_what_the_kubelet_rotates_itself(tmp_path: Path, days: float, since: float, expected: str | None) -> None:
    """A short life is no finding; one that should have been rotated by now is."""
    found = changed(tmp_path, **{NEWEST: f"{certificate(days, seed=80, since=since)}{private_key(80)}"})
    assert found == ({} if expected is None else {f"certificate[{CURRENT}]": expected})


@pytest.mark.parametrize(
    ("path", "content", "subject", "expected"),
    [
        (f"{PKI}/apiserver.key", private_key(4), APISERVER, "fail/error"),
        (f"{PKI}/apiserver.key", pem("EC PRIVATE KEY", sec1(3)), APISERVER, "fail/error"),
        (f"{PKI}/apiserver.key", pem("ENCRYPTED PRIVATE KEY", b"x"), APISERVER, "fail/error"),
        (f"{PKI}/apiserver.key", "", APISERVER, "fail/error"),
        (f"{PKI}/apiserver.key", pem("PRIVATE KEY", pkcs8(3)), APISERVER, None),
        (f"{PKI}/apiserver.key", pem("EC PRIVATE KEY", sec1(public=False)), APISERVER, "unknown"),
        (f"{PKI}/ca.key", private_key(4), f"{PKI}/ca.crt", "fail/error"),
        (f"{PKI}/sa.key", private_key(4), f"{PKI}/sa.pub", "fail/error"),
        (f"{CERT_DIR}/kubelet.key", private_key(4), f"{CERT_DIR}/kubelet.crt", "fail/error"),
        (NEWEST, f"{certificate(seed=80)}{private_key(81)}", CURRENT, "fail/error"),
        (NEWEST, certificate(seed=80), CURRENT, "fail/error"),
        (ADMIN, kubeconfig(certificate(3000), certificate(seed=70), private_key(71)), ADMIN, "fail/error"),
        (ADMIN, kubeconfig(certificate(3000), certificate(seed=70)), ADMIN, "fail/error"),
        (ADMIN, kubeconfig(certificate(3000), certificate(seed=70), f"{PKI}/apiserver.key"), ADMIN, "fail/error"),
    ],
)
def test_keys(tmp_path: Path, path: str, content: str, subject: str, expected: str | None) -> None:
    found = changed(tmp_path, **{path: content})
    assert found == ({} if expected is None else {f"certificate[{subject}#key]": expected})


def test_keys_of_curves(tmp_path: Path) -> None:
    pair = {APISERVER: certificate(kind=EC), f"{PKI}/apiserver.key": pem("EC PRIVATE KEY", sec1())}
    assert changed(tmp_path, **pair) == {}


def test_a_key_that_is_not_there(tmp_path: Path) -> None:
    """Of an authority it may be elsewhere; without its own, kube-apiserver does not start."""
    tree = control_plane()
    del tree[f"{PKI}/ca.key"], tree[f"{PKI}/apiserver.key"], tree[f"{PKI}/etcd/ca.key"]
    report = judged(tmp_path, tree)

    assert {name: status for name, status in told(report).items() if status != "pass"} == {
        f"certificate[{APISERVER}#key]": "fail/error"
    }
    assert f"certificate[{PKI}/ca.crt#key]" not in told(report)


def test_what_nobody_is_known_to_read_is_a_warning(tmp_path: Path) -> None:
    more = {f"{PKI}/mine.crt": certificate(-1, since=9), f"{PKI}/mine.key": private_key(5)}
    assert changed(tmp_path, **more) == {
        f"certificate[{PKI}/mine.crt]": "fail/warning",
        f"certificate[{PKI}/mine.crt#key]": "fail/warning",
    }


def test_by_the_clock_of_the_node(tmp_path: Path) -> None:
    """What it says then counts, now and in each replay."""
    recording = record(write_tree(tmp_path, control_plane()))
    assert run(recording, select=["certificate"]).summary.exit_code == 0
    data = recording.to_data()
    expected = {0: "pass", 280: "fail", 400: "fail", -20: "fail"}
    for days, status in expected.items():
        for answer in data["answers"]:
            if answer["question"] == ["wall_clock"]:
                answer["answer"] = NOW + days * DAY_S
        report = run(replay(data), select=["certificate"])
        assert str(report[f"certificate[{APISERVER}]"].status) == status
        assert report[f"certificate[{APISERVER}]"].fingerprint
    assert "is not valid before" in report[f"certificate[{APISERVER}]"].message


def test_days_that_pass_are_no_news(tmp_path: Path) -> None:
    """A fingerprint is the same on the day after; with another certificate it is another."""
    first = judged(tmp_path / "a", control_plane())[f"certificate[{APISERVER}]"]
    recording = record(write_tree(tmp_path / "a", {}))
    run(recording, select=["certificate"])
    data = recording.to_data()
    for answer in data["answers"]:
        if answer["question"] == ["wall_clock"]:
            answer["answer"] += DAY_S
    later = run(replay(data), select=["certificate"])[f"certificate[{APISERVER}]"]
    other = judged(tmp_path / "b", control_plane(**{APISERVER: certificate(200, seed=3)}))[f"certificate[{APISERVER}]"]

    assert first.fingerprint == later.fingerprint != other.fingerprint


# -- where they are


MANIFEST = (
    "apiVersion: v1\nkind: Pod\nmetadata: {{name: kube-apiserver}}\nspec:\n  containers:\n  - command:\n"
    "    - kube-apiserver\n    - --tls-cert-file={}/apiserver.crt\n"
)
CLUSTER = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\ncertificatesDir: {}\n"


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (API_SERVER, MANIFEST),
        ("/root/kubeadm-config.yaml", CLUSTER),
        ("/etc/kubernetes/kubeadm-config.yaml", f"kind: InitConfiguration\n---\n{CLUSTER}"),
    ],
)
def test_another_directory_of_kubeadm(tmp_path: Path, place: str, text: str) -> None:
    files = {"/srv/pki/apiserver.crt": certificate(-1, since=9), "/srv/pki/apiserver.key": private_key()}
    report = judged(tmp_path, {**files, "/srv/pki/ca.key": private_key(), place: text.format("/srv/pki")})
    result = report["certificate[/srv/pki/apiserver.crt]"]

    assert told(report) == {result.id: "fail/error", "certificate[/srv/pki/apiserver.crt#key]": "pass"}
    assert result.fix is not None
    assert result.fix.steps[0] == Command(("kubeadm", "certs", "renew", "apiserver", "--cert-dir", "/srv/pki"))


def test_what_kube_apiserver_is_told(tmp_path: Path) -> None:
    """What its manifest names has to be there, wherever it lies."""
    manifest = MANIFEST.format(PKI) + "    - --etcd-certfile=/srv/etcd.pem\n    - --etcd-keyfile=/srv/etcd.key\n"
    files = {API_SERVER: manifest, "/srv/etcd.pem": certificate(5), "/srv/etcd.key": private_key()}
    found = changed(tmp_path / "a", **files)
    assert found.pop("certificate[/srv/etcd.pem#key]") == "pass"
    assert found == {"certificate[/srv/etcd.pem]": "fail/warning"}
    tree = control_plane(**{API_SERVER: f"{manifest}    - --client-ca-file\n    - /srv/ca.crt\n"})
    del tree[APISERVER]
    assert {name: status for name, status in told(judged(tmp_path / "b", tree)).items() if status != "pass"} == {
        f"certificate[{APISERVER}]": "fail/error",
        "certificate[/srv/etcd.pem]": "fail/error",
        "certificate[/srv/ca.crt]": "fail/error",
    }


def test_the_key_that_kube_apiserver_is_told(tmp_path: Path) -> None:
    """It is judged, and not the one that lies beside the certificate."""
    manifest = f"{MANIFEST.format(PKI)}    - --tls-private-key-file=/srv/other.key\n"
    found = changed(tmp_path, **{API_SERVER: manifest, "/srv/other.key": private_key(99)})

    assert found == {f"certificate[{APISERVER}#key]": "fail/error"}


@pytest.mark.parametrize("phase", ["install", "join"])
def test_an_external_etcd(tmp_path: Path, phase: str) -> None:
    """kubeadm's ExternalEtcdClientCertificates: before it starts, the files are there."""
    external = "etcd: {external: {caFile: /srv/ca.crt, certFile: /srv/etcd.crt, keyFile: /srv/etcd.key}}\n"
    files: dict[str, Entry] = {
        "/root/kubeadm.yaml": CLUSTER.format(PKI) + external, "/srv/ca.crt": certificate(),
        "/srv/etcd.key": private_key(3),
    }  # fmt: skip
    names = ("certificate[/srv/ca.crt]", "certificate[/srv/etcd.crt]", "certificate[/srv/etcd.crt#key]")

    assert told(judged(tmp_path / "a", files, phase=phase)) == {names[0]: "pass", names[1]: "fail/error"}
    there: dict[str, Entry] = {**files, "/srv/etcd.crt": certificate(seed=3)}
    assert told(judged(tmp_path / "b", there, phase=phase)) == dict.fromkeys(names, "pass")


def test_what_the_kubelet_is_told(tmp_path: Path) -> None:
    """With a certificate that is named, or one that the cluster signs, the kubelet does not read its own."""
    expired = certificate(-1, seed=82, since=9)
    serving = f"{CERT_DIR}/kubelet-server-current.pem"
    own: dict[str, Entry] = {"/usr/bin/kubelet": "", f"{CERT_DIR}/kubelet.crt": expired, serving: expired}
    named = f"{KIND}tlsCertFile: /srv/s.crt\ntlsPrivateKeyFile: /srv/s.pem\n"
    key: dict[str, Entry] = {"/srv/s.pem": private_key(82), "/srv/s.crt": expired, f"{CERT_DIR}/kubelet.key": ""}

    assert told(judged(tmp_path / "a", {**own, **key, CONFIG: named})) == {
        "certificate[/srv/s.crt]": "fail/error",
        "certificate[/srv/s.crt#key]": "pass",
    }
    assert told(judged(tmp_path / "b", {**own, CONFIG: f"{KIND}serverTLSBootstrap: true\n"})) == {
        f"certificate[{serving}]": "fail/error",
        f"certificate[{serving}#key]": "fail/error",
    }
    assert told(judged(tmp_path / "c", {**own, **key, CONFIG: KIND})) == {
        f"certificate[{CERT_DIR}/kubelet.crt]": "fail/warning",
        f"certificate[{CERT_DIR}/kubelet.crt#key]": "fail/error",
    }


TRUSTED = f"{KIND}authentication: {{x509: {{clientCAFile: /srv/ca.crt}}}}\n"


@pytest.mark.parametrize(
    ("phase", "status"), [("steady", "fail/error"), ("upgrade", "fail/error"), ("join", "skip"), ("install", "skip")]
)
def test_a_file_that_is_named_and_is_not_there(tmp_path: Path, phase: str, status: str) -> None:
    found = told(judged(tmp_path, {"/usr/bin/kubelet": "", CONFIG: TRUSTED}, phase=phase))
    assert found == {"certificate[/srv/ca.crt]": status}


def test_an_authority_that_is_named(tmp_path: Path) -> None:
    files: dict[str, Entry] = {"/usr/bin/kubelet": "", CONFIG: TRUSTED, "/srv/ca.crt": certificate(-1, since=9)}
    assert told(judged(tmp_path, files)) == {"certificate[/srv/ca.crt]": "fail/error"}


def test_a_kubeconfig_with_an_old_certificate_in_it(tmp_path: Path) -> None:
    """kubernetes/kubeadm#1753: the link rotates, and the kubelet starts with what its kubeconfig holds."""
    text = kubeconfig(certificate(3000), certificate(-1, seed=5, since=366), private_key(5))
    assert changed(tmp_path, **{f"{KUBERNETES}/kubelet.conf": text}) == {
        f"certificate[{KUBERNETES}/kubelet.conf]": "fail/error",
        f"certificate[{KUBERNETES}/kubelet.conf#key]": "pass",
    }


def test_what_stands_beside_a_kubeconfigs_certificate(tmp_path: Path) -> None:
    """crypto/tls passes over a key among the certificates; a key alone is no certificate, and nothing is its key."""
    pair = f"{private_key(4)}{certificate(seed=4)}"
    assert changed(tmp_path / "a", **{ADMIN: kubeconfig(certificate(), pair, pair)}) == {}
    found = changed(tmp_path / "b", **{ADMIN: kubeconfig(certificate(), private_key(4), private_key(4))})
    assert found == {f"certificate[{ADMIN}]": "fail/error", f"certificate[{ADMIN}#key]": "gone"}


def test_a_certificate_that_a_kubeconfig_leaves_out(tmp_path: Path) -> None:
    """As what masks secrets may leave it."""
    text = f"{kubeconfig(certificate(), 'x', private_key(4))}".replace(embedded("x"), MASK)
    found = changed(tmp_path, **{ADMIN: text})

    assert found == {f"certificate[{ADMIN}]": "skip", f"certificate[{ADMIN}#key]": "skip"}


def test_a_token_has_no_certificate(tmp_path: Path) -> None:
    """A bootstrap kubeconfig of kubeadm: only its authority is judged."""
    text = kubeconfig(certificate(-1, since=9)) + "    token: abcdef.0123456789abcdef\n"
    unit = (
        "[Service]\nExecStart=/usr/bin/kubelet --kubeconfig=/etc/kubernetes/kubelet.conf"
        f" --bootstrap-kubeconfig={KUBERNETES}/bootstrap-kubelet.conf\n"
    )
    files: dict[str, Entry] = {
        f"{KUBERNETES}/bootstrap-kubelet.conf": text, "/etc/systemd/system/kubelet.service": unit,
        "/usr/bin/kubelet": "", CONFIG: KIND,
    }  # fmt: skip
    name = f"certificate[{KUBERNETES}/bootstrap-kubelet.conf]"

    assert told(judged(tmp_path / "a", files)) == {name: "fail/error"}
    joined = {**files, f"{KUBERNETES}/kubelet.conf": kubeconfig(certificate(3000))}
    assert told(judged(tmp_path / "b", joined)) == {f"certificate[{KUBERNETES}/kubelet.conf]": "pass"}


SOURCES = [path for path in control_plane() if path not in (OLDER, CONFIG, "/usr/bin/kubelet", CURRENT)]


def test_an_authority_that_is_valid_now_counts(tmp_path: Path) -> None:
    """Before another of its file that will be, and end later: as where an authority is rotated on a day to come."""
    path = f"{PKI}/ca.crt"
    present, future = certificate(100, seed=0), certificate(4000, seed=50, since=-5)
    admin = kubeconfig(present + future, certificate(seed=70), private_key(70))

    assert changed(tmp_path / "a", **{path: future + present, ADMIN: admin}) == {
        f"certificate[{path}#key]": "fail/error",
    }
    assert changed(tmp_path / "b", **{path: future})[f"certificate[{path}]"] == "fail/error"


def test_a_certificate_that_is_too_long_is_not_known(tmp_path: Path) -> None:
    """nodecheck's own bound is no fault of the certificate."""
    long = pem("CERTIFICATE", encoded(SEQUENCE, bytes(LARGEST)))
    found = changed(tmp_path / "a", **{APISERVER: long, f"{PKI}/front-proxy-ca.crt": long})

    assert found == {
        f"certificate[{APISERVER}]": "unknown", f"certificate[{APISERVER}#key]": "unknown",
        f"certificate[{PKI}/front-proxy-ca.crt]": "unknown", f"certificate[{PKI}/front-proxy-ca.crt#key]": "unknown",
    }  # fmt: skip


@pytest.mark.parametrize("path", SOURCES)
def test_each_source_counts(tmp_path: Path, path: str) -> None:
    """Taken away, it is no pass any more, or nothing is said of it; with another valid value it is told so."""
    before = {one.id: (str(one.status), one.actual) for one in judged(tmp_path / "a", control_plane()).results}
    tree = control_plane()
    content = str(tree[path])
    content = content.replace(private_key(90), private_key(91)).replace(
        pem("PUBLIC KEY", public_key(90)), pem("PUBLIC KEY", public_key(91))
    )
    for seed in (*range(len(TREES)), *range(70, 74), 80, 82):
        other = certificate(250, seed=seed + 100)
        for days in (300, 3000):
            content = content.replace(certificate(days, seed=seed), other)
            content = content.replace(embedded(certificate(days, seed=seed)), embedded(other))
        content = content.replace(private_key(seed), private_key(seed + 200))
    assert content != tree[path]
    other_value = judged(tmp_path / "b", {**tree, path: content})
    del tree[path]
    without = judged(tmp_path / "c", tree)

    for report in (other_value, without):
        assert {one.id: (str(one.status), one.actual) for one in report.results} != before


def test_what_is_asked_is_declared(tmp_path: Path) -> None:
    assert_declared(check, write_tree(tmp_path, control_plane()))


# -- what cannot be read


class Refusing(RootHost):
    """As for a user who is not root: keys and kubeconfigs cannot be read."""

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        if path.endswith(
            (".key", ".pem", *[f"{KUBERNETES}/{name}" for name in (*RENEWED_KUBECONFIGS, "kubelet.conf")])
        ):
            raise Denied(path, "permission denied", errno=13)
        return super().read(path, limit)


def test_who_is_not_root_does_not_know(tmp_path: Path) -> None:
    report = run(Refusing(str(write_tree(tmp_path, control_plane()))), select=["certificate"])
    unread = [name for name in ALL if name.endswith("#key]") and "conf" not in name and ".pem" not in name]
    unread += [f"certificate[{KUBERNETES}/{name}]" for name in (*RENEWED_KUBECONFIGS, "kubelet.conf")]
    unread += [f"certificate[{CURRENT}]"]

    assert {one.id for one in report.results if str(one.status) == "unknown"} == set(unread)
    assert {one.cause.code for one in report.results if one.cause is not None} == {"denied"}


# -- captures


def secrets(text: str) -> list[str]:
    """Lines of the private keys of the node, as they stand in files and in kubeconfigs."""
    found = []
    for entry in control_plane().values():
        for block in re.findall(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n(.*?)-----END", str(entry), re.DOTALL):
            found += [line for line in block.split("\n") if len(line) > 20]
    found += [embedded(private_key(seed))[40:90] for seed in (70, 71, 72, 73)]
    return [one for one in found if one in text]


def test_a_capture_has_the_verdicts_and_no_key(tmp_path: Path) -> None:
    root = write_tree(tmp_path, control_plane(**{APISERVER: certificate(5, seed=4)}))
    raw = packed(captured_image(root, 60))
    here, there = run(root, select=["certificate"]), run(read_capture(raw, "a capture"), select=["certificate"])

    assert comparable(here) == comparable(there)
    assert f"certificate[{APISERVER}]" in told(there)
    import gzip

    text = gzip.decompress(raw).decode("utf-8", "surrogateescape")
    assert secrets("".join(map(str, control_plane().values())))
    assert secrets(text) == []
    assert '"public_sha256"' in text


def _collected(root: Path, text: str) -> bytes:
    """What a collector prints of a tree."""
    done = subprocess.run(
        ["dash", "-s"], input=text.encode(), capture_output=True, check=True, timeout=300,
        env={"NODECHECK_ROOT": str(root), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    )  # fmt: skip
    return done.stdout


@pytest.mark.skipif(shutil.which("dash") is None, reason="there is no dash")
def test_the_collector_leaves_keys_and_kubeconfigs_out(tmp_path: Path) -> None:
    root = write_tree(tmp_path, control_plane())
    raw = _collected(root, script(load()))
    report = run(read_capture(raw, "a capture"), select=["certificate"])
    left_out = {
        name: status for name, status in ALL.items() if name.endswith("#key]") or (".conf" in name and "#" not in name)
    }
    left_out = {name: "skip" for name in left_out if not name.endswith(".conf#key]")}

    assert told(report) == {**{name: status for name, status in ALL.items() if "#" not in name}, **left_out}
    assert {one.cause.code for one in report.results if one.cause is not None} == {"not-captured"}
    assert secrets(raw.decode("utf-8", "surrogateescape")) == []


@pytest.mark.skipif(shutil.which("dash") is None, reason="there is no dash")
def test_a_second_round_brings_certificates_and_no_keys(tmp_path: Path) -> None:
    """What lies elsewhere a collector does not know before; keys it never asks for."""
    root = write_tree(
        tmp_path,
        {"/usr/bin/kubelet": "", CONFIG: f"{KIND}tlsCertFile: /srv/s.crt\ntlsPrivateKeyFile: /srv/s.key\n",
         "/srv/s.crt": certificate(), "/srv/s.key": private_key()},
    )  # fmt: skip
    first = read_capture(_collected(root, script(load())), "a capture")
    assert isinstance(first, CaptureHost)
    missing = lacking(first, load())
    second = read_capture(_collected(root, script(load(), missing.wanted)), "another")
    assert isinstance(second, CaptureHost)
    fill(first.image, second.image)
    both = CaptureHost(first.image, "both")

    assert File("/srv/s.crt") in missing.wanted.sources
    assert [path for path in missing.beyond if "s.key" in path] == []
    assert told(run(first, select=["certificate"]))["certificate[/srv/s.crt]"] == "unknown"
    assert told(run(both, select=["certificate"])) == {
        "certificate[/srv/s.crt]": "pass", "certificate[/srv/s.crt#key]": "skip",
    }  # fmt: skip


def test_a_directory_that_is_too_large(tmp_path: Path) -> None:
    files: dict[str, Entry] = {f"{PKI}/{number}.crt": "" for number in range(MOST_FILES + 1)}
    (result,) = judged(tmp_path, files).results
    assert (str(result.status), result.cause and result.cause.code) == ("unknown", "too-large")


# -- fixes


@pytest.mark.parametrize("name", RENEWED)
def test_kubeadm_renews(tmp_path: Path, name: str) -> None:
    files = {f"{PKI}/{name}": certificate(-1, since=9)}
    (result,) = [
        one for one in judged(tmp_path, control_plane(**files)).results if one.id == f"certificate[{PKI}/{name}]"
    ]
    assert result.fix is not None
    assert result.fix.safety == "disruptive"
    assert result.fix.steps[0] == Command(("kubeadm", "certs", "renew", RENEWED[name][0]))
    assert [step.kind for step in result.fix.steps] == ["command", "manual"]


@pytest.mark.parametrize(
    ("package", "words"),
    [("1.17.1-00", ("alpha", "certs")), ("1.19.16-00", ("alpha", "certs")), ("1.20.0-00", ("certs",))],
)
def test_kubeadm_renews_by_the_words_of_its_release(tmp_path: Path, package: str, words: tuple[str, ...]) -> None:
    status = f"Package: kubelet\nStatus: install ok installed\nArchitecture: amd64\nVersion: {package}\n\n"
    files = {APISERVER: certificate(-1, since=9), "/var/lib/dpkg/status": status}
    fix = judged(tmp_path, control_plane(**files))[f"certificate[{APISERVER}]"].fix
    assert fix is not None
    assert fix.steps[0] == Command(("kubeadm", *words, "renew", "apiserver"))


def test_without_the_key_of_the_authority_kubeadm_cannot(tmp_path: Path) -> None:
    tree = control_plane(**{APISERVER: certificate(-1, seed=3, since=9)})
    del tree[f"{PKI}/ca.key"]
    fix = judged(tmp_path, tree)[f"certificate[{APISERVER}]"].fix
    assert fix is not None
    assert (fix.safety, [step.kind for step in fix.steps]) == ("manual", ["manual"])


def test_the_fix_of_the_kubelets_own_makes_it_pass(tmp_path: Path) -> None:
    path = f"{CERT_DIR}/kubelet.crt"
    report = judged(tmp_path, control_plane(**{path: certificate(-1, seed=82, since=366)}))
    fix = report[f"certificate[{path}]"].fix
    assert fix is not None
    for step in fix.steps[:2]:
        assert isinstance(step, Command)
        subprocess.run([*step.argv[:2], *[f"{tmp_path}{word}" for word in step.argv[2:]]], check=True, timeout=10)
    assert fix.steps[2] == Command(("systemctl", "restart", "kubelet"))
    # which makes both anew

    again = run(
        write_tree(tmp_path, {path: certificate(364, seed=5), f"{CERT_DIR}/kubelet.key": private_key(5)}),
        select=["certificate"],
    )
    assert_verdicts(again, ALL)


@pytest.mark.parametrize("path", [f"{PKI}/ca.crt", NEWEST, f"{PKI}/sa.key"])
def test_what_only_a_person_can_do(tmp_path: Path, path: str) -> None:
    report = judged(tmp_path, control_plane(**{path: f"{certificate(-1, seed=80, since=366)}{private_key(7)}"}))
    fixes = [one.fix for one in report.results if one.status == "fail"]
    assert fixes
    assert {fix.safety for fix in fixes if fix is not None} == {"manual"}
