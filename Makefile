PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.stamp

.PHONY: setup grade test check format lint types layers reports clean

setup: $(STAMP)

$(STAMP): pyproject.toml scripts/setup.sh
	PYTHON=$(PYTHON) bash scripts/setup.sh
	@touch $@

grade: setup ## grade the sample submissions into reports/
	$(BIN)/grade submissions/ --out reports/ --skip-missing-data

# Tests that look only at what they started share the cores, the longest first; the others watch
# processes and control groups of the whole machine.
SHARED := tests/faults tests/unit tests/fuzz tests/integration/checks tests/integration/datasets \
          tests/integration/inside tests/integration/reference

test: setup
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(SHARED)
	$(BIN)/python -m pytest $(SHARED:%=--ignore=%)

check: setup lint types layers test ## what CI runs

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy

layers: setup
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf reports build *.egg-info
