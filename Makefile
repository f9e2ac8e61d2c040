# `make` lists the targets. A fresh machine needs only Python 3.11+, make and git:
# each target first puts what it needs into .venv, once.

PYTHON  ?= python3
VENV    ?= .venv
WORKERS ?= 2

BIN   := $(VENV)/bin
STAMP := $(VENV)/.installed

export JAX_PLATFORMS ?= cpu

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types docs notebooks interop bench format clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(STAMP)-run  ## derive a sampler for the pumps model, sample it, show the result
	$(BIN)/astragal demo

test: $(STAMP)-test  ## run every test, doctest, notebook and document
	$(BIN)/python -m pytest -n $(WORKERS)

check: lint $(STAMP)-dev  ## the fast tier, under three minutes: lint, mypy, tests not marked slow
	$(BIN)/mypy
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow"

lint: $(STAMP)-dev  ## ruff: rules and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)-dev  ## mypy (strict) and pyright
	$(BIN)/mypy
	$(BIN)/pyright

docs: $(STAMP)-dev  ## build the documentation; a warning is an error
	$(BIN)/python -m sphinx -W --keep-going -q -E -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

notebooks: $(STAMP)-test  ## run every notebook from a clean kernel
	$(BIN)/python -m pytest tests/test_notebooks.py

interop: $(VENV)-interop/.installed  ## test what is read from PyMC and PyTensor, in an environment that has them
	$(VENV)-interop/bin/python -m pytest tests/interop

bench: $(STAMP)-test  ## run every benchmark beside its peer
	@set -e; for file in benchmarks/bench_*.py; do \
	  [ -e "$$file" ] || continue; echo "== $$file"; $(BIN)/python "$$file"; done

format: $(STAMP)-dev  ## put code and notebooks into the form that lint asks for
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove what builds and runs have left, but not .venv
	rm -rf build dist docs/_build docs/reference/generated
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find src rewrites tests benchmarks docs examples -name __pycache__ -type d -prune \
	  -exec rm -rf {} + 2>/dev/null || true

# One stamp a set of packages; a change of pyproject.toml installs again.

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and \
	  "Astragal needs Python 3.11 or later; $(PYTHON) is %d.%d. Try: make PYTHON=python3.12" % v[:2])'
	$(PYTHON) -m venv $(VENV)

$(STAMP)-run: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(STAMP)-test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@ $(STAMP)-run

# PyMC holds back other packages (PyTensor below 2.39, Numba up to 0.65, ArviZ below 1), so it
# has an environment of its own and the tests above run with the newest.
$(VENV)-interop/.installed: pyproject.toml | $(BIN)/python
	$(PYTHON) -m venv $(VENV)-interop
	$(VENV)-interop/bin/python -m pip install --quiet --disable-pip-version-check \
	  --editable '.[interop]' 'pytest>=8.3' 'hypothesis>=6.112'
	@touch $@

$(STAMP)-dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(STAMP)-run $(STAMP)-test
