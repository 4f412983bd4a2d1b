# Each target sets up what it needs, once; a second run starts at once.
#
#   make demo     an incident, end to end, on a simulated network
#   make check    what to run before every commit: lint, format, types, contracts, unit tests
#   make test     everything, against the real components, with coverage
#
# PYTHON names the interpreter (3.11 or newer); pip's own configuration is respected.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
SYSTEM := .venv/.system
PYTEST_ARGS ?=
UNIT := not real and not mesh and not postgres and not browser and not lab
ALONE := lab or browser or alone
# A worker for each processor, but no more than pay for what each of them imports; a file stays with one worker.
SHARED_OUT := -n logical --maxprocesses 4 --dist loadfile

.PHONY: demo check test install system clean

demo: $(READY)
	$(BIN)/nocmesh demo

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -m "$(UNIT)" $(SHARED_OUT) $(PYTEST_ARGS)

test: $(READY) $(SYSTEM)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/coverage erase
# Labs, browsers and whole meshes one after another: side by side they are late for each other. 5: no test was chosen.
	$(BIN)/coverage run -m pytest -m "$(ALONE)" $(PYTEST_ARGS) || [ $$? = 5 ]
	$(BIN)/coverage run -m pytest -m "not ($(ALONE))" $(SHARED_OUT) $(PYTEST_ARGS) || [ $$? = 5 ]
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

install: $(READY)

system: $(SYSTEM)

$(READY): pyproject.toml scripts/environment
	PYTHON="$(PYTHON)" scripts/environment .venv
	@touch $@

# Not kept when something is missing, so that the next run looks again.
$(SYSTEM): scripts/system-packages $(READY)
	@if scripts/system-packages; then touch $@; elif [ "$$CI" = true ]; then exit 1; fi

clean:
	rm -rf .venv .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
