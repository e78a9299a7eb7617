#!/bin/sh
# Installs kago for the container engines of this machine, or takes it away again. Needs no network and nothing but a
# POSIX shell and the usual tools: it takes the file kago from beside itself, or from dist/.
set -eu

PREFIX=/usr/local
ROOT=
DRY=
UNINSTALL=
MARK="# Written by kago's install.sh, which removes it again with --uninstall."

usage() {
  cat <<'END'
usage: install.sh [--prefix DIR] [--root DIR] [--dry-run] [--uninstall]

  --prefix DIR  where bin/kago and bin/krun go (default /usr/local)
  --root DIR    a file system to install into, in the place of / (default /)
  --dry-run     say what would be done, and do nothing
  --uninstall   remove what an installation has made

What is made: PREFIX/bin/kago, the link krun to it, and /etc/containers/containers.conf.d/50-kago.conf for podman and
buildah. For Docker and containerd, whose configuration is one file each, what to add is printed; a daemon.json is
written only where there is none.
END
}

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

need_value() {
  [ $# -gt 1 ] || fail "$1 needs a folder"
}

while [ $# -gt 0 ]; do
  case "$1" in
    --prefix) need_value "$@"; PREFIX=$2; shift ;;
    --prefix=*) PREFIX=${1#*=} ;;
    --root) need_value "$@"; ROOT=$2; shift ;;
    --root=*) ROOT=${1#*=} ;;
    --dry-run) DRY=1 ;;
    --uninstall) UNINSTALL=1 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; fail "unknown argument $1" ;;
  esac
  shift
