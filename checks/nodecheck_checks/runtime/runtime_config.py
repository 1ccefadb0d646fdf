"""Whether the container runtime works with its configuration."""

from __future__ import annotations

from nodecheck import facts
from nodecheck.checking import Lazy, Results, check, skip
from nodecheck.facts import Containerd, Crio, KubeletConfig, Target
from nodecheck.requirements.asked import EMBEDDED, Settings


@check(tags=["kubelet"], topic="runtime")
def runtime_config(
    kubelet: KubeletConfig,
    target: Lazy[Target],
    embedded: Lazy[facts.EmbeddedKubelet],
    containerd: Lazy[Containerd],
    crio: Lazy[Crio],
    releases: Lazy[facts.RuntimeReleases],
    packages: Lazy[facts.Packages],
    given: Lazy[Settings],
) -> Results:
    """The container runtime starts with its configuration, serves the kubelet, and reads each key that is set.

    ## Why it matters
    containerd starts where its CRI plugin does not load, and then the kubelet says only that the runtime does not know
    it. A key in a table of another version of the file, or one that is gone, is passed over without a word.

    ## What it looks at
    containerd: `config.toml` (or `--config` of its unit) and what it imports, as the release that is here reads them.
    Where no release is shown, each that such files may be written for has to agree; else the result is `unknown`.

    - The files parse, and values have the types that this release wants. Files that they name (imports,
      `base_runtime_spec`) are there.
    - `version` is known to the release: 2 from 1.3 on, 3 from 2.0 on, 4 from 2.3 on. A later one is an error.
    - The CRI plugin is not off (`disabled_plugins`), where the kubelet uses containerd; nor is a plugin that it needs.
      What `required_plugins` lists is a plugin of this release. One that loads on some nodes alone is `unknown`.
    - `proxy_plugins` have a type that the release has; with another one it panics. A second store of content is an
      error from 2.0 on.
    - A bracket in the name of a table (`"[::1]:5000"`) is an error from 1.5 to 1.7. So are, from 2.0 on, a byte order
      mark and comments that are not UTF-8.
    - `mirrors`, or `configs.*.tls` of containerd 1, do not stand beside `config_path`; runtimes, snapshotter, policies
      and periods are such that the plugin loads. An address of streams that has to be resolved is `unknown`.
    - A section of another version than the file's, or one that an import replaces, is a warning: it is not read.
    - `SystemdCgroup` in another table than the `options` of a runtime is a warning: nothing reads it there.
    - With containerd 2, keys and values that only 1.x had are a warning. What is left empty does no harm.
    - A key at the top, in the CRI sections or among runc's options that is not read where it stands is a warning. It
      is mistyped, or of another table or release. Nothing is said of releases that came after this nodecheck.

    CRI-O: `crio.conf` and the files in `crio.conf.d` parse, and values have the types that this release wants. CRI-O
    takes `cgroup_manager`, `conmon_cgroup`, `log_size_max` and `log_dir`. `default_runtime` has its table, and that
    one's `runtime_path` is there. A key that this release no longer has, or that none has there, is a warning.

    A runtime that the kubelet does not use is `skip`, and so is the one that an agent (k3s, RKE2, k0s, MicroK8s) brings
    inside. The cgroup driver is judged by `cgroup-driver`.

    ## How to fix it
    Edit the line that the result names, and restart the runtime. `containerd config dump` prints what it reads, and
    `containerd config migrate` writes a file of the newest version.

    ## Sources
    containerd `pkg/cri/config/config.go` (`ValidatePluginConfig`), `internal/cri/config/config.go`,
    `version/version.go`, `cmd/containerd/server/config/config.go`, RELEASES.md (deprecated features); cri-o
    `pkg/config/config.go` of v1.17.0 to v1.36.3. containerd 1.6.20, 1.7.24 and 2.1.9 were tried on changed files, and
    with each of their plugins turned off and required.
    """
    if given().runtime == EMBEDDED or (not kubelet.present and embedded().present):
        yield skip("the agent on this node brings the container runtime inside, and writes its configuration")
        return
    if not kubelet.present and target().role is None and target().kubernetes is None:
        yield skip("nothing says that this is a node: there is no kubelet, and no role or release is given")
        return
    from nodecheck_checks.runtime.config_faults import ConfigNode, of_containerd, of_crio

    node = ConfigNode(kubelet, target, embedded, containerd, crio, releases, packages, given)
    found = [one for one in (of_containerd(node), of_crio(node)) if one is not None]
    if not found:
        yield skip("neither containerd nor CRI-O is on this node")
    yield from found


@runtime_config.at_boot
def runtime_config_boot(
    kubelet: KubeletConfig,
    target: Lazy[Target],
    embedded: Lazy[facts.EmbeddedKubelet],
    containerd: Lazy[Containerd],
    crio: Lazy[Crio],
    releases: Lazy[facts.RuntimeReleases],
    packages: Lazy[facts.Packages],
    given: Lazy[Settings],
) -> Results:
    """After the next boot too: it reads the same files."""
    yield from runtime_config(kubelet, target, embedded, containerd, crio, releases, packages, given)
