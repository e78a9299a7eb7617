#!/bin/sh
# Makes a release in dist/release; scripts/release.ts has the arguments. The output depends only on the commit and the
# compilers, so the caller's umask, language and time zone must not affect it.
set -eu
root=$(dirname "$(dirname "$(readlink -f "$0")")")
umask 022
export LC_ALL=C TZ=UTC
"$root/scripts/setup.sh" >&2
exec "$root/scripts/deno" run -A "$root/scripts/release.ts" "$@"
