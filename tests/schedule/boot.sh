# sh boot.sh FOLDER PROGRAM: boots this system's own systemd in a container (its root is this one's, changes go to memory)
# and proves there what nodecheck schedule installs. Run it in a mount namespace of its own. Results go to FOLDER.
set -u
out=$1 program=$2
top=$(mktemp -d)
mount -t tmpfs tmpfs "$top" && mkdir "$top/up" "$top/work" "$top/root" || exit 77
mount -t overlay overlay -o "lowerdir=/,upperdir=$top/up,workdir=$top/work" "$top/root" || exit 77
root=$top/root
rm -rf "$root"/etc/systemd/system/*.wants "$root"/etc/nodecheck "$root"/var/lib/nodecheck "$root"/etc/rc.local
echo '# nothing' > "$root/etc/fstab"
systemd-nspawn -q --keep-unit --register=no --boot --private-network -D "$root" --machine="nodecheck-$$" \
    --bind="$out:/srv" --bind-ro="$(dirname "$(dirname "$program")")" --bind-ro="$3" </dev/null >"$out/console" 2>&1 &
container=$!
inside() { nsenter -t "$leader" -a "$@"; }
try=0 leader=
until [ -n "$leader" ] && inside systemctl is-system-running 2>/dev/null | grep -q 'running\|degraded'; do
    try=$((try + 1))
    [ $try -lt 240 ] && kill -0 $container 2>/dev/null || exit 77
    sleep 0.25
    leader=$(cat /proc/$container/task/$container/children 2>/dev/null | cut -d' ' -f1)
done
inside "$program" --version >/dev/null || exit 77

cat > "$out/prove" <<END
set -x
cd /
echo 1 > /proc/sys/net/ipv4/ip_forward
systemd-run --quiet --wait --pipe "$program" run --json > /srv/outside.json
"$program" schedule systemd --install > /srv/installed
unit=/etc/systemd/system/nodecheck
mkdir \$unit.service.d \$unit.timer.d
printf '[Service]\nExecStart=\nExecStart="$program" run --json -q --output json=/var/lib/nodecheck/x.json\n' > \$unit.service.d/a.conf
systemctl daemon-reload
systemctl start nodecheck
cp /var/lib/nodecheck/x.json /srv/inside.json
rm -r \$unit.service.d
printf '[Timer]\nOnCalendar=\nOnCalendar=*:*:*\nRandomizedDelaySec=0\nAccuracySec=50ms\n' > \$unit.timer.d/a.conf
systemctl daemon-reload
systemctl restart nodecheck.timer

told() { journalctl -u nodecheck -o cat | grep "\$1"; }
i=0; until told 'run 1, the first:' > /srv/first || [ \$i -gt 300 ]; do i=\$((i + 1)); sleep 0.2; done
echo 0 > /proc/sys/net/ipv4/ip_forward
i=0; until told 'NEW FAILURE.*sysctl.net.ipv4.ip_forward.' > /srv/changed || [ \$i -gt 300 ]; do i=\$((i + 1)); sleep 0.2; done
systemctl stop nodecheck.timer
systemctl start nodecheck
systemctl show nodecheck -p Result -p ExecMainStatus > /srv/result
ls /var/lib/nodecheck > /srv/state
"$program" schedule systemd --remove > /srv/removed
ls /etc/systemd/system | grep 'nodecheck.*[er]\$' > /srv/left
systemctl is-active nodecheck.timer >> /srv/left
END
inside sh /srv/prove > "$out/log" 2>&1
inside systemctl poweroff >/dev/null 2>&1
wait $container
exit 0
