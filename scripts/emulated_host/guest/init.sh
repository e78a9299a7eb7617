#!/bin/busybox sh
# Process 1 of the emulated host while its root is the initramfs: loads the modules, lays a writable overlay over the
# 9p share of the developer's root, mounts what a booted Debian has mounted, and hands over to session.sh.
# Any failure reboots, which ends QEMU, with the reason on the console. Debian's busybox sh runs its own applets before it
# looks at PATH, through /proc/self/exe.
set -e
/bin/busybox mount -t proc proc /proc
trap 'echo "init.sh failed"; echo b > /proc/sysrq-trigger' EXIT
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read -r module; do insmod "/modules/$module"; done < /modules/order

mkdir -p /host /lower /upper /job /keep
# Nothing outside changes the files under test while they run, so the guest may cache them; mmap needs it too.
mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose root /lower
mount -t 9p -o ro,trans=virtio,version=9p2000.L job /job
mount -t tmpfs -o mode=755 tmpfs /upper
mkdir /upper/files /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work overlay /host

# /tmp and /run start empty, as after a boot, except for the folders the job needs, which may lie below them.
number=0
while read -r path; do
  number=$((number + 1))
  mkdir "/keep/$number"
  mount -o bind "/host$path" "/keep/$number"
done < /job/keep
mount -t tmpfs -o mode=1777 tmpfs /host/tmp
mount -t tmpfs -o mode=755 tmpfs /host/run
# Podman's store: what is there outside would not fit, and overlay does not go over the overlay of the root.
mkdir -p /host/var/lib/containers
mount -t tmpfs -o mode=755 tmpfs /host/var/lib/containers
number=0
while read -r path; do
  number=$((number + 1))
  mkdir -p "/host$path"
  mount --move "/keep/$number" "/host$path"
done < /job/keep

mkdir -p /host/run/emulated_host/job
mount --move /job /host/run/emulated_host/job
if grep -q results /sys/bus/virtio/drivers/9pnet_virtio/virtio*/mount_tag; then
  mkdir /host/run/emulated_host/results
  mount -t 9p -o trans=virtio,version=9p2000.L results /host/run/emulated_host/results
fi
cp /bin/busybox /session.sh /host/run/emulated_host

mount -t proc proc /host/proc # not moved: busybox needs /proc until the end
mount --move /sys /host/sys
mount --move /dev /host/dev
exec switch_root -c /dev/console /host /run/emulated_host/busybox sh /run/emulated_host/session.sh
