#!/bin/busybox sh
# Process 1 of the plain host once its root is the overlay: sets up the kernel's filesystems, cgroups and devices as systemd
# and udev do, and runs the job. With the host's own shell and tools it would take a second more.
set -eu
trap 'echo "plain_session.sh failed"; echo b > /proc/sysrq-trigger' EXIT
here=/run/emulated_host

mkdir -p /dev/pts /dev/shm /dev/mqueue
mount -t devpts -o mode=620,gid=5,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs /dev/shm
mount -t mqueue mqueue /dev/mqueue
ln -sf /proc/self/fd /dev/fd
ln -sf /proc/self/fd/0 /dev/stdin
ln -sf /proc/self/fd/1 /dev/stdout
ln -sf /proc/self/fd/2 /dev/stderr
mount -t securityfs securityfs /sys/kernel/security
mount --make-rshared /
ip link set lo up
hostname emulated-host
ulimit -H -n 524288

# As on a host with systemd: no process in the root cgroup, every controller enabled for its children.
mount -t cgroup2 -o nosuid,nodev,noexec,nsdelegate,memory_recursiveprot cgroup2 /sys/fs/cgroup
mkdir /sys/fs/cgroup/init.scope /sys/fs/cgroup/session.scope
echo 1 > /sys/fs/cgroup/init.scope/cgroup.procs
sed 's/[^ ]*/+&/g' /sys/fs/cgroup/cgroup.controllers > /sys/fs/cgroup/cgroup.subtree_control

CGROUP=/sys/fs/cgroup/session.scope
start_command() {
  exec setsid sh -c 'echo $$ > "$0/cgroup.procs"; exec /bin/sh "$1"' "$CGROUP" "$here/job/command"
}
. "$here/job.sh"
