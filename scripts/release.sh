#!/bin/sh
# Makes a release in dist/release; scripts/release.ts has the arguments. What it makes depends on the commit and the
# compilers, so neither the caller's umask nor his language or time zone may show in it.
set -eu
root=$(dirname "$(dirname "$(readlink -f "$0")")")
umask 022
export LC_ALL=C TZ=UTC
"$root/scripts/setup.sh" >&2
exec "$root/scripts/deno" run -A "$root/scripts/release.ts" "$@"
