"""What an image must not have: the identity of the machine that it was made of."""

from __future__ import annotations

from nodecheck import facts
from nodecheck.checking import Lazy, Results, Severity, check
from nodecheck.requirements.asked import IMAGE


@check(
    severity=Severity.WARNING,
    tags=["identity"],
    topic="system",
    view="boot",
    phases=(IMAGE,),
    rows="nodecheck_checks.identity.image_files:ROWS",
)
def image_identity(
    files: facts.IdentityFiles,
    cloud: Lazy[facts.CloudNames],
    name: Lazy[facts.BootHostname],
    hosts: Lazy[facts.Hosts],
    release: Lazy[facts.OsRelease],
) -> Results:
    """An image holds no identity of the machine that it was made of, and its next boot keeps its name and hosts.

    ## Why it matters
    Nodes that boot from one image differ by what their first boot makes: machine id, host keys, random seed. What lies
    in the image already is the same on all of them. Equal machine ids give equal DHCP leases, and journals that mix.
    Equal host keys let whoever has the image pose as each node.

    ## What it looks at
    Only the phase `image`, which nodecheck finds for a whole root that was never booted, or that `--phase image` gives.

    - `/etc/machine-id` is absent, empty or `uninitialized`. Where it holds an id, nodecheck does not find the phase:
      give `--phase image`.
    - `/var/lib/dbus/machine-id` is absent, empty or a link: systemd makes the first id of one that is there.
    - `/etc/ssh` has no `ssh_host_*_key`. cloud-init replaces them at the first boot of a new instance; an image that is
      handed on still gives the old ones away.
    - `/var/lib/cloud/instances` is empty, and there is no `/var/lib/cloud/instance`.
    - There is no `/var/lib/systemd/random-seed`, no `/var/lib/systemd/credential.secret`, and no `loader/random-seed`
      on the boot partition, of which only one that is there is shown.

    Where cloud-init is in the image, and the next boot starts it:

    - `/etc/hostname` names no node, or cloud-init leaves the name there: `preserve_hostname: true`, or no
      `set_hostname` among its modules, or its own configuration says the same name. Else each
      node gets the name of its instance, and this one goes. `localhost` and the distribution's own name are none.
    - `/etc/hosts` has no lines for other machines, or they stay. With `manage_etc_hosts: true` or `template` cloud-init
      writes the file anew at each boot: only lines of `/etc/cloud/templates/hosts.*.tmpl` are there then. `localhost`
      adds a line and keeps the others; without `update_etc_hosts` among its modules nothing is written.

    `/etc/cloud/cloud.cfg` counts, then `/etc/cloud/cloud.cfg.d/*.cfg` by name, then user data in
    `/var/lib/cloud/seed`: a later file's key takes the place of an earlier one's. What user data of a cloud says is not
    known before the first boot.

    Ids, keys and seeds are never shown, and of keys and seeds only the names are read.

    ## How to fix it
    Delete them in the image as the last step of its build. `virt-sysprep`, `cloud-init clean --machine-id` and
    `systemd-firstboot --reset` each remove a part of them. A name, or lines of `/etc/hosts`, that every node is to have
    go into cloud-init's configuration and templates.

    ## Sources
    systemd.io/BUILDING_IMAGES; machine-id(5); systemd-machine-id-setup(1); cloud-init `clean`, cc_set_hostname.py,
    cc_update_hostname.py, cc_update_etc_hosts.py; the tests of kubernetes-sigs/image-builder.
    """
    from nodecheck_checks.identity.image_files import judged

    yield from judged(files, cloud, name, hosts, release)
