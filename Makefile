# `make demo` shows Touchline at work; `make test` runs every check. Both get what is missing first.

CARGO ?= cargo
CARGO_TARGET_DIR ?= target
# Clippy as the compiler of our own crates: one build serves lints and tests, and the third-party
# crates are compiled once, not once to check and once to run.
LINTED = CLIPPY_ARGS=-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__ RUSTC_WORKSPACE_WRAPPER=clippy-driver
CARGO_DENY_VERSION = 0.20.2

.PHONY: demo test ci bench faults audit check fmt

# The whole fleet in one process, on a private PostgreSQL, with a fast clock; Ctrl-C ends it.
demo:
	@scripts/setup.sh demo
	@$(CARGO) run --release --quiet --package touchline -- up --demo

# Format, lints and all tests against real servers that are gone afterwards.
test:
	@scripts/setup.sh test
	@$(CARGO) fmt --all --check
	@$(LINTED) $(CARGO) test --workspace --no-run
	@$(LINTED) $(CARGO_TARGET_DIR)/debug/with-servers $(CARGO) test --workspace

ci:
	@.ci/run

# What is measured, how, and the figures of one machine: ARCHITECTURE.md.
bench:
	@scripts/setup.sh test
	@$(CARGO) build --release --workspace --bins
	@$(CARGO_TARGET_DIR)/release/with-servers $(CARGO_TARGET_DIR)/release/touchline bench

# A hundred random kills; `make test` has a small one of the same kind.
faults:
	@scripts/setup.sh test
	@TOUCHLINE_FAULTS=full $(CARGO) test --release --package tests -- faults --nocapture

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
