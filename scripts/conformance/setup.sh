#!/bin/sh
# Installs what `deno task test:conformance` needs beyond the build's own tools, on Debian as root.
# Go may be old: scripts/conformance/go_tool.ts fetches a newer one with it.
set -eu
packages=
command -v go >/dev/null || [ -x /usr/local/go/bin/go ] || packages="golang-go"
command -v runc >/dev/null || packages="$packages runc"
[ -n "$packages" ] || exit 0
apt-get update
# shellcheck disable=SC2086 # a list
DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends $packages ca-certificates
