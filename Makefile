# One door for everyone: the same commands here, on a laptop and in CI.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
NATIVE := $(wildcard ext/*)

.DEFAULT_GOAL := help
.PHONY: help build clean

help: ## list every target
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

# --- set-up, done by whichever target needs it -------------------------------------------------

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade pip

$(VENV)/.run: $(BIN)/python pyproject.toml setup.py
	$(PIP) --editable . --group native
	touch $@

$(VENV)/.native: $(VENV)/.run $(NATIVE)
	$(BIN)/python setup.py --quiet build_ext --inplace
	touch $@

$(VENV)/.dev: $(VENV)/.native
	$(PIP) --group test --group plugins --group bench --group lint --group docs
	touch $@

$(VENV)/.versions: $(VENV)/.native
	$(PIP) --group versions
	touch $@

$(VENV)/.wheels: $(VENV)/.dev
	$(PIP) --group wheels
	touch $@

$(VENV)/.coverage: $(VENV)/.dev
	$(PIP) --group coverage
	touch $@

$(VENV)/.fuzz: $(VENV)/.native
	$(PIP) --group fuzz
	touch $@

build: $(VENV)/.native ## create .venv and build the extension in place

clean: ## remove what was built
	rm -rf $(VENV) build dist demo src/*.egg-info
	find src -name '*.so' -delete

# --- to see and hear ---------------------------------------------------------------------------

.PHONY: demo demo-room docs room-record

docs: $(VENV)/.dev ## the site, in build/site; each warning is an error
	$(BIN)/python docs/draw.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

demo: $(VENV)/.native ## one failing call, with the last word and without: demo/heard.wav and a page, demo/demo.html
	$(BIN)/python examples/demo.py

demo-room: $(VENV)/.native ## the same in a real room (needs Go): demo/heard-in-room.wav and a page, demo/room.html
	$(BIN)/python examples/demo_room.py

room-record: $(VENV)/.dev ## the room tests with 50 runs each, their figures printed
	LASTWORD_ROOM_RUNS=50 $(BIN)/python -m pytest --timeout 0 tests/room/test_matrix.py \
		tests/room/test_numbers.py tests/room/test_load.py tests/room/test_guard.py -q -s

# --- checks ------------------------------------------------------------------------------------

.PHONY: test coverage test-pythons test-versions newest lint format warnings wheels release
C_FILES := $(shell find ext tests -name "*.[ch]" -o -name "*.inc")
COMPILERS ?= $(CC)
STRICT := -std=gnu11 -O3 -Wall -Wextra -Werror
# of the C that Cython writes; the two warnings are its habit
OF_CYTHON = -Wno-unused-parameter -Wno-type-limits -Iext \
	-I$(shell $(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("include"))')

test: $(VENV)/.dev ## run the whole test suite
	$(BIN)/python -m pytest

coverage: $(VENV)/.coverage ## lines and branches that the tests reach; a page in build/coverage
	$(BIN)/python -m pytest --cov --cov-report=html --cov-report=term:skip-covered $(TESTS)

test-pythons: $(VENV)/.versions ## the whole suite on every Python of this machine, packages old and new
	PYTHONPATH=tests $(BIN)/python tests/versions/pythons.py $(PYTHONS)

test-versions: $(VENV)/.versions ## test sessions, failures, sound and voices on every livekit-agents
	PYTHONPATH=tests $(BIN)/python tests/versions/run.py

newest: $(VENV)/.versions ## the suite with the newest release of every dependency; names what moved
	PYTHONPATH=tests $(BIN)/python tests/versions/newest.py

lint: $(VENV)/.dev warnings ## ruff, mypy --strict, stubtest, cython-lint, clang-format, C without warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=src $(BIN)/stubtest lastword.audio._native
	PATH="$(CURDIR)/$(BIN):$$PATH" cython-lint ext
	$(BIN)/clang-format --dry-run --Werror $(C_FILES)

format: $(VENV)/.dev ## write Python and C in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(C_FILES)

# not in setup.py: what a later compiler warns of must not stop a user's build
warnings: $(COMPILERS:%=build/warnings-%)

build/warnings-%: $(VENV)/.native
	@for file in ext/*.c; do $* $(STRICT) -c -o /dev/null $$file || exit 1; done
	@$* $(STRICT) $(OF_CYTHON) -c -o /dev/null build/cython/ext/_native.c
	@touch $@

wheels: $(VENV)/.wheels ## build sdist and wheels for Linux and macOS into dist/, check and use them
	PYTHONPATH=tests $(BIN)/python release/wheels.py
	PYTHONPATH=tests $(BIN)/python release/check.py

release: ## check version and changelog, lint, test, build, verify; uploads nothing
	$(PYTHON) release/ready.py
	$(MAKE) lint test wheels
	$(PYTHON) release/ready.py --built

# --- measurements and long runs ----------------------------------------------------------------

.PHONY: bench fuzz mutants
FUZZ_S ?= 300

# what was measured is shown also if one benchmark misses its figure, which then is the exit code
bench: $(VENV)/.dev ## measure against the peers and print the table of the README
	@mkdir -p build && rm -f build/bench.json
	$(BIN)/python -m pytest --timeout 0 benchmarks --benchmark-json=build/bench.json; failed=$$?; \
	$(BIN)/python benchmarks/table.py build/bench.json && exit $$failed

fuzz: $(VENV)/.fuzz ## fuzz the C of ext/ under ASan and UBSan, and decode, for FUZZ_S=300 seconds (needs clang)
	tests/fuzz/run $(FUZZ_S) $(BIN)/python

mutants: $(VENV)/.dev ## break the package in each way of tests/mutants and see that a test notices
	$(BIN)/python tests/mutants/run.py
