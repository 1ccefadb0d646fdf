"""Files of nodes that hold secrets, as their programs' documentation writes them, and lines that only look like it."""

# ruff: noqa: E501 - lines as the programs write them
from __future__ import annotations

from typing import NamedTuple

PEM = """-----BEGIN RSA PRIVATE KEY-----
MIIEpAIBAAKCAQEA0pemSecretBodyLine1qweASDzxc+/rtyFGHvbn1234567890
pemSecretBodyLine2==
-----END RSA PRIVATE KEY-----
"""


class SecretFile(NamedTuple):
    """A file, and the words in it that must not be shown."""

    path: str
    text: str
    secrets: tuple[str, ...]


FILES = (
    SecretFile(
        "etc/rancher/k3s/config.yaml",
        "token: K10abf00d::server:k3sSecret1\nserver: https://10.0.0.1:6443\nagent-token: 'k3sSecret2'\n"
        'kubelet-arg:\n  - "fail-swap-on=true"\ndatastore-endpoint: "postgres://k3s:k3sSecret3@db:5432/k3s"\n',
        ("k3sSecret1", "k3sSecret2", "k3sSecret3"),
    ),
    SecretFile(
        "etc/rancher/rke2/config.yaml",
        "# token: rkeSecret1\nserver: https://10.0.0.1:9345\ntoken: rkeSecret2 with blanks # ours\ntls-san:\n  - a.example\n",
        ("rkeSecret1", "rkeSecret2", "with blanks"),
    ),
    SecretFile(
        "etc/rancher/k3s/registries.yaml",
        'configs:\n  "registry.example":\n    auth:\n      username: me\n      password: regSecret1\n      identity_token: >-\n        regSecret2\n        regSecret3\n',
        ("regSecret1", "regSecret2", "regSecret3"),
    ),
    SecretFile(
        "etc/kubernetes/join.yaml",
        "apiVersion: kubeadm.k8s.io/v1beta3\nkind: JoinConfiguration\ndiscovery:\n  bootstrapToken:\n    apiServerEndpoint: 10.0.0.1:6443\n"
        "    token: abcdef.0123456789abcdef\n  tlsBootstrapToken: fedcba.9876543210fedcba\ncontrolPlane:\n  certificateKey: joinSecret1\n",
        ("0123456789abcdef", "9876543210fedcba", "joinSecret1"),
    ),
    SecretFile(
        "boot/grub2/grub.cfg",
        'set superusers="root"\npassword_pbkdf2 root grub.pbkdf2.sha512.10000.GRUBSECRET1.GRUBSECRET2\npassword guest grubSecret3\n',
        ("GRUBSECRET1", "GRUBSECRET2", "grubSecret3"),
    ),
    SecretFile("boot/grub2/user.cfg", "GRUB2_PASSWORD=grub.pbkdf2.sha512.10000.GRUBSECRET4.AB\n", ("GRUBSECRET4",)),
    SecretFile(
        "etc/docker/daemon.json",
        '{"proxies": {"http-proxy": "http://me:dockerSecret1@proxy:3128", "no-proxy": "10.0.0.0/8"},\n "log-opts": {"splunk-token": "dockerSecret2"}}\n',
        ("dockerSecret1", "dockerSecret2"),
    ),
    SecretFile(
        "root/.docker/config.json",
        '{"auths": {"https://index.docker.io/v1/": {"auth": "bWU6ZG9ja2VyU2VjcmV0Mw=="}}, "identitytoken": "dockerSecret4"}\n',
        ("bWU6ZG9ja2VyU2VjcmV0Mw", "dockerSecret4"),
    ),
    SecretFile(
        "etc/containerd/config.toml",
        'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry.configs."r.example".auth]\n  username = "me"\n  password = "ctrdSecret1"\n'
        '  auth = "bWU6Y3RyZFNlY3JldDI="\n  identitytoken = \'ctrdSecret3\'\n',
        ("ctrdSecret1", "bWU6Y3RyZFNlY3JldDI", "ctrdSecret3"),
    ),
    SecretFile(
        "var/lib/cloud/instance/user-data.txt",
        "#cloud-config\nusers:\n  - name: root\n    hashed_passwd: $6$rounds=4096$saltCloud$cloudSecret1/x.y\n    plain_text_passwd: 'cloudSecret2'\n"
        "  - {name: me, passwd: cloudSecret3, lock_passwd: false}\nchpasswd:\n  list: |\n    root:cloudSecret4\n    me:cloudSecret5\n  expire: false\n"
        "bootcmd:\n  - echo 'root:cloudSecret6' | chpasswd\npassword: cloudSecret7\n",
        tuple(f"cloudSecret{number}" for number in range(1, 8)),
    ),
    SecretFile(
        "etc/kubernetes/admin.conf",
        "apiVersion: v1\nkind: Config\nusers:\n- name: admin\n  user:\n    client-certificate-data: LS0tPublic\n    client-key-data: LS0tLS1CRUdJTiBjb25mU2VjcmV0MQ==\n"
        "    token: eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9.eyJpc3MiOiJrOHMifQ.confSecret2\n",
        ("LS0tLS1CRUdJTiBjb25mU2VjcmV0MQ", "eyJpc3MiOiJrOHMifQ", "confSecret2"),
    ),
    SecretFile(
        "etc/NetworkManager/system-connections/home.nmconnection",
        "[wifi-security]\nkey-mgmt=wpa-psk\npsk=nmSecret1 nmSecret2\nwep-key0=nmSecret3\n[wireguard]\nprivate-key=nmSecret4=\npassword-flags=1\n",
        ("nmSecret1", "nmSecret2", "nmSecret3", "nmSecret4"),
    ),
    SecretFile(
        "etc/netplan/90-wifi.yaml",
        'network:\n  wifis:\n    wlan0:\n      access-points:\n        "home":\n          password: "planSecret1 planSecret2"\n        "work":\n          auth: {key-management: eap, identity: me, password: planSecret3}\n',
        ("planSecret1", "planSecret2", "planSecret3"),
    ),
    SecretFile(
        "proc/cmdline",
        "BOOT_IMAGE=/vmlinuz root=/dev/vda1 ro http_proxy=http://me:cmdSecret1@proxy:3128 ds=nocloud;s=http://u:cmdSecret2@h/ k3s_token=cmdSecret3 "
        "systemd.set_credential=passwd.hashed-password.root:cmdSecret4 systemd.set_credential_binary=network.wireguard.key:cmdSecret5 quiet\n",
        tuple(f"cmdSecret{number}" for number in range(1, 6)),
    ),
    SecretFile(
        "etc/crio/crio.conf",
        '[crio.image]\nglobal_auth_file = "/var/lib/kubelet/config.json"\n# password = "crioSecret1"\n[crio.runtime]\ndefault_env = [\n  "HTTP_PROXY=http://me:crioSecret2@proxy:3128",\n]\n',
        ("crioSecret1", "crioSecret2"),
    ),
    SecretFile(
        "etc/systemd/system/backup.service",
        '[Service]\nEnvironment="AWS_SECRET_ACCESS_KEY=unitSecret1" AWS_ACCESS_KEY_ID=AKIDPUBLIC\nSetCredential=db.password:unitSecret2\n'
        "ExecStart=/usr/local/bin/k3s agent --token unitSecret3 --server https://10.0.0.1:6443\nExecStartPost=/usr/bin/curl --header 'Authorization: Bearer unitSecret4' https://x\n",
        tuple(f"unitSecret{number}" for number in range(1, 5)),
    ),
    SecretFile(
        "etc/default/backup",
        "AWS_SECRET_ACCESS_KEY=envSecret1/+abc\nexport RESTIC_PASSWORD='envSecret2 envSecret3'\nDB_PASS=envSecret4\nhttps_proxy=me:envSecret5@proxy:3128\n",
        tuple(f"envSecret{number}" for number in range(1, 6)),
    ),
    SecretFile("etc/kubernetes/pki/ca.key", PEM, ("pemSecretBodyLine1", "pemSecretBodyLine2")),
    SecretFile(
        "etc/cloud/cloud.cfg.d/90-keys.cfg",
        "#cloud-config\nssh_keys:\n  rsa_private: |\n" + "".join(f"    {line}\n" for line in PEM.splitlines()) + "  other: 1\n",
        ("pemSecretBodyLine1", "pemSecretBodyLine2"),
    ),
    SecretFile("etc/shadow", "root:$y$j9T$saltShadow$shadowSecret1:19000:0:99999:7:::\n", ("shadowSecret1", "saltShadow")),
    SecretFile(
        "etc/kubernetes/manifests/kube-vip.yaml",
        "spec:\n  containers:\n  - env:\n    - name: vip_interface\n      value: eth0\n    - name: DB_PASSWORD\n      value: podSecret1\n"
        '    - name: "API_TOKEN"\n      value: "podSecret2"\n    - name: AWS_SECRET_ACCESS_KEY # ours\n      value: |-\n        podSecret3\n'
        "    - name: bgp_peerpass\n      value: podSecret6\n    - name: C_PASSWORD\n\n      value: 'podSecret4\n        podSecret5'\n    - {name: D_TOKEN, value: pairSecret1}\n    - name: LAST\n      value: x\n",
        ("podSecret1", "podSecret2", "podSecret3", "podSecret4", "podSecret5", "pairSecret1", "podSecret6"),
    ),
    SecretFile(
        "etc/kubernetes/manifests/a.json",
        '{"env": [{"name": "DB_PASSWORD", "value": "pairSecret2"}, {"name": "HOST", "value": "db"}],\n"more": [{\n"name": "E_SECRET",\n"value": "podSecret7"\n}]}\n',
        ("pairSecret2", "podSecret7"),
    ),
    SecretFile("etc/fstab", "//nas/x /mnt cifs username=me,password=tabSecret1,ro,nofail 0 0\n", ("tabSecret1",)),
    SecretFile("etc/network/interfaces", "iface wlan0 inet dhcp\n    wpa-ssid home\n    wpa-psk wlanSecret1\n", ("wlanSecret1",)),
    SecretFile("etc/wireguard/wg0.conf", "[Interface]\nPrivateKey = wgSecret1=\n[Peer]\nPresharedKey = wgSecret2=\nPublicKey = wgPublic=\n", ("wgSecret1", "wgSecret2")),
    SecretFile(
        "etc/rc.local",
        "#!/bin/sh\necho rcSecret01 | cryptsetup luksOpen /dev/sdb s && swapon /dev/mapper/s\nprintf '%s' 'rcSecret02 rcSecret03' | cryptsetup open /dev/sdc t -\n"
        "curl -u me:rcSecret04 https://x/y -o /swap && swapon /swap\ncurl --user 'me:rcSecret05' --proxy-user me:rcSecret06 https://x\nmysql -u root -prcSecret07 -e 'select 1'\n"
        "mysqldump --password=rcSecret08 db\nk3s server -t rcSecret09 --disable traefik\n/usr/local/bin/rke2 agent -t 'rcSecret10'\ndocker login -u me -p rcSecret11 r.example\n"
        "echo \"rcSecret12\" | podman login --password-stdin r.example\necho rcSecret13 | passwd --stdin root\nuseradd -m -p rcSecret14 me\nredis-cli -h x -a rcSecret15 ping\n"
        "nmcli dev wifi connect home password rcSecret16\nldapsearch -x -w rcSecret17 uid=me\nSUSEConnect -r rcSecret18\niscsiadm -m node -o update -n node.session.auth.password -v rcSecret19\n"
        "openssl passwd -1 rcSecret20\nhtpasswd -b /etc/users me rcSecret21\nSSHPASS=rcSecret22 sshpass -e ssh x\nmicrok8s join 10.0.0.1:25000/92b2db237428470dc4fcfc4ebbd9dc81/2c0cb3284b05\n"
        "smbclient //n/x -U me%rcSecret23\nkubeadm join --discovery-token rcSecret24 --certificate-key rcSecret25\nipmitool -U me -P rcSecret26 chassis status\n",
        (*[f"rcSecret{number:02}" for number in range(1, 27)], "92b2db237428470dc4fcfc4ebbd9dc81"),
    ),
    SecretFile(
        "etc/frr/frr.conf",
        "frr version 8.4\npassword frrSecret1\nenable password 8 frrSecret2\nneighbor 10.0.0.2 password frrSecret3\n ip ospf message-digest-key 1 md5 frrSecret4\n"
        "  key-string frrSecret5\nisis password clear frrSecret6\nno ip forwarding\n",
        tuple(f"frrSecret{number}" for number in range(1, 7)),
    ),
    SecretFile(
        "etc/systemd/system/k0sworker.service",
        "[Service]\nExecStart=/usr/local/bin/k0s worker H4sIAAAAAAAC/2xVS3PbNhC+61fwB0R8k0SecretRESTrestRestRestRestRest=\n",
        ("VS3PbNhC+61fwB0R8k0SecretREST",),
    ),
    SecretFile(
        "etc/containerd/certs.d/r.example/hosts.toml",
        'server = "https://r.example"\n[host."https://r.example".header]\n  Authorization = ["Basic aG9zdHNTZWNyZXQx"]\n  x-custom-token = "hostsSecret2"\n',
        ("aG9zdHNTZWNyZXQx", "hostsSecret2"),
    ),
    SecretFile(
        "etc/default/kubelet",
        "KUBELET_EXTRA_ARGS=--manifest-url-header=Authorization:Bearer\\ headerSecret1 --v=2\nOTHER=--manifest-url-header=Authorization:Basic headerSecret2\n",
        ("headerSecret1", "headerSecret2"),
    ),
    SecretFile("etc/rancher/k3s/config.yaml.d/vpn.yaml", 'vpn-auth: "name=tailscale,joinKey=vpnSecret1,controlServerURL=https://x"\n', ("vpnSecret1",)),
    SecretFile(
        "etc/app.toml",
        "password = \"\"\"\noverLines1\noverLines2\"\"\"\nother = 1\ntoken = '''overLines3\n  overLines4\n'''\n",
        ("overLines1", "overLines2", "overLines3", "overLines4"),
    ),
    SecretFile("etc/app.yaml", 'a:\n  password: "overLines5\n    overLines6"\n  b: "c\n    d"\n', ("overLines5", "overLines6")),
    SecretFile("etc/app.env", 'export DB_PASSWORD="overLines7 \\\n overLines8"\nNEXT=1\n', ("overLines7", "overLines8")),
    SecretFile(
        "etc/cloud/cloud.cfg.d/91-users.cfg",
        '#cloud-config\nchpasswd: {list: "root:listSecret1\\nme:listSecret2", expire: false}\nlandscape: {client: {registration_key: listSecret3}}\n'
        "rh_subscription:\n  activation-key: listSecret4\n",
        tuple(f"listSecret{number}" for number in range(1, 5)),
    ),
    SecretFile(
        "etc/default/grub.d/netroot.cfg",
        'GRUB_CMDLINE_LINUX="ro netroot=iscsi:me:netSecret1@10.0.0.1::3260::iqn.2020-01.example:x selinux=0"\n',
        ("netSecret1",),
    ),
    SecretFile(
        "etc/keepalived/keepalived.conf",
        "authentication {\n    auth_type PASS\n    auth_pass plainSecret1\n}\nrequirepass plainSecret2\nbindpw plainSecret3\nsecret \"plainSecret4\";\ntoken plainSecret5\n"
        "ldap_default_authtok = plainSecret6\nme:plainSecret7@tcp(10.0.0.1:3306)/kubernetes\n<user><password>plainSecret8</password></user>\n"
        "https://a.example/b?sv=1&sig=plainSecret9%3D&se=2\n",
        tuple(f"plainSecret{number}" for number in range(1, 10)),
    ),
    SecretFile(
        "etc/cloud/cloud.cfg.d/92-files.cfg",
        "write_files:\n- encoding: b64\n  content: LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1JSUVzZWNyZXQ=\n- content: glpat-fileSecretFileSecret01\n"
        "- content: ghp_fileSecret2aaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
        ("Ck1JSUVzZWNyZXQ", "fileSecretFileSecret01", "fileSecret2"),
    ),
)  # fmt: skip

