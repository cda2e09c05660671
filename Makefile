# One command for everything. A target makes the environment it needs (.venv) by itself, once.

PYTHON ?= python3
VENV ?= .venv
# Tests run on this many processes.
JOBS ?= 2
# How long the long proofs are; 40 takes some minutes.
STEPS ?= $(or $(VIBEPIPER_PROOF_STEPS),400)
BIN := $(VENV)/bin
# Bytecode is worth keeping: without it, every `vp` would compile itself anew.
unexport PYTHONDONTWRITEBYTECODE
unexport VIRTUAL_ENV

.DEFAULT_GOAL := help
.PHONY: help demo test prove lint types docs bench format schemas extension clean

help:  ## show this list
	@echo "make <target>, where target is one of:"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/has-core  ## plan and apply examples/flights, and show the tables that come out
	@VP=$(abspath $(BIN))/vp sh examples/flights/demo.sh

test: $(VENV)/has-test  ## run all tests, except the long proofs
	$(BIN)/python -m pytest -n $(JOBS) -m "not slow"

prove: $(VENV)/has-test  ## run the long proofs: random edits, a kill at every step (STEPS=2000 make prove)
	VIBEPIPER_PROOF_STEPS=$(STEPS) $(BIN)/python -m pytest -n $(JOBS) -m "slow or law"

lint: $(VENV)/has-lint  ## check style and layout (ruff)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/has-lint $(VENV)/has-test  ## check types (mypy --strict)
	$(BIN)/mypy

docs: $(VENV)/has-docs  ## build the documentation into docs/_build; a warning is an error
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

extension:  ## test the VS Code extension and pack it (needs Node 20)
	cd vscode-extension && npm ci --no-audit --no-fund --loglevel=error
	cd vscode-extension && npm test --loglevel=error && npm run package --loglevel=error
	@echo "vscode-extension/dist/vibepiper.vsix"

bench: $(VENV)/has-benchmark  ## measure speed against hand-written scripts and other tools (slow)
	$(BIN)/python -m benchmarks

format: $(VENV)/has-lint  ## put imports and layout in order (ruff)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schemas: $(VENV)/has-core  ## write schemas/ from the models
	$(BIN)/python -m vibepiper_spec.schema schemas

clean:  ## remove everything that the other targets made
	rm -rf $(VENV) dist docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis examples/*/.vp
	find . -name __pycache__ -prune -exec rm -rf {} +

# Stamp files say what the environment holds, so that nothing is installed twice. Debian's python3 comes without
# `ensurepip`; there the system's pip fills the empty environment.
$(VENV)/has-core: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed (make PYTHON=python3.12 ...)"; exit 1; }
	@test -x $(BIN)/python && $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV) 2>/dev/null || \
		{ $(PYTHON) -m venv --clear --without-pip $(VENV) && $(PYTHON) -m pip -q --python $(BIN)/python install pip; }
	$(BIN)/python -m pip install -q --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install -q --editable .
	@touch $@

# `has-test` holds the dependency group `test` of pyproject.toml, and so on.
$(VENV)/has-%: $(VENV)/has-core
	$(BIN)/python -m pip install -q --group $*
	@touch $@

# Without this, make takes the stamps for intermediate files and deletes them.
.SECONDARY:
