#!/bin/sh
# Runs every fuzz target for FUZZ_SECONDS (1200), FUZZ_JOBS (2) at a time, from its corpus in fuzz/corpus.
# Prints what each executed and found; fails when one found something, and says where the input is.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
seconds=${FUZZ_SECONDS:-1200}
jobs=${FUZZ_JOBS:-2}
version=0.13.2
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}"
work="$CARGO_TARGET_DIR/fuzz"
host=$(rustc -vV | sed -n 's/^host: //p')

# One target, called by xargs below.
if [ "${1:-}" = one ]; then
    target=$2
    mkdir -p "$work/corpus/$target" "$work/findings/$target"
    log="$work/$target.log"
    status=0
    # Without a sanitizer: there is no unsafe code of ours, and stable Rust has none. 4 kB are more than
    # any line that is looked at; a slow input is a finding as well.
    "$CARGO_TARGET_DIR/$host/release/$target" -max_total_time="$seconds" -timeout=20 -max_len=4096 \
        -rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix="$work/findings/$target/" \
        "$work/corpus/$target" "$root/fuzz/corpus/$target" >"$log" 2>&1 || status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$log" | tail -1)
    findings=$(find "$work/findings/$target" -type f | wc -l)
    printf '%-20s %12s executions %3s findings\n' "$target" "${runs:-0}" "$findings"
    if [ "$status" -ne 0 ] || [ "$findings" -ne 0 ]; then
        echo "  $target: see $log and $work/findings/$target; mend it and add the input to fuzz/corpus/$target"
        exit 1
    fi
    exit 0
fi

cargo fuzz --version >/dev/null 2>&1 || cargo install --locked cargo-fuzz --version "$version"
cd "$root"
if [ -z "${FUZZ_BUILT:-}" ]; then
    cargo fuzz build --fuzz-dir fuzz --sanitizer none --features libfuzzer
fi
mkdir -p "$work"
cargo fuzz list --fuzz-dir fuzz | xargs -n 1 -P "$jobs" "$root/scripts/fuzz.sh" one
