#!/bin/bash
# Takes a fresh Debian 12 or 13 machine to the comparison with nginx, HAProxy, hitch and nghttpx:
# installs what is missing, builds, measures, and writes results.json, results.md and plots.
#
#   bench/run.sh                         everything: about an hour and a half, into build/bench
#   bench/run.sh --quick                 10 minutes
#   bench/run.sh --sections cost --scenarios offload-http,reencrypt-http --rounds 9
#   bench/run.sh --proxy mine='/opt/mine/proxy --listen @LISTEN@ --to @BACKEND@ --pem @PEM@'
#
# bench/run.py --help has all options, bench/README.md says how to read the results.
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/dependencies.sh

need $build_packages libgtest-dev libbenchmark-dev openssl python3 python3-matplotlib \
  nginx libnginx-mod-stream haproxy hitch nghttp2-proxy nghttp2-client wrk
cmake --preset release >/dev/null
cmake --build build/release --target sallyport load backend floor micro
# Connections by the thousand need a descriptor on each side of the proxy.
ulimit -n "$(ulimit -Hn)"
# Debian's own Python, which has Debian's matplotlib.
exec /usr/bin/python3 bench/run.py --build build/release "$@"
