.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CLUSTER ?= hello
BENCH ?= scale
JOBS ?= auto

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -c 'import sys; sys.exit("kubetui needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@$(BIN)/python -m compileall -q core tui
	@touch $@

setup: $(STAMP) ## create .venv and install everything

run: $(STAMP) ## open the explorer on a sample (CLUSTER=hello)
	@$(BIN)/kubetui $(CLUSTER)

test: $(STAMP) ## run all checks and tests
	$(MAKE) --no-print-directory check
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

check: $(STAMP) ## formatting, lint, types and import contracts
	$(BIN)/ruff format --check core tui tests bench scripts
	$(BIN)/ruff check core tui tests bench scripts
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: $(STAMP) ## format the sources and mend what can be mended
	$(BIN)/ruff format core tui tests bench scripts
	$(BIN)/ruff check --fix core tui tests bench scripts

bench: $(STAMP) ## run a benchmark (BENCH=scale|memory|table|start|keys|load|idle|attack); its last line is the figure
	@$(BIN)/python bench/$(BENCH).py

golden: $(STAMP) ## rewrite the golden files and snapshots; the diff is the review
	GOLDEN=write $(BIN)/python -m pytest tests/golden tests/scenarios
	$(BIN)/python -m pytest tests/tui --snapshot-update
	$(MAKE) --no-print-directory map

map: $(STAMP) ## rewrite docs/map.md and docs/fidelity.md from the sources
	$(BIN)/python scripts/make_docs.py

charts: ## write the sample chart repository from its sources
	$(BIN)/python scripts/make_charts.py

.PHONY: help setup run test check fmt bench golden map charts
