# The few things one does with this project. `make help` lists them; the work is in scripts/.
SHELL := /bin/bash
export CARGO_TARGET_DIR ?= $(HOME)/.cache/mediary/target

# Where `make run` keeps its library, and where it listens.
export DATA ?= ./data
export LISTEN ?= 127.0.0.1:8080

# At a terminal, Ctrl-C must reach what runs; elsewhere, the limit must end everything that was started.
LIMIT := timeout --kill-after=60s $(shell [ -t 0 ] && echo --foreground)

.PHONY: help run sample check test bench

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' Makefile

run: ## Build, set up DATA (./data) when it is empty, and serve it at LISTEN (127.0.0.1:8080)
	@scripts/run

sample: ## Fill the library that `make run` serves with sample files
	@node scripts/sample.mjs $(DATA)/keys.json http://$(LISTEN)

check: ## Format, lints and all tests on SQLite; within 15 minutes on a new machine
	@$(LIMIT) 15m scripts/check sqlite

test: ## Format, lints and all tests on SQLite and PostgreSQL
	@$(LIMIT) 75m scripts/check sqlite,postgres

bench: ## Measure against the peers; writes bench/results.md
	@scripts/install run bench
	@$(LIMIT) 90m bench/run
