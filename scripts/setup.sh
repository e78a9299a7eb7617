#!/bin/sh
# Installs the packages that a Debian machine lacks for building kago; with --demo, for quickstart.sh too; with --test,
# for all tests. It can be run again: when nothing is missing it takes a few milliseconds and needs neither root nor a
# network. With --list in front it only prints the packages.
#
# The pinned Deno comes from an npm registry. If one is configured (npm_config_registry, or `registry` in ~/.npmrc or
# /etc/npmrc), curl fetches the one file; otherwise npm does, which knows its registry, but which Debian builds of some
# 380 packages.
set -eu
cd "$(dirname "$0")/.."

# PACKAGE, or PACKAGE=COMMAND when any program of that name will do, whatever its source; PACKAGE? exists in some
# releases only.
BUILD_PACKAGES="ca-certificates gcc=cc libc6-dev binutils=strip musl-tools=musl-gcc"
# The preparation of the emulated hosts installs their packages when they are needed.
DEMO_PACKAGES="busybox-static"
TEST_PACKAGES="
  runc crun criu
  podman conmon buildah netavark aardvark-dns slirp4netns passt uidmap fuse-overlayfs catatonit iptables nftables
  containerd docker.io docker-cli?
  checkpolicy
  libseccomp2
  clang libclang-rt-dev clang-format-19
  golang-go=go
  strace iproute2 util-linux procps git
  zsh fish mandoc
"

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

list_missing() {
  for need in "$@"; do
    package=${need%%=*} command=${need#*=}
    [ "$package" != "$need" ] && command -v "$command" >/dev/null && continue
    is_installed "${package%\?}" || printf '%s ' "$package"
  done
}

# Without packages that only some releases have.
list_needed() {
  for package in "$@"; do
    [ "$package" != "${package%\?}" ] || printf '%s ' "$package"
  done
}

# The packages that this release has.
list_offered() {
  for package in "$@"; do
    name=${package%\?}
    if [ "$name" = "$package" ] || apt-cache policy "$name" | grep -q '^ *Candidate: [^(]'; then printf '%s ' "$name"; fi
  done
}

# The tests start the daemons of the packages themselves, with their own stores: invoke-rc.d(8) asks this file whether
# it may start one.
keep_services_down() {
  policy=/usr/sbin/policy-rc.d
  [ ! -e $policy ] || return 0
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  printf '#!/bin/sh\nexit 101\n' > $policy
  chmod 755 $policy
}

fail() {
  echo "setup.sh: $1" >&2
  exit 1
}

install_packages() {
  missing=$(list_missing "$@")
  [ -n "$(list_needed $missing)" ] || return 0
  command -v apt-get >/dev/null || fail "this is no Debian: install what these packages of Debian hold: $missing"
  [ "$(id -u)" = 0 ] || fail "run it as root, or install $missing"
  echo "setup.sh: installing $missing"
  export DEBIAN_FRONTEND=noninteractive
  keep_services_down
  apt-get -q update
  # shellcheck disable=SC2046 # a list of names
  apt-get -q install -y --no-install-recommends $(list_offered $missing)
}

TOOLS=build/tools
LOCK=scripts/tools/package-lock.json
# The executable of the platform package: the wrapper of npm's "deno" would start Node first, and would need its install
# script to have been run.
DENO_PACKAGE=@deno/linux-x64-glibc

# A field of the one package in the lock file.
locked() {
  sed -n "/\"node_modules\//,\$ s/^ *\"$1\": \"\(.*\)\",*\$/\1/p" $LOCK | head -n 1
}

# The configured registry, without a slash at its end; empty if there is none, or if it requires a password, which npm
# can provide.
configured_registry() {
  set -- "${npm_config_registry:-${NPM_CONFIG_REGISTRY:-}}"
  for file in "${HOME:-/root}/.npmrc" /etc/npmrc; do
    [ -f "$file" ] || continue
    if grep -q '_auth\|_password' "$file"; then return; fi
    [ -n "$1" ] || set -- "$(sed -n 's/^ *registry *= *//p' "$file" | tail -n 1)"
  done
  echo "${1%/}"
}

# Unpacks the file only if it matches the lock file.
fetch_deno() {
  archive=$TOOLS/deno.tgz folder=$TOOLS/node_modules/$DENO_PACKAGE
  version=$(locked version)
  curl --fail --silent --show-error --location --retry 3 --output $archive \
    "$1/$DENO_PACKAGE/-/${DENO_PACKAGE#*/}-$version.tgz" || fail "Deno $version cannot be fetched from $1"
  expected=$(locked integrity | sed 's/^sha512-//' | base64 -d | od -A n -v -t x1 | tr -d ' \n')
  [ "$(sha512sum <$archive)" = "$expected  -" ] || fail "$1 has another Deno $version than scripts/tools/package-lock.json"
  rm -rf "$folder"
  mkdir -p "$folder"
  tar -x --gzip --no-same-owner --strip-components=1 --file $archive --directory "$folder"
  rm $archive
}

install_deno() {
  [ ! -x $TOOLS/node_modules/$DENO_PACKAGE/deno ] || ! cmp -s $LOCK $TOOLS/installed-lock.json || return 0
  mkdir -p $TOOLS
  registry=$(configured_registry)
  echo "setup.sh: fetching Deno (45 MB)"
  if [ -n "$registry" ]; then
    install_packages curl=curl
    fetch_deno "$registry"
  else
    install_packages npm=npm
    cp scripts/tools/package.json $LOCK $TOOLS
    npm ci --prefix $TOOLS --ignore-scripts --no-audit --no-fund --no-update-notifier ||
      fail "npm cannot install Deno, see what it says above"
  fi
  cp $LOCK $TOOLS/installed-lock.json
}

list=
if [ "${1:-}" = --list ]; then list=yes; shift; fi
case "$*" in
  "") packages=$BUILD_PACKAGES ;;
  --demo) packages="$BUILD_PACKAGES $DEMO_PACKAGES" ;;
  --test) packages="$BUILD_PACKAGES $DEMO_PACKAGES $TEST_PACKAGES" ;;
  *) fail "usage: setup.sh [--list] [--demo | --test]" ;;
esac
if [ "$list" ]; then
  for need in $packages; do echo "${need%%=*}"; done
  exit
fi
# shellcheck disable=SC2086 # a list of names
install_packages $packages
install_deno
