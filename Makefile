# Everything the book needs, with nothing but Python 3.11+ and make.
# On Windows, or without make: the same commands are in README.md, under "Without make".

PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
READY   = $(VENV)/.ready

.DEFAULT_GOAL := help

.PHONY: help
help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: book
book: $(READY)  ## execute every page and build the book
	@$(BIN)/crmlib book build

.PHONY: lab
lab: $(READY)  ## open the chapters in JupyterLab
	@$(BIN)/crmlib book lab

.PHONY: test
test: $(READY)  ## prove it: everything this machine can test, and what it had to skip
	@$(BIN)/crmlib test

.PHONY: lock
lock: $(READY)  ## renew requirements.lock from pyproject.toml (for maintainers)
	@$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --quiet --output-file requirements.lock

.PHONY: clean
clean:  ## remove the environment and everything built
	rm -rf $(VENV) book/_build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage htmlcov

# The environment is made again when the pins or the package's metadata change.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
	       echo "Name another one:  make PYTHON=python3.12 book"; exit 1; }
	@echo "Making the environment in $(VENV) (a few minutes, once) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
