#!/bin/sh
# The images that compose.yaml and the Dockerfile name. Each is pulled; where no registry answers, one
# made of Debian's packages takes its name. Sourced by run.sh.

imported=

# A folder to build a stand-in in, with what its Dockerfile copies.
stand_in() {
    name=$1
    file=$2
    shift 2
    folder="$work/stand-in"
    rm -rf "$folder"
    mkdir -p "$folder"
    cp "$root/deploy/test/images/$file" "$folder/Dockerfile"
    for further in "$@"; do
        cp -a "$further" "$folder/"
    done
    if ! docker build --tag "$name" "$folder" >"$work/stand-in.log" 2>&1; then
        tail -n 20 "$work/stand-in.log" >&2
        fail "the image that stands in for $name cannot be built"
    fi
    rm -rf "$folder"
}

import_debian() {
    say "  debootstrap makes $1"
    suite=${1#debian:}
    debootstrap --variant=minbase "${suite%-slim}" "$work/debian" >"$work/debootstrap.log" 2>&1 ||
        { tail -n 5 "$work/debootstrap.log" >&2; fail "debootstrap cannot make $1"; }
    rm -rf "$work"/debian/var/cache/apt/archives/*.deb
    tar --directory "$work/debian" --create . | docker import - "$1" >/dev/null
    rm -rf "$work/debian"
}

# This machine's own toolchain, and the certificates it trusts: package registries may be reached
# through a proxy with one of its own.
import_rust() {
    toolchain="$work/toolchain/rust"
    mkdir -p "$work/toolchain"
    cp -a "$(rustc --print sysroot)" "$toolchain"
    rm -rf "$toolchain/share/doc" "$toolchain/lib/rustlib/src"
    stand_in "$1" rust.Dockerfile "$toolchain" /etc/ssl/certs/ca-certificates.crt
    rm -rf "$work/toolchain"
}

# image NAME: has it, pulls it, or makes a stand-in.
image() {
    docker image inspect "$1" >/dev/null 2>&1 && return 0
    if timeout 600 docker pull --quiet "$1" >/dev/null 2>&1; then
        say "  $1 is pulled"
        return 0
    fi
    case "$1" in
        debian:*-slim) import_debian "$1" ;;
        rust:*) import_rust "$1" ;;
        postgres:*) stand_in "$1" postgres.Dockerfile "$root/deploy/test/images/postgres.sh" ;;
        rabbitmq:*) stand_in "$1" rabbitmq.Dockerfile ;;
        prom/prometheus:*) stand_in "$1" prometheus.Dockerfile ;;
        *) return 1 ;;
    esac
    imported="$imported $1"
    say "  $1 is made of Debian's packages"
}

# Everything that is needed; what cannot be had is left out, and said to be.
get_images() {
    say "images"
    image debian:bookworm-slim || fail "there is no debian:bookworm-slim"
    for name in $(sed -n 's/^FROM \([^ ]*:[^ ]*\).*/\1/p' "$root/deploy/Dockerfile" | sort -u); do
        image "$name" || fail "there is no $name"
    done
    for name in $(sed -n 's/^    image: \([a-z].*\)/\1/p' "$root/deploy/compose.yaml" | sort -u); do
        case "$name" in
            # The sinks take its place in any case: they keep a log.
            axllent/mailpit:*) ;;
            # Of a profile that is not started.
            jaegertracing/*) ;;
            grafana/*) image "$name" || { left_out="$left_out grafana"; say "  $name cannot be had"; } ;;
            *) image "$name" || fail "there is no $name" ;;
        esac
    done
    stand_in touchline-test-sinks sinks.Dockerfile "$CARGO_TARGET_DIR/debug/sinks"
}
