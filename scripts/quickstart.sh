#!/bin/sh
# From a bare clone to a running microVM on a Debian machine, as root: installs what is missing, builds kago, makes a
# demo bundle and runs it. Where /dev/kvm cannot run a guest, the same microVM runs in an emulated host (QEMU).
set -eu
cd "$(dirname "$0")/.."
echo "== 1 of 3: install what the build needs (on a new machine 100 MB of downloads, one to three minutes)"
./scripts/setup.sh --demo
echo "== 2 of 3: build dist/kago (a few seconds)"
./scripts/deno task --quiet build
echo "== 3 of 3: run a microVM, and a command in it"
exec ./scripts/deno run -A scripts/quickstart.ts
