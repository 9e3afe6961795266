#!/bin/sh
# A Docker engine for a test: the one that answers, else one of the test's own. Sourced by run.sh, which
# sets $work; sets DOCKER_HOST and says with own_engine whether it has to be stopped.
#
# The engine's own defaults do, so long as it runs as root and cgroups are mounted: overlay2, a bridge,
# iptables. Only its places are the test's, so that nothing is left and no other engine is met.

own_engine=no

start_engine() {
    if docker info >/dev/null 2>&1; then
        say "a Docker engine answers; its images and build cache are used"
        return 0
    fi
    command -v dockerd >/dev/null || fail "no Docker engine runs here, and there is no dockerd"
    [ "$(id -u)" = 0 ] || fail "no Docker engine answers, and only root may start one"
    export DOCKER_HOST="unix://$work/docker.sock"
    dockerd --host "$DOCKER_HOST" --data-root "$work/engine" --exec-root "$work/run" \
        --pidfile "$work/docker.pid" >"$work/docker.log" 2>&1 &
    own_engine=yes
    tries=60
    until docker info >/dev/null 2>&1; do
        tries=$((tries - 1))
        if [ "$tries" = 0 ] || ! kill -0 "$!" 2>/dev/null; then
            tail -n 20 "$work/docker.log" >&2
            fail "the Docker engine does not start; see above"
        fi
        sleep 1
    done
    say "a Docker engine of the test's own, $(docker version --format '{{.Server.Version}}')"
}

# Ends the test's own engine, and takes back what it did to the network.
stop_engine() {
    [ "$own_engine" = yes ] || return 0
    pid=$(cat "$work/docker.pid" 2>/dev/null || true)
    if [ -n "$pid" ]; then
        kill "$pid" 2>/dev/null || true
        tries=30
        while kill -0 "$pid" 2>/dev/null && [ "$tries" -gt 0 ]; do
            tries=$((tries - 1))
            sleep 1
        done
    fi
    ip link delete docker0 2>/dev/null || true
    iptables-save 2>/dev/null | grep -v DOCKER | grep -v docker0 | iptables-restore 2>/dev/null || true
    # What a container still holds is unmounted with it.
    grep " $work/" /proc/mounts | cut -d' ' -f2 | sort -r | while read -r mounted; do
        umount --lazy "$mounted" 2>/dev/null || true
    done
}
