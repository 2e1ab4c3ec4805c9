#!/bin/bash
# Takes a fresh Debian 12 or 13 machine to a running demo: installs what is missing, builds, and
# runs `sallyport demo` with the arguments given. Ctrl-C ends it.
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/dependencies.sh

# curl is what the demo's lines are tried with.
need $build_packages curl
cmake --preset release -DSALLYPORT_TESTS=OFF >/dev/null
cmake --build build/release --target sallyport
exec build/release/sallyport demo "$@"
