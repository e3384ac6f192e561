# make run | test | lint | bench | bench-peers | bench-field | bench-circuit | accuracy | circuit-behavior | results-page | lock | clean
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
PEERS_VENV := .venv-validation
PEERS_BIN := $(PEERS_VENV)/bin
PEERS_JSON := .benchmarks/peers.json
FIELD_JSON := .benchmarks/field.json
CIRCUIT_JSON := .benchmarks/circuit.json
ACCURACY_JSON := benchmarks/accuracy.json
ACCURACY_PAGE := docs/accuracy.md
BEHAVIOR_JSON := .benchmarks/circuit_behavior.json
BEHAVIOR_PAGE := docs/circuit_behavior.md
RESULTS_PAGE := docs/results.md
ARGS :=

# The stamps carry a hash of what the environment was made from, so a changed lock (or a moved folder,
# as scripts in .venv hold its path) makes a new environment, and a changed pyproject.toml installs
# scsim anew. Nothing depends on file times, which git does not keep.
LOCKED := $(VENV)/locked-$(shell { pwd; cat requirements/dev.txt; } | git hash-object --stdin)
INSTALLED := $(VENV)/installed-$(shell git hash-object --no-filters pyproject.toml)
PEERS_LOCKED := $(PEERS_VENV)/locked-$(shell { pwd; cat requirements/validation.txt; } | git hash-object --stdin)
PEERS_INSTALLED := $(PEERS_VENV)/installed-$(shell git hash-object --no-filters pyproject.toml)

CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11 python
SUITABLE := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))

.PHONY: help run test lint bench bench-peers bench-field bench-circuit accuracy circuit-behavior gallery results-page pictures lock clean env

help:
	@echo 'make run      compute $(CONFIG) and say where results and pictures are'
	@echo 'make test     run the whole test suite'
	@echo 'make lint     style, types and import floors'
	@echo 'make bench    measure speed; table at the end, figures in $(BENCH_JSON)'
	@echo 'make bench-peers  the same fibers in NEURON and PyFibers; table in README.md, figures in $(PEERS_JSON)'
	@echo 'make bench-field  one canal in scsim, pyamg and scikit-fem; table in README.md, figures in $(FIELD_JSON)'
	@echo 'make bench-circuit  the dorsal horn in NEURON and scsim; table in README.md, figures in $(CIRCUIT_JSON)'
	@echo 'make accuracy measure the errors of schemes and settings; tables in $(ACCURACY_PAGE)'
	@echo 'make circuit-behavior  published experiments with the spiking circuit, held or missed; tables in $(BEHAVIOR_PAGE)'
	@echo 'make results-page  the tables of datasets in $(RESULTS_PAGE), from the table in the code'
	@echo 'make gallery  run every study of configs/, draw its figure and write docs/studies.md; minutes'
	@echo 'make pictures draw the pictures of the README anew'
	@echo 'make lock     write requirements/*.txt anew (UPGRADE=1: newest versions)'
	@echo 'make clean    remove .venv, $(PEERS_VENV) and what the tools left behind; results stay'

run: $(INSTALLED)
	@$(BIN)/scsim run $(CONFIG) $(ARGS)

# Two workers, a file of tests on one of them: half the time on two cores. ARGS="-n 0" for one process.
test: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

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
	$(BIN)/python -m benchmarks.report $(BENCH_JSON)

# Other software on the same machine, in turns with scsim; never needed by run, test or lint.
bench-peers: $(PEERS_INSTALLED)
	@mkdir -p $(dir $(PEERS_JSON))
	$(PEERS_BIN)/python -m benchmarks.against_neuron $(PEERS_JSON) $(ARGS)
	$(PEERS_BIN)/python -m benchmarks.against_pyfibers $(PEERS_JSON) $(ARGS)
	$(PEERS_BIN)/python -m benchmarks.peers_report $(PEERS_JSON) --readme README.md

# The same canal by every solver and by 3-D finite elements: about ten minutes.
bench-field: $(PEERS_INSTALLED)
	$(PEERS_BIN)/python -m benchmarks.field_measure $(FIELD_JSON) $(ARGS)
	$(PEERS_BIN)/python -m benchmarks.field_report $(FIELD_JSON) --readme README.md

# The spiking circuit of the dorsal horn; NEURON's channels are compiled on first use (a C++ compiler and make).
bench-circuit: $(PEERS_INSTALLED)
	@mkdir -p $(dir $(CIRCUIT_JSON))
	$(PEERS_BIN)/python -m benchmarks.circuit_against_neuron $(CIRCUIT_JSON) $(ARGS)
	$(PEERS_BIN)/python -m benchmarks.circuit_report $(CIRCUIT_JSON) --readme README.md

