#!/bin/sh
# Runs all tests of kago on a Debian machine as root, from a bare clone; installs what is missing.
# The last line is "N passed, N failed"; a test that was skipped counts as failed.
set -eu
cd "$(dirname "$0")/.."
./scripts/setup.sh --test
# Not by exec: as process 1 of a container this shell reaps the orphans, which would hold up the containers of the tests.
./scripts/deno run -A scripts/test_all.ts
