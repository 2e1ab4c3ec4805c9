#!/bin/bash
# Takes a fresh Debian 12 or 13 machine to a tested build: installs what is missing, builds, tests.
#
#   tests/run.sh           release and ASan+UBSan: unit, golden, simulation, integration
#   tests/run.sh --full    the same, then the scenarios in their full sizes, then TSan, then 10
#                          minutes of fuzzing for each parser: some hours
#
# Ends with a line "N passed, N failed"; the exit status is 0 if nothing failed.
set -uo pipefail
cd "$(dirname "$0")/.."
. packaging/dependencies.sh

full=
fuzz_seconds=${FUZZ_SECONDS:-600}
[ "${1:-}" = --full ] && full=1

need $build_packages libgtest-dev libbenchmark-dev python3 curl openssl procps util-linux iproute2 \
  nginx libnginx-mod-stream haproxy redis-server redis-tools \
  apache2-utils wrk chromium strace binutils user-mode-linux kmod testssl.sh \
  postgresql postgresql-client nghttp2-client
# Node's own packages bring npm along, and conflict with Debian's.
command -v node >/dev/null && command -v npm >/dev/null || need nodejs npm
[ -z "$full" ] || need clang libclang-rt-14-dev llvm

passed=0 failed=0 failures=()
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

record() {  # NAME PASSED FAILED
  passed=$((passed + $2)) failed=$((failed + $3))
  echo "== $1: $2 passed, $3 failed"
  [ "$3" = 0 ] || failures+=("$1")
}

# A suite of GoogleTest, a quarter in each of four processes, for some of its tests wait:
# counted from its reports, so that a crash counts as a failure.
gtest() {  # NAME BINARY [ENV...]
  local name=$1 binary=$2 total=0 bad=0 shard report status
  shift 2
  local pids=()
  for shard in 0 1 2 3; do
    env "$@" GTEST_TOTAL_SHARDS=4 GTEST_SHARD_INDEX=$shard "$binary" --gtest_brief=1 \
      --gtest_output=xml:"$results/$name.$shard.xml" >"$results/$name.$shard.log" 2>&1 &
    pids+=($!)
  done
  for shard in 0 1 2 3; do
    status=0 report="$results/$name.$shard.xml"
    wait "${pids[shard]}" || status=1
    cat "$results/$name.$shard.log" | tee -a "$results/$name.log"
    if [ -s "$report" ]; then
      total=$((total + $(grep -m1 -o 'tests="[0-9]*"' "$report" | tr -dc 0-9)))
      status=$(($(grep -m1 -o 'failures="[0-9]*"' "$report" | tr -dc 0-9) + status))
      [ $status -le 1 ] || status=$((status - 1))  # it says by its exit that some failed
    fi
    bad=$((bad + status))
  done
  record "$name" $((total > bad ? total - bad : 0)) "$bad"
}

# A script whose last line is "N passed, N failed".
script() {  # NAME COMMAND...
  local name=$1 log="$results/$1.log" line
  shift
  "$@" | tee "$log"
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -1)
  [ -n "$line" ] || line="0 passed, 1 failed"
  record "$name" "$(echo "$line" | cut -d' ' -f1)" "$(echo "$line" | cut -d' ' -f3)"
}

build() {  # PRESET [ARGS...]
  cmake --preset "$1" >"$results/$1.configure" 2>&1 &&
    cmake --build "build/$1" "${@:2}" >"$results/$1.build" 2>&1 ||
    { cat "$results/$1.configure"; tail -50 "$results/$1.build" 2>/dev/null; record "build-$1" 0 1; return 1; }
}

integration() {  # PRESET
  script "integration-$1" python3 tests/integration/run.py --sallyport "build/$1/sallyport"
}

npm ci --prefix tests/node --no-fund --no-audit || record node-packages 0 1

if python3 tests/tidy/tidy.py; then record tidy 1 0; else record tidy 0 1; fi

for preset in release asan; do
  build $preset || continue
  gtest "unit-$preset" build/$preset/tests/unit_tests
  # Sanitizers look at the code that is run, which few seeds reach as well as all of them.
  seeds=(); [ $preset = release ] || seeds=(SALLYPORT_SEEDS=32)
  gtest "simulation-$preset" build/$preset/tests/sim_tests "${seeds[@]}"
  integration $preset
  [ $preset != release ] ||
    script differential python3 tests/differential/run.py --verdict build/release/tests/h1_verdict
done

if [ -n "$full" ]; then
  script integration-full env SALLYPORT_FULL=1 python3 tests/integration/run.py --jobs 1 \
    --sallyport build/release/sallyport
  if build tsan; then
    gtest unit-tsan build/tsan/tests/unit_tests
    gtest simulation-tsan build/tsan/tests/sim_tests SALLYPORT_SEEDS=32
    integration tsan
  fi
  if build fuzz --target fuzz; then
    if tests/fuzz/run.sh "$fuzz_seconds"; then record fuzz 1 0; else record fuzz 0 1; fi
  fi
fi

# Once more what is worth reading, for who sees only the end of this.
for name in "${failures[@]}"; do
  [ ! -s "$results/$name.log" ] || grep -A60 -E '^(failed|again:)' "$results/$name.log" | cut -c1-300 | tail -200
done
grep -hE '^unsteady: ' "$results"/*.log
[ ${#failures[@]} -eq 0 ] || echo "failed: ${failures[*]}"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
