#!/bin/bash
# uml-run.sh - run a command under a User-Mode-Linux kernel that has kernel TLS.
#
#   uml-run.sh [options] [--] COMMAND [ARG...]
#     -t SECONDS  time limit for COMMAND (default 120); then exit 124
#     -m SIZE     guest memory (default 1G)
#     -s DIR      share this host directory read-write (may be repeated)
#     -M MODULE   modprobe this as well (may be repeated), e.g. sch_netem
#     -w          the whole host file system read-write (default: read-only)
#     -v          show the kernel's own log on stderr
#
# The guest sees the host's file system read-only, with private, empty tmpfs on
# /tmp /run /var/tmp /dev/shm; the working directory and what is under -s are the
# host's own, read-write. Same environment; user 0; standard input empty; lo up,
# own network. At most the host user's rights on files.
# stdout and stderr come out separately and as they are written.
# Exit: COMMAND's own status (128+N for signal N); 124 time limit; 125 the
# kernel did not boot or died; 126/127 as a shell; 2 wrong usage.
# Needs: user-mode-linux kmod iproute2 util-linux procps coreutils bash.
set -u
ulimit -c 0
limit=120 mem=1G verbose=0 mode=ro shares=() mods=()
usage() { sed -n '2,/^set -u/{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2; }
while getopts t:m:s:M:wvh o; do case $o in
  t) limit=$OPTARG;; m) mem=$OPTARG;; s) shares+=("$(realpath -e -- "$OPTARG")") || exit 2;;
  M) mods+=("$OPTARG");; w) mode=rw;; v) verbose=1;; *) usage;; esac; done
