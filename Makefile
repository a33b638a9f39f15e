# Each target makes the .venv it needs; PYTHON chooses the interpreter (3.11 to 3.13).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Processes that share the tests; each takes up to a gigabyte.
WORKERS ?= 2
PYTEST = $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: help demo test quick fast kernels check lint types imports tests docs bench clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/run.stamp  ## every stage on the example world; writes demo/report.html
	$(BIN)/kptm demo --out demo

# Types are checked beside the tests, which wait for processes and servers now and then; a test runs the import contracts.
test: lint  ## lint, types, import contracts and all tests: ten minutes on two cores
	$(MAKE) --no-print-directory -j 2 types tests

quick:  ## the tests that need no training, process, server, browser or hundreds of inputs; lint beside them: two minutes
	$(MAKE) --no-print-directory -j 2 lint fast

fast: $(VENV)/dev.stamp
	$(PYTEST) -m "not slow"

check: lint types imports  ## everything but the tests

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev.stamp
	$(BIN)/mypy

imports: $(VENV)/dev.stamp
	$(BIN)/lint-imports

tests: $(VENV)/dev.stamp
	$(PYTEST)

# What depends on the order of sums: sums that depend on shapes, then what torch, MKL and oneDNN do on other processors.
NUMERIC = tests/kg/embedding tests/kptm/fusion tests/kptm/pretraining tests/kptm/finetuning tests/kptm/modeledge \
	tests/kptm/data tests/kptm/evaluation tests/kptm/answering tests/kptm/linking tests/kptm/workspace

kernels: $(VENV)/dev.stamp  ## the tests of what is computed, as other processors compute it: an hour
	PYTHONPATH=tests $(PYTEST) -p shape_noise $(NUMERIC)
	ATEN_CPU_CAPABILITY=default $(PYTEST) $(NUMERIC)
	ATEN_CPU_CAPABILITY=avx2 $(PYTEST) $(NUMERIC)
	MKL_CBWR=COMPATIBLE ONEDNN_MAX_CPU_ISA=SSE41 $(PYTEST) $(NUMERIC)
	OMP_NUM_THREADS=2 MKL_NUM_THREADS=2 $(PYTEST) -n 1 $(NUMERIC)

docs: $(VENV)/dev.stamp  ## the documentation as a site, in site/; a link that leads nowhere is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: $(VENV)/dev.stamp  ## the benchmarks that fit in twenty minutes; tables on standard output
	$(BIN)/python benchmarks/fusion_arms.py
	$(BIN)/python benchmarks/real_data.py

$(VENV)/run.stamp: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

$(VENV)/dev.stamp: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	touch $@ $(VENV)/run.stamp

clean:  ## remove what the targets made
	rm -rf $(VENV) demo site dist build .mypy_cache .ruff_cache .pytest_cache
