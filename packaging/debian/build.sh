#!/bin/bash
# Makes build/sallyport_VERSION_ARCHITECTURE.deb.
#
#   packaging/debian/build.sh [PROGRAM]      by default build/release/sallyport, which is built
set -euo pipefail
cd "$(dirname "$0")/../.."
program=${1:-build/release/sallyport}
if [ $# = 0 ]; then
  . packaging/dependencies.sh
  need $build_packages
  cmake --preset release
  cmake --build build/release --target sallyport
fi

version=$(sed -n 's/^project(sallyport VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
architecture=$(dpkg --print-architecture)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
here=packaging/debian
install -D -m 755 -s "$program" "$root/usr/bin/sallyport"
install -D -m 644 $here/sallyport.service "$root/lib/systemd/system/sallyport.service"
install -D -m 640 $here/sallyport.yaml "$root/etc/sallyport/sallyport.yaml"
install -D -m 644 $here/logrotate "$root/etc/logrotate.d/sallyport"
install -d -m 750 "$root/etc/sallyport/secrets"
for page in README.md LICENSE conf/reference.yaml; do
  install -D -m 644 $page "$root/usr/share/doc/sallyport/$(basename $page)"
done
chmod 644 "$root/etc/sallyport/sallyport.yaml"

# The packages of the libraries that the program is linked with, at least as new as here.
needed=$(objdump -p "$program" | awk '$1 == "NEEDED" {print $2}')
depends=$(for name in $needed; do
  library=$(ldd "$program" | awk -v name="$name" '$1 == name && $2 == "=>" {print $3}')
  [ -n "$library" ] || continue  # the loader, which comes with libc6
  dpkg -S "$(readlink -f "$library")" 2>/dev/null || dpkg -S "$library"
done | sed 's/:.*//' | sort -u | while read -r package; do
  echo "$package (>= $(dpkg-query -W -f '${Version}' "$package" | sed 's/-[^-]*$//'))"
done | paste -sd, | sed 's/,/, /g')

install -d "$root/DEBIAN"
cat > "$root/DEBIAN/control" <<CONTROL
Package: sallyport
Version: $version
Architecture: $architecture
Maintainer: Sallyport maintainers <maintainers@sallyport.dev>
Depends: $depends
Recommends: ca-certificates, logrotate
Section: net
Priority: optional
Description: TLS front proxy: offload, passthrough and re-encryption by host name
 Takes TLS connections and decides, per host name, what happens to them: TLS ends
 here, goes through, or is made anew to a verified backend. Changes of the
 configuration and of certificates cut no connection.
CONTROL
printf '/etc/sallyport/sallyport.yaml\n/etc/logrotate.d/sallyport\n' > "$root/DEBIAN/conffiles"
install -m 755 $here/postinst $here/prerm "$root/DEBIAN/"
mkdir -p build
dpkg-deb --root-owner-group --build "$root" "build/sallyport_${version}_$architecture.deb"
