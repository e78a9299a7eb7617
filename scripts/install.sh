#!/bin/sh
# Installs kago for the container engines of this machine, or removes it. Needs no network and only a POSIX shell and
# the usual tools: it uses the file kago in its own directory, or in dist/.
set -eu

PREFIX=/usr/local
ROOT=
DRY=
UNINSTALL=
PRINT=
MARK="# Written by kago's install.sh, which removes it again with --uninstall."

usage() {
  cat <<'END'
usage: install.sh [--prefix DIR] [--root DIR] [--dry-run] [--uninstall]
       install.sh [--prefix DIR] [--root DIR] --containerd-config VERSION | --crio-config

  --prefix DIR  where bin/kago and bin/krun go (default /usr/local)
  --root DIR    a file system to install into, in place of / (default /)
  --dry-run     say what would be done, and do nothing
  --uninstall   remove what an installation has made

  --containerd-config VERSION
                print what containerd's configuration needs, and do nothing; VERSION is that of the file: 3 (containerd
                2, a file of its own in /etc/containerd/conf.d) or 2 (containerd 1, to be appended to config.toml)
  --crio-config print what CRI-O needs (a file of its own in /etc/crio/crio.conf.d), and do nothing

What lies in lib/kago beside install.sh (libkrun and passt of the air-gapped bundle) goes to where kago looks for it:
/usr/lib/kago for the prefix /usr, else /usr/local/lib/kago.

What is made: PREFIX/bin/kago, the link krun to it, the manual and completions of bash, zsh and fish below
PREFIX/share, and /etc/containers/containers.conf.d/50-kago.conf for podman and buildah. For Docker and containerd, whose
configuration is one file each, what to add is printed; a daemon.json is written only where there is none.
END
}

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

need_value() {
  [ $# -gt 1 ] || fail "$1 needs a value"
}

while [ $# -gt 0 ]; do
  case "$1" in
    --prefix) need_value "$@"; PREFIX=$2; shift ;;
    --prefix=*) PREFIX=${1#*=} ;;
    --root) need_value "$@"; ROOT=$2; shift ;;
    --root=*) ROOT=${1#*=} ;;
    --dry-run) DRY=1 ;;
    --uninstall) UNINSTALL=1 ;;
    --containerd-config) need_value "$@"; PRINT=containerd$2; shift ;;
    --containerd-config=*) PRINT=containerd${1#*=} ;;
    --crio-config) PRINT=crio ;;
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
# kago looks into two folders only (runtime/own_files.ts).
if [ "$PREFIX" = /usr ]; then LIBRARIES=/usr/lib/kago; else LIBRARIES=/usr/local/lib/kago; fi
LIBRARIES_MARK=$LIBRARIES/installed-by
COMPLETION_MARK="completion for kago(1)"
CONTAINERS=/etc/containers/containers.conf.d/50-kago.conf
DOCKER=/etc/docker/daemon.json
CONTAINERD=/etc/containerd/config.toml
CONTAINERD_PART=/etc/containerd/conf.d/50-kago.toml
CRIO_PART=/etc/crio/crio.conf.d/50-kago.conf

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

# Copies belong to whoever installs, and VMs that run keep the files that they have.
put_libraries() {
  mkdir -p "$ROOT${LIBRARIES%/*}"
  rm -rf "$ROOT$LIBRARIES.new"
  cp -RP "$1" "$ROOT$LIBRARIES.new"
  echo "$MARK" > "$ROOT$LIBRARIES.new/${LIBRARIES_MARK##*/}"
  chmod -R u=rwX,go=rX "$ROOT$LIBRARIES.new"
  rm -rf "$ROOT$LIBRARIES"
  mv "$ROOT$LIBRARIES.new" "$ROOT$LIBRARIES"
}

put_link() {
  mkdir -p "$ROOT$PREFIX/bin"
  ln -sfn kago "$ROOT$KRUN"
}

# Writes standard input to the file.
put_text() {
  mkdir -p "${1%/*}"
  cat > "$1.new"
  chmod 644 "$1.new"
  mv -f "$1.new" "$1"
}

# containers.conf(5): lists replace those of other files, so these also contain Debian's and podman's own names.
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

# The annotations that an image or a pod may set (docs/microvm.md). The others need the administrator's permission, and
# are not passed on unless he adds them.
ANNOTATIONS="run.oci.handler krun.cpus krun.ram_mib krun.ram_max_mib krun.agent krun.log_level krun.variant krun.use_passt krun.port_map krun.vsock krun.watch krun.disk krun.console krun.egress run.kago.egress"