done
case "$PREFIX" in
  /*) ;;
  *) fail "--prefix: $PREFIX is not an absolute path" ;;
esac
case "$PREFIX" in
  *[!A-Za-z0-9/._+-]*) fail "--prefix: $PREFIX has characters that the engines' configuration files cannot be trusted with" ;;
esac
PREFIX=${PREFIX%/}
ROOT=${ROOT%/}

KAGO=$PREFIX/bin/kago
KRUN=$PREFIX/bin/krun
CONTAINERS=/etc/containers/containers.conf.d/50-kago.conf
DOCKER=/etc/docker/daemon.json
CONTAINERD=/etc/containerd/config.toml

# Says what is done; with --dry-run that is all.
step() {
  echo "$1"
  [ -z "$DRY" ] || return 0
  shift
  "$@"
}

# Replaced by a rename: a container engine that starts kago at this moment finds the old or the new.
put_program() {
  mkdir -p "$ROOT$PREFIX/bin"
  cp "$1" "$ROOT$KAGO.new"
  chmod 755 "$ROOT$KAGO.new"
  mv -f "$ROOT$KAGO.new" "$ROOT$KAGO"
}

put_link() {
  mkdir -p "$ROOT$PREFIX/bin"
  ln -sfn kago "$ROOT$KRUN"
}

# The text on standard input, to the file.
put_text() {
  mkdir -p "${1%/*}"
  cat > "$1.new"
  chmod 644 "$1.new"
  mv -f "$1.new" "$1"
}

# containers.conf(5): lists replace the ones of other files, so they have Debian's and podman's own names too.
containers_conf() {
  cat <<END
$MARK
[engine]
runtime_supports_json = ["crun", "runc", "kata", "runsc", "youki", "krun", "kago"]
runtime_supports_kvm = ["kata", "krun"]
runtime_supports_nocgroups = ["crun", "krun", "kago"]

[engine.runtimes]
kago = ["$KAGO"]
krun = ["$KRUN"]
END
}

docker_json() {
  cat <<END
{
  "runtimes": {
    "kago": { "path": "$KAGO" },
    "krun": { "path": "$KRUN" }
  }
}
END
}

# What an image or a pod may set (docs/microvm.md). The others take the administrator's word, and are not passed on unless he
# adds them.
ANNOTATIONS="run.oci.handler krun.cpus krun.ram_mib krun.agent krun.log_level krun.variant krun.use_passt krun.port_map krun.vsock krun.disk krun.console"

quoted_annotations() {
  separator=
  for annotation in $ANNOTATIONS; do
    printf '%s"%s"' "$separator" "$annotation"
    separator=', '
  done
}

# Entries for containerd's CRI plugin (version 2 of its file, containerd 1.3 to 1.7).
containerd_toml() {
  systemd=false # as a kubelet's cgroupDriver is by default
  if [ -d "$ROOT/run/systemd/system" ]; then systemd=true; fi
  annotations=$(quoted_annotations)
  for name in kago krun; do
    section="plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.$name"
    cat <<END
[$section]
  runtime_type = "io.containerd.runc.v2"
  pod_annotations = [$annotations]
  container_annotations = [$annotations]
[$section.options]
  BinaryName = "$PREFIX/bin/$name"
  SystemdCgroup = $systemd
END
  done
}

find_program() {
  here=$(cd "$(dirname "$0")" && pwd)
  for file in "$here/kago" "$here/dist/kago" "$here/../dist/kago"; do
    if [ -f "$file" ]; then
      echo "$file"
      return
    fi
  done
  fail "there is no file kago beside $here/install.sh; put it there, or build it with ./scripts/deno task build"
}

is_ours() {
  [ -f "$1" ] && grep -qF "$MARK" "$1"
}

check_occupied() {
  # Another krun, such as crun's, is not ours to replace.
  if [ -e "$ROOT$KRUN" ] || [ -L "$ROOT$KRUN" ]; then
    [ "$(readlink "$ROOT$KRUN" || true)" = kago ] || fail "$KRUN is there and is not kago's; remove it, or give another --prefix"
  fi
  [ ! -e "$ROOT$CONTAINERS" ] || is_ours "$ROOT$CONTAINERS" || fail "$CONTAINERS is there and is not kago's; remove it first"
}

install_docker() {
  if [ ! -e "$ROOT$DOCKER" ]; then
    docker_json | step "write $DOCKER" put_text "$ROOT$DOCKER"
    echo "  restart Docker for it: systemctl restart docker"
  elif [ "$(cat "$ROOT$DOCKER")" = "$(docker_json)" ]; then
    echo "keep $DOCKER"
  else
    echo "Docker: add this to $DOCKER, then systemctl reload docker:"
    docker_json | sed 's/^/    /'
  fi
}

install_all() {
  program=$(find_program)
  check_occupied
  step "put $program to $KAGO" put_program "$program"
  step "link $KRUN to kago" put_link
  containers_conf | step "write $CONTAINERS" put_text "$ROOT$CONTAINERS"
  [ ! -d "$ROOT/etc/docker" ] || install_docker
  if [ -d "$ROOT/etc/containerd" ]; then
    echo "containerd: add this to $CONTAINERD for Kubernetes (ctr needs --runc-binary $KAGO only):"
    containerd_toml | sed 's/^/    /'
  fi
}

uninstall_all() {
  if [ "$(readlink "$ROOT$KRUN" || true)" = kago ]; then step "remove $KRUN" rm -f "$ROOT$KRUN"; fi
  if [ -e "$ROOT$KAGO" ]; then step "remove $KAGO" rm -f "$ROOT$KAGO"; fi
  if is_ours "$ROOT$CONTAINERS"; then step "remove $CONTAINERS" rm -f "$ROOT$CONTAINERS"; fi
  if [ -e "$ROOT$DOCKER" ] && [ "$(cat "$ROOT$DOCKER")" = "$(docker_json)" ]; then
    step "remove $DOCKER" rm -f "$ROOT$DOCKER"
  elif [ -e "$ROOT$DOCKER" ] && grep -qF "$KAGO" "$ROOT$DOCKER"; then
    echo "Docker: take kago out of $DOCKER"
  fi
  if [ -e "$ROOT$CONTAINERD" ] && grep -qF "$KAGO" "$ROOT$CONTAINERD"; then
    echo "containerd: take kago out of $CONTAINERD"
  fi
}

if [ -n "$UNINSTALL" ]; then uninstall_all; else install_all; fi
