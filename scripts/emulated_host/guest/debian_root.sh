# Sourced by init.sh. The root is a Debian made for it (DEBIAN_ROOT), in which the folders for the job appear at the same
# paths as outside. All of it is writable, and no change gets out.

number=0
lay() { # lay LOWER TARGET
  number=$((number + 1))
  mkdir -p "/keep/$number" "/upper/$number/files" "/upper/$number/work" "$2"
  mount -o bind "$1" "/keep/$number" # a path in an overlay's options could have commas and colons
  mount -t overlay \
    -o "lowerdir=/keep/$number,upperdir=/upper/$number/files,workdir=/upper/$number/work" overlay "$2"
}

lay "/lower$DEBIAN_ROOT" /host
mount -t tmpfs -o mode=1777 tmpfs /host/tmp
mount -t tmpfs -o mode=755 tmpfs /host/run
# Stores of podman, for root and other users: overlay does not work on overlay.
mkdir -p /host/var/lib/containers
mount -t tmpfs -o mode=755 tmpfs /host/var/lib/containers
mkdir -p /keep/home
mount -t tmpfs -o mode=755 tmpfs /keep/home
cp -a /host/home/. /keep/home
mount --move /keep/home /host/home
# Podman 5.8 maps --userns=auto from this name's ranges, which libsubid 4.20 finds only for an existing user.
echo containers:x:59999:65534::/nonexistent:/usr/sbin/nologin >> /host/etc/passwd
for file in subuid subgid; do echo containers:1048576:1048576 >> "/host/etc/$file"; done
while read -r path; do lay "/lower$path" "/host$path"; done < /job/folders