# For the handler with this name: a pod must not be able to turn off the microVM of the handler krun.
quoted_annotations() {
  separator=
  for annotation in $ANNOTATIONS; do
    if [ "$1 $annotation" = "krun run.oci.handler" ]; then continue; fi
    printf '%s"%s"' "$separator" "$annotation"
    separator=', '
  done
}

# The cgroup manager must match the kubelet's, whose cgroupDriver is cgroupfs where systemd does not run.
systemd_cgroup() {
  if [ -d "$ROOT/run/systemd/system" ]; then echo true; else echo false; fi
}

# Entries for containerd's CRI plugin, whose name differs in each version of the file.
containerd_toml() {
  for name in kago krun; do
    section="plugins.\"$1\".containerd.runtimes.$name"
    annotations=$(quoted_annotations $name)
    cat <<END
[$section]
  runtime_type = "io.containerd.runc.v2"
  pod_annotations = [$annotations]
  container_annotations = [$annotations]
[$section.options]
  BinaryName = "$PREFIX/bin/$name"
  SystemdCgroup = $(systemd_cgroup)
END
  done
}

# containerd 1 keeps runc, its default, only as long as the file names no runtime.
containerd_2() {
  plugin=io.containerd.grpc.v1.cri
  section="plugins.\"$plugin\".containerd.runtimes.runc"
  if ! grep -qs '^ *\[plugins\..*\.containerd\.runtimes\.runc\]' "$ROOT$CONTAINERD"; then
    cat <<END
[$section]
  runtime_type = "io.containerd.runc.v2"
[$section.options]
  SystemdCgroup = $(systemd_cgroup)
END
  fi
  containerd_toml $plugin
}

containerd_3() {
  echo "$MARK"
  echo "version = 3"
  containerd_toml io.containerd.cri.v1.runtime
}

# crio.conf(5). CRI-O passes a pod's annotations on without configuration, except those with this prefix and a few others.
crio_conf() {
  echo "$MARK"
  for name in kago krun; do
    cat <<END
[crio.runtime.runtimes.$name]
  runtime_type = "oci"
  runtime_path = "$PREFIX/bin/$name"
  runtime_root = "/run/kago"
END
    if [ $name = kago ]; then echo '  allowed_annotations = ["run.oci."]'; fi
  done
}

print_config() {
  case "$1" in
    containerd2) containerd_2 ;;
    containerd3) containerd_3 ;;
    crio) crio_conf ;;
    *) fail "--containerd-config: ${1#containerd} is no version of containerd's configuration that kago knows; give 2 or 3" ;;
  esac
}

# The version in config.toml; empty if there is none.
containerd_version() {
  [ ! -f "$ROOT$CONTAINERD" ] || sed -n 's/^ *version *= *\([0-9][0-9]*\).*/\1/p' "$ROOT$CONTAINERD"
}

tell_containerd() {
  version=$(containerd_version)
  if [ "$version" != 3 ]; then
    echo "containerd 1: add this to $CONTAINERD for Kubernetes (ctr needs --runc-binary $KAGO only):"
    containerd_2 | sed 's/^/    /'
  fi
  if [ "$version" != 2 ]; then
    echo "containerd 2: put this into $CONTAINERD_PART, which is to be one of the imports of $CONTAINERD:"
    containerd_3 | sed 's/^/    /'
  fi
}

tell_crio() {
  echo "CRI-O: put this into $CRIO_PART, then systemctl reload crio:"
  crio_conf | sed 's/^/    /'
}

here() {
  cd "$(dirname "$0")" && pwd
}

find_program() {
  here=$(here)
  for file in "$here/kago" "$here/dist/kago" "$here/../dist/kago"; do
    if [ -f "$file" ]; then
      echo "$file"
      return
    fi
  done
  fail "there is no file kago beside $here/install.sh; put it there, or build it with ./scripts/deno task build"
}

# Where a shell searches for kago's completion (bash-completion, zsh's fpath, fish's vendor_completions.d).
completion_file() {
  case "$1" in
    bash) echo "$PREFIX/share/bash-completion/completions/kago" ;;
    zsh) echo "$PREFIX/share/zsh/site-functions/_kago" ;;
    fish) echo "$PREFIX/share/fish/vendor_completions.d/kago.fish" ;;
  esac
}

