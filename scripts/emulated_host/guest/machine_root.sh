# Sourced by init.sh. The root is the developer's own, under a writable overlay.

mkdir /upper/files /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work overlay /host

# /tmp and /run start empty, as after a boot, except for the folders of the job, which may be below them.
number=0
while read -r path; do
  case $path in /tmp/* | /run/*) ;; *) continue ;; esac
  number=$((number + 1))
  mkdir "/keep/$number"
  mount -o bind "/host$path" "/keep/$number"
  echo "$path" >> /keep/paths
done < /job/folders
mount -t tmpfs -o mode=1777 tmpfs /host/tmp
mount -t tmpfs -o mode=755 tmpfs /host/run
# Podman's store: that of the machine would not fit, and overlay does not work on the root's overlay.
mkdir -p /host/var/lib/containers
mount -t tmpfs -o mode=755 tmpfs /host/var/lib/containers
if [ -e /keep/paths ]; then
  number=0
  while read -r path; do
    number=$((number + 1))
    mkdir -p "/host$path"
    mount --move "/keep/$number" "/host$path"
  done < /keep/paths
fi
