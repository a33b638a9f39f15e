# Each target makes the .venv it needs; PYTHON chooses the interpreter (3.11 to 3.13).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check bench clean

demo: $(VENV)/run.stamp  ## every stage on the example world; writes demo/report.html
	$(BIN)/kptm demo --out demo

# One thread: sums in several are not the same to the last bit from run to run, and the tests compare bits.
test: check  ## lint, types, import contracts and all tests
	OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/python -m pytest -q

check: $(VENV)/dev.stamp  ## everything but the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/dev.stamp  ## the benchmarks that fit in twenty minutes; tables on standard output
	$(BIN)/python tests/benchmarks/fusion_arms.py
	$(BIN)/python tests/benchmarks/real_data.py

$(VENV)/run.stamp: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

$(VENV)/dev.stamp: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	touch $@ $(VENV)/run.stamp

clean:  ## remove what the targets made
	rm -rf $(VENV) demo dist build .mypy_cache .ruff_cache .pytest_cache
