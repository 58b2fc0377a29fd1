# Each target sets up what it needs, in .venv inside the checkout.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
KERNELS := $(shell find src -name '*_cy.py' -o -name '*_cy.pxd')
CHECKED = src tests benchmarks examples docs setup.py

.PHONY: install test check demo bench docs test-all sanitize autobahn autobahn-heavy format clean

install: $(READY)

$(READY): pyproject.toml setup.py $(KERNELS)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

test: $(READY)
	tools/browser.sh
	tools/peers.sh
	$(BIN)/python -m pytest

# What to run before a commit: no browser, nothing slow.
check: $(READY)
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/mypy src tests examples docs/_extensions
	$(BIN)/python -m pytest -q -m 'not slow and not browser'

format: $(READY)
	$(BIN)/ruff format $(CHECKED)
	$(BIN)/ruff check --fix $(CHECKED)

demo: $(READY)
	$(BIN)/python -m examples.guide

# Every supported Python, each with the kernels compiled and not compiled at all.
test-all:
	tools/test_all.sh

# The compiled kernels with AddressSanitizer and UndefinedBehaviorSanitizer, in a build of their own.
sanitize: $(READY)
	tools/sanitize.sh $(BIN)/python

# The Autobahn test suite against the WebSocket server and client; needs a Python 2.7.
autobahn autobahn-heavy: $(READY)
	PYTHON=$(BIN)/python tools/autobahn.sh $(if $(filter %-heavy,$@),heavy,light)

bench: $(READY)
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.server
	$(BIN)/python -m benchmarks.client
	$(BIN)/python -m benchmarks.streams
	$(BIN)/python -m benchmarks.websocket
	$(BIN)/python -m benchmarks.mongo

docs: $(READY)
	$(BIN)/pip install --quiet --editable '.[docs]'
	$(BIN)/sphinx-build -W -q -b html docs docs/_build/html
	@echo docs/_build/html/index.html

clean:
	rm -rf build .venv .venv-* docs/_build
	find src -name '*.so' -o -name '*_cy.c' | xargs rm -f