HARMLESS = (
    "UUID=0a3407de-014b-458b-b5c1-848e92a327a3 / ext4 defaults 0 1",
    "fs_passno 1",
    "--token-auth-file=/etc/kubernetes/tokens.csv --authorization-mode=Node,RBAC --anonymous-auth=false",
    "--authentication-token-webhook=true --tls-private-key-file=/var/lib/kubelet/pki/kubelet.key",
    "tokens: 3",
    "secretName: registry",
    "secret:",
    "secret:\n  secretName: registry\n  optional: true",
    "imagePullSecrets:\n- name: registry",
    "keyring /etc/apt/keyrings/kubernetes-apt-keyring.gpg",
    "passwd:         files systemd",
    "passwd: files [SUCCESS=return] sss",
    "passwd:files",
    "/etc/passwd: not found",
    "/run/secrets/kubernetes.io/serviceaccount/token: permission denied",
    "password    requisite    pam_pwquality.so retry=3",
    "password include system-auth",
    "token:",
    'token: ""',
    "password: null",
    "lock_passwd: true",
    "%wheel ALL=(ALL) NOPASSWD: ALL",
    "PWD=/root",
    "http://proxy.example:3128/",
    "unix:///run/containerd/containerd.sock",
    "http://[fd00::1]:8080/",
    "https://example.com/@scope/package",
    "kernel.unprivileged_bpf_disabled = 1",
    "net.ipv6.conf.all.stable_secret = 2001:db8::1",
    "systemd.set_credential=sysctl.extra:vm.swappiness=1",
    "sysctl.randomizevaspace",
    "kernel.abcdefghijklmnop",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "--discovery-token-ca-cert-hash sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "ExecStart=/usr/bin/kubelet $KUBELET_ARGS ${KUBELET_TOKEN_FILE}",
    "key: value",
    "PublicKey = abc=",
    "1.34.1-1.1 v1.34.1 3:18.06.3.ce-3.el7",
    "mkdir -p /var/lib/token && mount -t tmpfs -o size=1G tmpfs /x",
    "cp -p a b; docker run -p 8080:80 -u 1000:1000 x",
    "docker run --user www-data:www-data nginx",
    "ExecStart=-/sbin/agetty -o '-p -- \\u' --noclear --login-program /bin/login - $TERM",
    "echo 1 > /proc/sys/net/ipv4/ip_forward | cat",
    "echo none | tee /etc/crypttab",
    "cryptsetup luksOpen --key-file=/etc/keys/swap /dev/sdb s | cat",
    "k3s server --tls-san a.example -v 2",
    "curl -fsSL -u nobody https://x",
    "mysql -p -u root",
    "wget -O - https://x/?a=b&c=d",
    "LoadCredential=token:/etc/keys/token",
    "LoadCredentialEncrypted=password:/etc/x",
    "--token=${K3S_TOKEN}",
    "K3S_TOKEN=$TOKEN",
    "CONFIG_CRYPTO_SECRET=m",
    "client-certificate-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUVw",
    "key: node-role.kubernetes.io/control-plane",
    "ip forwarding",
    "neighbor 10.0.0.2 remote-as 65000",
    "token expired",
    "netroot=iscsi:10.0.0.1::3260::iqn.2020-01.example:x",
    'password = """\n"""\nother = """\na\nb"""',
    'a: "b\n  c"\nd: e',
    "ImportCredential=token.*",
)
"""Lines that look like a secret's to a filter that is too eager; each stays as it is."""