is_our_completion() {
  [ -f "$1" ] && head -n 2 "$1" | grep -qF "$COMPLETION_MARK"
}

install_completions() {
  for shell in bash zsh fish; do
    file=$(completion_file $shell)
    if [ -e "$ROOT$file" ] && ! is_our_completion "$ROOT$file"; then
      echo "keep $file, which is not kago's"
    else
      script=$("$program" completion $shell)
      printf '%s\n' "$script" | step "write $file" put_text "$ROOT$file"
    fi
  done
}

# Pages are recognised by their title, since other packages may have pages of these names.
manual_pages() {
  for page in "$ROOT$PREFIX"/share/man/man1/kago.1 "$ROOT$PREFIX"/share/man/man1/kago-*.1 \
    "$ROOT$PREFIX"/share/man/man7/kago-microvm.7; do
    if [ -f "$page" ] && head -n 1 "$page" | grep -q '^\.TH KAGO.*"kago manual"$'; then echo "$page"; fi
  done
}

put_manual() {
  "$program" manual --output "$ROOT$PREFIX/share/man"
}

remove_manual() {
  manual_pages | xargs -r rm -f
}

is_ours() {
  [ -f "$1" ] && grep -qF "$MARK" "$1"
}

check_occupied() {
  # Another krun, such as crun's, must not be replaced.
  if [ -e "$ROOT$KRUN" ] || [ -L "$ROOT$KRUN" ]; then
    [ "$(readlink "$ROOT$KRUN" || true)" = kago ] || fail "$KRUN is there and is not kago's; remove it, or give another --prefix"
  fi
  [ ! -e "$ROOT$CONTAINERS" ] || is_ours "$ROOT$CONTAINERS" || fail "$CONTAINERS is there and is not kago's; remove it first"
  if [ -d "$(here)/lib/kago" ] && [ -e "$ROOT$LIBRARIES" ]; then
    is_ours "$ROOT$LIBRARIES_MARK" || fail "$LIBRARIES is there and is not kago's; remove it first"
  fi
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
  step "copy $program to $KAGO" put_program "$program"
  step "link $KRUN to kago" put_link
  libraries=$(here)/lib/kago
  [ ! -d "$libraries" ] || step "copy $libraries to $LIBRARIES" put_libraries "$libraries"
  install_completions
  step "write the manual to $PREFIX/share/man" put_manual
  containers_conf | step "write $CONTAINERS" put_text "$ROOT$CONTAINERS"
  [ ! -d "$ROOT/etc/docker" ] || install_docker
  [ ! -d "$ROOT/etc/containerd" ] || tell_containerd
  [ ! -d "$ROOT/etc/crio" ] || tell_crio
}

uninstall_all() {
  if [ "$(readlink "$ROOT$KRUN" || true)" = kago ]; then step "remove $KRUN" rm -f "$ROOT$KRUN"; fi
  if [ -e "$ROOT$KAGO" ]; then step "remove $KAGO" rm -f "$ROOT$KAGO"; fi
  if is_ours "$ROOT$LIBRARIES_MARK"; then step "remove $LIBRARIES" rm -rf "$ROOT$LIBRARIES"; fi
  if [ -n "$(manual_pages)" ]; then step "remove the manual from $PREFIX/share/man" remove_manual; fi
  for shell in bash zsh fish; do
    file=$(completion_file $shell)
    if is_our_completion "$ROOT$file"; then step "remove $file" rm -f "$ROOT$file"; fi
  done
  for file in "$CONTAINERS" "$CONTAINERD_PART" "$CRIO_PART"; do
    if is_ours "$ROOT$file"; then step "remove $file" rm -f "$ROOT$file"; fi
  done
  if [ -e "$ROOT$DOCKER" ] && [ "$(cat "$ROOT$DOCKER")" = "$(docker_json)" ]; then
    step "remove $DOCKER" rm -f "$ROOT$DOCKER"
  elif [ -e "$ROOT$DOCKER" ] && grep -qF "$KAGO" "$ROOT$DOCKER"; then
    echo "Docker: take kago out of $DOCKER"
  fi
  if [ -e "$ROOT$CONTAINERD" ] && grep -qF "$KAGO" "$ROOT$CONTAINERD"; then
    echo "containerd: take kago out of $CONTAINERD"
  fi
}

if [ -n "$PRINT" ]; then
  print_config "$PRINT"
elif [ -n "$UNINSTALL" ]; then
  uninstall_all
else
  install_all
fi
