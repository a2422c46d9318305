# Five words: demo, test, lint, bench, docs. Each builds what it needs in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
READY := $(VENV)/.ready

.PHONY: demo test test-fast lint faults fuzz bench docs clean

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: $(READY)
	@$(BIN)/fv demo

test: $(READY)
	$(BIN)/python -m pytest -n auto

test-fast: $(READY)
	$(BIN)/python -m pytest -n auto -m 'not slow and not peers'

lint: $(READY)
	$(BIN)/ruff check fieldvault tests
	$(BIN)/mypy
	$(BIN)/lint-imports

# Every point of every command and every byte of a link, for hours; every tenth with FAULTS=10; one with
# CELL=commit/KILL/17
faults: FAULTS ?= 1
faults: $(READY)
	FAULTS=$(FAULTS) CELL=$(CELL) $(BIN)/python -m pytest -n auto tests/faults tests/actions/test_delivery.py tests/actions/test_attachments_on_bad_links.py

# The reader and the merge on drawn bytes, for MINUTES; atheris needs a Python that it has a wheel for
fuzz: MINUTES ?= 10
fuzz: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check atheris
	$(BIN)/python -m tests.fuzz.merge build/fuzz -artifact_prefix=build/fuzz- -max_total_time=$$((60 * $(MINUTES)))

bench: $(READY)
	$(BIN)/python -m tests.bench

docs: $(READY)
	$(BIN)/python -m tests.docs

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
