"""How containerd reads its configuration files, by its own release: rows, as the sources of its tags have it."""

from __future__ import annotations

from nodecheck.requirements.table import Row, Table

Version = tuple[int, ...]

MERGING, NEWEST, LATER, LATER_IMPORT, KEYS, BUILT_IN, OLD_KEYS, REAL, OLD_TLS, SNAPSHOTTER, LOOPBACK, BIN_DIRS = (
    "merging", "newest version", "later version", "later import", "case of keys", "built-in runtime", "old keys",
    "numbers", "tls of registries", "no snapshotter", "loopback", "bin_dirs",
)  # fmt: skip
STORES, PROXY = "two stores of content", "another type of proxy"
URI, MARK, BRACKET, BYTES = "plugin URI", "byte order mark", "bracket in the name of a table", "bytes beside UTF-8"
ALONE, REPLACED, MERGED, EACH = "the main file alone", "sections replaced", "sections merged", "each file migrated"
REFUSED, PASSED_OVER, READ, GONE = "refused", "passed over", "read", "gone"
ANY_CASE, FOUR_CASES = "any", "four spellings"
REAL_ONLY, WHOLE_REAL = "1.0 is no 1, and a duration a string", "1 is taken for 1.0, and for a duration"
FOUR_PARTS, PREFIXED, DOTTED = "four parts", "io.containerd. and four parts", "two parts"
PLUGIN, OWN = "the plugin alone", "its own, where use_internal_loopback is set"

_CONFIG_ONE = "containerd services/server/config/config.go"
_CONFIG = "containerd cmd/containerd/server/config/config.go"

RULES = Table(
    Row(MERGING, ALONE, "it knows neither imports nor a version line", _CONFIG_ONE + " of v1.2.14", before=(1, 3)),
    Row(MERGING, REPLACED, "mergeConfig sets a plugin's whole section", _CONFIG_ONE, since=(1, 3), before=(2,)),
    Row(MERGING, MERGED, "mergeConfig merges maps, and the last version counts", _CONFIG, since=(2,), before=(2, 3)),
    Row(MERGING, EACH, "LoadConfigWithPlugins migrates a file before it merges it", _CONFIG, since=(2, 3)),
    Row(NEWEST, "2", "ValidateV2", _CONFIG_ONE, before=(2,)),
    Row(NEWEST, "3", "ConfigVersion", "containerd version/version.go", since=(2,), before=(2, 3)),
    Row(NEWEST, "4", "ConfigVersion", "containerd version/version.go", since=(2, 3)),
    Row(LATER, PASSED_OVER, "any version but 1 is read as 2", _CONFIG_ONE + " of v1.6.20", before=(1, 6, 32)),
    Row(LATER, REFUSED, "ValidateV2", _CONFIG_ONE + " of v1.6.32", since=(1, 6, 32), before=(1, 7)),
    Row(LATER, PASSED_OVER, "as before 1.6.32", _CONFIG_ONE + " of v1.7.16", since=(1, 7), before=(1, 7, 17)),
    Row(LATER, REFUSED, "ValidateV2, later ValidateVersion", _CONFIG_ONE + " of v1.7.17", since=(1, 7, 17)),
    Row(LATER_IMPORT, READ, "no release looks at it", _CONFIG, before=(2, 3)),
    Row(LATER_IMPORT, REFUSED, "LoadConfigWithPlugins", "containerd#12891", since=(2, 3), before=(2, 3, 5)),
    Row(LATER_IMPORT, READ, "the refusal was taken back", "containerd#13939, #13995", since=(2, 3, 5)),
    Row(KEYS, ANY_CASE, "BurntSushi/toml", "containerd vendor.conf of v1.4.0", before=(1, 5)),
    Row(KEYS, FOUR_CASES, "pelletier/go-toml 1, marshal.go", "containerd go.mod of v1.5.0", since=(1, 5), before=(2,)),
    Row(KEYS, ANY_CASE, "pelletier/go-toml 2", "containerd go.mod of v2.0.0", since=(2,)),
    Row(REAL, REAL_ONLY, "pelletier/go-toml 1", "containerd 1.7.24, tried", before=(2,)),
    Row(REAL, WHOLE_REAL, "pelletier/go-toml 2", "containerd 2.1.9, tried", since=(2,)),
    Row(OLD_TLS, READ, "TLSConfig", "containerd pkg/cri/config of v1.7.29", before=(2,)),
    Row(OLD_TLS, GONE, "no TLSConfig is left", "containerd internal/cri/config of v2.0.0", since=(2,)),
    Row(SNAPSHOTTER, READ, "the default's", "containerd 1.7.24, tried", before=(2,)),
    Row(SNAPSHOTTER, REFUSED, "failed to find snapshotter", "containerd 2.1.9, tried", since=(2,)),
    Row(PROXY, REFUSED, "Register panics", "containerd 1.6.20, 1.7.24, 2.1.9, tried", before=(2, 4)),
    Row(PROXY, READ, "its types are not known yet", "containerd v2.4.0-beta.0", since=(2, 4)),
    Row(STORES, READ, "Get takes one", "containerd 1.6.20, 1.7.24, tried", before=(2,)),
    Row(STORES, REFUSED, "GetSingle: multiple instances", "containerd 2.1.9, tried", since=(2,)),
    Row(URI, FOUR_PARTS, "ValidateV2 splits it", _CONFIG_ONE + " of v1.6.32", before=(1, 7)),
    Row(URI, PREFIXED, "ValidateV2 asks for the prefix too", _CONFIG_ONE + " of v1.7.0", since=(1, 7), before=(2,)),
    Row(URI, DOTTED, "ValidateVersion looks for a dot", _CONFIG, since=(2,)),
    Row(MARK, READ, "pelletier/go-toml 1 passes over it", "containerd 1.6.20 and 1.7.24, tried", before=(2,)),
    Row(MARK, REFUSED, "pelletier/go-toml 2", "containerd 2.1.9, tried", since=(2,)),
    Row(BRACKET, READ, "BurntSushi/toml", "containerd vendor.conf of v1.4.0", before=(1, 5)),
    Row(BRACKET, REFUSED, "pelletier/go-toml 1", "containerd 1.6.20, 1.7.24, tried", since=(1, 5), before=(2,)),
    Row(BRACKET, READ, "pelletier/go-toml 2", "containerd 2.1.9, tried", since=(2,)),
    Row(BYTES, READ, "pelletier/go-toml 1 takes them in comments", "containerd 1.6.20, 1.7.24, tried", before=(2,)),
    Row(BYTES, REFUSED, "pelletier/go-toml 2", "containerd 2.1.9, tried", since=(2,)),
    Row(OLD_KEYS, READ, "deprecated, and still there", "containerd RELEASES.md", before=(2,)),
    Row(OLD_KEYS, GONE, "systemd_cgroup, runtime_engine and others", "containerd RELEASES.md", since=(2,)),
    Row(LOOPBACK, PLUGIN, "WithLoNetwork", "containerd/go-cni opts.go", before=(2,)),
    Row(LOOPBACK, OWN, "UseInternalLoopback", "containerd/containerd#10238", since=(2,)),
    Row(BIN_DIRS, PASSED_OVER, "it has bin_dir alone", "containerd pkg/cri/config/config.go", before=(2, 1)),
    Row(BIN_DIRS, READ, "NetworkPluginBinDirs", "containerd internal/cri/config/config.go", since=(2, 1)),
    Row(BUILT_IN, "io.containerd.runtime.v1.linux", "DefaultConfig", "containerd/cri of v1.2", before=(1, 3)),
    Row(BUILT_IN, "io.containerd.runc.v2", "DefaultConfig", "containerd/cri of v1.3", since=(1, 3)),
)
"""What holds of which release of containerd."""

