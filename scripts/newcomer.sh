#!/usr/bin/env bash
# The newcomer's check: both commands work in a clean clone inside a bare Debian that has the Rust
# toolchain, a C compiler and make, and nothing else.
#
#   scripts/newcomer.sh [demo] [test]    both when neither is named
#
# Needs root, debootstrap and git, some 12 GB of room, and between half an hour and an hour. What
# is committed is what is checked. The bare system is kept as target/newcomer/*.tar for the next
# time, and crates this machine has already are taken along; everything else is gone afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."

suite=${NEWCOMER_SUITE:-bookworm}
packages=ca-certificates,gcc,libc6-dev,make
cache=$PWD/target/newcomer
demo_seconds=80

say() { printf 'newcomer: %s\n' "$*" >&2; }
fail() {
    say "FAILED: $*"
    exit 1
}

# --- Outside: the room, and what it is furnished with -------------------------------------------

prepare() {
    [ "$(id -u)" = 0 ] || fail "only root may build a Debian and change into it"
    for tool in debootstrap git unshare rustc; do
        command -v "$tool" >/dev/null || fail "$tool is missing"
    done
    mkdir -p "$cache"
    local bare=$cache/$suite.tar
    if [ ! -e "$bare" ]; then
        say "building a bare Debian $suite (once; a minute or two)"
        debootstrap --variant=minbase --include="$packages" "$suite" "$root" \
            >"$cache/debootstrap.log" 2>&1 || fail "debootstrap; see $cache/debootstrap.log"
        tar -C "$root" --one-file-system -cf "$bare.new" .
        mv "$bare.new" "$bare"
    else
        tar -C "$root" -xf "$bare"
    fi
    # The network as this machine has it: names, and the certificates it trusts.
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
    git clone --quiet --no-hardlinks . "$root/touchline"
    local crates=${CARGO_HOME:-$HOME/.cargo}/registry
    mkdir -p "$root/opt/rust" "$root/root/.cargo/registry"
    for part in cache index; do
        [ ! -d "$crates/$part" ] || cp -a "$crates/$part" "$root/root/.cargo/registry/"
    done
}

outside() {
    for command in "$@"; do
        case $command in
            demo | test) ;;
            *) echo "usage: scripts/newcomer.sh [demo] [test]" >&2 && exit 2 ;;
        esac
    done
    [ $# -gt 0 ] || set -- demo test
    # Other users, whom the private servers run as, must be able to walk in.
    root=$(mktemp -d /tmp/newcomer-XXXXXX)
    chmod 755 "$root"
    # The mounts are gone by then: they live in a namespace that ends with its processes.
    trap 'rm -rf --one-file-system "$root"' EXIT
    trap 'exit 130' INT TERM HUP
    prepare
    unshare --mount --pid --fork --kill-child --mount-proc --propagation private \
        "$0" --inside "$root" "$(rustc --print sysroot)" "$@"
    say "all is well"
}

# --- Inside: a namespace of our own, where every process and every mount is ours ----------------

furnish() {
    mount --rbind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    mount --bind "$1" "$root/opt/rust"
    mount -o remount,bind,ro "$root/opt/rust"
}

# Runs a command in the clone, with the environment of a fresh login and nothing of ours.
in_root() {
    chroot "$root" /usr/bin/env -i HOME=/root USER=root LANG=C.UTF-8 TERM=dumb \
        PATH=/opt/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        sh -c "cd /touchline && exec $1"
}

now() { date +%s%3N; }

# The process that runs `touchline up --demo`.
demo_process() {
    local process
    for process in /proc/[0-9]*; do
        [ "$(cat "$process/comm" 2>/dev/null)" = touchline ] || continue
        tr '\0' ' ' 2>/dev/null <"$process/cmdline" | grep -q 'up --demo' || continue
        echo "${process#/proc/}"
        return
    done
    return 1
}

# Every TCP socket of a process in here that listens beyond this machine or is connected beyond it.
beyond_loopback() {
    find /proc/[0-9]*/fd -lname 'socket:*' -printf '%l\n' 2>/dev/null |
        tr -cd '0-9\n' | sort -u >"$root/run/sockets"
    awk '
        NR == FNR { ours[$1] = 1; next }
        !($10 in ours) { next }
        # Addresses are in hexadecimal, the words of the machine: 127.* ends in 7F.
        function here(address) {
            return address ~ /^......7F:/ || address ~ /^0{24}01000000:/ ||
                address ~ /^0{16}FFFF0000......7F:/
        }
        $4 == "0A" && !here($2) { print "listens on " $2 }
        $4 == "01" && !here($3) { print "is connected to " $3 }
    ' "$root/run/sockets" <(cat /proc/net/tcp /proc/net/tcp6)
}

# How many emails are in local outboxes.
# Root's demo keeps its data in /var/lib.
emails() { find "$root/root" "$root/touchline" "$root/var/lib/touchline" -path '*/outbox/email/*.eml' 2>/dev/null | wc -l; }

check_demo() {
    local log=$cache/demo.log began make process up first= mail= stray
    began=$(now)
    in_root 'make demo' >"$log" 2>&1 &
    make=$!
    until process=$(demo_process); do
        kill -0 "$make" 2>/dev/null || { tail -n 30 "$log" >&2; fail "make demo ended early"; }
        sleep 0.05
    done
    up=$(now)
    say "make demo: built and started after $(((up - began) / 1000)) s"
    while [ $(($(now) - up)) -lt $((demo_seconds * 1000)) ]; do
        kill -0 "$process" 2>/dev/null || { tail -n 30 "$log" >&2; fail "the demo ended early"; }
        if [ -z "$first" ] && grep -q '^Touchline' "$log"; then first=$(($(now) - up)); fi
        if [ -z "$mail" ] && [ "$(emails)" -gt 0 ]; then mail=$(($(now) - up)); fi
        stray=$(beyond_loopback)
        [ -z "$stray" ] || fail "the demo reaches beyond this machine: $stray"
        sleep 0.2
    done
    kill -INT "$process"
    wait "$make" || true
    stray=$(demo_process) && fail "the demo does not end: process $stray"
    [ -n "$first" ] && [ "$first" -le 10000 ] || fail "first output after ${first:-more than $demo_seconds} ms"
    [ "$(emails)" -gt 0 ] || { tail -n 30 "$log" >&2; fail "no .eml file was written"; }
    say "make demo: first output after $first ms, first of $(emails) emails after $mail ms"
    check_nothing_runs "make demo"
}

check_test() {
    local log=$cache/test.log began
    began=$(now)
    in_root 'make test' >"$log" 2>&1 || { tail -n 60 "$log" >&2; fail "make test; see $log"; }
    say "make test: passed after $((($(now) - began) / 1000)) s; see $log"
    check_nothing_runs "make test"
}

# Only this script may be left; whatever a guardian still ends gets a moment.
check_nothing_runs() {
    local left
    for _ in $(seq 50); do
        left=$(find /proc/[0-9]*/root -maxdepth 0 -lname "$root" -printf '%h\n' 2>/dev/null || true)
        [ -n "$left" ] || return 0
        sleep 0.2
    done
    for process in $left; do tr '\0' ' ' <"$process/cmdline" >&2 || true; echo >&2; done
    fail "$1 left processes behind"
}

inside() {
    root=$1
    furnish "$2"
    shift 2
    for command in "$@"; do "check_$command"; done
}

if [ "${1:-}" = --inside ]; then
    shift
    inside "$@"
else
    outside "$@"
fi
