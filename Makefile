# `make demo` shows Touchline at work; `make test` runs every check. Both get what is missing first.

CARGO ?= cargo
# Set to nothing means not set.
ifeq ($(strip $(CARGO_TARGET_DIR)),)
override CARGO_TARGET_DIR := $(CURDIR)/target
endif
CARGO_DENY_VERSION = 0.20.2

.PHONY: demo test ci bench bench-list bench-console faults returns fuzz newcomer audit check fmt deploy-test api-test pictures

# The whole fleet in one process, on a private PostgreSQL, with a fast clock; Ctrl-C ends it. Not a
# release build: that takes more than twice as long, and the demo waits for nothing but its clock.
demo:
	@scripts/setup.sh demo
	@$(CARGO) build --package touchline
	@$(CARGO_TARGET_DIR)/debug/touchline up --demo

# Format, lints and all tests against real servers that are gone afterwards. Everything is built
# first: servers wait for no compiler, and some tests run the programs beside them.
test:
	@scripts/setup.sh test
	@$(CARGO) fmt --all --check
	@$(CARGO) clippy --workspace --all-targets -- -D warnings
	@$(CARGO) build --workspace --bins
	@$(CARGO) test --workspace --no-run
	@$(CARGO_TARGET_DIR)/debug/with-servers $(CARGO) test --workspace

ci:
	@.ci/run

# What is measured, how, and the figures of one machine: docs/performance.md. Some ten minutes;
# `make bench BENCH=--quick` takes about one. Writes target/bench.json.
bench:
	@scripts/setup.sh servers
	@$(CARGO) build --release --workspace --bins
	@$(CARGO) bench --package tests --bench fleet -- $(BENCH)

# A list of ten million entries: look-ups, scrub, import. Some ten minutes and 8 GB of disk; BENCH=--quick
# takes half a minute. `make bench BENCH="--compare-lists 10000000"` sends with it and without it, in turn.
bench-list:
	@scripts/setup.sh servers
	@$(CARGO) build --release --workspace --bins
	@$(CARGO) bench --package tests --bench list -- $(BENCH)

# Every page of the console with a million contacts and five million touches, under fifty users; some ten
# minutes and 6 GB of disk, BENCH=--quick a minute.
bench-console:
	@scripts/setup.sh servers
	@$(CARGO) bench --package tests --bench console -- $(BENCH)

# A hundred random kills over 50,000 touches, with the servers restarted; prints its seed, and
# TOUCHLINE_FAULTS_SEED repeats its choices. `make test` has a small one of the same kind.
faults:
	@scripts/setup.sh servers
	@$(CARGO) build --release --workspace --bins
	@TOUCHLINE_FAULTS=full $(CARGO) test --release --package tests --test suite -- \
		faults:: --nocapture

# What comes back while the fleet sends: STOP, one-click, reports and complaints through a Postfix, from
# arrival to "nothing leaves", also with PostgreSQL away for a minute. `make test` has a small one.
returns:
	@scripts/setup.sh test
	@$(CARGO) build --release --workspace --bins
	@TOUCHLINE_RETURNS=full $(CARGO) test --release --package tests --test suite -- \
		returns:: --nocapture --test-threads 1

# The API as its document describes it, tried by schemathesis for API_SECONDS (900); `make test` does so
# for half a minute.
API_SECONDS ?= 900
api-test:
	@scripts/setup.sh api
	@$(CARGO) build --package testkit --bins
	@TOUCHLINE_API_SECONDS=$(API_SECONDS) $(CARGO_TARGET_DIR)/debug/with-servers $(CARGO) test \
		--package console@0.1.0 --test it -- api::outside:: --nocapture

# Every fuzz target for FUZZ_SECONDS (1200), FUZZ_JOBS (2) at a time; stable Rust, no sanitizer. `make
# test` runs each over its corpus and 1,000 mutations of it.
fuzz:
	@scripts/fuzz.sh

# Both commands in a clean clone on a bare Debian; as root, between half an hour and an hour.
newcomer:
	@scripts/newcomer.sh

# What deploy/ holds: Kubernetes manifests against schemas and rules, every alert fired, and compose.yaml
# really started, with every service restarted under load. As root, or with a Docker engine that answers;
# half an hour. TOUCHLINE_DEPLOY_FOLDER=FOLDER keeps images and build cache there for the next time.
deploy-test:
	@scripts/setup.sh deploy
	@CARGO_TARGET_DIR=$(CARGO_TARGET_DIR) deploy/test/run.sh $(DEPLOY)

# README's pictures, taken anew from the sample team's console; a few minutes.
pictures:
	@scripts/setup.sh test
	@$(CARGO) build --workspace --bins
	@CARGO_TARGET_DIR=$(CARGO_TARGET_DIR) scripts/pictures.sh

# Licences, sources and banned crates of everything we build on.
audit:
	@$(CARGO) deny --version >/dev/null 2>&1 || \
		$(CARGO) install --locked cargo-deny --version $(CARGO_DENY_VERSION)
	@$(CARGO) deny check bans licenses sources

# Format and lints only: the quick look while working.
check:
	@$(CARGO) fmt --all --check
	@$(CARGO) clippy --workspace --all-targets -- -D warnings

fmt:
	@$(CARGO) fmt --all
