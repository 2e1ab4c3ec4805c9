# Sourced by demo.sh, tests/run.sh and bench/run.sh: installs Debian packages that are missing.

build_packages="g++ cmake ninja-build pkg-config libuv1-dev libssl-dev libyaml-cpp-dev libc-ares-dev \
libcli11-dev rapidjson-dev libre2-dev libsimdjson-dev libcurl4-openssl-dev libnghttp2-dev"

# need PACKAGE...: installs what is not there. Services of the packages are not started.
need() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
      missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  echo "installing: ${missing[*]}"
  local policy=/usr/sbin/policy-rc.d made=
  if [ ! -e $policy ]; then
    made=1
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
    "${as_root[@]}" chmod 755 $policy
  fi
  local status=0
  "${as_root[@]}" apt-get update -q >/dev/null || status=$?
  [ $status = 0 ] && { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null || status=$?; }
  [ -z "$made" ] || "${as_root[@]}" rm -f $policy
  [ $status = 0 ] || { echo "apt-get failed ($status)" >&2; exit $status; }
}
