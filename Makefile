# Everything a person or CI asks of this repository. `make` alone lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help

CARGO ?= cargo
# Where cargo builds; also the home of the tools and the Python environment that we install ourselves.
TARGET := $(or $(CARGO_TARGET_DIR),target)
# The nextest profile: `default` for people, `ci` reports every failure and ends hung tests.
PROFILE ?= default
# More arguments for what is run: `make demo ARGS="--port 9000"`, `make test ARGS="-p np-domain"`.
ARGS ?=

.PHONY: help
help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install what building and testing need (says what; nothing when all is there)
	@scripts/install-build-deps
	@scripts/install-test-deps

.PHONY: demo
demo: ## Run the whole platform on this machine and show one hostname become active
	@scripts/install-build-deps
	$(CARGO) run -p nameplate -- demo $(ARGS)

.PHONY: test
test: setup ## Run every test of the workspace
	@if [[ -z "$(filter -p --package,$(ARGS))" ]]; then scope=--workspace; else scope=; fi; \
	if $(CARGO) nextest --version >/dev/null 2>&1; then \
		$(CARGO) nextest run --profile $(PROFILE) $$scope $(ARGS); \
	else \
		$(CARGO) test --no-fail-fast $$scope $(ARGS); \
	fi

.PHONY: schemathesis
schemathesis: setup ## Call the API with many more requests made from its OpenAPI document, others each time
	NAMEPLATE_SCHEMATHESIS_EXAMPLES=100 NAMEPLATE_SCHEMATHESIS_SECONDS=1800 NAMEPLATE_SCHEMATHESIS_SEED=$${SEED:-$$RANDOM} \
		$(CARGO) test -p np-control --test api schemathesis_finds -- --nocapture

# How long `make fuzz` feeds each parser.
FUZZ_SECONDS ?= 60

.PHONY: fuzz
fuzz: setup ## Feed broken bytes to each parser of what strangers send, for FUZZ_SECONDS=60 each
	NAMEPLATE_FUZZ_SECONDS=$(FUZZ_SECONDS) $(CARGO) test --workspace --no-fail-fast fuzz:: -- --nocapture

.PHONY: fault-zoo
fault-zoo: setup ## Diagnose every fault of the zoo against real and misbehaving servers
	$(CARGO) test -p np-control --test zoo $(ARGS)

.PHONY: simulate
simulate: ## Run 10,000 hostnames through three years with an outage, broken DNS and crashes (release build)
	@scripts/install-build-deps
	$(CARGO) run --release -p nameplate -- simulate $(ARGS)

.PHONY: plans
plans: setup ## Write down anew how both databases carry out each statement (crates/np-store/tests/plans)
	rm -rf crates/np-store/tests/plans
	NAMEPLATE_RENEW_PLANS=1 $(CARGO) test -p np-store --test battery -- --skip plans::
	NAMEPLATE_RENEW_PLANS=1 $(CARGO) test -p np-store --test battery -- plans::every

.PHONY: fmt
fmt: ## Format the code
	$(CARGO) fmt --all

.PHONY: lint
lint: ## Check format, clippy with warnings as errors, licences and the dependency table
	@scripts/install-build-deps
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	@scripts/install-cargo-deny "$(abspath $(TARGET))/tools"
	PATH="$(abspath $(TARGET))/tools/bin:$$PATH" $(CARGO) deny check bans licenses sources

.PHONY: bench-api
bench-api: setup ## Measure creates, reads and lists out of a million hostnames through the API
	bench/api $(ARGS)

.PHONY: bench-checks
bench-checks: setup ## Measure checks of ownership a second against a local name server
	bench/checks $(ARGS)

.PHONY: bench-issuance
bench-issuance: setup ## Measure certificates a second from a local ACME server
	bench/issuance $(ARGS)

.PHONY: bench-edge
bench-edge: setup ## Measure the edge beside nginx, HAProxy and Caddy: names, memory, handshakes, requests
	bench/edge $(ARGS)

.PHONY: bench-flood
bench-flood: setup ## Measure what visitors notice of floods, and of a feed with 5,000 changes a second
	bench/flood $(ARGS)

.PHONY: bench-time-to-active
bench-time-to-active: setup ## Measure from creating a hostname to HTTPS 200 on it
	bench/time-to-active $(ARGS)