OLD, IGNORING, ONE, TWO, THREE = (1, 2), (1, 6, 20), (1, 7, 34), (2, 2), (2, 4)
"""Releases that stand for all that read files as they do."""
FIRST_TWO = (2, 0)
"""It reads files of version 3, and knows no ``bin_dirs``."""


def rule(name: str, release: Version) -> str:
    """What a release does.

    >>> rule(LATER, (1, 6, 20)), rule(LATER, (1, 7, 27)), rule(MERGING, (2, 3, 1))
    ('passed over', 'refused', 'each file migrated')
    """
    return RULES.at(name, release).wanted


def is_uri(item: str, release: Version) -> bool:
    """Whether a release takes a text for the URI of a plugin.

    >>> is_uri("a.b.v1.c", (1, 6)), is_uri("a.b.v1.c", (1, 7)), is_uri("a.b", (2, 1)), is_uri("cri", (2, 1))
    (True, False, True, False)
    """
    how = rule(URI, release)
    if how == DOTTED:
        return "." in item
    return item.count(".") >= 3 and (how == FOUR_PARTS or item.startswith("io.containerd."))


def newest_of(release: Version) -> int:
    """The newest version of files that a release knows."""
    return int(rule(NEWEST, release))


def told_release(release: Version) -> str:
    """A release in words.

    >>> told_release((1, 7, 27))
    '1.7.27'
    """
    return ".".join(map(str, release))


def spellings(key: str, release: Version, found: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the keys that the TOML library of a release takes for a field, the exact one first.

    >>> spellings("SystemdCgroup", (1, 7), ("SystemdCGroup", "systemdcgroup")), spellings("a", (2,), ("b", "A"))
    (('systemdcgroup',), ('A',))
    """
    if rule(KEYS, release) == ANY_CASE:
        taken = [name for name in found if name.lower() == key.lower()]
    else:
        four = (key, key.lower(), key.upper(), key[:1].lower() + key[1:])
        taken = [name for name in dict.fromkeys(four) if name in found]
    return tuple(sorted(taken, key=lambda name: name != key))
