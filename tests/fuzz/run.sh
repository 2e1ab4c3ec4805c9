#!/bin/sh
# Fuzzes each target for SECONDS, from its corpus and into a scratch directory, and says in one line
# how that went. Fails on any finding, which is kept and named.
#
#   tests/fuzz/run.sh SECONDS [TARGET...]      BUILD=directory, by default build/fuzz
set -u
seconds=${1:?usage: tests/fuzz/run.sh SECONDS [TARGET...]}
shift
here=$(cd "$(dirname "$0")" && pwd)
build=${BUILD:-$here/../../build/fuzz}
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1}"

if [ $# -eq 0 ]; then
  for source in "$here"/fuzz_*.cc; do set -- "$@" "$(basename "$source" .cc)"; done
fi

failed=0
for target in "$@"; do
  program=$build/tests/fuzz/$target
  corpus=$here/corpus/${target#fuzz_}
  if [ ! -x "$program" ]; then
    echo "$target: not built; try: cmake --preset fuzz && cmake --build --preset fuzz --target fuzz"
    failed=1
    continue
  fi
  scratch=$(mktemp -d)
  mkdir "$scratch/found" "$scratch/new"
  if [ -d "$corpus" ]; then seeds=$corpus; else seeds=; fi
  # Of a whole session most of the time would go into weighing what inputs reach.
  case $target in *session) weighs=0 ;; *) weighs=1 ;; esac
  # A seed of 64 KiB is wanted, an input of a megabyte is not; one that takes 10 s is a finding.
  if "$program" -max_total_time="$seconds" -max_len=70000 -entropic=$weighs -timeout=10 \
      -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$scratch/found/" "$scratch/new" $seeds \
      >"$scratch/log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$scratch/log")
    echo "$target: no finding in $runs runs, $seconds s, $(ls "$scratch/new" | wc -l) new inputs"
    rm -rf "$scratch"
  else
    failed=1
    echo "$target: FOUND, input in $scratch/found, log in $scratch/log:"
    grep -E -m 3 'CHECK failed|ERROR:|runtime error:' "$scratch/log" || tail -n 5 "$scratch/log"
  fi
done
exit $failed
