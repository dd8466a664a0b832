# Each verb is a line over a module; `make` alone lists them.
PYTHON ?= python3
BIN := .venv/bin
# Half of the time of the tests is waiting, for processes and servers: two workers for each core.
WORKERS = $(shell $(BIN)/python -c "import os; print(2 * (os.cpu_count() or 1))")

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow nightly soak soak-batch soak-ray generate check lint types format bench golden docs build clean

help: ## list the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

# What the demo shows and the generator needs; tests and measurements install everything.
.venv/installed: pyproject.toml scripts/make_venv.sh runtime/runcomfy/_version.py
	PYTHON="$(PYTHON)" sh scripts/make_venv.sh .venv
	$(BIN)/python -m pip install --quiet --editable '.[codegen,cli,mock,gallery]'
	@touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install --quiet --editable '.[all]' --group dev
	@touch $@

demo: .venv/installed ## the main job, from five saved pages to checked payloads and saved pictures
	$(BIN)/python examples/demo.py

test: .venv/installed-dev ## all tests that belong to a change
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

test-slow: .venv/installed-dev ## the long tests: campaigns, corpus, wheels, object stores
	$(BIN)/python -m pytest -n auto --dist loadgroup -m slow

nightly: .venv/installed-dev ## the long differential run, 20,000 payloads for each model
	$(BIN)/python -m pytest -n auto -m nightly

soak: .venv/installed-dev ## 2,000 requests, every fifth call struck by a fault; a minute
	$(BIN)/python -m tests.campaign.soak

soak-batch: .venv/installed-dev ## 200 kills of batches of 300 rows, with faults; half an hour
	$(BIN)/python -m tests.campaign.soak_batch

soak-ray: .venv/installed-dev ## 40 kills of workers, nodes, journal and driver on Ray clusters of two and of three nodes; ten minutes
	$(BIN)/python -m tests.engines.ray_kills

generate: .venv/installed ## write generated/ from schemas/
	$(BIN)/runcomfy-codegen generate

check: .venv/installed ## fail if generated/ is not what schemas/ give, orphans included
	$(BIN)/runcomfy-codegen generate --check

format: .venv/installed-dev ## lay the code out
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: .venv/installed-dev ## ruff, rules and layout
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed-dev ## mypy --strict and pyright, generated code included
	$(BIN)/mypy
	$(BIN)/pyright

bench: .venv/installed-dev ## side-by-side measurements against peers, as ratios; written to benchmarks/results/
	$(BIN)/python -m benchmarks

golden: .venv/installed-dev ## rewrite the expected trees of tests/golden
	$(BIN)/python -m tests.golden.update

docs: .venv/installed-dev ## the documentation site in build/site: guides, API reference, a page for each model
	sh scripts/build_docs.sh $(BIN)

build: .venv/installed-dev ## wheel and source archive in dist/
	$(BIN)/python -m build --outdir dist

clean: ## remove what was built and installed
	rm -rf .venv .demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
