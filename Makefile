# Each target is one line over a module; `make` alone lists them.
PYTHON ?= python3
BIN := .venv/bin
# The tests start hundreds of interpreters: their bytecode is kept, whatever the environment says.
export PYTHONDONTWRITEBYTECODE :=
# The tests spend half of their time waiting for processes and servers, so each core gets two workers.
WORKERS = $(shell $(BIN)/python -c "import os; print(2 * (os.cpu_count() or 1))")

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow nightly soak soak-batch soak-ray generate check lint types format bench golden docs build clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

# For the demo and the generator; tests and benchmarks install everything.
.venv/installed: pyproject.toml scripts/make_venv.sh runtime/runcomfy/_version.py
	PYTHON="$(PYTHON)" sh scripts/make_venv.sh .venv
	$(BIN)/python -m pip install --quiet --editable '.[codegen,cli,mock,gallery]'
	@touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install --quiet --editable '.[all]' --group dev
	@touch $@

demo: .venv/installed ## from five saved pages to validated payloads and saved images
	$(BIN)/python examples/demo.py

test: .venv/installed-dev ## the tests, without the slow ones
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

test-slow: .venv/installed-dev ## the slow tests: campaigns, corpus, wheels, object stores
	$(BIN)/python -m pytest -n auto --dist loadgroup -m slow

nightly: .venv/installed-dev ## the differential tests with 20,000 payloads per model
	$(BIN)/python -m pytest -n auto -m nightly

soak: .venv/installed-dev ## 2,000 requests with a fault in every fifth call; a minute
	PYTHONPATH=tests $(BIN)/python -m tests.campaign.soak

soak-batch: .venv/installed-dev ## 200 kills of batches of 300 rows, with faults; half an hour
	PYTHONPATH=tests $(BIN)/python -m tests.campaign.soak_batch

soak-ray: .venv/installed-dev ## 40 kills of workers, nodes, journal and driver on Ray clusters of two and of three nodes; ten minutes
	PYTHONPATH=tests $(BIN)/python -m tests.engines.ray_kills

generate: .venv/installed ## regenerate generated/ from schemas/
	$(BIN)/runcomfy-codegen generate

check: .venv/installed ## fail if generated/ is out of date, or has orphans
	$(BIN)/runcomfy-codegen generate --check

format: .venv/installed-dev ## format the code and apply lint fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: .venv/installed-dev ## ruff: lint rules and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed-dev ## mypy --strict and pyright, generated code included
	$(BIN)/mypy
	$(BIN)/pyright

bench: .venv/installed-dev ## compare with similar libraries; writes ratios to benchmarks/results/
	$(BIN)/python -m benchmarks

golden: .venv/installed-dev ## update the expected trees in tests/golden
	$(BIN)/python -m tests.golden.update

docs: .venv/installed-dev ## the documentation site in build/site: guides, API reference, a page for each model
	sh scripts/build_docs.sh $(BIN)

build: .venv/installed-dev ## wheel and source archive in dist/
	$(BIN)/python -m build --outdir dist

clean: ## remove build output, the environment and caches
	rm -rf .venv .demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
