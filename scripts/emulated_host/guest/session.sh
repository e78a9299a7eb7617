#!/bin/busybox sh
# Process 1 of the emulated host once its root is the overlay: brings the kernel's file systems, cgroups and devices to
# the state in which systemd and udev leave them, runs the job's command, and reports its end. It then waits: the
# runner ends QEMU, so nothing left behind by the command can delay the end. Started by the host's own shell and tools it
# would take a second more.
set -eu
trap 'echo "session.sh failed"; echo b > /proc/sysrq-trigger' EXIT
here=/run/emulated_host
. "$here/job/session.env" # TOKEN TIMEOUT LIBRARIES LIBRARY_DIRECTORY MODULES

mkdir -p /dev/pts /dev/shm /dev/mqueue
mount -t devpts -o mode=620,gid=5,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs /dev/shm
mount -t mqueue mqueue /dev/mqueue
ln -sf /proc/self/fd /dev/fd
ln -sf /proc/self/fd/0 /dev/stdin
ln -sf /proc/self/fd/1 /dev/stdout
ln -sf /proc/self/fd/2 /dev/stderr
chmod 666 /dev/fuse /dev/net/tun
chmod 660 /dev/kvm
if grep -q '^kvm:' /etc/group; then chgrp kvm /dev/kvm; fi
mount -t securityfs securityfs /sys/kernel/security
mount --make-rshared /
ip link set lo up
hostname emulated-host
ulimit -H -n 524288

# As on a host with systemd: no process in the root cgroup, every controller handed to its children.
mount -t cgroup2 -o nosuid,nodev,noexec,nsdelegate,memory_recursiveprot cgroup2 /sys/fs/cgroup
mkdir /sys/fs/cgroup/init.scope /sys/fs/cgroup/session.scope
echo 1 > /sys/fs/cgroup/init.scope/cgroup.procs
sed 's/[^ ]*/+&/g' /sys/fs/cgroup/cgroup.controllers > /sys/fs/cgroup/cgroup.subtree_control

mkdir -p /lib/modules
ln -sfn "$MODULES" "/lib/modules/$(uname -r)"
for library in "$LIBRARIES"/*; do ln -sf "$library" "$LIBRARY_DIRECTORY"; done

# The command writes to pipes, as it does on any host; the ports could not be opened twice.
mkfifo "$here/stdout" "$here/stderr"
for port in /sys/class/virtio-ports/*; do
  read -r name < "$port/name"
  cat "$here/$name" > "/dev/${port##*/}" &
done
exec 8> "$here/stdout" 9> "$here/stderr"

printf '%s begin\n' "$TOKEN" >&8
setsid sh -c 'echo $$ > /sys/fs/cgroup/session.scope/cgroup.procs; exec /bin/sh "$0"' "$here/job/command" \
  < /dev/null >&8 2>&9 8>&- 9>&- &
command=$!
(
  set +e
  sleep "$TIMEOUT"
  : > "$here/timed_out"
  printf 'emulated host: the command still runs after %s s; processes:\n' "$TIMEOUT" >&9
  ps -o pid,ppid,stat,args | awk '$2 != 2' >&9 # without kernel threads
  echo 1 > /sys/fs/cgroup/session.scope/cgroup.kill
) &

code=0
wait "$command" || code=$?
if [ -e "$here/timed_out" ]; then code=124; fi # as timeout(1)
printf '%s end %d\n' "$TOKEN" "$code" >&8
printf '%s end\n' "$TOKEN" >&9
sleep 30 # a runner that lives ends QEMU at once
echo b > /proc/sysrq-trigger