shift $((OPTIND - 1)); [ $# -gt 0 ] || usage
[[ $limit =~ ^[0-9]+$ ]] || usage
uml=${UML_LINUX:-$(command -v linux.uml || command -v linux)} || { echo "uml-run: no linux.uml (Debian package user-mode-linux)" >&2; exit 125; }
modroot=${UML_MODULES:-/usr/lib/uml/modules}

base=${UML_RUN_DIR:-/var/tmp}
for d in "$base"/uml-run.*; do    # what an earlier run left that was killed outright
  [ -O "$d/lock" ] && flock -n "$d/lock" rm -rf -- "$d"; done
new=$(mktemp -d "$base/uml-new.XXXXXXXX") || exit 125
exec 9>"$new/lock"; flock -n 9; ctl=${new/uml-new/uml-run}; mv -T -- "$new" "$ctl" || exit 125

sp=
endall() {   # the namespace's first process takes all others along; else by session
  [ -n "$sp" ] && { kill -KILL "$sp"; wait "$sp"; } 2>/dev/null
  local k; read -r k 2>/dev/null < "$ctl/u/pid" && [ -z "$ns" ] && pkill -KILL -s "$k" 2>/dev/null
}
finish() { trap '' INT TERM HUP; endall; rm -rf -- "$ctl"; }
trap finish EXIT
trap 'exit 130' INT; trap 'exit 143' TERM; trap 'exit 129' HUP

cwd=$(pwd -P); in=0
for d in "${shares[@]}" ; do case $cwd/ in "${d%/}"/*) in=1;; esac; done
[ $in = 1 ] || [ "$cwd" = / ] || shares+=("$cwd")

# What to run, where, and with which environment.
{ export -p; printf 'export UML_RUN=1\ncd -- %q || exit 126\nulimit -n 65536 2>/dev/null\n[ -w "${TMPDIR:-/tmp}" ] || unset TMPDIR\nexec ' "$cwd"; printf '%q ' "$@"; echo; } > "$ctl/cmd"
printf '%s\n' "${shares[@]}" > "$ctl/shares"
printf '%s\n' ipv6 tls gcm ghash_generic ctr chacha20poly1305 "${mods[@]}" > "$ctl/mods"
cat > "$ctl/init" <<EOF
#!/bin/bash
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ctl=$ctl limit=$limit modroot=$modroot
EOF
cat >> "$ctl/init" <<'EOF'
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mountpoint -q /dev || mount -t devtmpfs dev /dev
mkdir -p /dev/shm /dev/pts; mount -t tmpfs shm /dev/shm; mount -t devpts -o ptmxmode=666 devpts /dev/pts
ln -sf /proc/self/fd /dev/fd; ln -sf fd/0 /dev/stdin; ln -sf fd/1 /dev/stdout; ln -sf fd/2 /dev/stderr
exec </dev/null
hm() { mount -t hostfs -o "hostfs=$1" none "$2" 2>/dev/null || mount -t hostfs -o "$1" none "$2"; }   # Linux 6.12 and 6.1
# keep hold of the files needed before /tmp and the like are covered
mount -t tmpfs run /run
mkdir -p /run/ctl /run/mod/lib; hm "$ctl" /run/ctl
mapfile -t shares < /run/ctl/shares
n=0; for d in "${shares[@]}"; do [ -n "$d" ] && { mkdir -p /run/share/$((++n)); hm "$d" /run/share/$n; }; done
for d in /tmp /var/tmp; do mount -t tmpfs -o mode=1777 tmp $d; done
n=0; for d in "${shares[@]}"; do [ -n "$d" ] && { mkdir -p "$d"; mount --move /run/share/$((++n)) "$d"; }; done
ln -s "$modroot" /run/mod/lib/modules
printf '#!/bin/sh\nexec /sbin/modprobe -d /run/mod "$@"\n' > /run/modprobe; chmod 755 /run/modprobe
echo /run/modprobe > /proc/sys/kernel/modprobe
mapfile -t m < /run/ctl/mods; /sbin/modprobe -d /run/mod -a "${m[@]}"
ip link set lo up
stty -F /dev/tty1 raw -echo; stty -F /dev/tty2 raw -echo
SECONDS=0
timeout -k 5 "$limit" bash /run/ctl/cmd </dev/null >/dev/tty1 2>/dev/tty2; rc=$?
[ $SECONDS -ge "$limit" ] && case $rc in 137) rc=124;; esac
stty -F /dev/tty1 raw; stty -F /dev/tty2 raw          # these wait until the output is written
echo "rc $rc" > /run/ctl/rc; sync
echo o > /proc/sysrq-trigger; sleep 1
perl -e 'syscall(169,0xfee1dead,672274793,0x4321fedc,0)' || poweroff -f -d
EOF
chmod 755 "$ctl/init"

# The guest's memory is an unlinked file: take /dev/shm where it is big enough.
case $mem in *G) kb=$((${mem%G}<<20));; *M) kb=$((${mem%M}<<10));; *) usage;; esac
TD=/dev/shm; avail=$(df -Pk /dev/shm 2>/dev/null | awk 'NR==2{print $4}')
[ "${avail:-0}" -ge "$kb" ] || TD=/tmp

# A process namespace of its own, where that is allowed (root), so that nothing
# can be left behind; else the session, and the guest's own clock at the latest.
# (Not a user namespace: set-user-id programs of the host would then not be root's.)
ns=
unshare --pid --fork true 2>/dev/null && ns="setpriv --pdeathsig KILL unshare --pid --fork --kill-child=KILL"

mkfifo "$ctl/out" "$ctl/err"
cat "$ctl/out" 9>&- & c1=$!
cat "$ctl/err" >&2 9>&- & c2=$!
env -i LD_PRELOAD="${UML_PRELOAD:-}" PATH="$PATH" HOME="$ctl" TMPDIR="$TD" $ns timeout -k 5 $((limit + 30)) \
  "$uml" mem="$mem" umid=u uml_dir="$ctl/" rootfstype=hostfs $mode init="$ctl/init" \
  con=null con0=null,fd:1 con1=null,fd:3 con2=null,fd:4 quiet panic=-1 \
  </dev/null >"$ctl/log" 2>&1 3>"$ctl/out" 4>"$ctl/err" &
sp=$! SECONDS=0
wait "$sp" 2>/dev/null; urc=$?
endall; sp=; wait "$c1" "$c2"
[ $verbose = 1 ] && tr -d '\r' < "$ctl/log" >&2
k=; [ -s "$ctl/rc" ] && read -r k rc < "$ctl/rc"
if [ "$k" = rc ]; then [ "$rc" = 124 ] && echo "uml-run: time limit of $limit s" >&2; exit "$rc"; fi
if [ $SECONDS -ge $((limit + 30)) ]; then echo "uml-run: time limit of $limit s (the kernel had to be killed)" >&2; exit 124; fi
echo "uml-run: the kernel ended ($urc) without a result; its log:" >&2; tail -80 "$ctl/log" | tr -d '\r' >&2
exit 125
