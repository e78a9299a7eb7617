#!/bin/busybox sh
# Process 1 of the emulated host while its root is the initramfs: loads the modules, mounts the 9p shares, lets ROOT_root.sh
# mount the root, and executes the init of HOST. Any failure reboots, which ends QEMU, with the reason on the console.
# Debian's busybox sh prefers its own applets to PATH, and runs them through /proc/self/exe.
set -e
/bin/busybox mount -t proc proc /proc
trap 'echo "init.sh failed"; echo b > /proc/sysrq-trigger' EXIT
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read -r module; do insmod "/modules/$module"; done < /modules/order

mkdir -p /host /lower /upper /job /keep
# The files under test do not change outside while it runs, so the guest may cache them; mmap requires that too.
mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose root /lower
mount -t 9p -o ro,trans=virtio,version=9p2000.L job /job
mount -t tmpfs -o mode=755 tmpfs /upper
. /job/session.env # ROOT, HOST, and what job.sh and debian_root.sh say

. "/guest/${ROOT}_root.sh" # mounts the root on /host

mkdir -p /host/run/emulated_host/job
mount --move /job /host/run/emulated_host/job
if grep -q results /sys/bus/virtio/drivers/9pnet_virtio/virtio*/mount_tag; then
  mkdir /host/run/emulated_host/results
  mount -t 9p -o trans=virtio,version=9p2000.L results /host/run/emulated_host/results
fi
cp /bin/busybox /guest/*.sh /host/run/emulated_host
if [ "$HOST" = systemd ]; then
  mkdir -p /host/run/systemd/system
  cp /guest/units/* /host/run/systemd/system
  INIT="/lib/systemd/systemd --unit=emulated-host.target"
else
  INIT="/run/emulated_host/busybox sh /run/emulated_host/plain_session.sh"
fi

mount --move /sys /host/sys
mount --move /dev /host/dev
# A /proc left behind would be a procfs without masks below every root. Moved last: busybox runs its applets by it.
trap 'echo "init.sh failed"; echo b > /host/proc/sysrq-trigger' EXIT
mount --move /proc /host/proc
# shellcheck disable=SC2086 # words
exec /bin/busybox switch_root -c /dev/console /host $INIT
