# Needs only make and Python 3.11 or newer with pip. Another Python: make demo PYTHON=python3.12
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help set-up demo test lint fix bench docs lock
MAKEFLAGS += --no-print-directory

help: ## Show these lines
	@echo "Vitrine: see AI work. First: make demo"
	@echo
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1 | \2/p' Makefile | while IFS='|' read -r verb words; do printf '%-16s%s\n' "$$verb" "$$words"; done

set-up: ## Make the private environment in .venv; does nothing when it is up to date
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "Vitrine needs Python 3.11 or newer with pip. On Debian: apt-get install python3 python3-pip" >&2; exit 1; }
	@$(PYTHON) tools/set_up.py

demo: set-up ## Set up, start Vitrine and open it in the browser
	@exec $(PYTHON) tools/demo.py

test: lint ## Set up, check the code and run every test
	@$(BIN)/python -m pytest

lint: set-up ## Check style, types and the direction of imports
	@echo "Style";   $(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .
	@echo "Types";   $(BIN)/basedpyright --warnings
	@echo "Imports"; $(BIN)/lint-imports --no-logo

fix: set-up ## Repair style where a machine can
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: set-up ## Measure speed and memory against the named peers
	@mkdir -p runs && $(BIN)/vitrine bench all --json runs/bench.json

docs: set-up ## Write the pages that come from the code
	@$(BIN)/python tools/write_docs.py

lock: set-up ## Renew requirements.lock within the bounds of pyproject.toml (needs the internet)
	@.bootstrap/bin/uv pip compile --quiet --upgrade --universal --generate-hashes --extra dev pyproject.toml -o requirements.lock
