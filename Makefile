# Two commands matter to a newcomer: `make demo` and `make test`. Both set everything up first.
# uv is used when it is there; otherwise venv and pip. Every package is locked with hashes.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO_RUN ?= runs/demo.amrun

.PHONY: help demo test lint bench bench-engine bench-interop bench-stats soak fuzz look proxy-env inspect-env images lock clean
help:
	@echo "make demo         set up, then run the single-line study on a simulated subject"
	@echo "make test         set up, then run the tests"
	@echo "make lint         ruff, mypy and the layer check"
	@echo "make bench        speed: medians and ratios, side by side"
	@echo "make bench-engine the part of it that goes over HTTP, beside bare client loops and Inspect"
	@echo "make bench-interop Inspect running our exported task beside our own engine: the same counts, 300 samples an arm"
	@echo "make bench-stats  coverage, error rates and power by simulation; fails by exit code"
	@echo "make soak         a hundred kills over 3,000 trials, a hundred while packs are installed, flipped bits, synced rows, 20 kills of typing on an idle and 20 on a busy machine; fails by exit code"
	@echo "make fuzz         a minute each of hostile YAML, templates, zips and replies, and new examples for the tests that take any; fails by exit code (FUZZ_SECONDS=60)"
	@echo "make proxy-env    an environment of its own for LiteLLM's proxy, which the tests then use"
	@echo "make inspect-env  one for Inspect and the published suite, which a bench and the import's test then use"
	@echo "make look         reports and galleries in a browser: pictures, and axe over them (needs chromium and npm)"
	@echo "make images       take the pictures of README anew"
	@echo "make lock         resolve the dependencies anew (needs uv)"

$(READY): requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "am-studio needs Python 3.11 or newer: install it, or say where it is: make PYTHON=/path/to/python3" >&2; exit 1; }
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --allow-existing --python "$(PYTHON)" $(VENV) && \
	  VIRTUAL_ENV=$(VENV) uv pip sync --quiet --require-hashes requirements-dev.lock && \
	  VIRTUAL_ENV=$(VENV) uv pip install --quiet --no-deps --no-build-isolation -e . ; \
	else \
	  { "$(PYTHON)" -m venv $(VENV) 2>/dev/null || "$(PYTHON)" -m venv --without-pip $(VENV); } && \
	  "$(PYTHON)" -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock && \
	  "$(PYTHON)" -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . ; \
	fi
	@touch $@

demo: $(READY)
	@rm -f $(DEMO_RUN)
	$(BIN)/am-studio run ablations/single-line.yaml --yes --out $(DEMO_RUN)

test: $(READY)
	$(BIN)/python -m pytest -n auto --dist worksteal

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY) bench-engine
	$(BIN)/python -m tests.bench.speed
	$(BIN)/python -m tests.bench.big_run
	$(BIN)/python -m tests.bench.tables
	$(BIN)/python -m tests.bench.studio

bench-engine: $(READY) inspect-env
	$(BIN)/python -m tests.bench.engine

bench-interop: $(READY) inspect-env
	$(BIN)/python -m tests.bench.interop

bench-stats: $(READY)
	$(BIN)/python -m tests.bench.coverage --replicates 1000
	$(BIN)/python -m tests.bench.estimators
	$(BIN)/python -m tests.bench.designs
	$(BIN)/python -m tests.bench.lines
	$(BIN)/python -m tests.bench.sequential_designs
	$(BIN)/python -m tests.bench.correction

soak: $(READY)
	$(BIN)/python -m tests.soak.kills
	$(BIN)/python -m tests.bench.flips
	$(BIN)/python -m tests.soak.synced
	$(BIN)/python -m tests.soak.installs
	$(BIN)/python -m tests.soak.typing
	$(BIN)/python -m tests.soak.typing --busy 4
	$(BIN)/python -m pytest -n auto -m slow

FUZZ_SECONDS ?= 60
fuzz: $(READY)
	@for target in yaml_events templates zips replies; do $(BIN)/python -m tests.fuzz.$$target --seconds $(FUZZ_SECONDS) || exit 1; done
	$(BIN)/python -m pytest -n auto -m hypothesis --hypothesis-profile new

# axe is a script for browsers alone; its hash stands in tests/look/pages.py.
look: $(READY) build/look/package/axe.min.js
	$(BIN)/python -m tests.look.pages build/look

build/look/package/axe.min.js:
	@mkdir -p build/look
	cd build/look && npm pack --silent axe-core@4.14.1 && tar xzf axe-core-4.14.1.tgz

# Peers whose pins conflict with ours have environments of their own.
proxy-env: .venv-proxy/.ready
inspect-env: .venv-inspect/.ready
.venv-proxy/.ready: tests/proxy/requirements.lock
.venv-inspect/.ready: tests/bench/peers/inspect.lock
.venv-proxy/.ready .venv-inspect/.ready:
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --allow-existing --python "$(PYTHON)" $(@D) && \
	  VIRTUAL_ENV=$(@D) uv pip sync --quiet --require-hashes $< ; \
	else \
	  { "$(PYTHON)" -m venv $(@D) 2>/dev/null || "$(PYTHON)" -m venv --without-pip $(@D); } && \
	  "$(PYTHON)" -m pip --python $(@D)/bin/python install --quiet --disable-pip-version-check --no-deps --require-hashes -r $< ; \
	fi
	@touch $@

images: $(READY)
	$(BIN)/python docs/make_images.py
	$(BIN)/python docs/make_recording.py

lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf $(VENV) build dist .pytest_cache .hypothesis .mypy_cache .ruff_cache
