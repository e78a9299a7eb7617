#!/bin/sh
# Installs what a Debian machine lacks for building kago; with --test, for all of its tests too. May be run again: when
# nothing is missing it takes a few milliseconds and needs neither root nor a network.
set -eu
cd "$(dirname "$0")/.."

# PACKAGE, or PACKAGE=COMMAND when any program of that name will do, wherever it comes from.
BUILD_PACKAGES="ca-certificates gcc=cc libc6-dev binutils=strip musl-tools=musl-gcc npm=npm"
TEST_PACKAGES="
  runc crun criu
  podman conmon buildah netavark aardvark-dns slirp4netns passt uidmap fuse-overlayfs catatonit iptables
  containerd docker.io
  busybox-static
  checkpolicy
  qemu-system-x86 kmod cpio xz-utils zstd
  libseccomp2 libcap-ng0
  mmdebstrap
  clang libclang-rt-14-dev
  golang-go=go
  strace iproute2 util-linux procps git
"

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

list_missing() {
  for need in "$@"; do
    package=${need%%=*} command=${need#*=}
    [ "$package" != "$need" ] && command -v "$command" >/dev/null && continue
    is_installed "$package" || printf '%s ' "$package"
  done
}

# The daemons among the packages are started by the tests, which want them with stores of their own: invoke-rc.d(8) asks
# this file whether it may start one.
keep_services_down() {
  policy=/usr/sbin/policy-rc.d
  [ ! -e $policy ] || return 0
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  printf '#!/bin/sh\nexit 101\n' > $policy
  chmod 755 $policy
}

install_packages() {
  missing=$(list_missing "$@")
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ]; then
    echo "setup.sh: run it as root, or install $missing" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  keep_services_down
  apt-get -q update
  # shellcheck disable=SC2086 # a list of names
  apt-get -q install -y --no-install-recommends $missing
}

# The platform package's own executable: the wrapper of npm's "deno" would start Node first, and would need an
# install script to have been run.
install_deno() {
  tools=build/tools
  if [ ! -x "$tools/node_modules/@deno/linux-x64-glibc/deno" ] ||
    ! cmp -s scripts/tools/package-lock.json "$tools/installed-lock.json"; then
    mkdir -p "$tools"
    cp scripts/tools/package.json scripts/tools/package-lock.json "$tools"
    npm ci --prefix "$tools" --ignore-scripts --no-audit --no-fund --no-update-notifier
    cp "$tools/package-lock.json" "$tools/installed-lock.json"
  fi
}

case "$*" in
  "") packages=$BUILD_PACKAGES ;;
  --test) packages="$BUILD_PACKAGES $TEST_PACKAGES" ;;
  *) echo "usage: setup.sh [--test]" >&2; exit 2 ;;
esac
# shellcheck disable=SC2086 # a list of names
install_packages $packages
install_deno
