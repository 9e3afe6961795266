#!/bin/bash
# `make deploy-test`: whether what deploy/ holds is right, and whether it runs.
#
#   deploy/test/run.sh [manifests|stack]      both without an argument
#
# `manifests` renders the Kubernetes overlays, validates them against the schemas and the rules of
# policies.py, and fires every alert. `stack` builds the image, starts compose.yaml on a Docker engine,
# sends touches through it and restarts every service meanwhile. Nothing is left behind, but for
# TOUCHLINE_DEPLOY_FOLDER=FOLDER: there the test's own engine keeps images and build cache. With
# TOUCHLINE_IMAGE=NAME that image is tested, and none is built.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
: "${CARGO_TARGET_DIR:=$root/target}"
part=${1:-all}
left_out=

say() { printf 'deploy-test: %s\n' "$*" >&2; }
fail() {
    say "FAILED: $*"
    exit 1
}

kept=${TOUCHLINE_DEPLOY_FOLDER:-}
work=${kept:-$(mktemp -d /var/tmp/touchline-deploy.XXXXXX)}
mkdir -p "$work"
# shellcheck source=deploy/test/engine.sh
. "$root/deploy/test/engine.sh"
# shellcheck source=deploy/test/images.sh
. "$root/deploy/test/images.sh"

end() {
    code=$?
    trap - EXIT
    # What cannot be taken away changes nothing about the result.
    set +e
    if [ -d "$work/deploy" ]; then
        (cd "$work/deploy" && compose down --volumes --timeout 20 >/dev/null 2>&1) || true
        rm -rf "$work/deploy"
    fi
    if [ -z "$kept" ] && [ "$own_engine" = no ]; then
        # Deliberately split: one word for each image.
        # shellcheck disable=SC2086
        docker image rm --force touchline-test-sinks ${image_made:-} $imported >/dev/null 2>&1 || true
    fi
    stop_engine
    [ -n "$kept" ] || rm -rf "$work"
    exit "$code"
}
trap end EXIT
trap 'exit 130' INT TERM HUP

# Compose, as the plugin or as the program of its own.
compose() {
    if docker compose version >/dev/null 2>&1; then
        set -- docker compose "$@"
    else
        set -- docker-compose "$@"
    fi
    "$@"
}

# The checks that need no engine.
manifests() {
    say "manifests, policies and alerts"
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --requirement "$root/deploy/test/requirements.txt" \
        >"$work/pip.log" 2>&1 || { tail -n 5 "$work/pip.log" >&2; fail "pip cannot install"; }
    "$work/venv/bin/python" "$root/deploy/test/policies.py" "$root"
    (cd "$root/deploy/test" && promtool check rules ../alerts.yaml >/dev/null &&
        promtool check config --syntax-only ../prometheus/prometheus.yml >/dev/null &&
        promtool test rules alerts.test.yaml)
}

stack() {
    command -v rustc >/dev/null || fail "there is no rustc to build with"
    (cd "$root" && cargo build --quiet --package testkit --bins)
    start_engine
    get_images
    if [ -z "${TOUCHLINE_IMAGE:-}" ]; then
        say "the image: dependencies first, some ten minutes the first time"
        export TOUCHLINE_IMAGE=touchline:test
        image_made=$TOUCHLINE_IMAGE
        docker build --file "$root/deploy/Dockerfile" --tag "$TOUCHLINE_IMAGE" "$root" \
            >"$work/build.log" 2>&1 ||
            { tail -n 30 "$work/build.log" >&2; fail "the image cannot be built"; }
    fi
    # A copy, so that the secrets of a real deployment stay as they are.
    rm -rf "$work/deploy"
    mkdir "$work/deploy"
    tar --directory "$root/deploy" --exclude ./secrets --exclude ./files --create . |
        tar --directory "$work/deploy" --extract
    cd "$work/deploy"
    export COMPOSE_PROFILES=mail,sms
    export COMPOSE_PROJECT_NAME=touchline-test COMPOSE_FILE=compose.yaml:test/compose.yaml
    # Ports nobody else has.
    export TOUCHLINE_INBOUND_PORT=127.0.0.1:0 TOUCHLINE_GRAFANA_PORT=127.0.0.1:0
    export TOUCHLINE_MAIL_PORT=127.0.0.1:0 TOUCHLINE_CONSOLE_PORT=127.0.0.1:0
    export LEFT_OUT="$left_out" HISTORY="$CARGO_TARGET_DIR/debug/history"
    python3 "$work/deploy/test/stack.py"
}

case "$part" in
    manifests) manifests ;;
    stack) stack ;;
    all)
        manifests
        stack
        ;;
    *)
        echo "usage: deploy/test/run.sh [manifests|stack]" >&2
        exit 2
        ;;
esac
say "$part passed${left_out:+, without$left_out}"
