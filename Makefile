# Each target sets up what it needs, in .venv inside the checkout.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
KERNELS := $(shell find src -name '*_cy.py' -o -name '*_cy.pxd')

.PHONY: test check demo bench docs test-all format clean install

install: $(READY)

$(READY): pyproject.toml setup.py $(KERNELS)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

test: $(READY)
	tools/browser.sh
	$(BIN)/python -m pytest

check: $(READY)
	$(BIN)/ruff format --check src tests benchmarks examples setup.py
	$(BIN)/ruff check src tests benchmarks examples setup.py
	$(BIN)/mypy src tests examples
	$(BIN)/python -m pytest -q -m 'not slow and not browser'

format: $(READY)
	$(BIN)/ruff format src tests benchmarks examples setup.py
	$(BIN)/ruff check --fix src tests benchmarks examples setup.py

demo: $(READY)
	$(BIN)/python -m examples.guide

clean:
	rm -rf build .venv .venv-* docs/_build
	find src -name '*.so' -o -name '*_cy.c' | xargs rm -f
