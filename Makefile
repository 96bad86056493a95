# The verbs of this repository, no more. Each sets up what it needs; the second run of each is quick.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := serve
.PHONY: setup serve check test faults bench docs

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
RUNTIME := $(VENV)/.runtime
DEVELOPMENT := $(VENV)/.development
CONSOLE := src/jixi/server/console/index.html
CONSOLE_SOURCES := $(shell find console -type d \( -name node_modules -o -name dist \) -prune -o -type f ! -name schema.d.ts -print)
export PATH := $(CURDIR)/$(BIN):$(PATH)

setup: $(RUNTIME) $(CONSOLE)

serve: setup
	@exec $(BIN)/jixi serve $(ARGS)

check: $(DEVELOPMENT) $(CONSOLE)
	$(BIN)/ruff format --check src tests bench scripts hatch_build.py
	$(BIN)/ruff check src tests bench scripts hatch_build.py
	$(BIN)/pyright
	$(BIN)/lint-imports
	cd console && npm run --silent check
	$(BIN)/python -m pytest tests/house -q

test: $(DEVELOPMENT) $(CONSOLE) tests/js/node_modules
	@$(BIN)/python scripts/browser.py
	@$(BIN)/python -m tests.engines.made
	$(BIN)/python -m pytest --ignore=tests/house -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

faults: $(DEVELOPMENT)
	$(BIN)/python -m pytest tests/faults --full $(ARGS)

bench: $(DEVELOPMENT)
	$(BIN)/python scripts/figures.py $(ARGS)

docs: $(DEVELOPMENT)
	$(BIN)/python scripts/reference.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

$(BIN)/python:
	@python3 -c 'import sys; sys.exit("Jixi needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	python3 -m venv $(VENV)

$(RUNTIME): requirements.txt requirements-data.txt pyproject.toml | $(BIN)/python
	@echo "Installing Jixi into $(VENV) ..." >&2
	$(PIP) install --require-hashes --only-binary=:all: -r requirements.txt
	$(PIP) install --require-hashes --only-binary=:all: --no-deps -r requirements-data.txt
	$(PIP) install --no-deps --editable .
	@touch $@

$(DEVELOPMENT): requirements-dev.txt $(RUNTIME)
	$(PIP) install --require-hashes --only-binary=:all: -r requirements-dev.txt
	@touch $@

# The console: built with the system's Node where it is new enough, else with the one that a wheel carries.
$(CONSOLE): $(CONSOLE_SOURCES) scripts/node.sh | $(BIN)/python
	@scripts/node.sh
	@echo "Building the console ..." >&2
	cd console && npm ci --loglevel=error --no-audit --no-fund && npm run --silent build
	rm -rf src/jixi/server/console && cp -r console/dist src/jixi/server/console
	@touch $@

tests/js/node_modules: tests/js/package-lock.json | $(CONSOLE)
	cd tests/js && npm ci --loglevel=error --no-audit --no-fund
	@touch $@
