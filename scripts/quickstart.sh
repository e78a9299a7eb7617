#!/bin/sh
# From a bare clone to a running microVM on a Debian machine, as root: installs what is missing, builds kago, makes a
# demo bundle and runs it. Where /dev/kvm cannot run a guest, the same microVM runs in an emulated host (QEMU).
set -eu
cd "$(dirname "$0")/.."
./scripts/setup.sh
./scripts/deno task build
exec ./scripts/deno run -A scripts/quickstart.ts