# ARGS="--only NAME ..." measures some parts anew; the others keep their figures.
accuracy: $(INSTALLED)
	$(BIN)/python -m benchmarks.accuracy $(ACCURACY_JSON) $(ARGS)
	$(BIN)/python -m benchmarks.accuracy_report $(ACCURACY_JSON) --page $(ACCURACY_PAGE)

# The circuit is never fitted to these: the page says what held and what did not. Minutes.
circuit-behavior: $(INSTALLED)
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.circuit_behavior $(BEHAVIOR_JSON) $(ARGS)
	$(BIN)/python -m benchmarks.circuit_behavior_page $(BEHAVIOR_JSON) $(BEHAVIOR_PAGE)

results-page: $(INSTALLED)
	$(BIN)/python -m benchmarks.results_page $(RESULTS_PAGE)

# ARGS="--only NAME ..." runs some studies anew; ARGS=--drawn draws what was run, ARGS=--page lays out the page alone.
gallery: $(INSTALLED)
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.gallery $(ARGS)

pictures: $(INSTALLED)
	$(BIN)/scsim run configs/quickstart.toml
	$(BIN)/scsim plot results/quickstart/results.h5 --out docs/images
	$(BIN)/scsim check configs/quickstart.toml --graph docs/images/plan.png
	$(BIN)/python examples/field_of_a_lead.py
	mv examples/field_of_a_lead.png docs/images/

env: $(INSTALLED)

# Only wheels, so that no build script runs and no build tool without a hash is fetched.
# $(call make_environment,FOLDER,LOCK)
define make_environment
	@set -eu; \
	for python in $(if $(PYTHON),"$(PYTHON)",$(CANDIDATES)); do \
	  if "$$python" -c '$(SUITABLE)' >/dev/null 2>&1; then found=$$python; break; fi; \
	done; \
	if [ -z "$${found:-}" ]; then \
	  echo 'scsim: found no Python from 3.11 on that has venv and pip among: $(or $(PYTHON),$(CANDIDATES)).' >&2; \
	  echo 'Install one (on Debian and Ubuntu also the package python3-venv), or name it: make PYTHON=/path/to/python' >&2; \
	  exit 1; \
	fi; \
	echo "scsim: making $(1) with $$("$$found" --version) and the locked requirements; this happens once"; \
	"$$found" -m venv --clear $(1); \
	$(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
	  --require-hashes --only-binary :all: --requirement $(2)
endef

# $(call install_scsim,FOLDER)
define install_scsim
	@rm -f $(1)/installed-*
	@$(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
	  --no-deps --no-build-isolation --no-index --editable .
endef

$(LOCKED):
	$(call make_environment,$(VENV),requirements/dev.txt)
	@touch $@

$(INSTALLED): $(LOCKED)
	$(call install_scsim,$(VENV))
	@touch $@

# PyFibers ships its channels as source: its own command compiles them, with a C++ compiler and make.
$(PEERS_LOCKED):
	$(call make_environment,$(PEERS_VENV),requirements/validation.txt)
	@PATH="$(CURDIR)/$(PEERS_BIN):$$PATH" $(PEERS_BIN)/pyfibers_compile >$(PEERS_VENV)/compile.log 2>&1 \
	  || { cat $(PEERS_VENV)/compile.log >&2; echo 'scsim: bench-peers needs a C++ compiler and make' >&2; exit 1; }
	@touch $@

$(PEERS_INSTALLED): $(PEERS_LOCKED)
	$(call install_scsim,$(PEERS_VENV))
	@touch $@

# One lock for every supported Python and system: versions and hashes, and no index address.
# The second is held to the versions of the first, so that both measure with the same numpy and numba;
# with UPGRADE the first is made anew, and the second follows it.
lock:
	@set -eu; \
	tool=uv; \
	if ! uv --version >/dev/null 2>&1; then \
	  folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	  $(or $(PYTHON),python3) -m venv "$$folder"; \
	  "$$folder/bin/python" -m pip install --quiet --disable-pip-version-check uv; \
	  tool=$$folder/bin/uv; \
	fi; \
	compile() { \
	  "$$tool" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --no-header --no-annotate $(if $(UPGRADE),--upgrade) \
	    pyproject.toml "$$@"; \
	}; \
	compile --extra xarray --extra dask --extra io --extra test --extra dev --output-file requirements/dev.txt; \
	compile --extra validation --constraints requirements/dev.txt \
	  --output-file requirements/validation.txt

clean:
	rm -rf $(VENV) $(PEERS_VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks dist
	find src tests benchmarks examples -type d -name __pycache__ -prune -exec rm -rf {} +
