# make run | test | lint | bench | lock | clean
#
# Needs a Python from 3.11 on (with venv and pip), make and git. The first four targets make .venv from
# requirements/dev.txt when it is missing or out of date. PYTHON=/path/to/python chooses the Python.

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
CONFIG := configs/quickstart.toml
BENCH_JSON := .benchmarks/latest.json
ARGS :=

# The stamps carry a hash of what the environment was made from, so a changed lock (or a moved folder,
# as scripts in .venv hold its path) makes a new environment, and a changed pyproject.toml installs
# scsim anew. Nothing depends on file times, which git does not keep.
LOCKED := $(VENV)/locked-$(shell { pwd; cat requirements/dev.txt; } | git hash-object --stdin)
INSTALLED := $(VENV)/installed-$(shell git hash-object --no-filters pyproject.toml)

CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11 python
SUITABLE := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))

.PHONY: help run test lint bench pictures lock clean env

help:
	@echo 'make run      compute $(CONFIG) and say where results and pictures are'
	@echo 'make test     run the whole test suite'
	@echo 'make lint     style, types and import floors'
	@echo 'make bench    measure speed; table at the end, figures in $(BENCH_JSON)'
	@echo 'make pictures draw the pictures of the README anew'
	@echo 'make lock     write requirements/dev.txt anew (UPGRADE=1: newest versions)'
	@echo 'make clean    remove .venv and what the tools left behind; results stay'

run: $(INSTALLED)
	@$(BIN)/scsim run $(CONFIG) $(ARGS)

test: $(INSTALLED)
	$(BIN)/python -m pytest $(ARGS)

# No cache for the floors: it keeps an import of a file that was not there yet as one of the package.
lint: $(INSTALLED)
	$(BIN)/ruff check src tests benchmarks examples
	$(BIN)/ruff format --check src tests benchmarks examples
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# Threads are pinned to one: scsim's kernels are serial, and BLAS must not take the second core.
bench: $(INSTALLED)
	@mkdir -p $(dir $(BENCH_JSON))
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 NUMBA_NUM_THREADS=1 \
	  $(BIN)/python -m pytest benchmarks -p no:randomly --benchmark-only \
	  --benchmark-json=$(BENCH_JSON) $(ARGS)
	$(BIN)/python benchmarks/report.py $(BENCH_JSON)

pictures: $(INSTALLED)
	$(BIN)/scsim run configs/quickstart.toml
	$(BIN)/scsim plot results/quickstart/results.h5 --out docs/images

env: $(INSTALLED)

# Only wheels, so that no build script runs and no build tool without a hash is fetched.
$(LOCKED):
	@set -eu; \
	for python in $(if $(PYTHON),"$(PYTHON)",$(CANDIDATES)); do \
	  if "$$python" -c '$(SUITABLE)' >/dev/null 2>&1; then found=$$python; break; fi; \
	done; \
	if [ -z "$${found:-}" ]; then \
	  echo 'scsim: found no Python from 3.11 on that has venv and pip among: $(or $(PYTHON),$(CANDIDATES)).' >&2; \
	  echo 'Install one (on Debian and Ubuntu also the package python3-venv), or name it: make PYTHON=/path/to/python' >&2; \
	  exit 1; \
	fi; \
	echo "scsim: making $(VENV) with $$("$$found" --version) and the locked requirements; this happens once"; \
	"$$found" -m venv --clear $(VENV); \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input \
	  --require-hashes --only-binary :all: --requirement requirements/dev.txt
	@touch $@

$(INSTALLED): $(LOCKED)
	@rm -f $(VENV)/installed-*
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input \
	  --no-deps --no-build-isolation --no-index --editable .
	@touch $@

# One lock for every supported Python and system: versions and hashes, and no index address.
lock:
	@set -eu; \
	tool=uv; \
	if ! uv --version >/dev/null 2>&1; then \
	  folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	  $(or $(PYTHON),python3) -m venv "$$folder"; \
	  "$$folder/bin/python" -m pip install --quiet --disable-pip-version-check uv; \
	  tool=$$folder/bin/uv; \
	fi; \
	"$$tool" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --no-annotate \
	  --extra xarray --extra test --extra dev $(if $(UPGRADE),--upgrade) \
	  pyproject.toml --output-file requirements/dev.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks dist
	find src tests benchmarks examples -type d -name __pycache__ -prune -exec rm -rf {} +
